//! Lessons, taken as a learner takes them: a prediction, the calls, the kernel's word on it; and
//! nothing is left when one leaves in the middle.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::pty::{Pty, Start};

/// How long a condition may take; only a failure ever takes that long.
const DEADLINE: Duration = Duration::from_secs(60);

/// Lesson 2 at its first question, with a listener in the table.
fn at_the_first_question() -> Pty {
    let mut pty = Start::portolan(&["learn", "2"]).open();
    pty.wait_for_text("Enter begins");
    pty.keys("\r");
    pty.wait_for_text("makes these calls");
    pty.keys("\r");
    pty.wait_for_text("One socket, one row");
    pty.keys("\r");
    pty.wait_for_text("What do you think?");
    pty
}

#[test]
fn a_right_answer_is_said_to_be_right_and_explained() {
    let mut pty = at_the_first_question();
    pty.keys("7\r");
    pty.wait_for_text("makes these calls");
    // Nothing is done before the key is pressed.
    pty.wait_for_text("1 of ");
    pty.keys("\r");
    let screen = pty.wait_for_text("You said 7;");
    assert!(screen.contains("✓"), "{screen}");
    assert!(screen.contains("lab-client"), "{screen}");
    pty.wait_for_text("7 of ");
    pty.keys("\r");
    pty.wait_for_text("Three connections, each");
    pty.keys("q");
    assert_eq!(pty.exit_status(), 0);
    pty.assert_clean();
}

#[test]
fn a_wrong_answer_stands_beside_the_kernels_with_the_rows_that_disprove_it() {
    let mut pty = at_the_first_question();
    // No answer is not an answer, and a slip of the finger can be taken back.
    pty.keys("\r");
    pty.wait_for_text("whatever you think");
    pty.keys("55\x7f\x7f4");
    pty.wait_for_text("a number: 4▏");
    pty.keys("iii");
    pty.wait_for_text("One listener, and two rows");
    pty.keys("\r");
    pty.wait_for_text("makes these calls");
    pty.keys("\r");
    let screen = pty.wait_for_text("You said 4; the kernel says 7.");
    assert!(screen.contains("✗"), "{screen}");
    assert!(screen.contains("The listener is still there"), "{screen}");
    pty.keys("\r");
    pty.wait_for_text("Three connections, each");

    // accept(): predicted, done, and looked at number by number.
    pty.keys("\r");
    pty.wait_for_text("a number: ▏");
    pty.keys("4\r");
    pty.wait_for_text("a digit");
    pty.keys("2\r");
    pty.wait_for_text("s1 = accept(l)");
    pty.keys("\r");
    pty.wait_for_text("You said 4; the kernel says 1.");
    pty.wait_for_text("You said: By the other end");
    pty.keys("v");
    pty.wait_for_text("Only the remote port tells these 3 apart");
    pty.keys("v");
    pty.wait_for_text("S3 ESTABLISHED C3");
    pty.keys("\x03");
    assert_eq!(pty.exit_status(), 0);
    pty.assert_clean();
}

#[test]
fn a_lesson_gives_the_chart_back_as_it_was() {
    let mut pty = Start::portolan(&["tcp"]).open();
    pty.wait_for_chart();
    pty.keys("L");
    pty.wait_for_text("One port, many sockets");
    pty.keys("jG\r");
    pty.wait_for_text("Enter begins");
    pty.keys("\x1b");
    pty.wait_for_text("LESSONS");
    pty.keys("\x1b");
    pty.wait_for_text(" / tcp");
    pty.keys("q");
    assert_eq!(pty.exit_status(), 0);
}

/// How to leave in the middle.
type Way = fn(&mut Pty);

#[test]
fn whoever_leaves_in_the_middle_leaves_no_process_and_no_socket() {
    let ways: [(&str, Way); 5] = [
        ("q", |pty| pty.keys("q")),
        ("Ctrl-C", |pty| pty.keys("\x03")),
        ("SIGTERM", |pty| pty.signal(Signal::TERM)),
        ("SIGKILL", |pty| pty.signal(Signal::KILL)),
        ("hang-up", Pty::hang_up),
    ];
    for (way, leave) in ways {
        let mut pty = at_the_first_question();
        pty.keys("7\r");
        pty.wait_for_text("makes these calls");
        pty.keys("\r");
        let screen = pty.wait_for_text("You said 7;");
        let port = port(&screen);
        let processes = children(pty.pid().as_raw_nonzero().get());
        assert_eq!(processes.len(), 2, "a server and a client");
        assert!(rows_of(port) >= 7, "{way}");
        leave(&mut pty);
        until(way, || processes.iter().all(|process| !process.is_there()));
        until(way, || rows_of(port) == 0);
    }
}

#[test]
fn a_panic_in_the_middle_leaves_no_process() {
    // The thread that draws fails after its first answer, when the lab is there or on its way.
    let mut pty = Start::portolan(&["learn", "2", "--fault", "main"]).open();
    let pid = pty.pid().as_raw_nonzero().get();
    assert_eq!(pty.exit_status(), 101);
    pty.assert_clean();
    until("panic", || children(pid).is_empty());
}

/// The port of the lesson, from the filter line.
fn port(screen: &str) -> u16 {
    let line = screen.lines().find(|line| line.contains("/ port:"));
    let text = line.and_then(|line| line.split("port:").nth(1));
    let digits: String = text
        .into_iter()
        .flat_map(str::chars)
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().expect("a port in the filter line")
}

/// Rows of /proc/net/tcp with this port at either end.
fn rows_of(port: u16) -> usize {
    let table = fs::read_to_string("/proc/net/tcp").expect("/proc/net/tcp");
    let end = format!(":{port:04X}");
    let has = |line: &&str| {
        let mut words = line.split_whitespace().skip(1).take(2);
        words.any(|word| word.ends_with(&end))
    };
    table.lines().skip(1).filter(has).count()
}

/// A process: its number alone may be another's later.
#[derive(Debug, PartialEq)]
struct Process {
    pid: i32,
    started: String,
}

impl Process {
    fn of(pid: i32) -> Option<(Self, i32)> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        // A zombie has given back everything but its number.
        let parent = fields.get(1)?.parse().ok()?;
        let started = (*fields.get(19)?).to_owned();
        (*fields.first()? != "Z").then_some((Self { pid, started }, parent))
    }

    fn is_there(&self) -> bool {
        Self::of(self.pid).is_some_and(|(process, _)| process == *self)
    }
}

fn children(parent: i32) -> Vec<Process> {
    let pids = fs::read_dir("/proc").expect("/proc").flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(Process::of)
        .filter_map(|(process, of)| (of == parent).then_some(process))
        .collect()
}

fn until(what: &str, wanted: impl Fn() -> bool) {
    let begun = Instant::now();
    while !wanted() {
        assert!(begun.elapsed() < DEADLINE, "{what}: something is left");
        thread::sleep(Duration::from_millis(5));
    }
}
