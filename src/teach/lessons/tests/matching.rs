//! Patterns against rows that were made up.

use std::sync::Arc;
use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::history::{Evidence, Flow, Held, Ownership, Side, Since, Slot, Stall, Tracked};
use crate::port::{Port, Protocol};
use crate::process::{Holder, Pid, ProcessKey, StartTime};
use crate::socket::{Queues, Socket, TcpState, Transport};
use crate::teach::lessons::pattern::{open, row};
use crate::teach::lessons::question::{right, wrong};
use crate::teach::lessons::{
    Actor, Amount, Cast, Difference, Form, Given, Measure, Name, Pattern, Question, Scene, Truth,
    When, differences,
};

const SERVER: Pid = Pid(11);
const CLIENT: Pid = Pid(12);

/// P is 80; C1, C2 and C3 are 5001 to 5003.
fn cast() -> Cast {
    let mut cast = Cast::default();
    cast.enter(Actor::Server, SERVER);
    cast.enter(Actor::Client, CLIENT);
    cast.name("P".into(), Port(80));
    cast.own(Protocol::Tcp, Port(80));
    for n in 1..=3_u8 {
        cast.name(format!("C{n}"), Port(5000 + u16::from(n)));
    }
    cast
}

fn end(port: u16) -> Endpoint {
    Endpoint::new([127, 0, 0, 1].into(), Port(port))
}

fn held(by: &[Pid]) -> Ownership {
    let holders: Arc<[Holder]> = by
        .iter()
        .map(|pid| Holder {
            process: ProcessKey {
                pid: *pid,
                start: StartTime(1),
            },
            fd: None,
        })
        .collect();
    Held::by(holders).map_or(Ownership::Kernel, Ownership::Known)
}

fn tracked(state: TcpState, local: u16, remote: u16, ownership: Ownership) -> Arc<Tracked> {
    let mut socket = Socket::new(Transport::Tcp(state), end(local), Some(end(remote)));
    socket.queues = Some(Queues { recv: 0, send: 0 });
    Arc::new(Tracked {
        key: socket.key(),
        slot: Slot(0),
        socket,
        ownership,
        side: Side::Serving,
        evidence: Evidence::Listener,
        first_seen: Since::Seen(Duration::ZERO),
        state_since: Since::Seen(Duration::ZERO),
        path: Vec::new(),
        peer: None,
        flow: Flow::default(),
        stall: Stall::default(),
        mark: None,
    })
}

fn established(local: u16, remote: u16, by: Pid) -> Arc<Tracked> {
    tracked(TcpState::Established, local, remote, held(&[by]))
}

const BOTH_ENDS: &[Pattern] = &[
    open("P", "C1").of(&[Actor::Server]),
    open("C1", "P").of(&[Actor::Client]),
];

fn compare(patterns: &[Pattern], rows: &[Arc<Tracked>]) -> Vec<Difference> {
    let rows: Vec<&Arc<Tracked>> = rows.iter().collect();
    differences(patterns, When::AtOnce, &cast(), &rows)
}

#[test]
fn the_same_rows_in_any_order_differ_in_nothing() {
    let rows = [established(5001, 80, CLIENT), established(80, 5001, SERVER)];
    assert_eq!(compare(BOTH_ENDS, &rows), []);
}

#[test]
fn a_row_that_is_missing_is_named_with_its_numbers() {
    let found = compare(BOTH_ENDS, &[established(80, 5001, SERVER)]);
    let missing = "ESTABLISHED 127.0.0.1:5001 → 127.0.0.1:80 (lab-client)";
    assert_eq!(found, [Difference::Missing(missing.into())]);
}

#[test]
fn a_row_that_is_too_much_is_named() {
    let rows = [
        established(80, 5001, SERVER),
        established(5001, 80, CLIENT),
        established(80, 5002, SERVER),
    ];
    let extra = "ESTABLISHED 127.0.0.1:80 → 127.0.0.1:5002 (lab-server) 0/0";
    assert_eq!(
        compare(BOTH_ENDS, &rows),
        [Difference::TooMuch(extra.into())]
    );
}

#[test]
fn another_state_or_another_owner_is_shown_beside_what_was_wanted() {
    for wrong in [
        tracked(TcpState::CloseWait, 80, 5001, held(&[SERVER])),
        established(80, 5001, CLIENT),
        tracked(TcpState::Established, 80, 5001, held(&[SERVER, CLIENT])),
        tracked(TcpState::Established, 80, 5001, Ownership::Unaccepted),
    ] {
        let found = compare(BOTH_ENDS, &[wrong, established(5001, 80, CLIENT)]);
        let [Difference::Differs { seen, wanted }] = &found[..] else {
            panic!("{found:?}")
        };
        assert!(seen.contains("127.0.0.1:80 → 127.0.0.1:5001"), "{seen}");
        assert!(wanted.starts_with("ESTABLISHED"), "{wanted}");
    }
}

#[test]
fn like_patterns_want_a_row_each() {
    let three = [open("P", "C#").of(&[Actor::Server]).each(3)];
    let rows = |ports: &[u16]| -> Vec<Arc<Tracked>> {
        ports.iter().map(|p| established(80, *p, SERVER)).collect()
    };
    assert_eq!(compare(&three, &rows(&[5003, 5001, 5002])), []);
    assert_eq!(compare(&three, &rows(&[5001, 5002])).len(), 1);
    // The same row twice is one missing and one too much.
    assert_eq!(compare(&three, &rows(&[5001, 5002, 5002])).len(), 2);
}

