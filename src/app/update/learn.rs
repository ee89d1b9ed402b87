//! The lessons: which page follows which, and what is asked of the lab and of the model.

mod keys;
mod sitting;

use std::sync::Arc;
use std::time::Duration;

use super::{App, Effect};
use crate::app::shelf::Unkept;
use crate::app::tutor::{News, Order};
use crate::query::{Filter, Folds, Grouping, Narrow, Order as SortOrder};
use crate::teach::lessons::{Lesson, Truth};
use crate::teach::{Exam, Marked, Progress};
use crate::view::course::{Course, Entry, Kind, LabStage, Opened, Sitting, Stage, entries};
use crate::view::{Details, Feed, FilterLine, Look, Mode};

/// The time between two looks in a lesson: what was done is seen at once.
const INTERVAL: Duration = Duration::from_millis(250);

/// Samples after which rows that the kernel forgets by itself are not waited for any more.
const LATER: u32 = 6;

/// What the chart was before a lesson, and what is needed besides the course.
#[derive(Default)]
pub(super) struct Learner {
    progress: Progress,
    /// A word on the file it is kept in.
    word: Option<String>,
    /// Why it cannot be kept.
    unkept: Option<String>,
    /// Numbers for labs and exams, none given twice.
    number: u64,
    /// What is to be marked, and after which sample.
    exam: Option<(Exam, u64)>,
    /// The chart as it was.
    chart: Option<Chart>,
}

/// What of the chart a lesson changes.
struct Chart {
    filter: Arc<Filter>,
    line: FilterLine,
    narrow: Narrow,
    grouping: Grouping,
    orders: [SortOrder; 5],
    folds: Folds,
    interval: Duration,
}

impl App {
    /// Takes up how far the learner is, and a word on it.
    pub fn knows_progress(&mut self, progress: &Progress, word: Option<String>) {
        self.learner.progress.join(progress);
        self.learner.word = word;
        let Some(course) = &mut self.view.course else {
            return;
        };
        // Whoever has moved already is not moved back.
        let untouched = course.chosen == next_entry(&course.progress);
        course.progress = self.learner.progress.clone();
        if matches!(course.opened, Opened::List) && untouched {
            course.chosen = next_entry(&course.progress);
        }
        if let Some(word) = self.learner.word.take() {
            self.say(word);
        }
    }

    /// Takes up that something cannot be kept, or can be again.
    pub fn unkept(&mut self, what: Unkept, word: Option<String>) {
        if what == Unkept::Progress {
            self.learner.unkept.clone_from(&word);
            if let Some(course) = &mut self.view.course {
                course.unkept.clone_from(&word);
            }
        }
        if let Some(word) = word {
            self.say(word);
        }
    }

    /// Opens the lessons, at the first that is not done, or in one.
    pub fn learn(&mut self, lesson: Option<&'static Lesson>) -> Vec<Effect> {
        if self.view.playback.is_some() {
            self.say("lessons are on this machine's sockets, and this is a recording");
            return Vec::new();
        }
        let progress = self.learner.progress.clone();
        self.view.course = Some(Course {
            chosen: next_entry(&progress),
            progress,
            unkept: self.learner.unkept.clone(),
            opened: Opened::List,
        });
        self.view.mode = Mode::Browse;
        if let Some(word) = self.learner.word.take() {
            self.say(word);
        }
        match lesson {
            Some(lesson) => self.sit(Entry::Lesson(lesson)),
            None => Vec::new(),
        }
    }

    /// Whether a lesson or a quiz is open.
    pub(super) fn is_sitting(&self) -> bool {
        let course = self.view.course.as_ref();
        course.is_some_and(|course| course.sitting().is_some())
    }

    /// What is to be marked by the rows.
    pub(super) fn exam(&self) -> Option<Exam> {
        self.learner.exam.as_ref().map(|(exam, _)| exam.clone())
    }

    /// Begins a lesson or a quiz.
    fn sit(&mut self, entry: Entry) -> Vec<Effect> {
        self.learner.number += 1;
        let number = self.learner.number;
        let (kind, lesson) = match entry {
            Entry::Lesson(lesson) => (Kind::Lesson, lesson),
            Entry::Quiz(after) => {
                let Some(lesson) = super::quiz::lab_for(after) else {
                    return Vec::new();
                };
                (Kind::Quiz { after, right: 0 }, lesson)
            }
        };
        let Some(course) = &mut self.view.course else {
            return Vec::new();
        };
        course.chosen = entries().position(|e| e == entry).unwrap_or(course.chosen);
        course.opened = Opened::Sitting(Box::new(Sitting::begin(lesson, kind, number)));
        self.learner.exam = None;
        let mut effects = vec![Effect::Lab(number, Order::Open(lesson))];
        if kind == Kind::Lesson {
            self.learner.progress.begin(lesson.number);
            effects.push(self.keep_progress());
        }
        effects.extend(self.clear_table());
        effects
    }

