//! What a lesson is made of.
//!
//! In: nothing. Out: [`Lesson`] and [`Step`]: data only, read by the screen that teaches and by the
//! lab that does what it says.

use crate::teach::lessons::call::Actor;
use crate::teach::lessons::deed::Deed;
use crate::teach::lessons::pattern::Pattern;
use crate::teach::lessons::question::Question;
use crate::teach::lessons::scene::Measure;

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
    pub dispels: &'static [&'static str],
    /// Lessons that come first.
    pub after: &'static [u8],
    /// The processes it needs.
    pub actors: &'static [Actor],
    /// What happens, step by step.
    pub steps: &'static [Step],
    /// What was learned, said after the last step.
    pub explanation: &'static [Fact],
    /// The page behind the question why.
    pub why: &'static [Fact],
}

/// A step: asked, done, seen, explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is done, in a few words.
    pub title: &'static str,
    /// Asked before it is done.
    pub questions: &'static [Question],
    /// What is done.
    pub deeds: &'static [Deed],
    /// The rows afterwards: these and no others.
    pub rows: &'static [Pattern],
    /// What can be counted in them.
    pub claims: &'static [Claim],
    /// Where to look.
    pub look_at: LookAt,
    /// What it means.
    pub explanation: &'static [Fact],
    /// Where it can be shown.
    pub shown: Shown,
}

impl Step {
    /// A step without question or explanation, to be filled in.
    pub const PLAIN: Self = Self {
        title: "",
        questions: &[],
        deeds: &[],
        rows: &[],
        claims: &[],
        look_at: LookAt::Rows,
        explanation: &[],
        shown: Shown::Everywhere,
    };
}

/// A number that must be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What is counted.
    pub measure: Measure,
    /// What it comes to.
    pub is: u32,
    /// What that is, in words: "sockets at port {P}".
    pub what: &'static str,
}

/// The column that shows the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookAt {
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
    Outcome,
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
pub enum Ability {
    /// IP_MINTTL: a socket can be made deaf.
    Deafness,
    /// IP_LOCAL_PORT_RANGE (Linux 6.3): a socket's own range of ephemeral ports.
    PortRange,
    /// ::1 is there.
    Ipv6,
    /// Port 80 is not for this user.
    PrivilegedPorts,
    /// TCP_DEFER_ACCEPT.
    DeferAccept,
}

impl Ability {
    /// What cannot be shown without it, and why.
    pub const fn lack(self) -> &'static str {
        match self {
            Self::Deafness => "this system does not let a socket be made deaf (IP_MINTTL)",
            Self::PortRange => {
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
pub enum Shown {
    /// Everywhere.
    Everywhere,
    /// Only with this.
    With(Ability),
    /// Only without it: another way to show nearly the same.
    Without(Ability),
}
