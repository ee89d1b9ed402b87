//! Measures every stage separately, from the kernel's table to the cells of the terminal.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use portolan::collect::Collector;
use portolan::collect::linux::sock_diag::source::SockDiag;
use portolan::collect::source::Source;
use portolan::findings::Thresholds;
use portolan::findings::evaluate::Findings;
use portolan::history::Moment;
use portolan::history::state::History;
use portolan::net::port::{Port, PortKey, PortSide, Protocol};
use portolan::net::services::Services;
use portolan::query::run::Query;
use portolan::query::{Folds, GroupKey, GroupPath, Grouping, QueryResult, VisibleLines, run};
use portolan::tui::state::view_state::ViewState;
use portolan::tui::theme::Theme;
use portolan::tui::view::draw;
use portolan::tui::widgets::ScreenWidget;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::filters;
use crate::raw_dump::{self, RawDump};
use crate::stopwatch::Laps;
use crate::table::{Goals, ReportTable};

/// The size of the terminal: columns and rows.
pub(crate) const TERMINAL_SIZE: (u16, u16) = (120, 40);

const INTERVAL: Duration = Duration::from_secs(1);

/// A sample in which nothing changed, in kernel dumps.
const SAMPLE_GOAL: Goals = &[(1_000, 1.3), (10_000, 1.3), (100_000, 1.3)];

/// The first sample, which finds every owner, in dumps and bare scans of the processes.
const FIRST_SAMPLE_GOAL: Goals = &[(100_000, 1.3)];

/// Measures all stages. `port` is the one that half of the sockets share.
pub(crate) fn measure(table: &mut ReportTable, port: u16) -> Result<(), Box<dyn Error>> {
    let mut floor = RawDump::open()?;
    floor.dump()?;
    let raw_dump_laps = Laps::measure(|| floor.dump());
    table.laps("dump, thrown away (the kernel alone)", &raw_dump_laps);
    let fd_walk = Laps::measure(raw_dump::walk_fds);
    table.laps("descriptors, read and forgotten", &fd_walk);
    let mut source = SockDiag::open()?;
    let (mut sockets, mut gaps) = (Vec::new(), Vec::new());
    let read = Laps::measure(|| {
        sockets.clear();
        source.read(None, INTERVAL, &mut sockets, &mut gaps)
    });
    table.laps("dump, decoded", &read);

    let moment = collect(table, &raw_dump_laps, &fd_walk)?;
    filters::measure(table, &moment);
    queries(table, &moment);
    let services = Arc::new(Services::with_overrides(&[]));
    let shown = run(moment, &Query::unfiltered(Arc::clone(&services)));
    frames(table, &shown, &services, port);
    Ok(())
}

/// Measures samples and the history.
fn collect(
    table: &mut ReportTable,
    raw_dump_laps: &Laps,
    fd_walk: &Laps,
) -> Result<Arc<Moment>, Box<dyn Error>> {
    let (mut first, mut steady) = (Laps::default(), Laps::default());
    let (mut first_apply, mut apply) = (Laps::default(), Laps::default());
    for _ in 0..2 {
        let mut collector = Collector::open(None, Instant::now())?;
        first.lap(|| collector.sample(Vec::new(), INTERVAL))?;
    }
    let mut collector = Collector::open(None, Instant::now())?;
    let mut history = History::default();
    let mut snapshot = first.lap(|| collector.sample(Vec::new(), INTERVAL))?;
    let mut moment = first_apply.lap(|| history.apply(&mut snapshot));
    // The second and third change every row: rates need two samples.
    for _ in 0..2 {
        snapshot = collector.sample(snapshot.sockets, INTERVAL)?;
        moment = history.apply(&mut snapshot);
    }
    while !steady.is_enough() {
        let spare = std::mem::take(&mut snapshot.sockets);
        snapshot = steady.lap(|| collector.sample(spare, INTERVAL))?;
        // The previous moment is dropped in the same step.
        moment = apply.lap(|| {
            let now = history.apply(&mut snapshot);
            drop(std::mem::replace(&mut moment, Arc::clone(&now)));
            now
        });
    }
    table.wall_laps("sample, first (wall-clock time)", &first);
    let floor = raw_dump_laps.median_wall().0 + fd_walk.median_wall().0;
    let share = first.median_wall().0.as_secs_f64() / floor.as_secs_f64();
    table.goal("  in dumps and walks", share, "×", FIRST_SAMPLE_GOAL);
    table.laps("sample, nothing changed", &steady);
    let share = steady.median().0.as_secs_f64() / raw_dump_laps.median().0.as_secs_f64();
    table.goal("  in dumps", share, "×", SAMPLE_GOAL);
    table.laps("history, first", &first_apply);
    table.laps("history, nothing changed", &apply);
    Ok(moment)
}

fn queries(table: &mut ReportTable, moment: &Arc<Moment>) {
    let services = Arc::new(Services::with_overrides(&[]));
    for (grouping, label) in [
        (Grouping::Ports, "query, by port"),
        (Grouping::Processes, "query, by process"),
        (Grouping::Hosts, "query, by host"),
        (Grouping::Sockets, "query, flat"),
    ] {
        let query = Query {
            grouping,
            sort_order: grouping.default_order(),
            ..Query::unfiltered(Arc::clone(&services))
        };
        let laps = Laps::measure(|| run(Arc::clone(moment), &query));
        table.laps(label, &laps);
        let result = run(Arc::clone(moment), &query);
        let laps = Laps::measure(|| VisibleLines::new(&result, &Folds::all_open()));
        if grouping == Grouping::Processes {
            table.laps("lines, by process, all unfolded", &laps);
        }
    }
    let laps = Laps::measure(|| Findings::from_moment(moment, &Thresholds::DEFAULT));
    table.laps("findings", &laps);
}

/// Measures one frame: the same screen whatever the number of sockets.
fn frames(table: &mut ReportTable, result: &QueryResult, services: &Services, port: u16) {
    let (columns, rows) = TERMINAL_SIZE;
    let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
    let mut frame = |state: &ViewState, lines: &VisibleLines| {
        let screen = draw(state, Some(result), lines, services);
        let theme = Theme::default();
        ScreenWidget {
            screen: &screen,
            theme,
        }
        .render(buffer.area, &mut buffer);
    };
    let mut state = ViewState::new(TERMINAL_SIZE, INTERVAL);
    let folded = VisibleLines::new(result, &state.folds);
    table.laps("frame, folded", &Laps::measure(|| frame(&state, &folded)));

    let path = GroupPath::top(GroupKey::Port(PortKey {
        side: PortSide::Local,
        port: Port(port),
        protocol: Protocol::Tcp,
    }));
    state.folds.open(path);
    let unfolded = VisibleLines::new(result, &state.folds);
    let rows = result.group(path).map_or(0, |group| group.rows.len());
    state.cursor = unfolded.len().saturating_sub(rows / 2);
    state.top = state.cursor.saturating_sub(10);
    state.selected = unfolded.id(result, state.cursor);
    let label = "frame, half of all rows unfolded, amid them";
    table.laps(label, &Laps::measure(|| frame(&state, &unfolded)));
    table.cell("  lines there", unfolded.len().to_string());
}
