//! The columns and cells of group lines.

use super::columns::{ColumnContent, Overflow, SizedColumn, TableColumn};
use super::screen::{StyledLine, StyledSpan, Tone};
use crate::explain::group_text;
use crate::findings::evaluate::Findings;
use crate::findings::finding::Severity;
use crate::history::{Moment, Rates, Series};
use crate::net::port::PortSide;
use crate::net::services::Services;
use crate::net::socket::TcpState;
use crate::query::owner_display::describe_processes;
use crate::query::{
    Group, GroupKey, GroupSummary, Grouping, QueryResult, SortColumn, owner_display,
};
use crate::text::units;
use crate::text::width::width;

/// The width of the state bar.
const STATE_BAR_WIDTH: usize = 6;

/// The minimum width of the column for the bar beside the counts.
const MIN_WIDTH_WITH_BAR: usize = 15;

/// Returns the columns of a view's groups.
pub(crate) const fn group_columns(grouping: Grouping) -> &'static [TableColumn] {
    const SOCKETS: TableColumn = TableColumn::new(ColumnContent::Sockets, "SOCKETS", 0, 8, 8)
        .align_right()
        .sort_by(SortColumn::Sockets);
    const DOWN: TableColumn = TableColumn::new(ColumnContent::ReceiveRate, "↓/s", 4, 6, 6)
        .align_right()
        .sort_by(SortColumn::Rate);
    const UP: TableColumn = TableColumn::new(ColumnContent::SendRate, "↑/s", 4, 6, 6).align_right();
    const STATES: TableColumn = TableColumn::new(ColumnContent::States, "STATES", 2, 15, 32);
    match grouping {
        Grouping::Ports => {
            &const {
                [
                    TableColumn::new(ColumnContent::Name, "PORT", 0, 10, 10)
                        .sort_by(SortColumn::Port),
                    TableColumn::new(ColumnContent::Service, "SERVICE", 1, 8, 14),
                    TableColumn::new(ColumnContent::Reach, "REACH", 3, 12, 13),
                    TableColumn::new(ColumnContent::Process, "PROCESS", 0, 13, 40)
                        .weight(3)
                        .sort_by(SortColumn::Process),
                    SOCKETS,
                    STATES,
                    TableColumn::new(ColumnContent::Sparkline, "LAST 60 s", 5, 12, 12),
                    DOWN,
                    UP,
                ]
            }
        }
        Grouping::Processes => {
            &const {
                [
                    TableColumn::new(ColumnContent::Name, "PROCESS", 0, 18, 36)
                        .sort_by(SortColumn::Process),
                    TableColumn::new(ColumnContent::User, "USER", 3, 8, 14),
                    SOCKETS,
                    STATES,
                    TableColumn::new(ColumnContent::Command, "COMMAND", 5, 16, 80),
                    DOWN,
                    UP,
                ]
            }
        }
        Grouping::Hosts | Grouping::Sockets | Grouping::History => {
            &const {
                [
                    TableColumn::new(ColumnContent::Name, "HOST", 0, 18, 42)
                        .sort_by(SortColumn::Host),
                    TableColumn::new(ColumnContent::Process, "PROCESS", 1, 12, 40),
                    SOCKETS,
                    STATES,
                    DOWN,
                    UP,
                ]
            }
        }
    }
}

/// Returns the sign of a folded group, from recent changes of its sockets, and its tone.
pub(crate) const fn change_sign(summary: &GroupSummary) -> (&'static str, Tone) {
    match (
        summary.recently_opened,
        summary.recently_closed,
        summary.recently_changed,
    ) {
        (0, 0, 0) => (" ", Tone::Plain),
        (0, 0, _) => ("~", Tone::Changed),
        (0, ..) => ("−", Tone::Closed),
        (_, 0, _) => ("+", Tone::Opened),
        _ => ("±", Tone::Changed),
    }
}

