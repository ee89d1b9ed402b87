//! Writes a list as one JSON document or as NDJSON.

use std::io;
use std::io::Write;

use hashbrown::{HashMap, HashSet};
use serde::Serialize;

use super::entry::{OutputEntry, iter_entries, with_dual_stack_twins};
use super::json_records::{LinePerItem, SocketRecord};
use super::parallel;
use crate::history::Slot;
use crate::net::port::{PortKey, PortSide};
use crate::net::services::Services;
use crate::net::snapshot::Gap;
use crate::query::{Group, GroupKey, Grouping, QueryResult};

/// The version of the format; changes only when a field changes its meaning or is removed.
const FORMAT_VERSION: u32 = 1;

#[derive(Serialize)]
struct ListDocument<'a> {
    version: u32,
    taken_at: String,
    host: Option<&'a str>,
    gaps: Vec<GapRecord>,
    findings: &'a [FindingRecord],
    /// Serialized empty; the sockets are inserted here in parallel.
    sockets: [(); 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<GroupRecord<'a>>>,
}

#[derive(Serialize)]
struct GapRecord {
    what: &'static str,
    message: String,
}

/// A finding as JSON; [`JSON_SCHEMA`](super::help::JSON_SCHEMA) describes the fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FindingRecord {
    /// The rule id, such as `close-wait-leak`.
    pub rule: &'static str,
    pub protocol: &'static str,
    pub port: u16,
    /// `local` or `remote`: which end the port belongs to.
    pub at: &'static str,
    /// The number of sockets, or of connections in an accept queue.
    pub count: u32,
    /// The observed duration in milliseconds, for rules that depend on one.
    pub lasting_ms: Option<u64>,
    /// Whether it may have begun before it was first observed, so that `lasting_ms` is a lower bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<bool>,
    /// The process that holds all of the sockets, if it is one.
    pub pid: Option<u32>,
    pub message: String,
}

#[derive(Serialize)]
struct GroupRecord<'a> {
    #[serde(flatten)]
    key: GroupKeyRecord<'a>,
    sockets: Vec<usize>,
}

#[derive(Serialize)]
#[serde(tag = "by", rename_all = "lowercase")]
enum GroupKeyRecord<'a> {
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

/// Iterates over the sockets of the result, each once, in the order of first occurrence.
fn unique_entries<'a>(
    result: &'a QueryResult,
    services: &'a Services,
) -> impl Iterator<Item = OutputEntry<'a>> {
    let mut seen = HashSet::new();
    iter_entries(result, services).filter_map(move |(group, entry)| {
        // Only groups of processes can share a socket.
        let repeated = matches!(group.map(Group::key), Some(GroupKey::Process(_)))
            && !seen.insert(entry.row.slot);
        (!repeated).then_some(entry)
    })
}

/// Writes one document with all sockets of the result and the findings at their ports.
///
/// # Errors
/// Returns the error of writing to `out`.
pub fn write_json(
    result: &QueryResult,
    services: &Services,
    host: Option<&str>,
    findings: &[FindingRecord],
    mut out: impl Write,
) -> io::Result<()> {
    let moment = &result.moment;
    let document = ListDocument {
        version: FORMAT_VERSION,
        taken_at: format_timestamp(moment.taken_at),
        host,
        gaps: moment.gaps.iter().map(gap_record).collect(),
        findings,
        sockets: [],
        groups: (result.grouping != Grouping::Sockets).then(|| group_records(result, services)),
    };
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, LinePerItem::default());
    document.serialize(&mut serializer)?;
    // The marker cannot occur earlier: only the host name and messages precede it, and quotes in
    // them are escaped.
    let index = text
        .windows(SOCKETS_MARKER.len())
        .position(|part| part == SOCKETS_MARKER);
    let (before, after) = text.split_at(index.map_or(text.len(), |at| at + SOCKETS_MARKER.len()));
    out.write_all(before)?;
    let entries: Vec<OutputEntry<'_>> = unique_entries(result, services).collect();
    let write_entry = |index: usize, entry: OutputEntry<'_>, text: &mut Vec<u8>| {
        text.extend_from_slice(if index == 0 { b"\n" } else { b",\n" });
        Ok(serde_json::to_writer(text, &SocketRecord::new(entry))?)
    };
    parallel::write_entries(&entries, write_entry, &mut out)?;
    out.write_all(after)?;
    out.write_all(b"\n")
}

/// The text directly before the sockets of a document.
const SOCKETS_MARKER: &[u8] = br#","sockets":["#;

/// Writes one JSON object a line.
///
/// # Errors
/// Returns the error of writing to `out`.
pub fn write_ndjson(
    result: &QueryResult,
    services: &Services,
    mut out: impl Write,
) -> io::Result<()> {
    let entries: Vec<OutputEntry<'_>> = unique_entries(result, services).collect();
    let write_entry = |_, entry: OutputEntry<'_>, text: &mut Vec<u8>| {
        serde_json::to_writer(&mut *text, &SocketRecord::new(entry))?;
        text.push(b'\n');
        Ok(())
    };
    parallel::write_entries(&entries, write_entry, &mut out)
}

/// Formats a time as RFC 3339 in UTC with milliseconds.
pub(crate) fn format_timestamp(at: jiff::Timestamp) -> String {
    format!("{at:.3}")
}

fn gap_record(gap: &Gap) -> GapRecord {
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

fn group_records<'a>(result: &'a QueryResult, services: &'a Services) -> Vec<GroupRecord<'a>> {
    let indexes: HashMap<Slot, usize> = unique_entries(result, services)
        .enumerate()
        .map(|(index, entry)| (entry.row.slot, index))
        .collect();
    let record = |group: &'a Group| {
        let slots = result.rows.get(group.rows.clone())?;
        let entry = OutputEntry::from_slot(*slots.first()?, &result.moment, services)?;
        Some(GroupRecord {
            key: group_key_record(group, entry),
            sockets: with_dual_stack_twins(result, slots)
                .filter_map(|slot| indexes.get(&slot).copied())
                .collect(),
        })
    };
    result.groups.iter().filter_map(record).collect()
}

fn group_key_record<'a>(group: &Group, entry: OutputEntry<'a>) -> GroupKeyRecord<'a> {
    match group.key() {
        GroupKey::Port(PortKey {
            side,
            port,
            protocol,
        }) => GroupKeyRecord::Port {
            protocol: protocol.name(),
            port: port.0,
            at: match side {
                PortSide::Local => "local",
                PortSide::Remote => "remote",
            },
            service: entry.service(),
        },
        GroupKey::Process(key) => GroupKeyRecord::Process {
            pid: Some(key.pid.0),
            name: entry.process_name(key),
            owner_status: entry.owner_status(),
        },
        GroupKey::Unowned(_) => GroupKeyRecord::Process {
            pid: None,
            name: None,
            owner_status: entry.owner_status(),
        },
        GroupKey::Host(address) => GroupKeyRecord::Host {
            address: Some(address.to_string()),
            name: entry.remote_name(),
        },
        GroupKey::NoHost => GroupKeyRecord::Host {
            address: None,
            name: None,
        },
    }
}
