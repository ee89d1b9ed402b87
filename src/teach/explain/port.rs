//! A port in plain words: a number, and what uses it here now.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use super::other_end::is_own;
use super::vacancy::vacancy;
use super::{Explanation, Known, place};
use crate::history::{Moment, Side, Tracked};
use crate::port::{Port, Protocol};
use crate::quantity::count;
use crate::services::Services;
use crate::socket::{Backlog, TcpState};
use crate::teach::{Phrase, local, owner, remote};

/// Listeners, connections and calls are named one by one up to so many.
const MOST: usize = 6;

/// Everything there is to say of a port; of both protocols where none is given: they have nothing
/// to do with each other.
pub fn explain_port(port: Port, protocol: Option<Protocol>, known: Known<'_>) -> Explanation {
    let Known {
        moment, services, ..
    } = known;
    let title = match protocol {
        Some(protocol) => format!("port {port}/{protocol}"),
        None => format!("port {port}"),
    };
    let mut said = Explanation::of(title);
    let mut number = vec![Phrase::fact(place::class(port, moment.ephemeral))];
    let protocols: &[Protocol] = match protocol {
        Some(Protocol::Tcp) => &[Protocol::Tcp],
        Some(Protocol::Udp) => &[Protocol::Udp],
        None => &[Protocol::Tcp, Protocol::Udp],
    };
    number.extend(protocols.iter().map(|p| registered(port, *p, services)));
    if protocols.len() > 1 {
        number.push(Phrase::fact(format!(
            "{port}/tcp and {port}/udp are two different ports that happen to have the same number."
        )));
    }
    said.say("The number", number);
    let uses: Vec<Uses<'_>> = protocols
        .iter()
        .map(|protocol| Uses::of(port, *protocol, moment))
        .collect();
    said.say(
        "Who waits there",
        uses.iter().flat_map(|u| u.listeners(moment)),
    );
    said.say(
        "Who is connected to it",
        uses.iter().flat_map(|u| u.serving(port)),
    );
    said.say(
        "Who dialled from it",
        uses.iter().flat_map(|u| u.borrowed(port, moment)),
    );
    said.say(
        "Who calls that port",
        uses.iter().flat_map(|u| u.calling(port, moment)),
    );
    if uses.iter().all(Uses::is_empty) {
        said.say("Who uses it", [Phrase::fact(format!(
            "No socket of this machine has {port} at either end. A TCP call to it from here would be refused at once."
        ))]);
    }
    let mut could: Vec<Phrase> = Vec::new();
    for protocol in protocols {
        for phrase in vacancy(port, *protocol, moment) {
            // What holds for the number holds for both protocols, and is said once.
            if !could.contains(&phrase) {
                could.push(phrase);
            }
        }
    }
    said.say("Could a program listen there now?", could);
    let found = known.findings.all().iter();
    let found = found
        .filter(|found| found.id.port.port == port && protocols.contains(&found.id.port.protocol));
    said.say("Worth a look", found.map(|found| found.sentence.clone()));
    said.say("What is not seen", [Phrase::ignorance(
        "What a firewall lets through, other network namespaces, and sockets that are bound and neither listen nor are connected.",
    )]);
    said.commands = commands(port);
    said
}

/// What shows the same elsewhere.
pub(super) fn commands(port: Port) -> Vec<String> {
    vec![
        format!("portolan free {port}"),
        format!("ss -tuanp 'sport = :{port} or dport = :{port}'"),
        format!("lsof -nP -i :{port}"),
    ]
}

fn registered(port: Port, protocol: Protocol, services: &Services) -> Phrase {
    match services.name(port, protocol) {
        Some(name) => {
            let words = services.description(port, protocol);
            let words = words.map_or(String::new(), |words| format!(" ({words})"));
            Phrase::fact(format!(
                "{port}/{protocol} is registered as {name}{words}: a convention, which no program has to keep to."
            ))
        }
        None => Phrase::fact(format!("The registry has no name for {port}/{protocol}.")),
    }
}

/// The open sockets that have the port at one end.
struct Uses<'a> {
    protocol: Protocol,
    listeners: Vec<&'a Arc<Tracked>>,
    serving: Vec<&'a Arc<Tracked>>,
    borrowed: Vec<&'a Arc<Tracked>>,
    calling: Vec<&'a Arc<Tracked>>,
}

