//! Draws the table: column heads and the visible lines.

use std::sync::Arc;

use super::columns::{ColumnContent, Overflow, SizedColumn, TableColumn};
use super::screen::{StyledLine, Tone};
use super::{closed_rows, columns, groups, header, rows};
use crate::findings::evaluate::Findings;
use crate::lessons::Highlight;
use crate::net::services::Services;
use crate::query::{
    Group, Grouping, QueryResult, ResultSection, SectionKind, SortColumn, SortDirection, SortOrder,
    VisibleLine, VisibleLines,
};
use crate::text::units::pluralize;
use crate::text::width::truncate;
use crate::tui::state::view_state::{DisplayMode, ViewState};

/// Cells before the first column: cursor, sign or fold, space.
const LEFT_MARGIN: usize = 3;

/// Free cells at the right edge.
const RIGHT_MARGIN: usize = 1;

/// Cells that one level of the tree is indented.
const INDENT_WIDTH: usize = 2;

/// Draws the column heads and `height` lines.
pub(crate) fn draw_table(
    state: &ViewState,
    result: Option<&QueryResult>,
    lines: &VisibleLines,
    services: &Services,
    total: usize,
    height: usize,
) -> Vec<StyledLine> {
    // Until the result of a new view comes, the old result keeps its own layout.
    let (grouping, order) = result.map_or((state.grouping, state.sort_order()), |a| {
        (a.grouping, a.sort_order)
    });
    let layout = TableLayout {
        time_zone: state.time_zone.clone(),
        highlighted: highlighted_column(state, grouping),
        ..TableLayout::new(grouping, total, column_set(state)).with_findings(&state.findings)
    };
    let mut out = vec![layout.heads(Some(order))];
    let Some(result) = result else {
        out.push(StyledLine::new("   loading …", Tone::Dim));
        return pad_lines(out, height);
    };
    if lines.is_empty() {
        out.push(StyledLine::new(
            truncate(&empty_table_text(state), total),
            Tone::Dim,
        ));
    }
    for number in state.top..(state.top + height).min(lines.len()) {
        let Some(visible_line) = lines.at(result, number) else {
            break;
        };
        let mut line = layout.line(visible_line, result, lines, services, total);
        let here = number == state.cursor;
        // In a lesson the bar would outshine the highlighted column.
        line.selected = here && state.lessons.is_none();
        // A group's sign may be there already; the cursor bar shows without it.
        if here && let Some(first) = line.spans.first_mut().filter(|s| s.text.starts_with(' ')) {
            first.text.replace_range(0..1, "›");
        }
        out.push(line);
    }
    pad_lines(out, height)
}

/// Returns the sort column for a click on this cell of the column heads.
pub fn sort_column_at(state: &ViewState, cell: u16) -> Option<SortColumn> {
    let layout = TableLayout::new(state.grouping, usize::from(state.size.0), column_set(state));
    let mut left = LEFT_MARGIN;
    for sized in layout.header_columns() {
        let right = left + sized.width + columns::COLUMN_GAP;
        if (left..right).contains(&usize::from(cell)) {
            return sized.column.sort_column;
        }
        left = right;
    }
    None
}

/// Returns the columns the view can be sorted by: those that are shown.
pub fn sortable_columns(state: &ViewState) -> Vec<SortColumn> {
    let layout = TableLayout::new(state.grouping, usize::from(state.size.0), column_set(state));
    layout
        .header_columns()
        .iter()
        .filter_map(|sized| sized.column.sort_column)
        .collect()
}

fn pad_lines(mut lines: Vec<StyledLine>, height: usize) -> Vec<StyledLine> {
    lines.resize(height + 1, StyledLine::default());
    lines
}

/// Returns why the table is empty, and which key helps.
fn empty_table_text(state: &ViewState) -> String {
    if state.lessons.is_some() {
        return "   no socket of this lesson is in the table".into();
    }
    let only = header::describe_quick_filter(state.quick_filter);
    if state.grouping == Grouping::History && state.filter.text.is_empty() && only.is_empty() {
        return "   no socket has closed yet; H goes back".into();
    }
    let words = match (state.filter.text.is_empty(), only.is_empty()) {
        (true, true) => "no socket to show".into(),
        (false, true) => "no socket matches; Esc clears the filter".into(),
        (true, false) => format!("no socket to show: {only}"),
        (false, false) => format!("no socket matches ({only}); Esc clears the filter"),
    };
    format!("   {words}")
}

/// Which columns fit the use: a single sample, as `list` prints it, has no rates, ages or history;
/// an audience reads only what matters most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnSet {
    SingleSample(Overflow),
    Live,
    Presentation,
    Lesson(rows::LessonColumns),
}

fn column_set(state: &ViewState) -> ColumnSet {
    if let Some(lessons) = &state.lessons {
        return ColumnSet::Lesson(
            lessons
                .session()
                .map_or(rows::LessonColumns::Both, rows::LessonColumns::for_session),
        );
    }
    match state.display_mode {
        DisplayMode::Normal => ColumnSet::Live,
        DisplayMode::Presentation => ColumnSet::Presentation,
    }
}

