//! Parses the values of options, and words the errors.

use std::time::Duration;

use clap::ValueEnum;

use crate::collect::interval::{MAX_INTERVAL, MIN_INTERVAL};
use crate::explain::Perspective;
use crate::fields::{FIELDS, Field, PrintUse, SortUse, columns};
use crate::output;
use crate::output::OutputColumn;
use crate::query::{Grouping, SortColumn, SortOrder};

/// The values of `--source`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum SourceArg {
    /// The best source that works here
    #[default]
    Auto,
    /// Linux: netlink sock_diag, the most complete
    SockDiag,
    /// Linux: /proc/net
    Procfs,
    /// Every system: endpoints, states and process ids
    Netstat2,
}

/// The values of `list --format`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// An aligned table with groups, for people
    #[default]
    Table,
    /// One line a socket, never truncated; the same sockets give the same lines
    Plain,
    /// One JSON document (see: portolan help json)
    Json,
    /// One JSON object a line, one line a socket
    Ndjson,
    /// Comma-separated values (RFC 4180); all columns unless --columns is given
    Csv,
}

/// The values of `explain --look`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum PerspectiveArg {
    /// An explanation in plain words
    #[default]
    Words,
    /// The system calls of the program
    Calls,
    /// The state in the kernel
    Kernel,
    /// The segments on the wire
    Wire,
    /// The standard (RFCs)
    Standard,
    /// All of these
    All,
}

impl PerspectiveArg {
    /// Returns the perspectives to print, in order.
    pub(crate) fn perspectives(self) -> Vec<Perspective> {
        match self {
            Self::Words => vec![Perspective::Plain],
            Self::Calls => vec![Perspective::Syscalls],
            Self::Kernel => vec![Perspective::Kernel],
            Self::Wire => vec![Perspective::Wire],
            Self::Standard => vec![Perspective::Standard],
            Self::All => Perspective::ALL.to_vec(),
        }
    }
}

/// The values of `watch --format`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum EventFormat {
    /// One line an event
    #[default]
    Plain,
    /// One JSON object a line
    Ndjson,
}

/// The value of `--sort`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SortArg {
    column: SortColumn,
    name: &'static str,
    is_reversed: bool,
}

/// The usual sort columns of a list. Groups are sorted by some of these and by nothing else; sockets
/// also by every field that a single sample has.
const SORT_NAMES: &[(&str, SortColumn)] = &[
    ("port", SortColumn::Port),
    ("process", SortColumn::Process),
    ("sockets", SortColumn::Sockets),
    ("host", SortColumn::Host),
    ("pid", SortColumn::Pid),
    ("state", SortColumn::State),
    ("local", SortColumn::Local),
    ("remote", SortColumn::Remote),
    ("queues", SortColumn::Queues),
];

impl SortArg {
    /// Returns the sort order for a grouping.
    ///
    /// # Errors
    /// Returns a message with the allowed columns if the column does not apply to the grouping.
    pub(crate) fn to_order(self, grouping: Grouping) -> Result<SortOrder, String> {
        use SortColumn::{Host, Local, Pid, Port, Process, Queues, Remote, Sockets, State};
        let (what, allowed): (_, &[SortColumn]) = match grouping {
            Grouping::Ports => ("ports", &[Port, Process, Sockets]),
            Grouping::Processes => ("processes", &[Process, Sockets]),
            Grouping::Hosts => ("hosts", &[Host, Process, Sockets]),
            Grouping::Sockets | Grouping::History => (
                "sockets",
                &[Port, Local, Remote, Host, State, Process, Pid, Queues],
            ),
        };
        let is_field = matches!(self.column, SortColumn::Field(_));
        let sorts_fields = matches!(grouping, Grouping::Sockets | Grouping::History);
        if !(allowed.contains(&self.column) || is_field && sorts_fields) {
            let known = SORT_NAMES
                .iter()
                .filter(|(_, column)| allowed.contains(column));
            let mut names: Vec<&str> = known.map(|(name, _)| *name).collect();
            if sorts_fields {
                names.push("any column");
            }
            return Err(format!(
                "{what} cannot be sorted by {}, only by {}",
                self.name,
                names.join(", ")
            ));
        }
        let default = self.column.default_direction();
        Ok(SortOrder {
            column: self.column,
            direction: if self.is_reversed {
                default.reversed()
            } else {
                default
            },
        })
    }

    /// Returns the grouping for a sort column if `--group` was not given: a column of single sockets
    /// implies no grouping.
    pub(crate) const fn implied_grouping(self, default: Grouping) -> Grouping {
        match self.column {
            SortColumn::Port | SortColumn::Process | SortColumn::Sockets => default,
            SortColumn::Host if !matches!(default, Grouping::Sockets) => Grouping::Hosts,
            _ => Grouping::Sockets,
        }
    }
}

