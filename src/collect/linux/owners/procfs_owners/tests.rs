//! Live tests: sockets opened by the test itself, and children it starts and kills.

use std::net::{TcpListener, UdpSocket};
use std::num::NonZeroU64;
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::*;
use crate::net::endpoint::Endpoint;
use crate::net::process::{Holder, Process};
use crate::net::socket::{TcpState, Transport};

/// The owner search with its directory and clock, for one test.
struct OwnersFixture {
    owners: ProcfsOwners,
    directory: Arc<Directory>,
    started: Instant,
}

/// A child process that is killed when the test ends, in whatever way.
struct KillOnDrop(Child);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl OwnersFixture {
    fn new() -> Self {
        Self {
            owners: ProcfsOwners::open(),
            directory: Arc::default(),
            started: Instant::now(),
        }
    }

    fn sample(&mut self, socket: &Socket) -> Holders {
        let mut sockets = [Socket {
            holders: Holders::NotSearched,
            ..socket.clone()
        }];
        let now = self.started.elapsed();
        let mut gaps = Vec::new();
        self.owners.find(
            now,
            OwnerMode::Full,
            &mut sockets,
            &mut self.directory,
            &mut gaps,
        );
        assert_eq!(gaps, []);
        let [socket] = sockets;
        socket.holders
    }

