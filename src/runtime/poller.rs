//! Samples without a dashboard, once or repeatedly: shared by `list`, `watch` and `wait`.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::console::print_stderr;
use super::exit::Failure;
use crate::collect::source::SourceError;
use crate::collect::{Collector, SampleScope, effective_interval};
use crate::history::Moment;
use crate::history::state::History;
use crate::net::snapshot::{Gap, SourceKind};
use crate::net::socket::Socket;

/// A collector with its history and interval.
pub(crate) struct Poller {
    collector: Collector,
    history: History,
    interval: Duration,
    /// The socket list of the previous sample, kept for its allocation.
    buffer: Vec<Socket>,
    /// When the last sample began, and how long it took.
    last_sample: Option<(Instant, Duration)>,
    /// Gaps already reported: repeating them every second would hide everything else.
    reported: Vec<Gap>,
}

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitEnd {
    /// The next sample is due.
    Due,
    /// The reader of the output has closed it.
    OutputClosed,
}

impl Poller {
    /// Opens the given source, or the best one, and takes the first sample: of the ports in
    /// `scope`, or of all sockets if sides would have to be guessed from those.
    ///
    /// # Errors
    /// Returns an error if the source cannot be used.
    pub(crate) fn open(
        source: Option<SourceKind>,
        interval: Duration,
        scope: SampleScope,
    ) -> Result<(Self, Arc<Moment>), Failure> {
        let collector = Collector::open(source, Instant::now())?.with_scope(scope);
        tracing::info!(source = %collector.kind(), why = %collector.reason(), "source");
        let mut poller = Self {
            collector,
            history: History::default(),
            interval,
            buffer: Vec::new(),
            last_sample: None,
            reported: Vec::new(),
        };
        let mut moment = poller.sample()?;
        let scope = poller.collector.scope();
        if scope.ports.is_some() && moment.needs_full_sample_for_sides() {
            let scope = SampleScope {
                ports: None,
                ..*scope
            };
            poller.collector = poller.collector.with_scope(scope);
            poller.history = History::default();
            moment = poller.sample()?;
        }
        Ok((poller, moment))
    }

    /// Takes a sample. Returns `None` if it failed; the next one may succeed.
    pub(crate) fn poll(&mut self) -> Option<Arc<Moment>> {
        match self.sample() {
            Ok(moment) => {
                moment.gaps.iter().for_each(|gap| self.report_once(gap));
                Some(moment)
            }
            Err(error) => {
                self.report_once(&Collector::gap_from_error(&error));
                None
            }
        }
    }

    fn sample(&mut self) -> Result<Arc<Moment>, SourceError> {
        let started = Instant::now();
        let sockets = std::mem::take(&mut self.buffer);
        let sampled = self.collector.sample(sockets, self.interval);
        self.last_sample = Some((started, started.elapsed()));
        let mut snapshot = sampled?;
        let moment = self.history.apply(&mut snapshot);
        self.buffer = snapshot.sockets;
        Ok(moment)
    }

    fn report_once(&mut self, gap: &Gap) {
        if !self.reported.contains(gap) {
            print_stderr(format_args!("{gap}"));
            self.reported.push(gap.clone());
        }
    }

    /// Waits until the next sample is due, or until `at_most`.
    pub(crate) fn wait(&self, at_most: Option<Instant>) -> WaitEnd {
        let due = match self.last_sample {
            Some((started, took)) => started + effective_interval(self.interval, took),
            None => Instant::now(),
        };
        let until = at_most.map_or(due, |end| due.min(end));
        wait_until(until)
    }
}

/// Waits with poll(2) on the output: a closed pipe is noticed even while nothing is printed.
#[cfg(unix)]
fn wait_until(until: Instant) -> WaitEnd {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let output = std::io::stdout();
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).ok();
        // Without requested events, poll still reports errors and hang-ups.
        let mut output = [PollFd::new(&output, PollFlags::empty())];
        match poll(&mut output, timeout.as_ref()) {
            Ok(0) => return WaitEnd::Due,
            Ok(_) => return WaitEnd::OutputClosed,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => {
                thread::sleep(left);
                return WaitEnd::Due;
            }
        }
    }
}

#[cfg(not(unix))]
fn wait_until(until: Instant) -> WaitEnd {
    thread::sleep(until.saturating_duration_since(Instant::now()));
    WaitEnd::Due
}
