//! `portolan list`, and `portolan` without a terminal: the chart, once.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::cli::Cli;
use crate::app::exit::{Exit, Failure};
use crate::app::log;
use crate::collect::{Collector, Demand, OwnerSearch};
use crate::history::{History, Moment, Ownership};
use crate::query::{Query, answer};
use crate::teach;
use crate::view::page;

/// Columns where the output is no terminal: wide enough for IPv6 endpoints, and always the same,
/// so that two lists can be compared.
const PAGE_WIDTH: usize = 160;

/// Prints the list.
///
/// # Errors
/// What the system refused.
pub(super) fn list(cli: &Cli) -> Result<Exit, Failure> {
    let filter = cli.filter()?;
    if let Some(path) = cli.log() {
        log::to_file(path)?;
    }
    let services = cli.services();
    // The list names owners, whether or not the filter asks for them.
    let demand = Demand {
        ports: filter.ports(),
        owners: OwnerSearch::Sought,
    };
    let collector = Collector::open(cli.source(), Instant::now())?.demanding(demand);
    tracing::info!(source = %collector.kind(), why = %collector.reason(), "source");
    let moment = look(collector, cli.interval())?;
    let mut query = Query::everything(services.clone());
    query.filter = filter.into();
    query.narrow = cli.narrow();
    let answer = answer(moment, &query);
    let width = crossterm::terminal::size()
        .ok()
        .filter(|_| is_terminal())
        .map_or(PAGE_WIDTH, |(w, _)| w.into());
    let mut out = BufWriter::new(io::stdout().lock());
    let printed = page(&answer, &services, width, |line| {
        writeln!(out, "{}", line.text().trim_end())
    });
    printed
        .and_then(|()| out.flush())
        .map_err(Failure::Output)?;
    remarks(&answer);
    Ok(Exit::Done)
}

/// Looks once: at the sockets demanded, or, where what they are is guessed from others, at all.
fn look(mut collector: Collector, interval: Duration) -> Result<Arc<Moment>, Failure> {
    let mut snapshot = collector.sample(Vec::new(), interval)?;
    let moment = History::default().apply(&mut snapshot);
    if collector.demand().ports.is_none() || !moment.guesses_from_others() {
        return Ok(moment);
    }
    let mut collector = collector.demanding(Demand::default());
    let mut snapshot = collector.sample(snapshot.sockets, interval)?;
    Ok(History::default().apply(&mut snapshot))
}

fn is_terminal() -> bool {
    use std::io::IsTerminal;
    io::stdout().is_terminal()
}

/// What could not be seen, on stderr: the list itself stays a list.
fn remarks(answer: &crate::query::Answer) {
    let printed = answer.rows.iter().filter_map(|slot| answer.row(*slot));
    let any_hidden = printed
        .into_iter()
        .any(|row| row.ownership == Ownership::Hidden);
    let hidden = teach::hidden(&answer.moment)
        .filter(|_| any_hidden)
        .map(|phrase| phrase.text);
    let gaps = answer.moment.gaps.iter().map(ToString::to_string);
    for remark in hidden.into_iter().chain(gaps) {
        // Nobody is left to tell when stderr is gone.
        let _ = writeln!(io::stderr(), "portolan: {remark}");
    }
}
