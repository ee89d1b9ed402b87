//! Explains a port in plain words: the number, and the sockets that use it now.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use super::can_listen::can_listen;
use super::context::ExplainContext;
use super::endpoint_meaning;
use super::explanation::Explanation;
use super::row_text::{format_local, format_remote};
use crate::history::{Moment, Side, TrackedSocket};
use crate::net::port::{Port, Protocol};
use crate::net::services::Services;
use crate::net::socket::{AcceptQueue, TcpState};
use crate::query::listener_lookup::is_local_address;
use crate::query::owner_display::describe_owner;
use crate::text::phrase::Phrase;
use crate::text::units::pluralize;

/// How many listeners and outgoing connections are listed one by one.
const MAX_LISTED: usize = 6;

/// Explains a port. Without a protocol it explains both: 80/tcp and 80/udp are unrelated.
pub fn explain_port(
    port: Port,
    protocol: Option<Protocol>,
    context: ExplainContext<'_>,
) -> Explanation {
    let ExplainContext {
        moment, services, ..
    } = context;
    let title = match protocol {
        Some(protocol) => format!("port {port}/{protocol}"),
        None => format!("port {port}"),
    };
    let mut out = Explanation::new(title);
    let mut number = vec![Phrase::fact(endpoint_meaning::port_class(
        port,
        moment.ephemeral,
    ))];
    let protocols: &[Protocol] = match protocol {
        Some(Protocol::Tcp) => &[Protocol::Tcp],
        Some(Protocol::Udp) => &[Protocol::Udp],
        None => &[Protocol::Tcp, Protocol::Udp],
    };
    number.extend(protocols.iter().map(|p| registration(port, *p, services)));
    if protocols.len() > 1 {
        number.push(Phrase::fact(format!(
            "{port}/tcp and {port}/udp are two different ports that happen to have the same number."
        )));
    }
    out.push_section("The number", number);
    let port_sockets: Vec<PortSockets<'_>> = protocols
        .iter()
        .map(|protocol| PortSockets::new(port, *protocol, moment))
        .collect();
    out.push_section(
        "Listening",
        port_sockets
            .iter()
            .flat_map(|u| u.describe_listeners(moment)),
    );
    out.push_section(
        "Accepted connections",
        port_sockets.iter().flat_map(|u| u.describe_accepted(port)),
    );
    out.push_section(
        "Connected from it",
        port_sockets
            .iter()
            .flat_map(|u| u.describe_outgoing(port, moment)),
    );
    out.push_section(
        "Connected to it from here",
        port_sockets
            .iter()
            .flat_map(|u| u.describe_connecting(port, moment)),
    );
    if port_sockets.iter().all(PortSockets::is_empty) {
        out.push_section("Use", [Phrase::fact(format!(
            "No socket of this machine has {port} at either end. A TCP connection to it from here would be refused at once."
        ))]);
    }
    let mut can_listen_notes: Vec<Phrase> = Vec::new();
    for protocol in protocols {
        for phrase in can_listen(port, *protocol, moment) {
            // Notes on the number apply to both protocols; they are shown once.
            if !can_listen_notes.contains(&phrase) {
                can_listen_notes.push(phrase);
            }
        }
    }
    out.push_section("Could a program listen there now?", can_listen_notes);
    let found = context.findings.all().iter();
    let found = found
        .filter(|found| found.id.port.port == port && protocols.contains(&found.id.port.protocol));
    out.push_section("Problems", found.map(|found| found.sentence.clone()));
    out.push_section("What is not visible", [Phrase::unknown(
        "What a firewall lets through, other network namespaces, and sockets that are bound but neither listen nor are connected.",
    )]);
    out.commands = related_commands(port);
    out
}

/// Returns the commands that show the same with other tools.
pub(crate) fn related_commands(port: Port) -> Vec<String> {
    vec![
        format!("portolan free {port}"),
        format!("ss -tuanp 'sport = :{port} or dport = :{port}'"),
        format!("lsof -nP -i :{port}"),
    ]
}

