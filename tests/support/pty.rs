//! Runs the real program in a pseudo-terminal: sends keys, reads the screen, and checks how it
//! leaves the terminal.
//!
//! The terminal never replies to a query, as some real ones do not, so a program that waits for a
//! reply is noticed at once.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::LocalModes;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_portolan");

/// The default size of the terminal: columns and rows.
pub(crate) const DEFAULT_SIZE: (u16, u16) = (140, 36);

/// How long a condition may take. Only a failure takes that long; a busy machine may take some of
/// it.
const DEADLINE: Duration = Duration::from_secs(60);

/// The command to start.
pub(crate) struct PtyCommand {
    command: CommandBuilder,
    size: (u16, u16),
}

impl PtyCommand {
    /// Creates any command, in a plain environment.
    pub(crate) fn new(program: &str, arguments: &[&str]) -> Self {
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        // Nothing the test does is saved, and the user's configuration does not matter.
        command.env("XDG_STATE_HOME", "/dev/null/state");
        command.env("XDG_CONFIG_HOME", "/dev/null/config");
        command.env_remove("NO_COLOR");
        command.env_remove("COLUMNS");
        command.env_remove("LINES");
        // A core dump or a backtrace of a forced panic would only be noise.
        command.env("RUST_BACKTRACE", "0");
        Self {
            command,
            size: DEFAULT_SIZE,
        }
    }

    /// Sets the working directory.
    pub(crate) fn current_dir(mut self, directory: &std::path::Path) -> Self {
        self.command.cwd(directory);
        self
    }

    /// Creates the command of the program itself.
    pub(crate) fn portolan(arguments: &[&str]) -> Self {
        Self::new(PROGRAM, arguments)
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn spawn(self) -> Pty {
        Pty::spawn(self)
    }
}

/// What the program has written.
struct PtyOutput {
    parser: vt100::Parser,
    raw: Vec<u8>,
    reader_state: ReaderState,
}

impl PtyOutput {
    /// Returns whether no frame is being drawn: a frame may arrive in pieces, and a terminal that
    /// knows synchronized updates would not show the parts that vt100 shows.
    fn is_frame_complete(&self) -> bool {
        let last = |sign: &[u8]| self.raw.windows(sign.len()).rposition(|part| part == sign);
        last(b"\x1b[?2026l") >= last(b"\x1b[?2026h")
    }
}

/// Whether the terminal reads what is written to it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ReaderState {
    Running,
    /// Not now: a program that writes more than the kernel buffers blocks.
    Paused,
    /// No longer; the reader's side is closed after its next read.
    Stopped,
}

type SharedOutput = Arc<(Mutex<PtyOutput>, Condvar)>;

/// A terminal with a program in it. Dropping it kills the program.
pub(crate) struct Pty {
    output: SharedOutput,
    reader: Option<JoinHandle<()>>,
    writer: Option<Box<dyn Write + Send>>,
    master: Option<Box<dyn MasterPty + Send>>,
    child: Box<dyn Child + Send + Sync>,
}

impl Pty {
    fn spawn(start: PtyCommand) -> Self {
        let (columns, rows) = start.size;
        let pair = native_pty_system()
            .openpty(pty_size(start.size))
            .expect("a pseudo-terminal");
        let output = PtyOutput {
            parser: vt100::Parser::new(nonzero_cells(rows), nonzero_cells(columns), 0),
            raw: Vec::new(),
            reader_state: ReaderState::Running,
        };
        let output: SharedOutput = Arc::new((Mutex::new(output), Condvar::new()));
        let source = pair.master.try_clone_reader().expect("a reader");
        let writer = pair.master.take_writer().expect("a writer");
        let child = pair.slave.spawn_command(start.command).expect("a program");
        let shared = Arc::clone(&output);
        let reader = thread::spawn(move || read_output(source, &shared));
        Self {
            output,
            reader: Some(reader),
            writer: Some(writer),
            master: Some(pair.master),
            child,
        }
    }

    /// Sends keys.
    pub(crate) fn type_keys(&mut self, keys: &str) {
        let writer = self.writer.as_mut().expect("not hung up");
        writer.write_all(keys.as_bytes()).expect("keys typed");
        writer.flush().expect("keys typed");
    }

    /// Waits until the screen is as wanted, and returns its text.
    pub(crate) fn wait_for(
        &self,
        what: &str,
        condition: impl Fn(&vt100::Screen) -> bool,
    ) -> String {
        let output = self.wait(what, |output| {
            output.is_frame_complete() && condition(output.parser.screen())
        });
        output.parser.screen().contents()
    }

    /// Waits until the text is on the screen.
    pub(crate) fn wait_for_text(&self, text: &str) -> String {
        self.wait_for(text, |screen| screen.contents().contains(text))
    }

    /// Waits until the text is no longer on the screen.
    pub(crate) fn wait_for_text_gone(&self, text: &str) -> String {
        let what = format!("no {text}");
        self.wait_for(&what, |screen| !screen.contents().contains(text))
    }

    /// Waits until the dashboard shows a result, whatever sockets there are.
    pub(crate) fn wait_for_dashboard(&self) -> String {
        self.wait_for("the chart", |screen| {
            let text = screen.contents();
            let counted = text.lines().next().is_some_and(|l| l.contains(" socket"));
            screen.alternate_screen() && counted
        })
    }

