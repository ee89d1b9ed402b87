//! The main loop of a lab process: makes the calls that it is commanded to make.
//!
//! In: [`LabCommand`]s on stdin. Out: [`LabReply`]s on stdout. The process ends when its stdin is
//! closed, which also happens when the lab's controlling process dies, and resets its connections
//! (RST) so that they leave no rows. It has one thread; every wait polls stdin as well.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::Signal;

use super::child_processes::ChildProcesses;
use super::protocol::{CommandResult, LabCommand, LabReply};
use super::syscalls;
use super::syscalls::CallProgress;

/// The longest wait for a socket; exceeded only if something is wrong.
const MAX_WAIT: Duration = Duration::from_secs(20);

/// Runs the lab process with this name until stdin is closed or SIGTERM or SIGHUP arrives.
pub(crate) fn run(name: &str) {
    if let Ok(name) = CString::new(name) {
        // The name is only for display; the lab works without it.
        let _ = rustix::thread::set_name(&name);
    }
    let terminated = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        // Only sets a flag, so that the connections are reset before the process ends.
        let _ = signal_hook::flag::register(signal, Arc::clone(&terminated));
    }
    // The controlling process may be killed without being able to end the lab.
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::TERM));
    let mut state = LabProcessState {
        sockets: BTreeMap::new(),
        children: ChildProcesses::default(),
        commands: CommandReader {
            read_buffer: Vec::new(),
            terminated,
        },
    };
    state.write_reply(&LabReply {
        result: CommandResult::Ready,
        local_addr: None,
        fd_and_inode: None,
        child_pid: None,
    });
    while let Some(command) = state.commands.next_command() {
        let reply = state.execute(command);
        if reply.is_none_or(|reply| !state.write_reply(&reply)) {
            break;
        }
    }
    state.close_all();
}

/// The sockets and children of the process.
struct LabProcessState {
    sockets: BTreeMap<String, OwnedFd>,
    children: ChildProcesses,
    commands: CommandReader,
}

impl LabProcessState {
    /// Executes a command. Returns `None` if the lab ended in the meantime.
    fn execute(&mut self, command: LabCommand) -> Option<LabReply> {
        let (name, result) = match command {
            LabCommand::Socket(name, kind) => {
                let new_socket = syscalls::socket(kind);
                let result = new_socket.map(|socket| self.insert_socket(&name, socket));
                (name, result)
            }
            LabCommand::Accept(listener, name) => {
                let new_socket =
                    self.with_socket(&listener, |socket, commands| commands.accept(socket));
                let result = new_socket?.map(|socket| self.insert_socket(&name, socket));
                (name, result)
            }
            LabCommand::Spawn(child, name) => {
                let spawned = match self.sockets.get(&name) {
                    Some(socket) => self.children.spawn(&child, socket),
                    None => Err(Errno::BADF),
                };
                return Some(LabReply {
                    result: to_command_result(spawned.map(|_| CommandResult::Success)),
                    local_addr: None,
                    fd_and_inode: None,
                    child_pid: spawned.ok(),
                });
            }
            LabCommand::Close(name) => {
                let result = self.remove_socket(&name).map(drop);
                (name, result.map(|()| CommandResult::Success))
            }
            LabCommand::Abort(name) => {
                let result = self.remove_socket(&name).map(syscalls::abort);
                (name, result.map(|()| CommandResult::Success))
            }
            other => return self.execute_on_socket(other),
        };
        Some(self.socket_reply(&name, result))
    }