/// Returns the label of the most urgent finding of a port, in the tone of its severity.
pub(crate) fn finding_mark(group: &Group, findings: &Findings) -> Option<StyledSpan> {
    let GroupKey::Port(port) = group.key() else {
        return None;
    };
    // The most urgent comes first.
    let row = findings.for_port(port).next()?.rule_spec();
    let tone = match row.severity {
        Severity::Warning => Tone::Warning,
        Severity::Notice => Tone::Inference,
    };
    Some(StyledSpan::new(format!("!{}", row.label), tone))
}

/// Appends the cells of one group.
pub(crate) fn push_group_cells(
    line: &mut StyledLine,
    group: &Group,
    result: &QueryResult,
    services: &Services,
    columns: &[SizedColumn],
    mark: Option<&StyledSpan>,
) {
    for (index, sized) in columns.iter().enumerate() {
        if index > 0 {
            line.push("  ", Tone::Plain);
        }
        match sized.column.content {
            ColumnContent::States => push_states(line, &group.summary, *sized, mark),
            content => {
                let span = group_cell(content, group, result, services);
                line.push(sized.pad(&span.text), span.tone);
            }
        }
    }
}

fn group_cell(
    content: ColumnContent,
    group: &Group,
    result: &QueryResult,
    services: &Services,
) -> StyledSpan {
    let (summary, moment) = (&group.summary, &*result.moment);
    match content {
        ColumnContent::Name => group_name(group, moment, services),
        ColumnContent::Service => match group.key() {
            GroupKey::Port(key) => StyledSpan::new(
                services
                    .shared_port_name(key, moment.ephemeral)
                    .unwrap_or(""),
                Tone::Dim,
            ),
            _ => StyledSpan::new("", Tone::Plain),
        },
        ColumnContent::Reach => reach_span(group, moment),
        ColumnContent::Process if summary.sockets == 0 => StyledSpan::new("gone", Tone::Closed),
        ColumnContent::Process => StyledSpan::from_phrase(describe_processes(summary, moment)),
        ColumnContent::User => StyledSpan::new(user_name(group, moment), Tone::Plain),
        ColumnContent::Command => StyledSpan::new(command_text(group, moment), Tone::Dim),
        ColumnContent::Sockets => {
            let tone = if summary.sockets == 0 {
                Tone::Closed
            } else {
                Tone::Strong
            };
            StyledSpan::new(units::thousands(summary.sockets as usize), tone)
        }
        ColumnContent::Sparkline => match group.key() {
            GroupKey::Port(key) => {
                let series = moment.series.get(&key);
                StyledSpan::new(series.map(sparkline).unwrap_or_default(), Tone::Dim)
            }
            _ => StyledSpan::new("", Tone::Plain),
        },
        ColumnContent::ReceiveRate => rate_span(summary.rates.map(|r: Rates| r.down)),
        ColumnContent::SendRate => rate_span(summary.rates.map(|r| r.up)),
        _ => StyledSpan::new("", Tone::Plain),
    }
}

/// Returns bytes per second; a dash if the kernel does not count them.
pub(crate) fn rate_span(per_second: Option<f64>) -> StyledSpan {
    match per_second {
        None => StyledSpan::new("—", Tone::Dim),
        Some(0.0) => StyledSpan::new("0", Tone::Dim),
        Some(rate) => StyledSpan::new(units::rate(rate), Tone::Plain),
    }
}

