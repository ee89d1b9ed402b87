//! Executes the actions of a lesson in its lab processes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::capabilities::Capabilities;
use super::error::LabError;
use super::executed_call::{ExecutedCall, SocketHandle};
use super::processes;
use super::processes::LabProcesses;
use super::protocol::{CommandResult, LabCommand, LabReply, ResolvedOption};
use super::sampler::{LabSample, LabSampler};
use crate::collect::source::SourceError;
use crate::lessons::action::{ActualResult, LabAction};
use crate::lessons::call::{Call, LabRole, Signal, SocketKind, SocketOption};
use crate::lessons::call_error::CallError;
use crate::lessons::lab_endpoint::{LabEndpoint, LabName};
use crate::lessons::lab_names::LabNames;
use crate::lessons::spec::{Capability, Lesson, LessonStep, StepCondition};
use crate::net::endpoint::Endpoint;
use crate::net::port::{Port, Protocol};
use crate::net::process::Pid;
use crate::net::snapshot::SourceKind;

/// The running lab of a lesson. Dropping it ends its processes.
pub struct Lab {
    program: PathBuf,
    processes: LabProcesses,
    lab_names: LabNames,
    sampler: LabSampler,
    capabilities: Capabilities,
    /// The names of the UDP sockets.
    udp_sockets: Vec<String>,
}

impl Lab {
    /// Starts the processes of a lesson. `program` is Portolan itself.
    ///
    /// # Errors
    /// If a process cannot be started, or the socket table cannot be read.
    pub fn open(
        program: &Path,
        lesson: &Lesson,
        source: Option<SourceKind>,
    ) -> Result<Self, LabError> {
        let mut lab = Self {
            program: program.to_owned(),
            processes: LabProcesses::default(),
            lab_names: LabNames::default(),
            sampler: LabSampler::open(source)?,
            capabilities: Capabilities::probe(),
            udp_sockets: Vec::new(),
        };
        for role in lesson.roles {
            let pid = lab.processes.spawn(&lab.program, *role)?;
            lab.lab_names.insert_process(*role, Pid(pid));
        }
        Ok(lab)
    }

