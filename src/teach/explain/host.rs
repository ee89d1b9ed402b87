//! A remote address in plain words, and the sockets that have no remote end or no process.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::other_end::live_peer;
use super::{Explanation, Known, place};
use crate::endpoint::Endpoint;
use crate::history::Tracked;
use crate::port::{Port, PortKey, PortSide};
use crate::quantity::count;
use crate::query::{NoOwner, why_unowned};
use crate::socket::TcpState;
use crate::teach::group::say_no_process;
use crate::teach::sight::{remedy, sees_all};
use crate::teach::{Phrase, no_owner, owner};

/// Ports and owners are named one by one up to so many.
const MOST: usize = 8;

/// Everything there is to say of a remote address; `None` where no socket has it.
pub(super) fn explain_host(address: IpAddr, known: Known<'_>) -> Option<Explanation> {
    let rows = open(known, |row| {
        row.socket
            .remote
            .is_some_and(|remote| remote.plain() == address)
    });
    if rows.is_empty() {
        return None;
    }
    let mut said = Explanation::of(format!("host {address}"));
    let mut what = vec![Phrase::fact(place::address(Endpoint::new(
        address,
        Port::NONE,
    )))];
    if let Some(name) = known.moment.directory.hosts.get(&address) {
        what.push(Phrase::fact(format!("The name servers call it {name}.")));
    }
    let sockets = count(rows.len(), "socket here has", "sockets here have");
    what.push(Phrase::fact(format!("{sockets} it at the other end.")));
    if rows
        .iter()
        .any(|row| live_peer(row, known.moment).is_some())
    {
        what.push(Phrase::fact(
            "It is this machine: both ends of its connections stand in the table, each in a row of its own.",
        ));
    }
    said.say("What it is", what);
    said.say(
        "Ports of it that are called from here",
        by_port(&rows, PortSide::There, known),
    );
    said.say(
        "Ports here that it calls",
        by_port(&rows, PortSide::Here, known),
    );
    said.say("Who has to do with it", [owners(&rows, known)]);
    said.say("In which states", [states(&rows)]);
    let loopback = address.is_loopback();
    said.say("What is not seen", (!loopback).then_some(Phrase::ignorance(
        "Whose address it really is: a router that translates addresses (NAT), a proxy or a tunnel may stand for many hosts.",
    )));
    said.commands = vec![
        format!("portolan list raddr:{address}"),
        format!("ss -tuanp dst {address}"),
        format!("lsof -nP -i @{}", bracketed(address)),
    ];
    Some(said)
}

/// The sockets that wait for anybody.
pub(super) fn explain_no_host(known: Known<'_>) -> Explanation {
    let rows = open(known, |row| row.socket.remote.is_none());
    let mut said = Explanation::of("sockets without a remote end".into());
    said.say("What they are", [
        Phrase::fact(
            "Listeners, and UDP sockets without a peer: they wait for whoever comes, so that nobody stands at the other end.",
        ),
        Phrase::fact(format!("{} wait here.", count(rows.len(), "of them", "of them"))),
    ]);
    said.say("Where they wait", by_port(&rows, PortSide::Here, known));
    said.commands = vec!["ss -tulnp".into(), "lsof -nP -i".into()];
    said
}

/// The sockets that no process has, for one reason.
pub(super) fn explain_no_process(reason: NoOwner, known: Known<'_>) -> Explanation {
    let rows = open(known, |row| why_unowned(row) == Some(reason));
    let why = no_owner(reason, known.moment);
    let mut said = Explanation::of(format!("no process: {}", why.text));
    let words = say_no_process(reason);
    let hidden = matches!(reason, NoOwner::Hidden(_)) && !sees_all(known.moment);
    let way = hidden.then(|| Phrase::fact(format!("To see which: {}.", remedy())));
    said.say("Why they have none", [words].into_iter().chain(way));
    if !rows.is_empty() {
        said.say(
            "How many",
            [
                Phrase::fact(format!(
                    "{} so.",
                    count(rows.len(), "socket is", "sockets are")
                )),
                states(&rows),
            ],
        );
    }
    said.say("Ports here", by_port(&rows, PortSide::Here, known));
    said.say("Ports elsewhere", by_port(&rows, PortSide::There, known));
    said.commands = vec!["ss -tuanpe".into()];
    said
}

fn open(known: Known<'_>, is_such: impl Fn(&Tracked) -> bool) -> Vec<Arc<Tracked>> {
    let rows = known.moment.rows().filter(|row| !row.is_closed());
    rows.filter(|row| is_such(row)).cloned().collect()
}

/// The ports with the most sockets first.
fn by_port(rows: &[Arc<Tracked>], side: PortSide, known: Known<'_>) -> Vec<Phrase> {
    let mut ports: BTreeMap<PortKey, usize> = BTreeMap::new();
    for row in rows {
        let key = row.port_key();
        if key.side == side {
            *ports.entry(key).or_default() += 1;
        }
    }
    let mut ports: Vec<(PortKey, usize)> = ports.into_iter().collect();
    ports.sort_by_key(|(key, n)| (std::cmp::Reverse(*n), *key));
    let rest = ports.len().saturating_sub(MOST);
    let mut said: Vec<Phrase> = ports
        .iter()
        .take(MOST)
        .map(|(key, n)| {
            let name = known.services.of(*key, known.moment.ephemeral);
            let name = name.map_or(String::new(), |name| format!(" ({name})"));
            Phrase::fact(format!("{key}{name}: {}.", count(*n, "socket", "sockets")))
        })
        .collect();
    if rest > 0 {
        said.push(Phrase::fact(format!(
            "And {}.",
            count(rest, "port more", "ports more")
        )));
    }
    said
}

fn owners(rows: &[Arc<Tracked>], known: Known<'_>) -> Phrase {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows {
        *names.entry(owner(row, known.moment).text).or_default() += 1;
    }
    let mut names: Vec<(String, usize)> = names.into_iter().collect();
    names.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    let rest = names.len().saturating_sub(MOST);
    let shown = names.iter().take(MOST);
    let mut words: Vec<String> = shown
        .map(|(name, n)| format!("{name} ({})", count(*n, "socket", "sockets")))
        .collect();
    if rest > 0 {
        words.push(format!("{rest} more"));
    }
    Phrase::fact(format!("{}.", words.join(", ")))
}

fn states(rows: &[Arc<Tracked>]) -> Phrase {
    let mut states: BTreeMap<Option<TcpState>, usize> = BTreeMap::new();
    for row in rows {
        *states.entry(row.socket.tcp_state()).or_default() += 1;
    }
    let words: Vec<String> = states
        .iter()
        .map(|(state, n)| {
            format!(
                "{n} {}",
                state.map_or("UDP (it has no states)", TcpState::name)
            )
        })
        .collect();
    Phrase::fact(format!("{}.", words.join(", ")))
}

fn bracketed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    }
}
