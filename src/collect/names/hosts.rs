//! Resolves addresses to host names, and the name of this machine.
//!
//! Uses the system's own resolver (getnameinfo(3): /etc/hosts, then DNS). This is the only place in
//! the program that makes the system send a packet; it is called only where the user requested host
//! names.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc::{channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use hashbrown::HashMap;

use crate::text::sanitize::sanitize;

/// The number of concurrent lookups: a DNS server that does not reply blocks one for seconds.
const RESOLVER_THREADS: usize = 16;

/// The time limit for all lookups together.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(3);

/// The result of resolving addresses.
#[derive(Debug, Default)]
pub(crate) struct ResolvedHosts {
    /// The names, by address; addresses without a name are absent.
    pub names: HashMap<IpAddr, Arc<str>>,
    /// The number of addresses not resolved in time.
    pub timed_out: usize,
}

/// Resolves each address once, skipping unspecified and multicast ones. Takes three seconds at
/// most.
pub(crate) fn resolve_hosts(addresses: impl IntoIterator<Item = IpAddr>) -> ResolvedHosts {
    resolve_with(addresses, RESOLVE_TIMEOUT, reverse_lookup)
}

fn resolve_with(
    addresses: impl IntoIterator<Item = IpAddr>,
    timeout: Duration,
    reverse_lookup: fn(IpAddr) -> Option<Arc<str>>,
) -> ResolvedHosts {
    let is_host = |address: &IpAddr| !address.is_unspecified() && !address.is_multicast();
    let to_resolve: BTreeSet<IpAddr> = addresses.into_iter().filter(is_host).collect();
    let deadline = Instant::now() + timeout;
    let (requests, queue) = sync_channel(to_resolve.len());
    for address in &to_resolve {
        // The queue has room for all of them.
        let _ = requests.try_send(*address);
    }
    drop(requests);
    let queue = Arc::new(Mutex::new(queue));
    let (result_tx, result_rx) = channel();
    for _ in 0..RESOLVER_THREADS.min(to_resolve.len()) {
        let (queue, result_tx) = (Arc::clone(&queue), result_tx.clone());
        // A thread blocked by an unresponsive server is left behind; it holds nothing but its
        // stack.
        let started = thread::Builder::new()
            .name("resolver".into())
            .spawn(move || {
                let next = || queue.lock().ok()?.try_recv().ok();
                while let Some(address) = next() {
                    if result_tx.send((address, reverse_lookup(address))).is_err() {
                        return;
                    }
                }
            });
        drop(started);
    }
    drop(result_tx);
    let mut resolved = ResolvedHosts {
        names: HashMap::new(),
        timed_out: to_resolve.len(),
    };
    while resolved.timed_out > 0 {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok((address, name)) = result_rx.recv_timeout(left) else {
            break;
        };
        resolved.timed_out -= 1;
        resolved.names.extend(name.map(|name| (address, name)));
    }
    resolved
}

fn reverse_lookup(address: IpAddr) -> Option<Arc<str>> {
    let (host, _) = dns_lookup::getnameinfo(&SocketAddr::new(address, 0), 0).ok()?;
    // Without a name the resolver returns the address itself.
    let is_name = !host.is_empty() && host.parse::<IpAddr>().is_err() && !host.contains('%');
    is_name.then(|| sanitize(host.as_bytes()))
}

/// Returns the name of this machine (uname(2)); `None` where the system has none.
pub(crate) fn local_hostname() -> Option<Arc<str>> {
    #[cfg(unix)]
    let name = sanitize(rustix::system::uname().nodename().to_bytes());
    #[cfg(not(unix))]
    let name = sanitize(std::env::var_os("COMPUTERNAME")?.as_encoded_bytes());
    Some(name).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([127, 0, 0, last])
    }

    #[test]
    fn every_address_is_resolved_once() {
        let all = (1..=40).chain(1..=40).map(address);
        let resolved = resolve_with(all, RESOLVE_TIMEOUT, |a| Some(a.to_string().into()));
        assert_eq!(resolved.names.len(), 40);
        assert_eq!(resolved.timed_out, 0);
        assert_eq!(&*resolved.names[&address(7)], "127.0.0.7");
    }

    #[test]
    fn unnamed_addresses_are_omitted_and_non_hosts_skipped() {
        let resolved = resolve_with([address(1)], RESOLVE_TIMEOUT, |_| None);
        assert!(resolved.names.is_empty() && resolved.timed_out == 0);
        let none = ["0.0.0.0", "224.0.0.1", "::"].map(|a| a.parse().unwrap());
        assert_eq!(resolve_with(none, RESOLVE_TIMEOUT, |_| None).timed_out, 0);
    }

    #[test]
    fn silent_server_times_out() {
        let blocking = |_| loop {
            thread::park();
        };
        let resolved = resolve_with([address(1), address(2)], Duration::ZERO, blocking);
        assert_eq!(resolved.timed_out, 2);
    }
}
