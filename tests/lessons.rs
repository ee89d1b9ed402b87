//! The labs on real sockets: what the lessons say is what there is.
//!
//! All of them may run at once, and beside whatever else this machine does: the kernel chooses the
//! ports.
#![cfg(target_os = "linux")]

#[path = "support/network.rs"]
mod network;
#[path = "support/program.rs"]
mod program;
#[path = "support/ss.rs"]
mod ss;
#[path = "support/turn.rs"]
mod turn;

#[path = "lessons/leaving.rs"]
mod leaving;

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use portolan::app::lab::{Done, Lab, Seen};
use portolan::query::{Filter, Quarter, Query, Scope, Shown as ShownEnd, Survey, answer};
use portolan::services::Services;
use portolan::teach::lessons::{Ability, Cast, LESSONS, Lesson, Shown, lesson};
use program::{Said, command, portolan, said};

/// A loaded machine may take its time, and a SYN that was lost is sent again after seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs it to its end, beside others.
fn run(command: &mut Command) -> Said {
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    said(turn::spawn(piped).and_then(Child::wait_with_output))
}

fn this_program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_portolan"))
}

fn the_lesson(number: u8) -> &'static Lesson {
    lesson(number).expect("a lesson")
}

/// Says past the test harness, which keeps what passing tests print, that nothing was tested.
fn skip(why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

/// Does something with every lesson, with some of them side by side: most of a lab's time is
/// waiting, but each lab has processes of its own, and every look goes through all of them.
fn side_by_side(act: impl Fn(&'static Lesson) + Sync) {
    const LANES: usize = 3;
    std::thread::scope(|scope| {
        for lane in 0..LANES {
            let lessons = LESSONS.iter().skip(lane).step_by(LANES);
            scope.spawn(|| lessons.for_each(&act));
        }
    });
}

/// Plays a lesson as a machine would that lacks these abilities, and looks after every step.
fn play(lesson: &'static Lesson, lacking: &[Ability], mut look: impl FnMut(&mut Lab, &Seen)) {
    // Another program may take a port between its choice and its use, or the number that a socket of
    // the lab has just let go, and with it the row that is kept for it; then once more.
    let mut disturbed = Vec::new();
    for _ in 0..3 {
        match play_once(lesson, lacking, &mut look) {
            Ok(()) => return,
            Err(what) => disturbed.push(what),
        }
    }
    panic!("lesson {}: again and again: {disturbed:#?}", lesson.number);
}

fn play_once(
    lesson: &'static Lesson,
    lacking: &[Ability],
    look: &mut impl FnMut(&mut Lab, &Seen),
) -> Result<(), String> {
    let mut lab = Lab::open(this_program(), lesson, None).expect("a lab");
    for ability in lacking {
        lab = lab.lacking(*ability);
    }
    for step in lesson.steps {
        if !lab.abilities().allow(step.shown) {
            continue;
        }
        let place = format!("lesson {}: {}", lesson.number, step.title);
        let done = lab.perform(step).expect("a lab that goes on");
        if done.iter().any(Done::met_a_stranger) {
            return Err(format!("{place}: a port was taken"));
        }
        for done in &done {
            let call = done.deed.call.text(done.n);
            assert!(done.is_as_expected(), "{place}: {call}: {}", done.happened);
        }
        let settled = lab.settle(step, done.last(), PATIENCE).expect("a table");
        let troubles: Vec<String> = settled.troubles.iter().map(ToString::to_string).collect();
        if !troubles.is_empty() {
            return Err(format!("{place}: {troubles:?}"));
        }
        look(&mut lab, &settled.seen);
    }
    Ok(())
}

/// One test a lesson, so that a failure names it.
macro_rules! lessons_are_as_described {
    ($($name:ident = $number:literal;)*) => {$(
        #[test]
        fn $name() {
            play(the_lesson($number), &[], |_, _| {});
        }
    )*};
}

lessons_are_as_described! {
    lesson_1_a_socket_without_a_port = 1;
    lesson_2_one_port_many_sockets = 2;
    lesson_3_four_numbers = 3;
    lesson_4_ranges = 4;
    lesson_5_which_address = 5;
    lesson_6_two_protocols = 6;
    lesson_7_two_families = 7;
    lesson_8_the_kernel_answers = 8;
    lesson_9_queues = 9;
    lesson_10_goodbye = 10;
    lesson_11_time_wait = 11;
    lesson_12_rare_states = 12;
    lesson_13_sharing = 13;
    lesson_14_belief = 14;
}

#[test]
fn the_four_numbers_are_those_of_the_end_whose_port_is_shared() {
    let survey = |lab: &Lab, seen: &Seen| {
        let ports = lab.cast().port_set();
        let ports: Vec<String> = ports
            .ranges()
            .iter()
            .map(|range| format!("port:{}-{}", range.first, range.last))
            .collect();
        let mut query = Query::everything(Arc::new(Services::none()));
        query.filter = Arc::new(Filter::parse(&ports.join(" or ")).expect("a filter"));
        Survey::of(
            &answer(Arc::clone(seen.moment()), &query),
            Scope::Everything,
        )
    };
    // Elsewhere a neighbour may have one of the numbers.
    let test = "the_four_numbers_are_those_of_the_end_whose_port_is_shared";
    network::own_network(test, || {
        let mut last = Survey::default();
        // One client's port, two of the server.
        play(the_lesson(3), &[], |lab, seen| last = survey(lab, seen));
        assert_eq!((last.shown, last.mirrored), (ShownEnd::Client, 3));
        assert_eq!(last.distinct(Quarter::LocalPort), 1);
        // Three ports of clients, one of the server.
        let mut most = Survey::default();
        play(the_lesson(2), &[], |lab, seen| {
            let found = survey(lab, seen);
            if found.connections >= most.connections {
                most = found;
            }
        });
        assert_eq!((most.shown, most.mirrored), (ShownEnd::Server, 3));
        assert_eq!(most.distinct(Quarter::LocalPort), 1);
    });
}

#[test]
fn what_a_machine_cannot_show_is_shown_another_way_or_left_out() {
    let abilities = |lesson: &'static Lesson| -> Vec<Ability> {
        let needed = lesson.steps.iter().filter_map(|step| match step.shown {
            Shown::With(ability) => Some(ability),
            Shown::Everywhere | Shown::Without(_) => None,
        });
        needed.collect()
    };
    for lesson in LESSONS {
        let lacking = abilities(lesson);
        if !lacking.is_empty() {
            play(lesson, &lacking, |_, _| {});
        }
    }
}

/// The lab's rows as ss tells them.
fn rows_of_ss(cast: &Cast) -> Vec<ss::Row> {
    let rows = ss::rows().into_iter();
    rows.filter(|row| cast.has_ends(row.transport.protocol(), row.local, row.remote))
        .collect()
}

#[test]
fn ss_tells_the_same_rows_and_owners_after_every_step() {
    if Command::new("ss").arg("-V").output().is_err() {
        return skip("ss is not here");
    }
    side_by_side(|lesson| {
        play(lesson, &[], |lab, seen| {
            let mut ours: Vec<ss::Row> = seen
                .rows(lab.cast())
                .iter()
                .map(|row| ss::Row::from(&row.socket))
                .collect();
            ours.sort();
            // A state that is held looks the same however often one looks.
            let until = Instant::now() + PATIENCE;
            let mut theirs = rows_of_ss(lab.cast());
            while theirs != ours && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(20));
                theirs = rows_of_ss(lab.cast());
            }
            assert_eq!(theirs, ours, "lesson {}", lesson.number);
        });
    });
}

