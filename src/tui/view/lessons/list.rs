//! The list of lessons.

use crate::lessons::entries::{LessonEntry, lesson_entries};
use crate::lessons::progress::LessonProgress;
use crate::text::width::{truncate, width};
use crate::text::wrap::wrap;
use crate::tui::state::lessons::LessonsState;
use crate::tui::view::screen::{StyledLine, Tone};

/// The number of questions in a quiz.
const QUIZ_LENGTH: u8 = 5;

/// Draws the list on `height` lines, with a description of the selected entry below.
pub(crate) fn lesson_list(lessons: &LessonsState, total: usize, height: usize) -> Vec<StyledLine> {
    let mut out = vec![StyledLine::new(" LESSONS", Tone::Heading)];
    let done = lessons.progress.done.len();
    let count = lesson_entries()
        .filter(|entry| matches!(entry, LessonEntry::Lesson(_)))
        .count();
    if let Some(head) = out.first_mut() {
        head.push_right_aligned(
            StyledLine::new(format!("{} of {count} done ", done.min(count)), Tone::Dim),
            total,
        );
    }
    if let Some(error) = &lessons.save_error {
        let lines = wrap(error, total.saturating_sub(2)).into_iter();
        out.extend(lines.map(|line| StyledLine::new(format!(" {line}"), Tone::Warning)));
    }
    let below = entry_description(lessons, total);
    let room = height.saturating_sub(out.len() + below.len()).max(1);
    let all: Vec<LessonEntry> = lesson_entries().collect();
    let first = (lessons.selected + 1).saturating_sub(room);
    for (index, entry) in all.iter().enumerate().skip(first).take(room) {
        let mut line = self::entry_line(*entry, &lessons.progress, total);
        line.selected = index == lessons.selected;
        out.push(line);
    }
    out.resize(height.saturating_sub(below.len()), StyledLine::default());
    out.extend(below);
    out.truncate(height);
    out
}

fn entry_line(entry: LessonEntry, progress: &LessonProgress, total: usize) -> StyledLine {
    let mut line = StyledLine::default();
    match entry {
        LessonEntry::Lesson(lesson) => {
            let (sign, tone, word) = progress_mark(lesson.number, progress);
            line.push(format!("  {sign} "), tone);
            line.push(format!("{:>2}  ", lesson.number), Tone::Dim);
            line.push(
                truncate(lesson.title, total.saturating_sub(10 + width(word))),
                Tone::Plain,
            );
            line.push_right_aligned(StyledLine::new(format!("{word} "), Tone::Dim), total);
        }
        LessonEntry::Quiz(number) => {
            let right = progress.quizzes.get(&number);
            let (sign, tone) = match right {
                None => (" ", Tone::Plain),
                Some(&QUIZ_LENGTH) => ("✓", Tone::Opened),
                Some(_) => ("·", Tone::Changed),
            };
            line.push(format!("  {sign} "), tone);
            line.push("    ", Tone::Plain);
            line.push(quiz_title(number), Tone::Accent);
            let word = right.map_or(String::new(), |right| {
                format!("{right} of {QUIZ_LENGTH} right ")
            });
            line.push_right_aligned(StyledLine::new(word, Tone::Dim), total);
        }
    }
    line
}

/// Returns the title of the quiz after lesson `after`.
pub(crate) fn quiz_title(after: u8) -> String {
    let first = crate::lessons::entries::QUIZ_AFTER_LESSONS
        .iter()
        .rev()
        .find(|before| **before < after);
    let first = first.map_or(1, |before| before + 1);
    format!("Quiz on lessons {first} to {after}")
}

fn progress_mark(number: u8, progress: &LessonProgress) -> (&'static str, Tone, &'static str) {
    if progress.done.contains(&number) {
        ("✓", Tone::Opened, "done")
    } else if progress.started.contains(&number) {
        ("·", Tone::Changed, "started")
    } else {
        (" ", Tone::Plain, "")
    }
}

/// Returns a rule and the description of the selected entry.
fn entry_description(lessons: &LessonsState, total: usize) -> Vec<StyledLine> {
    let text = match lesson_entries().nth(lessons.selected) {
        Some(LessonEntry::Lesson(lesson)) => {
            let after: Vec<String> = lesson
                .prerequisites
                .iter()
                .map(ToString::to_string)
                .collect();
            let after = match after.split_last() {
                None => String::new(),
                Some((last, [])) => format!(" Best after lesson {last}."),
                Some((last, before)) => {
                    format!(" Best after lessons {} and {last}.", before.join(", "))
                }
            };
            format!("{}{after}", lesson.idea)
        }
        Some(LessonEntry::Quiz(_)) => format!(
            "{QUIZ_LENGTH} questions about a lab of its own; the port numbers differ each time."
        ),
        None => String::new(),
    };
    let mut out = vec![StyledLine::new("─".repeat(total), Tone::Dim)];
    let lines = wrap(&text, total.saturating_sub(2)).into_iter();
    out.extend(lines.map(|line| StyledLine::new(format!(" {line}"), Tone::Plain)));
    out
}
