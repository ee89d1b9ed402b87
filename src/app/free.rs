//! `portolan free`: could this port be bound, and if not, who is in the way?
//!
//! In: a [`Wish`]. Out: the answer on stdout and in the exit status. Trying decides, the socket
//! table explains.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::cli::{Common, Free};
use crate::app::exit::{Exit, Failure};
use crate::app::print::say;
use crate::collect::{Closes, Collector, Demand, OwnerSearch, SourceError, Trial, binding};
use crate::history::{History, Moment};
use crate::port::{PortRange, PortSet};
use crate::query::{Neighbours, Verdict, spares};
use crate::teach::{Berthing, say_verdict, say_why};
use crate::text;
use crate::wish::Wish;

/// Tells whether the port is free.
///
/// # Errors
/// A text that is no port, and an answer that nobody takes.
pub(super) fn free(free: &Free) -> Result<Exit, Failure> {
    let wish: Wish = free.port.parse().map_err(|error| {
        let text = text::readable(free.port.as_bytes());
        let start: String = text.chars().take(REPEATED).collect();
        Failure::Usage(format!("cannot ask for \"{start}\": {error}"))
    })?;
    free.common.start_log()?;
    let mut table = Table::open(&free.common, wish);
    let mut found = Found::look(wish, &mut table);
    if found.is_unexplained() {
        // Somebody may have come or gone between the two looks; twice in a row is no chance.
        found = Found::look(wish, &mut table);
    }
    if !free.quiet {
        found.print(wish).map_err(Failure::Output)?;
        table.complain(&found);
    }
    Ok(match found.verdict {
        Verdict::Free => Exit::Done,
        Verdict::Taken | Verdict::Impossible | Verdict::Forbidden => Exit::No,
    })
}

/// How many characters of a wrong port are repeated.
const REPEATED: usize = 40;

/// The socket table. That it cannot be read is no reason not to answer.
struct Table {
    collector: Result<Collector, SourceError>,
    history: History,
    /// Why the last look failed.
    trouble: Option<SourceError>,
}

impl Table {
    fn open(common: &Common, wish: Wish) -> Self {
        let range = PortRange {
            first: wish.port,
            last: wish.port,
        };
        let demand = Demand {
            ports: Some(PortSet::new([range])),
            owners: OwnerSearch::Sought,
            closes: Closes::NotHeard,
        };
        let collector = Collector::open(common.source(), Instant::now());
        let collector = collector.map(|collector| collector.demanding(demand));
        if let Ok(collector) = &collector {
            tracing::info!(source = %collector.kind(), why = %collector.reason(), "source");
        }
        Self {
            collector,
            history: History::default(),
            trouble: None,
        }
    }

    fn look(&mut self) -> Option<Arc<Moment>> {
        let collector = self.collector.as_mut().ok()?;
        match collector.sample(Vec::new(), Duration::ZERO) {
            Ok(mut snapshot) => Some(self.history.apply(&mut snapshot)),
            Err(error) => {
                self.trouble = Some(error);
                None
            }
        }
    }

    /// What could not be seen, on stderr.
    fn complain(&self, found: &Found) {
        if let Some(error) = self.collector.as_ref().err().or(self.trouble.as_ref()) {
            say(format_args!("{error}"));
        }
        for gap in found.moment.iter().flat_map(|moment| &moment.gaps) {
            say(format_args!("{gap}"));
        }
    }
}

/// What one try and one look gave.
struct Found {
    trials: Vec<Trial>,
    spares: Vec<Trial>,
    verdict: Verdict,
    neighbours: Neighbours,
    moment: Option<Arc<Moment>>,
}

impl Found {
    fn look(wish: Wish, table: &mut Table) -> Self {
        let trials: Vec<Trial> = wish.berths().into_iter().map(binding::attempt).collect();
        // After the trials, whose own sockets are closed by then and in no table.
        let moment = table.look();
        let neighbours = moment
            .as_ref()
            .map_or_else(Neighbours::default, |m| Neighbours::of(wish, m));
        let verdict = Verdict::of(&trials, &neighbours);
        let near = match verdict {
            Verdict::Taken => spares(wish, &neighbours),
            _ => Vec::new(),
        };
        Self {
            trials,
            spares: near.into_iter().map(binding::attempt).collect(),
            verdict,
            neighbours,
            moment,
        }
    }

    /// Taken, and the table shows nobody.
    fn is_unexplained(&self) -> bool {
        self.verdict == Verdict::Taken && self.neighbours.meeting.is_empty()
    }

    fn print(&self, wish: Wish) -> io::Result<()> {
        let berthing = Berthing {
            wish,
            trials: &self.trials,
            spares: &self.spares,
            verdict: self.verdict,
            neighbours: &self.neighbours,
            moment: self.moment.as_deref(),
        };
        let mut out = io::stdout().lock();
        writeln!(out, "{}", say_verdict(wish, self.verdict).text)?;
        for phrase in say_why(&berthing) {
            writeln!(out, "  {}", phrase.text)?;
        }
        out.flush()
    }
}
