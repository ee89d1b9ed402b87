//! `portolan learn --check`: plays lessons without a screen and compares every row.
//!
//! In: lessons. Out: a line a step, on stdout: what was done, what was seen. One lesson by itself is
//! told in full. Exit status 0 where all was as the lessons say, 1 where it was not.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::app::exit::{Exit, Failure};
use crate::app::lab::{Done, Lab};
use crate::quantity;
use crate::snapshot::SourceKind;
use crate::socket::Transport;
use crate::teach::lessons::{
    Ability, Actor, Form, LESSONS, Lesson, Scene, Step, differences, say_row,
};

/// How long the rows may take to become what they must be: a lost SYN is sent again after one
/// second, then two, then four.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(15);

/// How much is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Telling {
    /// A line a step.
    Short,
    /// Every call and every row.
    Full,
}

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
        let mut played = Played {
            lab: Lab::open(Lab::this_program(), lesson, source)?,
            telling,
            troubles: 0,
        };
        played.play(lesson)?;
        if played.troubles == 0 {
            held += 1;
        }
    }
    let lessons = quantity::count(lessons.len(), "lesson", "lessons");
    line(&format!("{held} of {lessons} as described")).map_err(Failure::Output)?;
    Ok(match lessons.starts_with(&format!("{held} ")) {
        true => Exit::Done,
        false => Exit::No,
    })
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
    troubles: usize,
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
    fn play(&mut self, lesson: &'static Lesson) -> Result<(), Failure> {
        line(&format!("{:2}  {}", lesson.number, lesson.title)).map_err(Failure::Output)?;
        for step in lesson.steps {
            if let Some(ability) = self.lab.abilities().lack(step.shown) {
                self.tell_lack(step, ability).map_err(Failure::Output)?;
                continue;
            }
            if !self.lab.abilities().allow(step.shown) {
                continue;
            }
            let done = self.lab.perform(step)?;
            let unexpected = done.iter().filter(|done| !done.is_as_expected());
            let mut troubles: Vec<String> = unexpected.map(say_unexpected).collect();
            let mut found = match troubles.is_empty() {
                true => self.compare(step, done.last())?,
                false => self.look(step, done.last())?,
            };
            troubles.append(&mut found.troubles);
            found.troubles = troubles;
            self.tell(step, &done, &found).map_err(Failure::Output)?;
            if !found.troubles.is_empty() {
                // What comes after rests on it.
                self.troubles += 1;
                break;
            }
        }
        Ok(())
    }

    /// Looks until the rows are what they must be, or the time is up.
    fn compare(&mut self, step: &'static Step, last: Option<&Done>) -> Result<Found, Failure> {
        let until = Instant::now() + PATIENCE;
        loop {
            let is_last = Instant::now() >= until;
            let found = self.look(step, last)?;
            if found.troubles.is_empty() || is_last {
                return Ok(found);
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn look(&mut self, step: &'static Step, last: Option<&Done>) -> Result<Found, Failure> {
        let seen = self.lab.look()?;
        let cast = self.lab.cast();
        let scene = Scene {
            cast,
            rows: seen.rows(cast),
            last: last.map(|done| done.happened),
        };
        let mut troubles: Vec<String> = differences(step.rows, cast, &scene.rows)
            .iter()
            .map(ToString::to_string)
            .collect();
        let mut demand = |measure, right, what: &str| {
            let seen = scene.count(measure);
            if seen != right {
                troubles.push(format!("{what}: seen {seen}, wanted {right}"));
            }
        };
        for claim in step.claims {
            demand(claim.measure, claim.is, &scene.fill(claim.what));
        }
        for question in step.questions {
            if let Form::Number { measure, right, .. } = question.form {
                demand(measure, right, &scene.fill(question.text));
            }
        }
        Ok(Found {
            states: states(&scene),
            rows: scene.rows.iter().map(|row| say_row(row, cast)).collect(),
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
        let named = done.deed.names.map(|name| name.nth(done.n));
        let named = named.and_then(|name| {
            let port = self.lab.cast().port(&name)?;
            Some(format!(", {name} = {port}"))
        });
        format!(
            "{actor}: {}: {}{}",
            done.deed.call.text(done.n),
            done.happened,
            named.unwrap_or_default()
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
fn states(scene: &Scene<'_>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &scene.rows {
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
