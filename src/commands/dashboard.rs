//! Starts the dashboard on live sockets, a lesson or a recording.

use std::fs::File;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};
use std::{io, thread};

use super::config::Config;
use crate::collect::interval::DEFAULT_INTERVAL;
use crate::collect::{Collector, OwnerMode, SampleScope, Sampler, SamplerConfig};
use crate::commands::args::command_args::LearnArgs;
use crate::commands::args::recording_args::ReplayArgs;
use crate::commands::args::shared_args::{CommonArgs, DisplayArgs, SelectionArgs};
use crate::history::RetentionLimits;
use crate::lessons::Lesson;
use crate::net::socket::Socket;
use crate::recording::file;
use crate::recording::reader::{RecordingEnd, RecordingReader};
use crate::runtime::data_source::{DataSource, sample_sink};
use crate::runtime::engine_thread::EngineThread;
use crate::runtime::event_loop::EventLoop;
use crate::runtime::exit::{Exit, Failure};
use crate::runtime::fault::Fault;
use crate::runtime::lab_thread::LabThread;
use crate::runtime::messages::Message;
use crate::runtime::player::{PlaybackCallbacks, Player};
use crate::runtime::recorder::SampleTee;
use crate::runtime::state_writer::StateWriter;
use crate::runtime::terminal::TerminalGuard;
use crate::runtime::{input_thread, panic_hook};
use crate::tui::state::view_state::{Playback, PlaybackStatus, SourceInfo, ViewState};
use crate::tui::update::app::App;

/// Minimum memory for past moments during playback, in bytes.
const PLAYBACK_HISTORY_BYTES: usize = 64_000_000;

/// Starts the data source, once the engine runs.
pub(crate) type StartDataSource = Box<
    dyn FnOnce(
        &App,
        &EngineThread,
        &SampleTee,
        Receiver<Vec<Socket>>,
        SyncSender<Message>,
    ) -> io::Result<DataSource>,
>;

/// Runs the dashboard on live sockets until the user quits.
///
/// # Errors
/// Returns the failed system call or an invalid filter; the terminal is restored by then.
pub(crate) fn run_live(
    selection: &SelectionArgs,
    display: &DisplayArgs,
    common: &CommonArgs,
    config: Config,
) -> Result<Exit, Failure> {
    run_dashboard(selection, common, config, |app| {
        app.view.display_mode = display.display_mode();
        live_source(app, common, OwnerMode::Incremental)
    })
}

/// Runs the dashboard with the lessons open until the user quits.
///
/// # Errors
/// Returns the failed system call; the terminal is restored by then.
pub(crate) fn run_lessons(
    learn: &LearnArgs,
    lesson: Option<&'static Lesson>,
    config: Config,
) -> Result<Exit, Failure> {
    run_dashboard(&SelectionArgs::default(), &learn.common, config, |app| {
        app.view.display_mode = learn.display.display_mode();
        app.startup_effects = app.open_lessons(lesson);
        // A lesson waits for owners, and has few sockets.
        live_source(app, &learn.common, OwnerMode::Full)
    })
}

/// Opens the live data source. The returned function starts sampling.
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

/// Runs the dashboard on a recording until the user quits.
///
/// # Errors
/// Returns the failed system call or an invalid filter; the terminal is restored by then.
pub(crate) fn run_playback(
    reader: RecordingReader<File>,
    replay: &ReplayArgs,
    mut config: Config,
) -> Result<Exit, Failure> {
    // Keep past moments as long as memory allows, for moving back and forth in the recording.
    config.retention.moments = RetentionLimits {
        max_age: Duration::MAX,
        max_bytes: config
            .retention
            .moments
            .max_bytes
            .max(PLAYBACK_HISTORY_BYTES),
    };
    run_dashboard(&replay.selection, &replay.common, config, |app| {
        app.view.display_mode = replay.display.display_mode();
        app.view.playback = Some(Playback {
            speed: replay.speed.factor(),
            status: PlaybackStatus::Playing,
        });
        let (path, speed) = (replay.file.clone(), replay.speed);
        Ok(Box::new(move |_, engine, tee, _, messages| {
            let engine_for_restart = engine.clone();
            let callbacks = PlaybackCallbacks {
                on_sample: sample_sink(engine, tee),
                on_restart: move || engine_for_restart.reset(),
                on_end: move |ending: &RecordingEnd| {
                    // Fails only after the event loop has ended.
                    let _ = messages.send(Message::PlaybackEnded(ending.clone()));
                },
            };
            let open = move || file::open_recording(&path).ok();
            let player = Player::start(reader, open, speed, callbacks)?;
            Ok(DataSource::Player(player))
        }))
    })
}

/// Capacity of the message queue; when it is full, the input thread blocks.
const MESSAGE_QUEUE_LEN: usize = 256;

/// Runs the dashboard. `open_source` opens the data source before the terminal is touched, so that it
/// can still fail; the function it returns starts it.
pub(crate) fn run_dashboard(
    selection: &SelectionArgs,
    common: &CommonArgs,
    config: Config,
    open_source: impl FnOnce(&mut App) -> Result<StartDataSource, Failure>,
) -> Result<Exit, Failure> {
    // Everything that can fail is tried before the terminal is touched.
    let filter = Arc::new(selection.parse_filter()?);
    common.init_log()?;
    panic_hook::install(thread::current().id());
    let interval = common.interval_or(config.interval.unwrap_or(DEFAULT_INTERVAL));
    let mut view = ViewState::new(TerminalGuard::size(), interval);
    view.quick_filter = selection.quick_filter();
    view.filter.text = selection.filter_text();
    view.time_zone = jiff::tz::TimeZone::system();
    let mut app = App::new(view, filter, common.services());
    app.named_filters = config.filters;
    app.thresholds = config.thresholds;
    let start_source = open_source(&mut app)?;

    let (messages, inbox) = sync_channel(MESSAGE_QUEUE_LEN);
    let (buffer_sender, buffer_receiver) = channel();
    let engine = EngineThread::start(
        messages.clone(),
        app.engine_request(),
        config.retention,
        buffer_sender,
        common.fault(),
    );
    let engine = engine.map_err(Failure::Thread)?;
    let tee = SampleTee::default();
    let data_source = start_source(&app, &engine, &tee, buffer_receiver, messages.clone())
        .map_err(Failure::Thread)?;
    let terminal = TerminalGuard::enter(common.theme()).map_err(Failure::Terminal)?;
    #[cfg(unix)]
    crate::runtime::signals::spawn(messages.clone()).map_err(Failure::Thread)?;
    let state_writer = StateWriter::start(messages.clone());
    let lab_thread = match data_source {
        DataSource::Sampler(_) => LabThread::start(messages.clone(), common.source_kind()).ok(),
        // A recording does not contain the sockets of a lab.
        DataSource::Player(_) => None,
    };
    input_thread::spawn(messages.clone(), common.fault() == Some(Fault::Input))
        .map_err(Failure::Thread)?;
    EventLoop {
        app,
        terminal,
        engine,
        data_source,
        inbox,
        messages,
        tee,
        recorder: None,
        state_writer,
        lab_thread,
        fault: common.fault(),
        last_draw: None,
    }
    .run()
}
