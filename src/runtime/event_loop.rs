//! The event loop of the dashboard: waits for messages, handles all that are queued, draws once.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use super::data_source::DataSource;
use super::engine_thread::EngineThread;
use super::exit::{Exit, Failure};
use super::fault::Fault;
use super::lab_thread::LabThread;
use super::messages::{Message, RecorderEvent};
use super::recorder::{Recorder, SampleTee};
use super::state_writer::StateWriter;
use super::terminal::TerminalGuard;
use super::{panic_hook, terminal};
use crate::tui::effect::{Effect, PlaybackCommand, RecordingRequest};
use crate::tui::input::Input;
use crate::tui::update::app::App;
use crate::tui::view::draw;

/// Minimum time between two frames: a burst of keys costs one frame, and a key pressed right after
/// a frame is shown before the next refresh of a 60 Hz screen.
const FRAME_TIME: Duration = Duration::from_millis(8);

pub(crate) struct EventLoop {
    pub(crate) app: App,
    pub(crate) terminal: TerminalGuard,
    pub(crate) engine: EngineThread,
    pub(crate) data_source: DataSource,
    pub(crate) inbox: Receiver<Message>,
    pub(crate) messages: SyncSender<Message>,
    pub(crate) tee: SampleTee,
    pub(crate) recorder: Option<Recorder>,
    pub(crate) state_writer: Option<StateWriter>,
    pub(crate) lab_thread: Option<LabThread>,
    pub(crate) fault: Option<Fault>,
    pub(crate) last_draw: Option<Instant>,
}

impl EventLoop {
    pub(crate) fn run(mut self) -> Result<Exit, Failure> {
        let outcome = self.run_until_exit();
        let state_writer = self.state_writer.take();
        let (recorder, lab_thread) = (self.recorder.take(), self.lab_thread.take());
        // Restores the terminal first, so that exiting is immediate for the user.
        drop(self);
        if let Some(lab_thread) = lab_thread {
            lab_thread.close();
        }
        if let Some(recorder) = recorder {
            recorder.close();
        }
        if let Some(state_writer) = state_writer {
            state_writer.close();
        }
        outcome
    }

