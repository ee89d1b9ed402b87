//! Where the samples of the dashboard come from: this machine, or a recording.
//!
//! In: what was asked for. Out: the dashboard, fed by a *sampler* or a *player*.

use std::fs::File;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant};

use crate::app::cli::{CommonArgs, DisplayArgs, Fault, LearnArgs, ReplayArgs, SelectionArgs};
use crate::app::config::Config;
use crate::app::exit::{Exit, Failure};
use crate::app::model::EngineThread;
use crate::app::player::{PlaybackCallbacks, Player};
use crate::app::recorder::SampleTee;
use crate::app::run::{self, Message};
use crate::app::update::App;
use crate::collect::recording::{self, RecordingEnd, RecordingReader};
use crate::collect::{Collector, OwnerMode, SampleOutcome, SampleScope, Sampler, SamplerConfig};
use crate::history::RetentionLimits;
use crate::socket::Socket;
use crate::teach::lessons::Lesson;
use crate::view::{Playback, PlaybackStatus, SourceInfo};

/// In how many bytes the moments of a recording are kept that were shown.
const PLAYBACK_HISTORY_BYTES: usize = 64_000_000;

/// Begins to feed the model.
pub(super) type StartDataSource = Box<
    dyn FnOnce(
        &App,
        &EngineThread,
        &SampleTee,
        Receiver<Vec<Socket>>,
        SyncSender<Message>,
    ) -> io::Result<DataSource>,
>;

/// Runs the dashboard until the user leaves.
///
/// # Errors
/// What the system refused; the terminal is as it was then.
pub(super) fn run_live(
    selection: &SelectionArgs,
    display: &DisplayArgs,
    common: &CommonArgs,
    config: Config,
) -> Result<Exit, Failure> {
    run::run_dashboard(selection, common, config, |app| {
        app.view.display_mode = display.display_mode();
        live_source(app, common, OwnerMode::Incremental)
    })
}

/// Runs the dashboard with the lessons open until the user leaves.
///
/// # Errors
/// What the system refused; the terminal is as it was then.
pub(super) fn run_lessons(
    learn: &LearnArgs,
    lesson: Option<&'static Lesson>,
    config: Config,
) -> Result<Exit, Failure> {
    run::run_dashboard(&SelectionArgs::default(), &learn.common, config, |app| {
        app.view.display_mode = learn.display.display_mode();
        app.startup_effects = app.open_lessons(lesson);
        // A lesson waits for owners, and is on few sockets.
        live_source(app, &learn.common, OwnerMode::Full)
    })
}

/// Opens what is to be sampled; begins with it when asked to.
fn live_source(
    app: &mut App,
    common: &CommonArgs,
    owners: OwnerMode,
) -> Result<StartDataSource, Failure> {
    let (choice, fault) = (common.source_kind(), common.fault());
    let collector = Collector::open(choice, Instant::now())?.with_scope(SampleScope {
        owners,
        ..SampleScope::default()
    });
    tracing::info!(source = %collector.kind(), why = %collector.reason(), "source");
    app.view.source = Some(SourceInfo::new(collector.kind(), collector.reason()));
    Ok(Box::new(move |app, engine, tee, buffers, _| {
        let start = SamplerConfig {
            source: choice,
            interval: app.view.interval,
            panic_at_sample: (fault == Some(Fault::Sampler)).then_some(1),
        };
        let sampler = Sampler::start(collector, start, buffers, sample_sink(engine, tee))?;
        Ok(DataSource::Sampler(sampler))
    }))
}

/// Runs the dashboard on a recording until the user leaves.
///
/// # Errors
/// What the system refused; the terminal is as it was then.
pub(super) fn run_playback(
    reader: RecordingReader<File>,
    replay: &ReplayArgs,
    mut config: Config,
) -> Result<Exit, Failure> {
    // One goes to and fro in it: as far back as there is room for.
    config.retention.moments = RetentionLimits {
        max_age: Duration::MAX,
        max_bytes: config
            .retention
            .moments
            .max_bytes
            .max(PLAYBACK_HISTORY_BYTES),
    };
    run::run_dashboard(&replay.selection, &replay.common, config, |app| {
        app.view.display_mode = replay.display.display_mode();
        app.view.playback = Some(Playback {
            speed: replay.speed.factor(),
            status: PlaybackStatus::Playing,
        });
        let (path, speed) = (replay.file.clone(), replay.speed);
        Ok(Box::new(move |_, engine, tee, _, messages| {
            let engine_for_restart = engine.clone();
            let listener = PlaybackCallbacks {
                on_sample: sample_sink(engine, tee),
                on_restart: move || engine_for_restart.reset(),
                on_end: move |ending: &RecordingEnd| {
                    // Nobody is left to tell when the loop has ended.
                    let _ = messages.send(Message::PlaybackEnded(ending.clone()));
                },
            };
            let open = move || recording::open_recording(&path).ok();
            let player = Player::start(reader, open, speed, listener)?;
            Ok(DataSource::Player(player))
        }))
    })
}

/// Where the samples come from.
pub(super) enum DataSource {
    /// From this machine.
    Sampler(Sampler),
    /// From a recording.
    Player(Player),
}

/// The way of the samples.
fn sample_sink(
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
