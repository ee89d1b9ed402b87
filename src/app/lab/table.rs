//! The rows of a lab, seen the way Portolan sees every socket.
//!
//! In: the [`Cast`]. Out: moments, and which of their rows are the lab's: collected, remembered and
//! asked for as a list on the command line is.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::LabError;
use crate::collect::{Closes, Collector, Demand, OwnerSearch, SourceError};
use crate::history::{History, Moment, Tracked};
use crate::port::{Port, PortRange, PortSet, Protocol};
use crate::query::{Answer, Filter, Grouping, Query, answer};
use crate::services::Services;
use crate::snapshot::{Snapshot, SourceKind};
use crate::teach::lessons::Cast;

/// The table.
pub struct Table {
    collector: Collector,
    history: History,
}

impl Table {
    /// Opens the source asked for, or the best.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn open(source: Option<SourceKind>) -> Result<Self, SourceError> {
        Ok(Self {
            collector: Collector::open(source, Instant::now())?,
            history: History::default(),
        })
    }

    /// Where the rows come from.
    pub fn kind(&self) -> SourceKind {
        self.collector.kind()
    }

    /// Looks at the ports of the lab.
    ///
    /// # Errors
    /// When no table could be read.
    pub fn look(&mut self, cast: &Cast) -> Result<Seen, SourceError> {
        self.collector.demand_from_now_on(Demand {
            ports: Some(cast.port_set()),
            owners: OwnerSearch::Sought,
            closes: Closes::NotHeard,
        });
        let mut snapshot = self.sample()?;
        let moment = self.history.apply(&mut snapshot);
        let query = Query {
            filter: Arc::new(filter(cast)),
            grouping: Grouping::Sockets,
            ..Query::everything(Arc::new(Services::none()))
        };
        Ok(Seen(answer(moment, &query)))
    }

    /// A look may fail where the next does not: the table changes while it is read.
    fn sample(&mut self) -> Result<Snapshot, SourceError> {
        let mut failed = 1;
        loop {
            match self.collector.sample(Vec::new(), Duration::ZERO) {
                Err(_) if failed < TRIES => failed += 1,
                outcome => return outcome,
            }
        }
    }

    /// Rows with this port before the lab does anything with it are not the lab's: they are taken
    /// note of in the cast.
    pub(super) fn banish(
        &mut self,
        cast: &mut Cast,
        protocol: Protocol,
        port: Port,
    ) -> Result<(), LabError> {
        let range = PortRange {
            first: port,
            last: port,
        };
        self.collector.demand_from_now_on(Demand {
            ports: Some(PortSet::new([range])),
            owners: OwnerSearch::NotSought,
            closes: Closes::NotHeard,
        });
        let snapshot = self.sample()?;
        cast.banish(protocol, port, &snapshot.sockets);
        Ok(())
    }

    /// The first of four ports in a row that no socket has as its own, among those that the kernel
    /// hands out.
    pub(super) fn four_free(&mut self) -> Result<Port, LabError> {
        self.collector.demand_from_now_on(Demand {
            ports: None,
            owners: OwnerSearch::NotSought,
            closes: Closes::NotHeard,
        });
        let snapshot = self.sample()?;
        let range = snapshot.ephemeral;
        let taken: HashSet<Port> = snapshot.sockets.iter().map(|s| s.local.port).collect();
        // Labs at the same time begin at different places.
        let span = range.last.number().saturating_sub(range.first.number());
        let offset = u32::from(span).max(1);
        let start = std::process::id().wrapping_mul(u32::from(STEP)) % offset;
        let start = range.first.number() + u16::try_from(start).unwrap_or(0);
        let up = start..range.last.number().saturating_sub(3);
        let down = range.first.number()..start;
        let is_free = |first: &u16| (*first..first + 4).all(|port| !taken.contains(&Port(port)));
        let found = up.chain(down).find(is_free);
        found.map(Port).ok_or_else(|| {
            LabError::System(std::io::Error::other(
                "there are no four free ports in a row",
            ))
        })
    }
}

/// How often a look is tried.
const TRIES: u32 = 5;

/// Where to look for free ports: not among the first, which others try first, too.
const STEP: u16 = 64;

/// What one look gave.
pub struct Seen(Answer);

impl Seen {
    /// The moment.
    pub fn moment(&self) -> &Arc<Moment> {
        &self.0.moment
    }

    /// The lab's rows.
    pub fn rows(&self, cast: &Cast) -> Vec<&Arc<Tracked>> {
        let rows = self.0.rows.iter().filter_map(|slot| self.0.row(*slot));
        rows.filter(|row| cast.has(row)).collect()
    }
}

/// `port:41233,50122`, as one would type it.
fn filter(cast: &Cast) -> Filter {
    let ports = cast.port_set();
    let words: Vec<String> = ports
        .ranges()
        .iter()
        .map(|range| format!("{}-{}", range.first, range.last))
        .collect();
    Filter::parse(&format!("port:{}", words.join(","))).unwrap_or_default()
}