impl<'a> Uses<'a> {
    fn of(port: Port, protocol: Protocol, moment: &'a Moment) -> Self {
        let mut uses = Self {
            protocol,
            listeners: Vec::new(),
            serving: Vec::new(),
            borrowed: Vec::new(),
            calling: Vec::new(),
        };
        let rows = moment.rows().filter(|row| !row.is_closed());
        for row in rows.filter(|row| row.socket.protocol() == protocol) {
            let here = row.socket.local.port == port;
            match row.side {
                Side::Listening if here => uses.listeners.push(row),
                Side::Serving if here => uses.serving.push(row),
                Side::Outgoing => {
                    if here {
                        uses.borrowed.push(row);
                    }
                    if row.socket.remote_port() == port {
                        uses.calling.push(row);
                    }
                }
                Side::Listening | Side::Serving => {}
            }
        }
        for rows in [&mut uses.listeners, &mut uses.borrowed, &mut uses.calling] {
            rows.sort_by_key(|row| (row.socket.local, row.socket.remote, row.key));
        }
        uses
    }

    fn is_empty(&self) -> bool {
        let all = [
            &self.listeners,
            &self.serving,
            &self.borrowed,
            &self.calling,
        ];
        all.iter().all(|rows| rows.is_empty())
    }

    fn listeners(&self, moment: &Moment) -> Vec<Phrase> {
        let mut said: Vec<Phrase> = self
            .listeners
            .iter()
            .take(MOST)
            .map(|row| {
                let whose = owner(row, moment);
                let queue = row.socket.backlog.map_or(String::new(), waiting);
                let held = row.ownership.holders();
                let several = held.is_some_and(|held| held.processes().nth(1).is_some());
                let verb = match (self.protocol, several) {
                    (Protocol::Tcp, false) => "listens",
                    (Protocol::Tcp, true) => "listen",
                    (Protocol::Udp, false) => "receives",
                    (Protocol::Udp, true) => "receive",
                };
                let who = match held {
                    Some(_) => whose.text,
                    None => format!("Somebody, {},", whose.text),
                };
                let families = match row.socket.v6only {
                    Some(false) if row.socket.local.address.is_unspecified() => {
                        " It serves IPv4 as well."
                    }
                    Some(true) => " It serves IPv6 alone.",
                    _ => "",
                };
                let text = format!(
                    "{who} {verb} at {} ({}); the address {}.{families}{queue}",
                    local(row, moment),
                    self.protocol,
                    place::scope(row.socket.local.scope())
                );
                Phrase {
                    text,
                    certainty: whose.certainty,
                }
            })
            .collect();
        said.extend(more(self.listeners.len()));
        said.extend(self.sharing());
        if self.listeners.is_empty() && !self.serving.is_empty() {
            let left = match self.serving.iter().all(|row| is_over(row)) {
                true => "what is left are finished connections that the kernel remembers",
                false => "what is left are connections",
            };
            said.push(Phrase::fact(format!(
                "Nobody listens at it ({}); {left}.",
                self.protocol
            )));
        }
        said
    }

    /// Several sockets at one place.
    fn sharing(&self) -> Option<Phrase> {
        let place = |row: &&Arc<Tracked>| (row.socket.local, row.socket.interface);
        let groups = self.listeners.chunk_by(|a, b| place(a) == place(b));
        let largest = groups
            .max_by_key(|group| group.len())
            .filter(|g| g.len() > 1)?;
        let end = largest.first()?.socket.local;
        let sockets = count(largest.len(), "socket shares", "sockets share");
        Some(Phrase::fact(match self.protocol {
            Protocol::Tcp => format!(
                "{sockets} {end} (SO_REUSEPORT): the kernel gives each call to one of them, and each has a queue of its own."
            ),
            Protocol::Udp => format!(
                "{sockets} {end} (SO_REUSEPORT or SO_REUSEADDR): a datagram goes to one of them, one to a group to all."
            ),
        }))
    }

    fn serving(&self, port: Port) -> Option<Phrase> {
        if self.serving.is_empty() {
            return None;
        }
        let mut states: BTreeMap<TcpState, usize> = BTreeMap::new();
        let mut hosts: BTreeMap<IpAddr, usize> = BTreeMap::new();
        for row in &self.serving {
            if let Some(state) = row.socket.tcp_state() {
                *states.entry(state).or_default() += 1;
            }
            if let Some(remote) = row.socket.remote {
                *hosts.entry(remote.plain()).or_default() += 1;
            }
        }
        let most = hosts.iter().max_by_key(|(host, n)| (**n, Reverse(**host)));
        let most = most
            .filter(|_| hosts.len() > 1)
            .map_or(String::new(), |(host, n)| {
                format!(" The most, {n}, come from {host}.")
            });
        // What is over is remembered, and connected to nobody.
        let over = states.remove(&TcpState::TimeWait).unwrap_or(0);
        let states: Vec<String> = states
            .iter()
            .map(|(s, n)| format!("{n} {}", s.name()))
            .collect();
        let states = if states.is_empty() {
            String::new()
        } else {
            format!(" ({})", states.join(", "))
        };
        let now = self.serving.len() - over;
        let connections = match self.protocol {
            Protocol::Tcp => count(now, "connection", "connections"),
            Protocol::Udp => count(now, "socket with one peer", "sockets with one peer each"),
        };
        let hosts = count(hosts.len(), "address", "addresses");
        let what = match (now, over) {
            (_, 0) => format!("{connections} from {hosts}{states}"),
            (0, _) => format!(
                "None now. {}, only remembered (TIME-WAIT), from {hosts}",
                count(over, "finished connection", "finished connections")
            ),
            _ => format!(
                "{connections}{states} and {}, only remembered (TIME-WAIT), from {hosts}",
                count(over, "finished one", "finished ones")
            ),
        };
        Some(Phrase::fact(format!(
            "{what}, all with the same local port {port}: they are told apart by the remote address and port.{most}"
        )))
    }

