//! Reads `/etc/services`.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

/// The most bytes read of /etc/services.
const MAX_SERVICES_LEN: u64 = 4 * 1024 * 1024;

/// Returns the text of the system's services file (services(5)); empty where there is none.
pub fn read_etc_services() -> Vec<u8> {
    let path = if cfg!(windows) {
        let root = std::env::var_os("SystemRoot").unwrap_or_else(|| "C:\\Windows".into());
        PathBuf::from(root).join("System32\\drivers\\etc\\services")
    } else {
        PathBuf::from("/etc/services")
    };
    let mut text = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_SERVICES_LEN).read_to_end(&mut text));
    match read {
        Ok(_) => text,
        Err(_) => Vec::new(),
    }
}