/// Parses `--sort`.
pub(crate) fn parse_sort(text: &str) -> Result<SortArg, String> {
    let (is_reversed, name) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let usual = SORT_NAMES.iter().find(|(known, _)| *known == name).copied();
    let (name, column) = match (usual, Field::find(name)) {
        (Some(found), _) => found,
        (None, Some(field)) => (field.name, field_order(field)?),
        (None, None) => {
            let names = SORT_NAMES.iter().map(|(name, _)| *name);
            let names: Vec<&str> = names.chain(sort_fields()).collect();
            return Err(format!("expected one of {}", names.join(", ")));
        }
    };
    Ok(SortArg {
        column,
        name,
        is_reversed,
    })
}

/// Finds the sort column of a field.
fn field_order(field: &'static Field) -> Result<SortColumn, String> {
    let reason = match field.sort {
        SortUse::Sorts => "there is no such column",
        SortUse::OverTime => "list takes one sample, and this takes more",
        SortUse::No(reason) => reason,
    };
    SortColumn::for_field(field)
        .filter(|_| field.sort == SortUse::Sorts)
        .ok_or_else(|| format!("cannot sort by {}: {reason}", field.name))
}

/// The fields by which sockets can be sorted besides the usual columns.
fn sort_fields() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().filter_map(|field| {
        let order = field_order(field).ok()?;
        matches!(order, SortColumn::Field(_)).then_some(field.name)
    })
}

/// Parses `--group`.
pub(crate) fn parse_grouping(text: &str) -> Result<Grouping, String> {
    match text {
        "port" => Ok(Grouping::Ports),
        "process" => Ok(Grouping::Processes),
        "host" => Ok(Grouping::Hosts),
        "none" => Ok(Grouping::Sockets),
        _ => Err("expected port, process, host or none".into()),
    }
}

/// Parses one name of `--columns`.
pub(crate) fn parse_column(text: &str) -> Result<&'static OutputColumn, String> {
    let name = text.trim().to_ascii_lowercase();
    output::find_column(&name).ok_or_else(|| {
        if let Some(PrintUse::No(reason)) = Field::find(&name).map(|field| field.print) {
            return format!("{name} is not a column: {reason}");
        }
        let names: Vec<&str> = columns().map(|column| column.name).collect();
        format!("no such column; use any of {}", names.join(", "))
    })
}

/// The value of `--timeout`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timeout {
    After(Duration),
    Never,
}

/// Parses `--timeout`: `30s`, `500ms`, `1m`, a number of seconds, or `never`.
pub(crate) fn parse_timeout(text: &str) -> Result<Timeout, String> {
    match text {
        "never" => Ok(Timeout::Never),
        _ => parse_duration(text).map(Timeout::After).ok_or_else(|| {
            format!("a time such as 30s, 5m or 2 (seconds), or never, is expected, not {text:?}")
        }),
    }
}

/// Parses `--interval`: `1s`, `500ms`, `1m`, or a number of seconds.
pub(crate) fn parse_interval(text: &str) -> Result<Duration, String> {
    let span = parse_duration(text)
        .ok_or_else(|| format!("a time such as 1s, 500ms or 2 is expected, not {text:?}"))?;
    if (MIN_INTERVAL..=MAX_INTERVAL).contains(&span) {
        Ok(span)
    } else {
        Err("the interval must be between 100ms and 1h".into())
    }
}

/// Parses a duration such as `1s` or `500ms`, or a number of seconds.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        Err(_) => text.parse::<jiff::SignedDuration>().ok()?.try_into().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::SortDirection;

    #[test]
    fn interval_formats_and_bounds() {
        let ms = Duration::from_millis;
        assert_eq!(parse_interval("1s"), Ok(ms(1000)));
        assert_eq!(parse_interval("500ms"), Ok(ms(500)));
        assert_eq!(parse_interval("2"), Ok(ms(2000)));
        assert_eq!(parse_interval("1.5"), Ok(ms(1500)));
        assert_eq!(parse_interval("1m"), Ok(ms(60_000)));
        for wrong in [
            "0", "0s", "-1s", "99ms", "2h", "soon", "", "NaN", "inf", "1e300",
        ] {
            assert!(parse_interval(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn timeout_formats() {
        assert_eq!(parse_timeout("0"), Ok(Timeout::After(Duration::ZERO)));
        assert_eq!(
            parse_timeout("1h"),
            Ok(Timeout::After(Duration::from_secs(3600)))
        );
        assert_eq!(parse_timeout("never"), Ok(Timeout::Never));
        for wrong in ["-1s", "soon", "", "NaN"] {
            assert!(parse_timeout(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sort_columns_depend_on_the_grouping() {
        let order = |text, grouping| parse_sort(text).unwrap().to_order(grouping);
        let most = order("sockets", Grouping::Ports).unwrap();
        assert_eq!(most.direction, SortDirection::Descending);
        let least = order("-sockets", Grouping::Ports).unwrap();
        assert_eq!(least.direction, SortDirection::Ascending);
        assert!(order("state", Grouping::Ports).is_err());
        assert!(order("sockets", Grouping::Sockets).is_err());
        assert!(parse_sort("colour").is_err());
        assert_eq!(
            parse_sort("state")
                .unwrap()
                .implied_grouping(Grouping::Ports),
            Grouping::Sockets
        );
    }
}