#[test]
fn a_loose_pattern_leaves_the_row_that_a_strict_one_needs() {
    let patterns = [open("P", "C1"), open("P", "C1").of(&[Actor::Server])];
    let rows = [
        established(80, 5001, SERVER),
        tracked(TcpState::Established, 80, 5001, Ownership::Unaccepted),
    ];
    assert_eq!(compare(&patterns, &rows), []);
}

#[test]
fn queues_count_where_they_are_asked_for() {
    let seven = [open("P", "C1").queues(Amount::Exactly(7), Amount::Any)];
    let some = [open("P", "C1").queues(Amount::Some, Amount::Exactly(0))];
    let with = |recv| {
        let mut row = Tracked::clone(&established(80, 5001, SERVER));
        row.socket.queues = Some(Queues { recv, send: 0 });
        [Arc::new(row)]
    };
    assert_eq!(compare(&seven, &with(7)), []);
    assert_eq!(compare(&some, &with(7)), []);
    assert_eq!(compare(&seven, &with(8)).len(), 1);
    assert_eq!(compare(&some, &with(0)).len(), 1);
}

#[test]
fn what_the_kernel_forgets_may_be_gone_later_and_nothing_else_may() {
    let patterns = [
        row(TcpState::TimeWait, "C1", "P").kept_by_kernel(),
        open("P", "C2"),
    ];
    let later = |rows: &[&Arc<Tracked>]| differences(&patterns, When::Later, &cast(), rows);
    let other = established(80, 5002, SERVER);
    assert_eq!(later(&[&other]), []);
    assert_eq!(later(&[]).len(), 1);
    assert_eq!(compare(&patterns, &[other]).len(), 1);
}

#[test]
fn strangers_and_ghosts_are_not_the_labs() {
    let mut cast = cast();
    let ghost = tracked(TcpState::TimeWait, 5001, 80, Ownership::Kernel);
    let stranger = established(5001, 443, Pid(99));
    assert!(cast.has(&ghost) && !cast.has(&stranger));
    cast.banish(Protocol::Tcp, Port(80), [&ghost.socket]);
    assert!(!cast.has(&ghost) && cast.has(&established(5002, 80, CLIENT)));
    // The lab itself dials with these numbers now.
    cast.claim(Protocol::Tcp, end(5001), end(80));
    assert!(cast.has(&ghost));
}

#[test]
fn an_answer_is_judged_by_the_rows() {
    let cast = cast();
    let rows = [established(80, 5001, SERVER), established(5001, 80, CLIENT)];
    let scene = Scene {
        cast: &cast,
        rows: rows.iter().collect(),
        last: None,
    };
    let number = Question {
        text: "How many?",
        form: Form::Number {
            measure: Measure::RowsAt(Name("P")),
            right: 1,
            proof: "At {P} there is {P>C1}, and {P>}.",
        },
        hints: ["", "", ""],
    };
    let judged = number.judge(Given::Number(4), &scene).unwrap();
    assert_eq!(judged.truth, Truth::Wrong);
    assert_eq!(judged.verdict, "You said 4; the kernel says 1.");
    assert_eq!(
        judged.proof,
        "At 80 there is ESTABLISHED 127.0.0.1:80 → 127.0.0.1:5001 (lab-server) 0/0, and no row."
    );
    let judged = number.judge(Given::Number(1), &scene).unwrap();
    assert_eq!(judged.truth, Truth::Right);

    const CHOICES: &[crate::teach::lessons::Choice] =
        &[right("yes", "{rows} rows"), wrong("no", "{rows} rows")];
    let choice = Question {
        form: Form::Choices(CHOICES),
        ..number
    };
    let judged = choice.judge(Given::Choice(&CHOICES[1]), &scene).unwrap();
    assert_eq!((judged.truth, &*judged.proof), (Truth::Wrong, "2 rows"));
    assert_eq!(choice.judge(Given::Number(1), &scene), None);
    assert_eq!(number.judge(Given::Choice(&CHOICES[0]), &scene), None);
}

#[test]
fn rows_are_counted_in_every_way_that_is_asked() {
    let cast = cast();
    let rows = [
        established(80, 5001, SERVER),
        established(5001, 80, CLIENT),
        established(80, 5002, SERVER),
        tracked(TcpState::TimeWait, 5003, 80, Ownership::Kernel),
    ];
    let scene = Scene {
        cast: &cast,
        rows: rows.iter().collect(),
        last: None,
    };
    for (measure, expected) in [
        (Measure::Rows, 4),
        (Measure::RowsAt(Name("P")), 2),
        (Measure::PortsOf(Actor::Server), 1),
        (Measure::SocketsOf(Actor::Server), 2),
        (Measure::InState(TcpState::Established), 3),
        (Measure::Connections, 3),
        (Measure::ConnectionsWith(Name("C1")), 1),
        (Measure::OwnersOf(Name("P")), 0),
        (Measure::Ownerless, 1),
        (Measure::Waiting(Name("P")), 0),
        (Measure::Received(Name("P"), Name("C1")), 0),
    ] {
        assert_eq!(scene.count(measure), expected, "{measure:?}");
    }
}
