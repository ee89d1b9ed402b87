//! Filter errors: the span, what was expected, and what was probably meant.

use std::fmt;
use std::ops::Range;

use super::number_units::known_units;
use crate::fields::{Dimension, Field, FieldKind};

/// Maximum length of a filter in characters. It keeps text pasted by mistake from being parsed at
/// every key.
pub const MAX_FILTER_CHARS: usize = 4000;

/// Maximum nesting depth of groups and negations. It keeps the recursive parser from overflowing the
/// stack.
pub const MAX_FILTER_DEPTH: usize = 50;

/// A filter that does not parse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// The byte range that is wrong: within the text, at character boundaries, not empty.
    pub span: Range<usize>,
    /// What is wrong. Its `Display` is the message, without a full stop.
    pub kind: FilterErrorKind,
}

impl FilterError {
    pub(crate) const fn new(span: Range<usize>, kind: FilterErrorKind) -> Self {
        Self { span, kind }
    }
}

/// The kinds of filter errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilterErrorKind {
    /// More than [`MAX_FILTER_CHARS`] characters.
    TooLong,
    /// More than [`MAX_FILTER_DEPTH`] nested groups and negations.
    TooDeep,
    /// A character that is not allowed here.
    Unexpected(char),
    /// Quoted text next to a word, without a space.
    MissingSpace,
    /// A quote without its closing quote.
    UnclosedQuote,
    /// `""`, which every name contains.
    EmptyText,
    /// `(` without `)`.
    UnclosedGroup,
    /// `)` without `(`.
    UnopenedGroup,
    /// `()`.
    EmptyGroup,
    /// `and`, `or`, `not` or `!` with nothing after it.
    MissingOperandAfter(String),
    /// `and` or `or` with nothing before it.
    MissingOperandBefore(String),
    /// `-` followed by a space, `)` or the end.
    LoneMinus,
    /// `!=`, which is not an operator.
    NotEquals,
    /// An operator without a field.
    MissingField(&'static str),
    /// A field without a value.
    MissingValue(String),
    /// The name of a field without operator and value.
    BareField(&'static str),
    /// An unknown field name, and the closest known one.
    UnknownField(String, Option<&'static str>),
    /// The field does not support the operator.
    WrongOperator(&'static str, &'static str),
    /// A value that the field does not have.
    UnknownValue {
        /// The name of the field.
        field: &'static str,
        /// The value as written.
        value: String,
        /// The closest allowed value.
        suggestion: Option<&'static str>,
        /// All allowed values.
        known: &'static [&'static str],
    },
    /// A port number outside 1 to 65535.
    PortOutOfRange,
    /// Not a number where a port is expected.
    NotAPort,
    /// Similar to `443/tcp`, but not port, slash and protocol.
    NotAProtocol,
    /// Not a valid address, where one is expected or the word looks like one.
    NotAnAddress,
    /// An address with a zone, as in `fe80::1%eth0`.
    ZoneInAddress,
    /// Text that cannot be part of an address.
    NotAHost,
    /// A prefix longer than the address, which has this many bits.
    PrefixTooLong(u8),
    /// Not a number of bits after the `/`.
    NotAPrefix,
    /// A range that does not have exactly two ends.
    IncompleteRange,
    /// A range whose first end is greater than the second; holds the reversed text.
    ReversedRange(String),
    /// Not a number, in a field of this dimension.
    NotANumber(Dimension),
    /// A number that overflows `u64`.
    NumberTooBig,
    /// A fraction that is not a whole number of base units.
    NotRepresentable(Dimension),
    /// A time without a unit.
    MissingUnit,
    /// An unknown unit, or one of another dimension.
    UnknownUnit(String, Dimension),
    /// A single exact time, which no row has.
    ExactTime(&'static str),
    /// A comparison with several values.
    ListInComparison,
    /// A list without a field before it.
    BareList,
    /// An invalid regular expression, with the reason.
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
            Self::EmptyText => f.write_str("the quotes are empty; every name would match"),
            Self::UnclosedGroup => f.write_str("this parenthesis is not closed: ) is expected"),
            Self::UnopenedGroup => f.write_str("this parenthesis is not opened: ( is missing"),
            Self::EmptyGroup => f.write_str("something is expected between the parentheses"),
            Self::MissingOperandAfter(word) => write!(f, "something is expected after `{word}`"),
            Self::MissingOperandBefore(word) => write!(
                f,
                "something is expected before `{word}`; to match the word itself, quote it"
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
                        write!(f, ", as in {}; quote it to match a name", field.example())
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
                    None => write!(f, "use one of {}", known.join(", ")),
                }
            }
            Self::PortOutOfRange => f.write_str("ports go from 1 to 65535"),
            Self::NotAPort => f.write_str(
                "a port number is expected, as in port:443; for a name use service:https",
            ),
            Self::NotAProtocol => {
                f.write_str("a port of one protocol is written 53/udp or 443/tcp")
            }
            Self::NotAnAddress => {
                f.write_str("not an IPv4 or IPv6 address, such as 10.0.0.7, 10.0.0.0/8 or ::1")
            }
            Self::ZoneInAddress => {
                f.write_str("write the address without its zone, and use interface: for that")
            }
            Self::NotAHost => {
                f.write_str("part of a remote address is expected; names are not resolved")
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
            Self::NumberTooBig => f.write_str("this number is too large"),
            Self::NotRepresentable(Dimension::Time) => {
                f.write_str("times have a resolution of 1us")
            }
            Self::NotRepresentable(_) => f.write_str("a whole number is expected"),
            Self::MissingUnit => write!(f, "a time needs a unit: {}", known_units(Dimension::Time)),
            Self::UnknownUnit(unit, dimension) => {
                write!(
                    f,
                    "no unit `{unit}`; use one of {}",
                    known_units(*dimension)
                )
            }
            Self::ExactTime(name) => write!(
                f,
                "an exact {name} matches nothing: compare with > or <, or give a range as in 1m-5m"
            ),
            Self::ListInComparison => {
                f.write_str("a comparison takes one number, not a list or range")
            }
            Self::BareList => f.write_str("a list needs a field before it, as in proc:nginx,curl"),
            Self::InvalidRegex(why) => write!(f, "not a regular expression: {why}"),
        }
    }
}

/// Describes a number of this dimension, with examples.
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
