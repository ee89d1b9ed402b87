//! What is remembered, and answered from: what the thread *model* does, without the thread.
//!
//! In: samples and questions. Out: answers. Here is all the work that grows with the number of
//! sockets.

use std::sync::Arc;
use std::time::Duration;

use crate::collect::SampleOutcome;
use crate::explain::context::ExplainContext;
use crate::explain::dispatch;
use crate::explain::subject::ExplainSubject;
use crate::filter::FilterContext;
use crate::filter::complete::complete;
use crate::findings::Thresholds;
use crate::findings::evaluate::Findings;
use crate::history::state::History;
use crate::history::{Moment, RetentionLimits, Timeline};
use crate::net::socket::Socket;
use crate::query::{Grouping, QueryResult, TupleDiff, VisibleLines, run};
use crate::tui::engine_request::{EngineRequest, EngineResponse, ExplainResult, MomentSelector};

/// How much is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Of sockets that have ended.
    pub closed: RetentionLimits,
    /// Of moments that one can go back to.
    pub moments: RetentionLimits,
}

impl Default for Retention {
    fn default() -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        Self {
            closed: RetentionLimits {
                max_age: 60 * MINUTE,
                max_bytes: 16_000_000,
            },
            moments: RetentionLimits {
                max_age: 10 * MINUTE,
                max_bytes: 24_000_000,
            },
        }
    }
}

/// What is remembered, and answered from.
#[derive(Debug)]
pub struct Engine {
    retention: Retention,
    history: History,
    timeline: Timeline,
    newest: Option<Arc<Moment>>,
    /// What is shown instead of the newest, and as what it was asked for.
    pinned: Option<(MomentSelector, Arc<Moment>)>,
    findings_cache: Option<FindingsCache>,
}

/// What was found in a moment: looked for once, however often the moment is asked about.
#[derive(Debug)]
struct FindingsCache {
    moment: Arc<Moment>,
    thresholds: Thresholds,
    findings: Arc<Findings>,
}

impl Default for Engine {
    fn default() -> Self {
        Self::new(Retention::default())
    }
}

impl Engine {
    /// An empty one.
    pub fn new(keeping: Retention) -> Self {
        Self {
            retention: keeping,
            history: History::with_closed_log(keeping.closed),
            timeline: Timeline::new(keeping.moments),
            newest: None,
            pinned: None,
            findings_cache: None,
        }
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        *self = Self::new(self.retention);
    }

    /// Takes up what came of a look. Gives back the emptied socket list, where there was one.
    pub fn apply_sample(&mut self, sampled: SampleOutcome) -> Option<Vec<Socket>> {
        match sampled {
            SampleOutcome::Snapshot(mut snapshot) => {
                let newest = self.history.apply(&mut snapshot);
                self.timeline.push(&newest);
                self.newest = Some(newest);
                Some(snapshot.sockets)
            }
            SampleOutcome::Failed(gap) => {
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
    pub fn respond(&mut self, request: &EngineRequest) -> Option<EngineResponse> {
        let newest = self.newest.clone()?;
        let moment = self.select_moment(request.moment, &newest);
        let track = self.timeline.info(moment.elapsed);
        let findings = self.cached_findings(&moment, request.thresholds);
        let full_moment = Arc::clone(&moment);
        let moment = match request.query.grouping {
            Grouping::History => self.history.closed_sockets_at(&moment),
            _ => moment,
        };
        let answer = Arc::new(run(moment, &request.query));
        let lines = VisibleLines::new(&answer, &request.folds);
        let context = FilterContext {
            moment: &answer.moment,
            services: &request.query.services,
        };
        let typed = request.completion_request.as_ref();
        let completion = typed.map(|typed| complete(typed, context, request.query.quick_filter));
        let survey = request
            .diff_scope
            .map(|scope| (scope, Arc::new(TupleDiff::compute(&answer, scope))));
        let grade_request = request.grade_request.as_ref();
        let grade = grade_request.map(|grade_request| grade_request.grade(&answer.moment));
        Some(EngineResponse {
            tuple_diff: survey,
            grade,
            lines,
            newest,
            completion,
            closed_stats: self.history.closed_log_stats(),
            moment: request.moment,
            timeline: track,
            explain: explain_subject(request, &full_moment, &answer, &findings),
            result: answer,
            findings,
        })
    }

    fn select_moment(&mut self, about: MomentSelector, newest: &Arc<Moment>) -> Arc<Moment> {
        if let Some((pinned_for, pinned)) = &self.pinned
            && *pinned_for == about
        {
            return Arc::clone(pinned);
        }
        let shown = self.pinned.take().map(|(_, pinned)| pinned);
        let moment = match about {
            MomentSelector::Newest => return Arc::clone(newest),
            MomentSelector::Pinned => Arc::clone(newest),
            MomentSelector::At(point) => shown
                // It may be older than all that are kept.
                .filter(|shown| point.sample_offset == 0 && shown.elapsed == point.at)
                .or_else(|| self.timeline.find(point))
                .unwrap_or_else(|| Arc::clone(newest)),
        };
        self.pinned = Some((about, Arc::clone(&moment)));
        moment
    }

    fn cached_findings(&mut self, moment: &Arc<Moment>, limits: Thresholds) -> Arc<Findings> {
        let known = self.findings_cache.as_ref();
        if let Some(known) = known
            .filter(|known| Arc::ptr_eq(&known.moment, moment))
            .filter(|known| known.thresholds == limits)
        {
            return Arc::clone(&known.findings);
        }
        let findings = Arc::new(Findings::from_moment(moment, &limits));
        self.findings_cache = Some(FindingsCache {
            moment: Arc::clone(moment),
            thresholds: limits,
            findings: Arc::clone(&findings),
        });
        findings
    }
}

/// A row is looked for where it was chosen, also among those that have ended; all else is about what
/// is there.
fn explain_subject(
    request: &EngineRequest,
    full_moment: &Moment,
    answer: &QueryResult,
    findings: &Findings,
) -> Option<ExplainResult> {
    let (subject, look) = request.explain?;
    let moment = match subject {
        ExplainSubject::Socket(..) => &answer.moment,
        _ => full_moment,
    };
    let known = ExplainContext {
        moment,
        services: &request.query.services,
        findings,
    };
    Some(ExplainResult {
        subject,
        perspective: look,
        explanation: dispatch::build_explanation(subject, look, known).map(Arc::new),
    })
}
