//! What can be wrong with a filter: where, what was expected, and what was probably meant.

use std::fmt;
use std::ops::Range;

use super::number_units::known_units;
use crate::fields::{Dimension, Field, FieldKind};

/// The most characters a filter may have: more than anybody types, and what was pasted by mistake
/// is not worked through at every key.
pub const MAX_FILTER_CHARS: usize = 4000;

/// How deep groups and negations may nest: more than anybody reads, and no stack overflows.
pub const MAX_FILTER_DEPTH: usize = 50;

/// A text that is no filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// The bytes of the text that are wrong: within the text, at boundaries of characters.
    pub span: Range<usize>,
    /// What is wrong with them.
    pub kind: FilterErrorKind,
}

impl FilterError {
    pub(crate) const fn new(span: Range<usize>, kind: FilterErrorKind) -> Self {
        Self { span, kind }
    }
}

/// What can be wrong with a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilterErrorKind {
    /// More than [`LONGEST`] characters.
    TooLong,
    /// More than [`MAX_FILTER_DEPTH`] groups and negations within each other.
    TooDeep,
    /// A character that has no meaning here.
    Unexpected(char),
    /// A quoted text and a word without a space between them.
    MissingSpace,
    /// A quote that is not closed.
    UnclosedQuote,
    /// `""`: every text contains it.
    EmptyText,
    /// `(` without `)`.
    UnclosedGroup,
    /// `)` without `(`.
    UnopenedGroup,
    /// `()`
    EmptyGroup,
    /// `and`, `or`, `not` or `!` with nothing behind it.
    MissingOperandAfter(String),
    /// `and` or `or` with nothing before it.
    MissingOperandBefore(String),
    /// `-` that stands alone.
    LoneMinus,
    /// `!=`
    NotEquals,
    /// An operator without a field.
    MissingField(&'static str),
    /// A field without a value.
    MissingValue(String),
    /// The name of a field where a name of something is expected.
    BareField(&'static str),
    /// No field has this name; perhaps this one was meant.
    UnknownField(String, Option<&'static str>),
    /// The field cannot be used with this operator.
    WrongOperator(&'static str, &'static str),
    /// The field knows no such value; perhaps this one was meant, else one of these.
    UnknownValue {
        /// The field.
        field: &'static str,
        /// What was given.
        value: String,
        /// What was probably meant.
        suggestion: Option<&'static str>,
        /// What there is.
        known: &'static [&'static str],
    },
    /// Not a number from 1 to 65535.
    PortOutOfRange,
    /// Something else than a port where only a port may stand.
    NotAPort,
    /// Something else than a port, a slash and a protocol that is written nearly so.
    NotAProtocol,
    /// Something that looks like an address and is none, or stands where only one may stand.
    NotAnAddress,
    /// An address with an interface behind it.
    ZoneInAddress,
    /// Something that can be no part of an address.
    NotAHost,
    /// More bits than the address has: this many.
    PrefixTooLong(u8),
    /// Something else than a number of bits behind the `/`.
    NotAPrefix,
    /// A range with less than two ends.
    IncompleteRange,
    /// The first end is greater than the second; this way round it would be right.
    ReversedRange(String),
    /// Something else than a number, in a field of this kind.
    NotANumber(Dimension),
    /// A number greater than any row has.
    NumberTooBig,
    /// A fraction of what cannot be divided.
    NotRepresentable(Dimension),
    /// A time without unit.
    MissingUnit,
    /// A unit nobody knows, or not one of this kind.
    UnknownUnit(String, Dimension),
    /// One time exactly, which no row ever has.
    ExactTime(&'static str),
    /// A comparison with several values.
    ListInComparison,
    /// A list without a field.
    BareList,
    /// A regular expression that is none, and why.
    InvalidRegex(String),
}

impl fmt::Display for FilterErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "a filter has at most {MAX_FILTER_CHARS} characters"),
            Self::TooDeep => write!(
                f,
                "groups and negations nest at most {MAX_FILTER_DEPTH} deep"
            ),
            Self::Unexpected(c) => write_unexpected(f, *c),
            Self::MissingSpace => f.write_str("a space is expected here, beside the quotes"),
            Self::UnclosedQuote => f.write_str("this quote is not closed: a second \" is expected"),
            Self::EmptyText => {
                f.write_str("there is nothing between the quotes, and every name contains that")
            }
            Self::UnclosedGroup => f.write_str("this parenthesis is not closed: ) is expected"),
            Self::UnopenedGroup => f.write_str("this parenthesis closes nothing: ( is missing"),
            Self::EmptyGroup => f.write_str("something is expected between the parentheses"),
            Self::MissingOperandAfter(word) => write!(f, "something is expected after `{word}`"),
            Self::MissingOperandBefore(word) => write!(
                f,
                "something is expected before `{word}`; to find the word itself, quote it"
            ),
            Self::LoneMinus => {
                f.write_str("what `-` excludes must follow without a space, as in -tcp")
            }
            Self::NotEquals => {
                f.write_str("there is no `!=`: write not before it, as in not port:80")
            }
            Self::MissingField(sign) => write!(
                f,
                "a field is expected before `{sign}`, as in {}",
                match *sign {
                    "~" => "proc~^py",
                    "=" => "port=80",
                    "<" | "<=" => "rtt<5ms",
                    _ => "age>1h",
                }
            ),
            Self::MissingValue(before) => {
                let name = before.trim_end_matches([':', '=', '~', '<', '>', ' ']);
                write!(f, "a value is expected after `{before}`")?;
                match Field::find_filter(name) {
                    Some(field) => write!(f, ", as in {}", field.example()),
                    None => Ok(()),
                }
            }
            Self::BareField(name) => {
                write!(f, "`{name}` is a field and takes a value")?;
                match Field::find_filter(name) {
                    Some(field) => {
                        write!(f, ", as in {}; quote it to find the name", field.example())
                    }
                    None => Ok(()),
                }
            }
            Self::UnknownField(name, suggestion) => {
                write!(f, "no field `{name}`; ")?;
                match suggestion {
                    Some(suggestion) => write!(f, "did you mean `{suggestion}`?"),
                    None => {
                        let names: Vec<_> =
                            Field::filters_in_order().map(|field| field.name).collect();
                        write!(f, "quote text, or use one of {}", names.join(" "))
                    }
                }
            }
            Self::WrongOperator(name, sign) => write_wrong_operator(f, name, sign),
            Self::UnknownValue {
                field,
                value,
                suggestion,
                known,
            } => {
                write!(f, "no {field} `{value}`; ")?;
                match suggestion {
                    Some(suggestion) => write!(f, "did you mean `{suggestion}`?"),
                    None => write!(f, "there are {}", known.join(", ")),
                }
            }
            Self::PortOutOfRange => f.write_str("ports go from 1 to 65535"),
            Self::NotAPort => f.write_str(
                "a port is expected, a number as in port:443; its name is found by service:https",
            ),
            Self::NotAProtocol => {
                f.write_str("a port of one protocol is written 53/udp or 443/tcp")
            }
            Self::NotAnAddress => {
                f.write_str("not an IPv4 or IPv6 address, such as 10.0.0.7, 10.0.0.0/8 or ::1")
            }
            Self::ZoneInAddress => {
                f.write_str("an address stands here without its interface; add interface:")
            }
            Self::NotAHost => {
                f.write_str("a part of a remote address is expected; no names are looked up")
            }
            Self::PrefixTooLong(bits) => write!(f, "this address has only {bits} bits"),
            Self::NotAPrefix => {
                f.write_str("a number of bits is expected after the slash, as in 10.0.0.0/8")
            }
            Self::IncompleteRange => f.write_str("a range has two ends, as in 8000-8100"),
            Self::ReversedRange(right) => {
                write!(f, "the range runs backwards; did you mean {right}?")
            }
            Self::NotANumber(dimension) => {
                write!(f, "{} is expected", number_description(*dimension))
            }
            Self::NumberTooBig => f.write_str("this number is greater than any a socket can have"),
            Self::NotRepresentable(Dimension::Time) => f.write_str("no time is finer than 1us"),
            Self::NotRepresentable(_) => f.write_str("this is no whole number"),
            Self::MissingUnit => write!(f, "a time needs a unit: {}", known_units(Dimension::Time)),
            Self::UnknownUnit(unit, dimension) => {
                write!(f, "no unit `{unit}`; there are {}", known_units(*dimension))
            }
            Self::ExactTime(name) => write!(
                f,
                "no {name} is ever exactly this: compare with > or <, or give a range as in 1m-5m"
            ),
            Self::ListInComparison => {
                f.write_str("a comparison takes one number, not a list or range")
            }
            Self::BareList => f.write_str("a list needs a field before it, as in proc:nginx,curl"),
            Self::InvalidRegex(why) => write!(f, "not a regular expression: {why}"),
        }
    }
}

