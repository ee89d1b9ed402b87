//! Replaces what identifies people and machines in snapshots by pseudonyms.
//!
//! Addresses, users, host names, command lines, paths and containers are replaced; equal originals
//! get equal pseudonyms throughout, of the same kind. Loopback, wildcard and multicast addresses
//! stay, private addresses stay private; ports, short process names, pids, interfaces and numbers
//! stay, and so do the names of services, unless they belong to a user, an instance or a container.
//! No address and no user is its own pseudonym.

use std::hash::BuildHasher;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use hashbrown::HashMap;

use crate::net::endpoint::Endpoint;
use crate::net::process::{Process, Uid};
use crate::net::snapshot::{Cgroup, Directory, Snapshot};
use crate::net::socket::CgroupId;

/// The first uid assigned to users other than root.
const FIRST_UID: u32 = 1001;

/// The number of hexadecimal digits that container engines show of an id.
const MIN_ID_DIGITS: usize = 12;

/// Replaces identifying data in snapshots, remembering the pseudonyms it assigned.
#[derive(Debug, Default)]
pub struct Redactor {
    addresses: HashMap<IpAddr, IpAddr>,
    /// Number of pseudonyms assigned per kind of address.
    counts: HashMap<AddressClass, u32>,
    users: HashMap<Uid, Uid>,
    /// The number of uids from [`FIRST_UID`] on that were assigned or skipped.
    used_uids: u32,
    /// Pseudonym numbers by hash of the original: a long recording may contain many strings.
    texts: HashMap<u64, usize>,
    /// The last directory and its redacted form.
    directory: Option<(Arc<Directory>, Arc<Directory>)>,
}

/// The kinds of addresses that are replaced, each by an address of the same kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum AddressClass {
    Private10,
    Private172,
    Private192,
    CarrierNat,
    LinkLocal4,
    Public4,
    UniqueLocal6,
    LinkLocal6,
    Public6,
}

impl Redactor {
    /// Replaces the identifying data in `snapshot`.
    pub fn redact(&mut self, snapshot: &mut Snapshot) {
        for socket in &mut snapshot.sockets {
            socket.local = self.endpoint(socket.local);
            socket.remote = socket.remote.map(|remote| self.endpoint(remote));
            socket.uid = socket.uid.map(|uid| self.user(uid));
        }
        for destroyed in &mut snapshot.destroyed {
            destroyed.local = self.endpoint(destroyed.local);
            destroyed.remote = destroyed.remote.map(|remote| self.endpoint(remote));
        }
        snapshot.observer.uid = snapshot.observer.uid.map(|uid| self.user(uid));
        let known = self.directory.as_ref();
        let known = known.filter(|(original, _)| Arc::ptr_eq(original, &snapshot.directory));
        let redacted = match known {
            Some((_, redacted)) => Arc::clone(redacted),
            None => {
                let redacted = Arc::new(self.directory(&snapshot.directory));
                self.directory = Some((Arc::clone(&snapshot.directory), Arc::clone(&redacted)));
                redacted
            }
        };
        snapshot.directory = redacted;
    }

    fn endpoint(&mut self, endpoint: Endpoint) -> Endpoint {
        Endpoint::new(self.address(endpoint.address), endpoint.port)
    }

    fn address(&mut self, address: IpAddr) -> IpAddr {
        if let IpAddr::V6(v6) = address
            && let Some(v4) = v6.to_ipv4_mapped()
        {
            // An IPv4 peer has the same pseudonym on an IPv6 socket (IPv4-mapped).
            return match self.address(v4.into()) {
                IpAddr::V4(v4) => v4.to_ipv6_mapped().into(),
                v6 @ IpAddr::V6(_) => v6,
            };
        }
        if let Some(known) = self.addresses.get(&address) {
            return *known;
        }
        let Some(class) = AddressClass::from_address(address) else {
            return address;
        };
        let number = self.counts.entry(class).or_default();
        let pseudonym = loop {
            *number += 1;
            let next = class.nth_pseudonym(*number);
            if next != address {
                break next;
            }
        };
        self.addresses.insert(address, pseudonym);
        pseudonym
    }

