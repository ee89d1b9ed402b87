//! The panel of a lesson: the idea, the question, the calls, the answer beside the kernel's, what it
//! means.

use super::list::title_of_quiz;
use super::page::Page;
use super::{Course, Kind, LabStage, Made, PATIENCE, Sitting, Stage, Turn};
use crate::teach::lessons::{Form, Given, Happened, Judgement, Truth};
use crate::teach::named;
use crate::view::cells::{cut, width};
use crate::view::screen::{Line, Tone};
use crate::view::state::Manner;

/// From this width on there is room for every word.
const ROOMY: usize = 60;
/// Longer lines are hard to read.
const READABLE: usize = 90;

/// The panel on exactly `height` lines: a rule with the title, and the page.
pub(in crate::view) fn panel(
    course: &Course,
    manner: Manner,
    total: usize,
    height: usize,
) -> Vec<Line> {
    let Some(sitting) = course.sitting() else {
        return Vec::new();
    };
    let mut out = vec![rule(sitting, total)];
    let page = page(sitting, manner, total);
    let room = height.saturating_sub(1);
    let scroll = sitting.scroll.min(page.len().saturating_sub(room));
    let left = page.len().saturating_sub(scroll + room);
    out.extend(page.into_iter().skip(scroll).take(room));
    if left > 0
        && let Some(last) = out.last_mut()
    {
        *last = Line::of(format!(" … {} more lines: PgDn", left + 1), Tone::Accent);
    }
    out.resize(height, Line::default());
    out
}

/// How many lines the panel would like to have.
pub(in crate::view) fn needed(course: &Course, manner: Manner, total: usize) -> usize {
    let sitting = course.sitting();
    let lines = sitting.map(|sitting| page(sitting, manner, total).len());
    lines.map_or(0, |lines| lines + 1)
}

