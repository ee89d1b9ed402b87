//! Lessons as a learner takes them: a prediction, the calls, the kernel's result; and nothing is
//! left over when the program is ended in the middle.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::pty::{Pty, PtyCommand};

/// How long a condition may take; only a failure takes that long.
const DEADLINE: Duration = Duration::from_secs(60);

/// Opens lesson 2 at its first question, with a listener in the table.
fn open_at_first_question() -> Pty {
    advance_to_first_question(PtyCommand::portolan(&["learn", "2"]))
}

fn advance_to_first_question(start: PtyCommand) -> Pty {
    let mut pty = start.spawn();
    pty.wait_for_text("Enter begins");
    pty.type_keys("\r");
    pty.wait_for_text("makes these calls");
    pty.type_keys("\r");
    pty.wait_for_text("One socket, one row");
    pty.type_keys("\r");
    pty.wait_for_text("What do you think?");
    pty
}

#[test]
fn right_answer_is_confirmed_and_explained() {
    let mut pty = open_at_first_question();
    pty.type_keys("7\r");
    pty.wait_for_text("makes these calls");
    // Nothing is done before the key is pressed.
    pty.wait_for_text("1 of ");
    pty.type_keys("\r");
    let screen = pty.wait_for_text("You said 7;");
    assert!(screen.contains("✓"), "{screen}");
    assert!(screen.contains("lab-client"), "{screen}");
    pty.wait_for_text("7 of ");
    pty.type_keys("\r");
    pty.wait_for_text("Three connections, each");
    pty.type_keys("q");
    assert_eq!(pty.exit_status(), 0);
    pty.assert_terminal_restored();
}

#[test]
fn wrong_answer_is_shown_with_the_kernel_result() {
    let mut pty = open_at_first_question();
    // An empty answer is not accepted, and a mistyped one can be undone.
    pty.type_keys("\r");
    pty.wait_for_text("A guess is fine");
    pty.type_keys("55\x7f\x7f4");
    pty.wait_for_text("a number: 4▏");
    pty.type_keys("iii");
    pty.wait_for_text("One listener, and two rows");
    pty.type_keys("\r");
    pty.wait_for_text("makes these calls");
    pty.type_keys("\r");
    let screen = pty.wait_for_text("You said 4; the kernel says 7.");
    assert!(screen.contains("✗"), "{screen}");
    assert!(screen.contains("The listener is still there"), "{screen}");
    pty.type_keys("\r");
    pty.wait_for_text("Three connections, each");

    // accept(): predicted, done, and compared number by number.
    pty.type_keys("\r");
    pty.wait_for_text("a number: ▏");
    pty.type_keys("4\r");
    pty.wait_for_text("a digit");
    pty.type_keys("2\r");
    pty.wait_for_text("s1 = accept(l)");
    pty.type_keys("\r");
    pty.wait_for_text("You said 4; the kernel says 1.");
    pty.wait_for_text("You said: By the peer");
    pty.type_keys("n");
    pty.wait_for_text("Only the remote port tells these 3 apart");
    pty.type_keys("n");
    pty.wait_for_text("S3 ESTABLISHED C3");
    pty.type_keys("\x03");
    assert_eq!(pty.exit_status(), 0);
    pty.assert_terminal_restored();
}

#[test]
fn leaving_a_lesson_restores_the_dashboard() {
    let mut pty = PtyCommand::portolan(&["tcp"]).spawn();
    pty.wait_for_dashboard();
    pty.type_keys("L");
    pty.wait_for_text("One port, many sockets");
    pty.type_keys("jG\r");
    pty.wait_for_text("Enter begins");
    pty.type_keys("\x1b");
    pty.wait_for_text("LESSONS");
    pty.type_keys("\x1b");
    pty.wait_for_text(" / tcp");
    pty.type_keys("q");
    assert_eq!(pty.exit_status(), 0);
}

