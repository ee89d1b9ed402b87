//! The command line → what is wanted.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::app::exit::{Exit, Failure};
use crate::collect::names::etc_services;
use crate::endpoint::Family;
use crate::port::Protocol;
use crate::query::{Filter, Narrow, Phase};
use crate::services::Services;
use crate::snapshot::SourceKind;
use crate::widgets::{Colours, Theme};

/// The time between two samples where none is asked for.
pub(super) const USUAL_INTERVAL: Duration = Duration::from_secs(1);
/// The shortest interval: below it one would mostly watch the watching.
pub(super) const SHORTEST: Duration = Duration::from_millis(100);
/// The longest.
pub(super) const LONGEST: Duration = Duration::from_secs(3600);

/// What is wanted.
#[derive(Debug, Parser)]
#[command(
    name = "portolan",
    version,
    about = "A live chart of this machine's ports, and of every socket that shares them",
    long_about = "A live chart of this machine's ports, and of every socket that shares them.\n\n\
        Without a command it opens the dashboard; where the output is no terminal it prints the list once.",
    after_help = "Examples:\n  portolan              the dashboard\n  portolan 8080         the dashboard, only port 8080\n  \
        portolan list nginx   what nginx has, once\n  portolan -l -t        what listens on TCP\n\n\
        Exit status: 0 done, 2 the request was wrong, 3 the system refused.",
    args_conflicts_with_subcommands = true,
    infer_long_args = false
)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    wanted: Wanted,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the sockets once, grouped by port
    List(Wanted),
}

#[derive(Debug, Args)]
struct Wanted {
    /// Ports, addresses, states, parts of names, and fields such as state:close-wait or 'age>1h'
    ///
    /// Words side by side must all match: a port (443, 8000-8100), an endpoint, address or network
    /// (127.0.0.1:80, 10.0.0.0/8), tcp, udp, listening, a TCP state, or a part of a process,
    /// service, user, unit or container name. Fields ask precisely: lport:443, proc:nginx,curl,
    /// 'proc~^py', state:close-wait, 'age>1h', 'recvq>0', 'rtt>50ms', user:www-data. They are joined
    /// by or, not and parentheses. Put what the shell would take for itself between single quotes.
    #[arg(value_name = "FILTER")]
    filter: Vec<String>,
    /// Time between two samples: 1s, 500ms, 2 (seconds) [default: 1s]
    #[arg(short, long, value_name = "TIME", value_parser = interval)]
    interval: Option<Duration>,
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
    /// No service names, only port numbers
    #[arg(short, long)]
    numeric: bool,
    /// Accepted because fingers type it: all sockets are shown anyway
    #[arg(short, long, hide = true)]
    all: bool,
    /// Accepted because fingers type it: owners are shown anyway
    #[arg(short, long, hide = true)]
    processes: bool,
    /// Where to read sockets from
    #[arg(long, value_enum, default_value_t = SourceChoice::Auto)]
    source: SourceChoice,
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

/// `--source`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum SourceChoice {
    /// The best that works here
    Auto,
    /// Linux: the kernel's own table, which sees most
    SockDiag,
    /// Linux: the text of /proc/net
    Procfs,
    /// Every system: endpoints, states and process ids
    Netstat2,
}

/// `--fault`: where to fail on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Fault {
    /// The thread that draws panics.
    Main,
    /// The thread that answers panics.
    Model,
    /// The thread that collects panics in its second sample.
    Sampler,
    /// The thread that reads keys panics at the first key.
    Input,
}

/// Reads the command line. Wrong input is said on stderr, help and version on stdout.
///
/// # Errors
/// How to end, where there is nothing more to do.
pub(super) fn parse() -> Result<Cli, Exit> {
    Cli::try_parse().map_err(|error| {
        let exit = if error.use_stderr() {
            Exit::Wrong
        } else {
            Exit::Done
        };
        // Nobody is left to tell when the output is gone.
        let _ = error.print();
        exit
    })
}

impl Cli {
    fn wanted(&self) -> &Wanted {
        match &self.command {
            Some(Command::List(wanted)) => wanted,
            None => &self.wanted,
        }
    }