fn group_name(group: &Group, moment: &Moment, services: &Services) -> StyledSpan {
    match group.key() {
        GroupKey::Port(key) if group.path.sub.is_some() => {
            let arrow = match key.side {
                PortSide::Local => "",
                PortSide::Remote => "→ ",
            };
            let service = services
                .shared_port_name(key, moment.ephemeral)
                .map_or(String::new(), |s| format!(" {s}"));
            let port = group_text::format_port_key(key);
            StyledSpan::new(format!("{arrow}{port}{service}"), Tone::Strong)
        }
        GroupKey::Port(key) => {
            let guessed =
                group.summary.sockets > 0 && group.summary.guessed_sides == group.summary.sockets;
            let tone = if guessed {
                Tone::Inference
            } else {
                Tone::Strong
            };
            let sign = if guessed { "?" } else { "" };
            StyledSpan::new(format!("{}{sign}", group_text::format_port_key(key)), tone)
        }
        GroupKey::Process(key) => match moment.directory.processes.get(&key) {
            Some(process) => StyledSpan::new(format!("{} {}", process.name, key.pid), Tone::Strong),
            None => StyledSpan::new(format!("pid {}", key.pid), Tone::Strong),
        },
        GroupKey::Unowned(reason) => {
            StyledSpan::from_phrase(owner_display::describe_unowned(reason, moment))
        }
        GroupKey::Host(address) => StyledSpan::new(address.to_string(), Tone::Strong),
        GroupKey::NoHost => StyledSpan::new("any remote address", Tone::Plain),
    }
}

/// Returns who can reach the listeners; for a remote port, its host.
fn reach_span(group: &Group, moment: &Moment) -> StyledSpan {
    let summary = &group.summary;
    if let GroupKey::Port(key) = group.key()
        && key.side == PortSide::Remote
    {
        let target = match (summary.host, summary.hosts as usize) {
            (Some(host), _) => format!("→ {host}"),
            // All its sockets are closed.
            (None, 0) => String::new(),
            (None, hosts) => format!("→ {}", units::pluralize(hosts, "host", "hosts")),
        };
        return StyledSpan::new(target, Tone::Plain);
    }
    match summary.reach {
        Some(reach) => StyledSpan::new(group_text::format_reach(reach, moment), Tone::Plain),
        None => StyledSpan::new("no listener", Tone::Dim),
    }
}

