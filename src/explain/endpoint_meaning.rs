//! Describes an address and a port number by themselves: scope, class, ephemeral range.

use crate::net::endpoint::{AddressScope, Endpoint};
use crate::net::port::{Port, PortRange};

/// Describes the scope of an address, as the end of a sentence: "… is a public address".
pub(crate) const fn scope_meaning(scope: AddressScope) -> &'static str {
    match scope {
        AddressScope::Unspecified => "means every address of this machine",
        AddressScope::Loopback => "is a loopback address: only programs on this machine can use it",
        AddressScope::LinkLocal => "is link-local: it is valid only on one network segment",
        AddressScope::Private => "is a private address: it is not routed over the Internet",
        AddressScope::Multicast => "is a multicast address: a group, not a host",
        AddressScope::Global => "is a public address",
    }
}

/// Describes the address of an endpoint in a sentence, and notes an IPv4-mapped one.
pub(crate) fn address_meaning(end: Endpoint) -> String {
    let mapped = match end.is_ipv4_mapped() {
        true => "; it is an IPv4 address on an IPv6 socket",
        false => "",
    };
    format!(
        "{} {}{mapped}.",
        end.canonical_ip(),
        scope_meaning(end.scope())
    )
}

/// Describes the range a port is in (RFC 6335 §6), the privilege to bind it (a rule of each system),
/// and whether it is ephemeral.
pub(crate) fn port_class(port: Port, ephemeral: PortRange) -> String {
    let class = match port.number() {
        0 => return "0 is reserved: to bind() it means \"choose one for me\".".into(),
        1..=1023 => "a system port: on most systems only privileged programs may bind it",
        1024..=49151 => "a user port: registered or not, any program may bind it on Linux",
        49152.. => "a dynamic port: nothing is registered there",
    };
    let ephemeral_note = match ephemeral.contains(port) {
        true => format!(
            "; it is also in this system's ephemeral range, {} to {}, for programs that connect without choosing a port",
            ephemeral.first, ephemeral.last
        ),
        false => String::new(),
    };
    format!("{port} is {class}{ephemeral_note}.")
}
