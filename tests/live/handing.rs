//! Sockets opened, closed, inherited, handed over and used again at random: when every descriptor
//! was looked at once more, every owner is right.

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
use portolan::snapshot::SourceKind;
use proptest::prelude::*;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

use crate::network::own_network;

/// Tells the test program that it is an actor.
const ACTOR: &str = "PORTOLAN_TEST_ACTOR";

/// Processes that hand sockets to each other.
const ACTORS: usize = 3;

/// Samples in which the slow look at everything goes round, with those that go on in between
/// (`ROUND` in `src/collect/owners/search.rs`).
const ROUND: usize = 130;

#[derive(Clone, Copy, Debug)]
enum Deed {
    Open,
    /// Closes one of its sockets.
    Close,
    /// One descriptor more for one of its sockets.
    Double,
    /// Starts a process that inherits one.
    Bequeath,
    /// Ends such a process.
    Bury,
    /// Gives one to another and keeps it.
    Share,
    /// Gives one to another, in exchange for one of his: no number changes.
    Swap,
    /// Closes one and opens one: the same descriptor is another socket.
    Renew,
    /// Somebody takes a sample.
    Look,
}

fn deeds() -> impl Strategy<Value = Vec<(Deed, usize, usize)>> {
    use Deed::{Bequeath, Bury, Close, Double, Look, Open, Renew, Share, Swap};
    let deed = prop_oneof![
        3 => Just(Open), 2 => Just(Close), 1 => Just(Double), 1 => Just(Bequeath), 1 => Just(Bury),
        2 => Just(Share), 2 => Just(Swap), 2 => Just(Renew), 3 => Just(Look),
    ];
    proptest::collection::vec((deed, 0..ACTORS, 0..64_usize), 10..60)
}

/// A process that does what it is told.
struct Actor {
    child: Child,
    line: UnixStream,
    /// How many descriptors it has for sockets, by its own count.
    sockets: usize,
}

impl Actor {
    fn start() -> Self {
        let (line, theirs) = UnixStream::pair().expect("a pair");
        let child = Command::new(env::current_exe().expect("this program"))
            .args([
                "--exact",
                "handing::actor",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(ACTOR, "1")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("an actor");
        Self {
            child,
            line,
            sockets: 0,
        }
    }

    /// Tells it, and waits until it is done.
    fn tell(&mut self, deed: u8, which: usize) {
        let which = u8::try_from(which % self.sockets.max(1)).expect("few");
        self.line.write_all(&[deed, which]).expect("heard");
        self.line.read_exact(&mut [0]).expect("done");
    }

    /// A copy of one of its sockets.
    fn copy(&mut self, which: usize) -> OwnedFd {
        let which = u8::try_from(which % self.sockets).expect("few");
        self.line.write_all(&[b'g', which]).expect("heard");
        receive(&self.line).expect("a socket")
    }

    fn give(&mut self, socket: &OwnedFd) {
        self.line.write_all(b"t\0").expect("heard");
        send(&self.line, socket);
        self.line.read_exact(&mut [0]).expect("done");
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        // It may have gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn send(line: &UnixStream, socket: &OwnedFd) {
    let sockets = [socket.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut more = SendAncillaryBuffer::new(&mut space);
    assert!(more.push(SendAncillaryMessage::ScmRights(&sockets)));
    let sent = sendmsg(line, &[IoSlice::new(b"s")], &mut more, SendFlags::empty());
    assert_eq!(sent, Ok(1));
}

fn receive(line: &UnixStream) -> Option<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut more = RecvAncillaryBuffer::new(&mut space);
    let (mut byte, flags) = ([0], RecvFlags::CMSG_CLOEXEC);
    recvmsg(line, &mut [IoSliceMut::new(&mut byte)], &mut more, flags).ok()?;
    more.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut sockets) => sockets.next(),
        _ => None,
    })
}

