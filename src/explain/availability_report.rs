//! Describes whether a port is free, which sockets hold it, and why bind(2) fails.
//!
//! In: the results of the bind probes, and the sockets on the port. Out: sentences, the result first.
//! The result comes from the probes, the owners from the socket table; the text says where the two
//! disagree.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::port_users::{ListenerStatus, describe_connections, describe_listeners, group_similar};
use crate::collect::{BindError, ProbeResult};
use crate::history::{Moment, Ownership, TrackedSocket};
use crate::net::bind_target::{BindTarget, FamilyCoverage};
use crate::net::port::{Port, Protocol};
use crate::net::snapshot::Gap;
use crate::net::socket::TcpState;
use crate::query::owner_display::can_see_all_processes;
use crate::query::{Availability, PortUsers};
use crate::text::phrase::{Certainty, Phrase};
use crate::text::units;

/// How many lines describe sockets; the rest is counted.
const MAX_LINES: usize = 10;

/// What `portolan free` found out about one target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AvailabilityReport<'a> {
    pub target: BindTarget,
    /// The results of bind(2) on exactly this target.
    pub probes: &'a [ProbeResult],
    /// The results of bind(2) on nearby addresses.
    pub alternatives: &'a [ProbeResult],
    pub availability: Availability,
    /// The sockets on the port.
    pub port_users: &'a PortUsers,
    /// The socket table; `None` if it could not be read.
    pub moment: Option<&'a Moment>,
}

/// The beginning of the line that names another free address.
const OTHER_ADDRESSES: &str = "other addresses";

/// Returns the result in one line.
pub(crate) fn describe_availability(target: BindTarget, availability: Availability) -> Phrase {
    match availability {
        Availability::Free => Phrase::fact(format!("{target} is free")),
        Availability::InUse => Phrase::fact(format!("{target} is taken")),
        Availability::AddrNotAvailable => Phrase::fact(format!("{target} cannot be bound here")),
        Availability::PermissionDenied => {
            Phrase::fact(format!("{target} cannot be bound by this user"))
        }
    }
}

/// Explains the result, one phrase a line.
pub(crate) fn explain_availability(report: &AvailabilityReport<'_>) -> Vec<Phrase> {
    let mut phrases = describe_sockets(report);
    match report.availability {
        Availability::Free => phrases.extend(reason_free(report)),
        Availability::InUse => phrases.extend(reason_in_use(report)),
        Availability::AddrNotAvailable | Availability::PermissionDenied => {}
    }
    phrases.extend(describe_bind_errors(report));
    if report.availability == Availability::PermissionDenied {
        phrases.extend(unprobed_note(report));
    }
    phrases.extend(nearby_alternatives(report));
    phrases.extend(sudo_hint(report, &phrases));
    phrases
}

/// Describes the sockets on the port: those that overlap the target and, if it is free, the others as
/// well, so that they are not taken for a conflict.
fn describe_sockets(report: &AvailabilityReport<'_>) -> Vec<Phrase> {
    let Some(moment) = report.moment else {
        return Vec::new();
    };
    let PortUsers {
        overlapping,
        unused_loopback: elsewhere,
    } = report.port_users;
    let mut all = overlapping.iter().chain(elsewhere);
    let listener_status = match all.any(|row| row.socket.is_listening()) {
        true => ListenerStatus::Present,
        false => ListenerStatus::Absent,
    };
    let mut phrases: Vec<(usize, Phrase)> = Vec::new();
    let elsewhere: &[_] = match report.availability {
        Availability::Free => elsewhere,
        _ => &[],
    };
    for (rows, prefix) in [(&overlapping[..], ""), (elsewhere, "elsewhere: ")] {
        for group in group_similar(rows, moment) {
            let phrase = match group[0].socket.is_listening() {
                true => describe_listeners(&group, moment),
                false => describe_connections(&group, listener_status, moment),
            };
            let text = format!("{prefix}{}", phrase.text);
            phrases.push((group.len(), Phrase { text, ..phrase }));
        }
    }
    if phrases.len() <= MAX_LINES {
        return phrases.into_iter().map(|(_, phrase)| phrase).collect();
    }
    let rest: usize = phrases.iter().skip(MAX_LINES).map(|(rows, _)| rows).sum();
    let mut shown: Vec<Phrase> = phrases
        .into_iter()
        .map(|(_, p)| p)
        .take(MAX_LINES)
        .collect();
    let more = units::pluralize(rest, "more socket", "more sockets");
    shown.push(Phrase::fact(format!("and {more}")));
    shown
}

