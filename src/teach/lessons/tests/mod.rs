//! The lessons hold together: texts, names, and what is compared with what.

mod matching;
mod texts;

use std::collections::BTreeSet;

use crate::teach::lessons::call::Setting;
use crate::teach::lessons::{Actor, Call, Deed, LESSONS, Lesson, Name, Number, Shown, Step};

/// The steps of a lesson one after the other, as a machine with all abilities shows them, and as one
/// with none does.
fn ways(lesson: &'static Lesson) -> [Vec<&'static Step>; 2] {
    let with = |step: &&Step| !matches!(step.shown, Shown::Without(_));
    let without = |step: &&Step| !matches!(step.shown, Shown::With(_));
    [
        lesson.steps.iter().filter(with).collect(),
        lesson.steps.iter().filter(without).collect(),
    ]
}

/// Every deed, and which time it is.
fn each(step: &'static Step) -> impl Iterator<Item = (&'static Deed, u8)> {
    step.deeds
        .iter()
        .flat_map(|deed| (1..=deed.times).map(move |n| (deed, n)))
}

/// The names of ports that a deed gives.
fn given(deed: &Deed, n: u8) -> Vec<String> {
    match deed.call {
        Call::ChooseFour(name) => (1..=4).map(|n| name.nth(n)).collect(),
        _ => deed.names.iter().map(|name| name.nth(n)).collect(),
    }
}

/// The socket a call is about, and whether it is made, used or given up by it.
enum Use {
    Makes(Name),
    Needs(Name),
    Ends(Name),
    Nothing,
}

fn uses(call: Call) -> Use {
    match call {
        Call::Socket { made, .. } => Use::Makes(made),
        Call::Accept { made, .. } => Use::Makes(made),
        Call::Close(name) | Call::Abort(name) => Use::Ends(name),
        Call::Set(name, _)
        | Call::Bind(name, _)
        | Call::Listen(name, _)
        | Call::Connect(name, ..)
        | Call::Send(name, _)
        | Call::SendTo(name, ..)
        | Call::Receive(name, _)
        | Call::Fill(name)
        | Call::Drain(name)
        | Call::Shutdown(name)
        | Call::Poll(name)
        | Call::Spawn(_, name) => Use::Needs(name),
        Call::Kill(..) | Call::ChooseFour(_) => Use::Nothing,
    }
}

#[test]
fn there_are_fourteen_in_order_and_each_comes_after_what_it_rests_on() {
    let numbers: Vec<u8> = LESSONS.iter().map(|lesson| lesson.number).collect();
    assert_eq!(numbers, (1..=14).collect::<Vec<u8>>());
    for lesson in LESSONS {
        assert!(lesson.after.iter().all(|before| *before < lesson.number));
        assert!(lesson.steps.len() >= 4, "{}", lesson.title);
    }
}

#[test]
fn every_process_and_every_socket_is_there_before_it_is_used() {
    for lesson in LESSONS {
        for way in ways(lesson) {
            let mut actors: BTreeSet<Actor> = lesson.actors.iter().copied().collect();
            actors.insert(Actor::Portolan);
            let mut open: BTreeSet<(Actor, String)> = BTreeSet::new();
            for (deed, n) in way.iter().flat_map(|step| each(step)) {
                let place = format!("lesson {}: {}", lesson.number, deed.call.text(n));
                assert!(actors.contains(&deed.actor), "{place}");
                let socket = |name: Name| (deed.actor, name.nth(n));
                match uses(deed.call) {
                    Use::Makes(name) => assert!(open.insert(socket(name)), "{place}"),
                    Use::Needs(name) => assert!(open.contains(&socket(name)), "{place}"),
                    Use::Ends(name) => assert!(open.remove(&socket(name)), "{place}"),
                    Use::Nothing => {}
                }
                if let Call::Accept { listener, .. } = deed.call {
                    assert!(open.contains(&socket(listener)), "{place}");
                }
                if let Call::Spawn(child, _) = deed.call {
                    actors.insert(child);
                }
            }
        }
    }
}

#[test]
fn every_port_has_a_name_before_it_is_spoken_of() {
    for lesson in LESSONS {
        for way in ways(lesson) {
            let mut names: BTreeSet<String> = BTreeSet::new();
            for step in way {
                for (deed, n) in each(step) {
                    let place = format!("lesson {}: {}", lesson.number, deed.call.text(n));
                    let known = |port: Number| match port {
                        Number::Named(name) => names.contains(&name.nth(n)),
                        Number::Chosen | Number::Fixed(_) => true,
                    };
                    match deed.call {
                        Call::Bind(_, to) | Call::Connect(_, to, _) | Call::SendTo(_, to, _) => {
                            assert!(known(to.port), "{place}");
                        }
                        Call::Set(_, Setting::FourPorts(name)) => {
                            assert!(names.contains(&name.nth(1)), "{place}");
                        }
                        _ => {}
                    }
                    names.extend(given(deed, n));
                }
                for pattern in step.rows {
                    for n in 1..=pattern.each {
                        let mut unknown = pattern.names().map(|name| name.nth(n));
                        let unknown = unknown.find(|name| !names.contains(name));
                        assert_eq!(unknown, None, "lesson {}: {}", lesson.number, step.title);
                    }
                }
            }
        }
    }
}

#[test]
fn labs_stay_small_and_on_this_machine() {
    for lesson in LESSONS {
        for step in lesson.steps {
            let rows: u32 = step.rows.iter().map(|row| u32::from(row.each)).sum();
            assert!(rows <= 60, "lesson {}: {}", lesson.number, step.title);
            for deed in step.deeds {
                let place = match deed.call {
                    Call::Bind(_, place) | Call::Connect(_, place, _) => place,
                    Call::SendTo(_, place, _) => place,
                    _ => continue,
                };
                let is_listening = matches!(deed.call, Call::Bind(..));
                let is_here =
                    place.address.is_loopback() || (is_listening && place.address.is_unspecified());
                assert!(is_here, "lesson {}: {}", lesson.number, deed.text());
            }
        }
    }
}
