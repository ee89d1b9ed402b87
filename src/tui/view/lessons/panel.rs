//! The panel of a lesson: the idea, the questions, the calls, the feedback, the explanation.

use super::list::quiz_title;
use super::panel_page::PanelPage;
use crate::lessons::grading::fill_port_names;
use crate::lessons::lab_messages::{CallResult, SessionStep};
use crate::lessons::{ActualResult, AnswerFormat, Correctness, GradedAnswer, LearnerAnswer};
use crate::text::width::{truncate, width};
use crate::tui::state::lessons::{
    LabStatus, LessonsState, MAX_WAIT_SAMPLES, Session, SessionKind, SessionPhase,
};
use crate::tui::state::view_state::DisplayMode;
use crate::tui::view::screen::{StyledLine, Tone};

/// The minimum width for long forms such as `step 2 of 4`.
const WIDE_PANEL: usize = 60;

/// The maximum width of text: longer lines are hard to read.
const MAX_LINE_WIDTH: usize = 90;

/// Draws the panel on exactly `height` lines: a rule with the title, and the page.
pub(crate) fn lesson_panel(
    lessons: &LessonsState,
    display_mode: DisplayMode,
    total: usize,
    height: usize,
) -> Vec<StyledLine> {
    let Some(session) = lessons.session() else {
        return Vec::new();
    };
    let mut out = vec![title_rule(session, total)];
    let page = panel_page(session, display_mode, total);
    let room = height.saturating_sub(1);
    let scroll = session.scroll.min(page.len().saturating_sub(room));
    let left = page.len().saturating_sub(scroll + room);
    out.extend(page.into_iter().skip(scroll).take(room));
    if left > 0
        && let Some(last) = out.last_mut()
    {
        *last = StyledLine::new(format!(" … {} more lines: PgDn", left + 1), Tone::Accent);
    }
    out.resize(height, StyledLine::default());
    out
}

/// Returns the number of lines that the whole panel needs.
pub(crate) fn panel_height(
    lessons: &LessonsState,
    display_mode: DisplayMode,
    total: usize,
) -> usize {
    let session = lessons.session();
    let lines = session.map(|session| panel_page(session, display_mode, total).len());
    lines.map_or(0, |lines| lines + 1)
}

fn title_rule(session: &Session, total: usize) -> StyledLine {
    let title = match session.kind {
        SessionKind::Lesson => format!("{} {}", session.lesson.number, session.lesson.title),
        SessionKind::Quiz { after, .. } => quiz_title(after),
    };
    let place = |what: &str, index: usize, of: usize| match total < WIDE_PANEL {
        true => format!("{}/{of}", index + 1),
        false => format!("{what} {} of {of}", index + 1),
    };
    let place = match (session.kind, session.phase) {
        _ if session.background.is_some() => "why".to_owned(),
        (SessionKind::Quiz { .. }, SessionPhase::Question | SessionPhase::Feedback) => {
            place("question", session.question_index, session.questions.len())
        }
        (SessionKind::Quiz { .. }, _) | (_, SessionPhase::Intro | SessionPhase::End) => {
            String::new()
        }
        _ => place("step", session.step_index, session.steps.len()),
    };
    let mut line = StyledLine::new("── ", Tone::Dim);
    let room = total.saturating_sub(9 + width(&place));
    line.push(truncate(&title, room), Tone::Strong);
    line.push(" ", Tone::Plain);
    let tail = match place.is_empty() {
        true => String::new(),
        false => format!(" {place} ─"),
    };
    let rest = total.saturating_sub(line.width() + width(&tail));
    line.push("─".repeat(rest), Tone::Dim);
    line.push(tail, Tone::Dim);
    line
}

