//! Replays a recording on a thread of its own, in place of the sampler: at the speed it was
//! recorded or one the user sets.

use std::fs::File;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};
use std::{io, thread};

use crate::collect::SampleOutcome;
use crate::recording::reader::{RecordingEnd, RecordingReader};
use crate::tui::effect::PlaybackCommand;
use crate::tui::playback_speed::PlaybackSpeed;

/// A handle to the player thread. Dropping it ends the thread.
#[derive(Debug)]
pub(crate) struct Player {
    commands: Sender<PlaybackCommand>,
}

/// What the player thread calls.
pub(crate) struct PlaybackCallbacks<OnSample, OnRestart, OnEnd> {
    /// Called with every sample; returns whether to continue.
    pub(crate) on_sample: OnSample,
    /// Called before samples are sent again from the beginning.
    pub(crate) on_restart: OnRestart,
    /// Called whenever the end of the recording is reached.
    pub(crate) on_end: OnEnd,
}

impl Player {
    /// Starts the thread. `open` opens the recording again, if it still exists.
    ///
    /// # Errors
    /// Returns an error if no thread can be started.
    pub(crate) fn start<S, A, O>(
        reader: RecordingReader<File>,
        open: impl Fn() -> Option<RecordingReader<File>> + Send + 'static,
        speed: PlaybackSpeed,
        callbacks: PlaybackCallbacks<S, A, O>,
    ) -> io::Result<Self>
    where
        S: FnMut(SampleOutcome) -> bool + Send + 'static,
        A: FnMut() + Send + 'static,
        O: FnMut(&RecordingEnd) + Send + 'static,
    {
        let (commands, receiver) = channel();
        let clock = PlaybackClock::new(receiver, speed);
        thread::Builder::new()
            .name("player".into())
            .spawn(move || run_player(reader, open, clock, callbacks))?;
        Ok(Self { commands })
    }

    /// Sends a command to the thread.
    pub(crate) fn send(&self, command: PlaybackCommand) {
        // A thread that has ended needs no commands.
        let _ = self.commands.send(command);
    }
}

fn run_player<S, A, O>(
    mut reader: RecordingReader<File>,
    open: impl Fn() -> Option<RecordingReader<File>>,
    mut clock: PlaybackClock,
    mut callbacks: PlaybackCallbacks<S, A, O>,
) where
    S: FnMut(SampleOutcome) -> bool,
    A: FnMut(),
    O: FnMut(&RecordingEnd),
{
    loop {
        let sampled = reader.next();
        let wait = match &sampled {
            Some(SampleOutcome::Snapshot(snapshot)) => clock.wait_until_due(snapshot.elapsed),
            Some(SampleOutcome::Failed(_)) => PlaybackWait::Due,
            None => {
                (callbacks.on_end)(reader.recording_end().unwrap_or(&RecordingEnd::Truncated));
                clock.wait_at_end()
            }
        };
        match (wait, sampled) {
            (PlaybackWait::Disconnected, _) => return,
            (PlaybackWait::Due, Some(sampled)) => {
                if !(callbacks.on_sample)(sampled) {
                    return;
                }
            }
            (PlaybackWait::Due, None) => {}
            (PlaybackWait::Restart(from), _) => {
                // If the file was removed meanwhile, playback stays where it is.
                if let Some(first) = open() {
                    reader = first;
                    (callbacks.on_restart)();
                    clock.restart_from(from);
                }
            }
        }
    }
}

/// Whether and how playback advances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PlaybackMode {
    Playing,
    Paused,
    /// Without waiting until this time, then paused.
    SeekThenPause(Duration),
    /// Without waiting until this time, then playing.
    SeekThenPlay(Duration),
}

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PlaybackWait {
    Due,
    Disconnected,
    /// Replay from the beginning, without waiting until this time.
    Restart(Duration),
}

/// Determines when the next sample is due.
struct PlaybackClock {
    commands: Receiver<PlaybackCommand>,
    speed: PlaybackSpeed,
    mode: PlaybackMode,
    /// When the last sample was shown, and its own time.
    last_shown: Option<(Instant, Duration)>,
}

impl PlaybackClock {
    const fn new(commands: Receiver<PlaybackCommand>, speed: PlaybackSpeed) -> Self {
        Self {
            commands,
            speed,
            mode: PlaybackMode::Playing,
            last_shown: None,
        }
    }

