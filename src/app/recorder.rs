//! The thread that records what the dashboard sees.
//!
//! In: copies of samples, for as long as somebody wants them kept. Out: a file, and words on how it
//! goes, as [`Message`]s. A disk that is slow or full costs samples of the recording, never one of
//! the dashboard.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::app::excerpt::{self, Excerpt};
use crate::app::run::Message;
use crate::app::update::{Take, What};
use crate::collect::Sampled;
use crate::collect::recording::{self, Existing, Redactor, Summary};
use crate::quantity::{self, count};
use crate::services::Services;
use crate::view::Tape;

/// Samples that may wait to be written.
const WAITING: usize = 8;

/// How long leaving waits for the end to be written.
const PATIENCE: Duration = Duration::from_secs(1);

/// How a recording goes.
#[derive(Clone, Debug)]
pub(super) enum News {
    /// So much is in the file.
    Written(Tape),
    /// It is over, and why.
    Over(String),
    /// It ended before somebody wanted it to.
    Failed(String),
}

/// Where samples are taken off for the recording.
#[derive(Clone, Debug, Default)]
pub(super) struct Tap {
    line: Arc<Mutex<Option<SyncSender<Sampled>>>>,
    lost: Arc<AtomicU64>,
}

impl Tap {
    /// Hands over a copy, where somebody records.
    pub(super) fn offer(&self, sampled: &Sampled) {
        let Ok(mut line) = self.line.lock() else {
            return;
        };
        let Some(sender) = line.as_ref() else { return };
        match sender.try_send(sampled.clone()) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
            Err(TrySendError::Disconnected(_)) => *line = None,
        }
    }

    fn open(&self) -> Option<Receiver<Sampled>> {
        let (sender, receiver) = sync_channel(WAITING);
        *self.line.lock().ok()? = Some(sender);
        self.lost.store(0, Ordering::Relaxed);
        Some(receiver)
    }

    fn close(&self) {
        if let Ok(mut line) = self.line.lock() {
            *line = None;
        }
    }
}

/// The thread, from outside.
#[derive(Debug)]
pub(super) struct Recorder {
    tap: Tap,
    /// Ends when the thread does.
    done: Receiver<()>,
}

impl Recorder {
    /// Starts the thread; `None` where the system gives none.
    pub(super) fn start(
        tap: &Tap,
        take: Take,
        services: Arc<Services>,
        messages: SyncSender<Message>,
    ) -> Option<Self> {
        let samples = tap.open()?;
        let (alive, done) = channel();
        let lost = Arc::clone(&tap.lost);
        let work = move || {
            let _alive: Sender<()> = alive;
            let tell = |news| drop(messages.send(Message::Recording(news)));
            tell(record(&take, services, &samples, &lost, &tell));
        };
        let thread = thread::Builder::new().name("recorder".into()).spawn(work);
        thread.is_ok().then(|| Self {
            tap: tap.clone(),
            done,
        })
    }

    /// Ends the recording; the thread says when it has.
    pub(super) fn stop(&self) {
        self.tap.close();
    }

    /// Waits until everything is written, but not for ever.
    pub(super) fn close(self) {
        self.stop();
        // Either it ended or it was waited for long enough.
        let _ = self.done.recv_timeout(PATIENCE);
    }
}

/// Writes until nobody sends any more; gives the last word.
fn record(
    take: &Take,
    services: Arc<Services>,
    samples: &Receiver<Sampled>,
    lost: &AtomicU64,
    tell: &dyn Fn(News),
) -> News {
    let is_redacted = take.what == What::Redacted;
    let about = excerpt::about(&take.text, is_redacted);
    let (mut writer, path) = match create(&about) {
        Ok(created) => created,
        Err(error) => return News::Failed(format!("nothing can be recorded here: {error}")),
    };
    let name = crate::text::readable(path.as_os_str().as_encoded_bytes());
    let mut excerpt = Excerpt::of(Arc::clone(&take.filter), take.narrow, services);
    let mut redactor = is_redacted.then(Redactor::default);
    let tape = |summary: Summary| Tape {
        name: Arc::clone(&name),
        bytes: summary.bytes,
    };
    tell(News::Written(tape(writer.summary())));
    for sampled in samples {
        let written = match sampled {
            Sampled::Failed(gap) => writer.failed(&gap),
            Sampled::Snapshot(mut snapshot) => {
                if let Some(excerpt) = &mut excerpt {
                    excerpt.keep_only(&mut snapshot);
                }
                if let Some(redactor) = &mut redactor {
                    redactor.redact(&mut snapshot);
                }
                writer.snapshot(&snapshot)
            }
        };
        if let Err(error) = written {
            writer.take_back();
            let sum = sum(writer.summary());
            return News::Failed(format!(
                "the recording ended: {error}; {name} is whole up to there, {sum}"
            ));
        }
        tell(News::Written(tape(writer.summary())));
    }
    match writer.end() {
        Ok(summary) => {
            let lost = match lost.load(Ordering::Relaxed) {
                0 => String::new(),
                lost => format!("; the disk was too slow for {lost} more"),
            };
            News::Over(format!("recorded {}, in {name}{lost}", sum(summary)))
        }
        Err(error) => {
            writer.take_back();
            News::Failed(format!(
                "{name} has no end: {error}; it can be replayed all the same"
            ))
        }
    }
}

fn sum(summary: Summary) -> String {
    let samples = usize::try_from(summary.samples).unwrap_or(usize::MAX);
    format!(
        "{}, {}B",
        count(samples, "sample", "samples"),
        quantity::bytes(summary.bytes)
    )
}

/// A new file in the current directory, named by the time; one that is there already is left alone.
fn create(
    about: &recording::About,
) -> std::io::Result<(recording::Writer<std::fs::File>, PathBuf)> {
    let now = jiff::Timestamp::now().to_zoned_datetime(jiff::tz::TimeZone::system());
    let now = now.strftime("%Y%m%d-%H%M%S").to_string();
    let mut last = None;
    for number in 1..100 {
        let more = match number {
            1 => String::new(),
            number => format!("-{number}"),
        };
        let path = Path::new(&format!("portolan-{now}{more}.rec")).to_owned();
        match recording::create(&path, Existing::Keep, about) {
            Ok(writer) => return Ok((writer, path)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => last = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(last.unwrap_or_else(|| std::io::ErrorKind::AlreadyExists.into()))
}
