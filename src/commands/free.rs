//! `portolan free`: checks whether a port can be bound, and if not, what holds it.
//!
//! Parses a [`BindTarget`] and prints the result, which is also the exit status. bind(2) decides; the
//! socket table explains.

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

/// Runs `portolan free`.
///
/// # Errors
/// Returns a usage error for an invalid port, or the error of writing the result.
pub(crate) fn run(free: &FreeArgs) -> Result<Exit, Failure> {
    let target: BindTarget = free.port.parse().map_err(|error| {
        let text = sanitize::sanitize(free.port.as_bytes());
        let start: String = text.chars().take(MAX_ECHO_CHARS).collect();
        Failure::Usage(format!("invalid port \"{start}\": {error}"))
    })?;
    free.common.init_log()?;
    let mut table = SocketTableReader::open(&free.common, target);
    let mut check = PortCheck::probe(target, &mut table);
    if check.is_unexplained() {
        // The port may have changed hands between bind(2) and the dump; twice in a row is unlikely.
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

/// Characters of an invalid argument that are echoed in the error.
const MAX_ECHO_CHARS: usize = 40;

/// Reads the socket table. A failure is reported, but does not prevent a result.
struct SocketTableReader {
    collector: Result<Collector, SourceError>,
    history: History,
    /// Why the last sample failed.
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

    /// Prints to stderr what could not be read.
    fn report_errors(&self, check: &PortCheck) {
        if let Some(error) = self.collector.as_ref().err().or(self.error.as_ref()) {
            print_stderr(format_args!("{error}"));
        }
        for gap in check.moment.iter().flat_map(|moment| &moment.gaps) {
            print_stderr(format_args!("{gap}"));
        }
    }
}

/// The result of trying to bind and of one sample.
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
        // After probing, so that the probe's own sockets are closed and not in the table.
        let moment = table.sample();
        let users = moment
            .as_ref()
            .map_or_else(PortUsers::default, |m| PortUsers::for_target(target, m));
        let availability = Availability::from_probes(&results, &users);
        let candidates = match availability {
            Availability::InUse => alternatives(target, &users),
            _ => Vec::new(),
        };
        Self {
            results,
            alternatives: candidates.into_iter().map(bind_probe::probe).collect(),
            availability,
            users,
            moment,
        }
    }

    /// Returns whether the port is in use but no socket in the table explains it.
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
