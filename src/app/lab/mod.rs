//! The lab: does what a lesson says, on real sockets.
//!
//! In: a [`Lesson`], and its [`Step`]s one by one. Out: what came of every call, and the [`Cast`].
//! Server and client are processes of their own ([`process`]), led by orders over pipes ([`order`]).
//! Only loopback, no privilege, ports that the kernel chooses. States are held by technique: a deaf
//! socket ([`options`]), a full buffer, a full queue; nothing is timed. When a lab ends, or whoever
//! leads it is killed, its processes end and throw their connections away, so that nothing stays
//! but what the kernel keeps by itself: a TIME-WAIT row that was the point of a lesson.

mod abilities;
mod children;
mod company;
mod options;
mod order;
pub(super) mod process;
mod settle;
mod sockets;
mod table;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

pub use abilities::Abilities;
pub use settle::Settled;
pub use table::{Seen, Table};

use crate::collect::SourceError;
use crate::endpoint::Endpoint;
use crate::port::{Port, Protocol};
use crate::process::Pid;
use crate::snapshot::SourceKind;
use crate::teach::lessons::call::{Kind, Setting, Signal};
use crate::teach::lessons::{
    Ability, Actor, Call, Cast, Deed, Happened, Lesson, Name, Place, Refusal, Shown, Step,
};
use company::Company;
use order::{Order, Reply, Switch, Told};

/// Why a lab cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// A process could not be started.
    #[error("{0} could not be started: {1}")]
    Start(Actor, io::Error),
    /// A process is not there any more, or does not understand.
    #[error("{0} is gone")]
    Gone(Actor),
    /// Something else was refused.
    #[error("the lab cannot go on: {0}")]
    System(io::Error),
    /// The socket table cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// What came of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// The call.
    pub deed: &'static Deed,
    /// The how-manieth time.
    pub n: u8,
    /// What came of it.
    pub happened: Happened,
    /// The socket it was about, where that is still open.
    pub socket: Option<Handle>,
}

/// How a process reaches a socket: a descriptor, which leads to an inode; and the socket's own end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handle {
    /// The descriptor.
    pub descriptor: u32,
    /// What it leads to: `socket:[…]` in /proc/PID/fd.
    pub inode: u64,
    /// 0.0.0.0:0 while it has no address.
    pub local: Option<Endpoint>,
}

impl Done {
    /// Whether that is what must come of it.
    pub fn is_as_expected(&self) -> bool {
        self.deed.outcome.agrees(self.happened)
    }
}

/// A lesson being played. Dropping it ends its processes.
pub struct Lab {
    program: PathBuf,
    company: Company,
    cast: Cast,
    table: Table,
    abilities: Abilities,
    /// Which names are of UDP sockets.
    udp: Vec<String>,
}

impl Lab {
    /// Starts the processes of a lesson. `program` is Portolan itself.
    ///
    /// # Errors
    /// When a process cannot be started, or the socket table not be read.
    pub fn open(
        program: &Path,
        lesson: &Lesson,
        source: Option<SourceKind>,
    ) -> Result<Self, LabError> {
        let mut lab = Self {
            program: program.to_owned(),
            company: Company::default(),
            cast: Cast::default(),
            table: Table::open(source)?,
            abilities: Abilities::probe(),
            udp: Vec::new(),
        };
        for actor in lesson.actors {
            let pid = lab.company.engage(&lab.program, *actor)?;
            lab.cast.enter(*actor, Pid(pid));
        }
        Ok(lab)
    }

