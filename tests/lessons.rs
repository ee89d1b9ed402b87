//! Plays all lessons on real sockets and compares the expected rows with the socket table.
//!
//! The tests may run in parallel with each other and with other programs: the kernel chooses the
//! ports.
#![cfg(target_os = "linux")]

#[path = "support/network_namespace.rs"]
mod network_namespace;
#[path = "support/program.rs"]
mod program;
#[path = "support/skip.rs"]
mod skip;
#[path = "support/spawn_lock.rs"]
mod spawn_lock;
#[path = "support/ss.rs"]
mod ss;

#[path = "lessons/cleanup.rs"]
mod cleanup;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use portolan::filter::ast::Filter;
use portolan::history::{HolderSet, TrackedSocket};
use portolan::lessons::catalog::{LESSONS, lesson_by_number};
use portolan::lessons::lab::LabSample;
use portolan::lessons::lab::executed_call::ExecutedCall;
use portolan::lessons::lab::executor::Lab;
use portolan::lessons::{Capability, LabNames, Lesson, StepCondition};
use portolan::net::services::Services;
use portolan::query::run::Query;
use portolan::query::{ShownEnd, TupleDiff, TupleDiffScope, TupleField};
use program::{ProgramOutput, command, portolan, said};
use skip::skip;

/// Generous for a loaded machine; a lost SYN is sent again only after seconds.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Runs a program to its end; other tests may start programs at the same time.
fn run(command: &mut Command) -> ProgramOutput {
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    said(spawn_lock::spawn(piped).and_then(Child::wait_with_output))
}

fn this_program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_portolan"))
}

fn expect_lesson(number: u8) -> &'static Lesson {
    lesson_by_number(number).expect("a lesson")
}