fn registration(port: Port, protocol: Protocol, services: &Services) -> Phrase {
    match services.name(port, protocol) {
        Some(name) => {
            let description = services.description(port, protocol);
            let description = description.map_or(String::new(), |text| format!(" ({text})"));
            Phrase::fact(format!(
                "{port}/{protocol} is registered as {name}{description}: a convention that no program has to follow."
            ))
        }
        None => Phrase::fact(format!("The registry has no name for {port}/{protocol}.")),
    }
}

/// The open sockets with the port at either end.
struct PortSockets<'a> {
    protocol: Protocol,
    listeners: Vec<&'a Arc<TrackedSocket>>,
    serving: Vec<&'a Arc<TrackedSocket>>,
    outgoing: Vec<&'a Arc<TrackedSocket>>,
    connecting: Vec<&'a Arc<TrackedSocket>>,
}

impl<'a> PortSockets<'a> {
    fn new(port: Port, protocol: Protocol, moment: &'a Moment) -> Self {
        let mut port_sockets = Self {
            protocol,
            listeners: Vec::new(),
            serving: Vec::new(),
            outgoing: Vec::new(),
            connecting: Vec::new(),
        };
        let rows = moment.rows().filter(|row| !row.is_closed());
        for row in rows.filter(|row| row.socket.protocol() == protocol) {
            let here = row.socket.local.port == port;
            match row.side {
                Side::Listening if here => port_sockets.listeners.push(row),
                Side::Serving if here => port_sockets.serving.push(row),
                Side::Outgoing => {
                    if here {
                        port_sockets.outgoing.push(row);
                    }
                    if row.socket.remote_port() == port {
                        port_sockets.connecting.push(row);
                    }
                }
                Side::Listening | Side::Serving => {}
            }
        }
        for rows in [
            &mut port_sockets.listeners,
            &mut port_sockets.outgoing,
            &mut port_sockets.connecting,
        ] {
            rows.sort_by_key(|row| (row.socket.local, row.socket.remote, row.key));
        }
        port_sockets
    }

    fn is_empty(&self) -> bool {
        let all = [
            &self.listeners,
            &self.serving,
            &self.outgoing,
            &self.connecting,
        ];
        all.iter().all(|rows| rows.is_empty())
    }

    fn describe_listeners(&self, moment: &Moment) -> Vec<Phrase> {
        let mut out: Vec<Phrase> = self
            .listeners
            .iter()
            .take(MAX_LISTED)
            .map(|row| {
                let owner = describe_owner(row, moment);
                let queue = row.socket.accept_queue.map_or(String::new(), backlog_text);
                let holder_set = row.ownership.holders();
                let several =
                    holder_set.is_some_and(|holder_set| holder_set.processes().nth(1).is_some());
                let verb = match (self.protocol, several) {
                    (Protocol::Tcp, false) => "listens",
                    (Protocol::Tcp, true) => "listen",
                    (Protocol::Udp, false) => "receives",
                    (Protocol::Udp, true) => "receive",
                };
                let who = match holder_set {
                    Some(_) => owner.text,
                    None => format!("An unknown process, {},", owner.text),
                };
                let families = match row.socket.v6only {
                    Some(false) if row.socket.local.address.is_unspecified() => {
                        " It serves IPv4 as well."
                    }
                    Some(true) => " It serves IPv6 only.",
                    _ => "",
                };
                let text = format!(
                    "{who} {verb} at {} ({}); the address {}.{families}{queue}",
                    format_local(row, moment),
                    self.protocol,
                    endpoint_meaning::scope_meaning(row.socket.local.scope())
                );
                Phrase {
                    text,
                    certainty: owner.certainty,
                }
            })
            .collect();
        out.extend(more_note(self.listeners.len()));
        out.extend(self.describe_sharing());
        if self.listeners.is_empty() && !self.serving.is_empty() {
            let remaining = match self.serving.iter().all(|row| is_time_wait(row)) {
                true => "only connections in TIME-WAIT are left",
                false => "only connections are left",
            };
            out.push(Phrase::fact(format!(
                "Nothing listens on it ({}); {remaining}.",
                self.protocol
            )));
        }
        out
    }