    /// Returns a path to the running program that stays valid when its file is replaced.
    pub fn this_program() -> &'static Path {
        Path::new("/proc/self/exe")
    }

    /// Removes a capability, to play the lesson as a machine without it would.
    pub fn without_capability(mut self, capability: Capability) -> Self {
        self.capabilities.remove(capability);
        self
    }

    /// Returns the ports and pids that the names stand for so far.
    pub const fn lab_names(&self) -> &LabNames {
        &self.lab_names
    }

    /// Returns the capabilities of this machine.
    pub const fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Returns the source of the socket table.
    pub fn source_kind(&self) -> SourceKind {
        self.sampler.source_kind()
    }

    /// Samples the lab's rows.
    ///
    /// # Errors
    /// If the socket table cannot be read.
    pub fn sample_rows(&mut self) -> Result<LabSample, SourceError> {
        self.sampler.sample_rows(&self.lab_names)
    }

    /// Makes the calls of a step, up to the first with an unexpected result.
    ///
    /// # Errors
    /// If the lab itself fails.
    pub fn run_step(&mut self, step: &'static LessonStep) -> Result<Vec<ExecutedCall>, LabError> {
        debug_assert!(
            matches!(step.condition, StepCondition::Always)
                || self.capabilities.allows(step.condition)
        );
        let mut executed = Vec::new();
        for action in step.actions {
            for n in 1..=action.times {
                let (actual, socket) = self.run_action(action, n)?;
                let call = ExecutedCall {
                    action,
                    n,
                    actual,
                    socket,
                };
                executed.push(call);
                if !call.is_expected() {
                    return Ok(executed);
                }
            }
        }
        Ok(executed)
    }

    fn run_action(
        &mut self,
        action: &LabAction,
        n: u8,
    ) -> Result<(ActualResult, Option<SocketHandle>), LabError> {
        match action.call {
            Call::Kill(role, signal) => self.signal(role, signal)?,
            Call::PickFourPorts(name) => self.pick_four_ports(name)?,
            call => return self.send_command(action, call, n),
        }
        Ok((ActualResult::Success, None))
    }

    fn send_command(
        &mut self,
        action: &LabAction,
        call: Call,
        n: u8,
    ) -> Result<(ActualResult, Option<SocketHandle>), LabError> {
        let Some(command) = self.to_command(call, n) else {
            return Ok((ActualResult::Failed(CallError::InvalidArgument), None));
        };
        if let LabCommand::Socket(name, SocketKind::Udp) = &command {
            self.udp_sockets.push(name.clone());
        }
        let reply = self.processes.send(action.role, &command)?;
        if let (LabCommand::Spawn(..), Some(pid), Call::Spawn(child, _)) =
            (&command, reply.child_pid, call)
        {
            self.lab_names.insert_process(child, Pid(pid));
        }
        self.record_port(action, &command, &reply, n)?;
        let handle = reply.fd_and_inode.map(|(fd, inode)| SocketHandle {
            fd,
            inode,
            local: reply.local_addr.map(to_endpoint),
        });
        Ok((to_actual(reply.result), handle))
    }

    /// Records the port that the action's port name stands for.
    fn record_port(
        &mut self,
        action: &LabAction,
        command: &LabCommand,
        reply: &LabReply,
        n: u8,
    ) -> Result<(), LabError> {
        let Some(local) = reply.local_addr else {
            return Ok(());
        };
        let port = Port(local.port());
        let (socket, remote) = match command {
            LabCommand::Bind(socket, _) | LabCommand::Listen(socket, _) => (socket, None),
            LabCommand::Connect(socket, lab_endpoint, _) => (socket, Some(*lab_endpoint)),
            LabCommand::SendTo(socket, ..) => (socket, None),
            _ => return Ok(()),
        };
        let protocol = match self.udp_sockets.contains(socket) {
            true => Protocol::Udp,
            false => Protocol::Tcp,
        };
        if port == Port::NONE || matches!(reply.result, CommandResult::Failed(_)) {
            return Ok(());
        }
        match (remote, protocol) {
            (Some(remote), Protocol::Tcp) => {
                let (local, remote) = (to_endpoint(local), to_endpoint(remote));
                self.lab_names.forget_stale_tuple(protocol, local, remote);
            }
            (None, Protocol::Tcp) => self.claim_port(protocol, port)?,
            // Closed UDP sockets leave no rows, so every socket with this port is the lab's.
            (_, Protocol::Udp) => self.lab_names.add_own_port(protocol, port),
        }
        if let Some(name) = action.port_name {
            self.lab_names.insert_port(name.numbered(n), port);
        }
        Ok(())
    }

    /// Counts rows with this port as the lab's, except those that exist already.
    fn claim_port(&mut self, protocol: Protocol, port: Port) -> Result<(), LabError> {
        if !self.lab_names.owns_port(protocol, port) {
            self.sampler
                .ignore_existing(&mut self.lab_names, protocol, port)?;
            self.lab_names.add_own_port(protocol, port);
        }
        Ok(())
    }

    fn signal(&mut self, role: LabRole, signal: Signal) -> Result<(), LabError> {
        let signal = match signal {
            Signal::Stop => rustix::process::Signal::STOP,
            Signal::Continue => rustix::process::Signal::CONT,
            Signal::Kill => rustix::process::Signal::KILL,
        };
        match role {
            LabRole::Child(_) => {
                // Its parent, a lab process, waits for it only when the lab ends; until then the
                // kernel cannot reuse the pid.
                let pid = self
                    .lab_names
                    .pid(role)
                    .ok_or(LabError::ProcessGone(role))?;
                let pid = i32::try_from(pid.0).ok();
                let pid = pid.and_then(rustix::process::Pid::from_raw);
                let pid = pid.ok_or(LabError::ProcessGone(role))?;
                processes::signal_and_wait(pid, signal)?;
            }
            _ => self.processes.signal(role, signal)?,
        }
        Ok(())
    }

    /// Picks four consecutive ports of the ephemeral range that no socket has as its local port.
    fn pick_four_ports(&mut self, name: LabName) -> Result<(), LabError> {
        let first = self.sampler.find_four_free_ports()?;
        for n in 1..=4 {
            let port = Port(first.number().saturating_add(u16::from(n) - 1));
            self.lab_names.insert_port(name.numbered(n), port);
        }
        Ok(())
    }

    fn to_command(&self, call: Call, n: u8) -> Option<LabCommand> {
        let to_socket_addr = |lab_endpoint: LabEndpoint| -> Option<SocketAddr> {
            let end = self.lab_names.endpoint(lab_endpoint, n)?;
            Some(SocketAddr::new(end.address, end.port.number()))
        };
        Some(match call {
            Call::Socket { new_socket, kind } => LabCommand::Socket(new_socket.numbered(n), kind),
            Call::SetOption(socket, option) => {
                LabCommand::SetOption(socket.numbered(n), self.resolve_option(option)?)
            }
            Call::Bind(socket, lab_endpoint) => {
                LabCommand::Bind(socket.numbered(n), to_socket_addr(lab_endpoint)?)
            }
            Call::Listen(socket, backlog) => LabCommand::Listen(socket.numbered(n), backlog),
            Call::Connect(socket, lab_endpoint, mode) => {
                LabCommand::Connect(socket.numbered(n), to_socket_addr(lab_endpoint)?, mode)
            }
            Call::Accept {
                listener,
                new_socket,
            } => LabCommand::Accept(listener.numbered(n), new_socket.numbered(n)),
            Call::Send(socket, bytes) => LabCommand::Send(socket.numbered(n), bytes),
            Call::SendTo(socket, lab_endpoint, bytes) => {
                LabCommand::SendTo(socket.numbered(n), to_socket_addr(lab_endpoint)?, bytes)
            }
            Call::Recv(socket, bytes) => LabCommand::Recv(socket.numbered(n), bytes),
            Call::FillSendBuffer(socket) => LabCommand::FillSendBuffer(socket.numbered(n)),
            Call::DrainToEof(socket) => LabCommand::DrainToEof(socket.numbered(n)),
            Call::Shutdown(socket) => LabCommand::Shutdown(socket.numbered(n)),
            Call::Close(socket) => LabCommand::Close(socket.numbered(n)),
            Call::Abort(socket) => LabCommand::Abort(socket.numbered(n)),
            Call::Poll(socket) => LabCommand::Poll(socket.numbered(n)),
            Call::Spawn(child, socket) => {
                LabCommand::Spawn(child.name().to_owned(), socket.numbered(n))
            }
            Call::Kill(..) | Call::PickFourPorts(_) => return None,
        })
    }

    fn resolve_option(&self, option: SocketOption) -> Option<ResolvedOption> {
        Some(match option {
            SocketOption::ReuseAddr => ResolvedOption::ReuseAddr,
            SocketOption::ReusePort => ResolvedOption::ReusePort,
            SocketOption::V6Only => ResolvedOption::V6Only,
            SocketOption::DualStack => ResolvedOption::DualStack,
            SocketOption::SmallBuffers => ResolvedOption::SmallBuffers,
            SocketOption::DropPackets => ResolvedOption::DropPackets,
            SocketOption::AcceptPackets => ResolvedOption::AcceptPackets,
            SocketOption::LocalPortRange(name) => {
                ResolvedOption::LocalPortRange(self.lab_names.port(&name.numbered(1))?.number())
            }
            SocketOption::DeferAccept => ResolvedOption::DeferAccept,
        })
    }
}

