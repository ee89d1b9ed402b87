//! The dashboard: start the threads, then wait, take up all that waits, draw once, again.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::app::cli::{Common, Fault, Selection, USUAL_INTERVAL};
use crate::app::config::Config;
use crate::app::exit::{Exit, Failure};
use crate::app::feed::{Begin, Feeder};
use crate::app::input::{self, Input};
use crate::app::model::Model;
use crate::app::panics;
use crate::app::recorder::{News, Recorder, Tap};
use crate::app::shelf::{Shelf, Unkept};
use crate::app::terminal::{self, Display};
use crate::app::tutor::{self, Tutor};
use crate::app::update::{App, Effect, Pace, Take};
use crate::collect::recording::Ending;
use crate::teach::Progress;
use crate::view::{ViewState, screen};

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
    /// Something cannot be kept, and why; without a word, it can be again.
    Unkept(Unkept, Option<String>),
    /// What the lab did, and by which order.
    Lab(u64, tutor::News),
    /// The recording that is shown is at its end.
    Over(Ending),
    /// How the recording goes that is made.
    Recording(News),
    /// The terminal cannot be read any more.
    TerminalLost(String),
}

/// Messages that may wait; the input thread waits with more.
const WAITING: usize = 256;

/// At most one frame in this time: a burst of keys costs one frame, and a key that comes right after
/// one is shown before a screen that is painted 60 times a second could show it.
const FRAME: Duration = Duration::from_millis(8);

/// Opens the dashboard. `feed` is asked first what it shows, when everything may still be refused,
/// and then to begin.
pub(super) fn open(
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
    let tap = Tap::default();
    let feeder = feed(&app, &model, &tap, spare, messages.clone()).map_err(Failure::Thread)?;
    let display = Display::take(common.theme()).map_err(Failure::Terminal)?;
    #[cfg(unix)]
    crate::app::signals::start(messages.clone()).map_err(Failure::Thread)?;
    let shelf = Shelf::open(messages.clone());
    let tutor = match feeder {
        Feeder::Sampler(_) => Tutor::start(messages.clone(), common.source()).ok(),
        // What a lab does would not be in the recording.
        Feeder::Player(_) => None,
    };
    input::start(messages.clone(), common.fault() == Some(Fault::Input))
        .map_err(Failure::Thread)?;
    Loop {
        app,
        display,
        model,
        feeder,
        inbox,
        messages,
        tap,
        recorder: None,
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
    messages: SyncSender<Message>,
    tap: Tap,
    recorder: Option<Recorder>,
    shelf: Option<Shelf>,
    tutor: Option<Tutor>,
    fault: Option<Fault>,
    drawn: Option<Instant>,
}

impl Loop {
    fn run(mut self) -> Result<Exit, Failure> {
        let outcome = self.turn();
        let shelf = self.shelf.take();
        let (recorder, tutor) = (self.recorder.take(), self.tutor.take());
        // The terminal is given back first: leaving is at once.
        drop(self);
        if let Some(tutor) = tutor {
            tutor.close();
        }
        if let Some(recorder) = recorder {
            recorder.close();
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
            Message::Unkept(what, word) => {
                self.app.unkept(what, word);
                Vec::new()
            }
            Message::Lab(number, news) => self.app.lab_told(number, news),
            Message::Over(ending) => {
                self.app.played(crate::app::replay::ending(&ending));
                Vec::new()
            }
            Message::Recording(news) => {
                self.recording(news);
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
            Effect::Record(take) => self.record(take),
            Effect::StopRecording => {
                if let Some(recorder) = &self.recorder {
                    recorder.stop();
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

    fn record(&mut self, take: Take) {
        let (services, messages) = (Arc::clone(&self.app.services), self.messages.clone());
        self.recorder = Recorder::start(&self.tap, take, services, messages);
        if self.recorder.is_none() {
            self.app.say("the system gives no thread that could record");
        }
    }

    fn recording(&mut self, news: News) {
        match news {
            News::Written(tape) => self.app.recording(Some(tape)),
            News::Over(word) => {
                self.app.recording(None);
                self.app.say(word);
            }
            News::Failed(why) => self.app.recording_failed(why),
        }
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
