//! Resolves cgroup ids to cgroups by scanning the cgroup2 directory tree.
//!
//! Takes ids (the inode number of a directory below the cgroup2 mount, cgroups(7)) and adds their
//! paths, units and containers to the directory. The tree is scanned only for an unknown id, and
//! not often.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirEntryExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hashbrown::{HashMap, HashSet};

use super::cgroup_path;
use super::pending_lookups::PendingLookups;
use crate::net::snapshot::{Cgroup, Directory};
use crate::net::socket::{CgroupId, Socket};

/// The shortest time between two scans. Until the next one a new id stays without a name.
const MIN_WALK_INTERVAL: Duration = Duration::from_secs(5);

/// The most directories read in one scan: about 10 µs each.
const MAX_DIRECTORIES: usize = 10_000;

/// The most cgroups kept in the directory before those without sockets are removed.
const MAX_CGROUPS: usize = 4096;

/// Scans the cgroup tree, at most every [`MIN_WALK_INTERVAL`].
#[derive(Debug, Default)]
pub(crate) struct CgroupTree {
    next_walk: Duration,
}

impl CgroupTree {
    /// Resolves the pending ids.
    pub(crate) fn fill(
        &mut self,
        now: Duration,
        pending_lookups: &mut PendingLookups<CgroupId>,
        directory: &mut Arc<Directory>,
    ) {
        if pending_lookups.is_empty() || now < self.next_walk {
            return;
        }
        self.next_walk = now + MIN_WALK_INTERVAL;
        let wanted: HashSet<_> = pending_lookups.take().into_iter().collect();
        let root = fs::read("/proc/self/mounts")
            .ok()
            .and_then(|mounts| cgroup2_mount(&mounts));
        let found = root
            .map(|root| find_by_inode(&root, &wanted, MAX_DIRECTORIES))
            .unwrap_or_default();
        for &id in wanted.iter().filter(|id| !found.contains_key(*id)) {
            pending_lookups.mark_failed(now, id);
        }
        if !found.is_empty() {
            let found = found.into_iter().map(|(id, cgroup)| (id, Arc::new(cgroup)));
            Arc::make_mut(directory).cgroups.extend(found);
        }
    }
}

/// Removes cgroups without sockets from the directory once it has very many.
pub(crate) fn prune(sockets: &[Socket], directory: &mut Arc<Directory>) {
    if directory.cgroups.len() > MAX_CGROUPS {
        let used: HashSet<_> = sockets.iter().filter_map(|socket| socket.cgroup).collect();
        if directory.cgroups.keys().any(|id| !used.contains(id)) {
            Arc::make_mut(directory)
                .cgroups
                .retain(|id, _| used.contains(id));
        }
    }
}

/// Returns where the cgroup2 hierarchy is mounted, from the text of /proc/self/mounts (proc(5)). On
/// systems that also use cgroup v1 it is not /sys/fs/cgroup.
pub(crate) fn cgroup2_mount(mounts: &[u8]) -> Option<PathBuf> {
    mounts.split(|&byte| byte == b'\n').find_map(|line| {
        let mut fields = line.split(|&byte| byte == b' ').skip(1);
        let (mount_point, kind) = (fields.next()?, fields.next()?);
        (kind == b"cgroup2").then(|| PathBuf::from(OsString::from_vec(unescape_octal(mount_point))))
    })
}

/// Decodes a path in which the kernel writes blanks and backslashes as three octal digits
/// (`mangle_path`).
fn unescape_octal(mut text: &[u8]) -> Vec<u8> {
    let mut unescaped_path = Vec::with_capacity(text.len());
    while let Some((&first, rest)) = text.split_first() {
        let digits = rest
            .get(..3)
            .filter(|digits| first == b'\\' && is_octal(digits));
        if let Some(digits) = digits {
            unescaped_path.push(
                digits
                    .iter()
                    .fold(0_u8, |n, digit| (n << 3) | (digit - b'0')),
            );
            text = rest.get(3..).unwrap_or_default();
        } else {
            unescaped_path.push(first);
            text = rest;
        }
    }
    unescaped_path
}

fn is_octal(digits: &[u8]) -> bool {
    digits.iter().all(|digit| (b'0'..=b'7').contains(digit)) && digits.first() <= Some(&b'3')
}

/// Finds directories by inode number, nearest the root first.
fn find_by_inode(
    root: &Path,
    wanted: &HashSet<CgroupId>,
    limit: usize,
) -> HashMap<CgroupId, Cgroup> {
    let mut found = HashMap::new();
    if let Ok(metadata) = fs::metadata(root) {
        let id = CgroupId(metadata.ino());
        found.extend(wanted.contains(&id).then(|| (id, cgroup_path::parse(b"/"))));
    }
    let mut level = vec![root.to_path_buf()];
    let mut visited = 0;
    while !level.is_empty() && found.len() < wanted.len() {
        let mut next_level = Vec::new();
        for parent in level {
            // A cgroup may be removed or become unreadable at any moment.
            let Ok(entries) = fs::read_dir(&parent) else {
                continue;
            };
            let is_directory = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|t| t.is_dir());
            for entry in entries.flatten().filter(is_directory) {
                visited += 1;
                if visited > limit {
                    return found;
                }
                let (id, path) = (CgroupId(entry.ino()), entry.path());
                if wanted.contains(&id) {
                    let below_root = path.strip_prefix(root).unwrap_or(&path).as_os_str();
                    let path = [b"/", below_root.as_bytes()].concat();
                    found.insert(id, cgroup_path::parse(&path));
                }
                next_level.push(path);
            }
        }
        level = next_level;
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cgroup2_mount_is_found() {
        let hybrid = b"cgroup /sys/fs/cgroup/cpu cgroup rw 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
        assert_eq!(
            cgroup2_mount(hybrid).as_deref(),
            Some(Path::new("/sys/fs/cgroup/unified"))
        );
        assert_eq!(
            cgroup2_mount(b"none /a\\040b\\134 cgroup2 rw 0 0").as_deref(),
            Some(Path::new("/a b\\"))
        );
        assert_eq!(cgroup2_mount(b"proc /proc proc rw 0 0\n\n x"), None);
    }

    #[test]
    fn directories_are_found_by_inode_within_the_limit() {
        let home = tempfile::tempdir().unwrap();
        let nested = home.path().join("system.slice/nginx.service");
        fs::create_dir_all(&nested).unwrap();
        fs::create_dir_all(home.path().join("user.slice")).unwrap();
        let id = CgroupId(fs::metadata(&nested).unwrap().ino());
        let root = CgroupId(fs::metadata(home.path()).unwrap().ino());
        let wanted: HashSet<_> = [id, root].into_iter().collect();
        let found = find_by_inode(home.path(), &wanted, 100);
        assert_eq!(&*found[&id].path, "/system.slice/nginx.service");
        assert_eq!(found[&id].unit.as_deref(), Some("nginx.service"));
        assert_eq!((&*found[&root].path, &found[&root].unit), ("/", &None));
        assert_eq!(find_by_inode(home.path(), &wanted, 1).len(), 1);
        assert!(find_by_inode(Path::new("/nonexistent"), &wanted, 100).is_empty());
    }

    proptest! {
        #[test]
        fn arbitrary_mount_tables_never_panic(
            text in proptest::collection::vec(any::<u8>(), 0..200), digits in "(\\\\[0-9]{0,3}){0,9}"
        ) {
            let _ = cgroup2_mount(&text);
            let _ = cgroup2_mount(format!("a {digits} cgroup2").as_bytes());
        }
    }
}
