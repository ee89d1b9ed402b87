//! Collects, tracks and queries real sockets, repeatedly until a condition holds.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use portolan::collect::Collector;
use portolan::history::TrackedSocket;
use portolan::history::state::History;
use portolan::net::port::{Port, PortKey, PortSide, Protocol};
use portolan::net::services::Services;
use portolan::net::snapshot::{Snapshot, SourceKind};
use portolan::query::run::Query;
use portolan::query::{Group, GroupKey, GroupPath, QueryResult, run};

/// How long the kernel, or a busy machine, may take for anything.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Calls `attempt` until it succeeds.
///
/// # Panics
/// With the last error when that takes too long.
pub(crate) fn retry_until_ok<T>(mut attempt: impl FnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        match attempt() {
            Ok(outcome) => return outcome,
            Err(why) if Instant::now() > deadline => panic!("still, after {TIMEOUT:?}: {why}"),
            // Lets other threads work; the condition decides, not this time.
            Err(_) => thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// A collector with its history.
pub(crate) struct LivePipeline {
    collector: Collector,
    history: History,
}

impl LivePipeline {
    pub(crate) fn with_source(source: SourceKind) -> Self {
        Self {
            collector: Collector::open(Some(source), Instant::now()).expect("a source"),
            history: History::default(),
        }
    }

    /// Takes one sample without adding it to the history.
    pub(crate) fn sample(&mut self) -> Snapshot {
        let snapshot = self.collector.sample(Vec::new(), Duration::from_secs(1));
        snapshot.expect("a sample")
    }

    /// Takes one more sample, as if it were taken `later`.
    pub(crate) fn sample_and_query_after(&mut self, later: Duration) -> QueryResult {
        let mut snapshot = self.sample();
        snapshot.elapsed += later;
        assert_eq!(snapshot.gaps, [], "nothing is missing");
        let moment = self.history.apply(&mut snapshot);
        run(moment, &Query::unfiltered(Arc::new(Services::empty())))
    }

    /// Returns the first result that `is_done` accepts.
    pub(crate) fn sample_until(&mut self, is_done: impl Fn(&QueryResult) -> bool) -> QueryResult {
        retry_until_ok(|| {
            let result = self.sample_and_query_after(Duration::ZERO);
            if is_done(&result) {
                Ok(result)
            } else {
                Err(format!("{:#?}", result.moment.rows().collect::<Vec<_>>()))
            }
        })
    }
}

/// Returns the key of a local TCP port.
pub(crate) fn local_port_key(port: u16) -> PortKey {
    PortKey {
        side: PortSide::Local,
        port: Port(port),
        protocol: Protocol::Tcp,
    }
}

/// Returns the key of a remote TCP port.
pub(crate) fn remote_port_key(port: u16) -> PortKey {
    PortKey {
        side: PortSide::Remote,
        ..local_port_key(port)
    }
}

/// Returns the group of a port.
pub(crate) fn group_of_port(result: &QueryResult, key: PortKey) -> Option<&Group> {
    result.group(GroupPath::top(GroupKey::Port(key)))
}

/// Returns the rows shown under a port, in their order.
pub(crate) fn rows_of_port(result: &QueryResult, key: PortKey) -> Vec<&TrackedSocket> {
    let range = group_of_port(result, key).map_or(0..0, |g| g.rows.clone());
    let slots = result.rows[range].iter();
    slots
        .map(|slot| &**result.row(*slot).expect("a row"))
        .collect()
}

/// Returns the pids of the processes that hold the row, or held it last.
pub(crate) fn holder_pids(row: &TrackedSocket) -> Vec<u32> {
    let holders = row.ownership.last_holders();
    let holders = holders.map_or(&[][..], |h| h);
    portolan::net::process::distinct_processes(holders)
        .map(|p| p.pid.0)
        .collect()
}

/// Returns the names of those processes.
pub(crate) fn holder_names(result: &QueryResult, row: &TrackedSocket) -> Vec<String> {
    let holders = row.ownership.last_holders();
    let holders = holders.map_or(&[][..], |h| h);
    let processes = &result.moment.directory.processes;
    portolan::net::process::distinct_processes(holders)
        .map(|p| processes.get(&p).expect("a process").name.to_string())
        .collect()
}