    /// Describes several listeners with the same local endpoint.
    fn describe_sharing(&self) -> Option<Phrase> {
        let place = |row: &&Arc<TrackedSocket>| (row.socket.local, row.socket.interface);
        let groups = self.listeners.chunk_by(|a, b| place(a) == place(b));
        let largest = groups
            .max_by_key(|group| group.len())
            .filter(|g| g.len() > 1)?;
        let end = largest.first()?.socket.local;
        let sockets = pluralize(largest.len(), "socket shares", "sockets share");
        Some(Phrase::fact(match self.protocol {
            Protocol::Tcp => format!(
                "{sockets} {end} (SO_REUSEPORT): the kernel gives each connection to one of them, and each has its own accept queue."
            ),
            Protocol::Udp => format!(
                "{sockets} {end} (SO_REUSEPORT or SO_REUSEADDR): a unicast datagram goes to one of them, a multicast one to all."
            ),
        }))
    }

    fn describe_accepted(&self, port: Port) -> Option<Phrase> {
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
                *hosts.entry(remote.canonical_ip()).or_default() += 1;
            }
        }
        let most = busiest_host(&hosts)
            .filter(|_| hosts.len() > 1)
            .map_or(String::new(), |(host, n)| {
                format!(" {host} has the most, {n}.")
            });
        // A connection in TIME-WAIT is closed: it is counted apart.
        let time_wait = states.remove(&TcpState::TimeWait).unwrap_or(0);
        let states: Vec<String> = states
            .iter()
            .map(|(s, n)| format!("{n} {}", s.name()))
            .collect();
        let states = if states.is_empty() {
            String::new()
        } else {
            format!(" ({})", states.join(", "))
        };
        let now = self.serving.len() - time_wait;
        let connections = match self.protocol {
            Protocol::Tcp => pluralize(now, "connection", "connections"),
            Protocol::Udp => pluralize(now, "socket with one peer", "sockets with one peer each"),
        };
        let hosts = pluralize(hosts.len(), "address", "addresses");
        let what = match (now, time_wait) {
            (_, 0) => format!("{connections} from {hosts}{states}"),
            (0, _) => format!(
                "None now. {} in TIME-WAIT, from {hosts}",
                pluralize(time_wait, "closed connection", "closed connections")
            ),
            _ => format!(
                "{connections}{states} and {} in TIME-WAIT, from {hosts}",
                pluralize(time_wait, "closed one", "closed ones")
            ),
        };
        Some(Phrase::fact(format!(
            "{what}, all with the same local port {port}: remote address and port tell them apart.{most}"
        )))
    }

    fn describe_outgoing(&self, port: Port, moment: &Moment) -> Vec<Phrase> {
        let mut out: Vec<Phrase> = self
            .outgoing
            .iter()
            .take(MAX_LISTED)
            .map(|row| {
                let to = format_remote(row, moment).unwrap_or_default();
                let owner = describe_owner(row, moment).text;
                let protocol = self.protocol;
                let text = match row.socket.tcp_state() {
                    Some(TcpState::TimeWait) => format!(
                        "{port}/{protocol} was the local port of a connection to {to}, now closed (TIME-WAIT)."
                    ),
                    Some(TcpState::SynSent) => format!(
                        "{port}/{protocol} is the local port of a connection attempt to {to}, not answered yet: {owner}."
                    ),
                    Some(_) => format!(
                        "{port}/{protocol} is the local port of a connection to {to}: {owner}."
                    ),
                    None => format!(
                        "{port}/{protocol} is the local port of a socket with the peer {to}: {owner}."
                    ),
                };
                if row.evidence.is_guess() { Phrase::inference(text) } else { Phrase::fact(text) }
            })
            .collect();
        out.extend(more_note(self.outgoing.len()));
        out
    }

    /// Describes connections from here to this machine's own port, and to the same port of other
    /// hosts.
    fn describe_connecting(&self, port: Port, moment: &Moment) -> Vec<Phrase> {
        let (own, elsewhere): (Vec<_>, Vec<_>) = self.connecting.iter().copied().partition(|row| {
            let own = row
                .socket
                .remote
                .is_some_and(|end| is_local_address(end, &row.socket));
            own || moment.peer_of(row).is_some()
        });
        let mut out = Vec::new();
        if !own.is_empty() {
            let (verb, note) = match self.protocol {
                Protocol::Tcp => (
                    "connected to it",
                    "While such a connection is open, it is two rows here, one for each end.",
                ),
                Protocol::Udp => (
                    "chose it as peer",
                    "The receiving socket has no row for each of them.",
                ),
            };
            out.push(Phrase::fact(format!(
                "{} on this machine {verb}: {}. {note}",
                pluralize(own.len(), "socket", "sockets"),
                owner_names(&own, moment)
            )));
        }
        if !elsewhere.is_empty() {
            let hosts: BTreeSet<IpAddr> = elsewhere
                .iter()
                .filter_map(|row| Some(row.socket.remote?.canonical_ip()))
                .collect();
            out.push(Phrase::fact(format!(
                "{} here connected to port {port}/{} of {}: {}. That is port {port} of the peer, not of this machine.",
                pluralize(elsewhere.len(), "socket", "sockets"),
                self.protocol,
                pluralize(hosts.len(), "host", "hosts"),
                owner_names(&elsewhere, moment)
            )));
        }
        out
    }
}