/// What a number looks like.
const fn number_description(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Count => "a number, such as 812 or 10k,",
        Dimension::Bytes => "a number of bytes, such as 1500, 10k or 4MiB,",
        Dimension::Rate => "a number of bytes per second, such as 1500, 10k or 4MiB,",
        Dimension::Time => "a time, such as 50ms, 10s or 2h,",
    }
}

fn write_unexpected(f: &mut fmt::Formatter<'_>, c: char) -> fmt::Result {
    write!(f, "{c:?} has no meaning here: ")?;
    f.write_str(match c {
        '|' => "write or between two words",
        '&' => "words side by side must both match",
        '\'' | '`' | '‘' | '’' | '“' | '”' | '«' | '»' => {
            "names are quoted as in \"my app\""
        }
        '*' | '?' | '^' => "a pattern is written as in proc~^py",
        '<' | '>' | '=' | '~' => "a field has one operator",
        ':' => "a name that contains it must be quoted",
        _ => "put it between double quotes if it is part of a name",
    })
}

fn write_wrong_operator(f: &mut fmt::Formatter<'_>, name: &str, sign: &str) -> fmt::Result {
    write!(f, "`{name}` cannot be used with `{sign}`")?;
    let Some(field) = Field::find_filter(name) else {
        return Ok(());
    };
    match field.kind {
        FieldKind::Host | FieldKind::Text(_) => {
            write!(f, ": it is text, and takes {name}: or {name}~")
        }
        FieldKind::Port(_) | FieldKind::Number(_) => {
            write!(f, ": it is a number, as in {}", field.example())
        }
        _ => write!(f, ", only as in {}", field.example()),
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl std::error::Error for FilterError {}
