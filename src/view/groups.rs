//! The cells of a group row.

use crate::history::{Moment, Rates, Series};
use crate::port::PortSide;
use crate::quantity;
use crate::query::{Answer, Group, GroupKey, Grouping, SortColumn, Summary};
use crate::services::Services;
use crate::socket::TcpState;
use crate::teach::findings::Gravity;
use crate::teach::{self, Findings, process_names};
use crate::view::cells::width;
use crate::view::columns::{Column, Content, Overlong, Sized};
use crate::view::screen::{Line, Span, Tone};

/// Cells of the bar of states.
const BAR: usize = 6;
/// From this width on the column has the bar as well as the counts.
const WITH_BAR: usize = 15;

/// The columns of a view's groups.
pub(super) const fn columns(grouping: Grouping) -> &'static [Column] {
    const SOCKETS: Column = Column::new(Content::Sockets, "SOCKETS", 0, 8, 8)
        .right()
        .sorted(SortColumn::Sockets);
    const DOWN: Column = Column::new(Content::Down, "↓/s", 4, 6, 6)
        .right()
        .sorted(SortColumn::Rate);
    const UP: Column = Column::new(Content::Up, "↑/s", 4, 6, 6).right();
    const STATES: Column = Column::new(Content::States, "STATES", 2, 15, 32);
    match grouping {
        Grouping::Ports => {
            &const {
                [
                    Column::new(Content::Name, "PORT", 0, 10, 10).sorted(SortColumn::Port),
                    Column::new(Content::Service, "SERVICE", 1, 8, 14),
                    Column::new(Content::Reach, "REACH", 3, 12, 13),
                    Column::new(Content::Process, "PROCESS", 0, 13, 40)
                        .weight(3)
                        .sorted(SortColumn::Process),
                    SOCKETS,
                    STATES,
                    Column::new(Content::Series, "LAST 60 s", 5, 12, 12),
                    DOWN,
                    UP,
                ]
            }
        }
        Grouping::Processes => {
            &const {
                [
                    Column::new(Content::Name, "PROCESS", 0, 18, 36).sorted(SortColumn::Process),
                    Column::new(Content::User, "USER", 3, 8, 14),
                    SOCKETS,
                    STATES,
                    Column::new(Content::Command, "COMMAND", 5, 16, 80),
                    DOWN,
                    UP,
                ]
            }
        }
        Grouping::Hosts | Grouping::Sockets | Grouping::History => {
            &const {
                [
                    Column::new(Content::Name, "HOST", 0, 18, 42).sorted(SortColumn::Host),
                    Column::new(Content::Process, "PROCESS", 1, 12, 40),
                    SOCKETS,
                    STATES,
                    DOWN,
                    UP,
                ]
            }
        }
    }
}

/// What happened to the members lately: the sign of a folded group, and its tone.
pub(super) const fn sign(summary: &Summary) -> (&'static str, Tone) {
    match (summary.opened, summary.closed, summary.changed) {
        (0, 0, 0) => (" ", Tone::Plain),
        (0, 0, _) => ("~", Tone::Changed),
        (0, ..) => ("−", Tone::Closed),
        (_, 0, _) => ("+", Tone::Opened),
        _ => ("±", Tone::Changed),
    }
}

/// That something was found at the port: a word, and how urgent it is.
pub(super) fn mark(group: &Group, findings: &Findings) -> Option<Span> {
    let GroupKey::Port(port) = group.key() else {
        return None;
    };
    // The most urgent comes first.
    let row = findings.at(port).next()?.row();
    let tone = match row.gravity {
        Gravity::Stuck => Tone::Warning,
        Gravity::Odd => Tone::Inference,
    };
    Some(Span::new(format!("!{}", row.mark), tone))
}

/// The cells of one group.
pub(super) fn cells(
    line: &mut Line,
    group: &Group,
    answer: &Answer,
    services: &Services,
    columns: &[Sized],
    mark: Option<&Span>,
) {
    for (index, sized) in columns.iter().enumerate() {
        if index > 0 {
            line.push("  ", Tone::Plain);
        }
        match sized.column.content {
            Content::States => states(line, &group.summary, *sized, mark),
            content => {
                let span = cell(content, group, answer, services);
                line.push(sized.place(&span.text), span.tone);
            }
        }
    }
}

