//! Measures the cost of recording to a file, and of the timeline in memory.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use portolan::collect::Collector;
use portolan::history::state::History;
use portolan::history::{RetentionLimits, Timeline};
use portolan::net::snapshot::Snapshot;
use portolan::net::socket::DeliveredBytes;
use portolan::recording::format::RecordingInfo;
use portolan::recording::writer::{KeyframeInterval, RecordingWriter};

use crate::stopwatch::Laps;
use crate::table::{Goals, ReportTable};

const INTERVAL: Duration = Duration::from_secs(1);

/// In percent of one core, and in gigabytes an hour.
const CPU_SHARE_GOAL: Goals = &[(1_000, 5.0), (10_000, 5.0), (100_000, 5.0)];
const FILE_SIZE_GOAL: Goals = &[(1_000, 0.5), (10_000, 0.5), (100_000, 0.5)];
/// In megabytes for ten minutes.
const TIMELINE_MEMORY_GOAL: Goals = &[(1_000, 25.0)];

/// One socket in this many changes between two samples.
const CHANGE_STRIDE: usize = 100;

/// From one keyframe in the file to the next, twice.
const SAMPLES: usize = 120;

/// Measures the recording and the timeline.
pub(crate) fn measure(table: &mut ReportTable) -> Result<(), Box<dyn Error>> {
    let mut collector = Collector::open(None, Instant::now())?;
    for _ in 0..2 {
        collector.sample(Vec::new(), INTERVAL)?;
    }
    let mut snapshot = collector.sample(Vec::new(), INTERVAL)?;
    snapshot.destroyed.clear();
    let mut writer = RecordingWriter::new(
        io::sink(),
        &RecordingInfo::default(),
        KeyframeInterval::default(),
    )?;
    let mut laps = Laps::default();
    for round in 0..SAMPLES {
        change_counters(&mut snapshot, round);
        // Recording from the dashboard works on copies.
        laps.lap(|| writer.write_snapshot(&snapshot.clone()))?;
    }
    let spent = laps.total().as_secs_f64() / SAMPLES as f64;
    table.laps("record, 1 % changed", &laps);
    let share = 100.0 * spent / INTERVAL.as_secs_f64();
    table.goal(
        "  share of one core, each second",
        share,
        "%",
        CPU_SHARE_GOAL,
    );
    let bytes = writer.summary().bytes as f64 / SAMPLES as f64;
    let hour = bytes * 3600.0 / 1e9;
    table.goal("  in an hour", hour, "GB", FILE_SIZE_GOAL);

    let mut history = History::default();
    let mut timeline = Timeline::new(RetentionLimits {
        max_age: Duration::MAX,
        max_bytes: usize::MAX,
    });
    let mut push = Laps::default();
    for round in 0..SAMPLES {
        change_counters(&mut snapshot, round);
        let moment = history.apply(&mut snapshot.clone());
        push.lap(|| timeline.push(&moment));
        let _: Arc<_> = moment;
    }
    table.laps("keep a moment, 1 % changed", &push);
    let minutes = timeline.bytes() as f64 / timeline.len() as f64 * 600.0 / 1e6;
    table.goal("  ten minutes of them", minutes, "MB", TIMELINE_MEMORY_GOAL);
    Ok(())
}

/// Advances the counters of other sockets in each round.
fn change_counters(snapshot: &mut Snapshot, round: usize) {
    snapshot.elapsed += INTERVAL;
    snapshot.taken_at += INTERVAL;
    let some = snapshot.sockets.iter_mut().skip(round % CHANGE_STRIDE);
    for socket in some.step_by(CHANGE_STRIDE) {
        if let Some(delivered) = socket.tcp.as_mut().and_then(|tcp| tcp.delivered.as_mut()) {
            *delivered = DeliveredBytes {
                acknowledged: delivered.acknowledged + 1_460,
                received: delivered.received + 777,
            };
        }
    }
}
