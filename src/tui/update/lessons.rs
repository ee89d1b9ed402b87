//! The lessons: the order of pages, and the requests to the lab and to the engine.

mod keys;
mod session;

use std::sync::Arc;
use std::time::Duration;

use super::app::App;
use super::learn_state::SavedView;
use crate::filter::quick_filter::QuickFilter;
use crate::lessons::entries::{LessonEntry, lesson_entries};
use crate::lessons::grading::{Grade, GradeRequest};
use crate::lessons::lab_messages::{LabEvent, LabRequest};
use crate::lessons::progress::LessonProgress;
use crate::lessons::{Correctness, Lesson};
use crate::query::{Folds, Grouping};
use crate::tui::effect::{Effect, StateFile};
use crate::tui::state::lessons::{
    LabStatus, LessonsPage, LessonsState, Session, SessionKind, SessionPhase,
};
use crate::tui::state::pane_mode::PaneMode;
use crate::tui::state::view_state::{DetailsLevel, Mode, TimeMode};

/// The longest sampling interval in a lesson, so that the result of a call shows at once.
const LESSON_INTERVAL: Duration = Duration::from_millis(250);

/// Samples after which rows that the kernel removes by itself, as in TIME-WAIT, may be missing.
const EXPIRY_SAMPLES: u32 = 6;

impl App {
    /// Merges saved progress; shows `warning` if given.
    pub fn set_progress(&mut self, progress: &LessonProgress, warning: Option<String>) {
        self.learner.progress.merge(progress);
        self.learner.progress_warning = warning;
        let Some(lessons) = &mut self.view.lessons else {
            return;
        };
        // A cursor that was moved already stays.
        let untouched = lessons.selected == first_unfinished_entry(&lessons.progress);
        lessons.progress = self.learner.progress.clone();
        if matches!(lessons.page, LessonsPage::List) && untouched {
            lessons.selected = first_unfinished_entry(&lessons.progress);
        }
        if let Some(warning) = self.learner.progress_warning.take() {
            self.set_status(warning);
        }
    }

    /// Notes that a state file cannot be saved, or with `None` that it can again.
    pub fn set_save_error(&mut self, file: StateFile, warning: Option<String>) {
        if file == StateFile::Progress {
            self.learner.save_error.clone_from(&warning);
            if let Some(lessons) = &mut self.view.lessons {
                lessons.save_error.clone_from(&warning);
            }
        }
        if let Some(warning) = warning {
            self.set_status(warning);
        }
    }

    /// Opens the list of lessons at the first unfinished one, or opens `lesson`.
    pub fn open_lessons(&mut self, lesson: Option<&'static Lesson>) -> Vec<Effect> {
        if self.view.playback.is_some() {
            self.set_status("lessons need live sockets; this is a recording");
            return Vec::new();
        }
        let progress = self.learner.progress.clone();
        self.view.lessons = Some(LessonsState {
            selected: first_unfinished_entry(&progress),
            progress,
            save_error: self.learner.save_error.clone(),
            page: LessonsPage::List,
        });
        self.view.mode = Mode::Browse;
        if let Some(warning) = self.learner.progress_warning.take() {
            self.set_status(warning);
        }
        match lesson {
            Some(lesson) => self.start_session(LessonEntry::Lesson(lesson)),
            None => Vec::new(),
        }
    }

    /// Returns whether a lesson or a quiz is open.
    pub(crate) fn is_session_open(&self) -> bool {
        let lessons = self.view.lessons.as_ref();
        lessons.is_some_and(|lessons| lessons.session().is_some())
    }

    /// Returns the pending grade request.
    pub(crate) fn grade_request(&self) -> Option<GradeRequest> {
        self.learner
            .pending_grade
            .as_ref()
            .map(|(grade_request, _)| grade_request.clone())
    }

    /// Starts a lesson or a quiz.
    fn start_session(&mut self, entry: LessonEntry) -> Vec<Effect> {
        self.learner.last_id += 1;
        let number = self.learner.last_id;
        let (kind, lesson) = match entry {
            LessonEntry::Lesson(lesson) => (SessionKind::Lesson, lesson),
            LessonEntry::Quiz(after) => {
                let Some(lesson) = super::quiz::lesson_for_quiz(after) else {
                    return Vec::new();
                };
                (SessionKind::Quiz { after, right: 0 }, lesson)
            }
        };
        let Some(lessons) = &mut self.view.lessons else {
            return Vec::new();
        };
        lessons.selected = lesson_entries()
            .position(|e| e == entry)
            .unwrap_or(lessons.selected);
        lessons.page = LessonsPage::Session(Box::new(Session::new(lesson, kind, number)));
        self.learner.pending_grade = None;
        let mut effects = vec![Effect::Lab(number, LabRequest::Open(lesson))];
        if kind == SessionKind::Lesson {
            self.learner.progress.start_lesson(lesson.number);
            effects.push(self.save_progress());
        }
        effects.extend(self.prepare_lesson_view());
        effects
    }