#[test]
fn the_check_tells_a_line_a_step_and_agrees() {
    let said = run(&mut command(&["learn", "--check", "2"]));
    assert_eq!(said.status, Some(0), "{}{}", said.out, said.err);
    assert_eq!(said.err, "");
    let steps = said.out.lines().filter(|line| line.starts_with("    ok "));
    assert_eq!(steps.count(), the_lesson(2).steps.len(), "{}", said.out);
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
fn a_source_that_does_not_tell_everything_contradicts_nothing_and_that_is_said() {
    let said = run(&mut command(&["learn", "--check", "--source", "procfs"]));
    assert_eq!(said.status, Some(0), "{}{}", said.out, said.err);
    assert!(said.err.contains("a listener's backlog"), "{}", said.err);
}

#[test]
fn the_list_has_every_lesson_with_its_idea() {
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
fn a_lesson_that_is_none_is_refused_in_a_sentence() {
    for number in ["0", "15"] {
        let said = portolan(&["learn", "--check", number]);
        assert_eq!(said.status, Some(2), "{}", said.out);
        let expected = format!("portolan: there is no lesson {number}; the lessons are 1 to 14");
        assert!(said.err.starts_with(&expected), "{}", said.err);
    }
}

#[test]
fn nobody_without_rights_can_play_all_of_them() {
    if !rustix::process::geteuid().is_root() {
        return skip("only root can become nobody; the other tests run without rights");
    }
    let folder = tempfile::tempdir().expect("a directory");
    let copy = folder.path().join("portolan");
    std::fs::copy(this_program(), &copy).expect("a copy");
    let mut open = Command::new("chmod");
    open.args(["-R", "a+rX"]).arg(folder.path());
    assert!(open.status().expect("chmod").success());
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    command.arg(&copy).args(["learn", "--check"]);
    if Command::new("setpriv").arg("--version").output().is_err() {
        return skip("setpriv is not here");
    }
    let said = run(&mut command);
    assert_eq!(said.status, Some(0), "{}{}", said.out, said.err);
    assert!(said.out.ends_with("14 of 14 lessons as described\n"));
}
