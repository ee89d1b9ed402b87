//! Measures samples while sockets open and close, and how soon every owner is right.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::{Duration, Instant};

use portolan::collect::Collector;
use portolan::net::socket::{Inode, Socket};

use crate::raw_dump::RawDump;
use crate::socket_processes::{ChurnScope, SocketProcesses};
use crate::stopwatch::Laps;
use crate::table::{Goals, ReportTable};

const INTERVAL: Duration = Duration::from_secs(1);

/// In kernel dumps, measured alternately with the samples.
const ONE_PROCESS_GOAL: Goals = &[(100_000, 1.6)];
const ALL_PROCESSES_GOAL: Goals = &[(100_000, 2.0)];

/// The number of samples after which every owner must be right.
const SAMPLES_UNTIL_RIGHT: Goals = &[(1_000, 5.0), (10_000, 5.0), (100_000, 5.0)];

/// Measures samples and owners under churn.
pub(crate) fn measure(
    table: &mut ReportTable,
    socket_processes: &mut SocketProcesses,
) -> Result<(), Box<dyn Error>> {
    for (spread, label, dumps, right, goal) in [
        (
            ChurnScope::OneProcess,
            "sample, 1 % changed in one process",
            "  of one process, in dumps",
            "  of one process, samples until all owners are right",
            ONE_PROCESS_GOAL,
        ),
        (
            ChurnScope::AllProcesses,
            "sample, 1 % changed all over",
            "  all over, in dumps",
            "  all over, samples until all owners are right",
            ALL_PROCESSES_GOAL,
        ),
    ] {
        let (laps, raw) = measure_samples(socket_processes, spread)?;
        table.laps(label, &laps);
        let share = laps.median().0.as_secs_f64() / raw.median().0.as_secs_f64();
        table.goal(dumps, share, "×", goal);
        let needed = samples_until_owners_right(socket_processes, spread)?;
        table.goal(right, needed, "", SAMPLES_UNTIL_RIGHT);
    }
    Ok(())
}

fn measure_samples(
    socket_processes: &mut SocketProcesses,
    spread: ChurnScope,
) -> Result<(Laps, Laps), Box<dyn Error>> {
    let mut raw_dump = RawDump::open()?;
    let mut collector = Collector::open(None, Instant::now())?;
    let (mut laps, mut raw) = (Laps::default(), Laps::default());
    let mut sockets = Vec::new();
    for _ in 0..2 {
        sockets = collector.sample(sockets, INTERVAL)?.sockets;
    }
    while !laps.is_enough() {
        socket_processes.churn(spread)?;
        raw.lap(|| raw_dump.dump())?;
        let spare = std::mem::take(&mut sockets);
        sockets = laps.lap(|| collector.sample(spare, INTERVAL))?.sockets;
    }
    Ok((laps, raw))
}

/// Returns how many samples it takes until each socket has the owners that a new collector finds by
/// a full scan.
fn samples_until_owners_right(
    socket_processes: &mut SocketProcesses,
    spread: ChurnScope,
) -> Result<f64, Box<dyn Error>> {
    let mut collector = Collector::open(None, Instant::now())?;
    collector.sample(Vec::new(), INTERVAL)?;
    socket_processes.churn(spread)?;
    let mut full_scan = Collector::open(None, Instant::now())?;
    let full_scan = owners(&full_scan.sample(Vec::new(), INTERVAL)?.sockets);
    for samples in 1..=100 {
        let found = owners(&collector.sample(Vec::new(), INTERVAL)?.sockets);
        // Sockets that other programs closed meanwhile do not count.
        let right = |(inode, pids): (&Inode, _)| found.get(inode).is_none_or(|now| now == pids);
        if full_scan.iter().all(right) {
            return Ok(f64::from(samples));
        }
    }
    Ok(f64::INFINITY)
}

/// Returns the holders of each socket; empty where unknown.
fn owners(sockets: &[Socket]) -> BTreeMap<Inode, Vec<u32>> {
    let held = sockets.iter().filter_map(|socket| {
        let holders = socket.holders.found().into_iter();
        let pids = holders.flat_map(|holders| holders.iter().map(|holder| holder.process.pid.0));
        Some((socket.inode?, pids.collect()))
    });
    held.collect()
}
