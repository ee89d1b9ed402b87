//! `portolan explain`: explains a port, an endpoint or a process in plain words.
//!
//! Parses an [`ExplainTarget`] and prints explanations to stdout; exit status 1 if the target does not
//! exist.

use std::io;
use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use super::config::Config;
use crate::collect::{CloseEvents, SampleScope};
use crate::commands::args::command_args::ExplainArgs;
use crate::commands::args::values::PerspectiveArg;
use crate::explain::context::ExplainContext;
use crate::explain::explanation::Explanation;
use crate::explain::subject::ExplainSubject;
use crate::explain::{Perspective, dispatch};
use crate::findings::evaluate::Findings;
use crate::history::{Moment, TrackedSocket};
use crate::net::endpoint::{AddressScope, Endpoint};
use crate::net::port::{Port, Protocol};
use crate::net::process::Pid;
use crate::runtime::console::terminal_width;
use crate::runtime::exit::{Exit, Failure};
use crate::runtime::poller::Poller;
use crate::text::phrase::Certainty;
use crate::text::{sanitize, wrap};

/// The argument of `explain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExplainTarget {
    /// A port of one protocol, or of both.
    Port(Port, Option<Protocol>),
    /// All sockets with this local or remote endpoint.
    Endpoint(Endpoint),
    Process(Pid),
    SocketVsPort,
}

impl FromStr for ExplainTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            "expected a port (8080, 53/udp), an endpoint (127.0.0.1:80, [::1]:80), a process (pid:812), or \"sockets\""
                .to_owned()
        };
        if text == "sockets" {
            return Ok(Self::SocketVsPort);
        }
        if let Some(pid) = text.strip_prefix("pid:") {
            return pid
                .parse()
                .map(|pid| Self::Process(Pid(pid)))
                .map_err(|_| wrong());
        }
        if let Ok(end) = text.parse::<SocketAddr>() {
            return Ok(Self::Endpoint(Endpoint::new(end.ip(), Port(end.port()))));
        }
        let (number, protocol) = match text.split_once('/') {
            None => (text, None),
            Some((number, "tcp")) => (number, Some(Protocol::Tcp)),
            Some((number, "udp")) => (number, Some(Protocol::Udp)),
            Some(_) => return Err(wrong()),
        };
        let number = number.strip_prefix(':').unwrap_or(number);
        let number: u32 = number.parse().map_err(|_| wrong())?;
        match u16::try_from(number) {
            Ok(port) => Ok(Self::Port(Port(port), protocol)),
            Err(_) => Err(format!(
                "the maximum is 65535; for a process use pid:{number}"
            )),
        }
    }
}

/// Runs `portolan explain`.
///
/// # Errors
/// Returns a usage error for an invalid target, or the failed system call.
pub(crate) fn run(explain: &ExplainArgs, config: &Config) -> Result<Exit, Failure> {
    let target: ExplainTarget = explain.subject.parse().map_err(|why: String| {
        let text = sanitize::sanitize(explain.subject.as_bytes());
        let start: String = text.chars().take(MAX_ECHO_CHARS).collect();
        Failure::Usage(format!("cannot explain \"{start}\": {why}"))
    })?;
    let has_no_perspectives = matches!(
        target,
        ExplainTarget::Process(_) | ExplainTarget::SocketVsPort
    );
    if has_no_perspectives && explain.look != PerspectiveArg::default() {
        let why = "--look applies only to ports and endpoints";
        return Err(Failure::Usage(why.into()));
    }
    explain.common.init_log()?;
    let services = explain.common.services();
    let source = explain.common.source_kind();
    let scope = SampleScope {
        close_events: CloseEvents::Off,
        ..SampleScope::default()
    };
    let (_, moment) = Poller::open(source, Duration::ZERO, scope)?;
    let findings = Findings::from_moment(&moment, &config.thresholds);
    let context = ExplainContext {
        moment: &moment,
        services: &services,
        findings: &findings,
    };
    let subjects = find_subjects(target, &moment);
    if subjects.is_empty() {
        let what = match target {
            ExplainTarget::Process(pid) => {
                format!("no process {pid} with TCP or UDP sockets that you may inspect")
            }
            ExplainTarget::Endpoint(end) => format!("no socket at {end}"),
            ExplainTarget::Port(port, _) => format!("no port {port}"),
            ExplainTarget::SocketVsPort => "nothing to explain".into(),
        };
        crate::runtime::console::print_stderr(format_args!("there is {what}"));
        return Ok(Exit::Negative);
    }
    let perspectives = explain.look.perspectives();
    let found: Vec<(Perspective, Explanation)> = subjects
        .into_iter()
        .flat_map(|subject| {
            perspectives
                .iter()
                .map(move |perspective| (subject, *perspective))
        })
        .filter_map(|(subject, perspective)| {
            Some((
                perspective,
                dispatch::build_explanation(subject, perspective, context)?,
            ))
        })
        .collect();
    print_explanations(&found, explain.look).map_err(Failure::Output)?;
    Ok(Exit::Success)
}

