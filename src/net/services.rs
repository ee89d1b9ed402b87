//! Names what a port is usually used for: a convention, not a fact about the program that uses it.
//!
//! Takes the IANA registry (`assets/services.tsv`, compiled in) and the text of /etc/services,
//! whose names take precedence. Returns names and short descriptions, without I/O. The registry is
//! sorted text and is searched in place; only the offsets of its names are indexed once, because
//! filtering and sorting look up the name of every row.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::port::{Port, PortKey, PortRange, PortSide, Protocol};
use crate::text::sanitize::sanitize;

/// One line for each port and name: `00022⇥tu⇥ssh⇥The Secure Shell (SSH) Protocol`, sorted by port.
/// Comments come first: `#` sorts before every digit.
const REGISTRY: &str = include_str!("../../assets/services.tsv");

/// The longest name taken from /etc/services; IANA's own have at most 15 characters (RFC 6335
/// §5.1).
const MAX_NAME_LEN: usize = 64;

/// The service names of ports.
#[derive(Clone, Debug)]
pub struct Services {
    registry: &'static str,
    /// The offsets of the registry's names, built at the first lookup.
    index: OnceLock<NameIndex>,
    /// The names from /etc/services that differ from the registry, sorted by port and protocol,
    /// each once.
    overrides: Vec<((Port, Protocol), Arc<str>)>,
}

impl Services {
    /// Returns the names of the IANA registry.
    pub const fn registry() -> Self {
        Self {
            registry: REGISTRY,
            index: OnceLock::new(),
            overrides: Vec::new(),
        }
    }

    /// Returns no names at all: ports stay numbers.
    pub const fn empty() -> Self {
        Self {
            registry: "",
            index: OnceLock::new(),
            overrides: Vec::new(),
        }
    }

    /// Returns the registry overridden by the text of an /etc/services (services(5)). The first
    /// line for a port and protocol counts, as for getservbyport(3); aliases, comments and
    /// malformed lines are skipped.
    pub fn with_overrides(etc_services: &[u8]) -> Self {
        let registry = Self::registry();
        // By binary search: a few lookups do not justify the index, which may never be needed.
        let registered =
            |port, protocol| registry.registry_line(port, protocol).map(|line| line.name);
        let lines = etc_services.split(|&byte| byte == b'\n');
        let mut overrides: Vec<_> = lines.filter_map(parse_etc_services_line).collect();
        overrides.sort_by_key(|(key, _)| *key); // Stable: the first line of a port stays first.
        overrides.dedup_by_key(|(key, _)| *key);
        overrides
            .retain(|&((port, protocol), ref name)| registered(port, protocol) != Some(&**name));
        overrides.shrink_to_fit();
        Self {
            overrides,
            ..registry
        }
    }

    /// Returns the service name of a port, such as `https`.
    pub fn name(&self, port: Port, protocol: Protocol) -> Option<&str> {
        let index = || self.index.get_or_init(|| NameIndex::new(self.registry));
        let registered = || self.registry.get(index().name_range(port, protocol)?);
        self.override_name(port, protocol).or_else(registered)
    }

    /// Returns the service name of a shared port. A local port in the ephemeral range has none,
    /// whatever the registry calls it: the kernel may have assigned it to any program.
    pub fn shared_port_name(&self, key: PortKey, ephemeral: PortRange) -> Option<&str> {
        let is_ephemeral = key.side == PortSide::Local && ephemeral.contains(key.port);
        (!is_ephemeral)
            .then(|| self.name(key.port, key.protocol))
            .flatten()
    }

