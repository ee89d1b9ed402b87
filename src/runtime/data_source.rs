//! Where the samples of the dashboard come from: this machine, or a recording.
//!
//! In: what was asked for. Out: the dashboard, fed by a *sampler* or a *player*.

use super::engine_thread::EngineThread;
use super::player::Player;
use super::recorder::SampleTee;
use crate::collect::{SampleOutcome, Sampler};

/// Where the samples come from.
pub(crate) enum DataSource {
    /// From this machine.
    Sampler(Sampler),
    /// From a recording.
    Player(Player),
}

/// The way of the samples.
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
