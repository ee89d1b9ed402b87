//! `portolan explain`: a port, an endpoint or a process in plain words.
//!
//! In: what is [`Wanted`]. Out: what there is to say, on stdout; exit status 1 where there is no such
//! thing here.

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crate::app::cli::{Explain, LookChoice};
use crate::app::config::Config;
use crate::app::exit::{Exit, Failure};
use crate::app::looking::Looking;
use crate::app::print::terminal_width;
use crate::collect::{Closes, Demand};
use crate::endpoint::{Endpoint, Scope};
use crate::history::{Moment, Tracked};
use crate::port::{Port, Protocol};
use crate::process::Pid;
use crate::teach::{self, Certainty, Explanation, Findings, Known, Look, Subject};
use crate::text;

/// What is to be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A port, of one protocol or of both.
    Port(Port, Option<Protocol>),
    /// The sockets that have this endpoint.
    Endpoint(Endpoint),
    /// A process.
    Process(Pid),
    /// The difference between a socket and a port.
    Difference,
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            "expected a port (8080, 53/udp), an endpoint (127.0.0.1:80, [::1]:80), a process (pid:812), or \"sockets\""
                .to_owned()
        };
        if text == "sockets" {
            return Ok(Self::Difference);
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
                "ports end at 65535; for a process say pid:{number}"
            )),
        }
    }
}

/// Explains.
///
/// # Errors
/// A text that is no subject, and what the system refused.
pub(super) fn explain(explain: &Explain, config: &Config) -> Result<Exit, Failure> {
    let wanted: Wanted = explain.subject.parse().map_err(|why: String| {
        let text = text::readable(explain.subject.as_bytes());
        let start: String = text.chars().take(REPEATED).collect();
        Failure::Usage(format!("cannot explain \"{start}\": {why}"))
    })?;
    let one_look = matches!(wanted, Wanted::Process(_) | Wanted::Difference);
    if one_look && explain.look != LookChoice::default() {
        let why = "--look is for ports and endpoints; there is one look at anything else";
        return Err(Failure::Usage(why.into()));
    }
    explain.common.start_log()?;
    let services = explain.common.services();
    let source = explain.common.source();
    let demand = Demand {
        closes: Closes::NotHeard,
        ..Demand::default()
    };
    let (_, moment) = Looking::open(source, Duration::ZERO, demand)?;
    let findings = Findings::of(&moment, &config.limits);
    let known = Known {
        moment: &moment,
        services: &services,
        findings: &findings,
    };
    let subjects = subjects(wanted, &moment);
    if subjects.is_empty() {
        let what = match wanted {
            Wanted::Process(pid) => {
                format!("no process {pid} with TCP or UDP sockets that may be looked into")
            }
            Wanted::Endpoint(end) => format!("no socket at {end}"),
            Wanted::Port(port, _) => format!("no port {port}"),
            Wanted::Difference => "nothing to tell".into(),
        };
        crate::app::print::say(format_args!("there is {what}"));
        return Ok(Exit::No);
    }
    let looks = explain.look.looks();
    let found: Vec<(Look, Explanation)> = subjects
        .into_iter()
        .flat_map(|subject| looks.iter().map(move |look| (subject, *look)))
        .filter_map(|(subject, look)| Some((look, teach::explain(subject, look, known)?)))
        .collect();
    print(&found, explain.look).map_err(Failure::Output)?;
    Ok(Exit::Done)
}

/// How many characters of a wrong subject are repeated.
const REPEATED: usize = 40;

/// Rows of one endpoint are explained one by one up to so many.
const MOST: usize = 5;

/// What is there of what is wanted.
fn subjects(wanted: Wanted, moment: &Moment) -> Vec<Subject> {
    match wanted {
        Wanted::Difference => vec![Subject::Difference],
        Wanted::Port(port, protocol) => vec![Subject::Port(port, protocol)],
        Wanted::Process(pid) => {
            let all = moment.directory.processes.keys();
            let process = all.filter(|process| process.pid == pid);
            process.map(|process| Subject::Process(*process)).collect()
        }
        Wanted::Endpoint(end) => {
            let has = |row: &&Arc<Tracked>| {
                let ends = [Some(row.socket.local), row.socket.remote];
                ends.into_iter()
                    .flatten()
                    .any(|e| e.canonical() == end.canonical())
            };
            let mut rows: Vec<&Arc<Tracked>> = moment.rows().filter(has).collect();
            rows.extend(answering(end, &rows, moment));
            rows.sort_by_key(|row| {
                let socket = &row.socket;
                (row.side, socket.local, socket.remote, row.key)
            });
            let rows = rows.into_iter().take(MOST);
            rows.map(|row| Subject::Row(row.key, row.slot)).collect()
        }
    }
}

