//! Runs the [`Engine`] on a thread of its own.
//!
//! Samples and requests go in; only the newest response waits to be fetched.

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

/// A message to the engine thread.
enum EngineCommand {
    Sample(SampleOutcome),
    /// There is a new request to fetch.
    Request,
    /// Forget all samples: they will be sent again.
    Reset,
}

/// A handle to the engine thread.
#[derive(Clone)]
pub(crate) struct EngineThread {
    commands: SyncSender<EngineCommand>,
    request: Arc<Mutex<EngineRequest>>,
    response: Arc<Mutex<Option<EngineResponse>>>,
}

/// Maximum number of queued samples. More would be outdated when processed; instead the sampler
/// blocks.
const COMMAND_QUEUE_LEN: usize = 8;

impl EngineThread {
    /// Starts the thread. Drained socket lists are returned through `buffer_sender`.
    ///
    /// # Errors
    /// Returns an error if no thread can be started.
    pub(crate) fn start(
        messages: SyncSender<Message>,
        request: EngineRequest,
        retention: Retention,
        buffer_sender: Sender<Vec<Socket>>,
        fault: Option<Fault>,
    ) -> io::Result<Self> {
        let (commands, receiver) = sync_channel(COMMAND_QUEUE_LEN);
        let handle = Self {
            commands,
            request: Arc::new(Mutex::new(request)),
            response: Arc::default(),
        };
        let worker = EngineWorker {
            engine: Engine::new(retention),
            request: Arc::clone(&handle.request),
            messages,
            response: Arc::clone(&handle.response),
            buffer_sender,
            panic_at_sample: fault == Some(Fault::Engine),
        };
        thread::Builder::new()
            .name("model".into())
            .spawn(move || worker.run(&receiver))?;
        Ok(handle)
    }

    /// Sends a sample. Returns whether the thread is still running.
    pub(crate) fn push_sample(&self, sampled: SampleOutcome) -> bool {
        self.commands.send(EngineCommand::Sample(sampled)).is_ok()
    }

    /// Tells the thread to forget all samples: they will be sent again.
    pub(crate) fn reset(&self) {
        // Fails only if the thread has ended: then there is nothing to forget.
        drop(self.commands.send(EngineCommand::Reset));
    }

    /// Sends a request, replacing one not answered yet. The response is announced by
    /// [`Message::ResponseReady`].
    pub(crate) fn send_request(&self, request: EngineRequest) {
        if let Ok(mut slot) = self.request.lock() {
            *slot = request;
        }
        // If the queue is full, the thread reads the request after the messages in it.
        drop(self.commands.try_send(EngineCommand::Request));
    }

    /// Takes the newest response, if it was not taken yet.
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
            // Answers once for all queued messages.
            let pending: Vec<EngineCommand> =
                std::iter::once(first).chain(commands.try_iter()).collect();
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                for sampled in pending {
                    self.handle_command(sampled);
                }
                self.publish_response();
            }));
            if outcome.is_err() {
                // Discards the state the panic left inconsistent; the panic hook reports it.
                self.engine.reset();
            }
            // If the queue is full, the loop fetches the newest response after any message in it.
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
                    // The sampler may have ended already.
                    drop(self.buffer_sender.send(buffer));
                }
            }
        }
    }

    fn publish_response(&mut self) {
        let Ok(request) = self.request.lock().map(|q| q.clone()) else {
            return;
        };
        let Some(response) = self.engine.respond(&request) else {
            return;
        };
        if let Ok(mut slot) = self.response.lock() {
            *slot = Some(response);
        }
    }
}
