//! The options that several commands share, and their meaning.

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

/// The options that select sockets.
#[derive(Debug, Default, Args)]
pub(crate) struct SelectionArgs {
    /// Ports, addresses, states, names, and fields such as state:close-wait or 'age>1h'
    ///
    /// Terms side by side must all match: a port (443, 8000-8100), an endpoint, address or network
    /// (127.0.0.1:80, 10.0.0.0/8), tcp, udp, listening, a TCP state, or part of a process, service,
    /// user, unit or container name. Fields are more precise: lport:443, proc:nginx,curl,
    /// 'proc~^py', state:close-wait, 'age>1h', 'recvq>0', 'rtt>50ms', user:www-data. Combine terms
    /// with or, not and parentheses. Put characters special to the shell in single quotes. See:
    /// portolan help filter.
    #[arg(value_name = "FILTER")]
    filter: Vec<String>,
    /// Show only TCP
    #[arg(short, long)]
    tcp: bool,
    /// Show only UDP
    #[arg(short, long)]
    udp: bool,
    /// Show only listening sockets
    #[arg(short, long)]
    listening: bool,
    /// Show only established connections
    #[arg(short, long)]
    established: bool,
    /// Show only IPv4 sockets
    #[arg(short = '4', long)]
    ipv4: bool,
    /// Show only IPv6 sockets
    #[arg(short = '6', long)]
    ipv6: bool,
    /// Accepted for compatibility with ss and netstat: all sockets are shown anyway
    #[arg(short, long, hide = true)]
    all: bool,
    /// Accepted for compatibility with ss and netstat: owners are shown anyway
    #[arg(short, long, hide = true)]
    processes: bool,
}

impl SelectionArgs {
    /// Joins the filter arguments into one text. All of them must match: `'a or b' c` means
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

    /// Parses the filter.
    ///
    /// # Errors
    /// Returns the error with its text if the filter does not parse.
    pub(crate) fn parse_filter(&self) -> Result<Filter, Failure> {
        let text = self.filter_text();
        Filter::parse(&text).map_err(|error| Failure::Filter { text, error })
    }

    /// Returns the quick filter. Both options of a pair, such as `-t -u`, show either.
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

/// The options for the display of the dashboard.
#[derive(Debug, Default, Args)]
pub(crate) struct DisplayArgs {
    /// Presentation mode: few columns, captions, high contrast (also: P)
    #[arg(long)]
    presenter: bool,
}

impl DisplayArgs {
    pub(crate) const fn display_mode(&self) -> DisplayMode {
        match self.presenter {
            true => DisplayMode::Presentation,
            false => DisplayMode::Normal,
        }
    }
}

/// The options that every command has.
#[derive(Debug, Args)]
pub(crate) struct CommonArgs {
    /// Time between two samples: 1s, 500ms, 2 (seconds) [default: 1s; wait: 200ms]
    #[arg(short, long, value_name = "TIME", value_parser = parse_interval)]
    interval: Option<Duration>,
    /// Show only port numbers, no service names
    #[arg(short, long)]
    numeric: bool,
    /// Read sockets from this source
    #[arg(long, value_enum, default_value_t)]
    source: SourceArg,
    /// Use no colours (also: the NO_COLOR variable)
    #[arg(long)]
    no_color: bool,
    /// Read the configuration from FILE
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Write a debug log to FILE
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Fail on purpose at this point, to test that the terminal is restored
    #[arg(long, value_enum, hide = true)]
    fault: Option<Fault>,
}

impl CommonArgs {
    /// Returns the service names; empty with `--numeric`.
    pub(crate) fn services(&self) -> Arc<Services> {
        Arc::new(match self.numeric {
            true => Services::empty(),
            false => Services::with_overrides(&read_etc_services()),
        })
    }

    /// Returns the time between two samples.
    pub(crate) fn interval_or(&self, default: Duration) -> Duration {
        self.interval.unwrap_or(default)
    }

    /// Returns the requested source; `None` to choose automatically.
    pub(crate) const fn source_kind(&self) -> Option<SourceKind> {
        match self.source {
            SourceArg::Auto => None,
            SourceArg::SockDiag => Some(SourceKind::SockDiag),
            SourceArg::Procfs => Some(SourceKind::Procfs),
            SourceArg::Netstat2 => Some(SourceKind::Netstat2),
        }
    }

    /// Returns the theme: monochrome with `--no-color`, with `NO_COLOR` set
    /// (<https://no-color.org>), and on a vt100.
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

    /// Returns the path of `--config`.
    pub(crate) fn config_path(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    /// Starts the log if `--log` was given.
    ///
    /// # Errors
    /// Returns the error of creating the file.
    pub(crate) fn init_log(&self) -> Result<(), Failure> {
        match &self.log {
            Some(path) => crate::runtime::log::init(path),
            None => Ok(()),
        }
    }

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
        // Words split by the shell are still one filter.
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
        let quick_filter = both.quick_filter();
        assert_eq!(quick_filter.state, StateFilter::ListeningOrEstablished);
        assert_eq!(quick_filter.protocol, None);
    }
}