fn panel_page(session: &Session, display_mode: DisplayMode, total: usize) -> Vec<StyledLine> {
    let mut page = PanelPage {
        lines: Vec::new(),
        width_limit: total.min(MAX_LINE_WIDTH),
        display_mode,
    };
    if let Some(why) = &session.background {
        page.push_facts(why);
        return page.lines;
    }
    match session.phase {
        SessionPhase::Intro => push_intro(&mut page, session),
        SessionPhase::Question => push_question(&mut page, session),
        SessionPhase::Ready => push_ready(&mut page, session),
        SessionPhase::WaitingForRows => push_waiting(&mut page, session),
        SessionPhase::Feedback => push_feedback(&mut page, session),
        SessionPhase::Explanation => push_explanation(&mut page, session),
        SessionPhase::Unavailable => push_unavailable(&mut page, session),
        SessionPhase::End => push_end(&mut page, session),
    }
    if let LabStatus::Failed(why) = &session.lab {
        page.push_blank();
        page.push_text(&format!("The lab has stopped: {why}"), Tone::Error);
        page.push_text("Press a to restart the lesson.", Tone::Plain);
    }
    page.lines
}

fn push_intro(page: &mut PanelPage, session: &Session) {
    if let SessionKind::Quiz { .. } = session.kind {
        page.push_text(
            "Five questions. A lab with new port numbers is set up; the table shows its sockets, \
             and the kernel decides which answers are right.",
            Tone::Plain,
        );
    } else {
        page.push_text(session.lesson.idea, Tone::Strong);
        if !session.lesson.misconceptions.is_empty() {
            page.push_blank();
            page.push_text("Common misconceptions:", Tone::Dim);
            for belief in session.lesson.misconceptions {
                page.push_hanging("“", belief, "”", Tone::Plain);
            }
        }
        page.push_blank();
        page.push_text(
            "Predict what will happen. Then two small processes make the calls, with real sockets \
             on this machine, and the table shows the result.",
            Tone::Plain,
        );
    }
    page.push_blank();
    match session.lab {
        LabStatus::Starting => page.push_text("Setting up the lab …", Tone::Dim),
        LabStatus::Ready | LabStatus::Busy => page.push_key_hint("Enter", "begins"),
        LabStatus::Failed(_) => {}
    }
}

fn push_question(page: &mut PanelPage, session: &Session) {
    let Some(question) = session.current_question() else {
        return;
    };
    let what = match session.kind {
        SessionKind::Lesson => "What do you think?",
        SessionKind::Quiz { .. } => match question.answer_format {
            AnswerFormat::Number { .. } => "Look at the table.",
            AnswerFormat::Choices(_) => "What do you remember?",
        },
    };
    page.push_text(what, Tone::Dim);
    page.push_text(
        &fill_port_names(question.text, &session.lab_names),
        Tone::Strong,
    );
    match question.answer_format {
        AnswerFormat::Number { .. } => {
            let mut line = StyledLine::new(" a number: ", Tone::Plain);
            line.push(format!("{}▏", session.input), Tone::Accent);
            page.lines.push(line);
        }
        AnswerFormat::Choices(choices) => {
            for (index, choice) in choices.iter().enumerate() {
                let digit = (index + 1).to_string();
                let chosen = session.input == digit;
                let tone = if chosen { Tone::Accent } else { Tone::Plain };
                let sign = if chosen { "›" } else { " " };
                let text = fill_port_names(choice.text, &session.lab_names);
                page.push_hanging(&format!("{sign}{digit}  "), &text, "", tone);
            }
        }
    }
    match (session.input_error, question.answer_format) {
        (Some(wrong), _) => page.push_text(wrong, Tone::Warning),
        (None, AnswerFormat::Number { .. }) => {
            page.push_text("Type a number, then Enter.", Tone::Dim);
        }
        (None, AnswerFormat::Choices(_)) => page.push_text("Press a digit, then Enter.", Tone::Dim),
    }
    for hint in question.hints.iter().take(session.hints_shown) {
        page.push_hanging(
            "Hint: ",
            &fill_port_names(hint, &session.lab_names),
            "",
            Tone::Inference,
        );
    }
}

fn push_ready(page: &mut PanelPage, session: &Session) {
    let Some(step) = session.step() else { return };
    page.push_text(step.title, Tone::Strong);
    for action in step.actions {
        let call = with_port_numbers(&action.call.text(1), session);
        let text = match action.times {
            1 => call,
            times => format!("{call} … {times} times"),
        };
        page.push_hanging(&format!("{}  ", action.role), &text, "", Tone::Plain);
    }
    match session.lab {
        LabStatus::Ready => page.push_key_hint("Enter", "makes these calls"),
        LabStatus::Starting | LabStatus::Busy => page.push_text("The lab is busy …", Tone::Dim),
        LabStatus::Failed(_) => {}
    }
}

