//! The thread that remembers and answers.
//!
//! In: samples and questions. Out: answers, of which only the newest waits to be fetched. What the
//! thread does with them is [`Memory`]'s.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::{io, thread};

use super::engine::{Engine, Retention};
use super::fault::Fault;
use super::messages::Message;
use crate::collect::SampleOutcome;
use crate::net::socket::Socket;
use crate::tui::engine_request::{EngineRequest, EngineResponse};

/// What the thread is told.
enum EngineCommand {
    Sample(SampleOutcome),
    /// There is a new question to fetch.
    Request,
    /// What was told so far is to be forgotten: it is told once more.
    Reset,
}

/// The thread, from outside.
#[derive(Clone)]
pub(crate) struct EngineThread {
    commands: SyncSender<EngineCommand>,
    request: Arc<Mutex<EngineRequest>>,
    response: Arc<Mutex<Option<EngineResponse>>>,
}

/// Samples that may wait. More would only be stale: the sampler then waits with them.
const COMMAND_QUEUE_LEN: usize = 8;

impl EngineThread {
    /// Starts the thread. Emptied socket lists are given back through `spares`.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(
        messages: SyncSender<Message>,
        question: EngineRequest,
        retention: Retention,
        buffer_sender: Sender<Vec<Socket>>,
        fault: Option<Fault>,
    ) -> io::Result<Self> {
        let (commands, receiver) = sync_channel(COMMAND_QUEUE_LEN);
        let model = Self {
            commands,
            request: Arc::new(Mutex::new(question)),
            response: Arc::default(),
        };
        let worker = EngineWorker {
            engine: Engine::new(retention),
            request: Arc::clone(&model.request),
            messages,
            response: Arc::clone(&model.response),
            buffer_sender,
            panic_at_sample: fault == Some(Fault::Engine),
        };
        thread::Builder::new()
            .name("model".into())
            .spawn(move || worker.run(&receiver))?;
        Ok(model)
    }

    /// Hands over a sample. Returns whether anybody is there to take it.
    pub(crate) fn push_sample(&self, sampled: SampleOutcome) -> bool {
        self.commands.send(EngineCommand::Sample(sampled)).is_ok()
    }

    /// Forgets what was told: it is told once more.
    pub(crate) fn reset(&self) {
        // Nobody is left to forget anything where this fails.
        drop(self.commands.send(EngineCommand::Reset));
    }

    /// Asks; a question that was not answered yet is replaced. The answer comes as a
    /// [`NetlinkMessage::Answered`].
    pub(crate) fn send_request(&self, question: EngineRequest) {
        if let Ok(mut slot) = self.request.lock() {
            *slot = question;
        }
        // A full queue is as good: whatever is in it makes the thread look at the question.
        drop(self.commands.try_send(EngineCommand::Request));
    }

    /// The newest answer, if there is one that was not fetched yet.
    pub(crate) fn take_response(&self) -> Option<EngineResponse> {
        self.response.lock().ok()?.take()
    }
}

struct EngineWorker {
    engine: Engine,
    request: Arc<Mutex<EngineRequest>>,
    messages: SyncSender<Message>,
    response: Arc<Mutex<Option<EngineResponse>>>,
    buffer_sender: Sender<Vec<Socket>>,
    panic_at_sample: bool,
}

impl EngineWorker {
    fn run(mut self, commands: &Receiver<EngineCommand>) {
        while let Ok(first) = commands.recv() {
            // What has piled up is answered once.
            let pending: Vec<EngineCommand> =
                std::iter::once(first).chain(commands.try_iter()).collect();
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                for sampled in pending {
                    self.handle_command(sampled);
                }
                self.publish_response();
            }));
            if outcome.is_err() {
                // What the panic left half done is thrown away; the notice is on its way.
                self.engine.reset();
            }
            // A full queue is as good: the loop fetches the newest answer after any message.
            drop(self.messages.try_send(Message::ResponseReady));
        }
    }

    fn handle_command(&mut self, commands: EngineCommand) {
        match commands {
            EngineCommand::Request => {}
            EngineCommand::Reset => self.engine.reset(),
            EngineCommand::Sample(sampled) => {
                assert!(
                    !std::mem::take(&mut self.panic_at_sample),
                    "asked to fail at the first sample"
                );
                if let Some(buffer) = self.engine.apply_sample(sampled) {
                    // The sampler may be gone already.
                    drop(self.buffer_sender.send(buffer));
                }
            }
        }
    }

    fn publish_response(&mut self) {
        let Ok(question) = self.request.lock().map(|q| q.clone()) else {
            return;
        };
        let Some(response) = self.engine.respond(&question) else {
            return;
        };
        if let Ok(mut slot) = self.response.lock() {
            *slot = Some(response);
        }
    }
}
