//! Tests that a lab leaves no process and no socket, however it ends.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use portolan::lessons::lab::LabSampler;
use portolan::lessons::lab::executor::Lab;
use portolan::lessons::{LabNames, LabRole, Lesson};
use portolan::net::endpoint::Endpoint;
use portolan::net::port::{Port, Protocol};
use portolan::net::socket::{TcpState, Transport};

use crate::network_namespace::in_network_namespace;
use crate::{TIMEOUT, expect_lesson, for_each_lesson_in_parallel, this_program};

/// Names the lesson that a child run of this test holds open, and the number of steps to play.
const HOLD_ENV: &str = "PORTOLAN_TEST_HOLDS";

/// Returns the pids of a lab's processes.
fn processes(lab_names: &LabNames) -> Vec<u32> {
    let roles = [
        LabRole::Server,
        LabRole::Client,
        LabRole::Child(1),
        LabRole::Child(2),
    ];
    let pids = roles.into_iter().filter_map(|role| lab_names.pid(role));
    pids.map(|pid| pid.0).collect()
}

/// Returns whether the process is alive; a zombie (state Z or X) is not.
fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// Polls until `holds` returns true; panics with `what` after the timeout.
fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + TIMEOUT;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The state of each of the lab's rows, by its endpoints.
type RowStates = BTreeMap<(Endpoint, Option<Endpoint>), Transport>;

fn row_states(sampler: &mut LabSampler, lab_names: &LabNames) -> RowStates {
    let sample = sampler.sample_rows(lab_names).expect("a table");
    let rows = sample.rows(lab_names).into_iter();
    rows.map(|row| {
        let socket = &row.socket;
        ((socket.local, socket.remote), socket.transport)
    })
    .collect()
}

/// Returns whether all rows of `before` are gone, except those in TIME-WAIT, which the kernel keeps
/// for a minute. Rows that are only in `now` are ignored: any program may use the port by now.
fn only_time_wait_remains(now: &RowStates, before: &RowStates) -> bool {
    let time_wait = Transport::Tcp(TcpState::TimeWait);
    before
        .iter()
        .all(|(ends, state)| *state == time_wait || !now.contains_key(ends))
}

#[test]
fn dropped_lab_leaves_no_process_and_no_socket() {
    // Outside a namespace, connections of other programs may reach the lab's ports; each step then
    // waits until its timeout for rows that never match.
    let test = "cleanup::dropped_lab_leaves_no_process_and_no_socket";
    in_network_namespace(test, || {
        for_each_lesson_in_parallel(|lesson| {
            for steps in 1..=lesson.steps.len() {
                let lab =
                    Lab::open_at_step(this_program(), lesson, None, steps, TIMEOUT).expect("a lab");
                let lab_names = lab.lab_names().clone();
                let mut sampler = LabSampler::open(None).expect("a table");
                let before = row_states(&mut sampler, &lab_names);
                drop(lab);
                for pid in processes(&lab_names) {
                    wait_until("processes that are still alive", || !is_alive(pid));
                }
                wait_until("sockets that are still open", || {
                    only_time_wait_remains(&row_states(&mut sampler, &lab_names), &before)
                });
            }
        });
    });
}

/// Lessons with the number of steps after which the controlling process is killed: with connections
/// not accepted yet, sockets that drop packets, children, and a stopped server.
const HELD_STEPS: [(u8, usize); 5] = [(2, 3), (8, 5), (12, 7), (13, 1), (14, 5)];

#[test]
fn killed_lab_leader_leaves_no_process_and_no_socket() {
    if let Ok(lesson_and_steps) = env::var(HOLD_ENV) {
        return hold_lab(&lesson_and_steps);
    }
    for (number, steps) in HELD_STEPS {
        let test = "cleanup::killed_lab_leader_leaves_no_process_and_no_socket";
        let mut leader = Command::new(env::current_exe().expect("this program"))
            .args(["--exact", test, "--nocapture", "--test-threads=1"])
            .env(HOLD_ENV, format!("{number} {steps}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a controlling process");
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
        assert!(pids.iter().all(|pid| is_alive(*pid)), "lesson {number}");
        let mut lab_names = LabNames::default();
        for port in ports {
            let port = Port(u16::try_from(port).expect("a port"));
            lab_names.add_own_port(Protocol::Tcp, port);
        }
        let mut sampler = LabSampler::open(None).expect("a table");
        let before = row_states(&mut sampler, &lab_names);
        assert!(!before.is_empty(), "lesson {number}");

        // SIGKILL: the process cannot clean up itself.
        leader.kill().expect("a kill");
        leader.wait().expect("an end");
        for pid in pids {
            wait_until("processes that are still alive", || !is_alive(pid));
        }
        wait_until("sockets that are still open", || {
            only_time_wait_remains(&row_states(&mut sampler, &lab_names), &before)
        });
    }
}

/// Plays a lesson up to a step, prints its pids and ports, and waits to be killed.
fn hold_lab(lesson_and_steps: &str) {
    let (number, steps) = lesson_and_steps
        .split_once(' ')
        .expect("a lesson and a step");
    let lesson: &'static Lesson = expect_lesson(number.parse().expect("a number"));
    let steps: usize = steps.parse().expect("a number");
    let lab = Lab::open_at_step(this_program(), lesson, None, steps, TIMEOUT).expect("a lab");
    let lab_names = lab.lab_names();
    let join = |numbers: Vec<u32>| {
        let words: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        words.join(" ")
    };
    let ports = lab_names
        .ports()
        .map(|(_, port)| port)
        .filter(|port| lab_names.owns_port(Protocol::Tcp, *port));
    let ports: Vec<u32> = ports.map(|port| u32::from(port.number())).collect();
    let (pids, ports) = (join(processes(lab_names)), join(ports));
    writeln!(std::io::stdout(), "held {pids} ports {ports}").expect("a reader");
    // The parent kills this process; if it dies first, the closed pipe ends it.
    let mut line = String::new();
    let _ = std::io::stdin().read_line(&mut line);
}
