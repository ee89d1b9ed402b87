//! What it costs to keep what was seen: in a file, and in memory to go back to.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use portolan::collect::Collector;
use portolan::collect::recording::{About, Rhythm, Writer};
use portolan::history::{Bounds, History, Past};
use portolan::snapshot::Snapshot;
use portolan::socket::Delivered;

use crate::stopwatch::Laps;
use crate::table::{Goals, Table};

const INTERVAL: Duration = Duration::from_secs(1);

/// Percent of one core, and gigabytes an hour.
const SHARE: Goals = &[(1_000, 5.0), (10_000, 5.0), (100_000, 5.0)];
const SIZE: Goals = &[(1_000, 0.5), (10_000, 0.5), (100_000, 0.5)];
/// Megabytes of ten minutes.
const MEMORY: Goals = &[(1_000, 25.0)];

/// Of so many sockets one changes between two samples.
const ONE_OF: usize = 100;

/// From one whole snapshot in the file to the next, twice.
const SAMPLES: usize = 120;

/// Measures it.
pub(crate) fn measure(table: &mut Table) -> Result<(), Box<dyn Error>> {
    let mut collector = Collector::open(None, Instant::now())?;
    for _ in 0..2 {
        collector.sample(Vec::new(), INTERVAL)?;
    }
    let mut snapshot = collector.sample(Vec::new(), INTERVAL)?;
    snapshot.destroyed.clear();
    let mut writer = Writer::begin(io::sink(), &About::default(), Rhythm::default())?;
    let mut laps = Laps::default();
    for round in 0..SAMPLES {
        change(&mut snapshot, round);
        // Who records from the dashboard gets copies.
        laps.lap(|| writer.snapshot(&snapshot.clone()))?;
    }
    let spent = laps.total().as_secs_f64() / SAMPLES as f64;
    table.laps("record, 1 % changed", &laps);
    let share = 100.0 * spent / INTERVAL.as_secs_f64();
    table.goal("  share of one core, each second", share, "%", SHARE);
    let bytes = writer.summary().bytes as f64 / SAMPLES as f64;
    let hour = bytes * 3600.0 / 1e9;
    table.goal("  in an hour", hour, "GB", SIZE);

    let mut history = History::default();
    let mut past = Past::new(Bounds {
        time: Duration::MAX,
        bytes: usize::MAX,
    });
    let mut push = Laps::default();
    for round in 0..SAMPLES {
        change(&mut snapshot, round);
        let moment = history.apply(&mut snapshot.clone());
        push.lap(|| past.push(&moment));
        let _: Arc<_> = moment;
    }
    table.laps("keep a moment, 1 % changed", &push);
    let minutes = past.bytes() as f64 / past.len() as f64 * 600.0 / 1e6;
    table.goal("  ten minutes of them", minutes, "MB", MEMORY);
    Ok(())
}

/// Lets other sockets carry something in each round.
fn change(snapshot: &mut Snapshot, round: usize) {
    snapshot.elapsed += INTERVAL;
    snapshot.taken_at += INTERVAL;
    let some = snapshot.sockets.iter_mut().skip(round % ONE_OF);
    for socket in some.step_by(ONE_OF) {
        if let Some(delivered) = socket.tcp.as_mut().and_then(|tcp| tcp.delivered.as_mut()) {
            *delivered = Delivered {
                acknowledged: delivered.acknowledged + 1_460,
                received: delivered.received + 777,
            };
        }
    }
}