    /// The program that runs, in a way that finds it also when its file was replaced.
    pub fn this_program() -> &'static Path {
        Path::new("/proc/self/exe")
    }

    /// The same, as a machine without this ability would play it.
    pub fn lacking(mut self, ability: Ability) -> Self {
        self.abilities.forget(ability);
        self
    }

    /// The names, and what they stand for by now.
    pub const fn cast(&self) -> &Cast {
        &self.cast
    }

    /// What can be shown here.
    pub const fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    /// Where the rows come from.
    pub fn source(&self) -> SourceKind {
        self.table.kind()
    }

    /// Looks at the lab's rows.
    ///
    /// # Errors
    /// When no table could be read.
    pub fn look(&mut self) -> Result<Seen, SourceError> {
        self.table.look(&self.cast)
    }

    /// Does a step, up to the first call of which something else came than must.
    ///
    /// # Errors
    /// When the lab cannot go on.
    pub fn perform(&mut self, step: &'static Step) -> Result<Vec<Done>, LabError> {
        debug_assert!(matches!(step.shown, Shown::Everywhere) || self.abilities.allow(step.shown));
        let mut done = Vec::new();
        for deed in step.deeds {
            for n in 1..=deed.times {
                let (happened, socket) = self.act(deed, n)?;
                let this = Done {
                    deed,
                    n,
                    happened,
                    socket,
                };
                done.push(this);
                if !this.is_as_expected() {
                    return Ok(done);
                }
            }
        }
        Ok(done)
    }

    fn act(&mut self, deed: &Deed, n: u8) -> Result<(Happened, Option<Handle>), LabError> {
        match deed.call {
            Call::Kill(actor, signal) => self.signal(actor, signal)?,
            Call::ChooseFour(name) => self.choose_four(name)?,
            call => return self.order(deed, call, n),
        }
        Ok((Happened::Worked, None))
    }

    fn order(
        &mut self,
        deed: &Deed,
        call: Call,
        n: u8,
    ) -> Result<(Happened, Option<Handle>), LabError> {
        let Some(order) = self.order_for(call, n) else {
            return Ok((Happened::Failed(Refusal::Invalid), None));
        };
        if let Order::Socket(name, Kind::Udp) = &order {
            self.udp.push(name.clone());
        }
        let reply = self.company.order(deed.actor, &order)?;
        if let (Order::Spawn(..), Some(pid), Call::Spawn(child, _)) = (&order, reply.child, call) {
            self.cast.enter(child, Pid(pid));
        }
        self.learn(deed, &order, &reply, n)?;
        let handle = reply.numbers.map(|(descriptor, inode)| Handle {
            descriptor,
            inode,
            local: reply.local.map(endpoint),
        });
        Ok((happened(reply.told), handle))
    }

    /// Takes note of what the name of a port came to stand for.
    fn learn(&mut self, deed: &Deed, order: &Order, reply: &Reply, n: u8) -> Result<(), LabError> {
        let Some(local) = reply.local else {
            return Ok(());
        };
        let port = Port(local.port());
        let (socket, remote) = match order {
            Order::Bind(socket, _) | Order::Listen(socket, _) => (socket, None),
            Order::Connect(socket, place, _) => (socket, Some(*place)),
            Order::SendTo(socket, ..) => (socket, None),
            _ => return Ok(()),
        };
        let protocol = match self.udp.contains(socket) {
            true => Protocol::Udp,
            false => Protocol::Tcp,
        };
        if port == Port::NONE || matches!(reply.told, Told::Failed(_)) {
            return Ok(());
        }
        match (remote, protocol) {
            (Some(remote), Protocol::Tcp) => {
                let (local, remote) = (endpoint(local), endpoint(remote));
                self.cast.claim(protocol, local, remote);
            }
            (None, Protocol::Tcp) => self.possess(protocol, port)?,
            // UDP leaves nothing behind, so that whatever has the port is the lab's.
            (_, Protocol::Udp) => self.cast.own(protocol, port),
        }
        if let Some(name) = deed.names {
            self.cast.name(name.nth(n), port);
        }
        Ok(())
    }

    /// From now on rows with this port are the lab's, those of before excepted.
    fn possess(&mut self, protocol: Protocol, port: Port) -> Result<(), LabError> {
        if !self.cast.owns(protocol, port) {
            self.table.banish(&mut self.cast, protocol, port)?;
            self.cast.own(protocol, port);
        }
        Ok(())
    }

    fn signal(&mut self, actor: Actor, signal: Signal) -> Result<(), LabError> {
        let signal = match signal {
            Signal::Stop => rustix::process::Signal::STOP,
            Signal::Continue => rustix::process::Signal::CONT,
            Signal::Kill => rustix::process::Signal::KILL,
        };
        match actor {
            Actor::Child(_) => {
                // Its parent, which is the lab's, waits for it at the end; until then the number is
                // nobody else's.
                let pid = self.cast.pid(actor).ok_or(LabError::Gone(actor))?;
                let pid = i32::try_from(pid.0).ok();
                let pid = pid.and_then(rustix::process::Pid::from_raw);
                let pid = pid.ok_or(LabError::Gone(actor))?;
                company::signal_and_await(pid, signal)?;
            }
            _ => self.company.signal(actor, signal)?,
        }
        Ok(())
    }

    /// Four ports in a row that no socket has at its own end, in the range the kernel chooses from.
    fn choose_four(&mut self, name: Name) -> Result<(), LabError> {
        let first = self.table.four_free()?;
        for n in 1..=4 {
            let port = Port(first.number().saturating_add(u16::from(n) - 1));
            self.cast.name(name.nth(n), port);
        }
        Ok(())
    }

    fn order_for(&self, call: Call, n: u8) -> Option<Order> {
        let at = |place: Place| -> Option<SocketAddr> {
            let end = self.cast.endpoint(place, n)?;
            Some(SocketAddr::new(end.address, end.port.number()))
        };
        Some(match call {
            Call::Socket { made, kind } => Order::Socket(made.nth(n), kind),
            Call::Set(socket, setting) => Order::Set(socket.nth(n), self.switch(setting)?),
            Call::Bind(socket, place) => Order::Bind(socket.nth(n), at(place)?),
            Call::Listen(socket, backlog) => Order::Listen(socket.nth(n), backlog),
            Call::Connect(socket, place, patience) => {
                Order::Connect(socket.nth(n), at(place)?, patience)
            }
            Call::Accept { listener, made } => Order::Accept(listener.nth(n), made.nth(n)),
            Call::Send(socket, bytes) => Order::Send(socket.nth(n), bytes),
            Call::SendTo(socket, place, bytes) => Order::SendTo(socket.nth(n), at(place)?, bytes),
            Call::Receive(socket, bytes) => Order::Receive(socket.nth(n), bytes),
            Call::Fill(socket) => Order::Fill(socket.nth(n)),
            Call::Drain(socket) => Order::Drain(socket.nth(n)),
            Call::Shutdown(socket) => Order::Shutdown(socket.nth(n)),
            Call::Close(socket) => Order::Close(socket.nth(n)),
            Call::Abort(socket) => Order::Abort(socket.nth(n)),
            Call::Poll(socket) => Order::Poll(socket.nth(n)),
            Call::Spawn(child, socket) => Order::Spawn(child.name().to_owned(), socket.nth(n)),
            Call::Kill(..) | Call::ChooseFour(_) => return None,
        })
    }

    fn switch(&self, setting: Setting) -> Option<Switch> {
        Some(match setting {
            Setting::ReuseAddress => Switch::ReuseAddress,
            Setting::ReusePort => Switch::ReusePort,
            Setting::OnlyIpv6 => Switch::OnlyIpv6,
            Setting::BothFamilies => Switch::BothFamilies,
            Setting::SmallBuffers => Switch::SmallBuffers,
            Setting::Deaf => Switch::Deaf,
            Setting::Hearing => Switch::Hearing,
            Setting::FourPorts(name) => Switch::FourPorts(self.cast.port(&name.nth(1))?.number()),
            Setting::DeferAccept => Switch::DeferAccept,
        })
    }
}