    /// Returns the registry's description of the port, such as `http protocol over TLS/SSL`. `None`
    /// where it only repeats the name, or where /etc/services has another name.
    pub fn description(&self, port: Port, protocol: Protocol) -> Option<&'static str> {
        if self.override_name(port, protocol).is_some() {
            return None;
        }
        self.registry_line(port, protocol)
            .map(|line| line.description)
            .filter(|text| !text.is_empty())
    }

    fn override_name(&self, port: Port, protocol: Protocol) -> Option<&str> {
        let at = self
            .overrides
            .binary_search_by_key(&(port, protocol), |(key, _)| *key)
            .ok()?;
        self.overrides.get(at).map(|(_, name)| &**name)
    }

    fn registry_line(&self, port: Port, protocol: Protocol) -> Option<RegistryLine<'static>> {
        let digits = port_digits(port);
        let from = lower_bound(self.registry, &digits);
        let lines = self.registry.get(from..)?.lines();
        let mut lines = lines.take_while(|line| line.as_bytes().starts_with(&digits));
        lines.find_map(|line| RegistryLine::parse(line).filter(|line| line.has_protocol(protocol)))
    }
}

/// The position of the name of every port and protocol in the registry text: the offset, and in the
/// lowest eight bits the length; 0 for no name. A binary search takes a microsecond, too long for
/// 100,000 rows on every key press; this takes a few nanoseconds, and half a megabyte.
#[derive(Clone, Debug)]
struct NameIndex(Box<[u32]>);

impl NameIndex {
    fn new(registry: &'static str) -> Self {
        let mut entries = vec![0; 2 * (usize::from(u16::MAX) + 1)].into_boxed_slice();
        for text in registry.lines() {
            let port = text
                .split('\t')
                .next()
                .and_then(|digits| digits.parse().ok());
            let (Some(port), Some(line)) = (port.map(Port), RegistryLine::parse(text)) else {
                continue; // A comment.
            };
            let start = line.name.as_ptr() as usize - registry.as_ptr() as usize;
            for protocol in [Protocol::Tcp, Protocol::Udp] {
                let entry = entries.get_mut(Self::slot(port, protocol));
                // The first line of a port counts.
                if let Some(entry @ 0) = entry.filter(|_| line.has_protocol(protocol)) {
                    *entry = u32::try_from(start << 8 | line.name.len()).unwrap_or(0);
                }
            }
        }
        Self(entries)
    }

    fn slot(port: Port, protocol: Protocol) -> usize {
        2 * usize::from(port.number()) + usize::from(protocol == Protocol::Udp)
    }

    fn name_range(&self, port: Port, protocol: Protocol) -> Option<Range<usize>> {
        let entry = *self.0.get(Self::slot(port, protocol))? as usize;
        let (start, length) = (entry >> 8, entry & 0xff);
        (length > 0).then_some(start..start + length)
    }
}

/// A parsed line of the registry.
#[derive(Clone, Copy, Debug)]
struct RegistryLine<'a> {
    protocol_letters: &'a str,
    name: &'a str,
    description: &'a str,
}

impl<'a> RegistryLine<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.split('\t').skip(1);
        let (protocol_letters, name) = (fields.next()?, fields.next()?);
        Some(Self {
            protocol_letters,
            name,
            description: fields.next().unwrap_or(""),
        })
    }

    fn has_protocol(&self, protocol: Protocol) -> bool {
        self.protocol_letters.contains(match protocol {
            Protocol::Tcp => 't',
            Protocol::Udp => 'u',
        })
    }
}