/// Who waits for calls to an address of this machine, bound to every one of them, where nobody waits
/// at the very address.
fn answering<'a>(
    end: Endpoint,
    there: &[&Arc<Tracked>],
    moment: &'a Moment,
) -> Vec<&'a Arc<Tracked>> {
    let address = end.plain();
    let own = matches!(end.scope(), Scope::Loopback | Scope::Unspecified)
        || moment.rows().any(|row| row.socket.local.plain() == address);
    let mut found = Vec::new();
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        let exactly = |row: &Arc<Tracked>| {
            let socket = &row.socket;
            socket.is_listening()
                && socket.protocol() == protocol
                && socket.local.canonical() == end.canonical()
                && !row.is_closed()
        };
        if !own || there.iter().any(|row| exactly(row)) {
            continue;
        }
        let at_all = |row: &&Arc<Tracked>| {
            let socket = &row.socket;
            let serves = match (address.is_ipv4(), socket.local.is_ipv6()) {
                (true, true) => socket.v6only != Some(true),
                (false, false) => false,
                _ => true,
            };
            socket.is_listening()
                && !row.is_closed()
                && socket.protocol() == protocol
                && socket.local.port == end.port
                && socket.local.address.is_unspecified()
                && serves
        };
        // A socket of the very family goes first.
        let all = || moment.rows().filter(at_all);
        let same = |row: &&Arc<Tracked>| row.socket.local.is_ipv6() != address.is_ipv4();
        let family: Vec<_> = all().filter(same).collect();
        match family.is_empty() {
            true => found.extend(all()),
            false => found.extend(family),
        }
    }
    found
}

fn print(found: &[(Look, Explanation)], look: LookChoice) -> io::Result<()> {
    let width = terminal_width().unwrap_or(WIDTH).clamp(NARROWEST, WIDTH);
    let mut out = io::stdout().lock();
    for (index, (from, explanation)) in found.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        match look {
            LookChoice::Words => writeln!(out, "{}", explanation.title)?,
            _ => writeln!(out, "{}: {}", explanation.title, from.shows())?,
        }
        for contrast in &explanation.contrasts {
            writeln!(out, "\n{}", contrast.label)?;
            let sides = [
                ("socket", contrast.socket),
                ("port", contrast.port),
                ("here", &contrast.here.text),
            ];
            for (side, words) in sides {
                for (line, text) in text::wrap(words, width - 10).iter().enumerate() {
                    let side = if line == 0 { side } else { "" };
                    writeln!(out, "  {side:<7} {text}")?;
                }
            }
        }
        for passage in &explanation.passages {
            writeln!(out, "\n{}", passage.heading)?;
            for phrase in &passage.said {
                let mark = match phrase.certainty {
                    Certainty::Fact => "  ",
                    Certainty::Inference => "~ ",
                    Certainty::Ignorance => "? ",
                    Certainty::Warning => "! ",
                };
                for (line, text) in text::wrap(&phrase.text, width - 2).iter().enumerate() {
                    writeln!(out, "{}{text}", if line == 0 { mark } else { "  " })?;
                }
            }
        }
        writeln!(out, "\nThe same elsewhere")?;
        for command in &explanation.commands {
            writeln!(out, "  {command}")?;
        }
    }
    if io::stdout().is_terminal() {
        writeln!(
            out,
            "\n~ concluded, not seen   ? not known   ! worth a look"
        )?;
    }
    out.flush()
}

/// The longest line that is easily read.
const WIDTH: usize = 100;
/// No narrower, however narrow the terminal says it is.
const NARROWEST: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_told_apart() {
        let subject = |text: &str| text.parse::<Wanted>();
        assert_eq!(subject("80"), Ok(Wanted::Port(Port(80), None)));
        assert_eq!(subject("sockets"), Ok(Wanted::Difference));
        assert_eq!(subject(":80"), Ok(Wanted::Port(Port(80), None)));
        let domain = Wanted::Port(Port(53), Some(Protocol::Udp));
        assert_eq!(subject("53/udp"), Ok(domain));
        assert_eq!(subject("pid:812"), Ok(Wanted::Process(Pid(812))));
        let end = Endpoint::new([127, 0, 0, 1].into(), Port(80));
        assert_eq!(subject("127.0.0.1:80"), Ok(Wanted::Endpoint(end)));
        assert!(subject("[::1]:80").is_ok());
        for wrong in ["", "nginx", "80/sctp", "pid:x", "99999", "-1", "::1"] {
            assert!(subject(wrong).is_err(), "{wrong}");
        }
        assert!(subject("70000").unwrap_err().contains("pid:70000"));
    }
}
