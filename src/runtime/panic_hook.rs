//! A panic hook: restores the terminal if the drawing thread panics; shows a notice for any other
//! thread, and the program continues.

use std::sync::Mutex;
use std::thread::ThreadId;
use std::{panic, thread};

use super::terminal;

/// The last panic of another thread that the loop has not shown yet. A static, because a panic hook
/// has no other way to reach the loop.
static LAST_PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Installs the hook. `main` is the thread that draws.
pub(crate) fn install(main: ThreadId) {
    let default_hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().id() == main {
            terminal::restore();
            default_hook(info);
            return;
        }
        let name = thread::current().name().unwrap_or("unnamed").to_owned();
        let text = crate::text::sanitize::sanitize(info.to_string().as_bytes());
        tracing::error!(thread = %name, "panic: {text}");
        if let Ok(mut latest) = LAST_PANIC.lock() {
            *latest = Some(format!("the {name} thread failed: {text}"));
        }
    }));
}

/// Takes the last panic of another thread.
pub(crate) fn take_last() -> Option<String> {
    LAST_PANIC.lock().ok()?.take()
}