    /// Executes a command on an existing socket.
    fn execute_on_socket(&mut self, command: LabCommand) -> Option<LabReply> {
        let to_result = |result: Result<(), Errno>| result.map(|()| CommandResult::Success);
        let (name, result) = match command {
            LabCommand::SetOption(name, option) => {
                let result = self.with_socket(&name, |s, _| {
                    Some(to_result(syscalls::set_option(s, option)))
                });
                (name, result)
            }
            LabCommand::Bind(name, addr) => {
                let result =
                    self.with_socket(&name, |s, _| Some(to_result(rustix::net::bind(s, &addr))));
                (name, result)
            }
            LabCommand::Listen(name, backlog) => {
                let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
                let result = self.with_socket(&name, |s, _| {
                    Some(to_result(rustix::net::listen(s, backlog)))
                });
                (name, result)
            }
            LabCommand::Connect(name, addr, mode) => {
                let result = self.with_socket(&name, |s, commands| {
                    commands.retry_until_done(|| syscalls::connect(s, addr, mode), s)
                });
                (name, result)
            }
            LabCommand::Send(name, bytes) => {
                let result = self.with_socket(&name, |s, _| Some(syscalls::send(s, None, bytes)));
                (name, result)
            }
            LabCommand::SendTo(name, addr, bytes) => {
                let result =
                    self.with_socket(&name, |s, _| Some(syscalls::send(s, Some(addr), bytes)));
                (name, result)
            }
            LabCommand::Recv(name, bytes) => {
                let result = self.with_socket(&name, |s, commands| {
                    commands.retry_until_done(|| syscalls::recv(s, bytes), s)
                });
                (name, result)
            }
            LabCommand::FillSendBuffer(name) => {
                let result = self.with_socket(&name, |s, commands| commands.fill(s));
                (name, result)
            }
            LabCommand::DrainToEof(name) => {
                let result = self.with_socket(&name, |s, commands| {
                    commands.retry_until_done(|| syscalls::drain(s), s)
                });
                (name, result)
            }
            LabCommand::Shutdown(name) => {
                let result = self.with_socket(&name, |s, _| Some(to_result(syscalls::shutdown(s))));
                (name, result)
            }
            LabCommand::Poll(name) => {
                let result = self.with_socket(&name, |s, commands| {
                    let flags = PollFlags::IN | PollFlags::ERR;
                    Some(
                        match commands.wait_ready(s, flags, Instant::now() + MAX_WAIT)? {
                            WaitResult::Ready => Ok(CommandResult::Success),
                            WaitResult::TimedOut => Err(Errno::AGAIN),
                        },
                    )
                });
                (name, result)
            }
            LabCommand::Socket(..)
            | LabCommand::Accept(..)
            | LabCommand::Spawn(..)
            | LabCommand::Close(_)
            | LabCommand::Abort(_) => return None,
        };
        Some(self.socket_reply(&name, result?))
    }

    /// Calls `act` with the socket of this name; EBADF if there is none.
    fn with_socket<T>(
        &mut self,
        name: &str,
        act: impl FnOnce(BorrowedFd<'_>, &mut CommandReader) -> Option<Result<T, Errno>>,
    ) -> Option<Result<T, Errno>> {
        match self.sockets.get(name) {
            Some(socket) => act(socket.as_fd(), &mut self.commands),
            None => Some(Err(Errno::BADF)),
        }
    }

    fn insert_socket(&mut self, name: &str, socket: OwnedFd) -> CommandResult {
        self.sockets.insert(name.to_owned(), socket);
        CommandResult::Success
    }

    fn remove_socket(&mut self, name: &str) -> Result<OwnedFd, Errno> {
        self.sockets.remove(name).ok_or(Errno::BADF)
    }

    fn socket_reply(&self, name: &str, result: Result<CommandResult, Errno>) -> LabReply {
        let socket = self.sockets.get(name);
        LabReply {
            result: to_command_result(result),
            local_addr: socket.and_then(|socket| syscalls::local_addr(socket.as_fd())),
            fd_and_inode: socket.and_then(syscalls::fd_and_inode),
            child_pid: None,
        }
    }

    /// Writes a reply to stdout. Returns false if the pipe is closed.
    fn write_reply(&self, reply: &LabReply) -> bool {
        let Ok(mut line) = serde_json::to_vec(reply) else {
            return false;
        };
        line.push(b'\n');
        let mut out = std::io::stdout().lock();
        out.write_all(&line).and_then(|()| out.flush()).is_ok()
    }

    fn close_all(self) {
        self.children.terminate();
        self.sockets.into_values().for_each(syscalls::abort);
    }
}

fn to_command_result(result: Result<CommandResult, Errno>) -> CommandResult {
    result.unwrap_or_else(|errno| CommandResult::Failed(errno.raw_os_error()))
}

/// Reads commands from stdin, and knows whether the lab has ended.
struct CommandReader {
    read_buffer: Vec<u8>,
    terminated: Arc<AtomicBool>,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WaitResult {
    Ready,
    TimedOut,
}

impl CommandReader {
    /// Reads the next command; `None` at end of file, after a signal, or if the line is invalid.
    fn next_command(&mut self) -> Option<LabCommand> {
        let stdin = std::io::stdin();
        loop {
            if let Some(end) = self.read_buffer.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.read_buffer.drain(..=end).collect();
                return serde_json::from_slice(&line).ok();
            }
            if self.terminated.load(Ordering::SeqCst) {
                return None;
            }
            let mut chunk = [0; 4096];
            match rustix::io::read(&stdin, &mut chunk) {
                Ok(0) => return None,
                Ok(read) => self.read_buffer.extend_from_slice(chunk.get(..read)?),
                Err(Errno::INTR) => {}
                Err(_) => return None,
            }
        }
    }