    /// Whether to open the dashboard; a list is printed where there is no terminal to draw on, or
    /// one that can only write lines.
    pub fn wants_dashboard(&self) -> bool {
        let draws = !cfg!(unix)
            || std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
        self.command.is_none() && std::io::stdout().is_terminal() && draws
    }

    /// The words of the filter as one text.
    pub fn filter_text(&self) -> String {
        self.wanted().filter.join(" ")
    }

    /// The filter.
    ///
    /// # Errors
    /// When the text is no filter.
    pub fn filter(&self) -> Result<Filter, Failure> {
        let text = self.filter_text();
        Filter::parse(&text).map_err(|error| Failure::Filter { text, error })
    }

    /// The switches; both of a pair, as in `-tuln`, are as good as none.
    pub fn narrow(&self) -> Narrow {
        let wanted = self.wanted();
        Narrow {
            protocol: match (wanted.tcp, wanted.udp) {
                (true, false) => Some(Protocol::Tcp),
                (false, true) => Some(Protocol::Udp),
                _ => None,
            },
            family: match (wanted.ipv4, wanted.ipv6) {
                (true, false) => Some(Family::Ipv4),
                (false, true) => Some(Family::Ipv6),
                _ => None,
            },
            phase: match (wanted.listening, wanted.established) {
                (true, false) => Phase::Listening,
                (false, true) => Phase::Established,
                _ => Phase::All,
            },
        }
    }

    /// Names of ports.
    pub fn services(&self) -> Arc<Services> {
        Arc::new(match self.wanted().numeric {
            true => Services::none(),
            false => Services::with_overrides(&etc_services()),
        })
    }

    /// The time between two samples; `usual` where none is asked for.
    pub fn interval(&self, usual: Duration) -> Duration {
        self.wanted().interval.unwrap_or(usual)
    }

    /// Where the configuration is, if not at its usual place.
    pub fn config(&self) -> Option<&PathBuf> {
        self.wanted().config.as_ref()
    }

    /// The source asked for.
    pub fn source(&self) -> Option<SourceKind> {
        match self.wanted().source {
            SourceChoice::Auto => None,
            SourceChoice::SockDiag => Some(SourceKind::SockDiag),
            SourceChoice::Procfs => Some(SourceKind::Procfs),
            SourceChoice::Netstat2 => Some(SourceKind::Netstat2),
        }
    }

    /// How meanings look: no colour where the user or the terminal wants none
    /// (<https://no-color.org>).
    pub fn theme(&self) -> Theme {
        let set = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty());
        let plain = std::env::var_os("TERM").is_some_and(|t| t == "vt100");
        let none = self.wanted().no_color || set("NO_COLOR") || plain;
        Theme {
            colours: if none {
                Colours::None
            } else {
                Colours::Sixteen
            },
        }
    }

    /// Where to write the log.
    pub fn log(&self) -> Option<&PathBuf> {
        self.wanted().log.as_ref()
    }

    /// Where to fail on purpose.
    pub fn fault(&self) -> Option<Fault> {
        self.wanted().fault
    }
}

/// `1s`, `500ms`, `1m`, or a number of seconds.
pub(super) fn interval(text: &str) -> Result<Duration, String> {
    let wrong = || format!("a time such as 1s, 500ms or 2 is expected, not {text:?}");
    let span = match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).map_err(|_| wrong())?,
        Err(_) => text
            .parse::<jiff::SignedDuration>()
            .map_err(|_| wrong())?
            .try_into()
            .map_err(|_| wrong())?,
    };
    if (SHORTEST..=LONGEST).contains(&span) {
        Ok(span)
    } else {
        Err("the interval must be between 100ms and 1h".into())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn intervals_are_read_in_every_spelling_or_refused() {
        let ms = Duration::from_millis;
        assert_eq!(interval("1s"), Ok(ms(1000)));
        assert_eq!(interval("500ms"), Ok(ms(500)));
        assert_eq!(interval("2"), Ok(ms(2000)));
        assert_eq!(interval("1.5"), Ok(ms(1500)));
        assert_eq!(interval("1m"), Ok(ms(60_000)));
        for wrong in [
            "0", "0s", "-1s", "99ms", "2h", "soon", "", "NaN", "inf", "1e300",
        ] {
            assert!(interval(wrong).is_err(), "{wrong}");
        }
    }
}
