//! The thread that leads the lab of the lesson that is open.
//!
//! In: [`Order`]s of the learner's screen. Out: [`News`], as a [`Message`]. Starting processes and
//! making calls takes time, so the loop never does it itself. The lab's processes end when their
//! orders end: with this thread, with the program, however it ends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::time::Duration;
use std::{io, thread};

use crate::app::run::Message;
use crate::snapshot::SourceKind;
use crate::teach::lessons::{Cast, Happened, Lesson, Step};
use crate::view::course::{Made, Turn};

/// How long leaving waits for the lab to be gone.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the lab is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Set up the lab of a lesson.
    Open(&'static Lesson),
    /// Do these steps; all but the last are seen to be in the table before the next.
    Perform(Vec<&'static Step>),
    /// End the lab.
    Close,
}

/// What the lab did.
#[derive(Clone, Debug)]
pub enum News {
    /// It is set up: what can be shown, and the names so far.
    Ready(Vec<Turn>, Arc<Cast>),
    /// The calls were made.
    Performed {
        /// Which, and what came of them.
        made: Vec<Made>,
        /// What came of the last one.
        last: Option<Happened>,
        /// The names, and what they stand for now.
        cast: Arc<Cast>,
    },
    /// It cannot go on.
    Failed(String),
}

/// The thread, from outside.
pub(super) struct Tutor {
    orders: Sender<(u64, Order)>,
    /// Ends when the thread does.
    done: Receiver<()>,
}

impl Tutor {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(
        messages: SyncSender<Message>,
        source: Option<SourceKind>,
    ) -> io::Result<Self> {
        let (orders, receiver) = channel();
        let (alive, done) = channel();
        let work = move || {
            let _alive: Sender<()> = alive;
            lead(&receiver, &messages, source);
        };
        thread::Builder::new().name("lab".into()).spawn(work)?;
        Ok(Self { orders, done })
    }

    /// Has something done. The news of it have the same number.
    pub(super) fn order(&self, number: u64, order: Order) {
        // A thread that is gone has said why.
        drop(self.orders.send((number, order)));
    }

    /// Waits until the lab is gone, but not for ever.
    pub(super) fn close(self) {
        let Self { orders, done } = self;
        drop(orders);
        // Either it ended or it was waited for long enough.
        let _ = done.recv_timeout(PATIENCE);
    }
}

fn lead(
    orders: &Receiver<(u64, Order)>,
    messages: &SyncSender<Message>,
    source: Option<SourceKind>,
) {
    let mut bench = Bench::new(source);
    while let Ok((number, order)) = orders.recv() {
        let news = catch_unwind(AssertUnwindSafe(|| bench.carry_out(order)));
        let news = news.unwrap_or_else(|_| {
            bench = Bench::new(source);
            Some(News::Failed("it failed, and its processes are gone".into()))
        });
        if let Some(news) = news
            && messages.send(Message::Lab(number, news)).is_err()
        {
            return;
        }
    }
}

#[cfg(target_os = "linux")]
use linux::Bench;

#[cfg(target_os = "linux")]
mod linux {
    use std::sync::Arc;
    use std::time::Duration;

    use super::{News, Order};
    use crate::app::lab::{Done, Lab, LabError};
    use crate::port::Port;
    use crate::snapshot::SourceKind;
    use crate::teach::lessons::{Call, Lesson, Step};
    use crate::view::course::{Made, Turn};

    /// How long a step that nobody watches may take to be in the table.
    const LONGEST: Duration = Duration::from_secs(10);

    /// Where a lab stands, if one does.
    pub(super) struct Bench {
        source: Option<SourceKind>,
        lab: Option<Lab>,
    }

    impl Bench {
        pub(super) const fn new(source: Option<SourceKind>) -> Self {
            Self { source, lab: None }
        }

        pub(super) fn carry_out(&mut self, order: Order) -> Option<News> {
            let news = match order {
                Order::Close => {
                    self.lab = None;
                    return None;
                }
                Order::Open(lesson) => self.open(lesson),
                Order::Perform(steps) => self.perform(&steps),
            };
            Some(news.unwrap_or_else(|error| {
                self.lab = None;
                News::Failed(error.to_string())
            }))
        }

        fn open(&mut self, lesson: &'static Lesson) -> Result<News, LabError> {
            // The one before is gone before the next comes.
            self.lab = None;
            let lab = Lab::open(Lab::this_program(), lesson, self.source)?;
            let turns = lesson.steps.iter().filter_map(|step| turn(&lab, step));
            let news = News::Ready(turns.collect(), Arc::new(lab.cast().clone()));
            self.lab = Some(lab);
            Ok(news)
        }

        fn perform(&mut self, steps: &[&'static Step]) -> Result<News, LabError> {
            let Some(lab) = &mut self.lab else {
                return Ok(News::Failed("it is gone".into()));
            };
            let mut done = Vec::new();
            for (index, step) in steps.iter().enumerate() {
                done = lab.perform(step)?;
                if index + 1 < steps.len() {
                    lab.settle(step, done.last(), LONGEST)?;
                }
            }
            Ok(News::Performed {
                last: telling(&done).map(|done| done.happened),
                made: done.iter().map(made).collect(),
                cast: Arc::new(lab.cast().clone()),
            })
        }
    }

    fn turn(lab: &Lab, step: &'static Step) -> Option<Turn> {
        if lab.abilities().allow(step.shown) {
            return Some(Turn::Shown(step));
        }
        let lack = lab.abilities().lack(step.shown)?;
        Some(Turn::Lacking(step, lack.lack()))
    }

    /// The call that the sentences speak of: not the tidying up after it.
    fn telling(done: &[Done]) -> Option<&Done> {
        let tidies = |done: &&Done| matches!(done.deed.call, Call::Close(_) | Call::Abort(_));
        done.iter().rev().find(|done| !tidies(done)).or(done.last())
    }

    fn made(done: &Done) -> Made {
        Made {
            actor: done.deed.actor.name(),
            call: done.deed.call.text(done.n),
            happened: done.happened,
            expected: (!done.is_as_expected()).then(|| done.deed.outcome.to_string()),
            leads: done.socket.map(|handle| {
                let end = match handle.local {
                    Some(end) if end.port != Port::NONE => format!("{}:{}", end.address, end.port),
                    _ => "no address, no port".into(),
                };
                format!(
                    "descriptor {} → socket:[{}] → {end}",
                    handle.descriptor, handle.inode
                )
            }),
        }
    }
}

#[cfg(not(target_os = "linux"))]
struct Bench;

#[cfg(not(target_os = "linux"))]
impl Bench {
    const fn new(_: Option<SourceKind>) -> Self {
        Self
    }

    fn carry_out(&mut self, order: Order) -> Option<News> {
        let word = "the labs hold sockets in their states by means that only Linux has";
        (order != Order::Close).then(|| News::Failed(word.into()))
    }
}
