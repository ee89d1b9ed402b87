//! `portolan list`, and `portolan` without a terminal: the chart, once.

use std::io::{self, BufWriter, Write};
use std::time::Instant;

use crate::app::cli::{Cli, USUAL_INTERVAL};
use crate::app::exit::{Exit, Failure};
use crate::app::log;
use crate::collect::Collector;
use crate::history::{History, Ownership};
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
    let mut collector = Collector::open(cli.source(), Instant::now())?;
    tracing::info!(source = %collector.kind(), why = %collector.reason(), "source");
    let mut snapshot = collector.sample(Vec::new(), cli.interval(USUAL_INTERVAL))?;
    let moment = History::default().apply(&mut snapshot);
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