    /// Samples until the outcome is as wanted. Other tests of this program start processes, which
    /// hold every descriptor for the moment between fork and exec.
    fn sample_until(
        &mut self,
        socket: &Socket,
        wanted: impl Fn(&Holders, &Directory) -> bool,
    ) -> Holders {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let holders = self.sample(socket);
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
    let local = Endpoint::new(endpoint.ip(), crate::net::port::Port(endpoint.port()));
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

/// Starts a process that has the listener as its standard output until it is killed.
fn spawn_inheriting(listener: &TcpListener, command: &mut Command) -> KillOnDrop {
    let inherited = OwnedFd::from(listener.try_clone().unwrap());
    KillOnDrop(
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
fn own_socket_is_found_with_pid_and_fd() {
    let (listener, row) = listener();
    let mut fixture = OwnersFixture::new();
    let holders = fixture.sample_until(&row, |holders, _| pids(holders) == [std::process::id()]);
    let holder = holders.found().unwrap()[0];
    assert_eq!(
        holder.fd,
        Some(Fd(u32::try_from(listener.as_raw_fd()).unwrap()))
    );
    let process = fixture.process(&holder);
    assert!(process.executable.as_ref().unwrap().contains("portolan"));
    assert_eq!(
        process.parent,
        Some(Pid(std::os::unix::process::parent_id()))
    );
    assert_eq!(process.uid, row.uid);
}

#[test]
fn socket_opened_between_samples_is_found() {
    let mut fixture = OwnersFixture::new();
    let (_listener, first) = listener();
    fixture.sample_until(&first, |holders, _| holders.found().is_some());
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let second = row(&socket, socket.local_addr().unwrap());
    assert!(fixture.sample(&second).found().is_some());
}

#[test]
fn inherited_socket_has_two_holders_until_the_child_exits() {
    let (listener, row) = listener();
    let mut fixture = OwnersFixture::new();
    fixture.sample_until(&row, |holders, _| pids(holders) == [std::process::id()]);
    let child = spawn_inheriting(&listener, Command::new("sleep").arg("1000"));
    let mut both = [std::process::id(), child.0.id()];
    both.sort_unstable();
    let holders = fixture.sample_until(&row, |holders, _| pids(holders) == both);
    let child_entry = holders
        .found()
        .unwrap()
        .iter()
        .find(|h| h.process.pid.0 == child.0.id())
        .unwrap();
    assert_eq!(child_entry.fd, Some(Fd(1)));
    let child_entry = *child_entry;
    drop(child);
    fixture.sample_until(&row, |holders, _| pids(holders) == [std::process::id()]);
    assert_eq!(&*fixture.process(&child_entry).name, "sleep"); // Exited, and still described.
}

#[test]
fn unchanged_sample_shares_holders_and_directory() {
    let (_listener, row) = listener();
    let mut fixture = OwnersFixture::new();
    let mut before = fixture.sample(&row);
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let directory = Arc::clone(&fixture.directory);
        let after = fixture.sample(&row);
        if let (Some(a), Some(b)) = (before.found(), after.found())
            && Arc::ptr_eq(a, b)
            && Arc::ptr_eq(&directory, &fixture.directory)
        {
            return;
        }
        assert!(Instant::now() < deadline);
        before = after;
    }
}

#[test]
fn exec_changes_the_name_but_not_the_key() {
    let (listener, row) = listener();
    let mut child = spawn_inheriting(
        &listener,
        Command::new("sh").args(["-c", "read go; exec sleep 1000"]),
    );
    let pid = child.0.id();
    let mut fixture = OwnersFixture::new();
    let is = |holders: &Holders, directory: &Directory, passes: fn(&Process) -> bool| {
        let child_entry = holders
            .found()
            .and_then(|h| h.iter().find(|h| h.process.pid.0 == pid));
        let child_entry = child_entry.and_then(|holder| directory.processes.get(&holder.process));
        child_entry.is_some_and(|process| passes(process))
    };
    fixture.sample_until(&row, |holders, directory| {
        is(holders, directory, |process| &*process.name == "sh")
    });
    std::io::Write::write_all(child.0.stdin.as_mut().unwrap(), b"\n").unwrap();
    // The name changes a moment before the command line; a later sample has both.
    fixture.sample_until(&row, |holders, directory| {
        is(holders, directory, |process| {
            &*process.name == "sleep" && process.command.as_deref() == Some("sleep 1000")
        })
    });
    let child_entry = fixture.directory.processes.keys();
    assert_eq!(child_entry.filter(|key| key.pid.0 == pid).count(), 1);
}

#[test]
fn hostile_process_name_is_sanitized() {
    use std::os::unix::ffi::OsStrExt;
    let home = tempfile::tempdir().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"o)\x1b[31m \xff\nna");
    let program = home.path().join(name);
    let sleep = ["/bin/sleep", "/usr/bin/sleep"]
        .iter()
        .find(|path| std::fs::exists(path).unwrap());
    std::fs::copy(sleep.unwrap(), &program).unwrap();
    let (listener, row) = listener();
    let child = spawn_inheriting(&listener, Command::new(&program).arg("1000"));
    let mut fixture = OwnersFixture::new();
    let id = child.0.id();
    let is_child = |process: &&Arc<Process>| process.key.pid.0 == id && process.name.contains("na");
    fixture.sample_until(&row, |_, directory| {
        directory.processes.values().any(|p| is_child(&p))
    });
    let child_entry = fixture.directory.processes.values().find(is_child).unwrap();
    assert_eq!(&*child_entry.name, "o)\\e[31m \\xff\\nna");
    assert!(
        child_entry
            .executable
            .as_ref()
            .unwrap()
            .ends_with("/o)\\e[31m \\xff\\nna")
    );
    assert!(
        child_entry
            .command
            .as_ref()
            .unwrap()
            .ends_with("\\nna 1000")
    );
    std::fs::remove_file(&program).unwrap();
    let fresh = OwnersFixture::new();
    let mut fixture = fresh;
    fixture.sample_until(&row, |_, directory| {
        directory.processes.values().any(|p| is_child(&p))
    });
    let child_entry = fixture.directory.processes.values().find(is_child).unwrap();
    assert!(
        child_entry
            .executable
            .as_ref()
            .unwrap()
            .ends_with(" (deleted)")
    );
}

#[test]
fn reused_fd_is_found_with_an_unchanged_fd_count() {
    let (first, first_row) = listener();
    let (second, second_row) = listener();
    let child = spawn_inheriting(&first, Command::new("sleep").arg("1000"));
    let mut fixture = OwnersFixture::new();
    let has = |holders: &Holders| pids(holders).contains(&child.0.id());
    fixture.sample_until(&first_row, |holders, _| has(holders));
    drop(first);
    // The child keeps the first socket; the second takes over the number it had here.
    let again = second.try_clone().unwrap();
    let number = Fd(u32::try_from(again.as_raw_fd()).unwrap());
    fixture.sample_until(&second_row, |holders, _| {
        holders
            .found()
            .is_some_and(|holders| holders.iter().any(|h| h.fd == Some(number)))
    });
}

#[test]
fn unheld_inode_has_no_holder_and_missing_inode_is_not_searched() {
    let (_listener, mut row) = listener();
    row.inode = NonZeroU64::new(u64::MAX).map(Inode);
    let mut fixture = OwnersFixture::new();
    // Hidden if this test's user has a process that cannot be read.
    fixture.sample_until(&row, |holders, _| {
        matches!(holders, Holders::NoHolder | Holders::Hidden)
    });
    row.inode = None;
    assert_eq!(fixture.sample(&row), Holders::NotSearched);
}

#[test]
fn results_do_not_depend_on_cached_fd_dirs() {
    let (listener, row) = listener();
    let mut fixture = OwnersFixture::new();
    fixture.owners.process_table = ProcessTable::new(0);
    let child = spawn_inheriting(&listener, Command::new("sleep").arg("1000"));
    let mut both = [std::process::id(), child.0.id()];
    both.sort_unstable();
    fixture.sample_until(&row, |holders, _| pids(holders) == both);
    drop(child);
    fixture.sample_until(&row, |holders, _| pids(holders) == [std::process::id()]);
}

#[test]
fn missing_proc_is_a_gap() {
    let (_listener, row) = listener();
    for path in ["/nonexistent/proc", "/dev/null", "/sys"] {
        let (mut gaps, mut sockets) = (Vec::new(), [row.clone()]);
        let mut owners = ProcfsOwners::with_proc_path(path);
        let coverage = owners.find(
            Duration::ZERO,
            OwnerMode::Full,
            &mut sockets,
            &mut Arc::default(),
            &mut gaps,
        );
        assert_eq!((coverage.readable, coverage.hidden), (0, 0));
        assert!(matches!(gaps.as_slice(), [Gap::Owners(_)]), "{gaps:?}");
        assert_eq!(sockets[0].holders, Holders::NotSearched);
    }
}

#[test]
fn expired_deadline_scans_one_process_per_sample() {
    let mut owners = ProcfsOwners::open();
    let root = rustix::fs::open("/proc", OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty());
    let root = root.unwrap();
    let mut scanned = HashSet::new();
    for sample in 1.. {
        let context = ScanContext {
            proc_root: root.as_fd(),
            now: Duration::ZERO,
            sample,
            deadline: Some(Instant::now()),
        };
        owners
            .process_table
            .refresh(context, &mut owners.fd_index)
            .unwrap();
        let before = scanned.len();
        scanned.extend(owners.process_table.readable().map(|(pid, ..)| pid));
        if owners.process_table.unscanned() == 0 {
            break;
        }
        assert!(scanned.len() <= before + 1, "one at a time");
    }
    assert!(scanned.contains(&Pid(std::process::id())));
}
