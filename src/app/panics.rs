//! A panic in the thread that draws gives the terminal back and is told on stderr; in any other
//! thread it becomes a notice on the screen, and the program goes on.

use std::panic;
use std::sync::Mutex;
use std::thread::{self, ThreadId};

use crate::app::terminal;

/// Panics of other threads that the loop has not shown yet. A panic hook has no other way to reach
/// the loop.
static LATEST: Mutex<Option<String>> = Mutex::new(None);

/// Installs the hook. `main` is the thread that draws.
pub(super) fn install(main: ThreadId) {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().id() == main {
            terminal::give_back();
            before(info);
            return;
        }
        let name = thread::current().name().unwrap_or("unnamed").to_owned();
        let text = crate::text::readable(info.to_string().as_bytes());
        tracing::error!(thread = %name, "panic: {text}");
        if let Ok(mut latest) = LATEST.lock() {
            *latest = Some(format!("the {name} thread failed: {text}"));
        }
    }));
}

/// The last panic of another thread, once.
pub(super) fn latest() -> Option<String> {
    LATEST.lock().ok()?.take()
}
