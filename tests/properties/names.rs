//! Generates the names of a scenario: users, hosts, command lines, systemd units, containers.
//!
//! Everything that identifies a machine consists of random words and ids, so that one that is found
//! anywhere cannot be there by chance.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use portolan::net::process::{Pid, Process, Uid};
use portolan::net::snapshot::{Cgroup, Directory};
use portolan::net::socket::{CgroupId, InterfaceIndex};
use proptest::prelude::*;

use crate::scenario::{address, process};

/// The short names of the processes, from pid 1 on.
const PROCESS_NAMES: [&str; 5] = ["nginx", "nginx", "curl", "日本語", "Web Content"];

/// Users with random names. 0 is root, 33 is `www-data`.
pub(crate) const NAMED_UIDS: [u32; 2] = [1000, 1001];

/// Addresses of remote hosts, one of every kind, and addresses that are the same on every machine.
pub(crate) const REMOTE_HOSTS: [&str; 11] = [
    "93.184.216.34",
    "2a00:1450:4001::71",
    "10.99.98.97",
    "192.168.77.93",
    "172.20.91.83",
    "100.99.88.77",
    "169.254.97.79",
    "fd12:3456:789a::91",
    "fe80::a1:b2ff:fec3:d4e5",
    "224.0.0.251",
    "127.0.0.53",
];

/// Whether the name of a unit is the same on every machine that runs the same programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UnitName {
    Common,
    Identifying,
}

/// Path, unit and container of cgroups, as systemd and container engines name them. `WORD`, `ID`,
/// `SHORT` and `USER` are placeholders for what differs between machines.
const CGROUP_TEMPLATES: [(&str, &str, &str, UnitName); 16] = {
    use UnitName::{Common, Identifying};
    [
        ("/system.slice/nginx.service", "nginx.service", "", Common),
        ("/init.scope", "init.scope", "", Common),
        (
            "/lxc.payload.WORD/system.slice/cron.service",
            "cron.service",
            "lxc WORD",
            Common,
        ),
        (
            "/user.slice/user-USER.slice/session-c2.scope",
            "session-c2.scope",
            "",
            Identifying,
        ),
        (
            "/user.slice/user-USER.slice/user@USER.service/app.slice/vault.service",
            "vault.service",
            "",
            Identifying,
        ),
        (
            "/user.slice/user-USER.slice/user@USER.service/user.slice/libpod-ID.scope",
            "libpod-ID.scope",
            "podman SHORT",
            Identifying,
        ),
        // The path inside a cgroup namespace below the user's slice.
        (
            "/user@USER.service/app.slice/mail.service",
            "mail.service",
            "",
            Identifying,
        ),
        (
            "/user-USER.slice/run-u7.service",
            "run-u7.service",
            "",
            Identifying,
        ),
        (
            "/system.slice/user-WORD.service",
            "user-WORD.service",
            "",
            Identifying,
        ),
        (
            "/system.slice/system-openvpn.slice/openvpn@WORD.service",
            "openvpn@WORD.service",
            "",
            Identifying,
        ),
        (
            "/system.slice/docker-ID.scope",
            "docker-ID.scope",
            "docker SHORT",
            Identifying,
        ),
        ("/docker/ID", "", "docker SHORT", Identifying),
        (
            "/system.slice/container-ID.service",
            "container-ID.service",
            "",
            Identifying,
        ),
        (
            "/kubepods.slice/kubepods-podWORD.slice/cri-containerd-ID.scope",
            "cri-containerd-ID.scope",
            "containerd SHORT",
            Identifying,
        ),
        (
            "/machine.slice/libpod-conmon-ID.scope",
            "libpod-conmon-ID.scope",
            "",
            Identifying,
        ),
        (
            "/machine.slice/machine-WORD.scope",
            "machine-WORD.scope",
            "",
            Identifying,
        ),
    ]
};

/// The names of a scenario.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    cgroups: Vec<CgroupSpec>,
    /// Host names, by the index of their address in [`REMOTE_HOSTS`].
    hosts: Vec<(usize, String)>,
    /// The names of [`NAMED_UIDS`].
    users: Vec<String>,
    /// A word for the command line and the path of each process.
    arguments: Vec<String>,
}

#[derive(Clone, Debug)]
struct CgroupSpec {
    template: usize,
    word: String,
    /// A container id of 64 hexadecimal digits.
    id: String,
    user: u32,
}

fn word() -> impl Strategy<Value = String> {
    "zq[a-z0-9]{8}"
}

