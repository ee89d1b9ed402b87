//! A lab leaves nothing behind, in whatever way it ends.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use portolan::app::lab::{Lab, Table};
use portolan::endpoint::Endpoint;
use portolan::port::{Port, Protocol};
use portolan::socket::{TcpState, Transport};
use portolan::teach::lessons::{Actor, Cast, Lesson};

use crate::{PATIENCE, side_by_side, the_lesson, this_program};

/// Tells a run of this test which lesson it is to hold, and after how many steps.
const HOLDS: &str = "PORTOLAN_TEST_HOLDS";

/// The processes of a lab.
fn processes(cast: &Cast) -> Vec<u32> {
    let actors = [
        Actor::Server,
        Actor::Client,
        Actor::Child(1),
        Actor::Child(2),
    ];
    let pids = actors.into_iter().filter_map(|actor| cast.pid(actor));
    pids.map(|pid| pid.0).collect()
}

/// Whether there is such a process. One that has ended and was not waited for is none any more.
fn lives(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// Waits until something holds.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The lab's rows, each by its ends.
type Rows = BTreeMap<(Endpoint, Option<Endpoint>), Transport>;

fn rows(table: &mut Table, cast: &Cast) -> Rows {
    let seen = table.look(cast).expect("a table");
    let rows = seen.rows(cast).into_iter();
    rows.map(|row| {
        let socket = &row.socket;
        ((socket.local, socket.remote), socket.transport)
    })
    .collect()
}

/// Whether nothing is there but TIME-WAIT rows that were there before: those the kernel keeps for a
/// minute, whoever asked for it. Whatever else there was must have been thrown away. Ends that were
/// not there before are a stranger's: the port is anybody's by now.
fn only_memories(now: &Rows, before: &Rows) -> bool {
    let memory = Transport::Tcp(TcpState::TimeWait);
    before
        .iter()
        .all(|(ends, state)| *state == memory || !now.contains_key(ends))
}

#[test]
fn a_lab_that_is_left_in_the_middle_leaves_no_process_and_no_socket() {
    side_by_side(|lesson| {
        for steps in 1..=lesson.steps.len() {
            let lab = Lab::play(this_program(), lesson, None, steps, PATIENCE).expect("a lab");
            let cast = lab.cast().clone();
            let mut table = Table::open(None).expect("a table");
            let before = rows(&mut table, &cast);
            drop(lab);
            for pid in processes(&cast) {
                until("an end of every process", || !lives(pid));
            }
            until("an end of every socket", || {
                only_memories(&rows(&mut table, &cast), &before)
            });
        }
    });
}

/// A lesson, and a step in the middle of which the leader is killed: with connections that nobody
/// accepted, with deaf sockets, with children, with a server that stands still.
const HELD: [(u8, usize); 5] = [(2, 3), (8, 5), (12, 7), (13, 1), (14, 5)];

#[test]
fn a_lab_whose_leader_is_killed_leaves_no_process_and_no_socket() {
    if let Ok(which) = env::var(HOLDS) {
        return hold(&which);
    }
    for (number, steps) in HELD {
        let test = "leaving::a_lab_whose_leader_is_killed_leaves_no_process_and_no_socket";
        let mut leader = Command::new(env::current_exe().expect("this program"))
            .args(["--exact", test, "--nocapture", "--test-threads=1"])
            .env(HOLDS, format!("{number} {steps}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a leader");
        let out = BufReader::new(leader.stdout.take().expect("a pipe"));
        let held = out.lines().map_while(Result::ok).find_map(|line| {
            let (_, held) = line.split_once("held ")?;
            Some(held.to_owned())
        });
        let held = held.expect("a lab that is held");
        let (pids, ports) = held.split_once(" ports ").expect("pids and ports");
        let numbers = |text: &str| -> Vec<u32> {
            text.split_whitespace()
                .map(|number| number.parse().expect("a number"))
                .collect()
        };
        let (pids, ports) = (numbers(pids), numbers(ports));
        assert!(pids.iter().all(|pid| lives(*pid)), "lesson {number}");
        let mut cast = Cast::default();
        for port in ports {
            let port = Port(u16::try_from(port).expect("a port"));
            cast.own(Protocol::Tcp, port);
        }
        let mut table = Table::open(None).expect("a table");
        let before = rows(&mut table, &cast);
        assert!(!before.is_empty(), "lesson {number}");

        // SIGKILL: it can tidy up nothing itself.
        leader.kill().expect("a kill");
        leader.wait().expect("an end");
        for pid in pids {
            until("an end of every process", || !lives(pid));
        }
        until("an end of every socket", || {
            only_memories(&rows(&mut table, &cast), &before)
        });
    }
}

/// Plays a lesson up to a step, says so, and stays there.
fn hold(which: &str) {
    let (number, steps) = which.split_once(' ').expect("a lesson and a step");
    let lesson: &'static Lesson = the_lesson(number.parse().expect("a number"));
    let steps: usize = steps.parse().expect("a number");
    let lab = Lab::play(this_program(), lesson, None, steps, PATIENCE).expect("a lab");
    let cast = lab.cast();
    let join = |numbers: Vec<u32>| {
        let words: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        words.join(" ")
    };
    let ports = cast
        .ports()
        .map(|(_, port)| port)
        .filter(|port| cast.owns(Protocol::Tcp, *port));
    let ports: Vec<u32> = ports.map(|port| u32::from(port.number())).collect();
    let (pids, ports) = (join(processes(cast)), join(ports));
    writeln!(std::io::stdout(), "held {pids} ports {ports}").expect("a reader");
    // The one who asked for it kills this process; if not, its end of the pipe ends this.
    let mut line = String::new();
    let _ = std::io::stdin().read_line(&mut line);
}
