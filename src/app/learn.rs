//! `portolan learn`: the lessons, as a list and as a check.
//!
//! In: which lesson. Out: what there is to learn, or whether everything the lessons say can be seen
//! on this machine, in words and in the exit status.

#[cfg(target_os = "linux")]
mod check;

use std::io::{self, Write};

use crate::app::cli::{Learn, draws};
use crate::app::config::Config;
use crate::app::exit::{Exit, Failure};
use crate::app::print::terminal_width;
use crate::app::{feed, progress};
use crate::teach::lessons::{LESSONS, Lesson, lesson};
use crate::text;

/// Lists, checks, or teaches.
///
/// # Errors
/// A number that is no lesson's, an output that cannot be written, a lab that cannot go on.
pub(super) fn learn(learn: &Learn, config: Config) -> Result<Exit, Failure> {
    let chosen = match learn.lesson {
        Some(number) => Some(lesson(number).ok_or_else(|| none_such(number))?),
        None => None,
    };
    if learn.reset {
        return forget();
    }
    if learn.list {
        return list(chosen);
    }
    if learn.check {
        learn.common.start_log()?;
        return check(chosen, learn);
    }
    if !draws() {
        return Err(Failure::Usage(
            "the lessons need a terminal; --list tells them, --check tries them without one".into(),
        ));
    }
    feed::lessons(learn, chosen, config)
}

/// Forgets how far the learner is.
fn forget() -> Result<Exit, Failure> {
    let forgotten = progress::reset().map_err(Failure::Progress)?;
    let word = match forgotten {
        true => "your progress is forgotten",
        false => "there was no progress to forget",
    };
    writeln!(io::stdout(), "{word}").map_err(Failure::Output)?;
    Ok(Exit::Done)
}

fn none_such(number: u8) -> Failure {
    let numbers = LESSONS.iter().map(|lesson| lesson.number);
    let (first, last) = (numbers.clone().min(), numbers.max());
    Failure::Usage(format!(
        "there is no lesson {number}; the lessons are {} to {} (portolan learn --list)",
        first.unwrap_or(0),
        last.unwrap_or(0)
    ))
}

/// The longest line that is easily read.
const WIDTH: usize = 100;
/// No narrower, however narrow the terminal says it is.
const NARROWEST: usize = 20;
/// The numbers stand in this many columns.
const INDENT: usize = 4;

fn list(chosen: Option<&'static Lesson>) -> Result<Exit, Failure> {
    let width = terminal_width().unwrap_or(WIDTH).clamp(NARROWEST, WIDTH);
    let mut out = io::stdout().lock();
    let mut print = || -> io::Result<()> {
        for lesson in LESSONS {
            if chosen.is_some_and(|chosen| chosen != lesson) {
                continue;
            }
            writeln!(out, "{:2}  {}", lesson.number, lesson.title)?;
            for line in text::wrap(lesson.idea, width - INDENT) {
                writeln!(out, "{:INDENT$}{line}", "")?;
            }
        }
        out.flush()
    };
    print().map_err(Failure::Output)?;
    Ok(Exit::Done)
}

#[cfg(target_os = "linux")]
fn check(chosen: Option<&'static Lesson>, learn: &Learn) -> Result<Exit, Failure> {
    check::check(chosen, learn.common.source())
}

#[cfg(not(target_os = "linux"))]
fn check(_: Option<&'static Lesson>, _: &Learn) -> Result<Exit, Failure> {
    Err(Failure::Usage(
        "the labs hold sockets in their states by means that only Linux has".into(),
    ))
}
