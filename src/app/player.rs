//! The thread that replays: it stands in the place of the sampler and sends what was recorded, at
//! the pace at which it was recorded, or as the user wishes.

use std::fs::File;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};
use std::{io, thread};

use crate::app::cli::Speed;
use crate::app::update::Pace;
use crate::collect::Sampled;
use crate::collect::recording::{Ending, Reader};

/// The thread, from outside. Dropping it ends the thread.
#[derive(Debug)]
pub(super) struct Player {
    wishes: Sender<Pace>,
}

/// Where the thread tells what it read.
pub(super) struct Listener<Send, Anew, Over> {
    /// Is called with every sample and returns whether to go on.
    pub(super) send: Send,
    /// Is called when what was sent will be sent once more.
    pub(super) anew: Anew,
    /// Is called with the ending, whenever it is reached.
    pub(super) over: Over,
}

impl Player {
    /// Starts the thread. `open` opens the recording once more, where it is still there.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start<S, A, O>(
        reader: Reader<File>,
        open: impl Fn() -> Option<Reader<File>> + Send + 'static,
        speed: Speed,
        listener: Listener<S, A, O>,
    ) -> io::Result<Self>
    where
        S: FnMut(Sampled) -> bool + Send + 'static,
        A: FnMut() + Send + 'static,
        O: FnMut(&Ending) + Send + 'static,
    {
        let (wishes, receiver) = channel();
        let tempo = Tempo::new(receiver, speed);
        thread::Builder::new()
            .name("player".into())
            .spawn(move || play(reader, open, tempo, listener))?;
        Ok(Self { wishes })
    }

    /// Tells it how to go on.
    pub(super) fn wish(&self, pace: Pace) {
        // A thread that has ended needs no wishes.
        let _ = self.wishes.send(pace);
    }
}

fn play<S, A, O>(
    mut reader: Reader<File>,
    open: impl Fn() -> Option<Reader<File>>,
    mut tempo: Tempo,
    mut listener: Listener<S, A, O>,
) where
    S: FnMut(Sampled) -> bool,
    A: FnMut(),
    O: FnMut(&Ending),
{
    loop {
        let sampled = reader.next();
        let wait = match &sampled {
            Some(Sampled::Snapshot(snapshot)) => tempo.wait_for(snapshot.elapsed),
            Some(Sampled::Failed(_)) => Wait::Over,
            None => {
                (listener.over)(reader.ending().unwrap_or(&Ending::CutOff));
                tempo.wait_at_the_end()
            }
        };
        match (wait, sampled) {
            (Wait::NobodyLeft, _) => return,
            (Wait::Over, Some(sampled)) => {
                if !(listener.send)(sampled) {
                    return;
                }
            }
            (Wait::Over, None) => {}
            (Wait::Anew(from), _) => {
                // A file that went meanwhile is shown from where it is.
                if let Some(first) = open() {
                    reader = first;
                    (listener.anew)();
                    tempo.begin_anew(from);
                }
            }
        }
    }
}

/// Whether the recording goes on by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gait {
    Going,
    Standing,
    /// Without waiting, until this time; then it stands.
    Winding(Duration),
    /// Without waiting, until this time; then it goes.
    Rewinding(Duration),
}

/// What a wait came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    Over,
    NobodyLeft,
    /// Everything is to be shown once more, at once until this time.
    Anew(Duration),
}

/// When the next sample is due.
struct Tempo {
    wishes: Receiver<Pace>,
    speed: Speed,
    gait: Gait,
    /// When the last sample was shown, and its own time.
    shown: Option<(Instant, Duration)>,
}

impl Tempo {
    const fn new(wishes: Receiver<Pace>, speed: Speed) -> Self {
        Self {
            wishes,
            speed,
            gait: Gait::Going,
            shown: None,
        }
    }