/// A way to leave in the middle of a lesson.
type ExitAction = fn(&mut Pty);

#[test]
fn aborted_lesson_leaves_no_process_and_no_socket() {
    let exit_actions: [(&str, ExitAction); 5] = [
        ("q", |pty| pty.type_keys("q")),
        ("Ctrl-C", |pty| pty.type_keys("\x03")),
        ("SIGTERM", |pty| pty.signal(Signal::TERM)),
        ("SIGKILL", |pty| pty.signal(Signal::KILL)),
        ("hang-up", Pty::hang_up),
    ];
    for (exit_name, leave) in exit_actions {
        let mark = format!("{}-{exit_name}", std::process::id());
        let start = PtyCommand::portolan(&["learn", "2"]).env(MARK_ENV, &mark);
        let mut pty = advance_to_first_question(start);
        pty.type_keys("7\r");
        pty.wait_for_text("makes these calls");
        pty.type_keys("\r");
        let screen = pty.wait_for_text("You said 7;");
        let port = lesson_port(&screen);
        assert_eq!(
            count_marked_processes(&mark),
            3,
            "the program, a server and a client"
        );
        assert!(proc_net_tcp_rows(port) >= 7, "{exit_name}");
        leave(&mut pty);
        drop(pty);
        wait_until(exit_name, || count_marked_processes(&mark) == 0);
        wait_until(exit_name, || proc_net_tcp_rows(port) == 0);
    }
}

#[test]
fn panic_during_a_lesson_leaves_no_process() {
    // The drawing thread panics after its first result, when the lab is open or being opened.
    let mark = format!("{}-panic", std::process::id());
    let start = PtyCommand::portolan(&["learn", "2", "--fault", "main"]);
    let mut pty = start.env(MARK_ENV, &mark).spawn();
    assert_eq!(pty.exit_status(), 101);
    pty.assert_terminal_restored();
    wait_until("panic", || count_marked_processes(&mark) == 0);
}

/// A temporary state directory.
fn temp_state_dir() -> (tempfile::TempDir, String) {
    let place = tempfile::tempdir().expect("a directory");
    let path = place.path().to_str().expect("UTF-8").to_owned();
    (place, path)
}

#[test]
fn progress_is_saved_and_can_be_reset() {
    let (place, path) = temp_state_dir();
    let file = place.path().join("portolan/lessons");
    let start = PtyCommand::portolan(&["learn", "2"]).env("XDG_STATE_HOME", &path);
    let mut pty = advance_to_first_question(start);
    wait_until("begun", || read_progress(&file) == "lesson 2 begun\n");
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
        ("\r", "No listener on port"),
        ("\r", "Lesson done"),
    ] {
        pty.type_keys(answer);
        pty.wait_for_text(then);
    }
    wait_until("done", || read_progress(&file) == "lesson 2 done\n");
    pty.type_keys("q");
    assert_eq!(pty.exit_status(), 0);

    let start = PtyCommand::portolan(&["learn"]).env("XDG_STATE_HOME", &path);
    let mut pty = start.spawn();
    pty.wait_for_text("1 of 14 done");
    pty.type_keys("q");
    assert_eq!(pty.exit_status(), 0);

    let start = PtyCommand::portolan(&["learn", "--reset"]).env("XDG_STATE_HOME", &path);
    let mut pty = start.spawn();
    pty.wait_for_text("progress reset");
    assert_eq!(pty.exit_status(), 0);
    assert!(!file.exists());
}

#[test]
fn progress_save_failure_is_shown() {
    let (desk, _) = temp_state_dir();
    let file = desk.path().join("file");
    fs::write(&file, b"").expect("a file");
    let path = file.display().to_string();
    let start = PtyCommand::portolan(&["learn", "2"]).env("XDG_STATE_HOME", &path);
    let mut pty = start.spawn();
    pty.wait_for_text("progress cannot be saved:");
    pty.wait_for_text("Enter begins");
    pty.type_keys("\x1b");
    pty.wait_for_text("LESSONS");
    let screen = pty.wait_for_text("progress cannot be saved:");
    assert!(screen.contains("portolan/lessons"), "{screen}");
    pty.type_keys("q");
    assert_eq!(pty.exit_status(), 0);
}