    fn user(&mut self, uid: Uid) -> Uid {
        if uid == Uid(0) {
            return uid;
        }
        if let Some(known) = self.users.get(&uid) {
            return *known;
        }
        let mut next = Uid(FIRST_UID + self.used_uids);
        if next == uid {
            next.0 += 1;
        }
        self.used_uids = next.0 - FIRST_UID + 1;
        self.users.insert(uid, next);
        next
    }

    /// Returns a pseudonym that shows only which originals are equal.
    fn text_pseudonym(&mut self, prefix: &str, original: &Arc<str>) -> Arc<str> {
        let next = self.texts.len() + 1;
        let hash = self.texts.hasher().hash_one(original);
        let number = *self.texts.entry(hash).or_insert(next);
        format!("{prefix} {number}").into()
    }

    fn directory(&mut self, original: &Directory) -> Directory {
        let mut redacted = Directory {
            interfaces: original.interfaces.clone(),
            ..Directory::default()
        };
        // Sorted, so that the same originals get the same pseudonyms.
        let mut processes: Vec<&Arc<Process>> = original.processes.values().collect();
        processes.sort_unstable_by_key(|process| process.key);
        for process in processes {
            let executable = process.executable.as_ref();
            let redacted_process = Process {
                executable: executable.map(|_| format!("/…/{}", process.name).into()),
                command: process
                    .command
                    .as_ref()
                    .map(|c| self.text_pseudonym("command", c)),
                uid: process.uid.map(|uid| self.user(uid)),
                ..Process::clone(process)
            };
            redacted
                .processes
                .insert(process.key, Arc::new(redacted_process));
        }
        let mut users: Vec<(&Uid, &Arc<str>)> = original.users.iter().collect();
        users.sort_unstable();
        for (uid, name) in users {
            let pseudonym = self.user(*uid);
            let name = match *uid {
                Uid(0) => Arc::clone(name),
                _ => format!("user{}", pseudonym.0 - FIRST_UID + 1).into(),
            };
            redacted.users.insert(pseudonym, name);
        }
        let mut cgroups: Vec<(&CgroupId, &Arc<Cgroup>)> = original.cgroups.iter().collect();
        cgroups.sort_unstable_by_key(|(id, _)| **id);
        for (id, cgroup) in cgroups {
            let cgroup = self.cgroup(cgroup);
            redacted.cgroups.insert(*id, Arc::new(cgroup));
        }
        let mut hosts: Vec<(&IpAddr, &Arc<str>)> = original.hosts.iter().collect();
        hosts.sort_unstable();
        for (address, name) in hosts {
            let name = self.text_pseudonym("host", name);
            redacted.hosts.insert(self.address(*address), name);
        }
        redacted
    }

    fn cgroup(&mut self, original: &Cgroup) -> Cgroup {
        let is_users = is_user_cgroup(&original.path);
        let unit = original.unit.as_ref().map(|unit| {
            if !is_users && names_only_a_service(unit) {
                Arc::clone(unit)
            } else {
                self.text_pseudonym("unit", unit)
            }
        });
        let container = original.container.as_ref().map(|container| {
            let engine = container.split_once(' ');
            let engine = engine.map_or("container", |(engine, _)| engine).to_owned();
            self.text_pseudonym(&engine, container)
        });
        let path = self.text_pseudonym("cgroup", &original.path);
        Cgroup {
            path,
            unit,
            container,
        }
    }
}

/// Returns whether a cgroup path belongs to a user's unit, or to one that systemd runs for a user.
/// Inside a cgroup namespace the path may begin below `user.slice`.
fn is_user_cgroup(path: &str) -> bool {
    let mut parts = path.split('/');
    parts.any(|part| part == "user.slice" || part.starts_with("user-") || part.starts_with("user@"))
}

