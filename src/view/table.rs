//! The table: column heads, and the lines that show.

use std::sync::Arc;

use crate::quantity::count;
use crate::query::{
    Answer, Direction, Group, Grouping, Line as Place, Lines, Order, Section, SectionKind,
    SortColumn,
};
use crate::services::Services;
use crate::teach::Findings;
use crate::teach::lessons::LookAt;
use crate::view::cells::cut;
use crate::view::columns::{self, Column, Content, Overlong, Sized};
use crate::view::screen::{Line, Tone};
use crate::view::state::{Manner, ViewState};
use crate::view::{ended, groups, header, rows};

/// Cells in front of the first column: cursor, sign or fold, space.
const MARGIN: usize = 3;
/// Cells left free at the right edge.
const EDGE: usize = 1;
/// Cells one level of the tree is moved to the right.
const INDENT: usize = 2;

/// Column heads and `height` lines.
pub(super) fn table(
    state: &ViewState,
    answer: Option<&Answer>,
    lines: &Lines,
    services: &Services,
    total: usize,
    height: usize,
) -> Vec<Line> {
    // While a new view is being answered, the old answer is still shown as what it is.
    let (grouping, order) =
        answer.map_or((state.grouping, state.order()), |a| (a.grouping, a.order));
    let grids = Grids {
        zone: state.zone.clone(),
        lit: lit(state, grouping),
        ..Grids::new(grouping, total, looks(state)).marking(&state.findings)
    };
    let mut out = vec![grids.heads(Some(order))];
    let Some(answer) = answer else {
        out.push(Line::of("   looking …", Tone::Dim));
        return padded(out, height);
    };
    if lines.is_empty() {
        out.push(Line::of(cut(&nothing(state), total), Tone::Dim));
    }
    for number in state.top..(state.top + height).min(lines.len()) {
        let Some(place) = lines.at(answer, number) else {
            break;
        };
        let mut line = grids.line(place, answer, lines, services, total);
        let here = number == state.cursor;
        // In a lesson the bar would outshine what is pointed at.
        line.selected = here && state.course.is_none();
        // A group's sign may stand there already; the bar of the cursor is seen without it.
        if here && let Some(first) = line.spans.first_mut().filter(|s| s.text.starts_with(' ')) {
            first.text.replace_range(0..1, "›");
        }
        out.push(line);
    }
    padded(out, height)
}

/// The order a click on this cell of the column heads asks for.
pub fn sort_at(state: &ViewState, cell: u16) -> Option<SortColumn> {
    let grids = Grids::new(state.grouping, usize::from(state.size.0), looks(state));
    let mut left = MARGIN;
    for sized in grids.heads_of() {
        let right = left + sized.width + columns::GAP;
        if (left..right).contains(&usize::from(cell)) {
            return sized.column.sort;
        }
        left = right;
    }
    None
}

/// What the view can be ordered by: the columns that are shown.
pub fn shown_sorts(state: &ViewState) -> Vec<SortColumn> {
    let grids = Grids::new(state.grouping, usize::from(state.size.0), looks(state));
    grids
        .heads_of()
        .iter()
        .filter_map(|sized| sized.column.sort)
        .collect()
}

fn padded(mut lines: Vec<Line>, height: usize) -> Vec<Line> {
    lines.resize(height + 1, Line::default());
    lines
}

/// Why the table is empty, and what to press.
fn nothing(state: &ViewState) -> String {
    if state.course.is_some() {
        return "   no row: no socket of this lesson is in the table".into();
    }
    let only = header::switches(state.narrow);
    if state.grouping == Grouping::History && state.filter.text.is_empty() && only.is_empty() {
        return "   nothing has closed yet; H goes back".into();
    }
    let words = match (state.filter.text.is_empty(), only.is_empty()) {
        (true, true) => "no socket to show".into(),
        (false, true) => "no socket matches; Esc clears the filter".into(),
        (true, false) => format!("no socket to show: {only}"),
        (false, false) => format!("no socket matches ({only}); Esc clears the filter"),
    };
    format!("   {words}")
}

/// How often the machine was looked at, and by whom: one look, which is printed, tells no rate, no
/// age, no course of time; a room reads only what matters most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looks {
    One(Overlong),
    Many,
    Presented,
    Lesson(rows::Need),
}