fn cell(content: Content, group: &Group, answer: &Answer, services: &Services) -> Span {
    let (summary, moment) = (&group.summary, &*answer.moment);
    match content {
        Content::Name => name(group, moment, services),
        Content::Service => match group.key() {
            GroupKey::Port(key) => {
                Span::new(services.of(key, moment.ephemeral).unwrap_or(""), Tone::Dim)
            }
            _ => Span::new("", Tone::Plain),
        },
        Content::Reach => reach(group, moment),
        Content::Process if summary.sockets == 0 => Span::new("gone", Tone::Closed),
        Content::Process => Span::phrase(process_names(summary, moment)),
        Content::User => Span::new(user(group, moment), Tone::Plain),
        Content::Command => Span::new(command(group, moment), Tone::Dim),
        Content::Sockets => {
            let tone = if summary.sockets == 0 {
                Tone::Closed
            } else {
                Tone::Strong
            };
            Span::new(quantity::thousands(summary.sockets as usize), tone)
        }
        Content::Series => match group.key() {
            GroupKey::Port(key) => {
                let series = moment.series.get(&key);
                Span::new(series.map(sparkline).unwrap_or_default(), Tone::Dim)
            }
            _ => Span::new("", Tone::Plain),
        },
        Content::Down => rate(summary.rates.map(|r: Rates| r.down)),
        Content::Up => rate(summary.rates.map(|r| r.up)),
        _ => Span::new("", Tone::Plain),
    }
}

/// Bytes per second; a dash where the kernel counts none.
pub(super) fn rate(per_second: Option<f64>) -> Span {
    match per_second {
        None => Span::new("—", Tone::Dim),
        Some(0.0) => Span::new("0", Tone::Dim),
        Some(rate) => Span::new(quantity::rate(rate), Tone::Plain),
    }
}

fn name(group: &Group, moment: &Moment, services: &Services) -> Span {
    match group.key() {
        GroupKey::Port(key) if group.path.sub.is_some() => {
            let arrow = match key.side {
                PortSide::Here => "",
                PortSide::There => "→ ",
            };
            let service = services
                .of(key, moment.ephemeral)
                .map_or(String::new(), |s| format!(" {s}"));
            let port = teach::port_name(key);
            Span::new(format!("{arrow}{port}{service}"), Tone::Strong)
        }
        GroupKey::Port(key) => {
            let guessed =
                group.summary.sockets > 0 && group.summary.guessed == group.summary.sockets;
            let tone = if guessed {
                Tone::Inference
            } else {
                Tone::Strong
            };
            let sign = if guessed { "?" } else { "" };
            Span::new(format!("{}{sign}", teach::port_name(key)), tone)
        }
        GroupKey::Process(key) => match moment.directory.processes.get(&key) {
            Some(process) => Span::new(format!("{} {}", process.name, key.pid), Tone::Strong),
            None => Span::new(format!("pid {}", key.pid), Tone::Strong),
        },
        GroupKey::NoProcess(reason) => Span::phrase(teach::no_owner(reason, moment)),
        GroupKey::Host(address) => Span::new(address.to_string(), Tone::Strong),
        GroupKey::NoHost => Span::new("waiting for anybody", Tone::Plain),
    }
}

/// Who can reach the listeners; for a port elsewhere, whom it belongs to.
fn reach(group: &Group, moment: &Moment) -> Span {
    let summary = &group.summary;
    if let GroupKey::Port(key) = group.key()
        && key.side == PortSide::There
    {
        let whom = match (summary.host, summary.hosts as usize) {
            (Some(host), _) => format!("→ {host}"),
            // They are gone.
            (None, 0) => String::new(),
            (None, hosts) => format!("→ {}", quantity::count(hosts, "host", "hosts")),
        };
        return Span::new(whom, Tone::Plain);
    }
    match summary.reach {
        Some(reach) => Span::new(teach::reach(reach, moment), Tone::Plain),
        None => Span::new("no listener", Tone::Dim),
    }
}

fn user(group: &Group, moment: &Moment) -> String {
    let GroupKey::Process(key) = group.key() else {
        return String::new();
    };
    let uid = moment.directory.processes.get(&key).and_then(|p| p.uid);
    uid.map_or(String::new(), |uid| {
        match moment.directory.users.get(&uid) {
            Some(name) => name.to_string(),
            None => uid.to_string(),
        }
    })
}

fn command(group: &Group, moment: &Moment) -> String {
    match group.path.sub {
        Some(_) => group.summary.reach.map_or(String::new(), |r| {
            format!("reached by {}", teach::reach(r, moment))
        }),
        None => match group.key() {
            GroupKey::Process(key) => {
                let process = moment.directory.processes.get(&key);
                let command = process.and_then(|p| p.command.as_ref().or(p.executable.as_ref()));
                command.map_or(String::new(), ToString::to_string)
            }
            _ => String::new(),
        },
    }
}

/// Two signs at most for a state, the last one no digit, because a count follows; the help explains
/// them.
pub(super) const CODES: [(TcpState, &str); 11] = [
    (TcpState::Established, "E"),
    (TcpState::Listen, "L"),
    (TcpState::SynReceived, "SR"),
    (TcpState::SynSent, "SS"),
    (TcpState::CloseWait, "CW"),
    (TcpState::FinWait1, "F¹"),
    (TcpState::FinWait2, "F²"),
    (TcpState::Closing, "CG"),
    (TcpState::LastAck, "LA"),
    (TcpState::TimeWait, "TW"),
    (TcpState::Closed, "CL"),
];