fn push_waiting(page: &mut PanelPage, session: &Session) {
    push_results(page, session);
    match session.lab {
        LabStatus::Busy => page.push_text("Making the calls …", Tone::Dim),
        LabStatus::Starting => page.push_text("Setting up the lab …", Tone::Dim),
        LabStatus::Ready if session.samples_waited < MAX_WAIT_SAMPLES => {
            page.push_text("Done. Waiting for the table to show it …", Tone::Dim);
        }
        LabStatus::Ready => {
            page.push_text(
                "The table does not show what was expected. This machine may be busy, or it may \
                 behave differently.",
                Tone::Warning,
            );
            let differences = session.grade.iter().flat_map(|grade| &grade.mismatches);
            for difference in differences.take(4) {
                page.push_hanging("· ", &difference.to_string(), "", Tone::Warning);
            }
            page.push_key_hint("Enter", "continues anyway, a restarts");
        }
        LabStatus::Failed(_) => {}
    }
}

fn push_feedback(page: &mut PanelPage, session: &Session) {
    // An audience has just seen them.
    let calls = match (session.kind, page.display_mode) {
        (SessionKind::Lesson, DisplayMode::Normal) => call_lines(session, page),
        _ => Vec::new(),
    };
    let (before, after) = split_calls(calls);
    page.lines.extend(before);
    let graded_answers = || session.grade.iter().flat_map(|grade| &grade.answers);
    let push_proof = |page: &mut PanelPage, graded_answer: &GradedAnswer| {
        page.push_hanging("  ", &graded_answer.proof, "", Tone::Plain);
    };
    for graded_answer in graded_answers() {
        let (sign, tone) = match graded_answer.correctness {
            Correctness::Correct => ("✓ ", Tone::Opened),
            Correctness::Incorrect => ("✗ ", Tone::Error),
        };
        if page.display_mode == DisplayMode::Normal {
            page.push_blank();
        }
        page.push_hanging(sign, &feedback_text(graded_answer, session), "", tone);
        if page.display_mode == DisplayMode::Normal {
            push_proof(page, graded_answer);
        }
    }
    // An audience first reads what was right, and sees the proof in the table.
    if page.display_mode == DisplayMode::Presentation {
        graded_answers().for_each(|graded_answer| push_proof(page, graded_answer));
    }
    page.push_blank();
    page.lines.extend(after);
}

/// Returns the learner's answer beside the kernel's. Quiz questions about ideas have no answer in
/// the table.
fn feedback_text(graded_answer: &GradedAnswer, session: &Session) -> String {
    match (
        session.kind,
        session.answers.last(),
        graded_answer.correctness,
    ) {
        (SessionKind::Quiz { .. }, Some(LearnerAnswer::Choice(choice)), Correctness::Correct) => {
            format!("You said: {}. Right.", choice.text)
        }
        (SessionKind::Quiz { .. }, Some(LearnerAnswer::Choice(choice)), Correctness::Incorrect) => {
            format!("You said: {}. Wrong.", choice.text)
        }
        _ => graded_answer.message.clone(),
    }
}

fn push_explanation(page: &mut PanelPage, session: &Session) {
    let calls = match session.questions.is_empty() {
        true => call_lines(session, page),
        false => Vec::new(),
    };
    let (before, after) = split_calls(calls);
    page.lines.extend(before);
    page.push_blank();
    if let Some(grade) = &session.grade {
        page.push_facts(&grade.step_explanation);
    }
    page.push_blank();
    page.lines.extend(after);
}

/// Returns the lines of the calls and their results.
fn call_lines(session: &Session, page: &PanelPage) -> Vec<StyledLine> {
    let mut page = PanelPage {
        lines: Vec::new(),
        ..*page
    };
    push_results(&mut page, session);
    page.lines
}