    /// The chart of a lesson: one socket a row, and only the lab's.
    fn clear_table(&mut self) -> Vec<Effect> {
        let view = &mut self.view;
        if self.learner.chart.is_none() {
            self.learner.chart = Some(Chart {
                filter: Arc::clone(&self.filter),
                line: view.filter.clone(),
                narrow: view.narrow,
                grouping: view.grouping,
                orders: view.orders,
                folds: view.folds.clone(),
                interval: view.interval,
            });
        }
        view.narrow = Narrow::default();
        view.grouping = Grouping::Sockets;
        view.orders = Grouping::EVERY.map(Grouping::usual_order);
        view.folds = Folds::everything_open();
        view.details = Details::Brief;
        view.look = Look::Words;
        view.feed = Feed::Live;
        view.interval = view.interval.min(INTERVAL);
        let interval = view.interval;
        let mut effects = self.show_lab();
        effects.push(Effect::SetInterval(interval));
        effects
    }

    /// Filters for the rows of the lab; while it has no port, for what its processes have.
    fn show_lab(&mut self) -> Vec<Effect> {
        let sitting = self.view.course.as_ref().and_then(Course::sitting);
        let Some(sitting) = sitting else {
            return Vec::new();
        };
        let ports = sitting.cast.port_set();
        let ports: Vec<String> = ports
            .ranges()
            .iter()
            .map(|range| match range.first == range.last {
                true => range.first.to_string(),
                false => format!("{}-{}", range.first, range.last),
            })
            .collect();
        let text = match ports.is_empty() {
            true => sitting::processes(sitting),
            false => format!("port:{}", ports.join(",")),
        };
        // What the learner typed for himself stays.
        if text == self.view.filter.text {
            return Vec::new();
        }
        self.replace_filter(text)
    }

    /// Takes up what the lab did.
    pub fn lab_told(&mut self, number: u64, news: News) -> Vec<Effect> {
        let samples = self.answer.as_ref().map_or(0, |a| a.moment.number);
        let sitting = self.view.course.as_mut().and_then(Course::sitting_mut);
        let Some(sitting) = sitting.filter(|sitting| sitting.number == number) else {
            return Vec::new();
        };
        match news {
            News::Failed(why) => {
                sitting.lab = LabStage::Failed(why);
                Vec::new()
            }
            News::Ready(turns, cast) => {
                (sitting.turns, sitting.cast, sitting.lab) = (turns, cast, LabStage::Ready);
                self.show_lab()
            }
            News::Performed { made, last, cast } => {
                (sitting.calls, sitting.cast, sitting.lab) = (made, cast, LabStage::Ready);
                sitting.last = last;
                let mut effects = self.show_lab();
                self.go_to_top();
                effects.extend(self.examine(samples));
                self.keep_cursor_visible();
                effects
            }
        }
    }

    /// Has the answers marked by a sample that is taken from now on.
    fn examine(&mut self, samples: u64) -> Vec<Effect> {
        let sitting = self.view.course.as_mut().and_then(Course::sitting_mut);
        let Some(sitting) = sitting else {
            return Vec::new();
        };
        let Some(step) = sitting.step() else {
            return Vec::new();
        };
        sitting.stage = Stage::Watching;
        (sitting.waited, sitting.scroll, sitting.marked) = (0, 0, None);
        let questions = match sitting.kind {
            Kind::Lesson => &sitting.questions[..],
            Kind::Quiz { .. } => {
                let here = sitting.question..sitting.question + 1;
                sitting.questions.get(here).unwrap_or_default()
            }
        };
        self.learner.number += 1;
        let exam = Exam {
            number: self.learner.number,
            cast: Arc::clone(&sitting.cast),
            lesson: sitting.lesson,
            step,
            given: questions
                .iter()
                .copied()
                .zip(sitting.given.iter().copied())
                .collect(),
            last: sitting.last,
        };
        self.learner.exam = Some((exam, samples));
        vec![Effect::Ask, Effect::LookNow]
    }