/// The tone of a state.
pub(super) const fn tone(state: Option<TcpState>) -> Tone {
    match state {
        Some(TcpState::Established) => Tone::Flowing,
        Some(TcpState::Listen) => Tone::Waiting,
        Some(TcpState::SynSent | TcpState::SynReceived) => Tone::Opening,
        Some(TcpState::CloseWait) => Tone::Warning,
        Some(_) => Tone::Ending,
        None => Tone::Plain,
    }
}

/// The height of a state in the bar: told apart without colour, too.
const fn block(state: Option<TcpState>) -> &'static str {
    match state {
        Some(TcpState::Established) => "▇",
        Some(TcpState::SynSent | TcpState::SynReceived) => "▅",
        Some(TcpState::Listen) => "▂",
        Some(_) => "▃",
        None => " ",
    }
}

/// The counts of the states, and a bar in their proportions: `E120 L2 TW6  ▇▇▇▇▃▂`. Where something
/// was found, its mark stands in the place of the bar.
fn states(line: &mut Line, summary: &Summary, sized: Sized, mark: Option<&Span>) {
    let tcp: Vec<(TcpState, u32)> = summary
        .states
        .iter()
        .filter_map(|(state, n)| Some((state?, n)))
        .collect();
    let code = |state: TcpState| {
        let found = CODES.iter().find(|(known, _)| *known == state);
        found.map_or("?", |(_, code)| *code).to_owned()
    };
    // A room has not learned the codes.
    let in_words = counted(&tcp, |state| format!("{} ", state.name()), ", ");
    let words = sized.column.spelled_out && in_words.width() <= sized.width;
    let counts = match words {
        true => in_words,
        false => counted(&tcp, code, " "),
    };
    let cells = match sized.overlong {
        Overlong::Cut => sized.width,
        Overlong::Kept => sized.width.max(counts.width()),
    };
    let end = mark.map_or(BAR, |mark| width(&mark.text));
    let has_end = mark.is_some() || !tcp.is_empty();
    let with_end = cells >= WITH_BAR && end + 1 + counts.width() <= cells && has_end;
    let mut used = 0;
    let last = counts.spans.len().saturating_sub(1);
    for (index, span) in counts.spans.into_iter().enumerate() {
        let next = width(&span.text);
        // One cell is kept to say that something was left out.
        if used + next + usize::from(index < last) > cells {
            line.push("…", Tone::Dim);
            used += 1;
            break;
        }
        used += next;
        line.spans.push(span);
    }
    // What is counted says more than the bar, and begins in the same cell on every line.
    if with_end {
        line.push(" ".repeat(cells - used - end), Tone::Plain);
        match mark {
            Some(mark) => line.spans.push(mark.clone()),
            None => bar(line, &tcp),
        }
    } else {
        line.push(" ".repeat(cells - used), Tone::Plain);
    }
}

/// The states, each with its count.
fn counted(
    tcp: &[(TcpState, u32)],
    name: impl Fn(TcpState) -> String,
    between: &'static str,
) -> Line {
    let mut counts = Line::default();
    for (state, n) in tcp {
        let before = if counts.spans.is_empty() { "" } else { between };
        counts.push(format!("{before}{}{n}", name(*state)), tone(Some(*state)));
    }
    counts
}

/// Every state that occurs has a cell, as long as there are cells; the commonest has the rest.
fn bar(line: &mut Line, tcp: &[(TcpState, u32)]) {
    if tcp.is_empty() {
        return line.push(" ".repeat(BAR), Tone::Plain);
    }
    let total: u64 = tcp.iter().map(|(_, n)| u64::from(*n)).sum();
    let mut cells: Vec<usize> = tcp
        .iter()
        .map(|(_, n)| ((u64::from(*n) * BAR as u64 / total.max(1)) as usize).max(1))
        .collect();
    while cells.iter().sum::<usize>() > BAR {
        let Some(most) = cells.iter_mut().max() else {
            break;
        };
        *most -= 1;
    }
    let short = BAR.saturating_sub(cells.iter().sum());
    if let Some((index, _)) = tcp.iter().enumerate().max_by_key(|(_, (_, n))| *n)
        && let Some(most) = cells.get_mut(index)
    {
        *most += short;
    }
    for ((state, _), n) in tcp.iter().zip(cells) {
        line.push(block(Some(*state)).repeat(n), tone(Some(*state)));
    }
}

/// Counts of the last minute. A count that never changed is a low line, not a full one.
fn sparkline(series: &Series) -> String {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let known = || series.buckets.iter().flatten();
    let most = known().max().copied().unwrap_or(0);
    let flat = known().all(|n| *n == most);
    series
        .buckets
        .iter()
        .map(|bucket| match bucket {
            None => ' ',
            Some(0) => LEVELS[0],
            Some(_) if flat => LEVELS[2],
            Some(n) => LEVELS[(u64::from(*n) * 7 / u64::from(most)).max(1) as usize],
        })
        .collect()
}
