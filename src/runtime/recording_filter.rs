//! Reduces a snapshot to what a filtered recording contains.
//!
//! Keeps the sockets that match, the listeners on their ports, and the directory entries these
//! need.

use std::sync::Arc;

use hashbrown::HashSet;

use crate::collect::names::hosts;
use crate::filter::FilterContext;
use crate::filter::ast::Filter;
use crate::filter::quick_filter::QuickFilter;
use crate::history::state::History;
use crate::net::destroyed::Destroyed;
use crate::net::port::{Port, Protocol};
use crate::net::process::ProcessKey;
use crate::net::services::Services;
use crate::net::snapshot::{Directory, Snapshot};
use crate::net::socket::{Socket, SocketKey};
use crate::recording::format::RecordingInfo;

/// Returns the metadata of a recording. If redacted, host name and filter are redacted too.
pub(crate) fn recording_metadata(filter: &str, is_redacted: bool) -> RecordingInfo {
    let host = hosts::local_hostname().map(|name| name.to_string());
    RecordingInfo {
        program: concat!("portolan ", env!("CARGO_PKG_VERSION")).into(),
        host: host.filter(|_| !is_redacted),
        filter: match (filter, is_redacted) {
            ("", _) => String::new(),
            (_, true) => "(redacted)".into(),
            (filter, false) => filter.into(),
        },
    }
}

/// Selects the sockets to record.
pub(crate) struct RecordingFilter {
    filter: Arc<Filter>,
    quick_filter: QuickFilter,
    services: Arc<Services>,
    /// A filter may use what only a history has: side, age, former process.
    history: History,
    /// Close events received after the last sample had begun: the history matches them in the next
    /// sample.
    pending_destroyed: Vec<Destroyed>,
}

impl RecordingFilter {
    /// Creates a filter; `None` if everything matches.
    pub(crate) fn for_filter(
        filter: Arc<Filter>,
        quick_filter: QuickFilter,
        services: Arc<Services>,
    ) -> Option<Self> {
        let is_everything = filter.is_empty() && quick_filter == QuickFilter::default();
        (!is_everything).then(|| Self {
            filter,
            quick_filter,
            services,
            history: History::default(),
            pending_destroyed: Vec::new(),
        })
    }

    /// Keeps what matches, and the listeners on the same ports: without them the side of a
    /// connection could not be determined.
    pub(crate) fn apply(&mut self, snapshot: &mut Snapshot) {
        let now = snapshot.elapsed;
        let destroyed_before_sample = std::mem::take(&mut self.pending_destroyed);
        let destroyed_before_sample = destroyed_before_sample
            .into_iter()
            .chain(snapshot.destroyed.drain(..));
        let (pending_destroyed, destroyed_before_sample) =
            destroyed_before_sample.partition(|destroyed| destroyed.at >= now);
        (self.pending_destroyed, snapshot.destroyed) = (pending_destroyed, destroyed_before_sample);
        let mut copy = snapshot.clone();
        let moment = self.history.apply(&mut copy);
        let context = FilterContext {
            moment: &moment,
            services: &self.services,
        };
        let mut matcher = self.filter.matcher(context);
        let mut keys: HashSet<SocketKey> = HashSet::new();
        let mut ports: HashSet<(Protocol, Port)> = HashSet::new();
        // Rows have their last holders, including closed rows while they are shown.
        let mut processes: HashSet<ProcessKey> = HashSet::new();
        for row in moment.rows() {
            if !self.quick_filter.matches(row) || !matcher.matches(row) {
                continue;
            }
            let last_holders = row.ownership.last_holders().into_iter();
            processes.extend(last_holders.flat_map(|h| h.iter().map(|h| h.process)));
            let socket = &row.socket;
            // A close event has the cookie or only the endpoints.
            keys.insert(row.key);
            keys.insert(tuple_key(socket));
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
        snapshot.destroyed.retain(|destroyed| {
            keys.contains(&destroyed.key()) || keys.contains(&destroyed.tuple_key())
        });
        snapshot.directory = prune_directory(snapshot, processes).into();
    }
}

/// Returns the directory entries that the sockets or `processes` refer to: no names of unmatched
/// sockets are recorded.
fn prune_directory(snapshot: &Snapshot, mut processes: HashSet<ProcessKey>) -> Directory {
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
        .filter_map(|s| Some(s.remote?.canonical_ip()))
        .collect();
    directory.hosts.retain(|address, _| hosts.contains(address));
    directory
}

/// Returns the key of a close event without a cookie.
const fn tuple_key(socket: &Socket) -> SocketKey {
    SocketKey::Tuple {
        protocol: socket.protocol(),
        local: socket.local,
        remote: socket.remote,
        interface: socket.interface,
        reuseport_id: 0,
    }
}
