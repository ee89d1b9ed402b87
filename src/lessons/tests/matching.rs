//! Compares patterns with constructed rows.

use std::sync::Arc;
use std::time::Duration;

use crate::history::{
    Evidence, HolderSet, ObservedSince, Ownership, Side, Slot, Stall, Throughput, TrackedSocket,
};
use crate::lessons::call::LabRole;
use crate::lessons::lab_endpoint::LabName;
use crate::lessons::lab_names::LabNames;
use crate::lessons::lab_view::{LabMetric, LabView};
use crate::lessons::matching::{CheckTime, Mismatch, row_mismatches};
use crate::lessons::question::{
    AnswerFormat, Correctness, LearnerAnswer, LessonQuestion, correct, incorrect,
};
use crate::lessons::row_pattern::{ExpectedQueue, RowPattern, established, tcp_row};
use crate::net::endpoint::Endpoint;
use crate::net::port::{Port, Protocol};
use crate::net::process::{Holder, Pid, ProcessKey, StartTime};
use crate::net::socket::{Queues, Socket, TcpState, Transport};

const SERVER: Pid = Pid(11);
const CLIENT: Pid = Pid(12);

/// Returns names where P is 80, and C1, C2 and C3 are 5001 to 5003.
fn lab_names() -> LabNames {
    let mut lab_names = LabNames::default();
    lab_names.insert_process(LabRole::Server, SERVER);
    lab_names.insert_process(LabRole::Client, CLIENT);
    lab_names.insert_port("P".into(), Port(80));
    lab_names.add_own_port(Protocol::Tcp, Port(80));
    for n in 1..=3_u8 {
        lab_names.insert_port(format!("C{n}"), Port(5000 + u16::from(n)));
    }
    lab_names
}

fn loopback_endpoint(port: u16) -> Endpoint {
    Endpoint::new([127, 0, 0, 1].into(), Port(port))
}

fn owned_by(pids: &[Pid]) -> Ownership {
    let holders: Arc<[Holder]> = pids
        .iter()
        .map(|pid| Holder {
            process: ProcessKey {
                pid: *pid,
                start: StartTime(1),
            },
            fd: None,
        })
        .collect();
    HolderSet::from_holders(holders).map_or(Ownership::Kernel, Ownership::Known)
}

fn tracked(state: TcpState, local: u16, remote: u16, ownership: Ownership) -> Arc<TrackedSocket> {
    let mut socket = Socket::new(
        Transport::Tcp(state),
        loopback_endpoint(local),
        Some(loopback_endpoint(remote)),
    );
    socket.queues = Some(Queues { recv: 0, send: 0 });
    Arc::new(TrackedSocket {
        key: socket.key(),
        slot: Slot(0),
        socket,
        ownership,
        side: Side::Serving,
        evidence: Evidence::Listener,
        first_seen: ObservedSince::Sampled(Duration::ZERO),
        state_since: ObservedSince::Sampled(Duration::ZERO),
        states: Vec::new(),
        peer: None,
        throughput: Throughput::default(),
        stall: Stall::default(),
        transition: None,
    })
}

fn established_row(local: u16, remote: u16, owner: Pid) -> Arc<TrackedSocket> {
    tracked(TcpState::Established, local, remote, owned_by(&[owner]))
}

const BOTH_ENDS: &[RowPattern] = &[
    established("P", "C1").owned_by(&[LabRole::Server]),
    established("C1", "P").owned_by(&[LabRole::Client]),
];

fn compare_rows(patterns: &[RowPattern], rows: &[Arc<TrackedSocket>]) -> Vec<Mismatch> {
    let rows: Vec<&Arc<TrackedSocket>> = rows.iter().collect();
    row_mismatches(patterns, CheckTime::Immediate, &lab_names(), &rows)
}

#[test]
fn row_order_does_not_matter() {
    let rows = [
        established_row(5001, 80, CLIENT),
        established_row(80, 5001, SERVER),
    ];
    assert_eq!(compare_rows(BOTH_ENDS, &rows), []);
}