    /// Repeats `attempt` whenever the socket is ready, until it succeeds or fails; EAGAIN after
    /// [`MAX_WAIT`]. Returns `None` if the lab ended.
    fn retry_until_done(
        &mut self,
        mut attempt: impl FnMut() -> Result<CallProgress, Errno>,
        socket: BorrowedFd<'_>,
    ) -> Option<Result<CommandResult, Errno>> {
        let deadline = Instant::now() + MAX_WAIT;
        loop {
            let flags = match attempt() {
                Ok(CallProgress::Done(result)) => return Some(Ok(result)),
                Ok(CallProgress::WaitReadable) => PollFlags::IN,
                Ok(CallProgress::WaitWritable) => PollFlags::OUT,
                Err(errno) => return Some(Err(errno)),
            };
            // A socket may be reported ready repeatedly and still return EAGAIN.
            if self.wait_ready(socket, flags, deadline)? == WaitResult::TimedOut
                || Instant::now() >= deadline
            {
                return Some(Err(Errno::AGAIN));
            }
        }
    }

    fn accept(&mut self, listener: BorrowedFd<'_>) -> Option<Result<OwnedFd, Errno>> {
        let deadline = Instant::now() + MAX_WAIT;
        loop {
            match syscalls::accept(listener) {
                Err(Errno::AGAIN) => {}
                result => return Some(result),
            }
            if self.wait_ready(listener, PollFlags::IN, deadline)? == WaitResult::TimedOut
                || Instant::now() >= deadline
            {
                return Some(Err(Errno::AGAIN));
            }
        }
    }

    /// Sends until the kernel has taken nothing for 200 ms: data still moves from the send buffer
    /// to the peer's receive buffer.
    fn fill(&mut self, socket: BorrowedFd<'_>) -> Option<Result<CommandResult, Errno>> {
        const QUIET: Duration = Duration::from_millis(200);
        let mut written = 0_u32;
        let mut deadline = Instant::now() + QUIET;
        loop {
            match syscalls::send(socket, None, 4096) {
                Ok(CommandResult::Bytes(bytes)) => {
                    written = written.saturating_add(bytes);
                    deadline = Instant::now() + QUIET;
                }
                Ok(_) => {}
                Err(Errno::AGAIN) => {
                    // If the kernel is short of memory, a socket may be ready and take nothing.
                    let late =
                        self.wait_ready(socket, PollFlags::OUT, deadline)? == WaitResult::TimedOut;
                    if late || Instant::now() >= deadline {
                        return Some(Ok(CommandResult::Bytes(written)));
                    }
                }
                Err(errno) => return Some(Err(errno)),
            }
        }
    }

    /// Waits until the socket is ready. Returns `None` if the lab ended: no command is sent before
    /// the reply to the previous one, so any event on stdin is end of file.
    fn wait_ready(
        &self,
        socket: BorrowedFd<'_>,
        flags: PollFlags,
        deadline: Instant,
    ) -> Option<WaitResult> {
        let stdin = std::io::stdin();
        loop {
            if self.terminated.load(Ordering::SeqCst) {
                return None;
            }
            let remaining = deadline.saturating_duration_since(Instant::now());
            let timeout = Timespec::try_from(remaining).ok();
            let mut poll_fds = [
                PollFd::from_borrowed_fd(socket, flags),
                PollFd::new(&stdin, PollFlags::IN),
            ];
            match poll(&mut poll_fds, timeout.as_ref()) {
                Ok(0) => return Some(WaitResult::TimedOut),
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(_) => return None,
            }
            let [socket, stdin] = &poll_fds;
            if !stdin.revents().is_empty() {
                return None;
            }
            if !socket.revents().is_empty() {
                return Some(WaitResult::Ready);
            }
        }
    }
}
