//! `portolan free`: could this port be bound, and if not, who is in the way?
//!
//! In: a [`Wish`]. Out: the answer on stdout and in the exit status. Trying decides, the socket
//! table explains.

use std::io;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::collect::source::SourceError;
use crate::collect::{CloseEvents, Collector, OwnerMode, ProbeResult, SampleScope, bind_probe};
use crate::commands::args::command_args::FreeArgs;
use crate::commands::args::shared_args::CommonArgs;
use crate::explain::availability_report::{
    AvailabilityReport, describe_availability, explain_availability,
};
use crate::history::Moment;
use crate::history::state::History;
use crate::net::bind_target::BindTarget;
use crate::net::port::{PortRange, PortSet};
use crate::query::{Availability, PortUsers, alternatives};
use crate::runtime::console::print_stderr;
use crate::runtime::exit::{Exit, Failure};
use crate::text::sanitize;

/// Tells whether the port is free.
///
/// # Errors
/// A text that is no port, and an answer that nobody takes.
pub(crate) fn run(free: &FreeArgs) -> Result<Exit, Failure> {
    let target: BindTarget = free.port.parse().map_err(|error| {
        let text = sanitize::sanitize(free.port.as_bytes());
        let start: String = text.chars().take(MAX_ECHO_CHARS).collect();
        Failure::Usage(format!("cannot ask for \"{start}\": {error}"))
    })?;
    free.common.init_log()?;
    let mut table = SocketTableReader::open(&free.common, target);
    let mut check = PortCheck::probe(target, &mut table);
    if check.is_unexplained() {
        // Somebody may have come or gone between the two looks; twice in a row is no chance.
        check = PortCheck::probe(target, &mut table);
    }
    if !free.quiet {
        check.print(target).map_err(Failure::Output)?;
        table.report_errors(&check);
    }
    Ok(match check.availability {
        Availability::Free => Exit::Success,
        Availability::InUse | Availability::AddrNotAvailable | Availability::PermissionDenied => {
            Exit::Negative
        }
    })
}

/// How many characters of a wrong port are repeated.
const MAX_ECHO_CHARS: usize = 40;

/// The socket table. That it cannot be read is no reason not to answer.
struct SocketTableReader {
    collector: Result<Collector, SourceError>,
    history: History,
    /// Why the last look failed.
    error: Option<SourceError>,
}

impl SocketTableReader {
    fn open(common: &CommonArgs, target: BindTarget) -> Self {
        let range = PortRange {
            first: target.port,
            last: target.port,
        };
        let scope = SampleScope {
            ports: Some(PortSet::new([range])),
            owners: OwnerMode::Full,
            close_events: CloseEvents::Off,
        };
        let collector = Collector::open(common.source_kind(), Instant::now());
        let collector = collector.map(|collector| collector.with_scope(scope));
        if let Ok(collector) = &collector {
            tracing::info!(source = %collector.kind(), why = %collector.reason(), "source");
        }
        Self {
            collector,
            history: History::default(),
            error: None,
        }
    }

    fn sample(&mut self) -> Option<Arc<Moment>> {
        let collector = self.collector.as_mut().ok()?;
        match collector.sample(Vec::new(), Duration::ZERO) {
            Ok(mut snapshot) => Some(self.history.apply(&mut snapshot)),
            Err(error) => {
                self.error = Some(error);
                None
            }
        }
    }

    /// What could not be seen, on stderr.
    fn report_errors(&self, check: &PortCheck) {
        if let Some(error) = self.collector.as_ref().err().or(self.error.as_ref()) {
            print_stderr(format_args!("{error}"));
        }
        for gap in check.moment.iter().flat_map(|moment| &moment.gaps) {
            print_stderr(format_args!("{gap}"));
        }
    }
}

/// What one try and one look gave.
struct PortCheck {
    results: Vec<ProbeResult>,
    alternatives: Vec<ProbeResult>,
    availability: Availability,
    users: PortUsers,
    moment: Option<Arc<Moment>>,
}

impl PortCheck {
    fn probe(target: BindTarget, table: &mut SocketTableReader) -> Self {
        let results: Vec<ProbeResult> = target
            .bind_addrs()
            .into_iter()
            .map(bind_probe::probe)
            .collect();
        // After the trials, whose own sockets are closed by then and in no table.
        let moment = table.sample();
        let neighbours = moment
            .as_ref()
            .map_or_else(PortUsers::default, |m| PortUsers::for_target(target, m));
        let verdict = Availability::from_probes(&results, &neighbours);
        let candidates = match verdict {
            Availability::InUse => alternatives(target, &neighbours),
            _ => Vec::new(),
        };
        Self {
            results,
            alternatives: candidates.into_iter().map(bind_probe::probe).collect(),
            availability: verdict,
            users: neighbours,
            moment,
        }
    }

    /// Taken, and the table shows nobody.
    fn is_unexplained(&self) -> bool {
        self.availability == Availability::InUse && self.users.overlapping.is_empty()
    }

    fn print(&self, target: BindTarget) -> io::Result<()> {
        let report = AvailabilityReport {
            target,
            probes: &self.results,
            alternatives: &self.alternatives,
            availability: self.availability,
            port_users: &self.users,
            moment: self.moment.as_deref(),
        };
        let mut out = io::stdout().lock();
        writeln!(
            out,
            "{}",
            describe_availability(target, self.availability).text
        )?;
        for phrase in explain_availability(&report) {
            writeln!(out, "  {}", phrase.text)?;
        }
        out.flush()
    }
}