/// What an actor does: nothing, where this is a test like any other.
#[test]
fn actor() {
    if env::var_os(ACTOR).is_none() {
        return;
    }
    let line = std::io::stdin().as_fd().try_clone_to_owned();
    let mut line = UnixStream::from(line.expect("a line"));
    let mut sockets: Vec<OwnedFd> = Vec::new();
    let mut heirs: Vec<Child> = Vec::new();
    let mut told = [0; 2];
    while line.read_exact(&mut told).is_ok() {
        let [deed, which] = told;
        let which = usize::from(which);
        match deed {
            b'o' => sockets.push(open()),
            b'c' => drop(sockets.remove(which)),
            b'd' => sockets.push(sockets[which].try_clone().expect("another")),
            b'h' => heirs.push(heir(&sockets[which])),
            b'b' => heirs.pop().map(end).unwrap_or_default(),
            b'n' => {
                drop(sockets.remove(which));
                sockets.insert(which, open());
            }
            b'g' => {
                send(&line, &sockets[which]);
                continue;
            }
            _ => sockets.extend(receive(&line)),
        }
        line.write_all(b"k").expect("somebody who waits");
    }
    heirs.into_iter().for_each(end);
}

fn open() -> OwnedFd {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
        .expect("a socket")
        .into()
}

/// A process that has the socket, because it was not told to close it.
fn heir(socket: &OwnedFd) -> Child {
    fcntl_setfd(socket, FdFlags::empty()).expect("kept");
    let child = Command::new("sleep").arg("1000").spawn();
    fcntl_setfd(socket, FdFlags::CLOEXEC).expect("not kept");
    child.expect("an heir")
}

fn end(mut heir: Child) {
    heir.kill().and_then(|()| heir.wait()).expect("an end");
}

fn act(actors: &mut [Actor], (deed, who, which): (Deed, usize, usize)) {
    let other = (who + 1) % ACTORS;
    let has = |actors: &[Actor], who: usize| actors[who].sockets > 0;
    match deed {
        Deed::Open => {
            actors[who].tell(b'o', 0);
            actors[who].sockets += 1;
        }
        Deed::Bury => actors[who].tell(b'b', 0),
        _ if !has(actors, who) => {}
        Deed::Close => {
            actors[who].tell(b'c', which);
            actors[who].sockets -= 1;
        }
        Deed::Double => {
            actors[who].tell(b'd', which);
            actors[who].sockets += 1;
        }
        Deed::Bequeath => actors[who].tell(b'h', which),
        Deed::Renew => actors[who].tell(b'n', which),
        Deed::Share => {
            let socket = actors[who].copy(which);
            actors[other].give(&socket);
            actors[other].sockets += 1;
        }
        Deed::Swap if has(actors, other) => {
            for (from, to) in [(who, other), (other, who)] {
                let socket = actors[from].copy(which);
                actors[from].tell(b'c', which);
                actors[to].give(&socket);
            }
        }
        Deed::Swap | Deed::Look => {}
    }
}

/// A pid and a descriptor.
type Holding = (u32, Option<u32>);

/// Who has the datagram sockets of this network, by local port; `None` where nobody is known.
fn owners(collector: &mut Collector) -> BTreeMap<u16, Option<Vec<Holding>>> {
    let snapshot = collector.sample(Vec::new(), Duration::from_secs(1));
    let sockets = snapshot.expect("a sample").sockets;
    let told = sockets.iter().map(|socket| {
        let holders = socket.holders.found();
        let holders = holders.map(|all| {
            let one = |h: &portolan::process::Holder| (h.process.pid.0, h.fd.map(|fd| fd.0));
            all.iter().map(one).collect()
        });
        (socket.local.port.0, holders)
    });
    told.collect()
}

fn collector() -> Collector {
    Collector::open(Some(SourceKind::SockDiag), Instant::now()).expect("sock_diag")
}

#[test]
fn whatever_is_done_with_sockets_their_owners_are_right_in_the_end() {
    let test = "handing::whatever_is_done_with_sockets_their_owners_are_right_in_the_end";
    own_network(test, || {
        let config = ProptestConfig {
            cases: 12,
            failure_persistence: None,
            // Each takes a while, and the first failure says enough.
            max_shrink_iters: 20,
            ..ProptestConfig::default()
        };
        proptest!(config, |(deeds in deeds())| {
            let mut actors: Vec<Actor> = (0..ACTORS).map(|_| Actor::start()).collect();
            let mut watcher = collector();
            for deed in deeds {
                act(&mut actors, deed);
                if matches!(deed.0, Deed::Look) {
                    owners(&mut watcher);
                }
            }
            let right = owners(&mut collector());
            let known = |owner: &Option<_>| owner.is_some();
            prop_assert!(right.values().all(known), "a full look finds all: {:?}", right);
            let agree = (0..ROUND).any(|_| owners(&mut watcher) == right);
            prop_assert!(agree, "{:?}\n{:?}", owners(&mut watcher), right);
        });
    });
}
