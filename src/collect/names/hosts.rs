//! Names of addresses, and of this machine.
//!
//! In: addresses. Out: their names, by the system's own resolver (getnameinfo(3): /etc/hosts, then
//! name servers). This is the one place of the program that makes the system send a packet, and it
//! is only called where the user asked for names.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc::{channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use hashbrown::HashMap;

use crate::text::readable;

/// How many questions are asked at the same time: a server that is silent holds one up for seconds.
const ASKING: usize = 16;

/// How long all answers together may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// What came of asking.
#[derive(Debug, Default)]
pub struct Resolved {
    /// The addresses that have a name.
    pub names: HashMap<IpAddr, Arc<str>>,
    /// How many addresses there was no answer for in time.
    pub unanswered: usize,
}

/// Asks for the names of the addresses, each once; those that mean no host are not asked for. Takes
/// three seconds at most.
pub fn resolve(addresses: impl IntoIterator<Item = IpAddr>) -> Resolved {
    resolve_by(addresses, PATIENCE, name_of)
}

fn resolve_by(
    addresses: impl IntoIterator<Item = IpAddr>,
    patience: Duration,
    name_of: fn(IpAddr) -> Option<Arc<str>>,
) -> Resolved {
    let hosts = |address: &IpAddr| !address.is_unspecified() && !address.is_multicast();
    let asked: BTreeSet<IpAddr> = addresses.into_iter().filter(hosts).collect();
    let until = Instant::now() + patience;
    let (questions, waiting) = sync_channel(asked.len());
    for address in &asked {
        // The queue has room for all of them.
        let _ = questions.try_send(*address);
    }
    drop(questions);
    let waiting = Arc::new(Mutex::new(waiting));
    let (answers, answered) = channel();
    for _ in 0..ASKING.min(asked.len()) {
        let (waiting, answers) = (Arc::clone(&waiting), answers.clone());
        // A thread that a silent server holds up is left behind; it holds nothing but its stack.
        let started = thread::Builder::new()
            .name("resolver".into())
            .spawn(move || {
                let next = || waiting.lock().ok()?.try_recv().ok();
                while let Some(address) = next() {
                    if answers.send((address, name_of(address))).is_err() {
                        return;
                    }
                }
            });
        drop(started);
    }
    drop(answers);
    let mut resolved = Resolved {
        names: HashMap::new(),
        unanswered: asked.len(),
    };
    while resolved.unanswered > 0 {
        let left = until.saturating_duration_since(Instant::now());
        let Ok((address, name)) = answered.recv_timeout(left) else {
            break;
        };
        resolved.unanswered -= 1;
        resolved.names.extend(name.map(|name| (address, name)));
    }
    resolved
}

fn name_of(address: IpAddr) -> Option<Arc<str>> {
    let (host, _) = dns_lookup::getnameinfo(&SocketAddr::new(address, 0), 0).ok()?;
    // Without a name the resolver gives the address back.
    let is_name = !host.is_empty() && host.parse::<IpAddr>().is_err() && !host.contains('%');
    is_name.then(|| readable(host.as_bytes()))
}

/// The name of this machine; `None` where the system does not tell.
pub fn this_machine() -> Option<Arc<str>> {
    #[cfg(unix)]
    let name = readable(rustix::system::uname().nodename().to_bytes());
    #[cfg(not(unix))]
    let name = readable(std::env::var_os("COMPUTERNAME")?.as_encoded_bytes());
    Some(name).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([127, 0, 0, last])
    }

    #[test]
    fn every_address_is_asked_for_once() {
        let all = (1..=40).chain(1..=40).map(address);
        let resolved = resolve_by(all, PATIENCE, |a| Some(a.to_string().into()));
        assert_eq!(resolved.names.len(), 40);
        assert_eq!(resolved.unanswered, 0);
        assert_eq!(&*resolved.names[&address(7)], "127.0.0.7");
    }

    #[test]
    fn what_has_no_name_stays_an_address_and_what_is_no_host_is_not_asked_for() {
        let resolved = resolve_by([address(1)], PATIENCE, |_| None);
        assert!(resolved.names.is_empty() && resolved.unanswered == 0);
        let none = ["0.0.0.0", "224.0.0.1", "::"].map(|a| a.parse().unwrap());
        assert_eq!(resolve_by(none, PATIENCE, |_| None).unanswered, 0);
    }

    #[test]
    fn a_silent_server_is_not_waited_for() {
        let silent = |_| loop {
            thread::park();
        };
        let resolved = resolve_by([address(1), address(2)], Duration::ZERO, silent);
        assert_eq!(resolved.unanswered, 2);
    }
}
