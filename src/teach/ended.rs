//! What there is to say of a socket that has ended, and of who had a port before.

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::history::{Closer, Kept, Moment, Ownership, Since, Tenancy, Tracked, closer};
use crate::port::{PortKey, PortSide};
use crate::quantity;
use crate::socket::TcpState;
use crate::teach::{Detail, Phrase, owner};

/// The time of day of something on the collector's clock.
pub fn clock(at: Duration, moment: &Moment, zone: &TimeZone) -> String {
    let ago = moment.elapsed.saturating_sub(at);
    match moment.taken_at.checked_sub(ago) {
        Ok(time) => time
            .to_zoned_datetime(zone.clone())
            .strftime("%T")
            .to_string(),
        Err(_) => String::new(),
    }
}

/// What is not kept any more, and why.
pub fn dropped(kept: Kept) -> Option<String> {
    let number = |n: u64| quantity::thousands(usize::try_from(n).unwrap_or(usize::MAX));
    let (room, age) = (kept.for_room, kept.for_age);
    let why = match (room, age) {
        (0, 0) => return None,
        (0, age) => format!("{} older ones are too long ago", number(age)),
        (room, 0) => format!("{} older ones had no room", number(room)),
        (room, age) => format!(
            "{} older ones had no room, {} are too long ago",
            number(room),
            number(age)
        ),
    };
    let (sockets, bytes) = (quantity::thousands(kept.sockets), kept.bytes as u64);
    Some(format!(
        "the last {sockets} closed sockets are kept ({}B); {why} ([history] in the configuration)",
        quantity::bytes(bytes)
    ))
}

/// Who had it last.
pub fn last_owner(row: &Tracked, moment: &Moment) -> Phrase {
    match &row.ownership {
        // It was seen with the process; that it still was when it closed was not.
        Ownership::Known(held) => {
            Phrase::inference(format!("(was {})", super::holders(held, &moment.directory)))
        }
        Ownership::Kernel => Phrase::ignorance("gone before we looked"),
        _ => owner(row, moment),
    }
}

/// How long it was there, as far as that was seen.
pub fn lasted(row: &Tracked, moment: &Moment) -> Option<String> {
    let age = quantity::age(row.age(moment.elapsed));
    // Of some only the end was seen.
    let only_end = row.path.first() == Some(&TcpState::TimeWait);
    match row.first_seen {
        _ if only_end => None,
        Since::Unsampled(_) => None,
        Since::Seen(_) => Some(age),
        Since::BeforeFirstLook(_) => Some(format!("≥{age}")),
    }
}

/// Which end closed first.
pub fn closed_first(row: &Tracked, moment: &Moment) -> Phrase {
    match closer(row, moment) {
        Some(Closer::Here) => Phrase::fact("this end"),
        Some(Closer::There) => Phrase::fact("other end"),
        Some(Closer::ThereConcluded) => Phrase::inference("other end"),
        Some(Closer::NeverOpen) => Phrase::fact("never open"),
        None if row.socket.remote.is_none() || row.socket.tcp_state().is_none() => {
            Phrase::ignorance("")
        }
        None => Phrase::ignorance("not told"),
    }
}

/// The states it was seen in.
pub fn path(row: &Tracked) -> Phrase {
    if !row.is_sampled() {
        return Phrase::ignorance("in no sample");
    }
    let states: Vec<&str> = row.path.iter().map(|state| state.name()).collect();
    Phrase::fact(states.join(" → "))
}

