//! Reads keys and mouse events on a thread of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::SyncSender;
use std::{io, thread};

use crossterm::event;

use super::messages::Message;
use crate::tui::input::Input;

/// Starts the thread.
///
/// # Errors
/// Returns an error if no thread can be started.
pub(crate) fn spawn(messages: SyncSender<Message>, panic_at_key: bool) -> io::Result<()> {
    let mut panic_pending = panic_at_key;
    thread::Builder::new().name("input".into()).spawn(move || {
        loop {
            // A panic loses the event being handled, not the keyboard.
            let read = catch_unwind(AssertUnwindSafe(|| {
                let message = read_message();
                assert!(
                    !std::mem::take(&mut panic_pending),
                    "asked to fail at the first key"
                );
                message
            }));
            let Ok(Some(message)) = read else { continue };
            let last = matches!(message, Message::TerminalLost(_));
            if messages.send(message).is_err() || last {
                return;
            }
        }
    })?;
    Ok(())
}

/// Waits for the next event; `None` if the program does not use it.
fn read_message() -> Option<Message> {
    match event::read() {
        Ok(event) => Input::from_event(event).map(Message::Input),
        Err(error) => Some(Message::TerminalLost(error.to_string())),
    }
}
