//! `portolan list`, and `portolan` without a terminal: the sockets, once.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashSet;

use crate::app::cli::{Common, FormatChoice, Layout, List, Selection};
use crate::app::config::Config;
use crate::app::exit::{Exit, Failure};
use crate::app::looking::Looking;
use crate::collect::{Closes, Demand, OwnerSearch, names};
use crate::history::{Moment, Ownership, Tracked};
use crate::port::{PortKey, PortSide};
use crate::query::filter::Context;
use crate::query::{Answer, Grouping, Query, answer};
use crate::report::{self, FindingRecord, Header, Lines};
use crate::services::Services;
use crate::snapshot::Gap;
use crate::teach::findings::Whose;
use crate::teach::{self, Finding, Findings, Limits};
use crate::view::{Heads, Paper, page};

/// Prints the list.
///
/// # Errors
/// What the system refused.
pub(super) fn list(list: &List, config: &Config) -> Result<Exit, Failure> {
    let printer = Printer::new(&list.selection, &list.layout, &list.common, config.limits)?;
    // The list names owners, whether or not the filter asks for them.
    let demand = Demand {
        ports: printer.query.filter.ports(),
        owners: OwnerSearch::Sought,
        closes: Closes::NotHeard,
    };
    // One look has no interval.
    let (_, moment) = Looking::open(list.common.source(), Duration::ZERO, demand)?;
    printer.print(moment, names::this_machine().as_deref())
}

/// What is to be printed of a moment, and how.
pub(super) struct Printer<'a> {
    query: Query,
    layout: &'a Layout,
    limits: Limits,
}

impl<'a> Printer<'a> {
    /// Reads the wishes.
    ///
    /// # Errors
    /// Where they are wrong.
    pub(super) fn new(
        selection: &Selection,
        layout: &'a Layout,
        common: &Common,
        limits: Limits,
    ) -> Result<Self, Failure> {
        let filter = selection.filter()?;
        let (grouping, order) = arrangement(layout)?;
        common.start_log()?;
        let query = Query {
            filter: filter.into(),
            narrow: selection.narrow(),
            grouping,
            order,
            services: common.services(),
        };
        Ok(Self {
            query,
            layout,
            limits,
        })
    }

    /// Prints the moment, which was seen on this machine.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(super) fn print(self, moment: Arc<Moment>, host: Option<&str>) -> Result<Exit, Failure> {
        let Self {
            query,
            layout,
            limits,
        } = self;
        let mut answer = answer(moment, &query);
        if layout.resolve {
            answer = with_names(&answer, &query);
        }
        let undecided = undecided(&answer, &query);
        if undecided > 0 {
            let why = teach::hangs_on_owners(undecided, &answer.moment);
            let mut moment = Moment::clone(&answer.moment);
            moment.gaps.push(Gap::Owners(why));
            answer = crate::query::answer(Arc::new(moment), &query);
        }
        print(&answer, &query.services, layout, host, limits).map_err(Failure::Output)?;
        remarks(&answer);
        Ok(Exit::Done)
    }
}

/// How many sockets are left out, or in, only because their owner is hidden.
fn undecided(answer: &Answer, query: &Query) -> usize {
    let context = Context {
        moment: &answer.moment,
        services: &query.services,
    };
    let hangs = |row: &&Arc<Tracked>| {
        query.narrow.lets_through(row) && query.filter.hangs_on_owner(row, context)
    };
    match query.filter.owners() {
        OwnerSearch::NotSought => 0,
        OwnerSearch::Sought | OwnerSearch::Gradual => answer.moment.rows().filter(hangs).count(),
    }
}

/// By what the list is grouped and ordered.
fn arrangement(layout: &Layout) -> Result<(Grouping, crate::query::Order), Failure> {
    let by_columns = !layout.columns.is_empty();
    if by_columns && matches!(layout.format(), FormatChoice::Json | FormatChoice::Ndjson) {
        let why = "--columns is for table, plain and csv; JSON has every field";
        return Err(Failure::Usage(why.into()));
    }
    let usual = match layout.format() {
        FormatChoice::Table if !by_columns => Grouping::Ports,
        _ => Grouping::Sockets,
    };
    let meant = layout.sort.map_or(usual, |sort| sort.meant(usual));
    let grouping = layout.group.unwrap_or(meant);
    let order = match layout.sort {
        None => grouping.usual_order(),
        Some(sort) => sort.order(grouping).map_err(Failure::Usage)?,
    };
    Ok((grouping, order))
}

