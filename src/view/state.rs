//! What the user is looking at: everything the screen depends on besides the answer.

use std::sync::Arc;
use std::time::Duration;

use crate::collect::Reason;
use crate::history::{Kept, Spot, Totals, Track};
use crate::query::{FilterError, Folds, Grouping, Joining, LineId, Narrow, Order, Survey};
use crate::snapshot::SourceKind;
use crate::teach::{FindingId, Findings};
use crate::view::course::Course;
use crate::view::explain::ExplainPage;
use crate::view::menu::Menu;

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
    Pick(Joining),
    /// What is to be recorded.
    Record,
    /// Everything there is to do, by name.
    Palette,
    /// What is stuck or odd, and which of it is chosen.
    Findings(Option<FindingId>),
    /// What something is, in words.
    Explain,
}

/// How much is shown of the selected row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Details {
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
pub enum Manner {
    /// For one who sits before it.
    #[default]
    Usual,
    /// For a room: little at a time, in sentences, and nothing faint.
    Presenter,
}

impl Manner {
    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::Usual => Self::Presenter,
            Self::Presenter => Self::Usual,
        }
    }
}

/// What the pane below the table shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Look {
    /// Sentences and facts.
    #[default]
    Words,
    /// The four numbers of every connection of the group.
    Numbers,
    /// The states of TCP, with those lit that the group's sockets are in.
    States,
}

impl Look {
    /// The next one.
    pub const fn next(self) -> Self {
        match self {
            Self::Words => Self::Numbers,
            Self::Numbers => Self::States,
            Self::States => Self::Words,
        }
    }
}

/// Which moment is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Feed {
    /// The newest.
    #[default]
    Live,
    /// One that is kept, while collecting goes on.
    Paused {
        /// What had happened until then.
        until: Totals,
        /// When that was, on the collector's clock.
        at: Duration,
    },
    /// One of those before, while collecting goes on.
    Past(Spot),
}

/// That this is a recording and not what happens now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Playback {
    /// How many times as fast as it was.
    pub speed: f64,
    /// How far it is.
    pub stage: Stage,
}

/// How far a recording is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// There may be more.
    Running,
    /// The last moment is shown.
    Over,
}

/// The recording that is being made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tape {
    /// The name of its file, safe to show.
    pub name: Arc<str>,
    /// How many bytes it has.
    pub bytes: u64,
}

/// The filter line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterLine {
    /// What was typed.
    pub text: String,
    /// Where the cursor is, in bytes.
    pub cursor: usize,
    /// The last text that was a filter.
    pub good: String,
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
    Trouble,
    /// A word on what was just done.
    Done,
    /// Something cannot be seen.
    Unseen,
}

/// The newest sample in figures, also while an older one is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Newest {
    /// What happened so far.
    pub totals: Totals,
    /// When it was taken, on the collector's clock.
    pub elapsed: Duration,
    /// How long it took.
    pub sample: Duration,
    /// This program's share of one core.
    pub cpu: Option<f64>,
}

/// Where the sockets come from, and why from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Where.
    pub kind: SourceKind,
    /// Why.
    pub reason: Reason,
}

impl Origin {
    /// Joins the two.
    pub fn new(kind: SourceKind, reason: &Reason) -> Self {
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
    pub details: Details,
    /// The lessons, while they are open.
    pub course: Option<Course>,
    /// For whom it is drawn.
    pub manner: Manner,
    /// What the pane shows.
    pub look: Look,
    /// What [`Look::Numbers`] and [`Look::States`] show, once it is known.
    pub survey: Option<Arc<Survey>>,
    /// Lines scrolled past in the full details.
    pub details_scroll: usize,
    /// The filter line.
    pub filter: FilterLine,
    /// What was typed into the palette; it is never wrong.
    pub palette: FilterLine,
    /// The list that is open.
    pub menu: Option<Menu>,
    /// The switches.
    pub narrow: Narrow,
    /// The view.
    pub grouping: Grouping,
    /// The order, for each view.
    pub orders: [Order; 5],
    /// What is unfolded.
    pub folds: Folds,
    /// Which moment is shown.
    pub feed: Feed,
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
    pub stretched: Option<Duration>,
    /// Where the sockets come from.
    pub source: Option<Origin>,
    /// The newest sample.
    pub newest: Newest,
    /// In which times of day are shown.
    pub zone: jiff::tz::TimeZone,
    /// How many closed sockets are kept.
    pub kept: Kept,
    /// The recording that is being made, if one is.
    pub tape: Option<Tape>,
    /// What lies before and after the moment that is shown.
    pub track: Track,
    /// The view to which leaving the history leads.
    pub before_history: Grouping,
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
            details: Details::default(),
            course: None,
            manner: Manner::default(),
            look: Look::default(),
            survey: None,
            details_scroll: 0,
            filter: FilterLine::default(),
            palette: FilterLine::default(),
            menu: None,
            narrow: Narrow::default(),
            grouping: Grouping::default(),
            orders: Grouping::EVERY.map(Grouping::usual_order),
            folds: Folds::default(),
            feed: Feed::default(),
            playback: None,
            selected: None,
            cursor: 0,
            top: 0,
            notices: Vec::new(),
            interval,
            stretched: None,
            source: None,
            newest: Newest::default(),
            zone: jiff::tz::TimeZone::UTC,
            kept: Kept::default(),
            tape: None,
            track: Track::default(),
            before_history: Grouping::default(),
            findings: Arc::default(),
            explain: None,
        }
    }

    /// The order of the view that is shown.
    pub const fn order(&self) -> Order {
        self.orders[self.grouping as usize]
    }
}
