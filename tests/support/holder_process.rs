//! A process that holds a socket and does nothing else, under a name the test chooses.
//!
//! It is `cat`, reading from a pipe that only the test can write to, with the socket as its output.
//! So it exits by itself when the test ends, in whatever way.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// The process; dropping it kills it.
pub(crate) struct HolderProcess {
    child: Child,
    /// The directory of the symbolic link the process is named after.
    _symlink_dir: TempDir,
}

impl HolderProcess {
    /// Starts a process called `name` (at most 15 bytes of it are visible) that holds `socket`.
    pub(crate) fn spawn(name: impl AsRef<OsStr>, socket: OwnedFd) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join(name.as_ref());
        symlink(find_cat(), &path).expect("a name for cat");
        let mut command = Command::new(path);
        command
            // Where cat is one of many programs in one file, argv[0] selects it.
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

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for HolderProcess {
    fn drop(&mut self) {
        // It may have exited by itself.
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
