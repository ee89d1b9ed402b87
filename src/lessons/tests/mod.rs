//! Tests that the lessons are consistent: texts, names, sockets, and the comparison of rows.

mod matching;
mod texts;

use std::collections::BTreeSet;

use super::action::LabAction;
use super::call::{Call, LabRole, SocketOption};
use super::catalog::LESSONS;
use super::lab_endpoint::{LabName, LabPort};
use super::spec::{Lesson, LessonStep, StepCondition};

/// Returns the steps of a lesson twice: as a machine with all capabilities shows them, and as one
/// with none does.
fn playthroughs(lesson: &'static Lesson) -> [Vec<&'static LessonStep>; 2] {
    let with = |step: &&LessonStep| !matches!(step.condition, StepCondition::Without(_));
    let without = |step: &&LessonStep| !matches!(step.condition, StepCondition::With(_));
    [
        lesson.steps.iter().filter(with).collect(),
        lesson.steps.iter().filter(without).collect(),
    ]
}

/// Iterates over the actions of a step, each with its repetition from 1.
fn each_action(step: &'static LessonStep) -> impl Iterator<Item = (&'static LabAction, u8)> {
    step.actions
        .iter()
        .flat_map(|action| (1..=action.times).map(move |n| (action, n)))
}

/// Returns the port names that the `n`-th repetition of an action assigns.
fn port_names_given(action: &LabAction, n: u8) -> Vec<String> {
    match action.call {
        Call::PickFourPorts(name) => (1..=4).map(|n| name.numbered(n)).collect(),
        _ => action
            .port_name
            .iter()
            .map(|name| name.numbered(n))
            .collect(),
    }
}

/// The socket that a call creates, requires or closes.
enum SocketUse {
    Creates(LabName),
    Requires(LabName),
    Closes(LabName),
    None,
}

fn socket_use(call: Call) -> SocketUse {
    match call {
        Call::Socket { new_socket, .. } => SocketUse::Creates(new_socket),
        Call::Accept { new_socket, .. } => SocketUse::Creates(new_socket),
        Call::Close(name) | Call::Abort(name) => SocketUse::Closes(name),
        Call::SetOption(name, _)
        | Call::Bind(name, _)
        | Call::Listen(name, _)
        | Call::Connect(name, ..)
        | Call::Send(name, _)
        | Call::SendTo(name, ..)
        | Call::Recv(name, _)
        | Call::FillSendBuffer(name)
        | Call::DrainToEof(name)
        | Call::Shutdown(name)
        | Call::Poll(name)
        | Call::Spawn(_, name) => SocketUse::Requires(name),
        Call::Kill(..) | Call::PickFourPorts(_) => SocketUse::None,
    }
}

#[test]
fn fourteen_lessons_in_order_after_their_prerequisites() {
    let numbers: Vec<u8> = LESSONS.iter().map(|lesson| lesson.number).collect();
    assert_eq!(numbers, (1..=14).collect::<Vec<u8>>());
    for lesson in LESSONS {
        assert!(
            lesson
                .prerequisites
                .iter()
                .all(|before| *before < lesson.number)
        );
        assert!(lesson.steps.len() >= 4, "{}", lesson.title);
    }
}

#[test]
fn processes_and_sockets_exist_before_they_are_used() {
    for lesson in LESSONS {
        for playthrough in playthroughs(lesson) {
            let mut roles: BTreeSet<LabRole> = lesson.roles.iter().copied().collect();
            roles.insert(LabRole::Portolan);
            let mut open: BTreeSet<(LabRole, String)> = BTreeSet::new();
            for (action, n) in playthrough.iter().flat_map(|step| each_action(step)) {
                let place = format!("lesson {}: {}", lesson.number, action.call.text(n));
                assert!(roles.contains(&action.role), "{place}");
                let socket = |name: LabName| (action.role, name.numbered(n));
                match socket_use(action.call) {
                    SocketUse::Creates(name) => assert!(open.insert(socket(name)), "{place}"),
                    SocketUse::Requires(name) => assert!(open.contains(&socket(name)), "{place}"),
                    SocketUse::Closes(name) => assert!(open.remove(&socket(name)), "{place}"),
                    SocketUse::None => {}
                }
                if let Call::Accept { listener, .. } = action.call {
                    assert!(open.contains(&socket(listener)), "{place}");
                }
                if let Call::Spawn(child, _) = action.call {
                    roles.insert(child);
                }
            }
        }
    }
}

#[test]
fn port_names_are_defined_before_they_are_used() {
    for lesson in LESSONS {
        for playthrough in playthroughs(lesson) {
            let mut names: BTreeSet<String> = BTreeSet::new();
            for step in playthrough {
                for (action, n) in each_action(step) {
                    let place = format!("lesson {}: {}", lesson.number, action.call.text(n));
                    let known = |port: LabPort| match port {
                        LabPort::Named(name) => names.contains(&name.numbered(n)),
                        LabPort::Ephemeral | LabPort::Fixed(_) => true,
                    };
                    match action.call {
                        Call::Bind(_, to) | Call::Connect(_, to, _) | Call::SendTo(_, to, _) => {
                            assert!(known(to.port), "{place}");
                        }
                        Call::SetOption(_, SocketOption::LocalPortRange(name)) => {
                            assert!(names.contains(&name.numbered(1)), "{place}");
                        }
                        _ => {}
                    }
                    names.extend(port_names_given(action, n));
                }
                for pattern in step.expected_rows {
                    for n in 1..=pattern.times {
                        let mut unknown = pattern.port_names().map(|name| name.numbered(n));
                        let unknown = unknown.find(|name| !names.contains(name));
                        assert_eq!(unknown, None, "lesson {}: {}", lesson.number, step.title);
                    }
                }
            }
        }
    }
}

#[test]
fn labs_stay_small_and_on_loopback() {
    for lesson in LESSONS {
        for step in lesson.steps {
            let rows: u32 = step
                .expected_rows
                .iter()
                .map(|row| u32::from(row.times))
                .sum();
            assert!(rows <= 60, "lesson {}: {}", lesson.number, step.title);
            for action in step.actions {
                let endpoint = match action.call {
                    Call::Bind(_, endpoint) | Call::Connect(_, endpoint, _) => endpoint,
                    Call::SendTo(_, endpoint, _) => endpoint,
                    _ => continue,
                };
                let is_bind = matches!(action.call, Call::Bind(..));
                let address = endpoint.address;
                let is_local = address.is_loopback() || (is_bind && address.is_unspecified());
                assert!(is_local, "lesson {}: {}", lesson.number, action.text());
            }
        }
    }
}
