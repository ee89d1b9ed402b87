//! The source of the dashboard's samples: a sampler on this machine, or a player of a recording.

use super::engine_thread::EngineThread;
use super::player::Player;
use super::recorder::SampleTee;
use crate::collect::{SampleOutcome, Sampler};

/// Where the samples come from.
pub(crate) enum DataSource {
    /// Samples of this machine.
    Sampler(Sampler),
    /// Samples of a recording.
    Player(Player),
}

/// Returns a callback that sends each sample to the log, the recorder and the engine.
pub(crate) fn sample_sink(
    engine: &EngineThread,
    tee: &SampleTee,
) -> impl FnMut(SampleOutcome) -> bool + Send + 'static {
    let (engine, tee) = (engine.clone(), tee.clone());
    move |sampled| {
        log_sample(&sampled);
        tee.send(&sampled);
        engine.push_sample(sampled)
    }
}

fn log_sample(sampled: &SampleOutcome) {
    match sampled {
        SampleOutcome::Snapshot(snapshot) => {
            tracing::debug!(sockets = snapshot.sockets.len(), took = ?snapshot.cost.wall, "sample");
            for gap in &snapshot.gaps {
                tracing::warn!("{gap}");
            }
        }
        SampleOutcome::Failed(gap) => tracing::warn!("{gap}"),
    }
}