fn reason_free(report: &AvailabilityReport<'_>) -> Option<Phrase> {
    let exclusive_fails = report
        .probes
        .iter()
        .any(|probe| probe.exclusive == Err(BindError::AddrInUse));
    let rows = &report.port_users.overlapping;
    if report
        .probes
        .iter()
        .any(|probe| probe.server_default == Err(BindError::ProbeUnsupported))
    {
        return Some(Phrase::inference(
            "inferred from the socket table only: this system offers no way to try without listening",
        ));
    }
    if !exclusive_fails {
        return match (
            rows.is_empty(),
            report.port_users.unused_loopback.is_empty(),
        ) {
            (false, _) => Some(Phrase::fact(
                "no conflict: the system lets another socket bind anyway",
            )),
            (true, false) => Some(Phrase::fact(
                "no conflict: these sockets are at other addresses",
            )),
            (true, true) => None,
        };
    }
    let others = match time_wait_remaining(report) {
        _ if rows.is_empty() => {
            return Some(Phrase::inference(format!(
                "{}; a server that sets SO_REUSEADDR, as nearly all do, can bind beside it; one that does not cannot",
                unlisted_socket_text(report, "another socket has it, too")
            )));
        }
        Some(left) => format!("one that does not can in {}", units::age(left)),
        None => "one that does not has to wait until they are gone".to_owned(),
    };
    Some(Phrase::fact(format!(
        "a server that sets SO_REUSEADDR, as nearly all do, can bind anyway; {others}"
    )))
}

fn reason_in_use(report: &AvailabilityReport<'_>) -> Option<Phrase> {
    let port_users = report.port_users;
    if port_users.has_listener() {
        return reuseport_hint(report);
    }
    if port_users.overlapping.is_empty() {
        return Some(Phrase::inference(unlisted_socket_text(
            report,
            "taken by a socket",
        )));
    }
    if report.target.protocol == Protocol::Udp {
        return None;
    }
    let until = match time_wait_remaining(report) {
        Some(left) => format!("until it expires, in {}", units::age(left)),
        None => "until it is closed".to_owned(),
    };
    let not_listening = match port_users.overlapping.len() {
        1 => "it does not listen",
        _ => "none of them listens",
    };
    // Does not name a socket: the holder may be one that is in no table.
    Some(Phrase::inference(format!(
        "{not_listening}; the socket that holds the port was opened without SO_REUSEADDR and holds it {until}"
    )))
}

/// Says that another socket can join listeners that share an endpoint, if it sets the same option.
fn reuseport_hint(report: &AvailabilityReport<'_>) -> Option<Phrase> {
    let rows = &report.port_users.overlapping;
    let listens = |row: &&Arc<TrackedSocket>| row.socket.is_listening();
    let mut listeners = rows.iter().filter(listens);
    let first = listeners.next()?;
    let shared = listeners.clone().next().is_some()
        && listeners.all(|row| row.socket.local == first.socket.local);
    shared.then(|| {
        Phrase::inference(match report.target.protocol {
            Protocol::Tcp => "a server of the same user that sets SO_REUSEPORT can join them",
            Protocol::Udp => "a program that sets the same option can join them",
        })
    })
}

/// Describes a socket that must exist but is not in the table, and why the table does not show it.
fn unlisted_socket_text(report: &AvailabilityReport<'_>, subject: &str) -> String {
    let Some(moment) = report.moment else {
        return format!("{subject}; owner unknown: the socket table cannot be read");
    };
    let mut gaps = moment.gaps.iter();
    if let Some(gap) = gaps.find(|gap| matches!(gap, Gap::Sockets(_))) {
        return format!("{subject} that the table does not show: {gap}");
    }
    match report.target.protocol {
        Protocol::Tcp => {
            format!(
                "{subject} that the table does not list: bound, but neither listening nor connected"
            )
        }
        Protocol::Udp => format!("{subject} that the table does not list"),
    }
}

/// Returns the time until the last one expires if all are in TIME-WAIT.
fn time_wait_remaining(report: &AvailabilityReport<'_>) -> Option<Duration> {
    let moment = report.moment?;
    let left = |row: &Arc<TrackedSocket>| {
        let is_time_wait = row.socket.tcp_state() == Some(TcpState::TimeWait);
        let timer = row.socket.timer.filter(|_| is_time_wait)?;
        Some(timer.due.saturating_sub(moment.elapsed))
    };
    let all: Option<Vec<Duration>> = report.port_users.overlapping.iter().map(left).collect();
    // "In 0s" would have passed before it is read.
    all?.into_iter()
        .max()
        .map(|t| t.max(Duration::from_secs(1)))
}

