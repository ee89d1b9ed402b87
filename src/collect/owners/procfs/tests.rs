//! Live: sockets this very test opens, and children it starts and ends.

use std::net::{TcpListener, UdpSocket};
use std::num::NonZeroU64;
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::*;
use crate::endpoint::Endpoint;
use crate::process::{Holder, Process};
use crate::socket::{TcpState, Transport};

/// A walk with its directory and clock, for one test.
struct Watch {
    walk: ProcWalk,
    directory: Arc<Directory>,
    started: Instant,
}

/// A child that is ended whatever the test does.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Watch {
    fn new() -> Self {
        Self {
            walk: ProcWalk::open(),
            directory: Arc::default(),
            started: Instant::now(),
        }
    }

    fn look(&mut self, socket: &Socket) -> Holders {
        let mut sockets = [Socket {
            holders: Holders::NotSought,
            ..socket.clone()
        }];
        let now = self.started.elapsed();
        let mut gaps = Vec::new();
        self.walk.find(
            now,
            OwnerSearch::Sought,
            &mut sockets,
            &mut self.directory,
            &mut gaps,
        );
        assert_eq!(gaps, []);
        let [socket] = sockets;
        socket.holders
    }

    /// Looks until the outcome is as wanted. Other tests of this program start processes, which
    /// have everything for the moment between fork and exec.
    fn until(&mut self, socket: &Socket, wanted: impl Fn(&Holders, &Directory) -> bool) -> Holders {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let holders = self.look(socket);
            if wanted(&holders, &self.directory) {
                return holders;
            }
            assert!(Instant::now() < deadline, "still {holders:?}");
            std::thread::yield_now();
        }
    }

    fn process(&self, holder: &Holder) -> &Process {
        &self.directory.processes[&holder.process]
    }
}

fn row(socket: &impl std::os::fd::AsFd, endpoint: std::net::SocketAddr) -> Socket {
    let local = Endpoint::new(endpoint.ip(), crate::port::Port(endpoint.port()));
    let mut row = Socket::new(Transport::Tcp(TcpState::Listen), local, None);
    let inode = rustix::fs::fstat(socket).unwrap().st_ino;
    row.inode = NonZeroU64::new(inode).map(Inode);
    row.uid = Some(Uid(rustix::process::geteuid().as_raw()));
    row
}

fn listener() -> (TcpListener, Socket) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let row = row(&listener, listener.local_addr().unwrap());
    (listener, row)
}

/// A process that has the listener as its standard output until it is ended.
fn heir(listener: &TcpListener, command: &mut Command) -> Ended {
    let inherited = OwnedFd::from(listener.try_clone().unwrap());
    Ended(
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::from(inherited))
            .spawn()
            .unwrap(),
    )
}

fn pids(holders: &Holders) -> Vec<u32> {
    holders
        .found()
        .map_or(Vec::new(), |h| h.iter().map(|h| h.process.pid.0).collect())
}

#[test]
fn a_socket_of_ours_is_found_with_our_pid_and_its_descriptor() {
    let (listener, row) = listener();
    let mut watch = Watch::new();
    let holders = watch.until(&row, |holders, _| pids(holders) == [std::process::id()]);
    let holder = holders.found().unwrap()[0];
    assert_eq!(
        holder.fd,
        Some(Fd(u32::try_from(listener.as_raw_fd()).unwrap()))
    );
    let process = watch.process(&holder);
    assert!(process.executable.as_ref().unwrap().contains("portolan"));
    assert_eq!(
        process.parent,
        Some(Pid(std::os::unix::process::parent_id()))
    );
    assert_eq!(process.uid, row.uid);
}

#[test]
fn a_socket_opened_between_two_samples_is_found_in_the_second() {
    let mut watch = Watch::new();
    let (_listener, first) = listener();
    watch.until(&first, |holders, _| holders.found().is_some());
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let second = row(&socket, socket.local_addr().unwrap());
    assert!(watch.look(&second).found().is_some());
}

#[test]
fn an_inherited_socket_has_both_holders_and_then_one_again() {
    let (listener, row) = listener();
    let mut watch = Watch::new();
    watch.until(&row, |holders, _| pids(holders) == [std::process::id()]);
    let child = heir(&listener, Command::new("sleep").arg("1000"));
    let mut both = [std::process::id(), child.0.id()];
    both.sort_unstable();
    let holders = watch.until(&row, |holders, _| pids(holders) == both);
    let its = holders
        .found()
        .unwrap()
        .iter()
        .find(|h| h.process.pid.0 == child.0.id())
        .unwrap();
    assert_eq!(its.fd, Some(Fd(1)));
    let its = *its;
    drop(child);
    watch.until(&row, |holders, _| pids(holders) == [std::process::id()]);
    assert_eq!(&*watch.process(&its).name, "sleep"); // Gone, and still remembered.
}

#[test]
fn a_quiet_sample_shares_everything_with_the_one_before() {
    let (_listener, row) = listener();
    let mut watch = Watch::new();
    let mut before = watch.look(&row);
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let directory = Arc::clone(&watch.directory);
        let after = watch.look(&row);
        if let (Some(a), Some(b)) = (before.found(), after.found())
            && Arc::ptr_eq(a, b)
            && Arc::ptr_eq(&directory, &watch.directory)
        {
            return;
        }
        assert!(Instant::now() < deadline);
        before = after;
    }
}