fn endpoint(address: SocketAddr) -> Endpoint {
    Endpoint::new(address.ip(), Port(address.port()))
}

fn happened(told: Told) -> Happened {
    match told {
        Told::Ready | Told::Worked => Happened::Worked,
        Told::Bytes(bytes) => Happened::Bytes(bytes),
        Told::EndOfFile => Happened::EndOfFile,
        Told::Begun => Happened::Begun,
        Told::Failed(number) => Happened::Failed(refusal(Errno::from_raw_os_error(number))),
    }
}

fn refusal(errno: Errno) -> Refusal {
    match errno {
        Errno::ADDRINUSE => Refusal::AddressInUse,
        Errno::ADDRNOTAVAIL => Refusal::AddressNotAvailable,
        Errno::CONNREFUSED => Refusal::ConnectionRefused,
        Errno::CONNRESET => Refusal::ConnectionReset,
        Errno::ACCESS => Refusal::NotAllowed,
        Errno::PIPE => Refusal::BrokenPipe,
        Errno::INVAL => Refusal::Invalid,
        Errno::ISCONN => Refusal::AlreadyConnected,
        Errno::TIMEDOUT => Refusal::TimedOut,
        Errno::AGAIN => Refusal::Nothing,
        other => Refusal::Other(other.raw_os_error()),
    }
}
