//! What is remembered, and answered from: what the thread *model* does, without the thread.
//!
//! In: samples and questions. Out: answers. Here is all the work that grows with the number of
//! sockets.

use std::sync::Arc;
use std::time::Duration;

use crate::app::model::{About, Explained, Published, Question};
use crate::collect::Sampled;
use crate::history::{Bounds, History, Moment, Past};
use crate::query::filter::Context;
use crate::query::{Answer, Grouping, Lines, Survey, answer, complete};
use crate::socket::Socket;
use crate::teach::{self, Findings, Known, Limits, Subject};

/// How much is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// Of sockets that have ended.
    pub closed: Bounds,
    /// Of moments that one can go back to.
    pub moments: Bounds,
}

impl Default for Keeping {
    fn default() -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        Self {
            closed: Bounds {
                time: 60 * MINUTE,
                bytes: 16_000_000,
            },
            moments: Bounds {
                time: 10 * MINUTE,
                bytes: 24_000_000,
            },
        }
    }
}

/// What is remembered, and answered from.
#[derive(Debug)]
pub struct Memory {
    keeping: Keeping,
    history: History,
    past: Past,
    newest: Option<Arc<Moment>>,
    /// What is shown instead of the newest, and as what it was asked for.
    held: Option<(About, Arc<Moment>)>,
    found: Option<Found>,
}

/// What was found in a moment: looked for once, however often the moment is asked about.
#[derive(Debug)]
struct Found {
    moment: Arc<Moment>,
    limits: Limits,
    findings: Arc<Findings>,
}

impl Default for Memory {
    fn default() -> Self {
        Self::new(Keeping::default())
    }
}

impl Memory {
    /// An empty one.
    pub fn new(keeping: Keeping) -> Self {
        Self {
            keeping,
            history: History::keeping(keeping.closed),
            past: Past::new(keeping.moments),
            newest: None,
            held: None,
            found: None,
        }
    }

    /// Forgets everything.
    pub fn forget(&mut self) {
        *self = Self::new(self.keeping);
    }

    /// Takes up what came of a look. Gives back the emptied socket list, where there was one.
    pub fn take_up(&mut self, sampled: Sampled) -> Option<Vec<Socket>> {
        match sampled {
            Sampled::Snapshot(mut snapshot) => {
                let newest = self.history.apply(&mut snapshot);
                self.past.push(&newest);
                self.newest = Some(newest);
                Some(snapshot.sockets)
            }
            Sampled::Failed(gap) => {
                if let Some(newest) = &mut self.newest {
                    let mut moment = Moment::clone(newest);
                    moment.gaps = vec![gap];
                    *newest = Arc::new(moment);
                }
                None
            }
        }
    }

    /// Answers; `None` before the first sample.
    pub fn answer(&mut self, question: &Question) -> Option<Published> {
        let newest = self.newest.clone()?;
        let moment = self.moment(question.about, &newest);
        let track = self.past.track(moment.elapsed);
        let findings = self.findings(&moment, question.limits);
        let whole = Arc::clone(&moment);
        let moment = match question.query.grouping {
            Grouping::History => self.history.ended(&moment),
            _ => moment,
        };
        let answer = Arc::new(answer(moment, &question.query));
        let lines = Lines::new(&answer, &question.folds);
        let context = Context {
            moment: &answer.moment,
            services: &question.query.services,
        };
        let typed = question.typed.as_ref();
        let completion = typed.map(|typed| complete(typed, context, question.query.narrow));
        let survey = question
            .survey
            .map(|scope| (scope, Arc::new(Survey::of(&answer, scope))));
        let exam = question.exam.as_ref();
        let marked = exam.map(|exam| exam.mark(&answer.moment));
        Some(Published {
            survey,
            marked,
            lines,
            newest,
            completion,
            kept: self.history.kept(),
            about: question.about,
            track,
            explained: explained(question, &whole, &answer, &findings),
            answer,
            findings,
        })
    }

    fn moment(&mut self, about: About, newest: &Arc<Moment>) -> Arc<Moment> {
        if let Some((held_as, held)) = &self.held
            && *held_as == about
        {
            return Arc::clone(held);
        }
        let shown = self.held.take().map(|(_, held)| held);
        let moment = match about {
            About::Newest => return Arc::clone(newest),
            About::Held => Arc::clone(newest),
            About::Past(spot) => shown
                // It may be older than all that are kept.
                .filter(|shown| spot.steps == 0 && shown.elapsed == spot.at)
                .or_else(|| self.past.find(spot))
                .unwrap_or_else(|| Arc::clone(newest)),
        };
        self.held = Some((about, Arc::clone(&moment)));
        moment
    }

    fn findings(&mut self, moment: &Arc<Moment>, limits: Limits) -> Arc<Findings> {
        let known = self.found.as_ref();
        if let Some(known) = known
            .filter(|known| Arc::ptr_eq(&known.moment, moment))
            .filter(|known| known.limits == limits)
        {
            return Arc::clone(&known.findings);
        }
        let findings = Arc::new(Findings::of(moment, &limits));
        self.found = Some(Found {
            moment: Arc::clone(moment),
            limits,
            findings: Arc::clone(&findings),
        });
        findings
    }
}

/// A row is looked for where it was chosen, also among those that have ended; all else is about what
/// is there.
fn explained(
    question: &Question,
    whole: &Moment,
    answer: &Answer,
    findings: &Findings,
) -> Option<Explained> {
    let (subject, look) = question.explain?;
    let moment = match subject {
        Subject::Row(..) => &answer.moment,
        _ => whole,
    };
    let known = Known {
        moment,
        services: &question.query.services,
        findings,
    };
    Some(Explained {
        subject,
        look,
        said: teach::explain(subject, look, known).map(Arc::new),
    })
}
