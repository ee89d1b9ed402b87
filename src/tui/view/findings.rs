//! The list of findings, and below it the checks.
//!
//! ```text
//!  PROBLEMS                                                2 findings
//! › 18085/tcp   5 not closed                       leak 130   ≥1m02s
//!     5 connections in CLOSE-WAIT for at least 1m02s: the peers …
//!   18087/tcp   queue full (2, limit 1)         backlog 150      12s
//!     …
//!  CHECKS
//! ```

use super::cells::{align_left, align_right};
use super::screen::{StyledLine, Tone};
use crate::findings::finding::{Finding, FindingId, Severity};
use crate::findings::{FindingOwner, RULES};
use crate::net::port::PortSide;
use crate::query::QueryResult;
use crate::text::units::pluralize;
use crate::text::width::truncate;
use crate::text::wrap::wrap;
use crate::tui::state::view_state::ViewState;

/// The width of a port.
const PORT_WIDTH: usize = 18;

/// The width of a summary.
const SUMMARY_WIDTH: usize = 29;

/// The width of an age.
const AGE_WIDTH: usize = 8;

/// Draws `height` lines, scrolled so that the selected finding is among them.
pub(crate) fn draw_findings(
    state: &ViewState,
    result: Option<&QueryResult>,
    selected: Option<FindingId>,
    total: usize,
    height: usize,
) -> Vec<StyledLine> {
    let Some(result) = result else {
        return vec![StyledLine::new("   loading …", Tone::Dim)];
    };
    let all = state.findings.all();
    let mut out = vec![title_line(all.len(), total)];
    if all.is_empty() {
        let words = "No problems found, as far as can be seen.";
        out.push(StyledLine::new(
            truncate(&format!("   {words}"), total),
            Tone::Plain,
        ));
    }
    let mut selected_lines = 0..1;
    // Only findings near the selected one are laid out, however many there are.
    let here = selected.and_then(|id| state.findings.position(id));
    let first = here.unwrap_or(0).saturating_sub(height);
    for finding in all.iter().skip(first).take(2 * height + 1) {
        let here = selected == Some(finding.id);
        let start = out.len();
        out.push(finding_line(finding, result, here, total));
        for text in wrap(&finding.sentence.text, total.saturating_sub(6).max(10)) {
            out.push(StyledLine::new(format!("     {text}"), Tone::Plain));
        }
        if here {
            selected_lines = start..out.len();
        }
    }
    out.push(StyledLine::default());
    out.extend(rule_lines(total));
    // At the last finding the checks below it show, too.
    let last = all.last().map(|finding| finding.id);
    let end = match selected {
        None => out.len().min(height),
        id if id == last => out.len(),
        _ => selected_lines.end,
    };
    let top = end.saturating_sub(height).min(selected_lines.start);
    let mut shown: Vec<StyledLine> = out.into_iter().skip(top).take(height).collect();
    shown.resize(height, StyledLine::default());
    shown
}

fn title_line(found: usize, total: usize) -> StyledLine {
    let mut line = StyledLine::new(" PROBLEMS", Tone::Heading);
    let words = pluralize(found, "finding", "findings");
    line.push_right_aligned(StyledLine::new(format!("{words} "), Tone::Dim), total);
    line
}

/// Returns the line of a finding: port, summary, process, age.
fn finding_line(finding: &Finding, result: &QueryResult, here: bool, total: usize) -> StyledLine {
    let moment = &result.moment;
    let arrow = match finding.id.port.side {
        PortSide::Local => "",
        PortSide::Remote => "→ ",
    };
    let tone = match finding.rule_spec().severity {
        Severity::Warning => Tone::Warning,
        Severity::Notice => Tone::Inference,
    };
    let mut line = StyledLine::new(if here { " › " } else { "   " }, Tone::Accent);
    line.push(
        align_left(
            &format!("{arrow}{}", finding.id.port),
            PORT_WIDTH.min(total / 3),
        ),
        Tone::Strong,
    );
    line.push(" ", Tone::Plain);
    line.push(
        align_left(&finding.summary(), SUMMARY_WIDTH.min(total / 2)),
        tone,
    );
    let named = |key| moment.directory.processes.get(&key);
    let process = match finding.owner {
        FindingOwner::Process(key) => {
            named(key).map_or(String::new(), |p| format!("{} {}", p.name, key.pid))
        }
        FindingOwner::Multiple => "several processes".into(),
        FindingOwner::Unknown => String::new(),
    };
    let rest = total.saturating_sub(line.width() + AGE_WIDTH + 2);
    if rest > 0 {
        line.push(format!(" {}", align_left(&process, rest)), Tone::Plain);
        line.push(align_right(&finding.age(), AGE_WIDTH), Tone::Dim);
    }
    line.selected = here;
    line
}

fn rule_lines(total: usize) -> Vec<StyledLine> {
    let mut out = vec![StyledLine::new(" CHECKS", Tone::Heading)];
    for row in RULES {
        for (index, text) in wrap(row.description, total.saturating_sub(14).max(10))
            .into_iter()
            .enumerate()
        {
            let label = match index {
                0 => format!("!{}", row.label),
                _ => String::new(),
            };
            let mut line = StyledLine::new(format!("   {}", align_left(&label, 9)), Tone::Dim);
            line.push(format!(" {text}"), Tone::Plain);
            out.push(line);
        }
    }
    let words = "All sockets of a port count, even those the filter hides. Thresholds: configuration file, section [findings].";
    for text in wrap(words, total.saturating_sub(4).max(10)) {
        out.push(StyledLine::new(format!("   {text}"), Tone::Dim));
    }
    out
}