fn cgroup_spec() -> impl Strategy<Value = CgroupSpec> {
    let template = 0..CGROUP_TEMPLATES.len();
    let user = proptest::sample::select(&NAMED_UIDS[..]);
    (template, word(), "[0-9a-f]{64}", user).prop_map(|(template, word, id, user)| CgroupSpec {
        template,
        word,
        id,
        user,
    })
}

/// Generates the names of a scenario.
pub(crate) fn names() -> impl Strategy<Value = Names> {
    let cgroups = proptest::collection::vec(cgroup_spec(), 1..6);
    let host = (
        0..REMOTE_HOSTS.len(),
        word().prop_map(|w| format!("{w}.example")),
    );
    let hosts = proptest::collection::vec(host, 0..6);
    let words = |count| proptest::collection::vec(word(), count);
    (
        cgroups,
        hosts,
        words(NAMED_UIDS.len()),
        words(PROCESS_NAMES.len()),
    )
        .prop_map(|(cgroups, hosts, users, arguments)| Names {
            cgroups,
            hosts,
            users,
            arguments,
        })
}

impl CgroupSpec {
    fn fill(&self, template: &str) -> String {
        template
            .replace("WORD", &self.word)
            .replace("ID", &self.id)
            .replace("SHORT", &self.id[..12])
            .replace("USER", &self.user.to_string())
    }

    fn cgroup(&self) -> Cgroup {
        let (path, unit, container, _) = CGROUP_TEMPLATES[self.template];
        let some = |text: &str| (!text.is_empty()).then(|| self.fill(text).into());
        Cgroup {
            path: self.fill(path).into(),
            unit: some(unit),
            container: some(container),
        }
    }
}

impl Names {
    /// Returns the cgroup of the nth socket.
    pub(crate) fn cgroup_of(&self, nth: usize) -> CgroupId {
        CgroupId((nth % self.cgroups.len()) as u64 + 1)
    }

    /// Returns the directory of the scenario, with at most `limit` entries of each random kind.
    pub(crate) fn directory(&self, limit: usize) -> Directory {
        let mut directory = Directory::default();
        for (index, (name, argument)) in PROCESS_NAMES
            .iter()
            .zip(&self.arguments)
            .enumerate()
            .take(limit)
        {
            let key = process(index as u32 + 1);
            let known = Process {
                key,
                name: (*name).into(),
                executable: (index % 2 == 0).then(|| format!("/home/{argument}/bin/{name}").into()),
                command: Some(format!("/usr/bin/{name} --port 80 --key {argument}").into()),
                uid: Some(Uid(33)),
                parent: Some(Pid(1)),
            };
            directory.processes.insert(key, Arc::new(known));
        }
        directory.users.insert(Uid(0), "root".into());
        directory.users.insert(Uid(33), "www-data".into());
        for (uid, name) in NAMED_UIDS.into_iter().zip(&self.users).take(limit) {
            directory.users.insert(Uid(uid), name.as_str().into());
        }
        for (index, cgroup) in self.cgroups.iter().enumerate().take(limit) {
            let id = self.cgroup_of(index);
            directory.cgroups.insert(id, Arc::new(cgroup.cgroup()));
        }
        for (host, name) in self.hosts.iter().take(limit) {
            directory
                .hosts
                .insert(remote_host(*host), name.as_str().into());
        }
        for (index, name) in [(1, "lo"), (2, "eth0")] {
            let index = NonZeroU32::new(index).map(InterfaceIndex);
            directory
                .interfaces
                .insert(index.expect("not 0"), name.into());
        }
        directory
    }

    /// Returns the words and ids that a redacted recording must not contain.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        let cgroups = self.cgroups.iter();
        let cgroups = cgroups.flat_map(|c| [c.word.as_str(), c.id.as_str(), &c.id[..12]]);
        let hosts = self.hosts.iter().map(|(_, name)| name.as_str());
        let others = self.users.iter().chain(&self.arguments);
        cgroups.chain(hosts).chain(others.map(String::as_str))
    }

    /// Returns the cgroups, and whether the name of their unit is the same on every machine.
    pub(crate) fn units(&self) -> impl Iterator<Item = (CgroupId, bool)> {
        let is_common = |c: &CgroupSpec| CGROUP_TEMPLATES[c.template].3 == UnitName::Common;
        let cgroups = self.cgroups.iter().enumerate();
        cgroups.map(move |(index, c)| (self.cgroup_of(index), is_common(c)))
    }
}

/// Returns an address of [`REMOTE_HOSTS`] by its index.
pub(crate) fn remote_host(index: usize) -> IpAddr {
    address(REMOTE_HOSTS[index])
}