fn rule(sitting: &Sitting, total: usize) -> Line {
    let title = match sitting.kind {
        Kind::Lesson => format!("{} {}", sitting.lesson.number, sitting.lesson.title),
        Kind::Quiz { after, .. } => title_of_quiz(after),
    };
    let place = |what: &str, index: usize, of: usize| match total < ROOMY {
        true => format!("{}/{of}", index + 1),
        false => format!("{what} {} of {of}", index + 1),
    };
    let place = match (sitting.kind, sitting.stage) {
        _ if sitting.why.is_some() => "why".to_owned(),
        (Kind::Quiz { .. }, Stage::Ask | Stage::Verdict) => {
            place("question", sitting.question, sitting.questions.len())
        }
        (Kind::Quiz { .. }, _) | (_, Stage::Idea | Stage::End) => String::new(),
        _ => place("step", sitting.turn, sitting.turns.len()),
    };
    let mut line = Line::of("── ", Tone::Dim);
    let room = total.saturating_sub(9 + width(&place));
    line.push(cut(&title, room), Tone::Strong);
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

fn page(sitting: &Sitting, manner: Manner, total: usize) -> Vec<Line> {
    let mut page = Page {
        lines: Vec::new(),
        total: total.min(READABLE),
        manner,
    };
    if let Some(why) = &sitting.why {
        page.told(why);
        return page.lines;
    }
    match sitting.stage {
        Stage::Idea => idea(&mut page, sitting),
        Stage::Ask => ask(&mut page, sitting),
        Stage::Ready => ready(&mut page, sitting),
        Stage::Watching => watching(&mut page, sitting),
        Stage::Verdict => verdict(&mut page, sitting),
        Stage::Meaning => meaning(&mut page, sitting),
        Stage::Lacking => lacking(&mut page, sitting),
        Stage::End => end(&mut page, sitting),
    }
    if let LabStage::Failed(why) = &sitting.lab {
        page.gap();
        page.say(&format!("The lab cannot go on: {why}"), Tone::Error);
        page.say("a begins the lesson again.", Tone::Plain);
    }
    page.lines
}

fn idea(page: &mut Page, sitting: &Sitting) {
    if let Kind::Quiz { .. } = sitting.kind {
        page.say(
            "Five questions. A lab with new numbers is set up; the table shows its rows, and the \
             kernel marks your answers.",
            Tone::Plain,
        );
    } else {
        page.say(sitting.lesson.idea, Tone::Strong);
        if !sitting.lesson.dispels.is_empty() {
            page.gap();
            page.say("Many believe something else:", Tone::Dim);
            for belief in sitting.lesson.dispels {
                page.hanging("“", belief, "”", Tone::Plain);
            }
        }
        page.gap();
        page.say(
            "You say what will happen. Then it is done, by two small processes with real sockets on \
             this machine, and the table shows what the kernel made of it.",
            Tone::Plain,
        );
    }
    page.gap();
    match sitting.lab {
        LabStage::Opening => page.say("The lab is being set up …", Tone::Dim),
        LabStage::Ready | LabStage::Busy => page.press("Enter", "begins"),
        LabStage::Failed(_) => {}
    }
}

fn ask(page: &mut Page, sitting: &Sitting) {
    let Some(question) = sitting.asked() else {
        return;
    };
    let what = match sitting.kind {
        Kind::Lesson => "What do you think?",
        Kind::Quiz { .. } => match question.form {
            Form::Number { .. } => "Look at the table.",
            Form::Choices(_) => "What do you remember?",
        },
    };
    page.say(what, Tone::Dim);
    page.say(&named(question.text, &sitting.cast), Tone::Strong);
    match question.form {
        Form::Number { .. } => {
            let mut line = Line::of(" a number: ", Tone::Plain);
            line.push(format!("{}▏", sitting.typed), Tone::Accent);
            page.lines.push(line);
        }
        Form::Choices(choices) => {
            for (index, choice) in choices.iter().enumerate() {
                let digit = (index + 1).to_string();
                let chosen = sitting.typed == digit;
                let tone = if chosen { Tone::Accent } else { Tone::Plain };
                let sign = if chosen { "›" } else { " " };
                let text = named(choice.text, &sitting.cast);
                page.hanging(&format!("{sign}{digit}  "), &text, "", tone);
            }
        }
    }
    match (sitting.wrong, question.form) {
        (Some(wrong), _) => page.say(wrong, Tone::Warning),
        (None, Form::Number { .. }) => page.say("Type a number, then Enter.", Tone::Dim),
        (None, Form::Choices(_)) => page.say("Press a digit, then Enter.", Tone::Dim),
    }
    for hint in question.hints.iter().take(sitting.hints) {
        page.hanging("Hint: ", &named(hint, &sitting.cast), "", Tone::Inference);
    }
}

fn ready(page: &mut Page, sitting: &Sitting) {
    let Some(step) = sitting.step() else { return };
    page.say(step.title, Tone::Strong);
    for deed in step.deeds {
        let call = numbered(&deed.call.text(1), sitting);
        let text = match deed.times {
            1 => call,
            times => format!("{call} … {times} times"),
        };
        page.hanging(&format!("{}  ", deed.actor), &text, "", Tone::Plain);
    }
    match sitting.lab {
        LabStage::Ready => page.press("Enter", "makes these calls"),
        LabStage::Opening | LabStage::Busy => page.say("The lab is busy …", Tone::Dim),
        LabStage::Failed(_) => {}
    }
}

fn watching(page: &mut Page, sitting: &Sitting) {
    made(page, sitting);
    match sitting.lab {
        LabStage::Busy => page.say("The calls are being made …", Tone::Dim),
        LabStage::Opening => page.say("The lab is being set up …", Tone::Dim),
        LabStage::Ready if sitting.waited < PATIENCE => {
            page.say("Done. Waiting until the table shows it …", Tone::Dim);
        }
        LabStage::Ready => {
            page.say(
                "The table does not show what it should. Perhaps this machine is busy, or it does \
                 this in another way.",
                Tone::Warning,
            );
            let differences = sitting.marked.iter().flat_map(|m| &m.differences);
            for difference in differences.take(4) {
                page.hanging("· ", &difference.to_string(), "", Tone::Warning);
            }
            page.press("Enter", "goes on all the same, a begins again");
        }
        LabStage::Failed(_) => {}
    }
}

fn verdict(page: &mut Page, sitting: &Sitting) {
    // A room has just seen them.
    let calls = match (sitting.kind, page.manner) {
        (Kind::Lesson, Manner::Usual) => calls(sitting, page),
        _ => Vec::new(),
    };
    let (before, after) = around(calls);
    page.lines.extend(before);
    let judged = || sitting.marked.iter().flat_map(|m| &m.judgements);
    let prove = |page: &mut Page, judgement: &Judgement| {
        page.hanging("  ", &judgement.proof, "", Tone::Plain);
    };
    for judgement in judged() {
        let (sign, tone) = match judgement.truth {
            Truth::Right => ("✓ ", Tone::Opened),
            Truth::Wrong => ("✗ ", Tone::Error),
        };
        if page.manner == Manner::Usual {
            page.gap();
        }
        page.hanging(sign, &verdict_of(judgement, sitting), "", tone);
        if page.manner == Manner::Usual {
            prove(page, judgement);
        }
    }
    // A room reads first who was right, and sees the proof in the table.
    if page.manner == Manner::Presenter {
        judged().for_each(|judgement| prove(page, judgement));
    }
    page.gap();
    page.lines.extend(after);
}

/// The learner's answer beside the kernel's. What is asked on the ideas in a quiz is not in the table.
fn verdict_of(judgement: &Judgement, sitting: &Sitting) -> String {
    match (sitting.kind, sitting.given.last(), judgement.truth) {
        (Kind::Quiz { .. }, Some(Given::Choice(choice)), Truth::Right) => {
            format!("You said: {}. Right.", choice.text)
        }
        (Kind::Quiz { .. }, Some(Given::Choice(choice)), Truth::Wrong) => {
            format!("You said: {}. No.", choice.text)
        }
        _ => judgement.verdict.clone(),
    }
}

fn meaning(page: &mut Page, sitting: &Sitting) {
    let calls = match sitting.questions.is_empty() {
        true => calls(sitting, page),
        false => Vec::new(),
    };
    let (before, after) = around(calls);
    page.lines.extend(before);
    page.gap();
    if let Some(marked) = &sitting.marked {
        page.told(&marked.meaning);
    }
    page.gap();
    page.lines.extend(after);
}

/// The calls as lines of their own.
fn calls(sitting: &Sitting, page: &Page) -> Vec<Line> {
    let mut page = Page {
        lines: Vec::new(),
        ..*page
    };
    made(&mut page, sitting);
    page.lines
}

/// More calls than this would push what came of them out of sight.
const FEW: usize = 6;

/// Few calls stand before what came of them, many behind it.
fn around(calls: Vec<Line>) -> (Vec<Line>, Vec<Line>) {
    match calls.len() {
        ..=FEW => (calls, Vec::new()),
        _ => (Vec::new(), calls),
    }
}

fn lacking(page: &mut Page, sitting: &Sitting) {
    if let Some(Turn::Lacking(step, why)) = sitting.turns.get(sitting.turn) {
        page.say(step.title, Tone::Strong);
        page.gap();
        page.say(&format!("It cannot be shown here: {why}."), Tone::Ignorance);
    }
}

fn end(page: &mut Page, sitting: &Sitting) {
    if let Kind::Quiz { right, .. } = sitting.kind {
        let of = sitting.questions.len();
        page.say(&format!("{right} of {of} right."), Tone::Strong);
        page.gap();
        page.press("Enter", "back to the lessons, a asks five others");
        return;
    }
    page.say("What you have seen:", Tone::Dim);
    if let Some(marked) = &sitting.marked {
        page.told(&marked.conclusion);
    }
    page.gap();
    page.say(
        "Lesson done. Its processes are gone, and no process has its sockets any more. The kernel \
         may remember a connection for up to a minute (TIME-WAIT).",
        Tone::Opened,
    );
    page.press("Enter", "the next lesson, Esc the list");
}

/// The calls, one a line; the same call made again and again with the same outcome is one line.
fn made(page: &mut Page, sitting: &Sitting) {
    let mut rest = &sitting.calls[..];
    while let Some((first, _)) = rest.split_first() {
        let name = |made: &Made| made.call.split('(').next().map(str::to_owned);
        let alike = rest
            .iter()
            .take_while(|made| {
                made.actor == first.actor
                    && made.happened == first.happened
                    && call_of(&name(made)) == call_of(&name(first))
            })
            .count();
        let (here, after) = rest.split_at(alike);
        rest = after;
        let (outcome, tone) = match first.happened {
            Happened::Worked => ("ok".to_owned(), Tone::Opened),
            Happened::Failed(refusal) => (refusal.to_string(), Tone::Warning),
            other => (other.to_string(), Tone::Plain),
        };
        let call = numbered(&first.call, sitting);
        let text = match here.len() {
            1 => call,
            times => format!("{call} … {times} times"),
        };
        page.call(first.actor, &text, &outcome, tone);
        if let Some(expected) = &first.expected {
            page.say(&format!("  expected: {expected}"), Tone::Warning);
        }
    }
    leads(page, sitting);
}

/// The call with the number of every port whose name stands for one by now: `127.0.0.1:P` becomes
/// `127.0.0.1:41233`.
fn numbered(call: &str, sitting: &Sitting) -> String {
    let mut parts = call.split(':');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_alphanumeric());
        let (name, rest) = part.split_at(end.unwrap_or(part.len()));
        match sitting.cast.port(name) {
            Some(port) => out.push_str(&format!(":{port}{rest}")),
            None => out.push_str(&format!(":{part}")),
        }
    }
    out
}

/// Where the descriptor leads: a socket without a row is shown from this side.
fn leads(page: &mut Page, sitting: &Sitting) {
    let rowless = sitting.step().is_some_and(|step| step.rows.is_empty());
    if let Some(made) = sitting.calls.last().filter(|_| rowless)
        && let Some(leads) = &made.leads
    {
        page.say(&format!("{}'s {leads}", made.actor), Tone::Accent);
    }
}

/// `c1 = socket` and `c2 = socket` are the same call.
fn call_of(name: &Option<String>) -> Option<&str> {
    let name = name.as_deref()?;
    Some(name.rsplit("= ").next().unwrap_or(name))
}
