//! Measures the real program in a pseudo-terminal: how soon it shows something, and what it costs
//! to run.

use std::error::Error;
use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use std::{fs, thread};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::stages::TERMINAL_SIZE;
use crate::table::{Goals, ReportTable};

/// The number of starts measured; the median counts.
const STARTS: usize = 7;

/// How long the program is measured, after it has settled.
const MEASURE_DURATION: Duration = Duration::from_secs(12);
const SETTLE_DURATION: Duration = Duration::from_secs(5);

/// The number of keys whose effect is timed.
const KEYS: u64 = 300;

/// The time limit of every wait.
const TIMEOUT: Duration = Duration::from_secs(30);

/// In milliseconds.
const FIRST_FRAME_GOAL_MS: Goals = &[(1_000, 100.0)];
/// In milliseconds.
const KEY_DELAY_GOAL_MS: Goals = &[(1_000, 16.0), (10_000, 16.0), (100_000, 16.0)];
/// In percent of one core.
const CPU_SHARE_GOAL: Goals = &[(1_000, 0.7), (10_000, 3.0), (100_000, 20.0)];
/// In megabytes.
const RSS_GOAL_MB: Goals = &[(1_000, 12.0), (10_000, 25.0), (100_000, 130.0)];

/// Measures the program.
pub(crate) fn measure(table: &mut ReportTable) -> Result<(), Box<dyn Error>> {
    let (mut bytes, mut frames, mut sockets) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let mut program = PtyProgram::start()?;
        bytes.push(program.wait_for("")?);
        frames.push(program.wait_for("portolan")?);
        sockets.push(program.wait_for("LISTENING")?);
        program.quit()?;
    }
    let goals = FIRST_FRAME_GOAL_MS;
    table.goal("program: start to first byte", median(bytes), "ms", &[]);
    table.goal("program: start to first frame", median(frames), "ms", goals);
    table.goal("program: start to sockets", median(sockets), "ms", &[]);

    let mut program = PtyProgram::start()?;
    program.wait_for("LISTENING")?;
    thread::sleep(SETTLE_DURATION);
    let mut delays = program.key_delays()?;
    delays.sort_unstable();
    let at = |hundredth: usize| {
        let place = (delays.len() * hundredth / 100).min(delays.len().saturating_sub(1));
        delays
            .get(place)
            .map_or(f64::INFINITY, |d| d.as_secs_f64() * 1e3)
    };
    table.goal("program: key to frame, median", at(50), "ms", &[]);
    table.goal(
        "program: key to frame, 99 of 100",
        at(99),
        "ms",
        KEY_DELAY_GOAL_MS,
    );
    let (begun, before) = (Instant::now(), program.processor_time()?);
    thread::sleep(MEASURE_DURATION);
    let used = program.processor_time()?.saturating_sub(before);
    let share = 100.0 * used.as_secs_f64() / begun.elapsed().as_secs_f64();
    table.goal("program: share of one core", share, "%", CPU_SHARE_GOAL);
    let memory = |name| program.memory(name);
    table.goal("program: resident", memory("VmRSS")?, "MB", RSS_GOAL_MB);
    table.goal("  of it anonymous", memory("RssAnon")?, "MB", &[]);
    table.goal("  peak", memory("VmHWM")?, "MB", &[]);
    program.quit()
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    let middle = times.get(times.len() / 2).copied().unwrap_or_default();
    middle.as_secs_f64() * 1e3
}

/// The running program.
pub(crate) struct PtyProgram {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    /// `None` once it was taken from the master.
    writer: Option<Box<dyn Write + Send>>,
    started: Instant,
    output: Receiver<(Instant, Vec<u8>)>,
    screen: vt100::Parser,
    /// When it last wrote something.
    last_output: Option<Instant>,
}

impl PtyProgram {
    pub(crate) fn start() -> Result<Self, Box<dyn Error>> {
        let (cols, rows) = TERMINAL_SIZE;
        let not_zero = |n| NonZero::new(n).ok_or("a terminal of no size");
        let screen = vt100::Parser::new(not_zero(rows)?, not_zero(cols)?, 0);
        let size = PtySize {
            rows,
            cols,
            ..PtySize::default()
        };
        let pair = native_pty_system().openpty(size)?;
        let mut reader = pair.master.try_clone_reader()?;
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 1 << 16];
            // The program's exit is an error here, and nothing to report.
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                let chunk = buffer.get(..length).unwrap_or_default().to_vec();
                if sender.send((Instant::now(), chunk)).is_err() {
                    return;
                }
            }
        });
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_portolan"));
        command.env("TERM", "xterm-256color");
        let begun = Instant::now();
        let child = pair.slave.spawn_command(command)?;
        Ok(Self {
            child,
            master: pair.master,
            writer: None,
            started: begun,
            output,
            screen,
            last_output: None,
        })
    }

    /// Waits until the screen shows a text; returns the time since the start.
    pub(crate) fn wait_for(&mut self, text: &str) -> Result<Duration, Box<dyn Error>> {
        loop {
            let shown = self
                .last_output
                .filter(|_| self.screen.screen().contents().contains(text));
            if let Some(at) = shown {
                return Ok(at - self.started);
            }
            let (at, chunk) = self.output.recv_timeout(TIMEOUT)?;
            self.screen.process(&chunk);
            self.last_output = Some(at);
        }
    }

    /// Measures the time from a key to the change of the screen, for many keys while samples are
    /// taken. The keys come at odd times, so that some fall into every part of the work on a
    /// sample.
    fn key_delays(&mut self) -> Result<Vec<Duration>, Box<dyn Error>> {
        let mut writer = self.master.take_writer()?;
        let mut delays = Vec::new();
        for key in 0..KEYS {
            thread::sleep(Duration::from_millis(23 + key * 7 % 31));
            while self.output.try_recv().is_ok() {}
            let pressed = Instant::now();
            writer.write_all(if key % 2 == 0 { b"j" } else { b"k" })?;
            writer.flush()?;
            let (at, _) = self.output.recv_timeout(TIMEOUT)?;
            delays.push(at.saturating_duration_since(pressed));
        }
        self.writer = Some(writer);
        Ok(delays)
    }

    /// Discards the output so far, which would otherwise fill the memory.
    pub(crate) fn drain(&self) {
        while self.output.try_recv().is_ok() {}
    }

    pub(crate) fn quit(mut self) -> Result<(), Box<dyn Error>> {
        let writer = match self.writer.take() {
            Some(writer) => Ok(writer),
            None => self.master.take_writer(),
        };
        writer?.write_all(b"q")?;
        self.child.wait()?;
        Ok(())
    }

    fn pid(&self) -> u32 {
        self.child.process_id().unwrap_or_default()
    }

    /// Returns the CPU time of all its threads, from schedstat: /proc/PID/stat has only hundredths
    /// of a second.
    fn processor_time(&self) -> Result<Duration, Box<dyn Error>> {
        let mut total = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.pid()))? {
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            total += text.split(' ').next().unwrap_or_default().parse::<u64>()?;
        }
        Ok(Duration::from_nanos(total))
    }

    /// Returns a line of /proc/PID/status, in megabytes.
    pub(crate) fn memory(&self, name: &str) -> Result<f64, Box<dyn Error>> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.pid()))?;
        let line = text.lines().find(|line| line.starts_with(name));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        Ok(number.unwrap_or_default().parse::<f64>()? / 1024.0)
    }
}
