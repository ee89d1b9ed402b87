//! The view state: everything a screen depends on besides the query result.

use std::sync::Arc;
use std::time::Duration;

use super::explain_page::ExplainPage;
use super::lessons::LessonsState;
use super::menu::Menu;
use super::pane_mode::PaneMode;
use crate::collect::SourceReason;
use crate::filter::FilterError;
use crate::filter::edit::FilterEdit;
use crate::filter::quick_filter::QuickFilter;
use crate::findings::evaluate::Findings;
use crate::findings::finding::FindingId;
use crate::history::{ClosedLogStats, TimePoint, TimelineInfo, Totals};
use crate::net::snapshot::SourceKind;
use crate::query::{Folds, Grouping, LineId, SortOrder, TupleDiff};

/// The part of the screen that receives the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The table.
    #[default]
    Browse,
    /// The filter line.
    Filter,
    Help {
        /// The number of lines scrolled past.
        scroll: usize,
    },
    /// The menu of the selected row's conditions, one of which is added to the filter.
    FilterMenu(FilterEdit),
    /// The menu of what to record.
    RecordMenu,
    /// The list of all commands, searchable by name.
    Palette,
    /// The list of findings; holds the selected one.
    Findings(Option<FindingId>),
    Explain,
}

/// How much is shown of the selected row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DetailsLevel {
    /// A few sentences.
    #[default]
    Brief,
    /// All details, below the table.
    Pane,
    /// All details, instead of the table.
    Full,
}

/// Normal or presentation mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DisplayMode {
    #[default]
    Normal,
    /// For a projector: few columns, full sentences, nothing dim.
    Presentation,
}

impl DisplayMode {
    pub const fn toggled(self) -> Self {
        match self {
            Self::Normal => Self::Presentation,
            Self::Presentation => Self::Normal,
        }
    }
}

/// Which moment is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeMode {
    /// The newest.
    #[default]
    Live,
    /// A pinned moment; sampling continues.
    Paused {
        /// The totals at that moment.
        totals: Totals,
        /// Its time, on the collector's clock.
        at: Duration,
    },
    /// An earlier moment; sampling continues.
    Past(TimePoint),
}

/// The state of a replay; there is one if the dashboard shows a recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Playback {
    /// The speed as a factor: 1.0 is as recorded.
    pub speed: f64,
    pub status: PlaybackStatus,
}

/// Whether a replay has reached its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaybackStatus {
    /// There may be more samples.
    Playing,
    /// The last sample is shown.
    Ended,
}

/// The recording in progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingStatus {
    /// The name of its file, sanitised.
    pub file_name: Arc<str>,
    /// The bytes written so far.
    pub bytes: u64,
}

/// The state of an input line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterInput {
    pub text: String,
    /// The text cursor, as a byte index into `text`.
    pub cursor: usize,
    /// The last text that parsed.
    pub last_valid: String,
    /// Why `text` does not parse; until it does, `last_valid` keeps filtering.
    pub error: Option<FilterError>,
}

/// A notice for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub text: String,
    pub kind: NoticeKind,
}

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoticeKind {
    /// Something went wrong.
    Error,
    /// The result of the last action.
    Info,
    /// Something cannot be observed.
    Limitation,
}

/// Figures of the newest sample, also while an older one is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LatestSample {
    /// Sockets opened, closed and changed so far.
    pub totals: Totals,
    /// Its time, on the collector's clock.
    pub elapsed: Duration,
    /// How long sampling took.
    pub duration: Duration,
    /// The CPU time of this program as a share of one core.
    pub cpu_share: Option<f64>,
}

/// The source of the sockets, and why this one was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceInfo {
    pub kind: SourceKind,
    pub reason: SourceReason,
}

impl SourceInfo {
    pub fn new(kind: SourceKind, reason: &SourceReason) -> Self {
        Self {
            kind,
            reason: reason.clone(),
        }
    }
}

/// Everything a screen depends on besides the query result.
#[derive(Clone, Debug)]
pub struct ViewState {
    /// The size of the terminal: columns and lines.
    pub size: (u16, u16),
    pub mode: Mode,
    pub details: DetailsLevel,
    /// The lessons, while they are open.
    pub lessons: Option<LessonsState>,
    pub display_mode: DisplayMode,
    pub pane_mode: PaneMode,
    /// The data of [`PaneMode::TupleTable`] and [`PaneMode::StateDiagram`], once received.
    pub tuple_diff: Option<Arc<TupleDiff>>,
    /// The number of lines scrolled past in the full details.
    pub details_scroll: usize,
    pub filter: FilterInput,
    /// The input line of the palette; it never has an error.
    pub palette: FilterInput,
    /// The open menu.
    pub menu: Option<Menu>,
    pub quick_filter: QuickFilter,
    /// The view: ports, processes, hosts, sockets or history.
    pub grouping: Grouping,
    /// The sort order of each view, indexed by [`Grouping`].
    pub sort_orders: [SortOrder; 5],
    /// The unfolded groups.
    pub folds: Folds,
    pub time_mode: TimeMode,
    /// The state of the replay, if this is one.
    pub playback: Option<Playback>,
    /// The identity of the row under the cursor.
    pub selected: Option<LineId>,
    /// The line under the cursor.
    pub cursor: usize,
    /// The first line shown.
    pub top: usize,
    /// The notices, the most important first.
    pub notices: Vec<Notice>,
    /// The interval that was set.
    pub interval: Duration,
    /// The real interval, if sampling takes too long for the one that was set.
    pub actual_interval: Option<Duration>,
    pub source: Option<SourceInfo>,
    pub latest: LatestSample,
    /// The time zone in which times of day are shown.
    pub time_zone: jiff::tz::TimeZone,
    /// How many closed sockets are kept.
    pub closed_log_stats: ClosedLogStats,
    /// The recording in progress.
    pub recording: Option<RecordingStatus>,
    /// The moments before and after the one that is shown.
    pub timeline: TimelineInfo,
    /// The view that leaving the history returns to.
    pub previous_grouping: Grouping,
    /// The findings in the moment that is shown.
    pub findings: Arc<Findings>,
    /// The explanation page, while it is open.
    pub explain: Option<ExplainPage>,
}

impl ViewState {
    /// Returns the state in which the program starts.
    pub fn new(size: (u16, u16), interval: Duration) -> Self {
        Self {
            size,
            mode: Mode::default(),
            details: DetailsLevel::default(),
            lessons: None,
            display_mode: DisplayMode::default(),
            pane_mode: PaneMode::default(),
            tuple_diff: None,
            details_scroll: 0,
            filter: FilterInput::default(),
            palette: FilterInput::default(),
            menu: None,
            quick_filter: QuickFilter::default(),
            grouping: Grouping::default(),
            sort_orders: Grouping::LIVE_AND_HISTORY.map(Grouping::default_order),
            folds: Folds::default(),
            time_mode: TimeMode::default(),
            playback: None,
            selected: None,
            cursor: 0,
            top: 0,
            notices: Vec::new(),
            interval,
            actual_interval: None,
            source: None,
            latest: LatestSample::default(),
            time_zone: jiff::tz::TimeZone::UTC,
            closed_log_stats: ClosedLogStats::default(),
            recording: None,
            timeline: TimelineInfo::default(),
            previous_grouping: Grouping::default(),
            findings: Arc::default(),
            explain: None,
        }
    }

    /// Returns the sort order of the current view.
    pub const fn sort_order(&self) -> SortOrder {
        self.sort_orders[self.grouping as usize]
    }
}