#[test]
fn missing_row_is_reported_with_its_tuple() {
    let found = compare_rows(BOTH_ENDS, &[established_row(80, 5001, SERVER)]);
    let missing = "ESTABLISHED 127.0.0.1:5001 → 127.0.0.1:80 (lab-client)";
    assert_eq!(found, [Mismatch::Missing(missing.into())]);
}

#[test]
fn unexpected_row_is_reported() {
    let rows = [
        established_row(80, 5001, SERVER),
        established_row(5001, 80, CLIENT),
        established_row(80, 5002, SERVER),
    ];
    let extra = "ESTABLISHED 127.0.0.1:80 → 127.0.0.1:5002 (lab-server) 0/0";
    assert_eq!(
        compare_rows(BOTH_ENDS, &rows),
        [Mismatch::Unexpected(extra.into())]
    );
}

#[test]
fn wrong_state_or_owner_is_reported_next_to_the_expected_row() {
    for wrong in [
        tracked(TcpState::CloseWait, 80, 5001, owned_by(&[SERVER])),
        established_row(80, 5001, CLIENT),
        tracked(TcpState::Established, 80, 5001, owned_by(&[SERVER, CLIENT])),
        tracked(TcpState::Established, 80, 5001, Ownership::Unaccepted),
    ] {
        let found = compare_rows(BOTH_ENDS, &[wrong, established_row(5001, 80, CLIENT)]);
        let [Mismatch::Different { actual, expected }] = &found[..] else {
            panic!("{found:?}")
        };
        assert!(actual.contains("127.0.0.1:80 → 127.0.0.1:5001"), "{actual}");
        assert!(expected.starts_with("ESTABLISHED"), "{expected}");
    }
}

#[test]
fn each_pattern_matches_its_own_row() {
    let three = [established("P", "C#").owned_by(&[LabRole::Server]).times(3)];
    let rows = |ports: &[u16]| -> Vec<Arc<TrackedSocket>> {
        ports
            .iter()
            .map(|p| established_row(80, *p, SERVER))
            .collect()
    };
    assert_eq!(compare_rows(&three, &rows(&[5003, 5001, 5002])), []);
    assert_eq!(compare_rows(&three, &rows(&[5001, 5002])).len(), 1);
    // The same row twice: one row is missing and one is unexpected.
    assert_eq!(compare_rows(&three, &rows(&[5001, 5002, 5002])).len(), 2);
}

#[test]
fn loose_pattern_does_not_take_the_row_of_a_strict_one() {
    let patterns = [
        established("P", "C1"),
        established("P", "C1").owned_by(&[LabRole::Server]),
    ];
    let rows = [
        established_row(80, 5001, SERVER),
        tracked(TcpState::Established, 80, 5001, Ownership::Unaccepted),
    ];
    assert_eq!(compare_rows(&patterns, &rows), []);
}

#[test]
fn queue_lengths_are_compared_when_the_pattern_has_them() {
    let seven = [established("P", "C1").with_queues(ExpectedQueue::Exactly(7), ExpectedQueue::Any)];
    let some =
        [established("P", "C1").with_queues(ExpectedQueue::NonZero, ExpectedQueue::Exactly(0))];
    let with = |recv| {
        let mut row = TrackedSocket::clone(&established_row(80, 5001, SERVER));
        row.socket.queues = Some(Queues { recv, send: 0 });
        [Arc::new(row)]
    };
    assert_eq!(compare_rows(&seven, &with(7)), []);
    assert_eq!(compare_rows(&some, &with(7)), []);
    assert_eq!(compare_rows(&seven, &with(8)).len(), 1);
    assert_eq!(compare_rows(&some, &with(0)).len(), 1);
}

#[test]
fn only_expiring_rows_may_be_missing_later() {
    let patterns = [
        tcp_row(TcpState::TimeWait, "C1", "P").owned_by_kernel(),
        established("P", "C2"),
    ];
    let later = |rows: &[&Arc<TrackedSocket>]| {
        row_mismatches(&patterns, CheckTime::Later, &lab_names(), rows)
    };
    let other = established_row(80, 5002, SERVER);
    assert_eq!(later(&[&other]), []);
    assert_eq!(later(&[]).len(), 1);
    assert_eq!(compare_rows(&patterns, &[other]).len(), 1);
}

