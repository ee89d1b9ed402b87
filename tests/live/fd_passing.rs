//! Opens, closes, inherits, passes and reuses sockets at random: once every descriptor has been
//! read again, every owner is right.

use std::collections::BTreeMap;
use std::env;
use std::io::{IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use portolan::collect::Collector;
use portolan::net::snapshot::SourceKind;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

use crate::network_namespace::in_network_namespace;

/// Tells the test program that it is a worker.
const WORKER_ENV: &str = "PORTOLAN_TEST_WORKER";

/// The number of processes that pass sockets to each other.
const WORKERS: usize = 3;

/// Samples in which every descriptor is read again, including those added in between
/// (`RECHECK_ROUND` in `src/collect/linux/owners/unowned_search.rs`).
const FULL_SCAN_SAMPLES: usize = 130;

/// How long a new collector may take to find every owner, on a loaded machine.
const FULL_SCAN_TIMEOUT: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug)]
enum FdOp {
    Open,
    /// Closes one of the worker's sockets.
    Close,
    /// Duplicates a descriptor of one of its sockets.
    Dup,
    /// Starts a process that inherits one.
    Inherit,
    /// Kills such a process.
    KillInheritor,
    /// Passes one to another worker and keeps it.
    Pass,
    /// Swaps one for a socket of another worker: no number of descriptors changes.
    Swap,
    /// Closes one and opens one: the same descriptor refers to another socket.
    Reopen,
    /// Takes a sample.
    Sample,
}

fn fd_ops() -> impl Strategy<Value = Vec<(FdOp, usize, usize)>> {
    use FdOp::{Close, Dup, Inherit, KillInheritor, Open, Pass, Reopen, Sample, Swap};
    let op = prop_oneof![
        3 => Just(Open), 2 => Just(Close), 1 => Just(Dup), 1 => Just(Inherit), 1 => Just(KillInheritor),
        2 => Just(Pass), 2 => Just(Swap), 2 => Just(Reopen), 3 => Just(Sample),
    ];
    proptest::collection::vec((op, 0..WORKERS, 0..64_usize), 10..60)
}

/// A process that executes commands on its sockets.
struct FdWorker {
    child: Child,
    control: UnixStream,
    /// How many descriptors for sockets it has, as counted here.
    sockets: usize,
}

