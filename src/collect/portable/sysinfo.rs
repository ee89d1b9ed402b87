//! Describes processes through the sysinfo library, on every system. Only this file uses the
//! library.
//!
//! Takes sockets whose source reported pids and nothing more; adds start times and the processes'
//! descriptions. Limits of sysinfo remain: on Linux names are cut to 15 characters, start times are
//! whole seconds.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

use crate::collect::owners::Owners;
use crate::collect::process_cache::ProcessCache;
use crate::collect::sample_scope::OwnerMode;
use crate::net::process::{Holder, Holders, Pid, Process, ProcessKey, StartTime, Uid};
use crate::net::snapshot::{Directory, Gap, OwnerCoverage};
use crate::net::socket::Socket;
use crate::text::sanitize::sanitize;

/// Completes the holders of a source that reports only pids.
#[derive(Debug, Default)]
pub(crate) struct SysinfoOwners {
    process_cache: ProcessCache,
    /// Completed lists of holders, by the lists they came from: sockets with the same holders and
    /// later samples share them.
    completed_lists: HashMap<Arc<[Holder]>, Arc<[Holder]>>,
}

impl SysinfoOwners {
    /// Creates the search; nothing is read before the first sample.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Reads the wanted processes afresh: a cached one would keep its name from before exec.
    fn load_processes(pids: &BTreeSet<Pid>) -> Result<System, String> {
        let mut system = System::new().map_err(|error| error.to_string())?;
        let wanted: Vec<_> = pids
            .iter()
            .map(|pid| sysinfo::Pid::from_u32(pid.0))
            .collect();
        let kind = ProcessRefreshKind::nothing()
            .without_tasks()
            .with_cmd(UpdateKind::Always)
            .with_exe(UpdateKind::Always)
            .with_user(UpdateKind::Always);
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&wanted), true, kind);
        Ok(system)
    }
}

impl Owners for SysinfoOwners {
    fn find(
        &mut self,
        now: Duration,
        _: OwnerMode,
        sockets: &mut [Socket],
        directory: &mut Arc<Directory>,
        gaps: &mut Vec<Gap>,
    ) -> OwnerCoverage {
        let found = || sockets.iter().filter_map(|socket| socket.holders.found());
        let pids: BTreeSet<_> = found()
            .flat_map(|h| h.iter())
            .map(|h| h.process.pid)
            .collect();
        let system = match Self::load_processes(&pids) {
            Ok(system) => system,
            Err(why) => {
                gaps.push(Gap::Owners(format!("cannot read the processes: {why}")));
                return OwnerCoverage::default();
            }
        };
        let described: Vec<_> = pids
            .iter()
            .map(|&pid| process_from_sysinfo(&system, pid))
            .collect();
        let starts: HashMap<Pid, StartTime> = described
            .iter()
            .flatten()
            .map(|process| (process.key.pid, process.key.start))
            .collect();
        fill_start_times(sockets, &starts, &mut self.completed_lists);
        let known = described.iter().flatten().count();
        for process in described.into_iter().flatten() {
            self.process_cache.insert(now, process, directory);
        }
        if self.process_cache.is_sweep_due(now) {
            let holding = starts
                .iter()
                .map(|(&pid, &start)| ProcessKey { pid, start });
            self.process_cache.evict_idle(now, holding, directory);
        }
        let hidden = pids.len().saturating_sub(known);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        OwnerCoverage {
            readable: count(known),
            hidden: count(hidden),
            unscanned: 0,
        }
    }
}

/// Adds the start times to the holders. A pid that could not be read keeps start time 0.
fn fill_start_times(
    sockets: &mut [Socket],
    starts: &HashMap<Pid, StartTime>,
    shared: &mut HashMap<Arc<[Holder]>, Arc<[Holder]>>,
) {
    let before = std::mem::take(shared);
    for socket in sockets {
        let Holders::Found(holders) = &mut socket.holders else {
            continue;
        };
        let complete = |holder: &Holder| {
            let start = starts.get(&holder.process.pid).copied();
            let start = start.unwrap_or(holder.process.start);
            Holder {
                process: ProcessKey {
                    start,
                    ..holder.process
                },
                ..*holder
            }
        };
        if let Some(done) = shared.get(holders) {
            *holders = Arc::clone(done);
            continue;
        }
        let done = match before.get(holders) {
            Some(done) if done.iter().copied().eq(holders.iter().map(complete)) => Arc::clone(done),
            _ => holders.iter().map(complete).collect(),
        };
        let original = std::mem::replace(holders, Arc::clone(&done));
        shared.insert(original, done);
    }
}

