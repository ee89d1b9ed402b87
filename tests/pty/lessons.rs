//! Lessons, taken as a learner takes them: a prediction, the calls, the kernel's word on it; and
//! nothing is left when one leaves in the middle.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::pty::{Pty, Start};

/// How long a condition may take; only a failure ever takes that long.
const DEADLINE: Duration = Duration::from_secs(60);

/// Lesson 2 at its first question, with a listener in the table.
fn at_the_first_question() -> Pty {
    to_the_first_question(Start::portolan(&["learn", "2"]))
}

fn to_the_first_question(start: Start) -> Pty {
    let mut pty = start.open();
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
    pty.keys("n");
    pty.wait_for_text("Only the remote port tells these 3 apart");
    pty.keys("n");
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
        let mark = format!("{}-{way}", std::process::id());
        let start = Start::portolan(&["learn", "2"]).env(MARK, &mark);
        let mut pty = to_the_first_question(start);
        pty.keys("7\r");
        pty.wait_for_text("makes these calls");
        pty.keys("\r");
        let screen = pty.wait_for_text("You said 7;");
        let port = port(&screen);
        assert_eq!(marked(&mark), 3, "the program, a server and a client");
        assert!(rows_of(port) >= 7, "{way}");
        leave(&mut pty);
        drop(pty);
        until(way, || marked(&mark) == 0);
        until(way, || rows_of(port) == 0);
    }
}

#[test]
fn a_panic_in_the_middle_leaves_no_process() {
    // The thread that draws fails after its first answer, when the lab is there or on its way.
    let mark = format!("{}-panic", std::process::id());
    let start = Start::portolan(&["learn", "2", "--fault", "main"]);
    let mut pty = start.env(MARK, &mark).open();
    assert_eq!(pty.exit_status(), 101);
    pty.assert_clean();
    until("panic", || marked(&mark) == 0);
}

/// A place for the state of a learner.
fn desk() -> (tempfile::TempDir, String) {
    let place = tempfile::tempdir().expect("a directory");
    let path = place.path().to_str().expect("UTF-8").to_owned();
    (place, path)
}

#[test]
fn what_is_done_is_kept_and_can_be_forgotten() {
    let (place, path) = desk();
    let file = place.path().join("portolan/lessons");
    let start = Start::portolan(&["learn", "2"]).env("XDG_STATE_HOME", &path);
    let mut pty = to_the_first_question(start);
    until("begun", || kept(&file) == "lesson 2 begun\n");
    // On to the end, whatever is asked.
    for (answer, then) in [
        ("7\r", "makes these calls"),
        ("\r", "You said 7;"),
        ("\r", "Three connections, each"),
        ("\r", "a number: ▏"),
        ("1\r", "a digit"),
        ("2\r", "makes these calls"),
        ("\r", "You said 1;"),
        ("\r", "No row came or went"),
        ("\r", "a number: ▏"),
        ("3\r", "makes these calls"),
        ("\r", "You said 3;"),
        ("\r", "Nobody listens at port"),
        ("\r", "Lesson done"),
    ] {
        pty.keys(answer);
        pty.wait_for_text(then);
    }
    until("done", || kept(&file) == "lesson 2 done\n");
    pty.keys("q");
    assert_eq!(pty.exit_status(), 0);

    let start = Start::portolan(&["learn"]).env("XDG_STATE_HOME", &path);
    let mut pty = start.open();
    pty.wait_for_text("1 of 14 done");
    pty.keys("q");
    assert_eq!(pty.exit_status(), 0);

    let start = Start::portolan(&["learn", "--reset"]).env("XDG_STATE_HOME", &path);
    let mut pty = start.open();
    pty.wait_for_text("your progress is forgotten");
    assert_eq!(pty.exit_status(), 0);
    assert!(!file.exists());
}

#[test]
fn progress_that_cannot_be_kept_is_said() {
    let (desk, _) = desk();
    let file = desk.path().join("file");
    fs::write(&file, b"").expect("a file");
    let path = file.display().to_string();
    let start = Start::portolan(&["learn", "2"]).env("XDG_STATE_HOME", &path);
    let mut pty = start.open();
    pty.wait_for_text("progress cannot be kept:");
    pty.wait_for_text("Enter begins");
    pty.keys("\x1b");
    pty.wait_for_text("LESSONS");
    let screen = pty.wait_for_text("progress cannot be kept:");
    assert!(screen.contains("portolan/lessons"), "{screen}");
    pty.keys("q");
    assert_eq!(pty.exit_status(), 0);
}

#[test]
fn a_broken_file_of_progress_costs_a_word_and_nothing_else() {
    let (place, path) = desk();
    let file = place.path().join("portolan/lessons");
    fs::create_dir(place.path().join("portolan")).expect("a directory");
    fs::write(&file, b"lesson 1 done\n\xff\x1b[31mnonsense\n").expect("a file");
    let start = Start::portolan(&["learn"]).env("XDG_STATE_HOME", &path);
    let mut pty = start.open();
    pty.wait_for_text("not understood and left alone");
    pty.wait_for_text("1 of 14 done");
    pty.keys("\r");
    pty.wait_for_text("Enter begins");
    until("begun", || kept(&file).contains("lesson 2 begun"));
    assert!(kept(&file).contains("nonsense"), "what was there is lost");
    pty.keys("q");
    assert_eq!(pty.exit_status(), 0);
}

#[test]
fn a_quiz_asks_five_questions_and_keeps_how_many_were_right() {
    let (place, path) = desk();
    let file = place.path().join("portolan/lessons");
    for (down, line) in [(5, "quiz 4 "), (11, "quiz 9 "), (17, "quiz 14 ")] {
        let start = Start::portolan(&["learn"]).env("XDG_STATE_HOME", &path);
        let mut pty = start.open();
        pty.wait_for_text("Quiz on lessons 10 to 14");
        // Up to the first, whatever was chosen; then down to the quiz.
        pty.keys(&format!("g{}\r", "j".repeat(down - 1)));
        pty.wait_for_text("Enter begins");
        pty.keys("\r");
        for number in 1..=5 {
            pty.wait_for("a question", |screen| {
                let text = screen.contents();
                text.contains(&format!(" {number}/5 "))
                    && (text.contains("Type a number") || text.contains("Press a digit"))
            });
            pty.keys("1\r");
            pty.wait_for_text("You said");
            pty.keys("\r");
        }
        pty.wait_for_text("of 5 right.");
        until("kept", || kept(&file).contains(line));
        pty.keys("q");
        assert_eq!(pty.exit_status(), 0);
    }
}

fn kept(file: &Path) -> String {
    String::from_utf8_lossy(&fs::read(file).unwrap_or_default()).into_owned()
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

/// Marks a program and all it starts: an environment is handed on.
const MARK: &str = "PORTOLAN_TEST_LEARNER";

/// How many processes have the mark. One that has ended has no environment any more.
fn marked(mark: &str) -> usize {
    let entry = format!("{MARK}={mark}");
    let environments = fs::read_dir("/proc").expect("/proc").flatten();
    let environments = environments.map(|process| fs::read(process.path().join("environ")));
    let has = |bytes: Vec<u8>| {
        bytes
            .split(|byte| *byte == 0)
            .any(|e| e == entry.as_bytes())
    };
    environments
        .filter_map(Result::ok)
        .filter(|b| has(b.clone()))
        .count()
}

fn until(what: &str, wanted: impl Fn() -> bool) {
    let begun = Instant::now();
    while !wanted() {
        assert!(begun.elapsed() < DEADLINE, "{what}: something is left");
        thread::sleep(Duration::from_millis(5));
    }
}
