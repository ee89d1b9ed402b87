//! `portolan learn`: the lessons, as a list and as a check.
//!
//! In: which lesson. Out: what there is to learn, or whether everything the lessons say can be seen
//! on this machine, in words and in the exit status.

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

/// Lists, checks, or teaches.
///
/// # Errors
/// A number that is no lesson's, an output that cannot be written, a lab that cannot go on.
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
            "the lessons need a terminal; --list tells them, --check tries them without one".into(),
        ));
    }
    dashboard::run_lessons(learn, chosen, config)
}

/// Forgets how far the learner is.
fn reset_progress() -> Result<Exit, Failure> {
    let existed = progress_file::reset().map_err(Failure::Progress)?;
    let word = match existed {
        true => "your progress is forgotten",
        false => "there was no progress to forget",
    };
    writeln!(io::stdout(), "{word}").map_err(Failure::Output)?;
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

/// The longest line that is easily read.
const MAX_WIDTH: usize = 100;
/// No narrower, however narrow the terminal says it is.
const MIN_WIDTH: usize = 20;
/// The numbers stand in this many columns.
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
    Err(Failure::Usage(
        "the labs hold sockets in their states by means that only Linux has".into(),
    ))
}