    /// Waits until the program's raw output is as wanted.
    pub(crate) fn wait_for_raw(&self, what: &str, condition: impl Fn(&str) -> bool) {
        drop(self.wait(what, |output| {
            condition(&String::from_utf8_lossy(&output.raw))
        }));
    }

    fn wait(
        &self,
        what: &str,
        condition: impl Fn(&PtyOutput) -> bool,
    ) -> MutexGuard<'_, PtyOutput> {
        let (output, changed) = &*self.output;
        let output = output.lock().expect("the reader lives");
        let (output, waited) = changed
            .wait_timeout_while(output, DEADLINE, |output| !condition(output))
            .expect("the reader lives");
        assert!(
            !waited.timed_out(),
            "waited in vain for: {what}\n{}",
            output.parser.screen().contents()
        );
        output
    }

    /// Returns everything the program wrote, unchanged.
    pub(crate) fn raw_output(&self) -> String {
        let output = self.output.0.lock().expect("the reader lives");
        String::from_utf8_lossy(&output.raw).into_owned()
    }

    /// Resizes the terminal.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let mut output = self.output.0.lock().expect("the reader lives");
        output
            .parser
            .screen_mut()
            .set_size(nonzero_cells(rows), nonzero_cells(columns));
        let master = self.master.as_ref().expect("not hung up");
        master.resize(pty_size((columns, rows))).expect("resized");
    }

    /// Stops reading what the program writes.
    pub(crate) fn pause_reading(&self) {
        self.set_reader_state(ReaderState::Paused);
    }

    /// Resumes reading.
    pub(crate) fn resume_reading(&self) {
        self.set_reader_state(ReaderState::Running);
    }

    fn set_reader_state(&self, reading: ReaderState) {
        let (output, changed) = &*self.output;
        output.lock().expect("the reader lives").reader_state = reading;
        changed.notify_all();
    }

    /// Hangs up the terminal, as closing a window or losing a connection does.
    pub(crate) fn hang_up(&mut self) {
        self.set_reader_state(ReaderState::Stopped);
        // The reader blocks in its read; a key that changes the screen unblocks it.
        self.type_keys("?");
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader ends");
        }
        self.writer = None;
        self.master = None;
    }

    /// Returns the process id of the program.
    pub(crate) fn pid(&self) -> Pid {
        let pid = self.child.process_id().expect("it was not waited for");
        Pid::from_raw(i32::try_from(pid).expect("a pid")).expect("a pid")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("signalled");
    }

    /// Returns whether the terminal is in cooked mode, with echo, as a shell expects it.
    pub(crate) fn is_cooked_mode(&self) -> bool {
        let master = self.master.as_ref().expect("not hung up");
        let modes = master.get_termios().expect("modes").local_flags.bits();
        let cooked = (LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG).bits();
        modes & cooked == cooked
    }

    /// Returns whether the program still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("asked").is_none()
    }

    /// Waits for the program to exit and returns its exit status.
    pub(crate) fn exit_status(&mut self) -> u32 {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("asked") {
                break status;
            }
            assert!(
                begun.elapsed() < DEADLINE,
                "it does not end\n{}",
                self.wait_for("nothing", |_| true)
            );
            thread::sleep(Duration::from_millis(5));
        };
        assert_eq!(status.signal(), None, "it was killed");
        // The last output may still be in transit.
        if let Some(reader) = self.reader.take() {
            self.resume_reading();
            reader.join().expect("the reader ends");
        }
        status.exit_code()
    }

    /// Asserts that nothing is left on the terminal for a shell to clean up.
    pub(crate) fn assert_terminal_restored(&self) {
        assert!(self.is_cooked_mode(), "the terminal is still raw");
        let output = self.output.0.lock().expect("the reader lives");
        let screen = output.parser.screen();
        assert!(!screen.alternate_screen(), "alternate screen");
        assert!(!screen.hide_cursor(), "no cursor");
        assert!(!screen.bracketed_paste(), "bracketed paste");
        assert_eq!(
            screen.mouse_protocol_mode(),
            vt100::MouseProtocolMode::None,
            "the mouse is still reported"
        );
        // vt100 does not know synchronized updates.
        let raw = String::from_utf8_lossy(&output.raw);
        let (begun, ended) = (raw.rfind("\x1b[?2026h"), raw.rfind("\x1b[?2026l"));
        assert!(ended >= begun, "a frame was begun and never ended");
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = kill_process(self.pid(), Signal::KILL);
            let _ = self.child.wait();
        }
        if let Ok(mut output) = self.output.0.lock() {
            output.reader_state = ReaderState::Stopped;
        }
        self.output.1.notify_all();
    }
}

fn read_output(mut source: Box<dyn Read + Send>, shared: &SharedOutput) {
    let mut bytes = [0; 4096];
    let (output, changed) = &**shared;
    while let Ok(count @ 1..) = source.read(&mut bytes) {
        let output = output.lock().expect("no test fails with the lock");
        let mut output = changed
            .wait_while(output, |output| output.reader_state == ReaderState::Paused)
            .expect("no test fails with the lock");
        output.parser.process(&bytes[..count]);
        output.raw.extend_from_slice(&bytes[..count]);
        changed.notify_all();
        if output.reader_state == ReaderState::Stopped {
            return;
        }
    }
}

fn nonzero_cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("at least one cell")
}

fn pty_size((cols, rows): (u16, u16)) -> PtySize {
    PtySize {
        rows,
        cols,
        ..PtySize::default()
    }
}