/// With more calls than this, the feedback comes first, so that it stays on the screen.
const MAX_CALLS_BEFORE: usize = 6;

/// Splits the calls into those before and those after the feedback: all in one of the two.
fn split_calls(calls: Vec<StyledLine>) -> (Vec<StyledLine>, Vec<StyledLine>) {
    match calls.len() {
        ..=MAX_CALLS_BEFORE => (calls, Vec::new()),
        _ => (Vec::new(), calls),
    }
}

fn push_unavailable(page: &mut PanelPage, session: &Session) {
    if let Some(SessionStep::Unavailable(step, why)) = session.steps.get(session.step_index) {
        page.push_text(step.title, Tone::Strong);
        page.push_blank();
        page.push_text(
            &format!("This machine can't demonstrate this step: {why}."),
            Tone::Unknown,
        );
    }
}

fn push_end(page: &mut PanelPage, session: &Session) {
    if let SessionKind::Quiz { right, .. } = session.kind {
        let of = session.questions.len();
        page.push_text(&format!("{right} of {of} right."), Tone::Strong);
        page.push_blank();
        page.push_key_hint("Enter", "back to the lessons, a: five new questions");
        return;
    }
    page.push_text("What you saw:", Tone::Dim);
    if let Some(grade) = &session.grade {
        page.push_facts(&grade.lesson_explanation);
    }
    page.push_blank();
    page.push_text(
        "Lesson done. Its processes have exited and their sockets are closed. The kernel may keep \
         a connection for up to a minute (TIME-WAIT).",
        Tone::Opened,
    );
    page.push_key_hint("Enter", "next lesson, Esc: the list");
}

/// Appends the calls with their results, one a line; equal calls with equal results share a line.
fn push_results(page: &mut PanelPage, session: &Session) {
    let mut rest = &session.results[..];
    while let Some((first, _)) = rest.split_first() {
        let name = |result: &CallResult| result.call.split('(').next().map(str::to_owned);
        let repeated = rest
            .iter()
            .take_while(|result| {
                result.process == first.process
                    && result.actual == first.actual
                    && syscall_name(&name(result)) == syscall_name(&name(first))
            })
            .count();
        let (here, after) = rest.split_at(repeated);
        rest = after;
        let (outcome, tone) = match first.actual {
            ActualResult::Success => ("ok".to_owned(), Tone::Opened),
            ActualResult::Failed(error) => (error.to_string(), Tone::Warning),
            other => (other.to_string(), Tone::Plain),
        };
        let call = with_port_numbers(&first.call, session);
        let text = match here.len() {
            1 => call,
            times => format!("{call} … {times} times"),
        };
        page.push_call(first.process, &text, &outcome, tone);
        if let Some(expected) = &first.expected {
            page.push_text(&format!("  expected: {expected}"), Tone::Warning);
        }
    }
    push_fd_trail(page, session);
}

/// Replaces the names of ports that are known by now by their numbers: `127.0.0.1:P` becomes
/// `127.0.0.1:41233`.
fn with_port_numbers(call: &str, session: &Session) -> String {
    let mut parts = call.split(':');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_alphanumeric());
        let (name, rest) = part.split_at(end.unwrap_or(part.len()));
        match session.lab_names.port(name) {
            Some(port) => out.push_str(&format!(":{port}{rest}")),
            None => out.push_str(&format!(":{part}")),
        }
    }
    out
}

/// Appends where the fd of the last call leads: the only view of a socket that has no row.
fn push_fd_trail(page: &mut PanelPage, session: &Session) {
    let rowless = session
        .step()
        .is_some_and(|step| step.expected_rows.is_empty());
    if let Some(result) = session.results.last().filter(|_| rowless)
        && let Some(leads) = &result.fd_trail
    {
        page.push_text(&format!("{}'s {leads}", result.process), Tone::Accent);
    }
}

/// Returns the name of the system call: `socket` for both `c1 = socket` and `c2 = socket`.
fn syscall_name(name: &Option<String>) -> Option<&str> {
    let name = name.as_deref()?;
    Some(name.rsplit("= ").next().unwrap_or(name))
}
