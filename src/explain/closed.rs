//! Describes closed sockets and the previous listeners of a port.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::details::Detail;
use crate::history::{
    ClosedBy, ClosedLogStats, Moment, ObservedSince, Ownership, PastListener, TrackedSocket,
    closed_by,
};
use crate::net::port::{PortKey, PortSide};
use crate::net::socket::TcpState;
use crate::query::owner_display::describe_owner;
use crate::text::phrase::Phrase;
use crate::text::units;

/// Formats a time on the collector's clock as a time of day in `zone`; empty if it is out of range.
pub(crate) fn format_clock(at: Duration, moment: &Moment, zone: &TimeZone) -> String {
    let ago = moment.elapsed.saturating_sub(at);
    match moment.taken_at.checked_sub(ago) {
        Ok(time) => time
            .to_zoned_datetime(zone.clone())
            .strftime("%T")
            .to_string(),
        Err(_) => String::new(),
    }
}

/// Says how many closed sockets are kept and why older ones were dropped; `None` if none were.
pub(crate) fn dropped_rows_note(retained: ClosedLogStats) -> Option<String> {
    let number = |n: u64| units::thousands(usize::try_from(n).unwrap_or(usize::MAX));
    let (room, age) = (retained.dropped_for_size, retained.dropped_for_age);
    let why = match (room, age) {
        (0, 0) => return None,
        (0, age) => format!("{} older ones dropped for age", number(age)),
        (room, 0) => format!("{} older ones dropped for space", number(room)),
        (room, age) => format!(
            "{} older ones dropped for space, {} for age",
            number(room),
            number(age)
        ),
    };
    let (sockets, bytes) = (units::thousands(retained.sockets), retained.bytes as u64);
    Some(format!(
        "the last {sockets} closed sockets are kept ({}B); {why} ([history] in the configuration)",
        units::bytes(bytes)
    ))
}

/// Describes the last known owner.
pub(crate) fn describe_last_owner(row: &TrackedSocket, moment: &Moment) -> Phrase {
    match &row.ownership {
        // A sample found the process; that it still had the socket at the end is not known.
        Ownership::Known(holders) => Phrase::inference(format!(
            "(was {})",
            crate::query::owner_display::format_holders(holders, &moment.directory)
        )),
        Ownership::Kernel => Phrase::unknown("too brief to identify"),
        _ => describe_owner(row, moment),
    }
}

/// Formats how long it was open, `≥` if it was in the first sample; `None` if that was not seen.
pub(crate) fn format_lifetime(row: &TrackedSocket, moment: &Moment) -> Option<String> {
    let age = units::age(row.age(moment.elapsed));
    // First seen in TIME-WAIT: only its end was seen.
    let only_end = row.states.first() == Some(&TcpState::TimeWait);
    match row.first_seen {
        _ if only_end => None,
        ObservedSince::Unsampled(_) => None,
        ObservedSince::Sampled(_) => Some(age),
        ObservedSince::BeforeFirstSample(_) => Some(format!("≥{age}")),
    }
}

/// Says which end closed first, in a column's width.
pub(crate) fn describe_first_close(row: &TrackedSocket, moment: &Moment) -> Phrase {
    match closed_by(row, moment) {
        Some(ClosedBy::Local) => Phrase::fact("this end"),
        Some(ClosedBy::Remote) => Phrase::fact("peer"),
        Some(ClosedBy::RemoteInferred) => Phrase::inference("peer"),
        Some(ClosedBy::NeverEstablished) => Phrase::fact("never open"),
        None if row.socket.remote.is_none() || row.socket.tcp_state().is_none() => {
            Phrase::unknown("")
        }
        None => Phrase::unknown("not known"),
    }
}

/// Lists the states it was seen in.
pub(crate) fn describe_state_path(row: &TrackedSocket) -> Phrase {
    if !row.was_sampled() {
        return Phrase::unknown("in no sample");
    }
    let states: Vec<&str> = row.states.iter().map(|state| state.name()).collect();
    Phrase::fact(states.join(" → "))
}

