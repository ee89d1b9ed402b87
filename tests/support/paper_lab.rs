//! A lab on paper: every call comes out as the lesson says, and lesson 2's names stand for what the
//! recording `lesson` has. So a lesson can be played through without a process or a socket.

use std::sync::Arc;

use portolan::app::{LabOrder, News};
use portolan::port::{Port, Protocol};
use portolan::process::Pid;
use portolan::teach::lessons::{Actor, Cast, Happened, Outcome, Step};
use portolan::view::course::{Made, Turn};

/// The names so far.
#[derive(Default)]
pub(crate) struct PaperLab(Cast);

impl PaperLab {
    /// What comes of an order.
    pub(crate) fn carry_out(&mut self, order: LabOrder) -> Option<News> {
        match order {
            LabOrder::Close => None,
            LabOrder::Open(lesson) => {
                self.0 = Cast::default();
                self.0.enter(Actor::Server, Pid(900));
                self.0.enter(Actor::Client, Pid(901));
                let turns = lesson.steps.iter().map(Turn::Shown);
                Some(News::Ready(turns.collect(), Arc::new(self.0.clone())))
            }
            LabOrder::Perform(steps) => Some(self.perform(steps.last().expect("a step"))),
        }
    }

    fn perform(&mut self, step: &'static Step) -> News {
        let mut made = Vec::new();
        for deed in step.deeds {
            for n in 1..=deed.times {
                match deed.names.map(|name| name.nth(n)) {
                    Some(name) if name == "P" => {
                        self.0.own(Protocol::Tcp, Port(40_001));
                        self.0.name(name, Port(40_001));
                    }
                    Some(name) => self.0.name(name, Port(50_000 + u16::from(n))),
                    None => {}
                }
                made.push(Made {
                    actor: deed.actor.name(),
                    call: deed.call.text(n),
                    happened: match deed.outcome {
                        Outcome::Fails(refusal) => Happened::Failed(refusal),
                        _ => Happened::Worked,
                    },
                    expected: None,
                    leads: None,
                });
            }
        }
        News::Performed {
            last: made.last().map(|made| made.happened),
            made,
            cast: Arc::new(self.0.clone()),
        }
    }
}
