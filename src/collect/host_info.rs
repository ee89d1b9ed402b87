//! Reads facts about this machine and this program, other than sockets and processes.

use std::time::Duration;

use crate::net::port::PortRange;
use crate::net::process::{Pid, Uid};
use crate::net::snapshot::Observer;

/// Returns the user who runs this program, and its pid.
pub(crate) fn observer() -> Observer {
    Observer {
        uid: effective_uid(),
        pid: Pid(std::process::id()),
    }
}

#[cfg(unix)]
fn effective_uid() -> Option<Uid> {
    Some(Uid(rustix::process::geteuid().as_raw()))
}

#[cfg(not(unix))]
fn effective_uid() -> Option<Uid> {
    None
}

/// Returns the CPU time this program has used, all threads together (`CLOCK_PROCESS_CPUTIME_ID`).
#[cfg(unix)]
pub(crate) fn cpu_total() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(Duration::new(
        u64::try_from(time.tv_sec).ok()?,
        u32::try_from(time.tv_nsec).ok()?,
    ))
}

#[cfg(not(unix))]
pub(crate) fn cpu_total() -> Option<Duration> {
    None
}

/// Returns the ports the kernel assigns to sockets that connect without binding one
/// (`/proc/sys/net/ipv4/ip_local_port_range`, ip(7)).
pub fn ephemeral_ports() -> PortRange {
    if !cfg!(target_os = "linux") {
        return PortRange::IANA_DYNAMIC;
    }
    let text =
        std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    parse_port_range(&text).unwrap_or(PortRange::LINUX_DEFAULT)
}

fn parse_port_range(text: &str) -> Option<PortRange> {
    use crate::net::port::Port;
    let mut numbers = text.split_whitespace().map(str::parse);
    let (first, last) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    (first <= last).then_some(PortRange {
        first: Port(first),
        last: Port(last),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::port::Port;

    #[test]
    fn ephemeral_range_is_parsed_or_rejected() {
        let range = PortRange {
            first: Port(1024),
            last: Port(2000),
        };
        assert_eq!(parse_port_range("1024\t2000\n"), Some(range));
        assert_eq!(parse_port_range("2000 1024"), None);
        assert_eq!(parse_port_range("1024"), None);
        assert_eq!(parse_port_range("x y"), None);
    }
}
