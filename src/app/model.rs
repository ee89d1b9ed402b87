//! The thread that remembers and answers.
//!
//! In: samples and questions. Out: answers, of which only the newest waits to be fetched. What the
//! thread does with them is [`Memory`]'s.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::{io, thread};

use crate::app::cli::Fault;
use crate::app::memory::{Keeping, Memory};
use crate::app::run::Message;
use crate::collect::Sampled;
use crate::history::{Kept, Moment, Spot, Track};
use crate::query::{Answer, Completion, Folds, Lines, Query, Scope, Survey, Typed};
use crate::socket::Socket;
use crate::teach::{Exam, Explanation, Findings, Limits, Look, Marked, Subject};

/// Which moment a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The newest, from now on.
    Newest,
    /// The one that was the newest when this was first asked.
    Held,
    /// One of those before; the same one for as long as this is asked.
    Past(Spot),
}

/// What the loop asks.
#[derive(Clone, Debug)]
pub struct Question {
    /// Which moment.
    pub about: About,
    /// Which sockets, how.
    pub query: Query,
    /// What is unfolded.
    pub folds: Folds,
    /// Of which rows a survey is wanted.
    pub survey: Option<Scope>,
    /// What is to be marked by the rows.
    pub exam: Option<Exam>,
    /// What is being typed, where candidates for it are wanted.
    pub typed: Option<Typed>,
    /// From where on something is worth a look.
    pub limits: Limits,
    /// What is to be explained, and from where it is looked at.
    pub explain: Option<(Subject, Look)>,
}

/// What is said of something that was to be explained.
#[derive(Clone, Debug)]
pub struct Explained {
    /// What it was.
    pub subject: Subject,
    /// From where it was looked at.
    pub look: Look,
    /// What there is to say; `None` where it is not there.
    pub said: Option<Arc<Explanation>>,
}

/// What the loop gets.
#[derive(Clone, Debug)]
pub struct Published {
    /// The answer.
    pub answer: Arc<Answer>,
    /// Its lines.
    pub lines: Lines,
    /// The newest moment, which is not the answer's while a moment is held.
    pub newest: Arc<Moment>,
    /// The survey, where it was wanted.
    pub survey: Option<(Scope, Arc<Survey>)>,
    /// What was marked, where something was to be.
    pub marked: Option<Marked>,
    /// The candidates, where they were wanted.
    pub completion: Option<Completion>,
    /// How many of the sockets that have ended are kept.
    pub kept: Kept,
    /// Which moment was asked for.
    pub about: About,
    /// What lies before and after the answer's moment.
    pub track: Track,
    /// What is stuck or odd in the answer's moment.
    pub findings: Arc<Findings>,
    /// The explanation, where one was wanted.
    pub explained: Option<Explained>,
}

/// What the thread is told.
enum Told {
    Sampled(Sampled),
    /// There is a new question to fetch.
    Asked,
    /// What was told so far is to be forgotten: it is told once more.
    Anew,
}

/// The thread, from outside.
#[derive(Clone)]
pub(super) struct Model {
    told: SyncSender<Told>,
    question: Arc<Mutex<Question>>,
    latest: Arc<Mutex<Option<Published>>>,
}

/// Samples that may wait. More would only be stale: the sampler then waits with them.
const WAITING: usize = 8;

impl Model {
    /// Starts the thread. Emptied socket lists are given back through `spares`.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(
        messages: SyncSender<Message>,
        question: Question,
        keeping: Keeping,
        spares: Sender<Vec<Socket>>,
        fault: Option<Fault>,
    ) -> io::Result<Self> {
        let (told, receiver) = sync_channel(WAITING);
        let model = Self {
            told,
            question: Arc::new(Mutex::new(question)),
            latest: Arc::default(),
        };
        let worker = Worker {
            memory: Memory::new(keeping),
            question: Arc::clone(&model.question),
            messages,
            latest: Arc::clone(&model.latest),
            spares,
            fails: fault == Some(Fault::Model),
        };
        thread::Builder::new()
            .name("model".into())
            .spawn(move || worker.run(&receiver))?;
        Ok(model)
    }

    /// Hands over a sample. Returns whether anybody is there to take it.
    pub(super) fn sampled(&self, sampled: Sampled) -> bool {
        self.told.send(Told::Sampled(sampled)).is_ok()
    }

    /// Forgets what was told: it is told once more.
    pub(super) fn begin_anew(&self) {
        // Nobody is left to forget anything where this fails.
        drop(self.told.send(Told::Anew));
    }

    /// Asks; a question that was not answered yet is replaced. The answer comes as a
    /// [`Message::Answered`].
    pub(super) fn ask(&self, question: Question) {
        if let Ok(mut slot) = self.question.lock() {
            *slot = question;
        }
        // A full queue is as good: whatever is in it makes the thread look at the question.
        drop(self.told.try_send(Told::Asked));
    }

    /// The newest answer, if there is one that was not fetched yet.
    pub(super) fn fetch(&self) -> Option<Published> {
        self.latest.lock().ok()?.take()
    }
}

struct Worker {
    memory: Memory,
    question: Arc<Mutex<Question>>,
    messages: SyncSender<Message>,
    latest: Arc<Mutex<Option<Published>>>,
    spares: Sender<Vec<Socket>>,
    fails: bool,
}

impl Worker {
    fn run(mut self, told: &Receiver<Told>) {
        while let Ok(first) = told.recv() {
            // What has piled up is answered once.
            let pending: Vec<Told> = std::iter::once(first).chain(told.try_iter()).collect();
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                for sampled in pending {
                    self.take_up(sampled);
                }
                self.publish();
            }));
            if outcome.is_err() {
                // What the panic left half done is thrown away; the notice is on its way.
                self.memory.forget();
            }
            // A full queue is as good: the loop fetches the newest answer after any message.
            drop(self.messages.try_send(Message::Answered));
        }
    }

    fn take_up(&mut self, told: Told) {
        match told {
            Told::Asked => {}
            Told::Anew => self.memory.forget(),
            Told::Sampled(sampled) => {
                assert!(
                    !std::mem::take(&mut self.fails),
                    "asked to fail at the first sample"
                );
                if let Some(spare) = self.memory.take_up(sampled) {
                    // The sampler may be gone already.
                    drop(self.spares.send(spare));
                }
            }
        }
    }

    fn publish(&mut self) {
        let Ok(question) = self.question.lock().map(|q| q.clone()) else {
            return;
        };
        let Some(published) = self.memory.answer(&question) else {
            return;
        };
        if let Ok(mut slot) = self.latest.lock() {
            *slot = Some(published);
        }
    }
}
