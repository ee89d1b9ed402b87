//! Draws the whole screen from its parts.

use super::layout::{MIN_TERMINAL_SIZE, ScreenLayout};
use super::screen::{Screen, StyledLine, Tone};
use super::{details, explain_page, findings, footer, header, help, menu, table, timeline};
use crate::net::services::Services;
use crate::query::{QueryResult, VisibleLines};
use crate::text::width::{truncate, width};
use crate::tui::state::view_state::{DetailsLevel, DisplayMode, Mode, ViewState};
use crate::tui::view::lessons::body;

/// Draws the screen of exactly `state.size`; of a terminal below [`MIN_TERMINAL_SIZE`] only a note.
pub fn draw(
    state: &ViewState,
    result: Option<&QueryResult>,
    lines: &VisibleLines,
    services: &Services,
) -> Screen {
    let (columns, rows) = state.size;
    if columns < MIN_TERMINAL_SIZE.0 || rows < MIN_TERMINAL_SIZE.1 {
        return draw_too_small(columns, rows);
    }
    let layout = ScreenLayout::new(state);
    let total = usize::from(columns);
    let mut all = vec![header::draw_header(state, result, total)];
    let (filter, column) = header::filter_line(state, result, total);
    all.push(filter);
    all.extend(header::notice_line(state, total).filter(|_| layout.has_notice));
    if layout.has_timeline {
        all.push(timeline::draw_timeline(&state.timeline, total));
    }
    let lessons_covered = matches!(
        state.mode,
        Mode::Help { .. } | Mode::Findings(_) | Mode::Explain
    );
    if let (Some(lessons), false) = (&state.lessons, lessons_covered) {
        all.extend(body::lessons_body(
            state, lessons, result, lines, services, &layout,
        ));
    } else if let Mode::Help { scroll } = state.mode {
        all.extend(help::draw_help(state, total, layout.body_rows(), scroll));
    } else if state.mode == Mode::Explain {
        all.extend(explain_page::draw_explain_page(
            state,
            total,
            layout.body_rows(),
        ));
    } else if let Mode::Findings(chosen) = state.mode {
        all.extend(findings::draw_findings(
            state,
            result,
            chosen,
            total,
            layout.body_rows(),
        ));
    } else if state.details == DetailsLevel::Full {
        all.extend(details::draw_full_details(
            state,
            result,
            lines,
            services,
            total,
            layout.body_rows(),
        ));
    } else {
        all.extend(table::draw_table(
            state,
            result,
            lines,
            services,
            total,
            layout.table_rows,
        ));
        if layout.pane_rows > 0 {
            all.extend(details::draw_pane(
                state,
                result,
                lines,
                services,
                total,
                layout.pane_rows,
            ));
        }
    }
    all.resize(usize::from(rows) - 1, StyledLine::default());
    menu::draw_menu(state, &mut all, layout.table_top_row(), total);
    all.push(footer::draw_footer(state, total));
    if state.display_mode == DisplayMode::Presentation {
        all.iter_mut().for_each(raise_contrast);
    }
    let typing = matches!(state.mode, Mode::Filter | Mode::Palette);
    let cursor = typing.then(|| (u16::try_from(column).unwrap_or(columns).min(columns - 1), 1));
    Screen { lines: all, cursor }
}

/// Makes a line readable from afar: dim text becomes plain, plain text bold.
fn raise_contrast(line: &mut StyledLine) {
    for span in &mut line.spans {
        span.tone = match span.tone {
            Tone::Dim => Tone::Plain,
            Tone::Plain => Tone::Strong,
            other => other,
        };
    }
}

fn draw_too_small(columns: u16, rows: u16) -> Screen {
    let needed = format!("{}×{}", MIN_TERMINAL_SIZE.0, MIN_TERMINAL_SIZE.1);
    let words = [
        format!("portolan needs {needed}, this terminal has {columns}×{rows}. q quits."),
        format!("needs {needed}, has {columns}×{rows}"),
        needed,
    ];
    let total = usize::from(columns);
    let text_that_fits = words.iter().find(|w| width(w) <= total).or(words.last());
    let text = text_that_fits.map_or_else(String::new, |w| truncate(w, total));
    let mut lines = vec![StyledLine::new(text, Tone::Warning)];
    lines.resize(usize::from(rows), StyledLine::default());
    Screen {
        lines,
        cursor: None,
    }
}