fn to_endpoint(address: SocketAddr) -> Endpoint {
    Endpoint::new(address.ip(), Port(address.port()))
}

fn to_actual(result: CommandResult) -> ActualResult {
    match result {
        CommandResult::Ready | CommandResult::Success => ActualResult::Success,
        CommandResult::Bytes(bytes) => ActualResult::Bytes(bytes),
        CommandResult::EndOfFile => ActualResult::EndOfFile,
        CommandResult::InProgress => ActualResult::InProgress,
        CommandResult::Failed(number) => {
            ActualResult::Failed(to_call_error(Errno::from_raw_os_error(number)))
        }
    }
}

fn to_call_error(errno: Errno) -> CallError {
    match errno {
        Errno::ADDRINUSE => CallError::AddrInUse,
        Errno::ADDRNOTAVAIL => CallError::AddrNotAvailable,
        Errno::CONNREFUSED => CallError::ConnectionRefused,
        Errno::CONNRESET => CallError::ConnectionReset,
        Errno::ACCESS => CallError::PermissionDenied,
        Errno::PIPE => CallError::BrokenPipe,
        Errno::INVAL => CallError::InvalidArgument,
        Errno::ISCONN => CallError::AlreadyConnected,
        Errno::TIMEDOUT => CallError::TimedOut,
        Errno::AGAIN => CallError::WouldBlock,
        other => CallError::Other(other.raw_os_error()),
    }
}
