//! Samples the rows of a lab through the same collector, history and query as the dashboard.
//!
//! In: the [`LabNames`]. Out: [`LabSample`]s: moments, and the rows that belong to the lab.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::error::LabError;
use crate::collect::source::SourceError;
use crate::collect::{CloseEvents, Collector, OwnerMode, SampleScope};
use crate::filter::ast::Filter;
use crate::history::state::History;
use crate::history::{Moment, TrackedSocket};
use crate::lessons::lab_names::LabNames;
use crate::net::port::{Port, PortRange, PortSet, Protocol};
use crate::net::services::Services;
use crate::net::snapshot::{Snapshot, SourceKind};
use crate::query::run::Query;
use crate::query::{Grouping, QueryResult, run};

/// The collector and the history of a lab.
pub struct LabSampler {
    collector: Collector,
    history: History,
}

impl LabSampler {
    /// Opens this source, or the best available.
    ///
    /// # Errors
    /// If the source cannot be used.
    pub fn open(source: Option<SourceKind>) -> Result<Self, SourceError> {
        Ok(Self {
            collector: Collector::open(source, Instant::now())?,
            history: History::default(),
        })
    }

    /// Returns the source of the socket table.
    pub fn source_kind(&self) -> SourceKind {
        self.collector.kind()
    }

    /// Samples the sockets with the lab's ports, and their owners.
    ///
    /// # Errors
    /// If the socket table cannot be read in five attempts.
    pub fn sample_rows(&mut self, lab_names: &LabNames) -> Result<LabSample, SourceError> {
        self.collector.set_scope(SampleScope {
            ports: Some(lab_names.port_set()),
            owners: OwnerMode::Full,
            close_events: CloseEvents::Off,
        });
        let mut snapshot = self.sample_with_retries()?;
        let moment = self.history.apply(&mut snapshot);
        let query = Query {
            filter: Arc::new(lab_filter(lab_names)),
            grouping: Grouping::Sockets,
            ..Query::unfiltered(Arc::new(Services::empty()))
        };
        Ok(LabSample(run(moment, &query)))
    }

    /// Retries a failed sample: the table may change while it is read.
    fn sample_with_retries(&mut self) -> Result<Snapshot, SourceError> {
        let mut attempt = 1;
        loop {
            match self.collector.sample(Vec::new(), Duration::ZERO) {
                Err(_) if attempt < MAX_ATTEMPTS => attempt += 1,
                result => return result,
            }
        }
    }

    /// Samples the rows that have this port before the lab uses it, and records in `lab_names` that
    /// they are not the lab's.
    pub(crate) fn ignore_existing(
        &mut self,
        lab_names: &mut LabNames,
        protocol: Protocol,
        port: Port,
    ) -> Result<(), LabError> {
        let range = PortRange {
            first: port,
            last: port,
        };
        self.collector.set_scope(SampleScope {
            ports: Some(PortSet::new([range])),
            owners: OwnerMode::Off,
            close_events: CloseEvents::Off,
        });
        let snapshot = self.sample_with_retries()?;
        lab_names.ignore_existing(protocol, port, &snapshot.sockets);
        Ok(())
    }

    /// Finds four consecutive ports of the ephemeral range that no socket has as its local port,
    /// and returns the first.
    pub(crate) fn find_four_free_ports(&mut self) -> Result<Port, LabError> {
        self.collector.set_scope(SampleScope {
            ports: None,
            owners: OwnerMode::Off,
            close_events: CloseEvents::Off,
        });
        let snapshot = self.sample_with_retries()?;
        let range = snapshot.ephemeral;
        let taken: HashSet<Port> = snapshot.sockets.iter().map(|s| s.local.port).collect();
        // Labs that run at the same time start at different ports.
        let span = range.last.number().saturating_sub(range.first.number());
        let offset = u32::from(span).max(1);
        let start = std::process::id().wrapping_mul(u32::from(SEARCH_STRIDE)) % offset;
        let start = range.first.number() + u16::try_from(start).unwrap_or(0);
        let above_start = start..range.last.number().saturating_sub(3);
        let below_start = range.first.number()..start;
        let is_free = |first: &u16| (*first..first + 4).all(|port| !taken.contains(&Port(port)));
        let first_port = above_start.chain(below_start).find(is_free);
        first_port
            .map(Port)
            .ok_or_else(|| LabError::Io(std::io::Error::other("no four free ports in a row")))
    }
}

/// How often a sample is attempted.
const MAX_ATTEMPTS: u32 = 5;

/// The distance of the start ports of two labs with consecutive pids, so that they do not collide.
const SEARCH_STRIDE: u16 = 64;

/// One sample of a lab.
pub struct LabSample(QueryResult);

impl LabSample {
    /// Returns the moment that the sample became.
    pub fn moment(&self) -> &Arc<Moment> {
        &self.0.moment
    }

    /// Returns the lab's rows.
    pub fn rows(&self, lab_names: &LabNames) -> Vec<&Arc<TrackedSocket>> {
        let rows = self.0.rows.iter().filter_map(|slot| self.0.row(*slot));
        rows.filter(|row| lab_names.is_lab_row(row)).collect()
    }
}

/// Returns the filter for the lab's ports: `port:41233-41233,50122-50122`.
fn lab_filter(lab_names: &LabNames) -> Filter {
    let ports = lab_names.port_set();
    let words: Vec<String> = ports
        .ranges()
        .iter()
        .map(|range| format!("{}-{}", range.first, range.last))
        .collect();
    Filter::parse(&format!("port:{}", words.join(","))).unwrap_or_default()
}