    /// Waits until the sample with this time is due.
    fn wait_until_due(&mut self, elapsed: Duration) -> PlaybackWait {
        let mut on_time = None;
        loop {
            match self.mode {
                PlaybackMode::SeekThenPause(until) if elapsed > until => {
                    self.mode = PlaybackMode::Paused;
                }
                PlaybackMode::SeekThenPlay(until) if elapsed > until => {
                    self.mode = PlaybackMode::Playing;
                }
                _ => {}
            }
            let due = self.last_shown.and_then(|(at, before)| {
                at.checked_add(self.speed.scale_interval(elapsed.saturating_sub(before)))
            });
            let command = match self.mode {
                PlaybackMode::Paused => match self.commands.recv() {
                    Ok(command) => command,
                    Err(_) => return PlaybackWait::Disconnected,
                },
                PlaybackMode::Playing
                | PlaybackMode::SeekThenPause(_)
                | PlaybackMode::SeekThenPlay(_) => {
                    let left = due.map(|due| due.saturating_duration_since(Instant::now()));
                    let left = left.filter(|_| self.mode == PlaybackMode::Playing);
                    match self.commands.recv_timeout(left.unwrap_or_default()) {
                        Ok(command) => command,
                        Err(RecvTimeoutError::Timeout) => {
                            on_time = due.filter(|_| self.mode == PlaybackMode::Playing);
                            break;
                        }
                        Err(RecvTimeoutError::Disconnected) => return PlaybackWait::Disconnected,
                    }
                }
            };
            match command {
                PlaybackCommand::SkipWait => break,
                PlaybackCommand::Step => {
                    self.mode = PlaybackMode::Paused;
                    break;
                }
                PlaybackCommand::ReplayFrom(from) => return PlaybackWait::Restart(from),
                PlaybackCommand::FastForwardTo(until) => {
                    self.mode = PlaybackMode::SeekThenPause(until);
                }
                PlaybackCommand::Pause => self.mode = PlaybackMode::Paused,
                PlaybackCommand::Play => {
                    self.mode = PlaybackMode::Playing;
                    self.rebase();
                }
                PlaybackCommand::Faster => {
                    self.speed = self.speed.doubled();
                    self.rebase();
                }
                PlaybackCommand::Slower => {
                    self.speed = self.speed.halved();
                    self.rebase();
                }
            }
        }
        // Counted from when it was due, so that delays do not add up.
        self.last_shown = Some((on_time.unwrap_or_else(Instant::now), elapsed));
        PlaybackWait::Due
    }

    /// Waits for a command that replays from an earlier time.
    fn wait_at_end(&mut self) -> PlaybackWait {
        loop {
            match self.commands.recv() {
                Ok(PlaybackCommand::ReplayFrom(from)) => return PlaybackWait::Restart(from),
                Ok(PlaybackCommand::Faster) => self.speed = self.speed.doubled(),
                Ok(PlaybackCommand::Slower) => self.speed = self.speed.halved(),
                Ok(_) => {}
                Err(_) => return PlaybackWait::Disconnected,
            }
        }
    }

    const fn restart_from(&mut self, from: Duration) {
        self.mode = PlaybackMode::SeekThenPlay(from);
        self.last_shown = None;
    }

    /// Restarts the current wait from now, as the speed has changed.
    fn rebase(&mut self) {
        if let Some((at, _)) = &mut self.last_shown {
            *at = Instant::now();
        }
    }
}

/// Returns the message for an incomplete recording.
pub(crate) fn ending_message(ending: &RecordingEnd) -> Option<String> {
    match ending {
        RecordingEnd::Complete => None,
        RecordingEnd::Truncated => Some("the recording is cut off here".into()),
        RecordingEnd::IoError(why) => {
            Some(format!("the rest of the recording cannot be read: {why}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn commands_end_waits_and_pause_lasts_until_play() {
        let (commands, receiver) = channel();
        let mut clock = PlaybackClock::new(receiver, PlaybackSpeed::new(1.0));
        let mut wait = |command: &[PlaybackCommand], elapsed| {
            command
                .iter()
                .for_each(|command| commands.send(*command).unwrap());
            let wait_end = clock.wait_until_due(elapsed);
            (wait_end, clock.mode)
        };
        assert_eq!(
            wait(&[], Duration::ZERO),
            (PlaybackWait::Due, PlaybackMode::Playing)
        );
        assert_eq!(
            wait(&[PlaybackCommand::SkipWait], HOUR),
            (PlaybackWait::Due, PlaybackMode::Playing)
        );
        let stopped = [
            PlaybackCommand::Pause,
            PlaybackCommand::Faster,
            PlaybackCommand::Step,
        ];
        assert_eq!(
            wait(&stopped, 2 * HOUR),
            (PlaybackWait::Due, PlaybackMode::Paused)
        );
        // Paused, and paused again once everything until that time was shown.
        let seeking = PlaybackMode::SeekThenPause(4 * HOUR);
        assert_eq!(
            wait(&[PlaybackCommand::FastForwardTo(4 * HOUR)], 3 * HOUR),
            (PlaybackWait::Due, seeking)
        );
        assert_eq!(wait(&[], 4 * HOUR), (PlaybackWait::Due, seeking));
        assert_eq!(
            wait(&[PlaybackCommand::Step], 5 * HOUR),
            (PlaybackWait::Due, PlaybackMode::Paused)
        );
        let soon = 5 * HOUR + Duration::from_millis(1);
        assert_eq!(
            wait(&[PlaybackCommand::Play], soon),
            (PlaybackWait::Due, PlaybackMode::Playing)
        );
        let (restart, going) = (PlaybackWait::Restart(HOUR), PlaybackMode::Playing);
        assert_eq!(
            wait(&[PlaybackCommand::ReplayFrom(HOUR)], 9 * HOUR),
            (restart, going)
        );
        drop(commands);
        assert_eq!(clock.wait_until_due(9 * HOUR), PlaybackWait::Disconnected);
    }
}
