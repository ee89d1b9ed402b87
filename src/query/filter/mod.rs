//! Text → which sockets.
//!
//! In: what the user typed. Out: a [`Filter`], or a [`FilterError`] with the place and the reason.
//! Words side by side must all match. A word is, in this order: a port (`443` or `:443`), an
//! address, a protocol, a TCP state in any spelling, else part of a process, service, user or unit
//! name. A number is a port exactly: `80` never matches 8080.

mod eval;
mod parse;
mod words;

use std::fmt;
use std::net::IpAddr;
use std::ops::Range;

pub use eval::Context;

use crate::port::{Port, Protocol};
use crate::socket::TcpState;

/// A filter that was understood. The empty one matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    terms: Vec<Term>,
}

impl Filter {
    /// Understands the text.
    ///
    /// # Errors
    /// Where the text is no filter: what is wrong and where. Nothing is silently taken as a name.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        parse::parse(text)
    }

    /// Whether it lets everything through.
    pub const fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }
}

/// One word, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    /// Either end has this port.
    Port(Port),
    /// Either end has this address.
    Address(IpAddr),
    /// TCP or UDP.
    Protocol(Protocol),
    /// In this state.
    State(TcpState),
    /// Part of a name, in lower case.
    Name(String),
}

/// A text that is no filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// The bytes of the text that are wrong.
    pub span: Range<usize>,
    /// What is wrong with them.
    pub kind: FilterErrorKind,
}

/// What can be wrong with a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilterErrorKind {
    /// A number that is no port.
    PortTooBig,
    /// `:` with something else than a port behind it.
    NotAPort,
    /// Something that looks like an address and is none.
    NotAnAddress,
    /// A character that has no meaning here.
    Unexpected(char),
    /// More text than a person types.
    TooLong,
}

impl fmt::Display for FilterErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PortTooBig => f.write_str("ports go from 1 to 65535"),
            Self::NotAPort => f.write_str("a port is expected after the colon, as in :443"),
            Self::NotAnAddress => f.write_str("not an IP address"),
            Self::Unexpected(c) => write!(
                f,
                "{c:?} means nothing here; a port, address, state or name does"
            ),
            Self::TooLong => f.write_str("a filter has at most 1000 characters"),
        }
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl std::error::Error for FilterError {}