#[test]
fn invalid_lines_in_the_progress_file_are_kept_and_reported() {
    let (place, path) = temp_state_dir();
    let file = place.path().join("portolan/lessons");
    fs::create_dir(place.path().join("portolan")).expect("a directory");
    fs::write(&file, b"lesson 1 done\n\xff\x1b[31mnonsense\n").expect("a file");
    let start = PtyCommand::portolan(&["learn"]).env("XDG_STATE_HOME", &path);
    let mut pty = start.spawn();
    pty.wait_for_text("not understood and left alone");
    pty.wait_for_text("1 of 14 done");
    pty.type_keys("\r");
    pty.wait_for_text("Enter begins");
    wait_until("begun", || read_progress(&file).contains("lesson 2 begun"));
    assert!(
        read_progress(&file).contains("nonsense"),
        "what was there is lost"
    );
    pty.type_keys("q");
    assert_eq!(pty.exit_status(), 0);
}

#[test]
fn quiz_asks_five_questions_and_saves_the_score() {
    let (place, path) = temp_state_dir();
    let file = place.path().join("portolan/lessons");
    for (down, line) in [(5, "quiz 4 "), (11, "quiz 9 "), (17, "quiz 14 ")] {
        let start = PtyCommand::portolan(&["learn"]).env("XDG_STATE_HOME", &path);
        let mut pty = start.spawn();
        pty.wait_for_text("Quiz on lessons 10 to 14");
        // Up to the first line, whatever was selected; then down to the quiz.
        pty.type_keys(&format!("g{}\r", "j".repeat(down - 1)));
        pty.wait_for_text("Enter begins");
        pty.type_keys("\r");
        for number in 1..=5 {
            pty.wait_for("a question", |screen| {
                let text = screen.contents();
                text.contains(&format!(" {number}/5 "))
                    && (text.contains("Type a number") || text.contains("Press a digit"))
            });
            pty.type_keys("1\r");
            pty.wait_for_text("You said");
            pty.type_keys("\r");
        }
        pty.wait_for_text("of 5 right.");
        wait_until("kept", || read_progress(&file).contains(line));
        pty.type_keys("q");
        assert_eq!(pty.exit_status(), 0);
    }
}

fn read_progress(file: &Path) -> String {
    String::from_utf8_lossy(&fs::read(file).unwrap_or_default()).into_owned()
}

/// Returns the port of the lesson, from the filter line.
fn lesson_port(screen: &str) -> u16 {
    let line = screen.lines().find(|line| line.contains("/ port:"));
    let text = line.and_then(|line| line.split("port:").nth(1));
    let digits: String = text
        .into_iter()
        .flat_map(str::chars)
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().expect("a port in the filter line")
}

/// Number of rows of /proc/net/tcp with this port as local or remote.
fn proc_net_tcp_rows(port: u16) -> usize {
    let table = fs::read_to_string("/proc/net/tcp").expect("/proc/net/tcp");
    let end = format!(":{port:04X}");
    let has = |line: &&str| {
        let mut words = line.split_whitespace().skip(1).take(2);
        words.any(|word| word.ends_with(&end))
    };
    table.lines().skip(1).filter(has).count()
}

/// Marks a program and all it starts: the environment is inherited.
const MARK_ENV: &str = "PORTOLAN_TEST_LEARNER";

/// Counts the processes with the mark. One that has ended has no environment any more.
fn count_marked_processes(mark: &str) -> usize {
    let entry = format!("{MARK_ENV}={mark}");
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

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < DEADLINE, "{what}: something is left");
        thread::sleep(Duration::from_millis(5));
    }
}