/// When it was there, and how it ended.
pub fn ended_details(row: &Tracked, moment: &Moment, zone: &TimeZone) -> Vec<Detail> {
    let Some(at) = row.ended() else {
        return Vec::new();
    };
    let ago = quantity::age(moment.elapsed.saturating_sub(at));
    let was = match row.socket.tcp_state() {
        _ if row.ended_before_first_look() => "in TIME-WAIT before the first sample, at",
        Some(TcpState::TimeWait) => "in TIME-WAIT since",
        _ => "closed at",
    };
    let first = clock(row.first_seen.at(), moment, zone);
    let first = match row.first_seen {
        Since::Seen(_) => first,
        Since::BeforeFirstLook(_) => format!("{first}, in the first sample"),
        Since::Unsampled(_) => "never: it opened and closed between two samples".into(),
    };
    let how = match closer(row, moment) {
        Some(Closer::Here) => Phrase::fact("this end, as its states tell"),
        Some(Closer::There) => Phrase::fact("the other end, as the states tell"),
        Some(Closer::ThereConcluded) => Phrase::inference(
            "the other end: both ends were closed in order, and no TIME-WAIT was left here",
        ),
        Some(Closer::NeverOpen) => Phrase::fact("neither: nobody answered, or it was refused"),
        None => Phrase::ignorance("not told by what was seen"),
    };
    let detail = |label, value| Detail { label, value };
    let mut details = vec![
        detail("first seen", Phrase::fact(first)),
        detail(
            "ended",
            Phrase::fact(format!("{was} {}, {ago} ago", clock(at, moment, zone))),
        ),
    ];
    if row.socket.tcp_state().is_some() && row.socket.remote.is_some() {
        details.push(detail("closed first", how));
    }
    details
}

/// When it ended and after how long, in a sentence.
pub fn say_ended(row: &Tracked, moment: &Moment, zone: &TimeZone) -> Phrase {
    let at = row.ended().map(|at| clock(at, moment, zone));
    let at = at.unwrap_or_default();
    let kept = match row.socket.tcp_state() {
        Some(TcpState::TimeWait) => "; TCP keeps its endpoints for a minute (TIME-WAIT)",
        _ => "",
    };
    Phrase::fact(match row.first_seen {
        Since::Unsampled(_) => format!(
            "This socket opened and closed between two samples; the kernel announced its end by {at}."
        ),
        Since::Seen(_) | Since::BeforeFirstLook(_) => match lasted(row, moment) {
            Some(lasted) => format!("This socket ended at {at}; it was seen for {lasted}{kept}."),
            None => format!("This socket had ended by {at}; no sample had it before{kept}."),
        },
    })
}

/// Who listened on this port before, the latest first. `present` is who listens now, if anybody.
pub fn port_history(
    key: PortKey,
    present: Option<&Tracked>,
    moment: &Moment,
    zone: &TimeZone,
) -> Vec<Detail> {
    if key.side != PortSide::Here {
        return Vec::new();
    }
    let before = moment.tenants.of(key.protocol, key.port);
    let mut later = present.map(|row| {
        let since = row.first_seen.at();
        let who = owner(row, moment).text;
        let now = format!("; now {who}, since {}", clock(since, moment, zone));
        (since, now)
    });
    let mut details = Vec::new();
    for tenancy in before.iter().rev() {
        let from = match tenancy.since {
            Since::Seen(at) => format!("from {} ", clock(at, moment, zone)),
            _ => String::new(),
        };
        let who = tenant(tenancy);
        let until = clock(tenancy.until, moment, zone);
        let after = match later.take() {
            Some((since, now)) if since > tenancy.until => {
                let free = quantity::age(since.saturating_sub(tenancy.until));
                format!(", then free {free}{now}")
            }
            Some((_, now)) => now,
            None => String::new(),
        };
        details.push(Detail {
            label: if details.is_empty() { "before" } else { "" },
            value: Phrase::fact(format!("{who}: {from}until {until}{after}")),
        });
        later = Some((tenancy.since.at(), String::new()));
    }
    details
}

fn tenant(tenancy: &Tenancy) -> String {
    let others = match tenancy.others {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    match (&tenancy.described, tenancy.process) {
        (Some(process), _) => format!("{} {}{others}", process.name, process.key.pid),
        (None, Some(key)) => format!("pid {}{others}", key.pid),
        (None, None) => "somebody whose name was not seen".into(),
    }
}
