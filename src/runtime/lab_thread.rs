//! Runs the lab of the open lesson on a thread of its own, since starting processes and making
//! calls takes time.
//!
//! Receives [`LabRequest`]s and replies with [`LabEvent`]s, as [`Message::Lab`]. The lab's
//! processes end when their command pipes close: with this thread, and with the program, however it
//! ends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::time::Duration;
use std::{io, thread};

use super::messages::Message;
use crate::lessons::lab_messages::{LabEvent, LabRequest};
use crate::net::snapshot::SourceKind;
#[cfg(target_os = "linux")]
use crate::runtime::lab_thread::linux::LabRunner;

/// How long exiting waits for the lab to be closed.
const EXIT_TIMEOUT: Duration = Duration::from_secs(3);

/// A handle to the lab thread.
pub(crate) struct LabThread {
    requests: Sender<(u64, LabRequest)>,
    /// Disconnected when the thread ends.
    stopped: Receiver<()>,
}

impl LabThread {
    /// Starts the thread.
    ///
    /// # Errors
    /// Returns an error if no thread can be started.
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

    /// Sends a request. Its event has the same number.
    pub(crate) fn send(&self, number: u64, request: LabRequest) {
        // A thread that has ended has reported why.
        drop(self.requests.send((number, request)));
    }

    /// Closes the lab and waits for it, up to [`EXIT_TIMEOUT`].
    pub(crate) fn close(self) {
        let Self {
            requests,
            stopped: done,
        } = self;
        drop(requests);
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
                "it crashed; its processes were ended".into(),
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

    /// How long to wait for the rows of a step that is only run to reach a later one.
    const SETTLE_TIMEOUT: Duration = Duration::from_secs(10);

    /// The lab that is open, if any.
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
            // Closes the previous lab before opening the next.
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
                return Ok(LabEvent::Failed("it was closed".into()));
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

    /// Returns the call that the texts refer to: the last one that is not cleanup.
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
                let local = match handle.local {
                    Some(endpoint) if endpoint.port != Port::NONE => {
                        format!("{}:{}", endpoint.address, endpoint.port)
                    }
                    _ => "no address, no port".into(),
                };
                format!(
                    "descriptor {} → socket:[{}] → {local}",
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
        let reason = "labs need Linux";
        (request != LabRequest::Close).then(|| LabEvent::Failed(reason.into()))
    }
}