/// Characters of an invalid argument that are echoed in the error.
const MAX_ECHO_CHARS: usize = 40;

/// Maximum number of rows of one endpoint that are explained.
const MAX_ROWS: usize = 5;

/// Returns what exists of the target; empty if nothing does.
fn find_subjects(target: ExplainTarget, moment: &Moment) -> Vec<ExplainSubject> {
    match target {
        ExplainTarget::SocketVsPort => vec![ExplainSubject::SocketVsPort],
        ExplainTarget::Port(port, protocol) => vec![ExplainSubject::Port(port, protocol)],
        ExplainTarget::Process(pid) => {
            let all = moment.directory.processes.keys();
            let process = all.filter(|process| process.pid == pid);
            process
                .map(|process| ExplainSubject::Process(*process))
                .collect()
        }
        ExplainTarget::Endpoint(end) => {
            let has = |row: &&Arc<TrackedSocket>| {
                let ends = [Some(row.socket.local), row.socket.remote];
                ends.into_iter()
                    .flatten()
                    .any(|e| e.canonical() == end.canonical())
            };
            let mut rows: Vec<&Arc<TrackedSocket>> = moment.rows().filter(has).collect();
            rows.extend(wildcard_listeners(end, &rows, moment));
            rows.sort_by_key(|row| {
                let socket = &row.socket;
                (row.side, socket.local, socket.remote, row.key)
            });
            let rows = rows.into_iter().take(MAX_ROWS);
            rows.map(|row| ExplainSubject::Socket(row.key, row.slot))
                .collect()
        }
    }
}

/// Returns the wildcard listeners that accept connections to this endpoint, if its address is local and
/// no listener is bound to exactly that address.
fn wildcard_listeners<'a>(
    end: Endpoint,
    rows: &[&Arc<TrackedSocket>],
    moment: &'a Moment,
) -> Vec<&'a Arc<TrackedSocket>> {
    let address = end.canonical_ip();
    let is_local = matches!(
        end.scope(),
        AddressScope::Loopback | AddressScope::Unspecified
    ) || moment
        .rows()
        .any(|row| row.socket.local.canonical_ip() == address);
    let mut found = Vec::new();
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        let is_exact_listener = |row: &Arc<TrackedSocket>| {
            let socket = &row.socket;
            socket.is_listening()
                && socket.protocol() == protocol
                && socket.local.canonical() == end.canonical()
                && !row.is_closed()
        };
        if !is_local || rows.iter().any(|row| is_exact_listener(row)) {
            continue;
        }
        let is_wildcard_listener = |row: &&Arc<TrackedSocket>| {
            let socket = &row.socket;
            let covers_family = match (address.is_ipv4(), socket.local.is_ipv6()) {
                (true, true) => socket.v6only != Some(true),
                (false, false) => false,
                _ => true,
            };
            socket.is_listening()
                && !row.is_closed()
                && socket.protocol() == protocol
                && socket.local.port == end.port
                && socket.local.address.is_unspecified()
                && covers_family
        };
        // A listener of the same family takes precedence.
        let all = || moment.rows().filter(is_wildcard_listener);
        let is_same_family =
            |row: &&Arc<TrackedSocket>| row.socket.local.is_ipv6() != address.is_ipv4();
        let same_family: Vec<_> = all().filter(is_same_family).collect();
        match same_family.is_empty() {
            true => found.extend(all()),
            false => found.extend(same_family),
        }
    }
    found
}

