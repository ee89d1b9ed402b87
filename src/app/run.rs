//! The dashboard: start the threads, then wait, take up all that waits, draw once, again.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::app::cli::{Common, Fault, Learn, Replay, Scene, Selection, USUAL_INTERVAL};
use crate::app::config::Config;
use crate::app::exit::{Exit, Failure};
use crate::app::feeder::{Begin, Feeder, sampling, to};
use crate::app::input::{self, Input};
use crate::app::model::Model;
use crate::app::panics;
use crate::app::player::Player;
use crate::app::shelf::Shelf;
use crate::app::terminal::{self, Display};
use crate::app::tutor::{News, Tutor};
use crate::app::update::{App, Effect, Pace};
use crate::collect::OwnerSearch;
use crate::collect::recording::{Ending, Reader};
use crate::history::Bounds;
use crate::teach::Progress;
use crate::teach::lessons::Lesson;
use crate::view::{Playback, Stage, ViewState, screen};

/// What the loop is told.
#[derive(Debug)]
pub(super) enum Message {
    /// From the terminal.
    Input(Input),
    /// There is an answer to fetch.
    Answered,
    /// Stop until continued.
    Suspend,
    /// We were continued.
    Continued,
    /// End.
    End(Exit),
    /// The filters of earlier runs, the latest first.
    Recalled(Vec<String>),
    /// How far the learner is, and a word where that is not known.
    Progress(Progress, Option<String>),
    /// What the lab did, and by which order.
    Lab(u64, News),
    /// The recording is at its end.
    Over(Ending),
    /// The terminal cannot be read any more.
    TerminalLost(String),
}

/// Messages that may wait; the input thread waits with more.
const WAITING: usize = 256;

/// At most one frame in this time: a burst of keys costs one frame, and a key that comes right after
/// one is shown before a screen that is painted 60 times a second could show it.
const FRAME: Duration = Duration::from_millis(8);