fn print(
    answer: &Answer,
    services: &Services,
    layout: &Layout,
    host: Option<&str>,
    limits: Limits,
) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let lines = Lines {
        answer,
        services,
        columns: &layout.columns,
        header: if layout.no_header {
            Header::Hidden
        } else {
            Header::Shown
        },
    };
    let heads = if layout.no_header {
        Heads::Hidden
    } else {
        Heads::Shown
    };
    match layout.format() {
        FormatChoice::Table if !layout.columns.is_empty() => {
            lines.table(terminal_width(), &mut out)?;
        }
        FormatChoice::Table => {
            let paper = terminal_width().map_or(Paper::Endless, Paper::Terminal);
            page(answer, services, paper, heads, |line| {
                writeln!(out, "{}", line.text().trim_end())
            })?;
        }
        FormatChoice::Plain => lines.plain(&mut out)?,
        FormatChoice::Csv => lines.csv(&mut out)?,
        FormatChoice::Json => {
            let findings = findings(answer, &limits);
            report::json(answer, services, host, &findings, &mut out)?;
        }
        FormatChoice::Ndjson => report::ndjson(answer, services, &mut out)?,
    }
    out.flush()
}

/// What was found at the ports of the listed sockets.
fn findings(answer: &Answer, limits: &Limits) -> Vec<FindingRecord> {
    let moment = &answer.moment;
    let found = Findings::of(moment, limits);
    if found.all().is_empty() {
        return Vec::new();
    }
    let rows = answer.rows.iter().filter_map(|slot| answer.row(*slot));
    let listed: HashSet<PortKey> = rows.map(|row| row.port_key()).collect();
    let listed = found.all().iter().filter(|f| listed.contains(&f.id.port));
    let record = |finding: &Finding| FindingRecord {
        rule: finding.row().name,
        protocol: finding.id.port.protocol.name(),
        port: finding.id.port.port.number(),
        at: match finding.id.port.side {
            PortSide::Here => "local",
            PortSide::There => "remote",
        },
        count: finding.count,
        lasting_ms: finding.lasting.map(|l| l.seen.as_millis() as u64),
        at_least: finding.lasting.map(|l| l.at_least),
        pid: match finding.whose {
            Whose::Of(process) => Some(process.pid.0),
            Whose::Nobodys | Whose::Several => None,
        },
        message: finding.sentence.text.clone(),
    };
    listed.map(record).collect()
}

/// How wide the terminal is; `None` where the output is none.
pub(super) fn terminal_width() -> Option<usize> {
    // Asked where there is no terminal, crossterm would start another program to find one.
    if !io::stdout().is_terminal() {
        return None;
    }
    let (width, _) = crossterm::terminal::size().ok()?;
    Some(width.into())
}

/// The same answer with the names of the remote addresses in it.
fn with_names(answer: &Answer, query: &Query) -> Answer {
    let rows = answer.rows.iter().filter_map(|slot| answer.row(*slot));
    let addresses = rows.filter_map(|row| Some(row.socket.remote?.plain()));
    let found = names::resolve(addresses);
    if found.unanswered > 0 {
        say(format_args!(
            "the name servers did not answer in time for {} addresses",
            found.unanswered
        ));
    }
    let mut moment = Moment::clone(&answer.moment);
    Arc::make_mut(&mut moment.directory).hosts = found.names;
    crate::query::answer(Arc::new(moment), query)
}

/// What could not be seen, on stderr: the list itself stays a list.
fn remarks(answer: &Answer) {
    let printed = answer.rows.iter().filter_map(|slot| answer.row(*slot));
    let hidden = printed.filter(|row| row.ownership == Ownership::Hidden);
    let hidden = teach::hidden_in_print(hidden.count(), &answer.moment);
    let gaps = answer.moment.gaps.iter().map(ToString::to_string);
    for remark in hidden.into_iter().chain(gaps) {
        say(format_args!("{remark}"));
    }
}

/// Says it on stderr. Nobody is left to tell when that is gone.
pub(super) fn say(text: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "portolan: {text}");
}
