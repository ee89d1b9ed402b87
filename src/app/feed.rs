//! Where the samples of the dashboard come from: this machine, or a recording.
//!
//! In: what was asked for. Out: the dashboard, fed by a *sampler* or a *player*.

use std::fs::File;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant};

use crate::app::cli::{Common, Fault, Learn, Replay, Scene, Selection};
use crate::app::config::Config;
use crate::app::exit::{Exit, Failure};
use crate::app::model::Model;
use crate::app::player::{Listener, Player};
use crate::app::recorder::Tap;
use crate::app::run::{self, Message};
use crate::app::update::App;
use crate::collect::recording::{self, Ending, Reader};
use crate::collect::{Collector, Demand, OwnerSearch, Sampled, Sampler, Start};
use crate::history::Bounds;
use crate::socket::Socket;
use crate::teach::lessons::Lesson;
use crate::view::{Origin, Playback, Stage};

/// In how many bytes the moments of a recording are kept that were shown.
const ROOM_FOR_PLAYBACK: usize = 64_000_000;

/// Begins to feed the model.
pub(super) type Begin = Box<
    dyn FnOnce(
        &App,
        &Model,
        &Tap,
        Receiver<Vec<Socket>>,
        SyncSender<Message>,
    ) -> io::Result<Feeder>,
>;

/// Runs the dashboard until the user leaves.
///
/// # Errors
/// What the system refused; the terminal is as it was then.
pub(super) fn dashboard(
    selection: &Selection,
    scene: &Scene,
    common: &Common,
    config: Config,
) -> Result<Exit, Failure> {
    run::open(selection, common, config, |app| {
        app.view.manner = scene.manner();
        sampling(app, common, OwnerSearch::Gradual)
    })
}

/// Runs the dashboard with the lessons open until the user leaves.
///
/// # Errors
/// What the system refused; the terminal is as it was then.
pub(super) fn lessons(
    learn: &Learn,
    lesson: Option<&'static Lesson>,
    config: Config,
) -> Result<Exit, Failure> {
    run::open(&Selection::default(), &learn.common, config, |app| {
        app.view.manner = learn.scene.manner();
        app.first = app.learn(lesson);
        // A lesson waits for owners, and is on few sockets.
        sampling(app, &learn.common, OwnerSearch::Sought)
    })
}

/// Opens what is to be sampled; begins with it when asked to.
fn sampling(app: &mut App, common: &Common, owners: OwnerSearch) -> Result<Begin, Failure> {
    let (choice, fault) = (common.source(), common.fault());
    let collector = Collector::open(choice, Instant::now())?.demanding(Demand {
        owners,
        ..Demand::default()
    });
    tracing::info!(source = %collector.kind(), why = %collector.reason(), "source");
    app.view.source = Some(Origin::new(collector.kind(), collector.reason()));
    Ok(Box::new(move |app, model, tap, spares, _| {
        let start = Start {
            choice,
            interval: app.view.interval,
            panic_at: (fault == Some(Fault::Sampler)).then_some(1),
        };
        let sampler = Sampler::start(collector, start, spares, to(model, tap))?;
        Ok(Feeder::Sampler(sampler))
    }))
}

/// Runs the dashboard on a recording until the user leaves.
///
/// # Errors
/// What the system refused; the terminal is as it was then.
pub(super) fn playback(
    reader: Reader<File>,
    replay: &Replay,
    mut config: Config,
) -> Result<Exit, Failure> {
    // One goes to and fro in it: as far back as there is room for.
    config.keeping.moments = Bounds {
        time: Duration::MAX,
        bytes: config.keeping.moments.bytes.max(ROOM_FOR_PLAYBACK),
    };
    run::open(&replay.selection, &replay.common, config, |app| {
        app.view.manner = replay.scene.manner();
        app.view.playback = Some(Playback {
            speed: replay.speed.times(),
            stage: Stage::Running,
        });
        let (path, speed) = (replay.file.clone(), replay.speed);
        Ok(Box::new(move |_, model, tap, _, messages| {
            let again = model.clone();
            let listener = Listener {
                send: to(model, tap),
                anew: move || again.begin_anew(),
                over: move |ending: &Ending| {
                    // Nobody is left to tell when the loop has ended.
                    let _ = messages.send(Message::Over(ending.clone()));
                },
            };
            let open = move || recording::open(&path).ok();
            let player = Player::start(reader, open, speed, listener)?;
            Ok(Feeder::Player(player))
        }))
    })
}

/// Where the samples come from.
pub(super) enum Feeder {
    /// From this machine.
    Sampler(Sampler),
    /// From a recording.
    Player(Player),
}

/// The way of the samples.
fn to(model: &Model, tap: &Tap) -> impl FnMut(Sampled) -> bool + Send + 'static {
    let (model, tap) = (model.clone(), tap.clone());
    move |sampled| {
        log_sample(&sampled);
        tap.offer(&sampled);
        model.sampled(sampled)
    }
}

fn log_sample(sampled: &Sampled) {
    match sampled {
        Sampled::Snapshot(snapshot) => {
            tracing::debug!(sockets = snapshot.sockets.len(), took = ?snapshot.cost.wall, "sample");
            for gap in &snapshot.gaps {
                tracing::warn!("{gap}");
            }
        }
        Sampled::Failed(gap) => tracing::warn!("{gap}"),
    }
}