/// In how many bytes the moments of a recording are kept that were shown.
const ROOM_FOR_PLAYBACK: usize = 64_000_000;

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
    open(selection, common, config, |app| {
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
    open(&Selection::default(), &learn.common, config, |app| {
        app.view.manner = learn.scene.manner();
        app.first = app.learn(lesson);
        // A lesson waits for owners, and is on few sockets.
        sampling(app, &learn.common, OwnerSearch::Sought)
    })
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
    open(&replay.selection, &replay.common, config, |app| {
        app.view.manner = replay.scene.manner();
        app.view.playback = Some(Playback {
            speed: replay.speed.times(),
            stage: Stage::Running,
        });
        let speed = replay.speed;
        Ok(Box::new(move |_, model, _, messages| {
            let over = move |ending: &Ending| {
                // Nobody is left to tell when the loop has ended.
                let _ = messages.send(Message::Over(ending.clone()));
            };
            let player = Player::start(reader, speed, to(model), over)?;
            Ok(Feeder::Player(player))
        }))
    })
}

/// Opens the dashboard. `feed` is asked first what it shows, when everything may still be refused,
/// and then to begin.
fn open(
    selection: &Selection,
    common: &Common,
    config: Config,
    feed: impl FnOnce(&mut App) -> Result<Begin, Failure>,
) -> Result<Exit, Failure> {
    // Everything that can be refused is tried before the screen is touched.
    let filter = Arc::new(selection.filter()?);
    common.start_log()?;
    panics::install(thread::current().id());
    let interval = common.interval(config.interval.unwrap_or(USUAL_INTERVAL));
    let mut view = ViewState::new(Display::size(), interval);
    view.narrow = selection.narrow();
    view.filter.text = selection.text();
    view.zone = jiff::tz::TimeZone::system();
    let mut app = App::new(view, filter, common.services());
    app.named = config.filters;
    app.limits = config.limits;
    let feed = feed(&mut app)?;

    let (messages, inbox) = sync_channel(WAITING);
    let (spares, spare) = channel();
    let model = Model::start(
        messages.clone(),
        app.question(),
        config.keeping,
        spares,
        common.fault(),
    );
    let model = model.map_err(Failure::Thread)?;
    let feeder = feed(&app, &model, spare, messages.clone()).map_err(Failure::Thread)?;
    let display = Display::take(common.theme()).map_err(Failure::Terminal)?;
    #[cfg(unix)]
    crate::app::signals::start(messages.clone()).map_err(Failure::Thread)?;
    let shelf = Shelf::open(messages.clone());
    let tutor = match feeder {
        Feeder::Sampler(_) => Tutor::start(messages.clone(), common.source()).ok(),
        // What a lab does would not be in the recording.
        Feeder::Player(_) => None,
    };
    input::start(messages, common.fault() == Some(Fault::Input)).map_err(Failure::Thread)?;
    Loop {
        app,
        display,
        model,
        feeder,
        inbox,
        shelf,
        tutor,
        fault: common.fault(),
        drawn: None,
    }
    .run()
}

struct Loop {
    app: App,
    display: Display,
    model: Model,
    feeder: Feeder,
    inbox: Receiver<Message>,
    shelf: Option<Shelf>,
    tutor: Option<Tutor>,
    fault: Option<Fault>,
    drawn: Option<Instant>,
}

impl Loop {
    fn run(mut self) -> Result<Exit, Failure> {
        let outcome = self.turn();
        let shelf = self.shelf.take();
        let tutor = self.tutor.take();
        // The terminal is given back first: leaving is at once.
        drop(self);
        if let Some(tutor) = tutor {
            tutor.close();
        }
        if let Some(shelf) = shelf {
            shelf.close();
        }
        outcome
    }

    fn turn(&mut self) -> Result<Exit, Failure> {
        for effect in self.app.take_first() {
            self.perform(effect)?;
        }
        self.draw()?;
        loop {
            let Ok(first) = self.inbox.recv() else {
                return Ok(Exit::Failed);
            };
            if let Some(exit) = self.take_up(first)? {
                return Ok(exit);
            }
            // What waits is taken up before drawing, and what comes until the next frame is due.
            let due = self.drawn.map_or_else(Instant::now, |drawn| drawn + FRAME);
            loop {
                match self
                    .inbox
                    .recv_timeout(due.saturating_duration_since(Instant::now()))
                {
                    Ok(message) => {
                        if let Some(exit) = self.take_up(message)? {
                            return Ok(exit);
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => break,
                    Err(RecvTimeoutError::Disconnected) => return Ok(Exit::Failed),
                }
            }
            self.draw()?;
        }
    }

    fn draw(&mut self) -> Result<(), Failure> {
        if let Some(trouble) = panics::latest() {
            self.app.troubled(trouble);
        }
        let app = &self.app;
        let screen = screen(&app.view, app.answer.as_deref(), &app.lines, &app.services);
        self.display.draw(&screen).map_err(Failure::Terminal)?;
        self.drawn = Some(Instant::now());
        assert!(
            self.fault != Some(Fault::Main) || app.answer.is_none(),
            "asked to fail after the first answer"
        );
        Ok(())
    }

    /// Takes up one message; tells how to end, if this is the end.
    fn take_up(&mut self, message: Message) -> Result<Option<Exit>, Failure> {
        let mut effects = match message {
            Message::Input(input) => self.app.input(input),
            Message::Answered => Vec::new(),
            Message::Recalled(filters) => {
                self.app.recalled(filters);
                Vec::new()
            }
            Message::Progress(progress, word) => {
                self.app.knows_progress(&progress, word);
                Vec::new()
            }
            Message::Lab(number, news) => self.app.lab_told(number, news),
            Message::Over(ending) => {
                self.app.played(crate::app::replay::ending(&ending));
                Vec::new()
            }
            Message::Suspend => vec![Effect::Suspend],
            Message::Continued => vec![Effect::Redraw],
            Message::End(exit) => return Ok(Some(exit)),
            Message::TerminalLost(why) => return Err(Failure::Terminal(io::Error::other(why))),
        };
        if let Some(published) = self.model.fetch() {
            effects.extend(self.app.answered(published));
        }
        for effect in effects {
            if self.perform(effect)? {
                return Ok(Some(Exit::Done));
            }
        }
        Ok(None)
    }

    /// Does it; tells whether it was the last thing to do.
    fn perform(&mut self, effect: Effect) -> Result<bool, Failure> {
        match effect {
            Effect::Ask => self.model.ask(self.app.question()),
            Effect::SetInterval(interval) => match &self.feeder {
                Feeder::Sampler(sampler) => sampler.set_interval(interval),
                Feeder::Player(_) => {}
            },
            Effect::LookNow => match &self.feeder {
                Feeder::Sampler(sampler) => sampler.look_now(),
                Feeder::Player(player) => player.wish(Pace::Now),
            },
            Effect::Play(pace) => {
                if let Feeder::Player(player) = &self.feeder {
                    player.wish(pace);
                }
            }
            Effect::Remember(filter) => {
                if let Some(shelf) = &self.shelf {
                    shelf.keep(filter);
                }
            }
            Effect::KeepProgress(progress) => {
                if let Some(shelf) = &self.shelf {
                    shelf.keep_progress(*progress);
                }
            }
            Effect::Lab(number, order) => {
                if let Some(tutor) = &self.tutor {
                    tutor.order(number, order);
                }
            }
            Effect::Copy(text) => self.display.copy(&text).map_err(Failure::Terminal)?,
            Effect::Redraw => self.display.clear().map_err(Failure::Terminal)?,
            Effect::Suspend => self.suspend().map_err(Failure::Terminal)?,
            Effect::Quit => return Ok(true),
        }
        Ok(false)
    }

    #[cfg(unix)]
    fn suspend(&mut self) -> io::Result<()> {
        terminal::give_back();
        if !crate::app::signals::stop() {
            self.app
                .say("no shell here could continue the program, so it goes on");
        }
        self.display.take_again()?;
        let (columns, rows) = Display::size();
        self.app.input(Input::Resize(columns, rows));
        Ok(())
    }

    #[cfg(not(unix))]
    fn suspend(&mut self) -> io::Result<()> {
        self.app.say("this system cannot suspend a program");
        Ok(())
    }
}
