//! `portolan learn --check`: plays lessons without a screen and compares every row.
//!
//! In: lessons. Out: a line a step, on stdout: what was done, what was seen. One lesson by itself is
//! told in full. Exit status 0 where all was as the lessons say, 1 where it was not.

use std::collections::BTreeMap;
use std::io;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use crate::history::TrackedSocket;
use crate::lessons::catalog::LESSONS;
use crate::lessons::lab::LabSampler;
use crate::lessons::lab::executed_call::ExecutedCall;
use crate::lessons::lab::executor::Lab;
use crate::lessons::{Call, Capability, LabRole, Lesson, LessonStep, lab_row_text};
use crate::net::snapshot::SourceKind;
use crate::net::socket::Transport;
use crate::runtime::console::print_stderr;
use crate::runtime::exit::{Exit, Failure};
use crate::text::units;

/// How long the rows may take to become what they must be, on a machine that has much else to do.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(30);

/// How much is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verbosity {
    /// A line a step.
    Brief,
    /// Every call and every row.
    Full,
}

/// How often a lesson is played anew when a stranger took one of its ports.
const MAX_ATTEMPTS: usize = 5;

/// Plays one lesson, or all.
pub(crate) fn check(
    chosen: Option<&'static Lesson>,
    source: Option<SourceKind>,
) -> Result<Exit, Failure> {
    let verbosity = match chosen {
        Some(_) => Verbosity::Full,
        None => Verbosity::Brief,
    };
    let lessons: Vec<&'static Lesson> = match chosen {
        Some(lesson) => vec![lesson],
        None => LESSONS.iter().collect(),
    };
    let mut held = 0;
    for lesson in &lessons {
        if check_lesson(lesson, verbosity, source)? == CheckOutcome::AsDescribed {
            held += 1;
        }
    }
    warn_incomplete_source(source)?;
    let count = units::pluralize(lessons.len(), "lesson", "lessons");
    print_line(&format!("{held} of {count} as described")).map_err(Failure::Output)?;
    Ok(match held == lessons.len() {
        true => Exit::Success,
        false => Exit::Negative,
    })
}

/// Says where not everything could be compared.
fn warn_incomplete_source(source: Option<SourceKind>) -> Result<(), Failure> {
    let kind = LabSampler::open(source)?.source_kind();
    if kind != SourceKind::SockDiag {
        print_stderr(format_args!(
            "{kind} does not tell everything, such as a listener's backlog: what it does not tell was not compared"
        ));
    }
    Ok(())
}

/// What came of a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CheckOutcome {
    /// All was as the lesson says.
    AsDescribed,
    /// Something was not.
    Failed,
    /// It could not be told: somebody else took a port.
    Disturbed,
}

fn check_lesson(
    lesson: &'static Lesson,
    verbosity: Verbosity,
    source: Option<SourceKind>,
) -> Result<CheckOutcome, Failure> {
    print_line(&format!("{:2}  {}", lesson.number, lesson.title)).map_err(Failure::Output)?;
    for _ in 1..MAX_ATTEMPTS {
        match LessonCheck::open(lesson, verbosity, source)?.run(lesson)? {
            CheckOutcome::Disturbed => {
                let text = "    --  another program took the port; once more";
                print_line(text).map_err(Failure::Output)?;
            }
            outcome => return Ok(outcome),
        }
    }
    Ok(CheckOutcome::Failed)
}

fn print_line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// A lesson in play.
struct LessonCheck {
    lab: Lab,
    verbosity: Verbosity,
}

/// What was seen after a step.
struct StepReport {
    /// The rows by state: `1 LISTEN, 6 ESTABLISHED`.
    states: String,
    /// Each row.
    rows: Vec<String>,
    /// What is not as it must be.
    mismatches: Vec<String>,
}

impl LessonCheck {
    fn open(
        lesson: &'static Lesson,
        verbosity: Verbosity,
        source: Option<SourceKind>,
    ) -> Result<Self, Failure> {
        let lab = Lab::open(Lab::this_program(), lesson, source)?;
        Ok(Self { lab, verbosity })
    }