    /// Waits until the sample of this time is to be shown.
    fn wait_for(&mut self, elapsed: Duration) -> Wait {
        let mut on_time = None;
        loop {
            match self.gait {
                Gait::Winding(until) if elapsed > until => self.gait = Gait::Standing,
                Gait::Rewinding(until) if elapsed > until => self.gait = Gait::Going,
                _ => {}
            }
            let due = self.shown.and_then(|(at, before)| {
                at.checked_add(self.speed.shortened(elapsed.saturating_sub(before)))
            });
            let wish = match self.gait {
                Gait::Standing => match self.wishes.recv() {
                    Ok(pace) => pace,
                    Err(_) => return Wait::NobodyLeft,
                },
                Gait::Going | Gait::Winding(_) | Gait::Rewinding(_) => {
                    let left = due.map(|due| due.saturating_duration_since(Instant::now()));
                    let left = left.filter(|_| self.gait == Gait::Going);
                    match self.wishes.recv_timeout(left.unwrap_or_default()) {
                        Ok(pace) => pace,
                        Err(RecvTimeoutError::Timeout) => {
                            on_time = due.filter(|_| self.gait == Gait::Going);
                            break;
                        }
                        Err(RecvTimeoutError::Disconnected) => return Wait::NobodyLeft,
                    }
                }
            };
            match wish {
                Pace::Now => break,
                Pace::Next => {
                    self.gait = Gait::Standing;
                    break;
                }
                Pace::From(from) => return Wait::Anew(from),
                Pace::To(until) => self.gait = Gait::Winding(until),
                Pace::Stop => self.gait = Gait::Standing,
                Pace::Go => {
                    self.gait = Gait::Going;
                    self.restart();
                }
                Pace::Faster => {
                    self.speed = self.speed.doubled();
                    self.restart();
                }
                Pace::Slower => {
                    self.speed = self.speed.halved();
                    self.restart();
                }
            }
        }
        // Counted from when it was due, so that delays do not add up.
        self.shown = Some((on_time.unwrap_or_else(Instant::now), elapsed));
        Wait::Over
    }

    /// Waits until somebody wants to see something once more.
    fn wait_at_the_end(&mut self) -> Wait {
        loop {
            match self.wishes.recv() {
                Ok(Pace::From(from)) => return Wait::Anew(from),
                Ok(Pace::Faster) => self.speed = self.speed.doubled(),
                Ok(Pace::Slower) => self.speed = self.speed.halved(),
                Ok(_) => {}
                Err(_) => return Wait::NobodyLeft,
            }
        }
    }

    const fn begin_anew(&mut self, from: Duration) {
        self.gait = Gait::Rewinding(from);
        self.shown = None;
    }

    /// What is still to be waited is counted from now on.
    fn restart(&mut self) {
        if let Some((at, _)) = &mut self.shown {
            *at = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_wish_ends_a_wait_and_a_stop_lasts_until_somebody_goes_on() {
        let (wishes, receiver) = channel();
        let mut tempo = Tempo::new(receiver, Speed::of(1.0));
        let mut wait = |wish: &[Pace], elapsed| {
            wish.iter().for_each(|pace| wishes.send(*pace).unwrap());
            let over = tempo.wait_for(elapsed);
            (over, tempo.gait)
        };
        assert_eq!(wait(&[], Duration::ZERO), (Wait::Over, Gait::Going));
        assert_eq!(wait(&[Pace::Now], HOUR), (Wait::Over, Gait::Going));
        let stopped = [Pace::Stop, Pace::Faster, Pace::Next];
        assert_eq!(wait(&stopped, 2 * HOUR), (Wait::Over, Gait::Standing));
        // It stands, and stays so when it has shown all until then.
        let winding = Gait::Winding(4 * HOUR);
        assert_eq!(wait(&[Pace::To(4 * HOUR)], 3 * HOUR), (Wait::Over, winding));
        assert_eq!(wait(&[], 4 * HOUR), (Wait::Over, winding));
        assert_eq!(wait(&[Pace::Next], 5 * HOUR), (Wait::Over, Gait::Standing));
        let soon = 5 * HOUR + Duration::from_millis(1);
        assert_eq!(wait(&[Pace::Go], soon), (Wait::Over, Gait::Going));
        let (anew, going) = (Wait::Anew(HOUR), Gait::Going);
        assert_eq!(wait(&[Pace::From(HOUR)], 9 * HOUR), (anew, going));
        drop(wishes);
        assert_eq!(tempo.wait_for(9 * HOUR), Wait::NobodyLeft);
    }
}
