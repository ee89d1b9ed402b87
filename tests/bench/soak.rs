//! Opens and closes 500 connections a second for ten minutes: does the memory grow? `cargo bench --
//! soak`, or `cargo bench -- soak 60` for that many seconds.
//!
//! The log of closed sockets and the timeline fill up to their limits, so the curve rises at first;
//! it must be level in its second half.

use std::error::Error;
use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::terminal::PtyProgram;

const DEFAULT_DURATION: Duration = Duration::from_secs(600);

const CONNECTIONS_A_SECOND: u32 = 500;

/// The number of points of the curve.
const POINTS: u32 = 20;

/// Runs the soak test and prints the curve.
pub(crate) fn run(seconds: Option<u64>) -> Result<(), Box<dyn Error>> {
    let whole = seconds.map_or(DEFAULT_DURATION, Duration::from_secs);
    let stop = Arc::new(AtomicBool::new(false));
    let opened = Arc::new(AtomicU64::new(0));
    let churn = {
        let (stop, opened) = (Arc::clone(&stop), Arc::clone(&opened));
        thread::spawn(move || churn(&stop, &opened))
    };
    let mut program = PtyProgram::start()?;
    program.wait_for("LISTENING")?;
    let mut out = io::stdout();
    writeln!(
        out,
        "{:>8} {:>13} {:>9}",
        "seconds", "connections", "resident"
    )?;
    let begun = Instant::now();
    let mut curve = Vec::new();
    for point in 1..=POINTS {
        let due = begun + whole * point / POINTS;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        program.drain();
        let (resident, many) = (program.memory("VmRSS")?, opened.load(Ordering::Relaxed));
        let seconds = begun.elapsed().as_secs();
        writeln!(out, "{seconds:>8} {many:>13} {resident:>6.1} MB")?;
        out.flush()?;
        curve.push(resident);
    }
    stop.store(true, Ordering::Relaxed);
    program.quit()?;
    churn.join().map_err(|_| "the churn failed")??;
    let (middle, end) = (curve.get(curve.len() / 2), curve.last());
    if let (Some(middle), Some(end)) = (middle, end) {
        let growth = 100.0 * (end / middle - 1.0);
        writeln!(out, "grown in the second half: {growth:.1} %")?;
    }
    Ok(())
}

/// Opens and closes connections; both sides are in this process.
fn churn(stop: &AtomicBool, opened: &AtomicU64) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let begun = Instant::now();
    for nth in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let mut client = TcpStream::connect(address)?;
        let (server, _) = listener.accept()?;
        client.write_all(b"hello")?;
        drop((client, server));
        opened.fetch_add(1, Ordering::Relaxed);
        let due = begun + Duration::from_secs(1) * nth / CONNECTIONS_A_SECOND;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    Ok(())
}