/// Lists when it was first seen, when it ended, and which end closed first.
pub(crate) fn closed_details(row: &TrackedSocket, moment: &Moment, zone: &TimeZone) -> Vec<Detail> {
    let Some(at) = row.closed_at() else {
        return Vec::new();
    };
    let ago = units::age(moment.elapsed.saturating_sub(at));
    let was = match row.socket.tcp_state() {
        _ if row.ended_before_first_sample() => "in TIME-WAIT before the first sample, at",
        Some(TcpState::TimeWait) => "in TIME-WAIT since",
        _ => "closed at",
    };
    let first = format_clock(row.first_seen.time(), moment, zone);
    let first = match row.first_seen {
        ObservedSince::Sampled(_) => first,
        ObservedSince::BeforeFirstSample(_) => format!("{first}, in the first sample"),
        ObservedSince::Unsampled(_) => "never: it opened and closed between two samples".into(),
    };
    let how = match closed_by(row, moment) {
        Some(ClosedBy::Local) => Phrase::fact("this end, as its states show"),
        Some(ClosedBy::Remote) => Phrase::fact("the peer, as the states show"),
        Some(ClosedBy::RemoteInferred) => {
            Phrase::inference("the peer: both ends closed in order, and no TIME-WAIT was left here")
        }
        Some(ClosedBy::NeverEstablished) => Phrase::fact("neither: no answer, or refused"),
        None => Phrase::unknown("not known"),
    };
    let detail = |label, value| Detail { label, value };
    let mut details = vec![
        detail("first seen", Phrase::fact(first)),
        detail(
            "ended",
            Phrase::fact(format!(
                "{was} {}, {ago} ago",
                format_clock(at, moment, zone)
            )),
        ),
    ];
    if row.socket.tcp_state().is_some() && row.socket.remote.is_some() {
        details.push(detail("closed first", how));
    }
    details
}

/// Says when it ended and how long it was seen, in a sentence.
pub(crate) fn describe_closed(row: &TrackedSocket, moment: &Moment, zone: &TimeZone) -> Phrase {
    let at = row.closed_at().map(|at| format_clock(at, moment, zone));
    let at = at.unwrap_or_default();
    let retained = match row.socket.tcp_state() {
        Some(TcpState::TimeWait) => "; TCP keeps its endpoints for a minute (TIME-WAIT)",
        _ => "",
    };
    Phrase::fact(match row.first_seen {
        ObservedSince::Unsampled(_) => format!(
            "This socket opened and closed between two samples; the kernel reported its end by {at}."
        ),
        ObservedSince::Sampled(_) | ObservedSince::BeforeFirstSample(_) => {
            match format_lifetime(row, moment) {
                Some(lifetime) => {
                    format!("This socket ended at {at}; it was seen for {lifetime}{retained}.")
                }
                None => {
                    format!("This socket had ended by {at}; no earlier sample had it{retained}.")
                }
            }
        }
    })
}

/// Lists the previous listeners of a local port, the latest first. `present` is the current listener.
pub(crate) fn past_listener_details(
    key: PortKey,
    present: Option<&TrackedSocket>,
    moment: &Moment,
    zone: &TimeZone,
) -> Vec<Detail> {
    if key.side != PortSide::Local {
        return Vec::new();
    }
    let before = moment.past_listeners.for_port(key.protocol, key.port);
    let mut later = present.map(|row| {
        let since = row.first_seen.time();
        let who = describe_owner(row, moment).text;
        let now = format!("; now {who}, since {}", format_clock(since, moment, zone));
        (since, now)
    });
    let mut details = Vec::new();
    for past_listener in before.iter().rev() {
        let from = match past_listener.since {
            ObservedSince::Sampled(at) => format!("from {} ", format_clock(at, moment, zone)),
            _ => String::new(),
        };
        let who = past_listener_label(past_listener);
        let until = format_clock(past_listener.until, moment, zone);
        let after = match later.take() {
            Some((since, now)) if since > past_listener.until => {
                let free = units::age(since.saturating_sub(past_listener.until));
                format!(", then free {free}{now}")
            }
            Some((_, now)) => now,
            None => String::new(),
        };
        details.push(Detail {
            label: if details.is_empty() { "before" } else { "" },
            value: Phrase::fact(format!("{who}: {from}until {until}{after}")),
        });
        later = Some((past_listener.since.time(), String::new()));
    }
    details
}

fn past_listener_label(past_listener: &PastListener) -> String {
    let others = match past_listener.other_processes {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    match (&past_listener.process_info, past_listener.process) {
        (Some(process), _) => format!("{} {}{others}", process.name, process.key.pid),
        (None, Some(key)) => format!("pid {}{others}", key.pid),
        (None, None) => "an unknown process".into(),
    }
}