    /// Sets the view for a lesson: one socket per row, and only those of the lab.
    fn prepare_lesson_view(&mut self) -> Vec<Effect> {
        let view = &mut self.view;
        if self.learner.saved_view.is_none() {
            self.learner.saved_view = Some(SavedView {
                filter: Arc::clone(&self.filter),
                filter_line: view.filter.clone(),
                quick_filter: view.quick_filter,
                grouping: view.grouping,
                sort_orders: view.sort_orders,
                folds: view.folds.clone(),
                interval: view.interval,
            });
        }
        view.quick_filter = QuickFilter::default();
        view.grouping = Grouping::Sockets;
        view.sort_orders = Grouping::LIVE_AND_HISTORY.map(Grouping::default_order);
        view.folds = Folds::all_open();
        view.details = DetailsLevel::Brief;
        view.pane_mode = PaneMode::Text;
        view.time_mode = TimeMode::Live;
        view.interval = view.interval.min(LESSON_INTERVAL);
        let interval = view.interval;
        let mut effects = self.filter_lab_rows();
        effects.push(Effect::SetInterval(interval));
        effects
    }

    /// Filters for the ports of the lab; while it has none, for the sockets of its processes.
    fn filter_lab_rows(&mut self) -> Vec<Effect> {
        let session = self.view.lessons.as_ref().and_then(LessonsState::session);
        let Some(session) = session else {
            return Vec::new();
        };
        let ports = session.lab_names.port_set();
        let ports: Vec<String> = ports
            .ranges()
            .iter()
            .map(|range| match range.first == range.last {
                true => range.first.to_string(),
                false => format!("{}-{}", range.first, range.last),
            })
            .collect();
        let text = match ports.is_empty() {
            true => session::process_filter(session),
            false => format!("port:{}", ports.join(",")),
        };
        // An unchanged filter needs no request.
        if text == self.view.filter.text {
            return Vec::new();
        }
        self.replace_filter(text)
    }

    /// Handles an event of the lab.
    pub fn handle_lab_event(&mut self, number: u64, event: LabEvent) -> Vec<Effect> {
        let samples = self.result.as_ref().map_or(0, |a| a.moment.number);
        let session = self
            .view
            .lessons
            .as_mut()
            .and_then(LessonsState::session_mut);
        let Some(session) = session.filter(|session| session.id == number) else {
            return Vec::new();
        };
        match event {
            LabEvent::Failed(why) => {
                session.lab = LabStatus::Failed(why);
                Vec::new()
            }
            LabEvent::Opened(steps, lab_names) => {
                (session.steps, session.lab_names, session.lab) =
                    (steps, lab_names, LabStatus::Ready);
                self.filter_lab_rows()
            }
            LabEvent::StepsDone {
                results,
                last_result,
                lab_names,
            } => {
                (session.results, session.lab_names, session.lab) =
                    (results, lab_names, LabStatus::Ready);
                session.last_result = last_result;
                let mut effects = self.filter_lab_rows();
                self.go_to_top();
                effects.extend(self.request_grade(samples));
                self.keep_cursor_visible();
                effects
            }
        }
    }

    /// Requests a grade from the first sample after number `samples`.
    fn request_grade(&mut self, samples: u64) -> Vec<Effect> {
        let session = self
            .view
            .lessons
            .as_mut()
            .and_then(LessonsState::session_mut);
        let Some(session) = session else {
            return Vec::new();
        };
        let Some(step) = session.step() else {
            return Vec::new();
        };
        session.phase = SessionPhase::WaitingForRows;
        (session.samples_waited, session.scroll, session.grade) = (0, 0, None);
        let questions = match session.kind {
            SessionKind::Lesson => &session.questions[..],
            SessionKind::Quiz { .. } => {
                let here = session.question_index..session.question_index + 1;
                session.questions.get(here).unwrap_or_default()
            }
        };
        self.learner.last_id += 1;
        let grade_request = GradeRequest {
            id: self.learner.last_id,
            lab_names: Arc::clone(&session.lab_names),
            lesson: session.lesson,
            step,
            answers: questions
                .iter()
                .copied()
                .zip(session.answers.iter().copied())
                .collect(),
            last_result: session.last_result,
        };
        self.learner.pending_grade = Some((grade_request, samples));
        vec![Effect::SendRequest, Effect::SampleNow]
    }

    /// Handles a grade: shows the feedback once the rows are the expected ones.
    pub(crate) fn handle_grade(&mut self, grade: Grade) -> Vec<Effect> {
        let Some((grade_request, samples)) = &self.learner.pending_grade else {
            return Vec::new();
        };
        // A sample from before the calls does not show their result.
        if grade_request.id != grade.request_id || grade.moment_number <= *samples {
            return Vec::new();
        }
        let session = self
            .view
            .lessons
            .as_mut()
            .and_then(LessonsState::session_mut);
        let Some(session) = session.filter(|s| s.phase == SessionPhase::WaitingForRows) else {
            return Vec::new();
        };
        // A quiz question is graded by the current rows, whichever they are.
        let answered = session.is_quiz() && !grade.answers.is_empty();
        let later = session.samples_waited >= EXPIRY_SAMPLES && grade.later_mismatches.is_empty();
        let rows_match = grade.mismatches.is_empty() || later || answered;
        session.grade = Some(grade);
        if !rows_match {
            session.samples_waited = session.samples_waited.saturating_add(1);
            return Vec::new();
        }
        self.learner.pending_grade = None;
        self.show_feedback();
        vec![Effect::SendRequest]
    }