fn user_name(group: &Group, moment: &Moment) -> String {
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

fn command_text(group: &Group, moment: &Moment) -> String {
    match group.path.sub {
        Some(_) => group.summary.reach.map_or(String::new(), |r| {
            format!("reached by {}", group_text::format_reach(r, moment))
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

/// The codes of states: at most two characters, the last one no digit, because a count follows. The
/// help explains them.
pub(crate) const STATE_CODES: [(TcpState, &str); 11] = [
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

/// Returns the tone of a state.
pub(crate) const fn tcp_state_tone(state: Option<TcpState>) -> Tone {
    match state {
        Some(TcpState::Established) => Tone::Established,
        Some(TcpState::Listen) => Tone::Listening,
        Some(TcpState::SynSent | TcpState::SynReceived) => Tone::Handshake,
        Some(TcpState::CloseWait) => Tone::Warning,
        Some(_) => Tone::Closing,
        None => Tone::Plain,
    }
}

/// Returns the character of a state in the bar; its height distinguishes states without colour.
const fn bar_char(state: Option<TcpState>) -> &'static str {
    match state {
        Some(TcpState::Established) => "▇",
        Some(TcpState::SynSent | TcpState::SynReceived) => "▅",
        Some(TcpState::Listen) => "▂",
        Some(_) => "▃",
        None => " ",
    }
}

/// Appends the counts of the states, and a bar in their proportions: `E120 L2 TW6  ▇▇▇▇▃▂`. The
/// label of a finding replaces the bar.
fn push_states(
    line: &mut StyledLine,
    summary: &GroupSummary,
    sized: SizedColumn,
    mark: Option<&StyledSpan>,
) {
    let tcp: Vec<(TcpState, u32)> = summary
        .states
        .iter()
        .filter_map(|(state, n)| Some((state?, n)))
        .collect();
    let code = |state: TcpState| {
        let found = STATE_CODES.iter().find(|(known, _)| *known == state);
        found.map_or("?", |(_, code)| *code).to_owned()
    };
    // An audience does not know the codes.
    let with_names = state_counts(&tcp, |state| format!("{} ", state.name()), ", ");
    let spelled_out = sized.column.spelled_out && with_names.width() <= sized.width;
    let counts = match spelled_out {
        true => with_names,
        false => state_counts(&tcp, code, " "),
    };
    let cells = match sized.overflow {
        Overflow::Truncate => sized.width,
        Overflow::Extend => sized.width.max(counts.width()),
    };
    let end = mark.map_or(STATE_BAR_WIDTH, |mark| width(&mark.text));
    let has_end = mark.is_some() || !tcp.is_empty();
    let with_end = cells >= MIN_WIDTH_WITH_BAR && end + 1 + counts.width() <= cells && has_end;
    let mut used = 0;
    let last = counts.spans.len().saturating_sub(1);
    for (index, span) in counts.spans.into_iter().enumerate() {
        let next = width(&span.text);
        // One cell is kept for the `…`.
        if used + next + usize::from(index < last) > cells {
            line.push("…", Tone::Dim);
            used += 1;
            break;
        }
        used += next;
        line.spans.push(span);
    }
    // The counts say more than the bar, so they start in the same cell on every line.
    if with_end {
        line.push(" ".repeat(cells - used - end), Tone::Plain);
        match mark {
            Some(mark) => line.spans.push(mark.clone()),
            None => push_state_bar(line, &tcp),
        }
    } else {
        line.push(" ".repeat(cells - used), Tone::Plain);
    }
}

/// Returns the states, each with its count.
fn state_counts(
    tcp: &[(TcpState, u32)],
    name: impl Fn(TcpState) -> String,
    between: &'static str,
) -> StyledLine {
    let mut counts = StyledLine::default();
    for (state, n) in tcp {
        let before = if counts.spans.is_empty() { "" } else { between };
        counts.push(
            format!("{before}{}{n}", name(*state)),
            tcp_state_tone(Some(*state)),
        );
    }
    counts
}

/// Appends the bar: each state has at least one cell while there are cells; the most frequent gets
/// the rest.
fn push_state_bar(line: &mut StyledLine, tcp: &[(TcpState, u32)]) {
    if tcp.is_empty() {
        return line.push(" ".repeat(STATE_BAR_WIDTH), Tone::Plain);
    }
    let total: u64 = tcp.iter().map(|(_, n)| u64::from(*n)).sum();
    let mut cells: Vec<usize> = tcp
        .iter()
        .map(|(_, n)| ((u64::from(*n) * STATE_BAR_WIDTH as u64 / total.max(1)) as usize).max(1))
        .collect();
    while cells.iter().sum::<usize>() > STATE_BAR_WIDTH {
        let Some(highest) = cells.iter_mut().max() else {
            break;
        };
        *highest -= 1;
    }
    let short = STATE_BAR_WIDTH.saturating_sub(cells.iter().sum());
    if let Some((index, _)) = tcp.iter().enumerate().max_by_key(|(_, (_, n))| *n)
        && let Some(highest) = cells.get_mut(index)
    {
        *highest += short;
    }
    for ((state, _), n) in tcp.iter().zip(cells) {
        line.push(
            bar_char(Some(*state)).repeat(n),
            tcp_state_tone(Some(*state)),
        );
    }
}

/// Returns the counts of the last minute as bars. Constant counts give a low line, not a full one.
fn sparkline(series: &Series) -> String {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let known = || series.buckets.iter().flatten();
    let highest = known().max().copied().unwrap_or(0);
    let flat = known().all(|n| *n == highest);
    series
        .buckets
        .iter()
        .map(|bucket| match bucket {
            None => ' ',
            Some(0) => LEVELS[0],
            Some(_) if flat => LEVELS[2],
            Some(n) => LEVELS[(u64::from(*n) * 7 / u64::from(highest)).max(1) as usize],
        })
        .collect()
}
