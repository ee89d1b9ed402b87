//! Records the samples of the dashboard on a thread of its own.
//!
//! Gets copies of samples, writes a file and reports progress as [`Message::Recorder`]. A slow or
//! full disk drops samples of the recording, never of the dashboard.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::messages::{Message, RecorderEvent};
use super::recording_filter;
use super::recording_filter::RecordingFilter;
use crate::collect::SampleOutcome;
use crate::net::services::Services;
use crate::recording::file::ExistingFile;
use crate::recording::redact::Redactor;
use crate::recording::writer::RecordingSummary;
use crate::recording::{file, format, writer};
use crate::text::units;
use crate::text::units::pluralize;
use crate::tui::effect::{RecordingRequest, Redaction};
use crate::tui::state::view_state::RecordingStatus;

/// Maximum number of samples queued for writing.
const SAMPLE_QUEUE_LEN: usize = 8;

/// How long exiting waits for the recording to be finished.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Copies samples to the recorder while a recording is being made.
#[derive(Clone, Debug, Default)]
pub(crate) struct SampleTee {
    sender: Arc<Mutex<Option<SyncSender<SampleOutcome>>>>,
    dropped: Arc<AtomicU64>,
}

impl SampleTee {
    /// Sends a copy of the sample if a recording is being made.
    pub(crate) fn send(&self, sampled: &SampleOutcome) {
        let Ok(mut slot) = self.sender.lock() else {
            return;
        };
        let Some(sender) = slot.as_ref() else { return };
        match sender.try_send(sampled.clone()) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
            Err(TrySendError::Disconnected(_)) => *slot = None,
        }
    }

    fn open(&self) -> Option<Receiver<SampleOutcome>> {
        let (sender, receiver) = sync_channel(SAMPLE_QUEUE_LEN);
        *self.sender.lock().ok()? = Some(sender);
        self.dropped.store(0, Ordering::Relaxed);
        Some(receiver)
    }

    fn close(&self) {
        if let Ok(mut slot) = self.sender.lock() {
            *slot = None;
        }
    }
}

/// A handle to the recorder thread.
#[derive(Debug)]
pub(crate) struct Recorder {
    tee: SampleTee,
    /// Disconnected when the thread ends.
    done: Receiver<()>,
}

impl Recorder {
    /// Starts the thread; `None` if that fails.
    pub(crate) fn start(
        tee: &SampleTee,
        request: RecordingRequest,
        services: Arc<Services>,
        messages: SyncSender<Message>,
    ) -> Option<Self> {
        let samples = tee.open()?;
        let (thread_guard, done) = channel();
        let dropped = Arc::clone(&tee.dropped);
        let work = move || {
            let _thread_guard: Sender<()> = thread_guard;
            let report = |event| drop(messages.send(Message::Recorder(event)));
            report(run_recorder(
                &request, services, &samples, &dropped, &report,
            ));
        };
        let thread = thread::Builder::new().name("recorder".into()).spawn(work);
        thread.is_ok().then(|| Self {
            tee: tee.clone(),
            done,
        })
    }

    /// Stops recording; the thread reports when the file is finished.
    pub(crate) fn stop(&self) {
        self.tee.close();
    }

    /// Stops recording and waits for the file to be finished, up to [`CLOSE_TIMEOUT`].
    pub(crate) fn close(self) {
        self.stop();
        let _ = self.done.recv_timeout(CLOSE_TIMEOUT);
    }
}

/// Writes samples until the tee is closed; returns the final report.
fn run_recorder(
    request: &RecordingRequest,
    services: Arc<Services>,
    samples: &Receiver<SampleOutcome>,
    dropped: &AtomicU64,
    report: &dyn Fn(RecorderEvent),
) -> RecorderEvent {
    let is_redacted = request.redaction == Redaction::On;
    let metadata = recording_filter::recording_metadata(&request.text, is_redacted);
    let (mut writer, path) = match create_file(&metadata) {
        Ok(created) => created,
        Err(error) => {
            return RecorderEvent::Failed(format!("cannot record here: {error}"));
        }
    };
    let name = crate::text::sanitize::sanitize(path.as_os_str().as_encoded_bytes());
    let mut recording_filter =
        RecordingFilter::for_filter(Arc::clone(&request.filter), request.quick_filter, services);
    let mut redactor = is_redacted.then(Redactor::default);
    let status = |summary: RecordingSummary| RecordingStatus {
        file_name: Arc::clone(&name),
        bytes: summary.bytes,
    };
    report(RecorderEvent::Progress(status(writer.summary())));
    for sampled in samples {
        let written = match sampled {
            SampleOutcome::Failed(gap) => writer.write_failure(&gap),
            SampleOutcome::Snapshot(mut snapshot) => {
                if let Some(recording_filter) = &mut recording_filter {
                    recording_filter.apply(&mut snapshot);
                }
                if let Some(redactor) = &mut redactor {
                    redactor.redact(&mut snapshot);
                }
                writer.write_snapshot(&snapshot)
            }
        };
        if let Err(error) = written {
            writer.truncate_partial_block();
            let summary_text = summary_text(writer.summary());
            return RecorderEvent::Failed(format!(
                "recording stopped: {error}; {name} is complete up to here, {summary_text}"
            ));
        }
        report(RecorderEvent::Progress(status(writer.summary())));
    }
    match writer.finish() {
        Ok(summary) => {
            let dropped = match dropped.load(Ordering::Relaxed) {
                0 => String::new(),
                dropped => format!("; {dropped} dropped, disk too slow"),
            };
            RecorderEvent::Finished(format!(
                "recorded {}, in {name}{dropped}",
                summary_text(summary)
            ))
        }
        Err(error) => {
            writer.truncate_partial_block();
            RecorderEvent::Failed(format!("{name} is incomplete but can be replayed: {error}"))
        }
    }
}

fn summary_text(summary: RecordingSummary) -> String {
    let samples = usize::try_from(summary.samples).unwrap_or(usize::MAX);
    format!(
        "{}, {}B",
        pluralize(samples, "sample", "samples"),
        units::bytes(summary.bytes)
    )
}

/// Creates a file in the current directory, named by the time; an existing one is not replaced.
fn create_file(
    metadata: &format::RecordingInfo,
) -> std::io::Result<(writer::RecordingWriter<std::fs::File>, PathBuf)> {
    let now = jiff::Timestamp::now().to_zoned_datetime(jiff::tz::TimeZone::system());
    let now = now.strftime("%Y%m%d-%H%M%S").to_string();
    let mut last_error = None;
    for number in 1..100 {
        let suffix = match number {
            1 => String::new(),
            number => format!("-{number}"),
        };
        let path = Path::new(&format!("portolan-{now}{suffix}.rec")).to_owned();
        match file::create_recording(&path, ExistingFile::Keep, metadata) {
            Ok(writer) => return Ok((writer, path)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                last_error = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    Err(last_error.unwrap_or_else(|| std::io::ErrorKind::AlreadyExists.into()))
}
