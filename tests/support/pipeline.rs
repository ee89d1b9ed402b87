//! The whole way, from the kernel to the answer, as often as it takes.

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

/// Calls `attempt` until it gives something.
///
/// # Panics
/// With the last refusal when that takes too long.
pub(crate) fn retry_until_ok<T>(mut attempt: impl FnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        match attempt() {
            Ok(outcome) => return outcome,
            Err(why) if Instant::now() > deadline => panic!("still, after {TIMEOUT:?}: {why}"),
            // Lets others work; the condition decides, not this time.
            Err(_) => thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// Somebody who watches.
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

    /// One sample, not remembered.
    pub(crate) fn sample(&mut self) -> Snapshot {
        let snapshot = self.collector.sample(Vec::new(), Duration::from_secs(1));
        snapshot.expect("a sample")
    }

    /// One more sample, as if it were taken `later`.
    pub(crate) fn sample_and_query_after(&mut self, later: Duration) -> QueryResult {
        let mut snapshot = self.sample();
        snapshot.elapsed += later;
        assert_eq!(snapshot.gaps, [], "nothing is missing");
        let moment = self.history.apply(&mut snapshot);
        run(moment, &Query::unfiltered(Arc::new(Services::empty())))
    }

    /// The first answer that `is_it` is content with.
    pub(crate) fn sample_until(&mut self, is_done: impl Fn(&QueryResult) -> bool) -> QueryResult {
        retry_until_ok(|| {
            let answer = self.sample_and_query_after(Duration::ZERO);
            if is_done(&answer) {
                Ok(answer)
            } else {
                Err(format!("{:#?}", answer.moment.rows().collect::<Vec<_>>()))
            }
        })
    }
}

/// A TCP port of this machine.
pub(crate) fn local_port_key(port: u16) -> PortKey {
    PortKey {
        side: PortSide::Local,
        port: Port(port),
        protocol: Protocol::Tcp,
    }
}

/// A TCP port of the other end.
pub(crate) fn remote_port_key(port: u16) -> PortKey {
    PortKey {
        side: PortSide::Remote,
        ..local_port_key(port)
    }
}

/// The group of a port.
pub(crate) fn group_of_port(answer: &QueryResult, key: PortKey) -> Option<&Group> {
    answer.group(GroupPath::top(GroupKey::Port(key)))
}

/// The rows that are shown under a port, in their order.
pub(crate) fn rows_of_port(answer: &QueryResult, key: PortKey) -> Vec<&TrackedSocket> {
    let range = group_of_port(answer, key).map_or(0..0, |g| g.rows.clone());
    let slots = answer.rows[range].iter();
    slots
        .map(|slot| &**answer.row(*slot).expect("a row"))
        .collect()
}

/// The pids of those who have the row, or had it last.
pub(crate) fn holder_pids(row: &TrackedSocket) -> Vec<u32> {
    let holders = row.ownership.last_holders();
    let holders = holders.map_or(&[][..], |h| h);
    portolan::net::process::distinct_processes(holders)
        .map(|p| p.pid.0)
        .collect()
}

/// The names of those processes.
pub(crate) fn holder_names(answer: &QueryResult, row: &TrackedSocket) -> Vec<String> {
    let holders = row.ownership.last_holders();
    let holders = holders.map_or(&[][..], |h| h);
    let processes = &answer.moment.directory.processes;
    portolan::net::process::distinct_processes(holders)
        .map(|p| processes.get(&p).expect("a process").name.to_string())
        .collect()
}
