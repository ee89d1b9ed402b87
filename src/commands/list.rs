//! `portolan list`, and `portolan` without a terminal: prints the sockets once.

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

/// Runs `portolan list`.
///
/// # Errors
/// Returns a usage error for an invalid filter or option, or the failed system call.
pub(crate) fn run(list: &ListArgs, config: &Config) -> Result<Exit, Failure> {
    let printer = ListPrinter::new(
        &list.selection,
        &list.output,
        &list.common,
        config.thresholds,
    )?;
    // The list shows owners, whether or not the filter needs them.
    let scope = SampleScope {
        ports: printer.query.filter.required_ports(),
        owners: OwnerMode::Full,
        close_events: CloseEvents::Off,
    };
    // A single sample has no interval.
    let (_, moment) = Poller::open(list.common.source_kind(), Duration::ZERO, scope)?;
    printer.print(moment, hosts::local_hostname().as_deref())
}

/// Prints a moment as selected and formatted by the options.
pub(crate) struct ListPrinter<'a> {
    query: Query,
    layout: &'a OutputArgs,
    thresholds: Thresholds,
}

impl<'a> ListPrinter<'a> {
    /// Parses the options.
    ///
    /// # Errors
    /// Returns a usage error if they are invalid, or the error of opening the log.
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

    /// Prints the moment. `host` is the name of the machine it was sampled on.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(crate) fn print(self, moment: Arc<Moment>, host: Option<&str>) -> Result<Exit, Failure> {
        let Self {
            query,
            layout,
            thresholds,
        } = self;
        let mut result = crate::query::run(moment, &query);
        if layout.resolve {
            result = resolve_hosts(&result, &query);
        }
        let undecided = count_undecided(&result, &query);
        if undecided > 0 {
            let why = hidden_owners::undecided_rows_note(undecided, &result.moment);
            let mut moment = Moment::clone(&result.moment);
            moment.gaps.push(Gap::Owners(why));
            result = crate::query::run(Arc::new(moment), &query);
        }
        print_result(&result, &query.services, layout, host, thresholds)
            .map_err(Failure::Output)?;
        report_unseen(&result);
        Ok(Exit::Success)
    }
}

/// Counts the sockets whose match depends on an unknown owner.
fn count_undecided(result: &QueryResult, query: &Query) -> usize {
    let context = FilterContext {
        moment: &result.moment,
        services: &query.services,
    };
    let is_undecided = |row: &&Arc<TrackedSocket>| {
        query.quick_filter.matches(row) && query.filter.depends_on_unknown_owner(row, context)
    };
    match query.filter.required_owners() {
        OwnerMode::Off => 0,
        OwnerMode::Full | OwnerMode::Incremental => {
            result.moment.rows().filter(is_undecided).count()
        }
    }
}

/// Returns the grouping and the order of the list.
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
    let default = match layout.format_or_default() {
        OutputFormat::Table if !by_columns => Grouping::Ports,
        _ => Grouping::Sockets,
    };
    let implied = layout
        .sort
        .map_or(default, |sort| sort.implied_grouping(default));
    let grouping = layout.group.unwrap_or(implied);
    let order = match layout.sort {
        None => grouping.default_order(),
        Some(sort) => sort.to_order(grouping).map_err(Failure::Usage)?,
    };
    Ok((grouping, order))
}

fn print_result(
    result: &QueryResult,
    services: &Services,
    layout: &OutputArgs,
    host: Option<&str>,
    thresholds: Thresholds,
) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let lines = ListWriter {
        result,
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
            let target = terminal_width().map_or(PrintTarget::Unbounded, PrintTarget::Terminal);
            print_table(result, services, target, heads, |line| {
                writeln!(out, "{}", line.text().trim_end())
            })?;
        }
        OutputFormat::Plain => lines.write_plain(&mut out)?,
        OutputFormat::Csv => lines.write_csv(&mut out)?,
        OutputFormat::Json => {
            let findings = finding_records(result, &thresholds);
            output::write_json(result, services, host, &findings, &mut out)?;
        }
        OutputFormat::Ndjson => output::write_ndjson(result, services, &mut out)?,
    }
    out.flush()
}

/// Returns the findings at the ports of the listed sockets.
fn finding_records(result: &QueryResult, thresholds: &Thresholds) -> Vec<FindingRecord> {
    let moment = &result.moment;
    let found = Findings::from_moment(moment, thresholds);
    if found.all().is_empty() {
        return Vec::new();
    }
    let rows = result.rows.iter().filter_map(|slot| result.row(*slot));
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

/// Resolves the remote addresses and returns the result with their host names.
fn resolve_hosts(result: &QueryResult, query: &Query) -> QueryResult {
    let rows = result.rows.iter().filter_map(|slot| result.row(*slot));
    let addresses = rows.filter_map(|row| Some(row.socket.remote?.canonical_ip()));
    let found = hosts::resolve_hosts(addresses);
    if found.timed_out > 0 {
        print_stderr(format_args!(
            "the name servers did not answer in time for {} addresses",
            found.timed_out
        ));
    }
    let mut moment = Moment::clone(&result.moment);
    Arc::make_mut(&mut moment.directory).hosts = found.names;
    crate::query::run(Arc::new(moment), query)
}

/// Prints to stderr what could not be read, so that stdout has only the list.
fn report_unseen(result: &QueryResult) {
    let printed = result.rows.iter().filter_map(|slot| result.row(*slot));
    let hidden = printed.filter(|row| row.ownership == Ownership::Hidden);
    let hidden = hidden_owners::hidden_owners_note(hidden.count(), &result.moment);
    let gaps = result.moment.gaps.iter().map(ToString::to_string);
    for message in hidden.into_iter().chain(gaps) {
        print_stderr(format_args!("{message}"));
    }
}
