//! A panic in the thread that draws gives the terminal back and is told on stderr; in any other
//! thread it becomes a notice on the screen, and the program goes on.

use std::sync::Mutex;
use std::thread::ThreadId;
use std::{panic, thread};

use super::terminal;

/// Panics of other threads that the loop has not shown yet. A panic hook has no other way to reach
/// the loop.
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

/// The last panic of another thread, once.
pub(crate) fn take_last() -> Option<String> {
    LAST_PANIC.lock().ok()?.take()
}