/// Returns whether it is closed and only in TIME-WAIT.
fn is_time_wait(row: &TrackedSocket) -> bool {
    row.socket.tcp_state() == Some(TcpState::TimeWait)
}

/// Formats a listener's accept queue as a sentence, with a leading space.
fn backlog_text(backlog: AcceptQueue) -> String {
    let n = backlog.waiting;
    match backlog.limit {
        Some(limit) if backlog.is_full() => {
            format!(" Its accept queue is full ({n}, limit {limit}).")
        }
        Some(limit) => format!(" Accept queue: {n} not accepted yet, limit {limit}."),
        None => format!(" Accept queue: {n} not accepted yet."),
    }
}

/// Formats the owners of the rows, each once, the first few by name.
fn owner_names(rows: &[&Arc<TrackedSocket>], moment: &Moment) -> String {
    let mut owners: Vec<String> = rows
        .iter()
        .map(|row| describe_owner(row, moment).text)
        .collect();
    owners.sort_unstable();
    owners.dedup();
    let rest = owners.len().saturating_sub(MAX_LISTED);
    owners.truncate(MAX_LISTED);
    let rest = if rest > 0 {
        format!(" and {rest} more")
    } else {
        String::new()
    };
    owners.join(", ") + &rest
}

fn more_note(all: usize) -> Option<Phrase> {
    (all > MAX_LISTED).then(|| Phrase::fact(format!("And {} more.", all - MAX_LISTED)))
}

/// Returns the address with more connections than any other; `None` where two share the first place.
fn busiest_host(hosts: &BTreeMap<IpAddr, usize>) -> Option<(IpAddr, usize)> {
    let (host, most) = hosts.iter().max_by_key(|(_, n)| **n)?;
    let is_alone = hosts.values().filter(|n| *n == most).count() == 1;
    is_alone.then_some((*host, *most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busiest_host_is_named_only_if_it_is_alone() {
        let [a, b] = [IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2])];
        assert_eq!(busiest_host(&[(a, 1), (b, 1)].into()), None);
        assert_eq!(busiest_host(&[(a, 1), (b, 2)].into()), Some((b, 2)));
    }
}
