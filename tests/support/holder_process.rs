//! A process that holds a socket and does nothing else, under a name of our choice.
//!
//! It is `cat`, waiting at a pipe that only the test can write to, with the socket as its output.
//! So it ends by itself when the test ends, whatever way that happens.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// The process; dropping it ends it.
pub(crate) struct HolderProcess {
    child: Child,
    /// The directory of the name it goes by.
    _symlink_dir: TempDir,
}

impl HolderProcess {
    /// Starts a process called `name` (at most 15 bytes of it show) that holds `socket`.
    pub(crate) fn spawn(name: impl AsRef<OsStr>, socket: OwnedFd) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join(name.as_ref());
        symlink(find_cat(), &path).expect("a name for cat");
        let mut command = Command::new(path);
        command
            // Where cat is one of many programs in one file, this says which.
            .arg0("cat")
            .stdin(Stdio::piped())
            .stdout(socket)
            .stderr(Stdio::null());
        let child = crate::spawn_lock::spawn(&mut command).expect("a process");
        Self {
            child,
            _symlink_dir: directory,
        }
    }

    /// Its pid.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for HolderProcess {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn find_cat() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|directory| directory.join("cat"))
        .find(|file| file.is_file())
        .unwrap_or_else(|| Path::new("/bin/cat").to_owned())
}
