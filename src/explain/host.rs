//! Explains a remote address, the sockets without a peer, and the sockets without a process.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::context::ExplainContext;
use super::endpoint_meaning;
use super::explanation::Explanation;
use super::group_text::describe_no_process;
use super::hidden_owners::privilege_hint;
use super::peer::open_peer;
use crate::history::TrackedSocket;
use crate::net::endpoint::Endpoint;
use crate::net::port::{Port, PortKey, PortSide};
use crate::net::socket::TcpState;
use crate::query::owner_display::{can_see_all_processes, describe_owner, describe_unowned};
use crate::query::{UnownedReason, unowned_reason};
use crate::text::phrase::Phrase;
use crate::text::units::pluralize;

/// How many ports and owners are listed by name.
const MAX_LISTED: usize = 8;

/// Explains a remote address; `None` if no open socket has it.
pub(crate) fn explain_host(address: IpAddr, context: ExplainContext<'_>) -> Option<Explanation> {
    let rows = open_rows(context, |row| {
        row.socket
            .remote
            .is_some_and(|remote| remote.canonical_ip() == address)
    });
    if rows.is_empty() {
        return None;
    }
    let mut out = Explanation::new(format!("host {address}"));
    let mut what = vec![Phrase::fact(endpoint_meaning::address_meaning(
        Endpoint::new(address, Port::NONE),
    ))];
    if let Some(name) = context.moment.directory.hosts.get(&address) {
        what.push(Phrase::fact(format!("Its DNS name is {name}.")));
    }
    let sockets = pluralize(rows.len(), "socket here has", "sockets here have");
    what.push(Phrase::fact(format!("{sockets} it as the peer.")));
    if rows
        .iter()
        .any(|row| open_peer(row, context.moment).is_some())
    {
        what.push(Phrase::fact(
            "It is this machine: both ends of its connections are in the table, each in a row of its own.",
        ));
    }
    out.push_section("What it is", what);
    out.push_section(
        "Its ports with connections from here",
        describe_ports(&rows, PortSide::Remote, context),
    );
    out.push_section(
        "Ports here that it connects to",
        describe_ports(&rows, PortSide::Local, context),
    );
    out.push_section("Owners", [describe_owners(&rows, context)]);
    out.push_section("States", [describe_states(&rows)]);
    let loopback = address.is_loopback();
    out.push_section("What is not visible", (!loopback).then_some(Phrase::unknown(
        "What is behind the address: a NAT router, a proxy or a tunnel may represent many hosts.",
    )));
    out.commands = vec![
        format!("portolan list raddr:{address}"),
        format!("ss -tuanp dst {address}"),
        format!("lsof -nP -i @{}", bracketed(address)),
    ];
    Some(out)
}

/// Explains the sockets without a peer.
pub(crate) fn explain_no_host(context: ExplainContext<'_>) -> Explanation {
    let rows = open_rows(context, |row| row.socket.remote.is_none());
    let mut out = Explanation::new("sockets without a peer".into());
    out.push_section("What they are", [
        Phrase::fact(
            "Listeners, and UDP sockets without a peer: any client may use them, so there is no remote address.",
        ),
        Phrase::fact(format!("{} here.", pluralize(rows.len(), "socket", "sockets"))),
    ]);
    out.push_section(
        "Their ports",
        describe_ports(&rows, PortSide::Local, context),
    );
    out.commands = vec!["ss -tulnp".into(), "lsof -nP -i".into()];
    out
}

/// Explains the sockets that have no process, for one reason.
pub(crate) fn explain_no_process(
    reason: UnownedReason,
    context: ExplainContext<'_>,
) -> Explanation {
    let rows = open_rows(context, |row| unowned_reason(row) == Some(reason));
    let why = describe_unowned(reason, context.moment);
    let mut out = Explanation::new(format!("no process: {}", why.text));
    let reason_text = describe_no_process(reason);
    let hidden =
        matches!(reason, UnownedReason::Hidden(_)) && !can_see_all_processes(context.moment);
    let hint = hidden.then(|| Phrase::fact(format!("To see which: {}.", privilege_hint())));
    out.push_section("Why there is none", [reason_text].into_iter().chain(hint));
    if !rows.is_empty() {
        out.push_section(
            "How many",
            [
                Phrase::fact(format!("{}.", pluralize(rows.len(), "socket", "sockets"))),
                describe_states(&rows),
            ],
        );
    }
    out.push_section(
        "Ports here",
        describe_ports(&rows, PortSide::Local, context),
    );
    out.push_section(
        "Remote ports",
        describe_ports(&rows, PortSide::Remote, context),
    );
    out.commands = vec!["ss -tuanpe".into()];
    out
}

fn open_rows(
    context: ExplainContext<'_>,
    predicate: impl Fn(&TrackedSocket) -> bool,
) -> Vec<Arc<TrackedSocket>> {
    let rows = context.moment.rows().filter(|row| !row.is_closed());
    rows.filter(|row| predicate(row)).cloned().collect()
}

/// Lists shared ports, those with the most sockets first.
fn describe_ports(
    rows: &[Arc<TrackedSocket>],
    side: PortSide,
    context: ExplainContext<'_>,
) -> Vec<Phrase> {
    let mut ports: BTreeMap<PortKey, usize> = BTreeMap::new();
    for row in rows {
        let key = row.port_key();
        if key.side == side {
            *ports.entry(key).or_default() += 1;
        }
    }
    let mut ports: Vec<(PortKey, usize)> = ports.into_iter().collect();
    ports.sort_by_key(|(key, n)| (std::cmp::Reverse(*n), *key));
    let rest = ports.len().saturating_sub(MAX_LISTED);
    let mut out: Vec<Phrase> = ports
        .iter()
        .take(MAX_LISTED)
        .map(|(key, n)| {
            let name = context
                .services
                .shared_port_name(*key, context.moment.ephemeral);
            let name = name.map_or(String::new(), |name| format!(" ({name})"));
            Phrase::fact(format!(
                "{key}{name}: {}.",
                pluralize(*n, "socket", "sockets")
            ))
        })
        .collect();
    if rest > 0 {
        out.push(Phrase::fact(format!(
            "And {}.",
            pluralize(rest, "more port", "more ports")
        )));
    }
    out
}

fn describe_owners(rows: &[Arc<TrackedSocket>], context: ExplainContext<'_>) -> Phrase {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows {
        *names
            .entry(describe_owner(row, context.moment).text)
            .or_default() += 1;
    }
    let mut names: Vec<(String, usize)> = names.into_iter().collect();
    names.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    let rest = names.len().saturating_sub(MAX_LISTED);
    let shown = names.iter().take(MAX_LISTED);
    let mut parts: Vec<String> = shown
        .map(|(name, n)| format!("{name} ({})", pluralize(*n, "socket", "sockets")))
        .collect();
    if rest > 0 {
        parts.push(format!("{rest} more"));
    }
    Phrase::fact(format!("{}.", parts.join(", ")))
}

fn describe_states(rows: &[Arc<TrackedSocket>]) -> Phrase {
    let mut states: BTreeMap<Option<TcpState>, usize> = BTreeMap::new();
    for row in rows {
        *states.entry(row.socket.tcp_state()).or_default() += 1;
    }
    let parts: Vec<String> = states
        .iter()
        .map(|(state, n)| format!("{n} {}", state.map_or("UDP (no states)", TcpState::name)))
        .collect();
    Phrase::fact(format!("{}.", parts.join(", ")))
}

fn bracketed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    }
}
