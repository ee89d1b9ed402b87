//! What the user is looking at: everything the screen depends on besides the answer.

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

/// Who gets the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The table.
    #[default]
    Browse,
    /// The filter line.
    Filter,
    /// The help.
    Help {
        /// Lines scrolled past.
        scroll: usize,
    },
    /// What the row under the cursor is: one of it goes into the filter.
    FilterMenu(FilterEdit),
    /// What is to be recorded.
    RecordMenu,
    /// Everything there is to do, by name.
    Palette,
    /// What is stuck or odd, and which of it is chosen.
    Findings(Option<FindingId>),
    /// What something is, in words.
    Explain,
}

/// How much is shown of the selected row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DetailsLevel {
    /// A few sentences.
    #[default]
    Brief,
    /// Everything, below the table.
    Pane,
    /// Everything, instead of the table.
    Full,
}

/// For whom it is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DisplayMode {
    /// For one who sits before it.
    #[default]
    Normal,
    /// For a room: little at a time, in sentences, and nothing faint.
    Presentation,
}

impl DisplayMode {
    /// The other one.
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
    /// One that is kept, while collecting goes on.
    Paused {
        /// What had happened until then.
        totals: Totals,
        /// When that was, on the collector's clock.
        at: Duration,
    },
    /// One of those before, while collecting goes on.
    Past(TimePoint),
}

/// That this is a recording and not what happens now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Playback {
    /// How many times as fast as it was.
    pub speed: f64,
    /// How far it is.
    pub status: PlaybackStatus,
}

/// How far a recording is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaybackStatus {
    /// There may be more.
    Playing,
    /// The last moment is shown.
    Ended,
}

/// The recording that is being made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingStatus {
    /// The name of its file, safe to show.
    pub file_name: Arc<str>,
    /// How many bytes it has.
    pub bytes: u64,
}

/// The filter line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterInput {
    /// What was typed.
    pub text: String,
    /// Where the cursor is, in bytes.
    pub cursor: usize,
    /// The last text that was a filter.
    pub last_valid: String,
    /// What is wrong with the text; the last good filter stays in force meanwhile.
    pub error: Option<FilterError>,
}

/// Something the user should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// In words.
    pub text: String,
    /// Whether it is about the program itself rather than about what can be seen.
    pub kind: NoticeKind,
}

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoticeKind {
    /// Something went wrong.
    Error,
    /// A word on what was just done.
    Info,
    /// Something cannot be seen.
    Limitation,
}

/// The newest sample in figures, also while an older one is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LatestSample {
    /// What happened so far.
    pub totals: Totals,
    /// When it was taken, on the collector's clock.
    pub elapsed: Duration,
    /// How long it took.
    pub duration: Duration,
    /// This program's share of one core.
    pub cpu_share: Option<f64>,
}

/// Where the sockets come from, and why from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceInfo {
    /// Where.
    pub kind: SourceKind,
    /// Why.
    pub reason: SourceReason,
}

impl SourceInfo {
    /// Joins the two.
    pub fn new(kind: SourceKind, reason: &SourceReason) -> Self {
        Self {
            kind,
            reason: reason.clone(),
        }
    }
}

/// Everything the screen depends on besides the answer.
#[derive(Clone, Debug)]
pub struct ViewState {
    /// Columns and lines.
    pub size: (u16, u16),
    /// Who gets the keys.
    pub mode: Mode,
    /// How much is shown of the selected row.
    pub details: DetailsLevel,
    /// The lessons, while they are open.
    pub lessons: Option<LessonsState>,
    /// For whom it is drawn.
    pub display_mode: DisplayMode,
    /// What the pane shows.
    pub pane_mode: PaneMode,
    /// What [`Look::TupleCells`] and [`Look::StateMask`] show, once it is known.
    pub tuple_diff: Option<Arc<TupleDiff>>,
    /// Lines scrolled past in the full details.
    pub details_scroll: usize,
    /// The filter line.
    pub filter: FilterInput,
    /// What was typed into the palette; it is never wrong.
    pub palette: FilterInput,
    /// The list that is open.
    pub menu: Option<Menu>,
    /// The switches.
    pub quick_filter: QuickFilter,
    /// The view.
    pub grouping: Grouping,
    /// The order, for each view.
    pub sort_orders: [SortOrder; 5],
    /// What is unfolded.
    pub folds: Folds,
    /// Which moment is shown.
    pub time_mode: TimeMode,
    /// Whether this is a recording.
    pub playback: Option<Playback>,
    /// The row under the cursor, by what it is.
    pub selected: Option<LineId>,
    /// The line it is on.
    pub cursor: usize,
    /// The first line shown.
    pub top: usize,
    /// What the user should know, the most important first.
    pub notices: Vec<Notice>,
    /// The wish.
    pub interval: Duration,
    /// What really is, where sampling takes too long for the wish.
    pub actual_interval: Option<Duration>,
    /// Where the sockets come from.
    pub source: Option<SourceInfo>,
    /// The newest sample.
    pub latest: LatestSample,
    /// In which times of day are shown.
    pub time_zone: jiff::tz::TimeZone,
    /// How many closed sockets are kept.
    pub closed_log_stats: ClosedLogStats,
    /// The recording that is being made, if one is.
    pub recording: Option<RecordingStatus>,
    /// What lies before and after the moment that is shown.
    pub timeline: TimelineInfo,
    /// The view to which leaving the history leads.
    pub previous_grouping: Grouping,
    /// What is stuck or odd in the moment that is shown.
    pub findings: Arc<Findings>,
    /// The page that explains, while it is open.
    pub explain: Option<ExplainPage>,
}

impl ViewState {
    /// The state the program opens in.
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

    /// The order of the view that is shown.
    pub const fn sort_order(&self) -> SortOrder {
        self.sort_orders[self.grouping as usize]
    }
}
