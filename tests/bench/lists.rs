//! Measures lists printed once by the real program, and by other tools: time, CPU time and memory.
//!
//! A cell has the wall-clock time / the CPU time, and the peak resident memory.

use std::net::{Ipv4Addr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use crate::table::ReportTable;

/// The number of runs whose median counts; other tools run once, because they can take ten seconds.
const RUNS: usize = 5;

/// How often the memory of a running program is read.
const MEMORY_POLL_INTERVAL: Duration = Duration::from_micros(300);

/// Measures every list. `port` is the one that nearly all sockets have on one side.
pub(crate) fn measure(table: &mut ReportTable, port: u16) {
    // A single socket, the shortest list there is.
    let Ok(single_socket) = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)) else {
        return;
    };
    let single_port = single_socket
        .local_addr()
        .map_or(0, |address| address.port());
    let [port, single_port] = [port, single_port].map(|port| port.to_string());
    let ours = env!("CARGO_BIN_EXE_portolan");
    for (label, program, arguments, runs) in [
        ("list: all of it", ours, &["list"][..], RUNS),
        (
            "list: the port of all connections",
            ours,
            &["list", &port],
            RUNS,
        ),
        (
            "list: a port with one socket",
            ours,
            &["list", &single_port],
            RUNS,
        ),
        (
            "list: all of it, as JSON",
            ours,
            &["list", "--format", "json"],
            RUNS,
        ),
        ("list: by lsof -nP -i", "lsof", &["-nP", "-i"], 1),
        ("list: by ss -tunap", "ss", &["-tunap"], 1),
    ] {
        let text = match measure_command(program, arguments, runs) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => "not here".into(),
            Err(error) => error.to_string(),
        };
        table.cell(label, text);
    }
}

/// Returns wall-clock time, CPU time and memory of the run with the median wall-clock time.
fn measure_command(program: &str, arguments: &[&str], runs: usize) -> io::Result<String> {
    let mut times = Vec::new();
    let mut most = 0;
    for _ in 0..runs {
        let begun = Instant::now();
        let child = start(program, arguments)?;
        let pid = pid_of(&child)?;
        // Waits without reaping, so that the process's figures can still be read.
        waitid(
            WaitId::Pid(pid),
            WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
        )?;
        let wall = begun.elapsed();
        let used = cpu_time(&child)?;
        finish(child)?;
        times.push((wall, used));

        let child = start(program, arguments)?;
        let over = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        while waitid(WaitId::Pid(pid_of(&child)?), over)?.is_none() {
            most = most.max(peak_rss_kb(&child));
            thread::sleep(MEMORY_POLL_INTERVAL);
        }
        finish(child)?;
    }
    times.sort_unstable();
    let (wall, used) = times.get(runs / 2).copied().unwrap_or_default();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    Ok(format!(
        "{:.0}/{:.0} ms {} MB",
        ms(wall),
        ms(used),
        most / 1024
    ))
}

fn start(program: &str, arguments: &[&str]) -> io::Result<Child> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()
}

fn finish(mut child: Child) -> io::Result<()> {
    // Portolan exits with 2 for a request it does not support; lsof exits with 1 on success.
    match child.wait()?.code() {
        Some(2) => Err(io::Error::other("refused")),
        _ => Ok(()),
    }
}

fn pid_of(child: &Child) -> io::Result<Pid> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| io::Error::other("no pid"))
}

/// Returns the CPU time of a single-threaded program, in nanoseconds.
fn cpu_time(child: &Child) -> io::Result<Duration> {
    let text = fs::read_to_string(format!("/proc/{}/schedstat", child.id()))?;
    let first = text.split(' ').next().and_then(|n| n.parse().ok());
    Ok(Duration::from_nanos(first.unwrap_or_default()))
}

/// Returns the peak resident memory in kilobytes; 0 when the process has just exited.
fn peak_rss_kb(child: &Child) -> u64 {
    let text = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("VmHWM"));
    let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    number.unwrap_or(0)
}
