//! The list of lessons.

use super::{Course, Entry, entries};
use crate::teach::Progress;
use crate::view::cells::{cut, width, wrap};
use crate::view::screen::{Line, Tone};

/// Questions of a quiz.
const QUESTIONS: u8 = 5;

/// The list, on `height` lines; what it says of the entry under the cursor stands below.
pub(in crate::view) fn list(course: &Course, total: usize, height: usize) -> Vec<Line> {
    let mut out = vec![Line::of(" LESSONS", Tone::Heading)];
    let done = course.progress.done.len();
    let count = entries()
        .filter(|entry| matches!(entry, Entry::Lesson(_)))
        .count();
    if let Some(head) = out.first_mut() {
        head.push_right(
            Line::of(format!("{} of {count} done ", done.min(count)), Tone::Dim),
            total,
        );
    }
    if let Some(word) = &course.unkept {
        let lines = wrap(word, total.saturating_sub(2)).into_iter();
        out.extend(lines.map(|line| Line::of(format!(" {line}"), Tone::Warning)));
    }
    let below = about(course, total);
    let room = height.saturating_sub(out.len() + below.len()).max(1);
    let all: Vec<Entry> = entries().collect();
    let first = (course.chosen + 1).saturating_sub(room);
    for (index, entry) in all.iter().enumerate().skip(first).take(room) {
        let mut line = self::entry(*entry, &course.progress, total);
        line.selected = index == course.chosen;
        out.push(line);
    }
    out.resize(height.saturating_sub(below.len()), Line::default());
    out.extend(below);
    out.truncate(height);
    out
}

fn entry(entry: Entry, progress: &Progress, total: usize) -> Line {
    let mut line = Line::default();
    match entry {
        Entry::Lesson(lesson) => {
            let (sign, tone, word) = standing(lesson.number, progress);
            line.push(format!("  {sign} "), tone);
            line.push(format!("{:>2}  ", lesson.number), Tone::Dim);
            line.push(
                cut(lesson.title, total.saturating_sub(10 + width(word))),
                Tone::Plain,
            );
            line.push_right(Line::of(format!("{word} "), Tone::Dim), total);
        }
        Entry::Quiz(number) => {
            let right = progress.quizzes.get(&number);
            let (sign, tone) = match right {
                None => (" ", Tone::Plain),
                Some(&QUESTIONS) => ("✓", Tone::Opened),
                Some(_) => ("·", Tone::Changed),
            };
            line.push(format!("  {sign} "), tone);
            line.push("    ", Tone::Plain);
            line.push(title_of_quiz(number), Tone::Accent);
            let word = right.map_or(String::new(), |right| {
                format!("{right} of {QUESTIONS} right ")
            });
            line.push_right(Line::of(word, Tone::Dim), total);
        }
    }
    line
}

/// What a quiz is called.
pub(super) fn title_of_quiz(after: u8) -> String {
    let first = super::QUIZZES.iter().rev().find(|before| **before < after);
    let first = first.map_or(1, |before| before + 1);
    format!("Quiz on lessons {first} to {after}")
}

fn standing(number: u8, progress: &Progress) -> (&'static str, Tone, &'static str) {
    if progress.done.contains(&number) {
        ("✓", Tone::Opened, "done")
    } else if progress.begun.contains(&number) {
        ("·", Tone::Changed, "begun")
    } else {
        (" ", Tone::Plain, "")
    }
}

/// A rule, and what the entry under the cursor is about.
fn about(course: &Course, total: usize) -> Vec<Line> {
    let text = match entries().nth(course.chosen) {
        Some(Entry::Lesson(lesson)) => {
            let after: Vec<String> = lesson.after.iter().map(ToString::to_string).collect();
            let after = match after.split_last() {
                None => String::new(),
                Some((last, [])) => format!(" Best after lesson {last}."),
                Some((last, before)) => {
                    format!(" Best after lessons {} and {last}.", before.join(", "))
                }
            };
            format!("{}{after}", lesson.idea)
        }
        Some(Entry::Quiz(_)) => format!(
            "{QUESTIONS} questions on a lab of its own, in which the numbers are new each time."
        ),
        None => String::new(),
    };
    let mut out = vec![Line::of("─".repeat(total), Tone::Dim)];
    let lines = wrap(&text, total.saturating_sub(2)).into_iter();
    out.extend(lines.map(|line| Line::of(format!(" {line}"), Tone::Plain)));
    out
}
