//! What is stuck or odd, one under the other, and what is looked for.
//!
//! ```text
//!  WORTH A LOOK                                            2 findings
//! › 18085/tcp   5 not closed                       leak 130   ≥1m02s
//!     5 connections in CLOSE-WAIT for at least 1m02s: the other ends …
//!   18087/tcp   2 of 1 wait                     backlog 150      12s
//!     …
//!  WHAT IS LOOKED FOR
//! ```

use crate::port::PortSide;
use crate::quantity::count;
use crate::query::Answer;
use crate::teach::findings::{Gravity, RULES, Whose};
use crate::teach::{Finding, FindingId};
use crate::view::cells::{cut, left, right, wrap};
use crate::view::screen::{Line, Tone};
use crate::view::state::ViewState;

/// Cells of the name of a port.
const NAME: usize = 18;
/// Cells of the few words.
const SUMMARY: usize = 26;
/// Cells of an age.
const AGE: usize = 8;

/// `height` lines, with what is chosen among them.
pub(super) fn findings(
    state: &ViewState,
    answer: Option<&Answer>,
    chosen: Option<FindingId>,
    total: usize,
    height: usize,
) -> Vec<Line> {
    let Some(answer) = answer else {
        return vec![Line::of("   looking …", Tone::Dim)];
    };
    let all = state.findings.all();
    let mut out = vec![head(all.len(), total)];
    if all.is_empty() {
        let words = "Nothing is stuck or odd here now, as far as can be seen.";
        out.push(Line::of(cut(&format!("   {words}"), total), Tone::Plain));
    }
    let mut at = 0..1;
    // However many there are, no more are laid out than can be near the chosen one.
    let here = chosen.and_then(|id| state.findings.position(id));
    let first = here.unwrap_or(0).saturating_sub(height);
    for finding in all.iter().skip(first).take(2 * height + 1) {
        let here = chosen == Some(finding.id);
        let begin = out.len();
        out.push(first_line(finding, answer, here, total));
        for text in wrap(&finding.sentence.text, total.saturating_sub(6).max(10)) {
            out.push(Line::of(format!("     {text}"), Tone::Plain));
        }
        if here {
            at = begin..out.len();
        }
    }
    out.push(Line::default());
    out.extend(looked_for(total));
    // Whoever is at the last finding sees what follows it, too.
    let last = all.last().map(|finding| finding.id);
    let end = match chosen {
        None => out.len().min(height),
        id if id == last => out.len(),
        _ => at.end,
    };
    let top = end.saturating_sub(height).min(at.start);
    let mut shown: Vec<Line> = out.into_iter().skip(top).take(height).collect();
    shown.resize(height, Line::default());
    shown
}

fn head(found: usize, total: usize) -> Line {
    let mut line = Line::of(" WORTH A LOOK", Tone::Heading);
    let words = count(found, "finding", "findings");
    line.push_right(Line::of(format!("{words} "), Tone::Dim), total);
    line
}

/// Where, what, who, for how long.
fn first_line(finding: &Finding, answer: &Answer, here: bool, total: usize) -> Line {
    let moment = &answer.moment;
    let arrow = match finding.id.port.side {
        PortSide::Here => "",
        PortSide::There => "→ ",
    };
    let tone = match finding.row().gravity {
        Gravity::Stuck => Tone::Warning,
        Gravity::Odd => Tone::Inference,
    };
    let mut line = Line::of(if here { " › " } else { "   " }, Tone::Accent);
    line.push(
        left(&format!("{arrow}{}", finding.id.port), NAME.min(total / 3)),
        Tone::Strong,
    );
    line.push(" ", Tone::Plain);
    line.push(left(&finding.summary(), SUMMARY.min(total / 2)), tone);
    let named = |key| moment.directory.processes.get(&key);
    let who = match finding.whose {
        Whose::Of(key) => named(key).map_or(String::new(), |p| format!("{} {}", p.name, key.pid)),
        Whose::Several => "several processes".into(),
        Whose::Nobodys => String::new(),
    };
    let rest = total.saturating_sub(line.width() + AGE + 2);
    if rest > 0 {
        line.push(format!(" {}", left(&who, rest)), Tone::Plain);
        line.push(right(&finding.age(), AGE), Tone::Dim);
    }
    line.selected = here;
    line
}

fn looked_for(total: usize) -> Vec<Line> {
    let mut out = vec![Line::of(" WHAT IS LOOKED FOR", Tone::Heading)];
    for row in RULES {
        for (index, text) in wrap(row.looks_for, total.saturating_sub(14).max(10))
            .into_iter()
            .enumerate()
        {
            let mark = match index {
                0 => format!("!{}", row.mark),
                _ => String::new(),
            };
            let mut line = Line::of(format!("   {}", left(&mark, 9)), Tone::Dim);
            line.push(format!(" {text}"), Tone::Plain);
            out.push(line);
        }
    }
    let words = "All sockets of a port are counted, also those a filter leaves out. The limits are in the configuration file, [findings].";
    for text in wrap(words, total.saturating_sub(4).max(10)) {
        out.push(Line::of(format!("   {text}"), Tone::Dim));
    }
    out
}
