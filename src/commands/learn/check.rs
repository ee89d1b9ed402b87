//! `portolan learn --check`: runs lessons without the dashboard and compares every row.
//!
//! Prints one line a step to stdout; for a single lesson also every call and row. Exit status 0 if
//! everything is as the lessons say, else 1.

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

/// How long to wait for the expected rows, on a busy machine.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(30);

/// How much is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verbosity {
    /// One line a step.
    Brief,
    /// Every call and every row.
    Full,
}

/// How often a lesson is run if another program takes one of its ports.
const MAX_ATTEMPTS: usize = 5;

/// Checks one lesson, or all of them.
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
    let mut passed = 0;
    for lesson in &lessons {
        if check_lesson(lesson, verbosity, source)? == CheckOutcome::AsDescribed {
            passed += 1;
        }
    }
    warn_incomplete_source(source)?;
    let count = units::pluralize(lessons.len(), "lesson", "lessons");
    print_line(&format!("{passed} of {count} as described")).map_err(Failure::Output)?;
    Ok(match passed == lessons.len() {
        true => Exit::Success,
        false => Exit::Negative,
    })
}

/// Warns if the source does not report every value, so that some could not be compared.
fn warn_incomplete_source(source: Option<SourceKind>) -> Result<(), Failure> {
    let kind = LabSampler::open(source)?.source_kind();
    if kind != SourceKind::SockDiag {
        print_stderr(format_args!(
            "{kind} does not report everything, such as a listener's backlog: missing values were not compared"
        ));
    }
    Ok(())
}

/// The result of checking a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CheckOutcome {
    /// Everything was as the lesson says.
    AsDescribed,
    /// Something was different.
    Failed,
    /// Undecided: another program took a port.
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
                let text = "    --  another program took the port; retrying";
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

/// A lesson being checked.
struct LessonCheck {
    lab: Lab,
    verbosity: Verbosity,
}

/// What was observed after a step.
struct StepReport {
    /// The rows by state: `1 LISTEN, 6 ESTABLISHED`.
    states: String,
    /// The text of each row.
    rows: Vec<String>,
    /// Differences from what the lesson says.
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
                // Later steps depend on this one.
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
        // After an unexpected call the rows cannot become as expected.
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
        let status = match report.mismatches.is_empty() {
            true => "ok ",
            false => "NOT",
        };
        print_line(&format!("    {status} {}: {}", step.title, report.states))?;
        if self.verbosity == Verbosity::Full || !report.mismatches.is_empty() {
            for done in done {
                print_line(&format!("          {}", self.call_text(done)))?;
            }
            for row in &report.rows {
                print_line(&format!("        = {row}"))?;
            }
        }
        for mismatch in &report.mismatches {
            print_line(&format!("        ! {mismatch}"))?;
        }
        Ok(())
    }

    /// Describes a call: `lab-server: bind(l, 127.0.0.1:0): works, P = 41233`.
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
        let ports_text: String = names
            .iter()
            .filter_map(|name| Some(format!(", {name} = {}", self.lab.lab_names().port(name)?)))
            .collect();
        let text = done.action.call.text(done.n);
        let fd_text = done.socket.filter(|_| done.action.call.creates_socket());
        let fd_text = fd_text.map(|s| format!(", fd {} = socket:[{}]", s.fd, s.inode));
        format!(
            "{actor}: {text}: {}{}{ports_text}",
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
        "{}: {}: {}, expected: {}",
        done.action.role,
        done.action.call.text(done.n),
        done.actual,
        done.action.expected
    )
}

/// Counts rows by state: `1 LISTEN, 6 ESTABLISHED`.
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
