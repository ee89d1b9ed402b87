//! JSON documents and streams: a list as one document, a list as lines, and events.

use std::io::{self, Write};

use hashbrown::{HashMap, HashSet};
use serde::Serialize;

use crate::history::Slot;
use crate::port::{PortKey, PortSide};
use crate::query::{Answer, Group, GroupKey, Grouping};
use crate::report::entry::{Entry, entries, with_twins};
use crate::report::json::{ByLine, Socket};
use crate::report::pieces;
use crate::services::Services;
use crate::snapshot::Gap;

/// The number that only changes when a field changes its meaning or goes away.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    taken_at: String,
    host: Option<&'a str>,
    gaps: Vec<GapRecord>,
    findings: &'a [FindingRecord],
    /// Written by itself, where this stands empty.
    sockets: [(); 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<GroupRecord<'a>>>,
}

#[derive(Serialize)]
struct GapRecord {
    what: &'static str,
    message: String,
}

/// Something that is stuck or odd, with the words for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FindingRecord {
    /// What it is called.
    pub rule: &'static str,
    /// TCP or UDP.
    pub protocol: &'static str,
    /// The shared port.
    pub port: u16,
    /// Whose port that is: local or remote.
    pub at: &'static str,
    /// How many sockets, or calls in a queue, it is about.
    pub count: u32,
    /// For how long, in milliseconds, where that matters.
    pub lasting_ms: Option<u64>,
    /// Whether it may have begun before it was first seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<bool>,
    /// The process that has all the sockets it is about.
    pub pid: Option<u32>,
    /// All of it in a sentence.
    pub message: String,
}

#[derive(Serialize)]
struct GroupRecord<'a> {
    #[serde(flatten)]
    key: KeyRecord<'a>,
    sockets: Vec<usize>,
}

#[derive(Serialize)]
#[serde(tag = "by", rename_all = "lowercase")]
enum KeyRecord<'a> {
    Port {
        protocol: &'static str,
        port: u16,
        at: &'static str,
        service: Option<&'a str>,
    },
    Process {
        pid: Option<u32>,
        name: Option<&'a str>,
        owner_status: &'static str,
    },
    Host {
        address: Option<String>,
        name: Option<&'a str>,
    },
}

/// Every socket of the answer, each once, in the order in which it first comes.
fn once<'a>(answer: &'a Answer, services: &'a Services) -> impl Iterator<Item = Entry<'a>> {
    let mut written = HashSet::new();
    entries(answer, services).filter_map(move |(group, entry)| {
        // Only a process's socket can stand under another one, too.
        let again = matches!(group.map(Group::key), Some(GroupKey::Process(_)))
            && !written.insert(entry.row.slot);
        (!again).then_some(entry)
    })
}

/// Writes one document with all sockets of the answer, and what was found at their ports.
///
/// # Errors
/// When `out` takes no more.
pub fn json(
    answer: &Answer,
    services: &Services,
    host: Option<&str>,
    findings: &[FindingRecord],
    mut out: impl Write,
) -> io::Result<()> {
    let moment = &answer.moment;
    let document = Document {
        version: VERSION,
        taken_at: time(moment.taken_at),
        host,
        gaps: moment.gaps.iter().map(gap).collect(),
        findings,
        sockets: [],
        groups: (answer.grouping != Grouping::Sockets).then(|| groups(answer, services)),
    };
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, ByLine::default());
    document.serialize(&mut serializer)?;
    // Before it stand names of this machine and messages, in which a quote would be escaped.
    let place = text.windows(SOCKETS.len()).position(|part| part == SOCKETS);
    let (before, after) = text.split_at(place.map_or(text.len(), |at| at + SOCKETS.len()));
    out.write_all(before)?;
    let entries: Vec<Entry<'_>> = once(answer, services).collect();
    let one = |place: usize, entry: Entry<'_>, text: &mut Vec<u8>| {
        text.extend_from_slice(if place == 0 { b"\n" } else { b",\n" });
        Ok(serde_json::to_writer(text, &Socket::new(entry))?)
    };
    pieces::write_all(&entries, one, &mut out)?;
    out.write_all(after)?;
    out.write_all(b"\n")
}

/// What stands before the sockets of a document.
const SOCKETS: &[u8] = br#","sockets":["#;

/// Writes one object a line.
///
/// # Errors
/// When `out` takes no more.
pub fn ndjson(answer: &Answer, services: &Services, mut out: impl Write) -> io::Result<()> {
    let entries: Vec<Entry<'_>> = once(answer, services).collect();
    let one = |_, entry: Entry<'_>, text: &mut Vec<u8>| {
        serde_json::to_writer(&mut *text, &Socket::new(entry))?;
        text.push(b'\n');
        Ok(())
    };
    pieces::write_all(&entries, one, &mut out)
}

/// RFC 3339 in UTC, to the millisecond.
pub(super) fn time(at: jiff::Timestamp) -> String {
    format!("{at:.3}")
}

fn gap(gap: &Gap) -> GapRecord {
    let (what, message) = match gap {
        Gap::Sockets(why) => ("sockets", why),
        Gap::Closes(why) => ("closes", why),
        Gap::Owners(why) => ("owners", why),
        Gap::Sampler(why) => ("sample", why),
    };
    GapRecord {
        what,
        message: message.clone(),
    }
}

fn groups<'a>(answer: &'a Answer, services: &'a Services) -> Vec<GroupRecord<'a>> {
    let places: HashMap<Slot, usize> = once(answer, services)
        .enumerate()
        .map(|(place, entry)| (entry.row.slot, place))
        .collect();
    let record = |group: &'a Group| {
        let slots = answer.rows.get(group.rows.clone())?;
        let entry = Entry::at(*slots.first()?, &answer.moment, services)?;
        Some(GroupRecord {
            key: key(group, entry),
            sockets: with_twins(answer, slots)
                .filter_map(|slot| places.get(&slot).copied())
                .collect(),
        })
    };
    answer.groups.iter().filter_map(record).collect()
}

fn key<'a>(group: &Group, entry: Entry<'a>) -> KeyRecord<'a> {
    match group.key() {
        GroupKey::Port(PortKey {
            side,
            port,
            protocol,
        }) => KeyRecord::Port {
            protocol: protocol.name(),
            port: port.0,
            at: match side {
                PortSide::Here => "local",
                PortSide::There => "remote",
            },
            service: entry.service(),
        },
        GroupKey::Process(key) => KeyRecord::Process {
            pid: Some(key.pid.0),
            name: entry.name_of(key),
            owner_status: entry.owner_status(),
        },
        GroupKey::NoProcess(_) => KeyRecord::Process {
            pid: None,
            name: None,
            owner_status: entry.owner_status(),
        },
        GroupKey::Host(address) => KeyRecord::Host {
            address: Some(address.to_string()),
            name: entry.remote_name(),
        },
        GroupKey::NoHost => KeyRecord::Host {
            address: None,
            name: None,
        },
    }
}
