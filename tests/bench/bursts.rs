//! Measures connections shorter than the sampling interval: how many of them are seen, and what
//! reading close events costs.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use portolan::collect::Collector;
use portolan::history::state::History;
use portolan::net::port::Port;

use crate::table::ReportTable;

/// The first argument of the process that opens and closes connections.
pub(crate) const BURST_ARG: &str = "burst";

/// The connection rates per second; the last is as fast as one process can.
const RATES: [u64; 4] = [1_000, 5_000, 10_000, u64::MAX];

/// How long each rate is kept up.
const BURST_DURATION: Duration = Duration::from_secs(4);

/// Measures every rate, and adds a note for each to the table.
pub(crate) fn measure(table: &mut ReportTable) -> Result<(), Box<dyn Error>> {
    for rate in RATES {
        table.note(measure_rate(rate)?);
    }
    Ok(())
}

fn measure_rate(rate: u64) -> Result<String, Box<dyn Error>> {
    let mut collector = Collector::open(None, Instant::now())?;
    let mut history = History::default();
    let interval = Duration::from_secs(1);
    let mut sockets = Vec::new();
    // What closes before the second sample may have been there before the first.
    for _ in 0..2 {
        let mut snapshot = collector.sample(sockets, interval)?;
        history.apply(&mut snapshot);
        sockets = snapshot.sockets;
    }
    let mut child = ChildGuard(
        Command::new(env::current_exe()?)
            .args([BURST_ARG, &rate.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?,
    );
    let mut out = BufReader::new(child.0.stdout.take().ok_or("no output")?);
    let mut line = String::new();
    out.read_line(&mut line)?;
    let port = Port(line.trim().parse()?);
    let before = events_thread_cpu_time()?;
    let begun = Instant::now();
    // Both sides are on this machine; only the accepted ones are counted.
    let (mut seen, mut gaps, mut last) = (0, 0, false);
    loop {
        thread::sleep(interval);
        let mut snapshot = collector.sample(sockets, interval)?;
        let ends = snapshot.destroyed.iter();
        seen += ends
            .filter(|end| end.local.port == port && end.remote.is_some())
            .count();
        gaps += snapshot.gaps.len();
        history.apply(&mut snapshot);
        sockets = snapshot.sockets;
        if last {
            break;
        }
        last = begun.elapsed() > BURST_DURATION + interval;
    }
    let spent = events_thread_cpu_time()?.saturating_sub(before);
    line.clear();
    out.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::parse::<u64>);
    let (Some(Ok(opened)), Some(Ok(milliseconds))) = (words.next(), words.next()) else {
        return Err("the burst did not say how many it opened".into());
    };
    let per_second = opened as f64 * 1e3 / milliseconds as f64;
    let share = 100.0 * spent.as_secs_f64() * 1e3 / milliseconds as f64;
    Ok(format!(
        "burst: {per_second:.0} connections a second: {seen} of {opened} seen to end, {gaps} gaps; the events thread took {share:.1} % of a core"
    ))
}

/// Returns the CPU time of the thread that reads close events, from `/proc/self/task/*/schedstat`
/// (nanoseconds).
fn events_thread_cpu_time() -> Result<Duration, Box<dyn Error>> {
    let mut ticks = 0;
    for task in fs::read_dir("/proc/self/task")?.flatten() {
        let name = fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        if name.trim() != "events" {
            continue;
        }
        let stat = fs::read_to_string(task.path().join("schedstat"))?;
        let nanoseconds: u64 = stat.split(' ').next().ok_or("no time")?.parse()?;
        ticks += nanoseconds;
    }
    Ok(Duration::from_nanos(ticks))
}

/// A child process that exits with this one.
struct ChildGuard(Child);

impl Drop for ChildGuard {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // It exits by itself; nothing is left to do if waiting for it fails.
        let _ = self.0.wait();
    }
}

/// Opens and closes connections at this rate, both sides; prints the port before, and how many
/// after.
pub(crate) fn run_burst(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let rate: u64 = arguments.get(1).ok_or("no rate")?.parse()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", address.port())?;
    out.flush()?;
    let begun = Instant::now();
    let mut opened = 0_u64;
    while begun.elapsed() < BURST_DURATION {
        let due = u128::from(rate) * begun.elapsed().as_micros() / 1_000_000;
        if u128::from(opened) >= due {
            thread::sleep(Duration::from_micros(200));
            continue;
        }
        let mut client = TcpStream::connect(address)?;
        let (mut server, _) = listener.accept()?;
        client.write_all(b"ping")?;
        server.read_exact(&mut [0; 4])?;
        drop(client);
        drop(server);
        opened += 1;
    }
    let took = begun.elapsed().as_millis();
    writeln!(out, "{opened} {took}")?;
    out.flush()?;
    // The listener stays until the sampling process is done.
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