fn looks(state: &ViewState) -> Looks {
    if let Some(course) = &state.course {
        return Looks::Lesson(course.sitting().map_or(rows::Need::Both, rows::Need::of));
    }
    match state.manner {
        Manner::Usual => Looks::Many,
        Manner::Presenter => Looks::Presented,
    }
}

impl Looks {
    fn fit(self, columns: &[Column], total: usize) -> Vec<Sized> {
        let needs_time = |c: &Column| {
            matches!(
                c.content,
                Content::Age | Content::Down | Content::Up | Content::Series
            )
        };
        match self {
            Self::Many | Self::Lesson(_) => columns::fit(columns, total),
            Self::Presented => {
                let few: Vec<Column> = columns
                    .iter()
                    .filter(|c| matters_to_a_room(c))
                    .map(|c| match c.content {
                        Content::States => c.spelled_out(),
                        _ => *c,
                    })
                    .collect();
                columns::fit(&few, total)
            }
            Self::One(overlong) => {
                let timeless: Vec<Column> =
                    columns.iter().filter(|c| !needs_time(c)).copied().collect();
                let fitted = columns::fit(&timeless, total).into_iter();
                fitted.map(|sized| Sized { overlong, ..sized }).collect()
            }
        }
    }
}

/// The column a lesson points at.
fn lit(state: &ViewState, grouping: Grouping) -> Option<Content> {
    let sitting = state.course.as_ref()?.sitting()?;
    let flat = grouping == Grouping::Sockets;
    match sitting.look_at()? {
        LookAt::State => Some(Content::State),
        LookAt::LocalAddress | LookAt::LocalPort if flat => Some(Content::Local),
        LookAt::Remote if flat => Some(Content::Remote),
        LookAt::LocalAddress | LookAt::LocalPort | LookAt::Remote => Some(Content::End),
        LookAt::Owner => Some(Content::Owner),
        LookAt::Queues if flat => Some(Content::Queues),
        LookAt::Queues => Some(Content::Note),
        LookAt::Rows | LookAt::Outcome => None,
    }
}

const fn matters_to_a_room(column: &Column) -> bool {
    matches!(
        column.content,
        Content::Name
            | Content::Process
            | Content::Sockets
            | Content::States
            | Content::State
            | Content::Local
            | Content::Remote
            | Content::End
            | Content::Owner
    )
}

/// The column widths of everything a view shows.
pub(super) struct Grids {
    group: Vec<Sized>,
    inner: Vec<Sized>,
    row: Vec<Sized>,
    deep_row: Vec<Sized>,
    grouping: Grouping,
    /// The column that is pointed at.
    lit: Option<Content>,
    /// In which times of day are shown.
    zone: jiff::tz::TimeZone,
    findings: Arc<Findings>,
}

impl Grids {
    pub(super) fn new(grouping: Grouping, total: usize, looks: Looks) -> Self {
        let room = total.saturating_sub(MARGIN + EDGE);
        let row = match (grouping, looks) {
            (Grouping::Sockets, Looks::Lesson(need)) => looks.fit(rows::lesson(need, room), room),
            (Grouping::Sockets, _) => looks.fit(rows::FLAT, room),
            (Grouping::History, _) => looks.fit(ended::COLUMNS, room),
            _ => looks.fit(rows::MEMBER, room.saturating_sub(INDENT)),
        };
        let group = looks.fit(groups::columns(grouping), room);
        let mut inner = group.clone();
        if let Some(first) = inner.first_mut() {
            first.width = first.width.saturating_sub(INDENT);
        }
        let deep_row = looks.fit(rows::MEMBER, room.saturating_sub(2 * INDENT));
        Self {
            group,
            inner,
            row,
            deep_row,
            grouping,
            zone: jiff::tz::TimeZone::UTC,
            findings: Arc::default(),
            lit: None,
        }
    }

    /// With marks on the ports at which something was found.
    fn marking(self, findings: &Arc<Findings>) -> Self {
        Self {
            findings: Arc::clone(findings),
            ..self
        }
    }

    /// The columns that have heads.
    fn heads_of(&self) -> &[Sized] {
        if matches!(self.grouping, Grouping::Sockets | Grouping::History) {
            &self.row
        } else {
            &self.group
        }
    }

