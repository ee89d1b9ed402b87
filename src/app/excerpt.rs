//! What of a snapshot goes into a recording, where that is not all.
//!
//! In: a filter, and one snapshot after another. Out: the same with what matches, with who listens
//! on the ports of that, and with the names that these need.

use std::sync::Arc;

use hashbrown::HashSet;

use crate::collect::names;
use crate::collect::recording::About;
use crate::destroyed::Destroyed;
use crate::history::History;
use crate::port::{Port, Protocol};
use crate::process::ProcessKey;
use crate::query::filter::Context;
use crate::query::{Filter, Narrow};
use crate::services::Services;
use crate::snapshot::{Directory, Snapshot};
use crate::socket::{Socket, SocketKey};

/// What a recording says of itself. One that hides names hides the machine's and the filter's, too.
pub(super) fn about(filter: &str, is_redacted: bool) -> About {
    let host = names::this_machine().map(|name| name.to_string());
    About {
        program: concat!("portolan ", env!("CARGO_PKG_VERSION")).into(),
        host: host.filter(|_| !is_redacted),
        filter: match (filter, is_redacted) {
            ("", _) => String::new(),
            (_, true) => "(redacted)".into(),
            (filter, false) => filter.into(),
        },
    }
}

/// The sockets that are recorded, where that is not all.
pub(super) struct Excerpt {
    filter: Arc<Filter>,
    narrow: Narrow,
    services: Arc<Services>,
    /// A filter may ask what only history tells: the side, the age, the process that was.
    history: History,
    /// Ends that were heard when the last look had begun: history decides in the next sample what
    /// they are the ends of.
    late: Vec<Destroyed>,
}

impl Excerpt {
    /// What matches; `None` where that is everything.
    pub(super) fn of(filter: Arc<Filter>, narrow: Narrow, services: Arc<Services>) -> Option<Self> {
        let is_everything = filter.is_empty() && narrow == Narrow::default();
        (!is_everything).then(|| Self {
            filter,
            narrow,
            services,
            history: History::default(),
            late: Vec::new(),
        })
    }

    /// Leaves what matches, and who listens on the ports of that: without them nobody could tell on
    /// which side a connection is.
    pub(super) fn keep_only(&mut self, snapshot: &mut Snapshot) {
        let now = snapshot.elapsed;
        let heard = std::mem::take(&mut self.late);
        let heard = heard.into_iter().chain(snapshot.destroyed.drain(..));
        let (late, heard) = heard.partition(|end| end.at >= now);
        (self.late, snapshot.destroyed) = (late, heard);
        let mut copy = snapshot.clone();
        let moment = self.history.apply(&mut copy);
        let context = Context {
            moment: &moment,
            services: &self.services,
        };
        let mut sieve = self.filter.sieve(context);
        let mut keys: HashSet<SocketKey> = HashSet::new();
        let mut ports: HashSet<(Protocol, Port)> = HashSet::new();
        // Rows remember who had them, also closed ones while they are shown.
        let mut processes: HashSet<ProcessKey> = HashSet::new();
        for row in moment.rows() {
            if !self.narrow.lets_through(row) || !sieve.passes(row) {
                continue;
            }
            let had = row.ownership.last_holders().into_iter();
            processes.extend(had.flat_map(|h| h.iter().map(|h| h.process)));
            let socket = &row.socket;
            // What ends is known by its cookie or by its endpoints.
            keys.insert(row.key);
            keys.insert(tuple(socket));
            if row.is_closed() {
                continue;
            }
            keys.insert(socket.key());
            ports.insert((socket.protocol(), socket.local.port));
            ports.insert((socket.protocol(), socket.remote_port()));
        }
        snapshot.sockets.retain(|socket| {
            let port = (socket.protocol(), socket.local.port);
            keys.contains(&socket.key()) || socket.is_listening() && ports.contains(&port)
        });
        snapshot
            .destroyed
            .retain(|end| keys.contains(&end.key()) || keys.contains(&end.tuple()));
        snapshot.directory = only_named(snapshot, processes).into();
    }
}

/// The entries of the directory that the sockets name, or these processes: of what was not asked
/// for, no name is kept.
fn only_named(snapshot: &Snapshot, mut processes: HashSet<ProcessKey>) -> Directory {
    let mut directory = Directory::clone(&snapshot.directory);
    let sockets = &snapshot.sockets;
    let holders = sockets.iter().filter_map(|s| s.holders.found());
    processes.extend(holders.flat_map(|h| h.iter().map(|h| h.process)));
    directory.processes.retain(|key, _| processes.contains(key));
    let of_processes = directory.processes.values().filter_map(|p| p.uid);
    let users: HashSet<_> = sockets
        .iter()
        .filter_map(|s| s.uid)
        .chain(of_processes)
        .collect();
    directory.users.retain(|uid, _| users.contains(uid));
    let cgroups: HashSet<_> = sockets.iter().filter_map(|s| s.cgroup).collect();
    directory.cgroups.retain(|id, _| cgroups.contains(id));
    let hosts: HashSet<_> = sockets
        .iter()
        .filter_map(|s| Some(s.remote?.plain()))
        .collect();
    directory.hosts.retain(|address, _| hosts.contains(address));
    directory
}

/// By which an end is known where there is no cookie.
const fn tuple(socket: &Socket) -> SocketKey {
    SocketKey::Tuple {
        protocol: socket.protocol(),
        local: socket.local,
        remote: socket.remote,
        interface: socket.interface,
        twin: 0,
    }
}