impl ColumnSet {
    fn fit(self, columns: &[TableColumn], total: usize) -> Vec<SizedColumn> {
        let needs_time = |c: &TableColumn| {
            matches!(
                c.content,
                ColumnContent::Age
                    | ColumnContent::ReceiveRate
                    | ColumnContent::SendRate
                    | ColumnContent::Sparkline
            )
        };
        match self {
            Self::Live | Self::Lesson(_) => columns::fit_columns(columns, total),
            Self::Presentation => {
                let shown: Vec<TableColumn> = columns
                    .iter()
                    .filter(|c| is_shown_in_presentation(c))
                    .map(|c| match c.content {
                        ColumnContent::States => c.spelled_out(),
                        _ => *c,
                    })
                    .collect();
                columns::fit_columns(&shown, total)
            }
            Self::SingleSample(overlong) => {
                let without_history: Vec<TableColumn> =
                    columns.iter().filter(|c| !needs_time(c)).copied().collect();
                let fitted = columns::fit_columns(&without_history, total).into_iter();
                fitted
                    .map(|sized| SizedColumn {
                        overflow: overlong,
                        ..sized
                    })
                    .collect()
            }
        }
    }
}

/// Returns the column that the lesson highlights.
fn highlighted_column(state: &ViewState, grouping: Grouping) -> Option<ColumnContent> {
    let session = state.lessons.as_ref()?.session()?;
    let flat = grouping == Grouping::Sockets;
    match session.highlight()? {
        Highlight::State => Some(ColumnContent::State),
        Highlight::LocalAddress | Highlight::LocalPort if flat => Some(ColumnContent::Local),
        Highlight::Remote if flat => Some(ColumnContent::Remote),
        Highlight::LocalAddress | Highlight::LocalPort | Highlight::Remote => {
            Some(ColumnContent::Endpoint)
        }
        Highlight::Owner => Some(ColumnContent::Owner),
        Highlight::Queues if flat => Some(ColumnContent::Queues),
        Highlight::Queues => Some(ColumnContent::Notes),
        Highlight::Rows | Highlight::CallResult => None,
    }
}

const fn is_shown_in_presentation(column: &TableColumn) -> bool {
    matches!(
        column.content,
        ColumnContent::Name
            | ColumnContent::Process
            | ColumnContent::Sockets
            | ColumnContent::States
            | ColumnContent::State
            | ColumnContent::Local
            | ColumnContent::Remote
            | ColumnContent::Endpoint
            | ColumnContent::Owner
    )
}

/// The column widths of all lines of a view.
pub(crate) struct TableLayout {
    group: Vec<SizedColumn>,
    subgroup: Vec<SizedColumn>,
    row: Vec<SizedColumn>,
    nested_row: Vec<SizedColumn>,
    grouping: Grouping,
    /// The column that the lesson highlights.
    highlighted: Option<ColumnContent>,
    /// The time zone for times of day.
    time_zone: jiff::tz::TimeZone,
    findings: Arc<Findings>,
}

impl TableLayout {
    pub(crate) fn new(grouping: Grouping, total: usize, column_set: ColumnSet) -> Self {
        let room = total.saturating_sub(LEFT_MARGIN + RIGHT_MARGIN);
        let row = match (grouping, column_set) {
            (Grouping::Sockets, ColumnSet::Lesson(columns_needed)) => {
                column_set.fit(rows::lesson_columns(columns_needed, room), room)
            }
            (Grouping::Sockets, _) => column_set.fit(rows::FLAT_ROW_COLUMNS, room),
            (Grouping::History, _) => column_set.fit(closed_rows::CLOSED_ROW_COLUMNS, room),
            _ => column_set.fit(rows::GROUPED_ROW_COLUMNS, room.saturating_sub(INDENT_WIDTH)),
        };
        let group = column_set.fit(groups::group_columns(grouping), room);
        let mut subgroup = group.clone();
        if let Some(first) = subgroup.first_mut() {
            first.width = first.width.saturating_sub(INDENT_WIDTH);
        }
        let nested_row = column_set.fit(
            rows::GROUPED_ROW_COLUMNS,
            room.saturating_sub(2 * INDENT_WIDTH),
        );
        Self {
            group,
            subgroup,
            row,
            nested_row,
            grouping,
            time_zone: jiff::tz::TimeZone::UTC,
            findings: Arc::default(),
            highlighted: None,
        }
    }

    /// Adds the findings, whose labels are shown at their ports.
    fn with_findings(self, findings: &Arc<Findings>) -> Self {
        Self {
            findings: Arc::clone(findings),
            ..self
        }
    }

    /// Returns the columns that have heads.
    fn header_columns(&self) -> &[SizedColumn] {
        if matches!(self.grouping, Grouping::Sockets | Grouping::History) {
            &self.row
        } else {
            &self.group
        }
    }