    /// Shows the feedback to the answers; the explanation, if there was no question.
    fn show_feedback(&mut self) {
        let session = self
            .view
            .lessons
            .as_mut()
            .and_then(LessonsState::session_mut);
        let Some(session) = session else { return };
        session.scroll = 0;
        let graded_answers = session.grade.iter().flat_map(|grade| &grade.answers);
        let count = graded_answers.clone().count();
        let all_right = graded_answers
            .clone()
            .all(|graded| graded.correctness == Correctness::Correct);
        session.phase = match (&mut session.kind, count) {
            // The lab is set up: the questions can start.
            (SessionKind::Quiz { .. }, 0) => SessionPhase::Question,
            (SessionKind::Quiz { right, .. }, _) => {
                *right += u8::from(all_right);
                SessionPhase::Feedback
            }
            (SessionKind::Lesson, 0) => SessionPhase::Explanation,
            (SessionKind::Lesson, _) => SessionPhase::Feedback,
        };
    }

    fn save_progress(&mut self) -> Effect {
        let progress = self.learner.progress.clone();
        if let Some(lessons) = &mut self.view.lessons {
            lessons.progress = progress.clone();
        }
        Effect::SaveProgress(Box::new(progress))
    }

    /// Closes the lab and restores the view from before the lesson.
    fn end_session(&mut self) -> Vec<Effect> {
        self.learner.pending_grade = None;
        let mut effects = vec![Effect::Lab(self.learner.last_id, LabRequest::Close)];
        if let Some(lessons) = &mut self.view.lessons {
            lessons.page = LessonsPage::List;
        }
        if let Some(saved_view) = self.learner.saved_view.take() {
            let view = &mut self.view;
            self.filter = saved_view.filter;
            view.filter = saved_view.filter_line;
            view.quick_filter = saved_view.quick_filter;
            view.grouping = saved_view.grouping;
            view.sort_orders = saved_view.sort_orders;
            view.folds = saved_view.folds;
            view.interval = saved_view.interval;
            view.pane_mode = PaneMode::Text;
            view.time_mode = TimeMode::Live;
            effects.extend([Effect::SetInterval(view.interval), Effect::SendRequest]);
        }
        effects
    }

    /// Starts the next step; after the last one, ends the lesson.
    fn next_step(&mut self) -> Vec<Effect> {
        let session = self
            .view
            .lessons
            .as_mut()
            .and_then(LessonsState::session_mut);
        let Some(session) = session else {
            return Vec::new();
        };
        session.step_index += 1;
        if session.step_index < session.steps.len() {
            session.enter_step();
            return Vec::new();
        }
        session.step_index = session.steps.len().saturating_sub(1);
        self.finish_session()
    }

    /// Ends the lesson or quiz and saves the progress.
    pub(crate) fn finish_session(&mut self) -> Vec<Effect> {
        let session = self
            .view
            .lessons
            .as_mut()
            .and_then(LessonsState::session_mut);
        let Some(session) = session else {
            return Vec::new();
        };
        (session.phase, session.scroll) = (SessionPhase::End, 0);
        let number = session.id;
        match session.kind {
            SessionKind::Lesson => self.learner.progress.finish_lesson(session.lesson.number),
            SessionKind::Quiz { after, right } => self.learner.progress.record_quiz(after, right),
        }
        vec![self.save_progress(), Effect::Lab(number, LabRequest::Close)]
    }

    /// Starts the entry after the current one.
    fn start_next_entry(&mut self) -> Vec<Effect> {
        let selected = self
            .view
            .lessons
            .as_ref()
            .map_or(0, |lessons| lessons.selected);
        let next = lesson_entries().nth(selected + 1);
        let mut effects = self.end_session();
        if let Some(entry) = next {
            effects.extend(self.start_session(entry));
        }
        effects
    }

    /// Restarts the lesson or quiz with a new lab.
    fn restart_session(&mut self) -> Vec<Effect> {
        let lessons = self.view.lessons.as_ref();
        let entry = lessons.and_then(|lessons| {
            lessons.session()?;
            lesson_entries().nth(lessons.selected)
        });
        entry.map_or_else(Vec::new, |entry| self.start_session(entry))
    }
}

/// Returns the index of the first lesson that is not done.
fn first_unfinished_entry(progress: &LessonProgress) -> usize {
    let is_unfinished = |entry: LessonEntry| match entry {
        LessonEntry::Lesson(lesson) => !progress.done.contains(&lesson.number),
        LessonEntry::Quiz(_) => false,
    };
    lesson_entries().position(is_unfinished).unwrap_or(0)
}