impl FdWorker {
    fn start() -> Self {
        let (line, worker_end) = UnixStream::pair().expect("a pair");
        let child = Command::new(env::current_exe().expect("this program"))
            .args([
                "--exact",
                "fd_passing::fd_worker",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(WORKER_ENV, "1")
            .stdin(Stdio::from(OwnedFd::from(worker_end)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("an actor");
        Self {
            child,
            control: line,
            sockets: 0,
        }
    }

    /// Sends it a command and waits until it is done.
    fn send_command(&mut self, op: u8, which: usize) {
        let which = u8::try_from(which % self.sockets.max(1)).expect("few");
        self.control.write_all(&[op, which]).expect("sent");
        self.control.read_exact(&mut [0]).expect("done");
    }

    /// Copies one of its sockets.
    fn copy_fd(&mut self, which: usize) -> OwnedFd {
        let which = u8::try_from(which % self.sockets).expect("few");
        self.control.write_all(&[b'g', which]).expect("sent");
        receive_fd(&self.control).expect("a socket")
    }

    fn pass_fd(&mut self, socket: &OwnedFd) {
        self.control.write_all(b"t\0").expect("sent");
        send_fd(&self.control, socket);
        self.control.read_exact(&mut [0]).expect("done");
    }
}

impl Drop for FdWorker {
    fn drop(&mut self) {
        // It may have exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn send_fd(line: &UnixStream, socket: &OwnedFd) {
    let sockets = [socket.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut more = SendAncillaryBuffer::new(&mut space);
    assert!(more.push(SendAncillaryMessage::ScmRights(&sockets)));
    let sent = sendmsg(line, &[IoSlice::new(b"s")], &mut more, SendFlags::empty());
    assert_eq!(sent, Ok(1));
}

fn receive_fd(line: &UnixStream) -> Option<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut more = RecvAncillaryBuffer::new(&mut space);
    let (mut byte, flags) = ([0], RecvFlags::CMSG_CLOEXEC);
    recvmsg(line, &mut [IoSliceMut::new(&mut byte)], &mut more, flags).ok()?;
    more.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut sockets) => sockets.next(),
        _ => None,
    })
}

/// Runs a worker; does nothing where this is an ordinary test.
#[test]
fn fd_worker() {
    if env::var_os(WORKER_ENV).is_none() {
        return;
    }
    let line = std::io::stdin().as_fd().try_clone_to_owned();
    let mut line = UnixStream::from(line.expect("a line"));
    let mut sockets: Vec<OwnedFd> = Vec::new();
    let mut inheritors: Vec<Child> = Vec::new();
    let mut data = [0; 2];
    while line.read_exact(&mut data).is_ok() {
        let [op, which] = data;
        let which = usize::from(which);
        match op {
            b'o' => sockets.push(open_socket()),
            b'c' => drop(sockets.remove(which)),
            b'd' => sockets.push(sockets[which].try_clone().expect("another")),
            b'h' => inheritors.push(spawn_inheritor(&sockets[which])),
            b'b' => inheritors.pop().map(kill).unwrap_or_default(),
            b'n' => {
                drop(sockets.remove(which));
                sockets.insert(which, open_socket());
            }
            b'g' => {
                send_fd(&line, &sockets[which]);
                continue;
            }
            _ => sockets.extend(receive_fd(&line)),
        }
        line.write_all(b"k").expect("the test reads");
    }
    inheritors.into_iter().for_each(kill);
}

fn open_socket() -> OwnedFd {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
        .expect("a socket")
        .into()
}

/// Starts a process that has the socket because it is not closed on exec.
fn spawn_inheritor(socket: &OwnedFd) -> Child {
    fcntl_setfd(socket, FdFlags::empty()).expect("kept");
    let child = Command::new("sleep").arg("1000").spawn();
    fcntl_setfd(socket, FdFlags::CLOEXEC).expect("not kept");
    child.expect("an heir")
}

fn kill(mut heir: Child) {
    heir.kill().and_then(|()| heir.wait()).expect("an end");
}

fn apply_op(workers: &mut [FdWorker], (op, worker_index, which): (FdOp, usize, usize)) {
    let other = (worker_index + 1) % WORKERS;
    let has = |workers: &[FdWorker], worker_index: usize| workers[worker_index].sockets > 0;
    match op {
        FdOp::Open => {
            workers[worker_index].send_command(b'o', 0);
            workers[worker_index].sockets += 1;
        }
        FdOp::KillInheritor => workers[worker_index].send_command(b'b', 0),
        _ if !has(workers, worker_index) => {}
        FdOp::Close => {
            workers[worker_index].send_command(b'c', which);
            workers[worker_index].sockets -= 1;
        }
        FdOp::Dup => {
            workers[worker_index].send_command(b'd', which);
            workers[worker_index].sockets += 1;
        }
        FdOp::Inherit => workers[worker_index].send_command(b'h', which),
        FdOp::Reopen => workers[worker_index].send_command(b'n', which),
        FdOp::Pass => {
            let socket = workers[worker_index].copy_fd(which);
            workers[other].pass_fd(&socket);
            workers[other].sockets += 1;
        }
        FdOp::Swap if has(workers, other) => {
            for (from, to) in [(worker_index, other), (other, worker_index)] {
                let socket = workers[from].copy_fd(which);
                workers[from].send_command(b'c', which);
                workers[to].pass_fd(&socket);
            }
        }
        FdOp::Swap | FdOp::Sample => {}
    }
}

/// A pid and its descriptor.
type HeldFd = (u32, Option<u32>);

/// Returns the holders of the datagram sockets of this network namespace, by local port; `None`
/// where unknown.
fn owners(collector: &mut Collector) -> BTreeMap<u16, Option<Vec<HeldFd>>> {
    let snapshot = collector.sample(Vec::new(), Duration::from_secs(1));
    let sockets = snapshot.expect("a sample").sockets;
    let data = sockets.iter().map(|socket| {
        let holders = socket.holders.found();
        let holders = holders.map(|all| {
            let one = |h: &portolan::net::process::Holder| (h.process.pid.0, h.fd.map(|fd| fd.0));
            all.iter().map(one).collect()
        });
        (socket.local.port.0, holders)
    });
    data.collect()
}

fn collector() -> Collector {
    Collector::open(Some(SourceKind::SockDiag), Instant::now()).expect("sock_diag")
}

/// Returns the owners that a new collector finds. On a loaded machine its first sample may run out
/// of time, so samples are repeated until every owner is known, or for `FULL_SCAN_TIMEOUT`.
fn full_scan_owners() -> BTreeMap<u16, Option<Vec<HeldFd>>> {
    let mut collector = collector();
    let deadline = Instant::now() + FULL_SCAN_TIMEOUT;
    loop {
        let found = owners(&mut collector);
        if all_known(&found) || Instant::now() >= deadline {
            return found;
        }
    }
}

fn all_known(owners: &BTreeMap<u16, Option<Vec<HeldFd>>>) -> bool {
    owners.values().all(Option::is_some)
}

#[test]
fn owners_are_right_after_random_fd_passing() {
    let test = "fd_passing::owners_are_right_after_random_fd_passing";
    in_network_namespace(test, || {
        let config = ProptestConfig {
            cases: 12,
            failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
                "tests/regressions/fd_passing.txt",
            ))),
            // Each case takes a while, and the first failure says enough.
            max_shrink_iters: 20,
            ..ProptestConfig::default()
        };
        proptest!(config, |(fd_ops in fd_ops())| {
            let mut workers: Vec<FdWorker> = (0..WORKERS).map(|_| FdWorker::start()).collect();
            let mut incremental = collector();
            for op in fd_ops {
                apply_op(&mut workers, op);
                if matches!(op.0, FdOp::Sample) {
                    owners(&mut incremental);
                }
            }
            let right = full_scan_owners();
            prop_assert!(all_known(&right), "a full scan finds all: {:?}", right);
            let agree = (0..FULL_SCAN_SAMPLES).any(|_| owners(&mut incremental) == right);
            prop_assert!(agree, "{:?}\n{:?}", owners(&mut incremental), right);
        });
    });
}