    fn borrowed(&self, port: Port, moment: &Moment) -> Vec<Phrase> {
        let mut said: Vec<Phrase> = self
            .borrowed
            .iter()
            .take(MOST)
            .map(|row| {
                let to = remote(row, moment).unwrap_or_default();
                let whose = owner(row, moment).text;
                let protocol = self.protocol;
                let text = match row.socket.tcp_state() {
                    Some(TcpState::TimeWait) => format!(
                        "{port}/{protocol} was the own number of a connection to {to}, which is finished and remembered (TIME-WAIT)."
                    ),
                    Some(TcpState::SynSent) => format!(
                        "For its call to {to}, not answered yet, somebody here uses {port}/{protocol} as its own number: {whose}."
                    ),
                    Some(_) => format!(
                        "For its connection to {to} somebody here uses {port}/{protocol} as its own number: {whose}."
                    ),
                    None => format!(
                        "To reach its peer {to} somebody here uses {port}/{protocol} as its own number: {whose}."
                    ),
                };
                if row.evidence.is_guess() { Phrase::inference(text) } else { Phrase::fact(text) }
            })
            .collect();
        said.extend(more(self.borrowed.len()));
        said
    }

    /// Calls to this machine's own port, and calls to the same number elsewhere.
    fn calling(&self, port: Port, moment: &Moment) -> Vec<Phrase> {
        let (own, elsewhere): (Vec<_>, Vec<_>) = self.calling.iter().copied().partition(|row| {
            let own = row
                .socket
                .remote
                .is_some_and(|end| is_own(end, &row.socket));
            own || moment.peer_of(row).is_some()
        });
        let mut said = Vec::new();
        if !own.is_empty() {
            let (did, then) = match self.protocol {
                Protocol::Tcp => (
                    "dialled it",
                    "While such a connection stands, it is two rows here, one for each end.",
                ),
                Protocol::Udp => (
                    "chose it as peer",
                    "Whoever receives there has no row for each of them.",
                ),
            };
            said.push(Phrase::fact(format!(
                "{} on this machine {did}: {}. {then}",
                count(own.len(), "socket", "sockets"),
                named(&own, moment)
            )));
        }
        if !elsewhere.is_empty() {
            let hosts: BTreeSet<IpAddr> = elsewhere
                .iter()
                .filter_map(|row| Some(row.socket.remote?.plain()))
                .collect();
            said.push(Phrase::fact(format!(
                "{} here dialled port {port}/{} of {}: {}. That is the port {port} of the other end, not of this machine.",
                count(elsewhere.len(), "socket", "sockets"),
                self.protocol,
                count(hosts.len(), "host", "hosts"),
                named(&elsewhere, moment)
            )));
        }
        said
    }
}

/// Whether it is over, and only remembered.
fn is_over(row: &Tracked) -> bool {
    row.socket.tcp_state() == Some(TcpState::TimeWait)
}

/// How many calls wait in the queue of a listener.
fn waiting(backlog: Backlog) -> String {
    let n = backlog.waiting;
    let wait = if n == 1 { "waits" } else { "wait" };
    match backlog.limit {
        _ if backlog.is_full() => format!(" Its queue is full: {n} {wait} to be accepted."),
        Some(limit) => {
            format!(" In its queue {n} {wait} to be accepted; the limit is {limit}.")
        }
        None => format!(" In its queue {n} {wait} to be accepted."),
    }
}

/// Who has these, each once, the first of them by name.
fn named(rows: &[&Arc<Tracked>], moment: &Moment) -> String {
    let mut owners: Vec<String> = rows.iter().map(|row| owner(row, moment).text).collect();
    owners.sort_unstable();
    owners.dedup();
    let rest = owners.len().saturating_sub(MOST);
    owners.truncate(MOST);
    let rest = if rest > 0 {
        format!(" and {rest} more")
    } else {
        String::new()
    };
    owners.join(", ") + &rest
}

fn more(all: usize) -> Option<Phrase> {
    (all > MOST).then(|| Phrase::fact(format!("And {} more.", all - MOST)))
}
