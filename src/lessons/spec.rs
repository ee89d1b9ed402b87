//! The data types of lessons.
//!
//! A [`Lesson`] and its [`LessonStep`]s are only data: the screen shows them, and the lab executes
//! them.

use super::action::LabAction;
use super::call::LabRole;
use super::lab_view::LabMetric;
use super::question::LessonQuestion;
use super::row_pattern::RowPattern;

/// A lesson: one idea, shown on real sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// 1 to 14.
    pub number: u8,
    pub title: &'static str,
    /// The idea in one sentence.
    pub idea: &'static str,
    /// Common beliefs that the lesson disproves.
    pub misconceptions: &'static [&'static str],
    /// The numbers of the lessons to take first.
    pub prerequisites: &'static [u8],
    /// The processes that the lab starts.
    pub roles: &'static [LabRole],
    pub steps: &'static [LessonStep],
    /// The conclusion, shown after the last step.
    pub explanation: &'static [Fact],
    /// Further facts, shown on the page that `w` opens.
    pub background: &'static [Fact],
}

/// A step of a lesson: questions, calls, expected rows, explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LessonStep {
    pub title: &'static str,
    /// The questions asked before the calls are made.
    pub questions: &'static [LessonQuestion],
    pub actions: &'static [LabAction],
    /// The lab's rows afterwards: these and no others.
    pub expected_rows: &'static [RowPattern],
    /// Counts that the rows must give.
    pub expected_counts: &'static [ExpectedCount],
    /// The column that shows the result.
    pub highlight: Highlight,
    pub explanation: &'static [Fact],
    /// Whether the step depends on a capability of the machine.
    pub condition: StepCondition,
}

impl LessonStep {
    /// An empty step, for struct update syntax.
    pub const DEFAULT: Self = Self {
        title: "",
        questions: &[],
        actions: &[],
        expected_rows: &[],
        expected_counts: &[],
        highlight: Highlight::Rows,
        explanation: &[],
        condition: StepCondition::Always,
    };
}

/// A count that the rows must give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpectedCount {
    pub metric: LabMetric,
    pub expected: u32,
    /// The name of the count: "sockets at port {P}".
    pub label: &'static str,
}

/// The column that shows the result of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Highlight {
    /// No single column: the number of rows.
    Rows,
    State,
    LocalPort,
    LocalAddress,
    /// The peer's address and port.
    Remote,
    Owner,
    /// Recv-Q and Send-Q.
    Queues,
    /// The result of the call; the table did not change.
    CallResult,
}

/// A short text with its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The text; its `{…}` are filled in from the rows.
    pub text: &'static str,
    /// The source: `RFC 9293 §3.4.1`, `accept(2)`.
    pub source: &'static str,
}

/// Returns a [`Fact`].
pub const fn fact(text: &'static str, source: &'static str) -> Fact {
    Fact { text, source }
}

/// A capability that not every system has or allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Capability {
    /// IP_MINTTL drops the packets of this machine.
    MinTtl,
    /// IP_LOCAL_PORT_RANGE (Linux 6.3) gives a socket its own range of ephemeral ports.
    LocalPortRange,
    /// A socket can bind ::1.
    Ipv6,
    /// This user may not bind port 80.
    PrivilegedPorts,
    /// TCP_DEFER_ACCEPT can be set.
    DeferAccept,
}

impl Capability {
    /// Returns why a step that needs the capability cannot be shown.
    pub const fn missing_reason(self) -> &'static str {
        match self {
            Self::MinTtl => "this system cannot make a socket drop packets (IP_MINTTL)",
            Self::LocalPortRange => {
                "this system cannot give a socket its own port range (IP_LOCAL_PORT_RANGE, Linux 6.3)"
            }
            Self::Ipv6 => "this machine has no IPv6 loopback address (::1)",
            Self::PrivilegedPorts => "this user may bind port 80, so the error cannot be shown",
            Self::DeferAccept => "this system has no TCP_DEFER_ACCEPT",
        }
    }
}

/// On which machines a step is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepCondition {
    Always,
    /// Only with this capability.
    With(Capability),
    /// Only without this capability: a replacement for the step that needs it.
    Without(Capability),
}