    fn run(mut self, lesson: &'static Lesson) -> Result<CheckOutcome, Failure> {
        for step in lesson.steps {
            if let Some(capability) = self.lab.capabilities().missing(step.condition) {
                self.print_missing(step, capability)
                    .map_err(Failure::Output)?;
                continue;
            }
            if !self.lab.capabilities().allows(step.condition) {
                continue;
            }
            let done = self.lab.run_step(step)?;
            if done.iter().any(ExecutedCall::port_was_taken) {
                return Ok(CheckOutcome::Disturbed);
            }
            let report = self.check_step(step, &done)?;
            self.print_step(step, &done, &report)
                .map_err(Failure::Output)?;
            if !report.mismatches.is_empty() {
                // What comes after rests on it.
                return Ok(CheckOutcome::Failed);
            }
        }
        Ok(CheckOutcome::AsDescribed)
    }

    fn check_step(
        &mut self,
        step: &'static LessonStep,
        done: &[ExecutedCall],
    ) -> Result<StepReport, Failure> {
        let unexpected = done.iter().filter(|done| !done.is_expected());
        let mut mismatches: Vec<String> = unexpected.map(unexpected_text).collect();
        // Rows cannot become right any more where a call went wrong.
        let timeout = match mismatches.is_empty() {
            true => SETTLE_TIMEOUT,
            false => Duration::ZERO,
        };
        let settled = self.lab.wait_for_rows(step, done.last(), timeout)?;
        let lab_names = self.lab.lab_names();
        let rows = settled.sample.rows(lab_names);
        mismatches.extend(settled.mismatches.iter().map(ToString::to_string));
        Ok(StepReport {
            states: state_counts(&rows),
            rows: rows
                .iter()
                .map(|row| lab_row_text(row, lab_names))
                .collect(),
            mismatches,
        })
    }

    fn print_step(
        &self,
        step: &'static LessonStep,
        done: &[ExecutedCall],
        report: &StepReport,
    ) -> io::Result<()> {
        let mark = match report.mismatches.is_empty() {
            true => "ok ",
            false => "NOT",
        };
        print_line(&format!("    {mark} {}: {}", step.title, report.states))?;
        if self.verbosity == Verbosity::Full || !report.mismatches.is_empty() {
            for done in done {
                print_line(&format!("          {}", self.call_text(done)))?;
            }
            for row in &report.rows {
                print_line(&format!("        = {row}"))?;
            }
        }
        for trouble in &report.mismatches {
            print_line(&format!("        ! {trouble}"))?;
        }
        Ok(())
    }

    /// `lab-server: bind(l, 127.0.0.1:0) … works, P = 41233`.
    fn call_text(&self, done: &ExecutedCall) -> String {
        let actor: LabRole = done.action.role;
        let names: Vec<String> = match done.action.call {
            Call::PickFourPorts(name) => (1..=4).map(|n| name.numbered(n)).collect(),
            _ => done
                .action
                .port_name
                .map(|name| name.numbered(done.n))
                .into_iter()
                .collect(),
        };
        let named: String = names
            .iter()
            .filter_map(|name| Some(format!(", {name} = {}", self.lab.lab_names().port(name)?)))
            .collect();
        let text = done.action.call.text(done.n);
        let fd_text = done.socket.filter(|_| done.action.call.creates_socket());
        let fd_text = fd_text.map(|s| format!(", descriptor {} = socket:[{}]", s.fd, s.inode));
        format!(
            "{actor}: {text}: {}{}{named}",
            done.actual,
            fd_text.unwrap_or_default(),
        )
    }

    fn print_missing(&self, step: &'static LessonStep, capability: Capability) -> io::Result<()> {
        let text = format!(
            "    --  {}: not shown: {}",
            step.title,
            capability.missing_reason()
        );
        print_line(&text)
    }
}

fn unexpected_text(done: &ExecutedCall) -> String {
    format!(
        "{}: {}: {}, wanted: {}",
        done.action.role,
        done.action.call.text(done.n),
        done.actual,
        done.action.expected
    )
}

/// `1 LISTEN, 6 ESTABLISHED`.
fn state_counts(rows: &[&Arc<TrackedSocket>]) -> String {
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
