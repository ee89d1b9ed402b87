//! A fake lab: every call has the result the lesson expects, and lesson 2's names refer to what the
//! recording `lesson` contains. So a lesson can be played without a process or a socket.

use std::sync::Arc;

use portolan::lessons::lab_messages::{CallResult, SessionStep};
use portolan::lessons::lab_messages::{LabEvent, LabRequest};
use portolan::lessons::{ActualResult, ExpectedResult, LabNames, LabRole, LessonStep};
use portolan::net::port::{Port, Protocol};
use portolan::net::process::Pid;

#[derive(Default)]
pub(crate) struct FakeLab(LabNames);

impl FakeLab {
    /// Returns the event that a request leads to.
    pub(crate) fn execute(&mut self, command: LabRequest) -> Option<LabEvent> {
        match command {
            LabRequest::Close => None,
            LabRequest::Open(lesson) => {
                self.0 = LabNames::default();
                self.0.insert_process(LabRole::Server, Pid(900));
                self.0.insert_process(LabRole::Client, Pid(901));
                let session_steps = lesson.steps.iter().map(SessionStep::Available);
                Some(LabEvent::Opened(
                    session_steps.collect(),
                    Arc::new(self.0.clone()),
                ))
            }
            LabRequest::RunSteps(steps) => Some(self.run_step(steps.last().expect("a step"))),
        }
    }

    fn run_step(&mut self, step: &'static LessonStep) -> LabEvent {
        let mut made = Vec::new();
        for action in step.actions {
            for n in 1..=action.times {
                match action.port_name.map(|name| name.numbered(n)) {
                    Some(name) if name == "P" => {
                        self.0.add_own_port(Protocol::Tcp, Port(40_001));
                        self.0.insert_port(name, Port(40_001));
                    }
                    Some(name) => self.0.insert_port(name, Port(50_000 + u16::from(n))),
                    None => {}
                }
                made.push(CallResult {
                    process: action.role.name(),
                    call: action.call.text(n),
                    actual: match action.expected {
                        ExpectedResult::Failed(refusal) => ActualResult::Failed(refusal),
                        _ => ActualResult::Success,
                    },
                    expected: None,
                    fd_trail: None,
                });
            }
        }
        LabEvent::StepsDone {
            last_result: made.last().map(|made| made.actual),
            results: made,
            lab_names: Arc::new(self.0.clone()),
        }
    }
}
