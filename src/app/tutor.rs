//! The thread that leads the lab of the lesson that is open.
//!
//! In: [`Order`]s of the learner's screen. Out: [`News`], as a [`NetlinkMessage`]. Starting processes and
//! making calls takes time, so the loop never does it itself. The lab's processes end when their
//! orders end: with this thread, with the program, however it ends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::time::Duration;
use std::{io, thread};

use crate::app::run::Message;
use crate::snapshot::SourceKind;
use crate::teach::lessons::{ActualResult, LabNames, Lesson, LessonStep};
use crate::view::course::{CallResult, SessionStep};

/// How long leaving waits for the lab to be gone.
const EXIT_TIMEOUT: Duration = Duration::from_secs(3);

/// What the lab is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabRequest {
    /// Set up the lab of a lesson.
    Open(&'static Lesson),
    /// Do these steps; all but the last are seen to be in the table before the next.
    RunSteps(Vec<&'static LessonStep>),
    /// End the lab.
    Close,
}

/// What the lab did.
#[derive(Clone, Debug)]
pub enum LabEvent {
    /// It is set up: what can be shown, and the names so far.
    Opened(Vec<SessionStep>, Arc<LabNames>),
    /// The calls were made.
    StepsDone {
        /// Which, and what came of them.
        results: Vec<CallResult>,
        /// What came of the last one.
        last_result: Option<ActualResult>,
        /// The names, and what they stand for now.
        lab_names: Arc<LabNames>,
    },
    /// It cannot go on.
    Failed(String),
}

/// The thread, from outside.
pub(super) struct LabThread {
    requests: Sender<(u64, LabRequest)>,
    /// Ends when the thread does.
    stopped: Receiver<()>,
}

impl LabThread {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(
        messages: SyncSender<Message>,
        source: Option<SourceKind>,
    ) -> io::Result<Self> {
        let (requests, receiver) = channel();
        let (alive, done) = channel();
        let work = move || {
            let _alive: Sender<()> = alive;
            run(&receiver, &messages, source);
        };
        thread::Builder::new().name("lab".into()).spawn(work)?;
        Ok(Self {
            requests,
            stopped: done,
        })
    }

    /// Has something done. The news of it have the same number.
    pub(super) fn send(&self, number: u64, request: LabRequest) {
        // A thread that is gone has said why.
        drop(self.requests.send((number, request)));
    }

    /// Waits until the lab is gone, but not for ever.
    pub(super) fn close(self) {
        let Self {
            requests,
            stopped: done,
        } = self;
        drop(requests);
        // Either it ended or it was waited for long enough.
        let _ = done.recv_timeout(EXIT_TIMEOUT);
    }
}

fn run(
    requests: &Receiver<(u64, LabRequest)>,
    messages: &SyncSender<Message>,
    source: Option<SourceKind>,
) {
    let mut runner = LabRunner::new(source);
    while let Ok((number, request)) = requests.recv() {
        let event = catch_unwind(AssertUnwindSafe(|| runner.handle(request)));
        let event = event.unwrap_or_else(|_| {
            runner = LabRunner::new(source);
            Some(LabEvent::Failed(
                "it failed, and its processes are gone".into(),
            ))
        });
        if let Some(event) = event
            && messages.send(Message::Lab(number, event)).is_err()
        {
            return;
        }
    }
}

#[cfg(target_os = "linux")]
use linux::LabRunner;

#[cfg(target_os = "linux")]
mod linux {
    use std::sync::Arc;
    use std::time::Duration;

    use super::{LabEvent, LabRequest};
    use crate::app::lab::{ExecutedCall, Lab, LabError};
    use crate::port::Port;
    use crate::snapshot::SourceKind;
    use crate::teach::lessons::{Call, Lesson, LessonStep};
    use crate::view::course::{CallResult, SessionStep};

    /// How long a step that nobody watches may take to be in the table.
    const SETTLE_TIMEOUT: Duration = Duration::from_secs(10);

    /// Where a lab stands, if one does.
    pub(super) struct LabRunner {
        source: Option<SourceKind>,
        lab: Option<Lab>,
    }

    impl LabRunner {
        pub(super) const fn new(source: Option<SourceKind>) -> Self {
            Self { source, lab: None }
        }

        pub(super) fn handle(&mut self, request: LabRequest) -> Option<LabEvent> {
            let event = match request {
                LabRequest::Close => {
                    self.lab = None;
                    return None;
                }
                LabRequest::Open(lesson) => self.open(lesson),
                LabRequest::RunSteps(steps) => self.run_steps(&steps),
            };
            Some(event.unwrap_or_else(|error| {
                self.lab = None;
                LabEvent::Failed(error.to_string())
            }))
        }

        fn open(&mut self, lesson: &'static Lesson) -> Result<LabEvent, LabError> {
            // The one before is gone before the next comes.
            self.lab = None;
            let lab = Lab::open(Lab::this_program(), lesson, self.source)?;
            let steps = lesson
                .steps
                .iter()
                .filter_map(|step| session_step(&lab, step));
            let event = LabEvent::Opened(steps.collect(), Arc::new(lab.lab_names().clone()));
            self.lab = Some(lab);
            Ok(event)
        }

        fn run_steps(&mut self, steps: &[&'static LessonStep]) -> Result<LabEvent, LabError> {
            let Some(lab) = &mut self.lab else {
                return Ok(LabEvent::Failed("it is gone".into()));
            };
            let mut done = Vec::new();
            for (index, step) in steps.iter().enumerate() {
                done = lab.run_step(step)?;
                if index + 1 < steps.len() {
                    lab.wait_for_rows(step, done.last(), SETTLE_TIMEOUT)?;
                }
            }
            Ok(LabEvent::StepsDone {
                last_result: last_relevant_call(&done).map(|done| done.actual),
                results: done.iter().map(to_call_result).collect(),
                lab_names: Arc::new(lab.lab_names().clone()),
            })
        }
    }

    fn session_step(lab: &Lab, step: &'static LessonStep) -> Option<SessionStep> {
        if lab.capabilities().allows(step.condition) {
            return Some(SessionStep::Available(step));
        }
        let capability = lab.capabilities().missing(step.condition)?;
        Some(SessionStep::Unavailable(step, capability.missing_reason()))
    }

    /// The call that the sentences speak of: not the tidying up after it.
    fn last_relevant_call(done: &[ExecutedCall]) -> Option<&ExecutedCall> {
        let is_cleanup =
            |done: &&ExecutedCall| matches!(done.action.call, Call::Close(_) | Call::Abort(_));
        done.iter()
            .rev()
            .find(|done| !is_cleanup(done))
            .or(done.last())
    }

    fn to_call_result(done: &ExecutedCall) -> CallResult {
        CallResult {
            process: done.action.role.name(),
            call: done.action.call.text(done.n),
            actual: done.actual,
            expected: (!done.is_expected()).then(|| done.action.expected.to_string()),
            fd_trail: done.socket.map(|handle| {
                let end = match handle.local {
                    Some(end) if end.port != Port::NONE => format!("{}:{}", end.address, end.port),
                    _ => "no address, no port".into(),
                };
                format!(
                    "descriptor {} → socket:[{}] → {end}",
                    handle.fd, handle.inode
                )
            }),
        }
    }
}

#[cfg(not(target_os = "linux"))]
struct LabRunner;

#[cfg(not(target_os = "linux"))]
impl LabRunner {
    const fn new(_: Option<SourceKind>) -> Self {
        Self
    }

    fn handle(&mut self, request: LabRequest) -> Option<LabEvent> {
        let word = "the labs hold sockets in their states by means that only Linux has";
        (request != LabRequest::Close).then(|| LabEvent::Failed(word.into()))
    }
}
