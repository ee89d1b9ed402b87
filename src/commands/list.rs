//! `portolan list`, and `portolan` without a terminal: the sockets, once.

use std::io;
use std::io::{BufWriter, Write};
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashSet;

use super::config::Config;
use crate::collect::names::hosts;
use crate::collect::{CloseEvents, OwnerMode, SampleScope};
use crate::commands::args::command_args::{ListArgs, OutputArgs};
use crate::commands::args::shared_args::{CommonArgs, SelectionArgs};
use crate::commands::args::values::OutputFormat;
use crate::explain::hidden_owners;
use crate::filter::FilterContext;
use crate::findings::evaluate::Findings;
use crate::findings::finding::Finding;
use crate::findings::{FindingOwner, Thresholds};
use crate::history::{Moment, Ownership, TrackedSocket};
use crate::net::port::{PortKey, PortSide};
use crate::net::services::Services;
use crate::net::snapshot::Gap;
use crate::output;
use crate::output::{FindingRecord, HeaderRow, ListWriter};
use crate::query::run::Query;
use crate::query::{Grouping, QueryResult};
use crate::runtime::console::{print_stderr, terminal_width};
use crate::runtime::exit::{Exit, Failure};
use crate::runtime::poller::Poller;
use crate::tui::view::{PrintHeads, PrintTarget, print_table};

/// Prints the list.
///
/// # Errors
/// What the system refused.
pub(crate) fn run(list: &ListArgs, config: &Config) -> Result<Exit, Failure> {
    let printer = ListPrinter::new(
        &list.selection,
        &list.output,
        &list.common,
        config.thresholds,
    )?;
    // The list names owners, whether or not the filter asks for them.
    let scope = SampleScope {
        ports: printer.query.filter.required_ports(),
        owners: OwnerMode::Full,
        close_events: CloseEvents::Off,
    };
    // One look has no interval.
    let (_, moment) = Poller::open(list.common.source_kind(), Duration::ZERO, scope)?;
    printer.print(moment, hosts::local_hostname().as_deref())
}

/// What is to be printed of a moment, and how.
pub(crate) struct ListPrinter<'a> {
    query: Query,
    layout: &'a OutputArgs,
    thresholds: Thresholds,
}

impl<'a> ListPrinter<'a> {
    /// Reads the wishes.
    ///
    /// # Errors
    /// Where they are wrong.
    pub(crate) fn new(
        selection: &SelectionArgs,
        layout: &'a OutputArgs,
        common: &CommonArgs,
        thresholds: Thresholds,
    ) -> Result<Self, Failure> {
        let filter = selection.parse_filter()?;
        let (grouping, order) = grouping_and_order(layout)?;
        common.init_log()?;
        let query = Query {
            filter: filter.into(),
            quick_filter: selection.quick_filter(),
            grouping,
            sort_order: order,
            services: common.services(),
        };
        Ok(Self {
            query,
            layout,
            thresholds,
        })
    }

    /// Prints the moment, which was seen on this machine.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(crate) fn print(self, moment: Arc<Moment>, host: Option<&str>) -> Result<Exit, Failure> {
        let Self {
            query,
            layout,
            thresholds,
        } = self;
        let mut answer = crate::query::run(moment, &query);
        if layout.resolve {
            answer = resolve_hosts(&answer, &query);
        }
        let undecided = count_undecided(&answer, &query);
        if undecided > 0 {
            let why = hidden_owners::undecided_rows_note(undecided, &answer.moment);
            let mut moment = Moment::clone(&answer.moment);
            moment.gaps.push(Gap::Owners(why));
            answer = crate::query::run(Arc::new(moment), &query);
        }
        print_result(&answer, &query.services, layout, host, thresholds)
            .map_err(Failure::Output)?;
        report_unseen(&answer);
        Ok(Exit::Success)
    }
}

/// How many sockets are left out, or in, only because their owner is hidden.
fn count_undecided(answer: &QueryResult, query: &Query) -> usize {
    let context = FilterContext {
        moment: &answer.moment,
        services: &query.services,
    };
    let is_undecided = |row: &&Arc<TrackedSocket>| {
        query.quick_filter.matches(row) && query.filter.depends_on_unknown_owner(row, context)
    };
    match query.filter.required_owners() {
        OwnerMode::Off => 0,
        OwnerMode::Full | OwnerMode::Incremental => {
            answer.moment.rows().filter(is_undecided).count()
        }
    }
}

