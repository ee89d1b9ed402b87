//! `portolan learn --check`: plays lessons without a screen and compares every row.
//!
//! In: lessons. Out: a line a step, on stdout: what was done, what was seen. One lesson by itself is
//! told in full. Exit status 0 where all was as the lessons say, 1 where it was not.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use crate::app::exit::{Exit, Failure};
use crate::app::lab::{Done, Lab, Table};
use crate::app::print::say;
use crate::history::Tracked;
use crate::quantity;
use crate::snapshot::SourceKind;
use crate::socket::Transport;
use crate::teach::lessons::{Ability, Actor, Call, LESSONS, Lesson, Step, say_row};

/// How long the rows may take to become what they must be, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Telling {
    /// A line a step.
    Short,
    /// Every call and every row.
    Full,
}

/// How often a lesson is played anew when a stranger took one of its ports.
const PLAYS: usize = 5;

/// Plays one lesson, or all.
pub(super) fn check(
    chosen: Option<&'static Lesson>,
    source: Option<SourceKind>,
) -> Result<Exit, Failure> {
    let telling = match chosen {
        Some(_) => Telling::Full,
        None => Telling::Short,
    };
    let lessons: Vec<&'static Lesson> = match chosen {
        Some(lesson) => vec![lesson],
        None => LESSONS.iter().collect(),
    };
    let mut held = 0;
    for lesson in &lessons {
        if play(lesson, telling, source)? == Verdict::Held {
            held += 1;
        }
    }
    remark(source)?;
    let count = quantity::count(lessons.len(), "lesson", "lessons");
    line(&format!("{held} of {count} as described")).map_err(Failure::Output)?;
    Ok(match held == lessons.len() {
        true => Exit::Done,
        false => Exit::No,
    })
}

/// Says where not everything could be compared.
fn remark(source: Option<SourceKind>) -> Result<(), Failure> {
    let kind = Table::open(source)?.kind();
    if kind != SourceKind::SockDiag {
        say(format_args!(
            "{kind} does not tell everything, such as a listener's backlog: what it does not tell was not compared"
        ));
    }
    Ok(())
}

/// What came of a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// All was as the lesson says.
    Held,
    /// Something was not.
    Failed,
    /// It could not be told: somebody else took a port.
    Disturbed,
}

fn play(
    lesson: &'static Lesson,
    telling: Telling,
    source: Option<SourceKind>,
) -> Result<Verdict, Failure> {
    line(&format!("{:2}  {}", lesson.number, lesson.title)).map_err(Failure::Output)?;
    for _ in 1..PLAYS {
        match Played::open(lesson, telling, source)?.play(lesson)? {
            Verdict::Disturbed => {
                let text = "    --  another program took the port; once more";
                line(text).map_err(Failure::Output)?;
            }
            verdict => return Ok(verdict),
        }
    }
    Ok(Verdict::Failed)
}

fn line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// A lesson in play.
struct Played {
    lab: Lab,
    telling: Telling,
}

/// What was seen after a step.
struct Found {
    /// The rows by state: `1 LISTEN, 6 ESTABLISHED`.
    states: String,
    /// Each row.
    rows: Vec<String>,
    /// What is not as it must be.
    troubles: Vec<String>,
}

impl Played {
    fn open(
        lesson: &'static Lesson,
        telling: Telling,
        source: Option<SourceKind>,
    ) -> Result<Self, Failure> {
        let lab = Lab::open(Lab::this_program(), lesson, source)?;
        Ok(Self { lab, telling })
    }

    fn play(mut self, lesson: &'static Lesson) -> Result<Verdict, Failure> {
        for step in lesson.steps {
            if let Some(ability) = self.lab.abilities().lack(step.shown) {
                self.tell_lack(step, ability).map_err(Failure::Output)?;
                continue;
            }
            if !self.lab.abilities().allow(step.shown) {
                continue;
            }
            let done = self.lab.perform(step)?;
            if done.iter().any(Done::met_a_stranger) {
                return Ok(Verdict::Disturbed);
            }
            let found = self.compare(step, &done)?;
            self.tell(step, &done, &found).map_err(Failure::Output)?;
            if !found.troubles.is_empty() {
                // What comes after rests on it.
                return Ok(Verdict::Failed);
            }
        }
        Ok(Verdict::Held)
    }

    fn compare(&mut self, step: &'static Step, done: &[Done]) -> Result<Found, Failure> {
        let unexpected = done.iter().filter(|done| !done.is_as_expected());
        let mut troubles: Vec<String> = unexpected.map(say_unexpected).collect();
        // Rows cannot become right any more where a call went wrong.
        let patience = match troubles.is_empty() {
            true => PATIENCE,
            false => Duration::ZERO,
        };
        let settled = self.lab.settle(step, done.last(), patience)?;
        let cast = self.lab.cast();
        let rows = settled.seen.rows(cast);
        troubles.extend(settled.troubles.iter().map(ToString::to_string));
        Ok(Found {
            states: states(&rows),
            rows: rows.iter().map(|row| say_row(row, cast)).collect(),
            troubles,
        })
    }

    fn tell(&self, step: &'static Step, done: &[Done], found: &Found) -> io::Result<()> {
        let mark = match found.troubles.is_empty() {
            true => "ok ",
            false => "NOT",
        };
        line(&format!("    {mark} {}: {}", step.title, found.states))?;
        if self.telling == Telling::Full || !found.troubles.is_empty() {
            for done in done {
                line(&format!("          {}", self.say_done(done)))?;
            }
            for row in &found.rows {
                line(&format!("        = {row}"))?;
            }
        }
        for trouble in &found.troubles {
            line(&format!("        ! {trouble}"))?;
        }
        Ok(())
    }

    /// `lab-server: bind(l, 127.0.0.1:0) … works, P = 41233`.
    fn say_done(&self, done: &Done) -> String {
        let actor: Actor = done.deed.actor;
        let names: Vec<String> = match done.deed.call {
            Call::ChooseFour(name) => (1..=4).map(|n| name.nth(n)).collect(),
            _ => done
                .deed
                .names
                .map(|name| name.nth(done.n))
                .into_iter()
                .collect(),
        };
        let named: String = names
            .iter()
            .filter_map(|name| Some(format!(", {name} = {}", self.lab.cast().port(name)?)))
            .collect();
        let text = done.deed.call.text(done.n);
        let made = done.socket.filter(|_| done.deed.call.makes_socket());
        let made = made.map(|s| format!(", descriptor {} = socket:[{}]", s.descriptor, s.inode));
        format!(
            "{actor}: {text}: {}{}{named}",
            done.happened,
            made.unwrap_or_default(),
        )
    }

    fn tell_lack(&self, step: &'static Step, ability: Ability) -> io::Result<()> {
        let text = format!("    --  {}: not shown: {}", step.title, ability.lack());
        line(&text)
    }
}

fn say_unexpected(done: &Done) -> String {
    format!(
        "{}: {}: {}, wanted: {}",
        done.deed.actor,
        done.deed.call.text(done.n),
        done.happened,
        done.deed.outcome
    )
}

/// `1 LISTEN, 6 ESTABLISHED`.
fn states(rows: &[&Arc<Tracked>]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        let state = match row.socket.transport {
            Transport::Tcp(state) => state.name(),
            Transport::Udp => "UDP",
        };
        *counts.entry(state).or_default() += 1;
    }
    match counts.is_empty() {
        true => "no row".to_owned(),
        false => {
            let parts = counts.iter().map(|(state, n)| format!("{n} {state}"));
            parts.collect::<Vec<_>>().join(", ")
        }
    }
}
