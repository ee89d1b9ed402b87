//! The thread that leads the lab of the lesson that is open.
//!
//! In: [`Order`]s of the learner's screen. Out: [`News`], as a [`NetlinkMessage`]. Starting processes and
//! making calls takes time, so the loop never does it itself. The lab's processes end when their
//! orders end: with this thread, with the program, however it ends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::time::Duration;
use std::{io, thread};

use super::messages::Message;
use crate::lessons::lab_messages::{LabEvent, LabRequest};
use crate::net::snapshot::SourceKind;
#[cfg(target_os = "linux")]
use crate::runtime::lab_thread::linux::LabRunner;

/// How long leaving waits for the lab to be gone.
const EXIT_TIMEOUT: Duration = Duration::from_secs(3);

/// The thread, from outside.
pub(crate) struct LabThread {
    requests: Sender<(u64, LabRequest)>,
    /// Ends when the thread does.
    stopped: Receiver<()>,
}

impl LabThread {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(
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
    pub(crate) fn send(&self, number: u64, request: LabRequest) {
        // A thread that is gone has said why.
        drop(self.requests.send((number, request)));
    }

    /// Waits until the lab is gone, but not for ever.
    pub(crate) fn close(self) {
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
pub(crate) mod linux {
    use std::sync::Arc;
    use std::time::Duration;

    use crate::lessons::lab::error::LabError;
    use crate::lessons::lab::executed_call::ExecutedCall;
    use crate::lessons::lab::executor::Lab;
    use crate::lessons::lab_messages::{CallResult, SessionStep};
    use crate::lessons::lab_messages::{LabEvent, LabRequest};
    use crate::lessons::{Call, Lesson, LessonStep};
    use crate::net::port::Port;
    use crate::net::snapshot::SourceKind;

    /// How long a step that nobody watches may take to be in the table.
    const SETTLE_TIMEOUT: Duration = Duration::from_secs(10);

    /// Where a lab stands, if one does.
    pub(crate) struct LabRunner {
        source: Option<SourceKind>,
        lab: Option<Lab>,
    }

    impl LabRunner {
        pub(crate) const fn new(source: Option<SourceKind>) -> Self {
            Self { source, lab: None }
        }

        pub(crate) fn handle(&mut self, request: LabRequest) -> Option<LabEvent> {
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
