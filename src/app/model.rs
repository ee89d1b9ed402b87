//! The thread that remembers and answers.
//!
//! In: samples and questions. Out: answers, of which only the newest waits to be fetched. What the
//! thread does with them is [`Memory`]'s.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::{io, thread};

use crate::app::cli::Fault;
use crate::app::memory::{Engine, Retention};
use crate::app::run::Message;
use crate::collect::SampleOutcome;
use crate::history::{ClosedLogStats, Moment, TimePoint, TimelineInfo};
use crate::query::{
    Completion, CompletionInput, Folds, Query, QueryResult, TupleDiff, TupleDiffScope, VisibleLines,
};
use crate::socket::Socket;
use crate::teach::{
    ExplainSubject, Explanation, Findings, Grade, GradeRequest, Perspective, Thresholds,
};

/// Which moment a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MomentSelector {
    /// The newest, from now on.
    Newest,
    /// The one that was the newest when this was first asked.
    Pinned,
    /// One of those before; the same one for as long as this is asked.
    At(TimePoint),
}

/// What the loop asks.
#[derive(Clone, Debug)]
pub struct EngineRequest {
    /// Which moment.
    pub moment: MomentSelector,
    /// Which sockets, how.
    pub query: Query,
    /// What is unfolded.
    pub folds: Folds,
    /// Of which rows a survey is wanted.
    pub diff_scope: Option<TupleDiffScope>,
    /// What is to be marked by the rows.
    pub grade_request: Option<GradeRequest>,
    /// What is being typed, where candidates for it are wanted.
    pub completion_request: Option<CompletionInput>,
    /// From where on something is worth a look.
    pub thresholds: Thresholds,
    /// What is to be explained, and from where it is looked at.
    pub explain: Option<(ExplainSubject, Perspective)>,
}

/// What is said of something that was to be explained.
#[derive(Clone, Debug)]
pub struct ExplainResult {
    /// What it was.
    pub subject: ExplainSubject,
    /// From where it was looked at.
    pub perspective: Perspective,
    /// What there is to say; `None` where it is not there.
    pub explanation: Option<Arc<Explanation>>,
}

/// What the loop gets.
#[derive(Clone, Debug)]
pub struct EngineResponse {
    /// The answer.
    pub result: Arc<QueryResult>,
    /// Its lines.
    pub lines: VisibleLines,
    /// The newest moment, which is not the answer's while a moment is held.
    pub newest: Arc<Moment>,
    /// The survey, where it was wanted.
    pub tuple_diff: Option<(TupleDiffScope, Arc<TupleDiff>)>,
    /// What was marked, where something was to be.
    pub grade: Option<Grade>,
    /// The candidates, where they were wanted.
    pub completion: Option<Completion>,
    /// How many of the sockets that have ended are kept.
    pub closed_stats: ClosedLogStats,
    /// Which moment was asked for.
    pub moment: MomentSelector,
    /// What lies before and after the answer's moment.
    pub timeline: TimelineInfo,
    /// What is stuck or odd in the answer's moment.
    pub findings: Arc<Findings>,
    /// The explanation, where one was wanted.
    pub explain: Option<ExplainResult>,
}

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
pub(super) struct EngineThread {
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
    pub(super) fn start(
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
    pub(super) fn push_sample(&self, sampled: SampleOutcome) -> bool {
        self.commands.send(EngineCommand::Sample(sampled)).is_ok()
    }

    /// Forgets what was told: it is told once more.
    pub(super) fn reset(&self) {
        // Nobody is left to forget anything where this fails.
        drop(self.commands.send(EngineCommand::Reset));
    }

    /// Asks; a question that was not answered yet is replaced. The answer comes as a
    /// [`NetlinkMessage::Answered`].
    pub(super) fn send_request(&self, question: EngineRequest) {
        if let Ok(mut slot) = self.request.lock() {
            *slot = question;
        }
        // A full queue is as good: whatever is in it makes the thread look at the question.
        drop(self.commands.try_send(EngineCommand::Request));
    }

    /// The newest answer, if there is one that was not fetched yet.
    pub(super) fn take_response(&self) -> Option<EngineResponse> {
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
