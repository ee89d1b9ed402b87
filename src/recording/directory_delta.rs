//! Encodes what changed between two directories.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::bounded_vec::BoundedVec;
use super::format::{InvalidData, MAX_ENTRIES};
use super::string_table;
use super::string_table::StringId;
use crate::net::process::{Pid, Process, ProcessKey, StartTime, Uid};
use crate::net::snapshot::{Cgroup, Directory};
use crate::net::socket::{CgroupId, InterfaceIndex};

/// Pid and start time.
pub(crate) type StoredProcessKey = (u32, u64);

/// The added, changed and removed entries from one directory to the next.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DirectoryDelta {
    processes: MapDelta<StoredProcessKey, StoredProcess>,
    users: MapDelta<u32, StringId>,
    cgroups: MapDelta<u64, StoredCgroup>,
    interfaces: MapDelta<NonZeroU32, StringId>,
    hosts: MapDelta<IpAddr, StringId>,
}

#[derive(Debug, Serialize, Deserialize)]
struct MapDelta<K, V> {
    added: BoundedVec<(K, V), MAX_ENTRIES>,
    removed: BoundedVec<K, MAX_ENTRIES>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredProcess {
    name: StringId,
    executable: Option<StringId>,
    command: Option<StringId>,
    uid: Option<u32>,
    parent: Option<u32>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredCgroup {
    path: StringId,
    unit: Option<StringId>,
    container: Option<StringId>,
}

pub(crate) const fn to_stored_key(key: ProcessKey) -> StoredProcessKey {
    (key.pid.0, key.start.0)
}

pub(crate) const fn from_stored_key((pid, start): StoredProcessKey) -> ProcessKey {
    ProcessKey {
        pid: Pid(pid),
        start: StartTime(start),
    }
}

/// Returns what is new, changed or removed in `now`.
pub(crate) fn diff_directories(
    before: &Directory,
    now: &Directory,
    string_table: &mut string_table::StringTableWriter,
) -> DirectoryDelta {
    let (b, n) = (before, now);
    DirectoryDelta {
        processes: diff_maps(&b.processes, &n.processes, to_stored_key, |process| {
            StoredProcess {
                name: string_table.intern(&process.name),
                executable: process.executable.as_ref().map(|t| string_table.intern(t)),
                command: process.command.as_ref().map(|t| string_table.intern(t)),
                uid: process.uid.map(|uid| uid.0),
                parent: process.parent.map(|pid| pid.0),
            }
        }),
        users: diff_maps(&b.users, &n.users, |uid| uid.0, |t| string_table.intern(t)),
        cgroups: diff_maps(
            &b.cgroups,
            &n.cgroups,
            |id| id.0,
            |cgroup| StoredCgroup {
                path: string_table.intern(&cgroup.path),
                unit: cgroup.unit.as_ref().map(|t| string_table.intern(t)),
                container: cgroup.container.as_ref().map(|t| string_table.intern(t)),
            },
        ),
        interfaces: diff_maps(
            &b.interfaces,
            &n.interfaces,
            |i| i.0,
            |t| string_table.intern(t),
        ),
        hosts: diff_maps(
            &b.hosts,
            &n.hosts,
            |address| address,
            |t| string_table.intern(t),
        ),
    }
}

fn diff_maps<K: Copy + Eq + Hash, V: PartialEq, Key, Facts>(
    before: &HashMap<K, V>,
    now: &HashMap<K, V>,
    key: impl Fn(K) -> Key,
    mut stored: impl FnMut(&V) -> Facts,
) -> MapDelta<Key, Facts> {
    let is_new = |(id, value): &(&K, &V)| before.get(*id) != Some(*value);
    let new = now.iter().filter(is_new);
    let new = BoundedVec(new.map(|(id, value)| (key(*id), stored(value))).collect());
    let removed = before.keys().filter(|id| !now.contains_key(*id));
    let removed = BoundedVec(removed.map(|id| key(*id)).collect());
    MapDelta {
        added: new,
        removed,
    }
}

impl DirectoryDelta {
    fn is_empty(&self) -> bool {
        self.processes.is_empty()
            && self.users.is_empty()
            && self.cgroups.is_empty()
            && self.interfaces.is_empty()
            && self.hosts.is_empty()
    }

    /// Applies the changes. A directory without changes stays shared.
    pub(crate) fn apply(
        self,
        directory: &mut Arc<Directory>,
        string_table: &string_table::StringTableReader,
    ) -> Result<(), InvalidData> {
        if self.is_empty() {
            return Ok(());
        }
        let text = |t: StringId| string_table.get(t);
        let optional = |t: Option<StringId>| t.map(text).transpose();
        let d = Arc::make_mut(directory);
        self.processes
            .apply(&mut d.processes, from_stored_key, |key, stored| {
                Ok(Arc::new(Process {
                    key,
                    name: text(stored.name)?,
                    executable: optional(stored.executable)?,
                    command: optional(stored.command)?,
                    uid: stored.uid.map(Uid),
                    parent: stored.parent.map(Pid),
                }))
            })?;
        self.users.apply(&mut d.users, Uid, |_, name| text(name))?;
        self.cgroups.apply(&mut d.cgroups, CgroupId, |_, stored| {
            Ok(Arc::new(Cgroup {
                path: text(stored.path)?,
                unit: optional(stored.unit)?,
                container: optional(stored.container)?,
            }))
        })?;
        self.interfaces
            .apply(&mut d.interfaces, InterfaceIndex, |_, name| text(name))?;
        self.hosts
            .apply(&mut d.hosts, |address| address, |_, name| text(name))
    }
}

impl<K, V> MapDelta<K, V> {
    fn is_empty(&self) -> bool {
        self.added.0.is_empty() && self.removed.0.is_empty()
    }

    fn apply<Id: Copy + Eq + Hash, Value>(
        self,
        map: &mut HashMap<Id, Value>,
        id: impl Fn(K) -> Id,
        value: impl Fn(Id, V) -> Result<Value, InvalidData>,
    ) -> Result<(), InvalidData> {
        for key in self.removed.0 {
            map.remove(&id(key));
        }
        if map.len() + self.added.0.len() > MAX_ENTRIES {
            return Err(InvalidData);
        }
        for (key, stored) in self.added.0 {
            let id = id(key);
            map.insert(id, value(id, stored)?);
        }
        Ok(())
    }
}
