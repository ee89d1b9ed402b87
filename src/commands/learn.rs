//! `portolan learn`: opens, lists or checks the lessons.
//!
//! A check runs the lessons and compares every row with what they say; the result is also the exit
//! status.

#[cfg(target_os = "linux")]
mod check;

use std::io;
use std::io::Write;

use super::config::Config;
use super::dashboard;
use crate::commands::args::command_args::LearnArgs;
use crate::lessons::Lesson;
use crate::lessons::catalog::{LESSONS, lesson_by_number};
use crate::runtime::console::{can_draw_dashboard, terminal_width};
use crate::runtime::exit::{Exit, Failure};
use crate::runtime::progress_file;
use crate::text::wrap;

/// Runs `portolan learn`.
///
/// # Errors
/// Returns a usage error for an unknown lesson, the error of writing the output, or a failure of the
/// lab.
pub(crate) fn run(learn: &LearnArgs, config: Config) -> Result<Exit, Failure> {
    let chosen = match learn.lesson {
        Some(number) => Some(lesson_by_number(number).ok_or_else(|| unknown_lesson(number))?),
        None => None,
    };
    if learn.reset {
        return reset_progress();
    }
    if learn.list {
        return print_list(chosen);
    }
    if learn.check {
        learn.common.init_log()?;
        return check(chosen, learn);
    }
    if !can_draw_dashboard() {
        return Err(Failure::Usage(
            "the lessons need a terminal; --list and --check work without one".into(),
        ));
    }
    dashboard::run_lessons(learn, chosen, config)
}

/// Deletes the saved progress.
fn reset_progress() -> Result<Exit, Failure> {
    let existed = progress_file::reset().map_err(Failure::Progress)?;
    let message = match existed {
        true => "progress reset",
        false => "no progress to reset",
    };
    writeln!(io::stdout(), "{message}").map_err(Failure::Output)?;
    Ok(Exit::Success)
}

fn unknown_lesson(number: u8) -> Failure {
    let numbers = LESSONS.iter().map(|lesson| lesson.number);
    let (first, last) = (numbers.clone().min(), numbers.max());
    Failure::Usage(format!(
        "there is no lesson {number}; the lessons are {} to {} (portolan learn --list)",
        first.unwrap_or(0),
        last.unwrap_or(0)
    ))
}

/// Maximum line width, for readability.
const MAX_WIDTH: usize = 100;

/// Minimum line width, however narrow the terminal is.
const MIN_WIDTH: usize = 20;

/// Width of the column with the lesson numbers.
const INDENT: usize = 4;

fn print_list(chosen: Option<&'static Lesson>) -> Result<Exit, Failure> {
    let width = terminal_width()
        .unwrap_or(MAX_WIDTH)
        .clamp(MIN_WIDTH, MAX_WIDTH);
    let mut out = io::stdout().lock();
    let mut print = || -> io::Result<()> {
        for lesson in LESSONS {
            if chosen.is_some_and(|chosen| chosen != lesson) {
                continue;
            }
            writeln!(out, "{:2}  {}", lesson.number, lesson.title)?;
            for line in wrap::wrap(lesson.idea, width - INDENT) {
                writeln!(out, "{:INDENT$}{line}", "")?;
            }
        }
        out.flush()
    };
    print().map_err(Failure::Output)?;
    Ok(Exit::Success)
}

#[cfg(target_os = "linux")]
fn check(chosen: Option<&'static Lesson>, learn: &LearnArgs) -> Result<Exit, Failure> {
    check::check(chosen, learn.common.source_kind())
}

#[cfg(not(target_os = "linux"))]
fn check(_: Option<&'static Lesson>, _: &LearnArgs) -> Result<Exit, Failure> {
    Err(Failure::Usage("the labs of the lessons need Linux".into()))
}