/// Describes the errors of bind(2) besides EADDRINUSE, each once.
fn describe_bind_errors(report: &AvailabilityReport<'_>) -> Vec<Phrase> {
    let mut phrases: Vec<Phrase> = Vec::new();
    for probe in report.probes {
        let Err(error) = &probe.server_default else {
            continue;
        };
        let address = probe.addr.endpoint.canonical_ip();
        let phrase = match error {
            BindError::AddrInUse | BindError::ProbeUnsupported => continue,
            BindError::PrivilegedPort(first) => Phrase::fact(privileged_port_text(*first)),
            BindError::AddrNotAvailable => {
                Phrase::fact(format!("{address} is not an address of this machine"))
            }
            BindError::FamilyUnsupported => {
                let family = match address {
                    IpAddr::V4(_) => "IPv4",
                    IpAddr::V6(_) => "IPv6",
                };
                Phrase::fact(format!("{family} is disabled on this machine"))
            }
            BindError::Other(why) => Phrase::unknown(format!(
                "the system refuses to bind {}: {why}",
                probe.addr.endpoint
            )),
        };
        if !phrases.contains(&phrase) {
            phrases.push(phrase);
        }
    }
    phrases
}

fn privileged_port_text(first: Port) -> String {
    let setting = if cfg!(target_os = "linux") {
        " or CAP_NET_BIND_SERVICE (net.ipv4.ip_unprivileged_port_start)"
    } else {
        ""
    };
    format!("this user may not bind ports below {first}: that needs root{setting}")
}

/// Says what the table shows where bind(2) could not be tried.
fn unprobed_note(report: &AvailabilityReport<'_>) -> Vec<Phrase> {
    let table = match (report.moment, report.port_users.overlapping.is_empty()) {
        (None, _) => "the socket table cannot be read either",
        (Some(_), true) => {
            "no socket in the table has it, but the table does not list sockets that are only bound"
        }
        (Some(_), false) => "the socket table shows no listener there",
    };
    vec![Phrase::unknown(table)]
}

/// Lists nearby targets on which bind(2) succeeded.
fn nearby_alternatives(report: &AvailabilityReport<'_>) -> Vec<Phrase> {
    if report.availability != Availability::InUse {
        return Vec::new();
    }
    let free = |probe: &&ProbeResult| probe.server_default.is_ok();
    let tried = report.probes.iter().filter(free);
    let mut phrases: Vec<String> = tried
        .filter(|probe| probe.addr.endpoint.address.is_unspecified())
        .map(|probe| format!("free for IPv4 only: {}", probe.addr.endpoint))
        .collect();
    let any_wildcard = !phrases.is_empty();
    for ProbeResult {
        addr: bind_addr, ..
    } in report.alternatives.iter().filter(free)
    {
        let end = bind_addr.endpoint;
        match (end.address.is_unspecified(), bind_addr.family_coverage) {
            (true, FamilyCoverage::OwnFamily) => {
                phrases.push(format!("free for IPv6 only: {end} with IPV6_V6ONLY"));
            }
            // If 0.0.0.0 is free, so are single addresses; one example is enough.
            _ if any_wildcard || phrases.iter().any(|text| text.starts_with(OTHER_ADDRESSES)) => {}
            _ => phrases.push(format!("{OTHER_ADDRESSES} are free, such as {end}")),
        }
    }
    phrases.into_iter().map(Phrase::fact).collect()
}

/// Suggests sudo where it would show more.
fn sudo_hint(report: &AvailabilityReport<'_>, phrases: &[Phrase]) -> Option<Phrase> {
    let moment = report.moment?;
    if can_see_all_processes(moment) || !cfg!(unix) {
        return None;
    }
    let rows = report.port_users.overlapping.iter();
    let hidden = rows
        .filter(|row| row.ownership == Ownership::Hidden)
        .count();
    let unsure = phrases.iter().any(|p| p.certainty == Certainty::Unknown);
    let target = report.target;
    match (report.availability, hidden) {
        (Availability::PermissionDenied, _) if unsure => {
            Some(Phrase::fact(format!("to try: sudo portolan free {target}")))
        }
        (_, 0) => None,
        _ => Some(Phrase::fact(format!(
            "to see hidden owners: sudo portolan free {target}"
        ))),
    }
}