/// Calls `act` with every lesson, three in parallel: a lab mostly waits, but each has its own
/// processes, and every sample scans all of them.
fn for_each_lesson_in_parallel(act: impl Fn(&'static Lesson) + Sync) {
    const LANES: usize = 3;
    std::thread::scope(|scope| {
        for lane in 0..LANES {
            let lessons = LESSONS.iter().skip(lane).step_by(LANES);
            scope.spawn(|| lessons.for_each(&act));
        }
    });
}

/// Plays a lesson as a machine without the `missing` capabilities would; calls `inspect` after each
/// step.
fn play_lesson(
    lesson: &'static Lesson,
    missing: &[Capability],
    mut inspect: impl FnMut(&mut Lab, &LabSample),
) {
    let mut interferences = Vec::new();
    for _ in 0..MAX_PLAYS {
        match play_once(lesson, missing, &mut inspect) {
            Ok(()) => return,
            Err(interference) => interferences.push(interference),
        }
    }
    panic!(
        "lesson {}: other programs used its ports {MAX_PLAYS} times: {interferences:#?}",
        lesson.number
    );
}

/// How often a lesson is played when other programs use its ports.
const MAX_PLAYS: usize = 5;

/// Another program uses a port of the lesson, so the rows are not only the lesson's: it bound the
/// port between its choice and its use, or reused one that the lab had just closed, and so replaced
/// its TIME-WAIT row. Every other mismatch fails the test at once.
#[derive(Debug)]
struct Interference(#[expect(dead_code, reason = "it is printed")] String);

/// Returns whether a row at a port of the lab belongs to another program: no process of the lab
/// holds or held it, and one of its ends has a port that the lesson has no name for.
fn is_foreign_row(row: &TrackedSocket, lab_names: &LabNames) -> bool {
    let socket = &row.socket;
    let mut ends = [Some(socket.local), socket.remote].into_iter().flatten();
    let has_unnamed_port = ends.any(|end| lab_names.port_name(end.port).is_none());
    let mut holders = row
        .ownership
        .last_holders()
        .into_iter()
        .flat_map(HolderSet::processes);
    has_unnamed_port && !holders.any(|process| lab_names.role(process.pid).is_some())
}

fn play_once(
    lesson: &'static Lesson,
    missing: &[Capability],
    inspect: &mut impl FnMut(&mut Lab, &LabSample),
) -> Result<(), Interference> {
    let mut lab = Lab::open(this_program(), lesson, None).expect("a lab");
    for capability in missing {
        lab = lab.without_capability(*capability);
    }
    for step in lesson.steps {
        // Root may bind port 80; the step that needs the refusal is played as user nobody.
        if let Some(capability) = lab.capabilities().missing(step.condition)
            && capability != Capability::PrivilegedPorts
            && !missing.contains(&capability)
        {
            let reason = capability.missing_reason();
            skip(format_args!("lesson {}: {reason}", lesson.number));
        }
        if !lab.capabilities().allows(step.condition) {
            continue;
        }
        let place = format!("lesson {}: {}", lesson.number, step.title);
        let executed = lab.run_step(step).expect("a lab that works");
        if executed.iter().any(ExecutedCall::port_was_taken) {
            return Err(Interference(format!("{place}: a port was taken")));
        }
        for executed in &executed {
            let call = executed.action.call.text(executed.n);
            assert!(
                executed.is_expected(),
                "{place}: {call}: {}",
                executed.actual
            );
        }
        let settled = lab
            .wait_for_rows(step, executed.last(), TIMEOUT)
            .expect("a table");
        let mismatches: Vec<String> = settled.mismatches.iter().map(ToString::to_string).collect();
        let rows = settled.sample.rows(lab.lab_names());
        if !mismatches.is_empty() && rows.iter().any(|row| is_foreign_row(row, lab.lab_names())) {
            return Err(Interference(format!("{place}: {mismatches:?}")));
        }
        assert_eq!(mismatches, [""; 0], "{place}");
        inspect(&mut lab, &settled.sample);
    }
    Ok(())
}

/// Defines one test for each lesson, so that a failure names the lesson.
macro_rules! lessons_are_as_described {
    ($($name:ident = $number:literal;)*) => {$(
        #[test]
        fn $name() {
            // Outside a namespace, another program may reuse a port that the lab has just closed.
            network_namespace::in_network_namespace(stringify!($name), || {
                play_lesson(expect_lesson($number), &[], |_, _| {});
            });
        }
    )*};
}

lessons_are_as_described! {
    lesson_1_socket_without_a_port = 1;
    lesson_2_one_port_many_sockets = 2;
    lesson_3_four_tuple = 3;
    lesson_4_ephemeral_ports = 4;
    lesson_5_bind_address = 5;
    lesson_6_tcp_and_udp = 6;
    lesson_7_ipv4_and_ipv6 = 7;
    lesson_8_kernel_handshake = 8;
    lesson_9_queues = 9;
    lesson_10_closing = 10;
    lesson_11_time_wait = 11;
    lesson_12_rare_states = 12;
    lesson_13_shared_sockets = 13;
    lesson_14_half_open = 14;
}

#[test]
fn tuple_is_shown_from_the_end_with_the_shared_port() {
    let tuple_diff = |lab: &Lab, sample: &LabSample| {
        let ports = lab.lab_names().port_set();
        let ports: Vec<String> = ports
            .ranges()
            .iter()
            .map(|range| format!("port:{}-{}", range.first, range.last))
            .collect();
        let mut query = Query::unfiltered(Arc::new(Services::empty()));
        query.filter = Arc::new(Filter::parse(&ports.join(" or ")).expect("a filter"));
        TupleDiff::compute(
            &portolan::query::run(Arc::clone(sample.moment()), &query),
            TupleDiffScope::All,
        )
    };
    // Outside a namespace, another program's connection may have one of the ports.
    let test = "tuple_is_shown_from_the_end_with_the_shared_port";
    network_namespace::in_network_namespace(test, || {
        let mut last = TupleDiff::default();
        // One client port, two server ports.
        play_lesson(expect_lesson(3), &[], |lab, sample| {
            last = tuple_diff(lab, sample);
        });
        assert_eq!(
            (last.shown_end, last.local_connections),
            (ShownEnd::Client, 3)
        );
        assert_eq!(last.distinct_count(TupleField::LocalPort), 1);
        // Three client ports, one server port.
        let mut most = TupleDiff::default();
        play_lesson(expect_lesson(2), &[], |lab, sample| {
            let diff = tuple_diff(lab, sample);
            if diff.connections >= most.connections {
                most = diff;
            }
        });
        assert_eq!(
            (most.shown_end, most.local_connections),
            (ShownEnd::Server, 3)
        );
        assert_eq!(most.distinct_count(TupleField::LocalPort), 1);
    });
}

#[test]
fn missing_capabilities_use_the_alternative_step_or_skip_it() {
    let capabilities = |lesson: &'static Lesson| -> Vec<Capability> {
        let needed = lesson.steps.iter().filter_map(|step| match step.condition {
            StepCondition::With(capability) => Some(capability),
            StepCondition::Always | StepCondition::Without(_) => None,
        });
        needed.collect()
    };
    let test = "missing_capabilities_use_the_alternative_step_or_skip_it";
    network_namespace::in_network_namespace(test, || {
        for lesson in LESSONS {
            let missing = capabilities(lesson);
            if !missing.is_empty() {
                play_lesson(lesson, &missing, |_, _| {});
            }
        }
    });
}

/// Returns the lab's rows as ss(8) lists them.
fn lab_rows_of_ss(lab_names: &LabNames) -> Vec<ss::SsRow> {
    let rows = ss::rows().into_iter();
    rows.filter(|row| lab_names.is_lab_socket(row.transport.protocol(), row.local, row.remote))
        .collect()
}

#[test]
fn rows_and_owners_match_ss_after_every_step() {
    let test = "rows_and_owners_match_ss_after_every_step";
    network_namespace::in_network_namespace(test, || {
        for_each_lesson_in_parallel(|lesson| {
            play_lesson(lesson, &[], |lab, sample| {
                let mut ours: Vec<ss::SsRow> = sample
                    .rows(lab.lab_names())
                    .iter()
                    .map(|row| ss::SsRow::from(&row.socket))
                    .collect();
                ours.sort();
                // The lab holds its states, so ss may be repeated until it agrees.
                let deadline = Instant::now() + TIMEOUT;
                let mut theirs = lab_rows_of_ss(lab.lab_names());
                while theirs != ours && Instant::now() < deadline {
                    std::thread::sleep(Duration::from_millis(20));
                    theirs = lab_rows_of_ss(lab.lab_names());
                }
                assert_eq!(theirs, ours, "lesson {}", lesson.number);
            });
        });
    });
}

#[test]
fn check_prints_one_line_per_step() {
    let said = run(&mut command(&["learn", "--check", "2"]));
    assert_eq!(said.status, Some(0), "{}{}", said.out, said.err);
    assert_eq!(said.err, "");
    let steps = said.out.lines().filter(|line| line.starts_with("    ok "));
    assert_eq!(steps.count(), expect_lesson(2).steps.len(), "{}", said.out);
    for needed in [
        "lab-server: listen(l, 16): works",
        "lab-client: connect(c3, 127.0.0.1:P): works, C3 = ",
        "(lab-server) 0/16",
        "1 of 1 lesson as described",
    ] {
        assert!(said.out.contains(needed), "{needed}: {}", said.out);
    }
}

#[test]
fn procfs_check_passes_and_warns_what_it_cannot_compare() {
    let said = run(&mut command(&["learn", "--check", "--source", "procfs"]));
    assert_eq!(said.status, Some(0), "{}{}", said.out, said.err);
    assert!(said.err.contains("a listener's backlog"), "{}", said.err);
}

#[test]
fn list_prints_every_lesson_with_its_idea() {
    let said = portolan(&["learn", "--list"]);
    assert_eq!(said.status, Some(0), "{}", said.err);
    let words: Vec<&str> = said.out.split_whitespace().collect();
    for lesson in LESSONS {
        assert!(said.out.contains(lesson.title), "{}", lesson.title);
        let idea: Vec<&str> = lesson.idea.split_whitespace().collect();
        let found = words.windows(idea.len()).any(|run| run == idea);
        assert!(found, "{}", lesson.idea);
    }
}

#[test]
fn unknown_lesson_number_is_a_usage_error() {
    for number in ["0", "15"] {
        let said = portolan(&["learn", "--check", number]);
        assert_eq!(said.status, Some(2), "{}", said.out);
        let expected = format!("portolan: there is no lesson {number}; the lessons are 1 to 14");
        assert!(said.err.starts_with(&expected), "{}", said.err);
    }
}

#[test]
fn all_lessons_pass_as_user_nobody() {
    if !rustix::process::geteuid().is_root() {
        return skip("only root can become nobody; the other tests run without privileges");
    }
    let folder = tempfile::tempdir().expect("a directory");
    let copy = folder.path().join("portolan");
    std::fs::copy(this_program(), &copy).expect("a copy");
    let mut chmod = Command::new("chmod");
    chmod.args(["-R", "a+rX"]).arg(folder.path());
    assert!(chmod.status().expect("chmod").success());
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    command.arg(&copy).args(["learn", "--check"]);
    if Command::new("setpriv").arg("--version").output().is_err() {
        return skip("setpriv is not installed");
    }
    let said = run(&mut command);
    assert_eq!(said.status, Some(0), "{}{}", said.out, said.err);
    assert!(said.out.ends_with("14 of 14 lessons as described\n"));
}