    /// The column heads, with a sign on the one the table is ordered by, where that can be changed.
    pub(super) fn heads(&self, order: Option<Order>) -> Line {
        let columns = self.heads_of();
        let mut line = Line::of(" ".repeat(MARGIN), Tone::Dim);
        for (index, sized) in columns.iter().enumerate() {
            if index > 0 {
                line.push("  ", Tone::Dim);
            }
            let here = order.filter(|order| sized.column.sort == Some(order.column));
            let sign = match here.map(|order| order.direction) {
                None => "",
                Some(Direction::Ascending) => "▲",
                Some(Direction::Descending) => "▼",
            };
            let title = format!("{}{sign}", sized.column.title);
            let tone = here.map_or(Tone::Dim, |_| Tone::Accent);
            line.push(sized.place(&title), tone);
        }
        line
    }

    /// One line of the table.
    pub(super) fn line(
        &self,
        place: Place,
        answer: &Answer,
        lines: &Lines,
        services: &Services,
        total: usize,
    ) -> Line {
        match place {
            Place::Section(index) => match answer.sections.get(index) {
                Some(part) => section(part, total),
                None => Line::default(),
            },
            Place::Group(index) => match answer.groups.get(index) {
                Some(group) => self.group(group, 0, &self.group, answer, lines, services),
                None => Line::default(),
            },
            Place::Inner(index) => match answer.inner.get(index) {
                Some(group) => self.group(group, INDENT, &self.inner, answer, lines, services),
                None => Line::default(),
            },
            Place::Row {
                group,
                position,
                last,
            } => {
                let depth = match group {
                    None => 0,
                    Some(path) if path.sub.is_some() => 2,
                    Some(_) => 1,
                };
                self.row(position, depth, last, answer)
            }
        }
    }

    fn group(
        &self,
        group: &Group,
        indent: usize,
        columns: &[Sized],
        answer: &Answer,
        lines: &Lines,
        services: &Services,
    ) -> Line {
        let open = lines.folds().is_open(group.path);
        let fold = if open { "▾" } else { "▸" };
        // Unfolded, the rows say themselves what happened to them.
        let (sign, tone) = if open {
            (" ", Tone::Plain)
        } else {
            groups::sign(&group.summary)
        };
        let mut line = Line::of(sign, tone);
        let mark = groups::mark(group, &self.findings);
        line.push(format!("{}{fold}", " ".repeat(indent)), Tone::Dim);
        match &mark {
            Some(mark) => line.push("!", mark.tone),
            None => line.push(" ", Tone::Dim),
        }
        groups::cells(&mut line, group, answer, services, columns, mark.as_ref());
        line
    }

    fn row(&self, position: usize, depth: usize, last: bool, answer: &Answer) -> Line {
        let row = answer.rows.get(position).and_then(|slot| answer.row(*slot));
        let Some(row) = row else {
            return Line::default();
        };
        if self.grouping == Grouping::History {
            return ended::line(row, &answer.moment, &self.row, &self.zone);
        }
        let (sign, tone) = rows::sign(row, &answer.moment);
        let mut line = Line::of(" ", Tone::Plain);
        line.push(format!("{sign} "), tone.unwrap_or(Tone::Plain));
        if depth > 0 {
            let branch = if last { "└ " } else { "├ " };
            line.push(
                format!("{}{branch}", " ".repeat((depth - 1) * INDENT)),
                Tone::Dim,
            );
        }
        let columns = if depth == 2 {
            &self.deep_row
        } else {
            &self.row
        };
        let twin = answer.twin(row.slot).filter(|_| depth > 0);
        let twin = twin.map(|t| &**t);
        rows::cells(&mut line, row, twin, &answer.moment, columns, self.lit);
        line
    }
}

fn section(section: &Section, total: usize) -> Line {
    let groups = section.live;
    let sockets = count(section.sockets as usize, "socket", "sockets");
    let (title, sum) = match section.kind {
        SectionKind::ListeningHere => ("LISTENING HERE", count(groups, "port", "ports")),
        SectionKind::Outgoing => ("OUTGOING", count(groups, "port", "ports")),
        SectionKind::Processes => ("PROCESSES", count(groups, "process", "processes")),
        SectionKind::NoProcess => ("NO PROCESS", count(groups, "reason", "reasons")),
        SectionKind::Hosts => ("REMOTE HOSTS", count(groups, "host", "hosts")),
        SectionKind::NoHost => ("NO REMOTE END", String::new()),
    };
    let mut line = Line::of(format!(" {title}"), Tone::Heading);
    let comma = if sum.is_empty() { "" } else { ", " };
    line.push_right(
        Line::of(format!("{sum}{comma}{sockets} "), Tone::Dim),
        total,
    );
    line
}
