//! What an address and a port number mean by themselves.

use crate::net::endpoint::{AddressScope, Endpoint};
use crate::net::port::{Port, PortRange};

/// How far an address reaches, as the end of a sentence: "… is the loopback address".
pub(crate) const fn scope_meaning(scope: AddressScope) -> &'static str {
    match scope {
        AddressScope::Unspecified => "stands for every address of this machine",
        AddressScope::Loopback => "is a loopback address: only programs on this machine can use it",
        AddressScope::LinkLocal => "is link-local: it is only good on one network segment",
        AddressScope::Private => "is a private address: it is not routed over the Internet",
        AddressScope::Multicast => "is a multicast address: a group, not a host",
        AddressScope::Global => "is a public address",
    }
}

/// The same of an endpoint, with what is special about its notation.
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

/// In which range it is (RFC 6335 §6), who may bind it (the system's own rule), and whether the
/// system hands it out.
pub(crate) fn port_class(port: Port, ephemeral: PortRange) -> String {
    let class = match port.number() {
        0 => return "0 is never on the wire: to the system it means \"choose one for me\".".into(),
        1..=1023 => "a system port: on most systems only privileged programs may bind it",
        1024..=49151 => {
            "in the range for registration: whether somebody registered it or not, on Linux any program may bind it"
        }
        49152.. => "a dynamic port: nothing is registered there",
    };
    let handed_out = match ephemeral.contains(port) {
        true => format!(
            "; this system also hands out the numbers {} to {} to programs that dial and ask for none",
            ephemeral.first, ephemeral.last
        ),
        false => String::new(),
    };
    format!("{port} is {class}{handed_out}.")
}