/// By what the list is grouped and ordered.
fn grouping_and_order(layout: &OutputArgs) -> Result<(Grouping, crate::query::SortOrder), Failure> {
    let by_columns = !layout.columns.is_empty();
    if by_columns
        && matches!(
            layout.format_or_default(),
            OutputFormat::Json | OutputFormat::Ndjson
        )
    {
        let why = "--columns is for table, plain and csv; JSON has every field";
        return Err(Failure::Usage(why.into()));
    }
    let usual = match layout.format_or_default() {
        OutputFormat::Table if !by_columns => Grouping::Ports,
        _ => Grouping::Sockets,
    };
    let implied = layout
        .sort
        .map_or(usual, |sort| sort.implied_grouping(usual));
    let grouping = layout.group.unwrap_or(implied);
    let order = match layout.sort {
        None => grouping.default_order(),
        Some(sort) => sort.to_order(grouping).map_err(Failure::Usage)?,
    };
    Ok((grouping, order))
}

fn print_result(
    answer: &QueryResult,
    services: &Services,
    layout: &OutputArgs,
    host: Option<&str>,
    thresholds: Thresholds,
) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let lines = ListWriter {
        result: answer,
        services,
        columns: &layout.columns,
        header: if layout.no_header {
            HeaderRow::Hidden
        } else {
            HeaderRow::Shown
        },
    };
    let heads = if layout.no_header {
        PrintHeads::Hidden
    } else {
        PrintHeads::Shown
    };
    match layout.format_or_default() {
        OutputFormat::Table if !layout.columns.is_empty() => {
            lines.write_table(terminal_width(), &mut out)?;
        }
        OutputFormat::Table => {
            let paper = terminal_width().map_or(PrintTarget::Unbounded, PrintTarget::Terminal);
            print_table(answer, services, paper, heads, |line| {
                writeln!(out, "{}", line.text().trim_end())
            })?;
        }
        OutputFormat::Plain => lines.write_plain(&mut out)?,
        OutputFormat::Csv => lines.write_csv(&mut out)?,
        OutputFormat::Json => {
            let findings = finding_records(answer, &thresholds);
            output::write_json(answer, services, host, &findings, &mut out)?;
        }
        OutputFormat::Ndjson => output::write_ndjson(answer, services, &mut out)?,
    }
    out.flush()
}

/// What was found at the ports of the listed sockets.
fn finding_records(answer: &QueryResult, thresholds: &Thresholds) -> Vec<FindingRecord> {
    let moment = &answer.moment;
    let found = Findings::from_moment(moment, thresholds);
    if found.all().is_empty() {
        return Vec::new();
    }
    let rows = answer.rows.iter().filter_map(|slot| answer.row(*slot));
    let listed: HashSet<PortKey> = rows.map(|row| row.port_key()).collect();
    let listed = found.all().iter().filter(|f| listed.contains(&f.id.port));
    let record = |finding: &Finding| FindingRecord {
        rule: finding.rule_spec().name,
        protocol: finding.id.port.protocol.name(),
        port: finding.id.port.port.number(),
        at: match finding.id.port.side {
            PortSide::Local => "local",
            PortSide::Remote => "remote",
        },
        count: finding.count,
        lasting_ms: finding.duration.map(|l| l.observed.as_millis() as u64),
        at_least: finding.duration.map(|l| l.at_least),
        pid: match finding.owner {
            FindingOwner::Process(process) => Some(process.pid.0),
            FindingOwner::Unknown | FindingOwner::Multiple => None,
        },
        message: finding.sentence.text.clone(),
    };
    listed.map(record).collect()
}

/// The same answer with the names of the remote addresses in it.
fn resolve_hosts(answer: &QueryResult, query: &Query) -> QueryResult {
    let rows = answer.rows.iter().filter_map(|slot| answer.row(*slot));
    let addresses = rows.filter_map(|row| Some(row.socket.remote?.canonical_ip()));
    let found = hosts::resolve_hosts(addresses);
    if found.timed_out > 0 {
        print_stderr(format_args!(
            "the name servers did not answer in time for {} addresses",
            found.timed_out
        ));
    }
    let mut moment = Moment::clone(&answer.moment);
    Arc::make_mut(&mut moment.directory).hosts = found.names;
    crate::query::run(Arc::new(moment), query)
}

/// What could not be seen, on stderr: the list itself stays a list.
fn report_unseen(answer: &QueryResult) {
    let printed = answer.rows.iter().filter_map(|slot| answer.row(*slot));
    let hidden = printed.filter(|row| row.ownership == Ownership::Hidden);
    let hidden = hidden_owners::hidden_owners_note(hidden.count(), &answer.moment);
    let gaps = answer.moment.gaps.iter().map(ToString::to_string);
    for message in hidden.into_iter().chain(gaps) {
        print_stderr(format_args!("{message}"));
    }
}
