//! What a lesson is made of.
//!
//! In: nothing. Out: [`Lesson`] and [`Step`]: data only, read by the screen that teaches and by the
//! lab that does what it says.

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
    /// What it is called.
    pub title: &'static str,
    /// The one idea, in a sentence.
    pub idea: &'static str,
    /// What many believe and what the lesson shows to be wrong.
    pub misconceptions: &'static [&'static str],
    /// Lessons that come first.
    pub prerequisites: &'static [u8],
    /// The processes it needs.
    pub roles: &'static [LabRole],
    /// What happens, step by step.
    pub steps: &'static [LessonStep],
    /// What was learned, said after the last step.
    pub explanation: &'static [Fact],
    /// The page behind the question why.
    pub background: &'static [Fact],
}

/// A step: asked, done, seen, explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LessonStep {
    /// What is done, in a few words.
    pub title: &'static str,
    /// Asked before it is done.
    pub questions: &'static [LessonQuestion],
    /// What is done.
    pub actions: &'static [LabAction],
    /// The rows afterwards: these and no others.
    pub expected_rows: &'static [RowPattern],
    /// What can be counted in them.
    pub expected_counts: &'static [ExpectedCount],
    /// Where to look.
    pub highlight: Highlight,
    /// What it means.
    pub explanation: &'static [Fact],
    /// Where it can be shown.
    pub condition: StepCondition,
}

impl LessonStep {
    /// A step without question or explanation, to be filled in.
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

/// A number that must be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpectedCount {
    /// What is counted.
    pub metric: LabMetric,
    /// What it comes to.
    pub expected: u32,
    /// What that is, in words: "sockets at port {P}".
    pub label: &'static str,
}

/// The column that shows the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Highlight {
    /// The rows as such: how many there are.
    Rows,
    /// The state.
    State,
    /// This end's port.
    LocalPort,
    /// The address at this end.
    LocalAddress,
    /// The other end.
    Remote,
    /// Whose it is.
    Owner,
    /// Recv-Q and Send-Q.
    Queues,
    /// What came of the call: nothing new in the table.
    CallResult,
}

/// A sentence or two, and where it can be looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What holds. Its `{…}` are filled in from the rows.
    pub text: &'static str,
    /// Where it is written: `RFC 9293 §3.4.1`, `accept(2)`.
    pub source: &'static str,
}

/// Something that holds, and where it is written.
pub const fn fact(text: &'static str, source: &'static str) -> Fact {
    Fact { text, source }
}

/// Something of the system that not every machine has or allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Capability {
    /// IP_MINTTL: a socket can be made deaf.
    MinTtl,
    /// IP_LOCAL_PORT_RANGE (Linux 6.3): a socket's own range of ephemeral ports.
    LocalPortRange,
    /// ::1 is there.
    Ipv6,
    /// Port 80 is not for this user.
    PrivilegedPorts,
    /// TCP_DEFER_ACCEPT.
    DeferAccept,
}

impl Capability {
    /// What cannot be shown without it, and why.
    pub const fn missing_reason(self) -> &'static str {
        match self {
            Self::MinTtl => "this system does not let a socket be made deaf (IP_MINTTL)",
            Self::LocalPortRange => {
                "this system gives a socket no port range of its own (IP_LOCAL_PORT_RANGE, Linux 6.3)"
            }
            Self::Ipv6 => "this machine has no IPv6 loopback address (::1)",
            Self::PrivilegedPorts => {
                "this user may bind port 80, so that the refusal cannot be shown"
            }
            Self::DeferAccept => "this system has no TCP_DEFER_ACCEPT",
        }
    }
}

/// Where a step can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepCondition {
    /// Everywhere.
    Always,
    /// Only with this.
    With(Capability),
    /// Only without it: another way to show nearly the same.
    Without(Capability),
}