#[test]
fn other_sockets_and_stale_tuples_are_not_lab_rows() {
    let mut lab_names = lab_names();
    let stale = tracked(TcpState::TimeWait, 5001, 80, Ownership::Kernel);
    let other = established_row(5001, 443, Pid(99));
    assert!(lab_names.is_lab_row(&stale) && !lab_names.is_lab_row(&other));
    lab_names.ignore_existing(Protocol::Tcp, Port(80), [&stale.socket]);
    assert!(
        !lab_names.is_lab_row(&stale) && lab_names.is_lab_row(&established_row(5002, 80, CLIENT))
    );
    // Now the lab itself connects with these ports.
    lab_names.forget_stale_tuple(
        Protocol::Tcp,
        loopback_endpoint(5001),
        loopback_endpoint(80),
    );
    assert!(lab_names.is_lab_row(&stale));
}

#[test]
fn answer_is_graded_by_the_rows() {
    let lab_names = lab_names();
    let rows = [
        established_row(80, 5001, SERVER),
        established_row(5001, 80, CLIENT),
    ];
    let lab_view = LabView {
        lab_names: &lab_names,
        rows: rows.iter().collect(),
        last_result: None,
    };
    let number = LessonQuestion {
        text: "How many?",
        answer_format: AnswerFormat::Number {
            metric: LabMetric::RowsWithLocalPort(LabName("P")),
            expected: 1,
            proof: "At {P} there is {P>C1}, and {P>}.",
        },
        hints: ["", "", ""],
    };
    let graded = number.grade(LearnerAnswer::Number(4), &lab_view).unwrap();
    assert_eq!(graded.correctness, Correctness::Incorrect);
    assert_eq!(graded.message, "You said 4; the kernel says 1.");
    assert_eq!(
        graded.proof,
        "At 80 there is ESTABLISHED 127.0.0.1:80 → 127.0.0.1:5001 (lab-server) 0/0, and no row."
    );
    let graded = number.grade(LearnerAnswer::Number(1), &lab_view).unwrap();
    assert_eq!(graded.correctness, Correctness::Correct);

    const CHOICES: &[crate::lessons::question::AnswerChoice] = &[
        correct("yes", "{rows} rows"),
        incorrect("no", "{rows} rows"),
    ];
    let choice = LessonQuestion {
        answer_format: AnswerFormat::Choices(CHOICES),
        ..number
    };
    let graded = choice
        .grade(LearnerAnswer::Choice(&CHOICES[1]), &lab_view)
        .unwrap();
    assert_eq!(
        (graded.correctness, &*graded.proof),
        (Correctness::Incorrect, "2 rows")
    );
    assert_eq!(choice.grade(LearnerAnswer::Number(1), &lab_view), None);
    assert_eq!(
        number.grade(LearnerAnswer::Choice(&CHOICES[0]), &lab_view),
        None
    );
}

#[test]
fn every_metric_counts_rows() {
    let lab_names = lab_names();
    let rows = [
        established_row(80, 5001, SERVER),
        established_row(5001, 80, CLIENT),
        established_row(80, 5002, SERVER),
        tracked(TcpState::TimeWait, 5003, 80, Ownership::Kernel),
    ];
    let lab_view = LabView {
        lab_names: &lab_names,
        rows: rows.iter().collect(),
        last_result: None,
    };
    for (metric, expected) in [
        (LabMetric::Rows, 4),
        (LabMetric::RowsWithLocalPort(LabName("P")), 2),
        (LabMetric::LocalPortsOfProcess(LabRole::Server), 1),
        (LabMetric::SocketsOfProcess(LabRole::Server), 2),
        (LabMetric::RowsInState(TcpState::Established), 3),
        (LabMetric::Connections, 3),
        (LabMetric::ConnectionsWithPort(LabName("C1")), 1),
        (LabMetric::ListenerProcesses(LabName("P")), 0),
        (LabMetric::RowsWithoutProcess, 1),
        (LabMetric::AcceptQueue(LabName("P")), 0),
        (LabMetric::RecvQueue(LabName("P"), LabName("C1")), 0),
    ] {
        assert_eq!(lab_view.count(metric), expected, "{metric:?}");
    }
}