/// Returns whether the name of a system unit names a service and identifies nothing else: it is not
/// an instance of a template (`openvpn@work`) and contains no container id. A scope is excluded: its
/// creator chooses its name, such as `docker-3f2a….scope` or `machine-payroll.scope`.
fn names_only_a_service(unit: &str) -> bool {
    let is_service = unit.ends_with(".service") || unit == "init.scope";
    is_service && !unit.contains('@') && !contains_id(unit)
}

/// Returns whether a text contains enough consecutive hexadecimal digits to be an id.
fn contains_id(text: &str) -> bool {
    let mut runs = text.split(|c: char| !c.is_ascii_hexdigit());
    runs.any(|run| run.len() >= MIN_ID_DIGITS)
}

impl AddressClass {
    /// Returns the kind, or `None` for addresses that are the same on every machine.
    fn from_address(address: IpAddr) -> Option<Self> {
        match address {
            IpAddr::V4(v4) => Self::from_ipv4(v4),
            IpAddr::V6(v6) => Self::from_ipv6(v6),
        }
    }

    const fn from_ipv4(address: Ipv4Addr) -> Option<Self> {
        if address.is_loopback()
            || address.is_unspecified()
            || address.is_multicast()
            || address.is_broadcast()
        {
            return None;
        }
        Some(match address.octets() {
            [10, ..] => Self::Private10,
            [172, 16..=31, ..] => Self::Private172,
            [192, 168, ..] => Self::Private192,
            [100, 64..=127, ..] => Self::CarrierNat,
            [169, 254, ..] => Self::LinkLocal4,
            _ => Self::Public4,
        })
    }

    const fn from_ipv6(address: Ipv6Addr) -> Option<Self> {
        if address.is_loopback() || address.is_unspecified() || address.is_multicast() {
            return None;
        }
        Some(match address.segments() {
            [0xfc00..=0xfdff, ..] => Self::UniqueLocal6,
            [0xfe80..=0xfebf, ..] => Self::LinkLocal6,
            _ => Self::Public6,
        })
    }

    /// Returns the nth pseudonym of this kind. Public addresses become documentation addresses (RFC
    /// 5737, RFC 3849); when those are used up, benchmarking addresses (RFC 2544).
    fn nth_pseudonym(self, number: u32) -> IpAddr {
        /// Wraps around when all addresses of the block are used: then two originals share one.
        fn v4(first: [u8; 4], bits: u32, number: u32) -> IpAddr {
            let within = number % (1 << bits);
            Ipv4Addr::from_bits(u32::from_be_bytes(first) | within).into()
        }
        let v6 = |first: u16, second: u16| {
            let [high, low] = [(number >> 16) as u16, number as u16];
            IpAddr::from(Ipv6Addr::new(first, second, 0, 0, 0, 0, high, low))
        };
        match self {
            Self::Private10 => v4([10, 0, 0, 0], 24, number),
            Self::Private172 => v4([172, 16, 0, 0], 20, number),
            Self::Private192 => v4([192, 168, 0, 0], 16, number),
            Self::CarrierNat => v4([100, 64, 0, 0], 22, number),
            Self::LinkLocal4 => v4([169, 254, 0, 0], 16, number),
            Self::Public4 => match number {
                ..255 => v4([203, 0, 113, 0], 8, number),
                255..509 => v4([198, 51, 100, 0], 8, number - 254),
                509..763 => v4([192, 0, 2, 0], 8, number - 508),
                _ => v4([198, 18, 0, 0], 17, number),
            },
            Self::UniqueLocal6 => v6(0xfd00, 0),
            Self::LinkLocal6 => v6(0xfe80, 0),
            Self::Public6 => v6(0x2001, 0xdb8),
        }
    }
}