    /// Returns the column heads; `order` adds an arrow to the sort column.
    pub(crate) fn heads(&self, order: Option<SortOrder>) -> StyledLine {
        let columns = self.header_columns();
        let mut line = StyledLine::new(" ".repeat(LEFT_MARGIN), Tone::Dim);
        for (index, sized) in columns.iter().enumerate() {
            if index > 0 {
                line.push("  ", Tone::Dim);
            }
            let here = order.filter(|order| sized.column.sort_column == Some(order.column));
            let sign = match here.map(|order| order.direction) {
                None => "",
                Some(SortDirection::Ascending) => "▲",
                Some(SortDirection::Descending) => "▼",
            };
            let title = format!("{}{sign}", sized.column.title);
            let tone = here.map_or(Tone::Dim, |_| Tone::Accent);
            line.push(sized.pad(&title), tone);
        }
        line
    }

    /// Returns one line of the table.
    pub(crate) fn line(
        &self,
        visible_line: VisibleLine,
        result: &QueryResult,
        lines: &VisibleLines,
        services: &Services,
        total: usize,
    ) -> StyledLine {
        match visible_line {
            VisibleLine::Section(index) => match result.sections.get(index) {
                Some(part) => section_line(part, total),
                None => StyledLine::default(),
            },
            VisibleLine::Group(index) => match result.groups.get(index) {
                Some(group) => self.group_line(group, 0, &self.group, result, lines, services),
                None => StyledLine::default(),
            },
            VisibleLine::Subgroup(index) => match result.subgroups.get(index) {
                Some(group) => {
                    self.group_line(group, INDENT_WIDTH, &self.subgroup, result, lines, services)
                }
                None => StyledLine::default(),
            },
            VisibleLine::Row {
                group,
                position,
                is_last: last,
            } => {
                let depth = match group {
                    None => 0,
                    Some(path) if path.sub.is_some() => 2,
                    Some(_) => 1,
                };
                self.row_line(position, depth, last, result)
            }
        }
    }

    fn group_line(
        &self,
        group: &Group,
        indent: usize,
        columns: &[SizedColumn],
        result: &QueryResult,
        lines: &VisibleLines,
        services: &Services,
    ) -> StyledLine {
        let open = lines.folds().is_open(group.path);
        let fold = if open { "▾" } else { "▸" };
        // When unfolded, each row has its own sign.
        let (sign, tone) = if open {
            (" ", Tone::Plain)
        } else {
            groups::change_sign(&group.summary)
        };
        let mut line = StyledLine::new(sign, tone);
        let mark = groups::finding_mark(group, &self.findings);
        line.push(format!("{}{fold}", " ".repeat(indent)), Tone::Dim);
        match &mark {
            Some(mark) => line.push("!", mark.tone),
            None => line.push(" ", Tone::Dim),
        }
        groups::push_group_cells(&mut line, group, result, services, columns, mark.as_ref());
        line
    }

    fn row_line(
        &self,
        position: usize,
        depth: usize,
        last: bool,
        result: &QueryResult,
    ) -> StyledLine {
        let row = result.rows.get(position).and_then(|slot| result.row(*slot));
        let Some(row) = row else {
            return StyledLine::default();
        };
        if self.grouping == Grouping::History {
            return closed_rows::closed_row(row, &result.moment, &self.row, &self.time_zone);
        }
        let (sign, tone) = rows::row_sign(row, &result.moment);
        let mut line = StyledLine::new(" ", Tone::Plain);
        line.push(format!("{sign} "), tone.unwrap_or(Tone::Plain));
        if depth > 0 {
            let branch = if last { "└ " } else { "├ " };
            line.push(
                format!("{}{branch}", " ".repeat((depth - 1) * INDENT_WIDTH)),
                Tone::Dim,
            );
        }
        let columns = if depth == 2 {
            &self.nested_row
        } else {
            &self.row
        };
        let twin = result.dual_stack_twin(row.slot).filter(|_| depth > 0);
        let twin = twin.map(|t| &**t);
        rows::push_row_cells(
            &mut line,
            row,
            twin,
            &result.moment,
            columns,
            self.highlighted,
        );
        line
    }
}

fn section_line(section: &ResultSection, total: usize) -> StyledLine {
    let groups = section.active_groups;
    let sockets = pluralize(section.sockets as usize, "socket", "sockets");
    let (title, sum) = match section.kind {
        SectionKind::ListeningHere => ("LISTENING HERE", pluralize(groups, "port", "ports")),
        SectionKind::Outgoing => ("OUTGOING", pluralize(groups, "port", "ports")),
        SectionKind::Processes => ("PROCESSES", pluralize(groups, "process", "processes")),
        SectionKind::NoProcess => ("NO PROCESS", pluralize(groups, "reason", "reasons")),
        SectionKind::Hosts => ("REMOTE HOSTS", pluralize(groups, "host", "hosts")),
        SectionKind::NoHost => ("NO REMOTE ADDRESS", String::new()),
    };
    let mut line = StyledLine::new(format!(" {title}"), Tone::Heading);
    let comma = if sum.is_empty() { "" } else { ", " };
    line.push_right_aligned(
        StyledLine::new(format!("{sum}{comma}{sockets} "), Tone::Dim),
        total,
    );
    line
}