    fn run_until_exit(&mut self) -> Result<Exit, Failure> {
        for effect in self.app.take_startup_effects() {
            self.run_effect(effect)?;
        }
        self.draw()?;
        loop {
            let Ok(first) = self.inbox.recv() else {
                return Ok(Exit::InternalError);
            };
            if let Some(exit) = self.handle_message(first)? {
                return Ok(exit);
            }
            // Handles all queued messages before drawing, and what arrives until the next frame is
            // due.
            let due = self
                .last_draw
                .map_or_else(Instant::now, |last_draw| last_draw + FRAME_TIME);
            loop {
                match self
                    .inbox
                    .recv_timeout(due.saturating_duration_since(Instant::now()))
                {
                    Ok(message) => {
                        if let Some(exit) = self.handle_message(message)? {
                            return Ok(exit);
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => break,
                    Err(RecvTimeoutError::Disconnected) => return Ok(Exit::InternalError),
                }
            }
            self.draw()?;
        }
    }

    fn draw(&mut self) -> Result<(), Failure> {
        if let Some(error) = panic_hook::take_last() {
            self.app.set_error(error);
        }
        let app = &self.app;
        let screen = draw(&app.view, app.result.as_deref(), &app.lines, &app.services);
        self.terminal.draw(&screen).map_err(Failure::Terminal)?;
        self.last_draw = Some(Instant::now());
        assert!(
            self.fault != Some(Fault::Main) || app.result.is_none(),
            "asked to fail after the first result"
        );
        Ok(())
    }

    /// Handles a message; returns the exit status if the program is to end.
    fn handle_message(&mut self, message: Message) -> Result<Option<Exit>, Failure> {
        let mut effects = match message {
            Message::Input(input) => self.app.handle_input(input),
            Message::ResponseReady => Vec::new(),
            Message::FiltersLoaded(filters) => {
                self.app.add_saved_filters(filters);
                Vec::new()
            }
            Message::ProgressLoaded(progress, warning) => {
                self.app.set_progress(&progress, warning);
                Vec::new()
            }
            Message::SaveStatus(what, message) => {
                self.app.set_save_error(what, message);
                Vec::new()
            }
            Message::Lab(number, event) => self.app.handle_lab_event(number, event),
            Message::PlaybackEnded(ending) => {
                self.app
                    .playback_ended(super::player::ending_message(&ending));
                Vec::new()
            }
            Message::Recorder(event) => {
                self.handle_recorder_event(event);
                Vec::new()
            }
            Message::Suspend => vec![Effect::Suspend],
            Message::Resumed => vec![Effect::Redraw],
            Message::Exit(exit) => return Ok(Some(exit)),
            Message::TerminalLost(reason) => {
                return Err(Failure::Terminal(io::Error::other(reason)));
            }
        };
        if let Some(published) = self.engine.take_response() {
            effects.extend(self.app.handle_response(published));
        }
        for effect in effects {
            if self.run_effect(effect)? {
                return Ok(Some(Exit::Success));
            }
        }
        Ok(None)
    }

    /// Runs an effect; returns whether it ends the program.
    fn run_effect(&mut self, effect: Effect) -> Result<bool, Failure> {
        match effect {
            Effect::SendRequest => self.engine.send_request(self.app.engine_request()),
            Effect::SetInterval(interval) => match &self.data_source {
                DataSource::Sampler(sampler) => sampler.set_interval(interval),
                DataSource::Player(_) => {}
            },
            Effect::SampleNow => match &self.data_source {
                DataSource::Sampler(sampler) => sampler.sample_now(),
                DataSource::Player(player) => player.send(PlaybackCommand::SkipWait),
            },
            Effect::Playback(command) => {
                if let DataSource::Player(player) = &self.data_source {
                    player.send(command);
                }
            }
            Effect::StartRecording(request) => self.start_recording(request),
            Effect::StopRecording => {
                if let Some(recorder) = &self.recorder {
                    recorder.stop();
                }
            }
            Effect::SaveFilter(filter) => {
                if let Some(state_writer) = &self.state_writer {
                    state_writer.save_filter(filter);
                }
            }
            Effect::SaveProgress(progress) => {
                if let Some(state_writer) = &self.state_writer {
                    state_writer.save_progress(*progress);
                }
            }
            Effect::Lab(number, request) => {
                if let Some(lab_thread) = &self.lab_thread {
                    lab_thread.send(number, request);
                }
            }
            Effect::Copy(text) => self.terminal.copy(&text).map_err(Failure::Terminal)?,
            Effect::Redraw => self.terminal.invalidate().map_err(Failure::Terminal)?,
            Effect::Suspend => self.suspend().map_err(Failure::Terminal)?,
            Effect::Quit => return Ok(true),
        }
        Ok(false)
    }

    fn start_recording(&mut self, request: RecordingRequest) {
        let (services, messages) = (Arc::clone(&self.app.services), self.messages.clone());
        self.recorder = Recorder::start(&self.tee, request, services, messages);
        if self.recorder.is_none() {
            self.app.set_status("cannot start a thread to record");
        }
    }

    fn handle_recorder_event(&mut self, event: RecorderEvent) {
        match event {
            RecorderEvent::Progress(status) => self.app.set_recording_status(Some(status)),
            RecorderEvent::Finished(summary) => {
                self.app.set_recording_status(None);
                self.app.set_status(summary);
            }
            RecorderEvent::Failed(reason) => self.app.recording_failed(reason),
        }
    }

    #[cfg(unix)]
    fn suspend(&mut self) -> io::Result<()> {
        terminal::restore();
        if !super::signals::suspend_process() {
            self.app
                .set_status("cannot suspend: no shell here could resume it");
        }
        self.terminal.reenter()?;
        let (columns, rows) = TerminalGuard::size();
        self.app.handle_input(Input::Resize(columns, rows));
        Ok(())
    }

    #[cfg(not(unix))]
    fn suspend(&mut self) -> io::Result<()> {
        self.app.set_status("this system cannot suspend a program");
        Ok(())
    }
}
