//! Options that several commands have, and what they come to.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::values::{SourceArg, parse_interval};
use crate::collect::names::etc_services::read_etc_services;
use crate::filter::ast::{Filter, NodeKind};
use crate::filter::quick_filter::{QuickFilter, StateFilter};
use crate::net::endpoint::Family;
use crate::net::port::Protocol;
use crate::net::services::Services;
use crate::net::snapshot::SourceKind;
use crate::runtime::exit::Failure;
use crate::runtime::fault::Fault;
use crate::tui::state::view_state::DisplayMode;
use crate::tui::theme::{ColorMode, Theme};

/// Which sockets.
#[derive(Debug, Default, Args)]
pub(crate) struct SelectionArgs {
    /// Ports, addresses, states, parts of names, and fields such as state:close-wait or 'age>1h'
    ///
    /// Words side by side must all match: a port (443, 8000-8100), an endpoint, address or network
    /// (127.0.0.1:80, 10.0.0.0/8), tcp, udp, listening, a TCP state, or a part of a process,
    /// service, user, unit or container name. Fields ask precisely: lport:443, proc:nginx,curl,
    /// 'proc~^py', state:close-wait, 'age>1h', 'recvq>0', 'rtt>50ms', user:www-data. They are joined
    /// by or, not and parentheses. Put what the shell would take for itself between single quotes.
    /// `portolan help filter` tells all of it.
    #[arg(value_name = "FILTER")]
    filter: Vec<String>,
    /// Only TCP
    #[arg(short, long)]
    tcp: bool,
    /// Only UDP
    #[arg(short, long)]
    udp: bool,
    /// Only sockets that listen
    #[arg(short, long)]
    listening: bool,
    /// Only established connections
    #[arg(short, long)]
    established: bool,
    /// Only IPv4 sockets
    #[arg(short = '4', long)]
    ipv4: bool,
    /// Only IPv6 sockets
    #[arg(short = '6', long)]
    ipv6: bool,
    /// Accepted because fingers type it: all sockets are shown anyway
    #[arg(short, long, hide = true)]
    all: bool,
    /// Accepted because fingers type it: owners are shown anyway
    #[arg(short, long, hide = true)]
    processes: bool,
}

impl SelectionArgs {
    /// The words of the filter as one text. Each argument must match: `'a or b' c` means
    /// `(a or b) c`.
    pub(crate) fn filter_text(&self) -> String {
        let is_or_expression = |text: &str| {
            let tree = Filter::parse(text).ok();
            let kind = tree.as_ref().and_then(Filter::root).map(|node| &node.kind);
            matches!(kind, Some(NodeKind::Or(_)))
        };
        let several = self.filter.len() > 1;
        let words = self
            .filter
            .iter()
            .map(|text| match several && is_or_expression(text) {
                true => format!("({text})"),
                false => text.clone(),
            });
        words.collect::<Vec<_>>().join(" ")
    }

    /// The filter.
    ///
    /// # Errors
    /// When the text is no filter.
    pub(crate) fn parse_filter(&self) -> Result<Filter, Failure> {
        let text = self.filter_text();
        Filter::parse(&text).map_err(|error| Failure::Filter { text, error })
    }

    /// The switches; both of a pair show what either shows.
    pub(crate) const fn quick_filter(&self) -> QuickFilter {
        QuickFilter {
            protocol: match (self.tcp, self.udp) {
                (true, false) => Some(Protocol::Tcp),
                (false, true) => Some(Protocol::Udp),
                _ => None,
            },
            family: match (self.ipv4, self.ipv6) {
                (true, false) => Some(Family::Ipv4),
                (false, true) => Some(Family::Ipv6),
                _ => None,
            },
            state: match (self.listening, self.established) {
                (true, false) => StateFilter::Listening,
                (false, true) => StateFilter::Established,
                (true, true) => StateFilter::ListeningOrEstablished,
                (false, false) => StateFilter::All,
            },
        }
    }
}