fn process_from_sysinfo(system: &System, pid: Pid) -> Option<Process> {
    let process = system.process(sysinfo::Pid::from_u32(pid.0))?;
    let key = ProcessKey {
        pid,
        start: StartTime(process.start_time()),
    };
    let executable = process
        .exe()
        .map(|path| sanitize(path.as_os_str().as_encoded_bytes()));
    let words: Vec<_> = process
        .cmd()
        .iter()
        .map(|word| word.as_encoded_bytes())
        .collect();
    let command = Some(words.join(&b' ')).filter(|line| !line.is_empty());
    // On Windows a user is identified by a SID, not a number.
    let uid = process.effective_user_id().or(process.user_id());
    let uid = uid.and_then(|uid| uid.to_string().parse().ok()).map(Uid);
    Some(Process {
        key,
        name: sanitize(process.name().as_encoded_bytes()),
        executable,
        command: command.map(|line| sanitize(&line)),
        uid,
        parent: process.parent().map(|pid| Pid(pid.as_u32())),
    })
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::net::endpoint::Endpoint;
    use crate::net::port::Port;
    use crate::net::socket::Transport;

    fn socket_held_by(pids: &[u32]) -> Socket {
        let local = Endpoint::new(IpAddr::V4(Ipv4Addr::LOCALHOST), Port(1));
        let mut socket = Socket::new(Transport::Udp, local, None);
        let key = |&pid| ProcessKey {
            pid: Pid(pid),
            start: StartTime(0),
        };
        let holders = pids
            .iter()
            .map(|pid| Holder {
                process: key(pid),
                fd: None,
            })
            .collect();
        socket.holders = Holders::Found(holders);
        socket
    }

    #[test]
    fn own_process_is_described_with_its_start_time() {
        let me = std::process::id();
        let (mut owners, mut directory) = (SysinfoOwners::new(), Arc::default());
        let mut sockets = [socket_held_by(&[me]), socket_held_by(&[me])];
        let mut gaps = Vec::new();
        let coverage = owners.find(
            Duration::ZERO,
            OwnerMode::Full,
            &mut sockets,
            &mut directory,
            &mut gaps,
        );
        assert_eq!(
            coverage,
            OwnerCoverage {
                readable: 1,
                hidden: 0,
                unscanned: 0,
            }
        );
        let [first, second] = &sockets;
        let holders = first.holders.found().unwrap();
        let process = &directory.processes[&holders[0].process];
        assert!(holders[0].process.start > StartTime(0));
        assert!(process.executable.as_ref().unwrap().contains("portolan"));
        assert!(Arc::ptr_eq(holders, second.holders.found().unwrap()));
        // The next sample shares the list and the directory.
        let shared = Arc::clone(&directory);
        let mut later = [socket_held_by(&[me])];
        owners.find(
            Duration::from_secs(1),
            OwnerMode::Full,
            &mut later,
            &mut directory,
            &mut gaps,
        );
        assert!(Arc::ptr_eq(later[0].holders.found().unwrap(), holders));
        assert!(Arc::ptr_eq(&shared, &directory));
        assert_eq!(gaps, []);
    }

    #[test]
    fn missing_pid_counts_as_hidden() {
        let (mut owners, mut directory) = (SysinfoOwners::new(), Arc::default());
        let mut sockets = [socket_held_by(&[4_194_304])];
        let coverage = owners.find(
            Duration::ZERO,
            OwnerMode::Full,
            &mut sockets,
            &mut directory,
            &mut Vec::new(),
        );
        assert_eq!(
            coverage,
            OwnerCoverage {
                readable: 0,
                hidden: 1,
                unscanned: 0,
            }
        );
        assert!(directory.processes.is_empty());
    }
}