#[test]
fn exec_changes_the_name_and_not_the_process() {
    let (listener, row) = listener();
    let mut child = heir(
        &listener,
        Command::new("sh").args(["-c", "read go; exec sleep 1000"]),
    );
    let pid = child.0.id();
    let mut watch = Watch::new();
    let is = |holders: &Holders, directory: &Directory, passes: fn(&Process) -> bool| {
        let its = holders
            .found()
            .and_then(|h| h.iter().find(|h| h.process.pid.0 == pid));
        let its = its.and_then(|holder| directory.processes.get(&holder.process));
        its.is_some_and(|process| passes(process))
    };
    watch.until(&row, |holders, directory| {
        is(holders, directory, |process| &*process.name == "sh")
    });
    std::io::Write::write_all(child.0.stdin.as_mut().unwrap(), b"\n").unwrap();
    // The name comes a moment before the command line does; then the next round of looks has it.
    watch.until(&row, |holders, directory| {
        is(holders, directory, |process| {
            &*process.name == "sleep" && process.command.as_deref() == Some("sleep 1000")
        })
    });
    let its = watch.directory.processes.keys();
    assert_eq!(its.filter(|key| key.pid.0 == pid).count(), 1);
}

#[test]
fn a_hostile_name_is_read_and_made_readable() {
    use std::os::unix::ffi::OsStrExt;
    let home = tempfile::tempdir().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"o)\x1b[31m \xff\nna");
    let program = home.path().join(name);
    let sleep = ["/bin/sleep", "/usr/bin/sleep"]
        .iter()
        .find(|path| std::fs::exists(path).unwrap());
    std::fs::copy(sleep.unwrap(), &program).unwrap();
    let (listener, row) = listener();
    let child = heir(&listener, Command::new(&program).arg("1000"));
    let mut watch = Watch::new();
    let id = child.0.id();
    let is_its = |process: &&Arc<Process>| process.key.pid.0 == id && process.name.contains("na");
    watch.until(&row, |_, directory| {
        directory.processes.values().any(|p| is_its(&p))
    });
    let its = watch.directory.processes.values().find(is_its).unwrap();
    assert_eq!(&*its.name, "o)\\e[31m \\xff\\nna");
    assert!(
        its.executable
            .as_ref()
            .unwrap()
            .ends_with("/o)\\e[31m \\xff\\nna")
    );
    assert!(its.command.as_ref().unwrap().ends_with("\\nna 1000"));
    std::fs::remove_file(&program).unwrap();
    let fresh = Watch::new();
    let mut watch = fresh;
    watch.until(&row, |_, directory| {
        directory.processes.values().any(|p| is_its(&p))
    });
    let its = watch.directory.processes.values().find(is_its).unwrap();
    assert!(its.executable.as_ref().unwrap().ends_with(" (deleted)"));
}

#[test]
fn a_descriptor_used_again_is_found_although_no_number_changed() {
    let (first, first_row) = listener();
    let (second, second_row) = listener();
    let child = heir(&first, Command::new("sleep").arg("1000"));
    let mut watch = Watch::new();
    let has = |holders: &Holders| pids(holders).contains(&child.0.id());
    watch.until(&first_row, |holders, _| has(holders));
    drop(first);
    // The child keeps the first socket; the second takes over the number it had here.
    let again = second.try_clone().unwrap();
    let number = Fd(u32::try_from(again.as_raw_fd()).unwrap());
    watch.until(&second_row, |holders, _| {
        holders
            .found()
            .is_some_and(|holders| holders.iter().any(|h| h.fd == Some(number)))
    });
}

#[test]
fn what_nobody_has_is_nobodys_and_without_an_inode_nothing_is_sought() {
    let (_listener, mut row) = listener();
    row.inode = NonZeroU64::new(u64::MAX).map(Inode);
    let mut watch = Watch::new();
    // Hidden if this test's user has a process that it may not look into.
    watch.until(&row, |holders, _| {
        matches!(holders, Holders::Nobody | Holders::Hidden)
    });
    row.inode = None;
    assert_eq!(watch.look(&row), Holders::NotSought);
}

#[test]
fn without_room_for_open_directories_the_answer_is_the_same() {
    let (listener, row) = listener();
    let mut watch = Watch::new();
    watch.walk.census = Census::new(0);
    let child = heir(&listener, Command::new("sleep").arg("1000"));
    let mut both = [std::process::id(), child.0.id()];
    both.sort_unstable();
    watch.until(&row, |holders, _| pids(holders) == both);
    drop(child);
    watch.until(&row, |holders, _| pids(holders) == [std::process::id()]);
}

#[test]
fn without_proc_there_is_a_gap_and_no_panic() {
    let (_listener, row) = listener();
    for path in ["/nonexistent/proc", "/dev/null", "/sys"] {
        let (mut gaps, mut sockets) = (Vec::new(), [row.clone()]);
        let mut walk = ProcWalk::at(path);
        let sight = walk.find(
            Duration::ZERO,
            OwnerSearch::Sought,
            &mut sockets,
            &mut Arc::default(),
            &mut gaps,
        );
        assert_eq!((sight.readable, sight.hidden), (0, 0));
        assert!(matches!(gaps.as_slice(), [Gap::Owners(_)]), "{gaps:?}");
        assert_eq!(sockets[0].holders, Holders::NotSought);
    }
}

#[test]
fn without_time_one_process_at_a_sample_is_met_until_all_are() {
    let mut walk = ProcWalk::open();
    let root = rustix::fs::open("/proc", OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty());
    let root = root.unwrap();
    let mut met = HashSet::new();
    for sample in 1.. {
        let look = Look {
            root: root.as_fd(),
            now: Duration::ZERO,
            sample,
            until: Some(Instant::now()),
        };
        walk.census.visit(look, &mut walk.ledger).unwrap();
        let before = met.len();
        met.extend(walk.census.readable().map(|(pid, ..)| pid));
        if walk.census.unvisited() == 0 {
            break;
        }
        assert!(met.len() <= before + 1, "one at a time");
    }
    assert!(met.contains(&Pid(std::process::id())));
}