/// Formats the port as the registry's lines begin: five digits.
fn port_digits(port: Port) -> [u8; 5] {
    let mut rest = port.number();
    let mut digits = [b'0'; 5];
    for digit in digits.iter_mut().rev() {
        *digit += u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
    digits
}

/// Returns the offset of the first line that is not less than `key`. A binary search by bytes, in
/// which each guess is moved back to the start of its line.
fn lower_bound(text: &str, key: &[u8]) -> usize {
    let bytes = text.as_bytes();
    // Invariant: every line before `low` is less than the key, no line from `high` on is; both are
    // starts of lines.
    let (mut low, mut high) = (0, bytes.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let before = bytes.get(low..middle).unwrap_or_default();
        let start = before
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(low, |at| low + at + 1);
        let after = bytes.get(start..high).unwrap_or_default();
        let length = after
            .iter()
            .position(|&b| b == b'\n')
            .map_or(after.len(), |at| at + 1);
        if after.get(..length).unwrap_or_default() < key {
            low = start + length;
        } else {
            high = start;
        }
    }
    low
}

/// Parses `http 80/tcp www # comment` into the port, its protocol and its name.
fn parse_etc_services_line(line: &[u8]) -> Option<((Port, Protocol), Arc<str>)> {
    let line = line.split(|&byte| byte == b'#').next()?;
    let mut words = line
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    let (name, port) = (words.next()?, std::str::from_utf8(words.next()?).ok()?);
    let (number, protocol) = port.split_once('/')?;
    let protocol = match protocol {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        _ => return None,
    };
    let is_number = number.bytes().all(|digit| digit.is_ascii_digit());
    let number = number
        .parse()
        .ok()
        .filter(|&number| is_number && number != 0)?;
    let name = name.get(..MAX_NAME_LEN.min(name.len()))?;
    Some(((Port(number), protocol), sanitize(name)))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn tcp(services: &Services, port: u16) -> Option<&str> {
        services.name(Port(port), Protocol::Tcp)
    }

    fn udp(services: &Services, port: u16) -> Option<&str> {
        services.name(Port(port), Protocol::Udp)
    }

    fn entries() -> impl Iterator<Item = &'static str> {
        REGISTRY.lines().skip_while(|line| line.starts_with('#'))
    }

    #[test]
    fn registry_names_its_source_and_is_small() {
        let first = REGISTRY.lines().next().unwrap();
        assert!(first.starts_with("# ") && first.contains("IANA") && first.contains("2026"));
        assert!(REGISTRY.len() < 256_000, "{} bytes", REGISTRY.len());
    }

    #[test]
    fn registry_is_sorted_without_duplicates() {
        let keys: Vec<_> = entries()
            .map(|line| line.split_once('\t').unwrap().0)
            .collect();
        assert!(keys.len() > 5000);
        assert!(keys.is_sorted());
        let mut seen = HashSet::new();
        for line in entries() {
            let port = line.split_once('\t').unwrap().0;
            assert!(
                port.len() == 5 && port.parse::<u16>().unwrap() > 0,
                "{line}"
            );
            let parsed = RegistryLine::parse(line).unwrap();
            assert!(
                ["t", "u", "tu"].contains(&parsed.protocol_letters),
                "{line}"
            );
            assert!(!parsed.name.is_empty() && parsed.name.bytes().all(|b| b.is_ascii_graphic()));
            assert!(
                parsed
                    .protocol_letters
                    .chars()
                    .all(|letter| seen.insert((port, letter))),
                "{line}"
            );
            assert_eq!(
                &*sanitize(line.replace('\t', " ").as_bytes()),
                line.replace('\t', " ")
            );
        }
    }

    #[test]
    fn every_registry_line_is_found_by_port() {
        let services = Services::registry();
        for line in entries() {
            let port = Port(line.split_once('\t').unwrap().0.parse().unwrap());
            let parsed = RegistryLine::parse(line).unwrap();
            for (letter, protocol) in [('t', Protocol::Tcp), ('u', Protocol::Udp)] {
                if parsed.protocol_letters.contains(letter) {
                    assert_eq!(services.name(port, protocol), Some(parsed.name));
                    let description = services.description(port, protocol).unwrap_or("");
                    assert_eq!(description, parsed.description);
                }
            }
        }
    }

    #[test]
    fn index_agrees_with_binary_search() {
        let services = Services::registry();
        for port in (0..=u16::MAX).map(Port) {
            for protocol in [Protocol::Tcp, Protocol::Udp] {
                let found = services.registry_line(port, protocol).map(|line| line.name);
                assert_eq!(services.name(port, protocol), found, "{port}/{protocol}");
            }
        }
        assert!(entries().all(|line| RegistryLine::parse(line).unwrap().name.len() < 256));
    }

    #[test]
    fn well_known_ports_have_their_names() {
        let services = Services::registry();
        let known = "1 tcpmux, 22 ssh, 25 smtp, 53 domain, 80 http, 443 https, 631 ipp, \
            3306 mysql, 5432 postgresql, 6379 redis, 8080 http-alt";
        for (port, name) in known.split(", ").filter_map(|pair| pair.split_once(' ')) {
            let port = port.parse().expect("a port");
            assert_eq!(tcp(&services, port), Some(name));
        }
        assert_eq!(udp(&services, 53), Some("domain"));
        assert_eq!(udp(&services, 514), Some("syslog"));
        assert_eq!(tcp(&services, 514), Some("shell"));
        for unassigned in [0, 4, 65_535] {
            assert_eq!(tcp(&services, unassigned), None);
        }
        let ssh = services.description(Port(22), Protocol::Tcp);
        assert_eq!(ssh, Some("The Secure Shell (SSH) Protocol"));
    }

    #[test]
    fn empty_services_have_no_names() {
        let services = Services::empty();
        assert_eq!(tcp(&services, 443), None);
        assert_eq!(services.description(Port(443), Protocol::Tcp), None);
    }

    #[test]
    fn etc_services_overrides_registry_names() {
        let text = b"# comment\nmy-app\t8080/tcp  alias # mine\nlater 8080/tcp\n\
            https 443/tcp\nodd\x1b[31m 9/udp\nbad 70000/tcp\nworse +7/tcp\nnil 0/tcp\nsctp 5/sctp\nalone\n8/tcp\n";
        let services = Services::with_overrides(text);
        assert_eq!(tcp(&services, 8080), Some("my-app"));
        assert_eq!(services.description(Port(8080), Protocol::Tcp), None);
        assert_eq!(udp(&services, 8080), Some("http-alt"));
        assert_eq!(udp(&services, 9), Some("odd\\e[31m"));
        assert_eq!(tcp(&services, 22), Some("ssh"));
        // The name of 443 equals the registry's, so there is no override and the description stays.
        assert_eq!(services.overrides.len(), 2);
        assert!(services.description(Port(443), Protocol::Tcp).is_some());
    }

    proptest! {
        #[test]
        fn arbitrary_etc_services_text_never_panics_and_stays_sorted(
            text in proptest::collection::vec(prop_oneof![
                any::<u8>(), Just(b'\n'), Just(b'/'), Just(b' '), Just(b'8'), Just(b't'), Just(b'#')
            ], 0..400),
            lines in proptest::collection::vec(("\\PC{0,80}", 0..70_000_u32, "(tcp|udp|x)"), 0..20),
        ) {
            let mut text = text;
            for (name, port, protocol) in lines {
                text.extend(format!("\n{name} {port}/{protocol}\n").bytes());
            }
            let services = Services::with_overrides(&text);
            prop_assert!(services.overrides.is_sorted_by(|a, b| a.0 < b.0));
            for ((port, protocol), name) in &services.overrides {
                prop_assert_eq!(services.name(*port, *protocol), Some(&**name));
                prop_assert!(!name.chars().any(char::is_control));
            }
        }

        #[test]
        fn binary_search_agrees_with_linear_scan(port in any::<u16>()) {
            let scanned = entries().find(|line| {
                line.starts_with(&format!("{port:05}")) && RegistryLine::parse(line).unwrap().has_protocol(Protocol::Tcp)
            });
            let scanned = scanned.map(|line| RegistryLine::parse(line).unwrap().name);
            let found = Services::registry().registry_line(Port(port), Protocol::Tcp);
            prop_assert_eq!(found.map(|line| line.name), scanned);
        }
    }
}
