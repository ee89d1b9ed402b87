//! The thread that replays: it stands in the place of the sampler and sends what was recorded, at
//! the pace at which it was recorded.

use std::fs::File;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};
use std::{io, thread};

use crate::app::cli::Speed;
use crate::collect::Sampled;
use crate::collect::recording::{Ending, Reader};

/// The thread, from outside. Dropping it ends the thread.
#[derive(Debug)]
pub(super) struct Player {
    wishes: Sender<Now>,
}

/// The wish for the next sample.
#[derive(Clone, Copy, Debug)]
struct Now;

impl Player {
    /// Starts the thread. `send` is called with every sample and returns whether to go on; `over`
    /// is called with the ending.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(
        reader: Reader<File>,
        speed: Speed,
        send: impl FnMut(Sampled) -> bool + Send + 'static,
        over: impl FnOnce(&Ending) + Send + 'static,
    ) -> io::Result<Self> {
        let (wishes, receiver) = channel();
        thread::Builder::new()
            .name("player".into())
            .spawn(move || play(reader, speed, &receiver, send, over))?;
        Ok(Self { wishes })
    }

    /// Shows the next sample now.
    pub(super) fn go_on(&self) {
        // A thread that has ended needs no wishes.
        let _ = self.wishes.send(Now);
    }
}

fn play(
    mut reader: Reader<File>,
    speed: Speed,
    wishes: &Receiver<Now>,
    mut send: impl FnMut(Sampled) -> bool,
    over: impl FnOnce(&Ending),
) {
    let mut shown: Option<(Instant, Duration)> = None;
    for sampled in reader.by_ref() {
        if let Sampled::Snapshot(snapshot) = &sampled {
            let due = shown.and_then(|(at, elapsed)| {
                at.checked_add(speed.shortened(snapshot.elapsed.saturating_sub(elapsed)))
            });
            let left = due.map(|due| due.saturating_duration_since(Instant::now()));
            let on_time = match wishes.recv_timeout(left.unwrap_or_default()) {
                Ok(Now) => None,
                Err(RecvTimeoutError::Timeout) => due,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            // Counted from when it was due, so that delays do not add up.
            shown = Some((on_time.unwrap_or_else(Instant::now), snapshot.elapsed));
        }
        if !send(sampled) {
            return;
        }
    }
    over(reader.ending().unwrap_or(&Ending::CutOff));
}