    /// Takes up what the kernel says.
    pub(super) fn marked(&mut self, marked: Marked) -> Vec<Effect> {
        let Some((exam, samples)) = &self.learner.exam else {
            return Vec::new();
        };
        // What was sampled before the calls were made says nothing of them.
        if exam.number != marked.number || marked.moment <= *samples {
            return Vec::new();
        }
        let sitting = self.view.course.as_mut().and_then(Course::sitting_mut);
        let Some(sitting) = sitting.filter(|s| s.stage == Stage::Watching) else {
            return Vec::new();
        };
        // What is asked in a quiz is told by the rows that are there, whichever they are by now.
        let answered = sitting.is_quiz() && !marked.judgements.is_empty();
        let later = sitting.waited >= LATER && marked.later.is_empty();
        let stands = marked.differences.is_empty() || later || answered;
        sitting.marked = Some(marked);
        if !stands {
            sitting.waited = sitting.waited.saturating_add(1);
            return Vec::new();
        }
        self.learner.exam = None;
        self.show_verdict();
        vec![Effect::Ask]
    }

    /// The answers beside the kernel's; what it means, where nothing was asked.
    fn show_verdict(&mut self) {
        let sitting = self.view.course.as_mut().and_then(Course::sitting_mut);
        let Some(sitting) = sitting else { return };
        sitting.scroll = 0;
        let judgements = sitting.marked.iter().flat_map(|m| &m.judgements);
        let count = judgements.clone().count();
        let all_right = judgements.clone().all(|j| j.truth == Truth::Right);
        sitting.stage = match (&mut sitting.kind, count) {
            // The lab is as it should be: now it can be asked about.
            (Kind::Quiz { .. }, 0) => Stage::Ask,
            (Kind::Quiz { right, .. }, _) => {
                *right += u8::from(all_right);
                Stage::Verdict
            }
            (Kind::Lesson, 0) => Stage::Meaning,
            (Kind::Lesson, _) => Stage::Verdict,
        };
    }

    fn keep_progress(&mut self) -> Effect {
        let progress = self.learner.progress.clone();
        if let Some(course) = &mut self.view.course {
            course.progress = progress.clone();
        }
        Effect::KeepProgress(Box::new(progress))
    }

    /// Ends the lab and gives the chart back.
    fn leave_sitting(&mut self) -> Vec<Effect> {
        self.learner.exam = None;
        let mut effects = vec![Effect::Lab(self.learner.number, Order::Close)];
        if let Some(course) = &mut self.view.course {
            course.opened = Opened::List;
        }
        if let Some(chart) = self.learner.chart.take() {
            let view = &mut self.view;
            self.filter = chart.filter;
            view.filter = chart.line;
            view.narrow = chart.narrow;
            view.grouping = chart.grouping;
            view.orders = chart.orders;
            view.folds = chart.folds;
            view.interval = chart.interval;
            view.look = Look::Words;
            view.feed = Feed::Live;
            effects.extend([Effect::SetInterval(view.interval), Effect::Ask]);
        }
        effects
    }

    /// Begins the next step; after the last one the lesson is over.
    fn next_turn(&mut self) -> Vec<Effect> {
        let sitting = self.view.course.as_mut().and_then(Course::sitting_mut);
        let Some(sitting) = sitting else {
            return Vec::new();
        };
        sitting.turn += 1;
        if sitting.turn < sitting.turns.len() {
            sitting.enter_turn();
            return Vec::new();
        }
        sitting.turn = sitting.turns.len().saturating_sub(1);
        self.finish()
    }

    /// The lesson, or the quiz, is over.
    pub(super) fn finish(&mut self) -> Vec<Effect> {
        let sitting = self.view.course.as_mut().and_then(Course::sitting_mut);
        let Some(sitting) = sitting else {
            return Vec::new();
        };
        (sitting.stage, sitting.scroll) = (Stage::End, 0);
        let number = sitting.number;
        match sitting.kind {
            Kind::Lesson => self.learner.progress.finish(sitting.lesson.number),
            Kind::Quiz { after, right } => self.learner.progress.answered(after, right),
        }
        vec![self.keep_progress(), Effect::Lab(number, Order::Close)]
    }

    /// What follows the entry that is over.
    fn next_lesson(&mut self) -> Vec<Effect> {
        let chosen = self.view.course.as_ref().map_or(0, |course| course.chosen);
        let next = entries().nth(chosen + 1);
        let mut effects = self.leave_sitting();
        if let Some(entry) = next {
            effects.extend(self.sit(entry));
        }
        effects
    }

    /// The same again, with a new lab.
    fn again(&mut self) -> Vec<Effect> {
        let course = self.view.course.as_ref();
        let entry = course.and_then(|course| {
            course.sitting()?;
            entries().nth(course.chosen)
        });
        entry.map_or_else(Vec::new, |entry| self.sit(entry))
    }
}

/// The entry a learner goes on with.
fn next_entry(progress: &Progress) -> usize {
    let open = |entry: Entry| match entry {
        Entry::Lesson(lesson) => !progress.done.contains(&lesson.number),
        Entry::Quiz(_) => false,
    };
    entries().position(open).unwrap_or(0)
}