fn print_explanations(
    found: &[(Perspective, Explanation)],
    requested: PerspectiveArg,
) -> io::Result<()> {
    let width = terminal_width()
        .unwrap_or(MAX_WIDTH)
        .clamp(MIN_WIDTH, MAX_WIDTH);
    let mut out = io::stdout().lock();
    for (index, (perspective, explanation)) in found.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        match requested {
            PerspectiveArg::Words => writeln!(out, "{}", explanation.title)?,
            _ => writeln!(out, "{}: {}", explanation.title, perspective.description())?,
        }
        for comparison in &explanation.comparisons {
            writeln!(out, "\n{}", comparison.label)?;
            let sides = [
                ("socket", comparison.socket),
                ("port", comparison.port),
                ("here", &comparison.observed.text),
            ];
            for (side, words) in sides {
                for (line, text) in wrap::wrap(words, width - 10).iter().enumerate() {
                    let side = if line == 0 { side } else { "" };
                    writeln!(out, "  {side:<7} {text}")?;
                }
            }
        }
        for section in &explanation.sections {
            writeln!(out, "\n{}", section.heading)?;
            for phrase in &section.phrases {
                let marker = match phrase.certainty {
                    Certainty::Fact => "  ",
                    Certainty::Inference => "~ ",
                    Certainty::Unknown => "? ",
                    Certainty::Warning => "! ",
                };
                for (line, text) in wrap::wrap(&phrase.text, width - 2).iter().enumerate() {
                    writeln!(out, "{}{text}", if line == 0 { marker } else { "  " })?;
                }
            }
        }
        writeln!(out, "\nWith other tools")?;
        for command in &explanation.commands {
            writeln!(out, "  {command}")?;
        }
    }
    if io::stdout().is_terminal() {
        writeln!(out, "\n~ inferred, not observed   ? unknown   ! problem")?;
    }
    out.flush()
}

/// Maximum line width, for readability.
const MAX_WIDTH: usize = 100;

/// Minimum line width, however narrow the terminal is.
const MIN_WIDTH: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_syntax_is_parsed() {
        let subject = |text: &str| text.parse::<ExplainTarget>();
        assert_eq!(subject("80"), Ok(ExplainTarget::Port(Port(80), None)));
        assert_eq!(subject("sockets"), Ok(ExplainTarget::SocketVsPort));
        assert_eq!(subject(":80"), Ok(ExplainTarget::Port(Port(80), None)));
        let domain = ExplainTarget::Port(Port(53), Some(Protocol::Udp));
        assert_eq!(subject("53/udp"), Ok(domain));
        assert_eq!(subject("pid:812"), Ok(ExplainTarget::Process(Pid(812))));
        let end = Endpoint::new([127, 0, 0, 1].into(), Port(80));
        assert_eq!(subject("127.0.0.1:80"), Ok(ExplainTarget::Endpoint(end)));
        assert!(subject("[::1]:80").is_ok());
        for wrong in ["", "nginx", "80/sctp", "pid:x", "99999", "-1", "::1"] {
            assert!(subject(wrong).is_err(), "{wrong}");
        }
        assert!(subject("70000").unwrap_err().contains("pid:70000"));
    }
}
