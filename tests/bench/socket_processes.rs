//! Opens loopback connections, both sides of each, in processes of its own.
//!
//! The processes keep them open until their standard input ends, so that none outlives the
//! benchmark. Each has a listener at an address of its own, all on the same port, so that one group
//! of the dashboard holds half of all sockets.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The argument that makes this program a socket process: port, number and pairs follow.
pub(crate) const SOCKET_PROCESS_ARG: &str = "--socket-process";

/// The most sockets in one process: many processes are the harder case.
const MAX_SOCKETS_PER_PROCESS: usize = 5_000;

/// The number of processes for the first thousand sockets.
const MIN_PROCESSES: usize = 4;

/// UDP sockets in each of those, on ports of their own: groups that fill the screen.
const UDP_SOCKETS_PER_PROCESS: usize = 10;

/// Descriptors that are no connection: the standard three, a listener, the UDP sockets, spares.
const RESERVED_FDS: usize = 32;

/// All processes with sockets.
#[derive(Default)]
pub(crate) struct SocketProcesses {
    processes: Vec<SocketProcess>,
    port: u16,
    sockets: usize,
}

/// One process. It exits when its standard input is closed, and replaces connections on request.
struct SocketProcess {
    child: Child,
    input: Option<ChildStdin>,
    output: Option<BufReader<ChildStdout>>,
}

impl SocketProcess {
    /// Closes this many connections and opens as many others.
    fn replace_connections(&mut self, pairs: usize) -> io::Result<()> {
        let (Some(input), Some(output)) = (&mut self.input, &mut self.output) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        writeln!(input, "{pairs}")?;
        output.read_line(&mut String::new()).map(drop)
    }
}

impl Drop for SocketProcess {
    fn drop(&mut self) {
        drop(self.input.take());
        // Its exit status is of no interest.
        let _ = self.child.wait();
    }
}

impl SocketProcesses {
    /// Opens more sockets, until there are `wanted`, or as many as the limits allow.
    pub(crate) fn grow_to(&mut self, wanted: usize) -> io::Result<()> {
        let missing = wanted.saturating_sub(self.sockets);
        let count = missing.div_ceil(MAX_SOCKETS_PER_PROCESS.min(hard_limit() - RESERVED_FDS));
        let count = if self.processes.is_empty() {
            count.max(MIN_PROCESSES)
        } else {
            count
        };
        for left in (1..=count).rev() {
            let each = (wanted - self.sockets) / left;
            let others = 1 + udp_sockets_of(self.processes.len());
            if self.open(each.saturating_sub(others) / 2)? == 0 {
                break;
            }
        }
        Ok(())
    }

    fn open(&mut self, pairs: usize) -> io::Result<usize> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(SOCKET_PROCESS_ARG)
            .args([self.port.to_string(), self.processes.len().to_string()])
            .arg(pairs.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take();
        let mut output = child.stdout.take().map(BufReader::new);
        let mut line = String::new();
        if let Some(output) = &mut output {
            output.read_line(&mut line)?;
        }
        self.processes.push(SocketProcess {
            child,
            input,
            output,
        });
        let mut numbers = line.split_whitespace().map(str::parse::<usize>);
        let (Some(Ok(port)), Some(Ok(sockets))) = (numbers.next(), numbers.next()) else {
            return Ok(0);
        };
        self.port = u16::try_from(port).unwrap_or_default();
        self.sockets += sockets;
        Ok(sockets)
    }

    /// Replaces one socket in a hundred by another: all in one process, or some in each.
    pub(crate) fn churn(&mut self, spread: ChurnScope) -> io::Result<()> {
        let pairs = self.sockets / 200;
        let processes = match spread {
            // Not the first, which has the UDP sockets shown on the dashboard.
            ChurnScope::OneProcess => self.processes.last_mut().into_iter().collect::<Vec<_>>(),
            ChurnScope::AllProcesses => self.processes.iter_mut().collect(),
        };
        let each = pairs.div_ceil(processes.len().max(1));
        for process in processes {
            process.replace_connections(each)?;
        }
        Ok(())
    }

    /// Returns the port that half of the sockets share.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Returns the number of sockets.
    pub(crate) const fn sockets(&self) -> usize {
        self.sockets
    }
}

/// The processes in which sockets change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChurnScope {
    OneProcess,
    AllProcesses,
}

/// Returns the number of UDP sockets of a process.
const fn udp_sockets_of(index: usize) -> usize {
    if index < MIN_PROCESSES {
        UDP_SOCKETS_PER_PROCESS
    } else {
        0
    }
}

fn hard_limit() -> usize {
    let hard = getrlimit(Resource::Nofile).maximum;
    hard.and_then(|n| usize::try_from(n).ok())
        .unwrap_or(usize::MAX)
        .max(2 * RESERVED_FDS)
}

/// Runs a socket process.
///
/// # Errors
/// When it cannot even listen.
pub(crate) fn run_socket_process(arguments: &[String]) -> io::Result<()> {
    let number = |at: usize| arguments.get(at).and_then(|a| a.parse::<u16>().ok());
    let [port, index, pairs] = [1, 2, 3].map(|at| number(at).unwrap_or_default());
    let limit = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    )?;
    let [high, low] = index.to_be_bytes();
    let listener = TcpListener::bind((Ipv4Addr::new(127, 1, high, low), port))?;
    let datagrams: Result<Vec<UdpSocket>, _> = (0..udp_sockets_of(index.into()))
        .map(|_| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)))
        .collect();
    let datagrams = datagrams?;
    let mut streams = VecDeque::new();
    for _ in 0..pairs {
        // It stops at the first refused connection; the parent counts what there is.
        let Ok(pair) = connect_pair(&listener) else {
            break;
        };
        streams.push_back(pair);
    }
    let port = listener.local_addr()?.port();
    let mut output = io::stdout();
    writeln!(output, "{port} {}", 2 * streams.len() + datagrams.len() + 1)?;
    output.flush()?;
    for line in io::stdin().lines() {
        for _ in 0..line?.parse().unwrap_or(0) {
            streams.pop_front();
            streams.push_back(connect_pair(&listener)?);
        }
        writeln!(output)?;
        output.flush()?;
    }
    drop((streams, datagrams));
    Ok(())
}

fn connect_pair(listener: &TcpListener) -> io::Result<[TcpStream; 2]> {
    let ends = [
        TcpStream::connect(listener.local_addr()?)?,
        listener.accept()?.0,
    ];
    for end in &ends {
        // Closing resets: fifty thousand rows in TIME-WAIT would stay for a minute.
        set_socket_linger(end, Some(Duration::ZERO))?;
    }
    Ok(ends)
}