/// For whom it is drawn.
#[derive(Debug, Default, Args)]
pub(crate) struct DisplayArgs {
    /// For a room: few columns, captions, high contrast (also: P)
    #[arg(long)]
    presenter: bool,
}

impl DisplayArgs {
    /// For whom.
    pub(crate) const fn display_mode(&self) -> DisplayMode {
        match self.presenter {
            true => DisplayMode::Presentation,
            false => DisplayMode::Normal,
        }
    }
}

/// What every command knows.
#[derive(Debug, Args)]
pub(crate) struct CommonArgs {
    /// Time between two samples: 1s, 500ms, 2 (seconds) [default: 1s; wait: 200ms]
    #[arg(short, long, value_name = "TIME", value_parser = parse_interval)]
    interval: Option<Duration>,
    /// No service names, only port numbers
    #[arg(short, long)]
    numeric: bool,
    /// Where to read sockets from
    #[arg(long, value_enum, default_value_t)]
    source: SourceArg,
    /// No colours (also: the NO_COLOR variable)
    #[arg(long)]
    no_color: bool,
    /// Read the configuration from this file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Write what the program does to this file
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Fail on purpose at this point, to see that the terminal survives
    #[arg(long, value_enum, hide = true)]
    fault: Option<Fault>,
}

impl CommonArgs {
    /// Names of ports.
    pub(crate) fn services(&self) -> Arc<Services> {
        Arc::new(match self.numeric {
            true => Services::empty(),
            false => Services::with_overrides(&read_etc_services()),
        })
    }

    /// The time between two samples, or what is usual.
    pub(crate) fn interval_or(&self, default: Duration) -> Duration {
        self.interval.unwrap_or(default)
    }

    /// The source asked for.
    pub(crate) const fn source_kind(&self) -> Option<SourceKind> {
        match self.source {
            SourceArg::Auto => None,
            SourceArg::SockDiag => Some(SourceKind::SockDiag),
            SourceArg::Procfs => Some(SourceKind::Procfs),
            SourceArg::Netstat2 => Some(SourceKind::Netstat2),
        }
    }

    /// How meanings look: no colour where the user or the terminal wants none
    /// (<https://no-color.org>).
    pub(crate) fn theme(&self) -> Theme {
        let set = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty());
        let plain = std::env::var_os("TERM").is_some_and(|t| t == "vt100");
        let none = self.no_color || set("NO_COLOR") || plain;
        Theme {
            color_mode: if none {
                ColorMode::Monochrome
            } else {
                ColorMode::Ansi16
            },
        }
    }

    /// Where the configuration is, if not at its usual place.
    pub(crate) fn config_path(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    /// Starts the log, where one is wanted.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn init_log(&self) -> Result<(), Failure> {
        match &self.log {
            Some(path) => crate::runtime::log::init(path),
            None => Ok(()),
        }
    }

    /// Where to fail on purpose.
    pub(crate) const fn fault(&self) -> Option<Fault> {
        self.fault
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(filter: &[&str]) -> SelectionArgs {
        SelectionArgs {
            filter: filter.iter().map(ToString::to_string).collect(),
            ..SelectionArgs::default()
        }
    }

    #[test]
    fn filter_arguments_are_joined_by_and() {
        assert_eq!(selection(&["a", "b"]).filter_text(), "a b");
        assert_eq!(selection(&["a or b", "c"]).filter_text(), "(a or b) c");
        assert_eq!(selection(&["a or b"]).filter_text(), "a or b");
        // Words that the shell parted are still one filter.
        assert_eq!(selection(&["a", "or", "b"]).filter_text(), "a or b");
        assert_eq!(
            selection(&["(a", "or", "b)", "c"]).filter_text(),
            "(a or b) c"
        );
    }

    #[test]
    fn opposite_flags_show_both() {
        let both = SelectionArgs {
            listening: true,
            established: true,
            tcp: true,
            udp: true,
            ..SelectionArgs::default()
        };
        let narrow = both.quick_filter();
        assert_eq!(narrow.state, StateFilter::ListeningOrEstablished);
        assert_eq!(narrow.protocol, None);
    }
}
