//! Changes of the directory: what came, what is different, what went.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::few::Few;
use super::texts::{self, Text};
use super::{MOST_ENTRIES, Nonsense};
use crate::process::{Pid, Process, ProcessKey, StartTime, Uid};
use crate::snapshot::{Cgroup, Directory};
use crate::socket::{CgroupId, InterfaceIndex};

/// Pid and start.
pub(super) type ProcessId = (u32, u64);

/// The changes from one directory to the next.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Changes {
    processes: Entries<ProcessId, ProcessFacts>,
    users: Entries<u32, Text>,
    cgroups: Entries<u64, CgroupFacts>,
    interfaces: Entries<NonZeroU32, Text>,
    hosts: Entries<IpAddr, Text>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entries<K, V> {
    new: Few<(K, V), MOST_ENTRIES>,
    gone: Few<K, MOST_ENTRIES>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ProcessFacts {
    name: Text,
    executable: Option<Text>,
    command: Option<Text>,
    uid: Option<u32>,
    parent: Option<u32>,
}

#[derive(Debug, Serialize, Deserialize)]
struct CgroupFacts {
    path: Text,
    unit: Option<Text>,
    container: Option<Text>,
}

pub(super) const fn process_id(key: ProcessKey) -> ProcessId {
    (key.pid.0, key.start.0)
}

pub(super) const fn process_key((pid, start): ProcessId) -> ProcessKey {
    ProcessKey {
        pid: Pid(pid),
        start: StartTime(start),
    }
}

/// What is different in `now`.
pub(super) fn changes(before: &Directory, now: &Directory, texts: &mut texts::Written) -> Changes {
    let (b, n) = (before, now);
    Changes {
        processes: entries(&b.processes, &n.processes, process_id, |process| {
            ProcessFacts {
                name: texts.number(&process.name),
                executable: process.executable.as_ref().map(|t| texts.number(t)),
                command: process.command.as_ref().map(|t| texts.number(t)),
                uid: process.uid.map(|uid| uid.0),
                parent: process.parent.map(|pid| pid.0),
            }
        }),
        users: entries(&b.users, &n.users, |uid| uid.0, |t| texts.number(t)),
        cgroups: entries(
            &b.cgroups,
            &n.cgroups,
            |id| id.0,
            |cgroup| CgroupFacts {
                path: texts.number(&cgroup.path),
                unit: cgroup.unit.as_ref().map(|t| texts.number(t)),
                container: cgroup.container.as_ref().map(|t| texts.number(t)),
            },
        ),
        interfaces: entries(&b.interfaces, &n.interfaces, |i| i.0, |t| texts.number(t)),
        hosts: entries(&b.hosts, &n.hosts, |address| address, |t| texts.number(t)),
    }
}

fn entries<K: Copy + Eq + Hash, V: PartialEq, Key, Facts>(
    before: &HashMap<K, V>,
    now: &HashMap<K, V>,
    key: impl Fn(K) -> Key,
    mut facts: impl FnMut(&V) -> Facts,
) -> Entries<Key, Facts> {
    let is_new = |(id, value): &(&K, &V)| before.get(*id) != Some(*value);
    let new = now.iter().filter(is_new);
    let new = Few(new.map(|(id, value)| (key(*id), facts(value))).collect());
    let gone = before.keys().filter(|id| !now.contains_key(*id));
    let gone = Few(gone.map(|id| key(*id)).collect());
    Entries { new, gone }
}

impl Changes {
    /// Whether there are none.
    fn is_nothing(&self) -> bool {
        self.processes.is_nothing()
            && self.users.is_nothing()
            && self.cgroups.is_nothing()
            && self.interfaces.is_nothing()
            && self.hosts.is_nothing()
    }

    /// Makes them. A directory in which nothing changes stays the shared one.
    pub(super) fn apply(
        self,
        directory: &mut Arc<Directory>,
        texts: &texts::Read,
    ) -> Result<(), Nonsense> {
        if self.is_nothing() {
            return Ok(());
        }
        let text = |t: Text| texts.get(t);
        let optional = |t: Option<Text>| t.map(text).transpose();
        let d = Arc::make_mut(directory);
        self.processes
            .apply(&mut d.processes, process_key, |key, facts| {
                Ok(Arc::new(Process {
                    key,
                    name: text(facts.name)?,
                    executable: optional(facts.executable)?,
                    command: optional(facts.command)?,
                    uid: facts.uid.map(Uid),
                    parent: facts.parent.map(Pid),
                }))
            })?;
        self.users.apply(&mut d.users, Uid, |_, name| text(name))?;
        self.cgroups.apply(&mut d.cgroups, CgroupId, |_, facts| {
            Ok(Arc::new(Cgroup {
                path: text(facts.path)?,
                unit: optional(facts.unit)?,
                container: optional(facts.container)?,
            }))
        })?;
        self.interfaces
            .apply(&mut d.interfaces, InterfaceIndex, |_, name| text(name))?;
        self.hosts
            .apply(&mut d.hosts, |address| address, |_, name| text(name))
    }
}

impl<K, V> Entries<K, V> {
    fn is_nothing(&self) -> bool {
        self.new.0.is_empty() && self.gone.0.is_empty()
    }

    fn apply<Id: Copy + Eq + Hash, Value>(
        self,
        map: &mut HashMap<Id, Value>,
        id: impl Fn(K) -> Id,
        value: impl Fn(Id, V) -> Result<Value, Nonsense>,
    ) -> Result<(), Nonsense> {
        for key in self.gone.0 {
            map.remove(&id(key));
        }
        if map.len() + self.new.0.len() > MOST_ENTRIES {
            return Err(Nonsense);
        }
        for (key, facts) in self.new.0 {
            let id = id(key);
            map.insert(id, value(id, facts)?);
        }
        Ok(())
    }
}
