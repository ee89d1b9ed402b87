//! Keeps the history and answers requests; runs on the engine thread.
//!
//! All work that grows with the number of sockets is done here.

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

/// How much history is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Limits for closed sockets.
    pub closed: RetentionLimits,
    /// Limits for past moments.
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

/// The history, and the caches to answer requests from it.
#[derive(Debug)]
pub struct Engine {
    retention: Retention,
    history: History,
    timeline: Timeline,
    newest: Option<Arc<Moment>>,
    /// The moment shown instead of the newest, and the selector it was requested with.
    pinned: Option<(MomentSelector, Arc<Moment>)>,
    findings_cache: Option<FindingsCache>,
}

/// The findings of a moment, evaluated once for all requests on it.
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
    /// Creates an engine without samples.
    pub fn new(retention: Retention) -> Self {
        Self {
            retention,
            history: History::with_closed_log(retention.closed),
            timeline: Timeline::new(retention.moments),
            newest: None,
            pinned: None,
            findings_cache: None,
        }
    }

    pub fn reset(&mut self) {
        *self = Self::new(self.retention);
    }

    /// Applies a sample. Returns the drained socket list for reuse, if there was one.
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

    /// Answers a request; `None` before the first sample.
    pub fn respond(&mut self, request: &EngineRequest) -> Option<EngineResponse> {
        let newest = self.newest.clone()?;
        let moment = self.select_moment(request.moment, &newest);
        let timeline = self.timeline.info(moment.elapsed);
        let findings = self.cached_findings(&moment, request.thresholds);
        let full_moment = Arc::clone(&moment);
        let moment = match request.query.grouping {
            Grouping::History => self.history.closed_sockets_at(&moment),
            _ => moment,
        };
        let result = Arc::new(run(moment, &request.query));
        let lines = VisibleLines::new(&result, &request.folds);
        let context = FilterContext {
            moment: &result.moment,
            services: &request.query.services,
        };
        let typed = request.completion_request.as_ref();
        let completion = typed.map(|typed| complete(typed, context, request.query.quick_filter));
        let tuple_diff = request
            .diff_scope
            .map(|scope| (scope, Arc::new(TupleDiff::compute(&result, scope))));
        let grade_request = request.grade_request.as_ref();
        let grade = grade_request.map(|grade_request| grade_request.grade(&result.moment));
        Some(EngineResponse {
            tuple_diff,
            grade,
            lines,
            newest,
            completion,
            closed_stats: self.history.closed_log_stats(),
            moment: request.moment,
            timeline,
            explain: explain_subject(request, &full_moment, &result, &findings),
            result,
            findings,
        })
    }

    fn select_moment(&mut self, selector: MomentSelector, newest: &Arc<Moment>) -> Arc<Moment> {
        if let Some((pinned_for, pinned)) = &self.pinned
            && *pinned_for == selector
        {
            return Arc::clone(pinned);
        }
        let shown = self.pinned.take().map(|(_, pinned)| pinned);
        let moment = match selector {
            MomentSelector::Newest => return Arc::clone(newest),
            MomentSelector::Pinned => Arc::clone(newest),
            MomentSelector::At(point) => shown
                // It may be older than all moments kept.
                .filter(|shown| point.sample_offset == 0 && shown.elapsed == point.at)
                .or_else(|| self.timeline.find(point))
                .unwrap_or_else(|| Arc::clone(newest)),
        };
        self.pinned = Some((selector, Arc::clone(&moment)));
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

/// Explains a subject. A row is looked up in the result, which may be of closed sockets; everything
/// else in the full moment.
fn explain_subject(
    request: &EngineRequest,
    full_moment: &Moment,
    result: &QueryResult,
    findings: &Findings,
) -> Option<ExplainResult> {
    let (subject, perspective) = request.explain?;
    let moment = match subject {
        ExplainSubject::Socket(..) => &result.moment,
        _ => full_moment,
    };
    let context = ExplainContext {
        moment,
        services: &request.query.services,
        findings,
    };
    Some(ExplainResult {
        subject,
        perspective,
        explanation: dispatch::build_explanation(subject, perspective, context).map(Arc::new),
    })
}
