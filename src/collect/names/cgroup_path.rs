//! Derives the systemd unit and the container from a cgroup's path.
//!
//! Takes the path below the cgroup mount and returns a [`Cgroup`]. Only known forms are recognized:
//! systemd's units (systemd.unit(5)), and the cgroup names that docker, podman, containerd, CRI-O,
//! kubernetes and LXC give their containers.

use std::sync::Arc;

use crate::net::snapshot::Cgroup;
use crate::text::sanitize::sanitize;

/// The length of a container's full id, in hexadecimal digits.
const FULL_ID_LEN: usize = 64;

/// The length of the short id, which the engines themselves display.
const SHORT_ID_LEN: usize = 12;

/// The prefixes of a container's cgroup name where systemd made the cgroup, with the engine.
const SCOPE_PREFIXES: [(&str, &str); 6] = [
    ("docker-", "docker"),
    ("libpod-payload-", "podman"),
    ("libpod-", "podman"),
    ("cri-containerd-", "containerd"),
    ("crio-", "cri-o"),
    ("nerdctl-", "containerd"),
];

/// Parses a path such as `/system.slice/nginx.service`.
pub(crate) fn parse(path: &[u8]) -> Cgroup {
    let path = sanitize(path);
    let unit = path
        .rsplit('/')
        .find(|part| part.ends_with(".service") || part.ends_with(".scope"));
    // systemd prefixes `_` to a name that could clash with one of the kernel's files.
    let unit = unit.map(|unit| unit.strip_prefix('_').unwrap_or(unit));
    let parts: Vec<_> = path.split('/').collect();
    let container = (0..parts.len()).rev().find_map(|at| {
        let (parents, part) = (parts.get(..at)?, parts.get(at)?);
        container_from_segment(parents, part)
    });
    Cgroup {
        unit: unit.map(Arc::from),
        container: container.map(|(engine, id)| format!("{engine} {id}").into()),
        path,
    }
}

/// Returns engine and id if `part` is the cgroup of a container; `parents` are the parts before it.
fn container_from_segment<'a>(parents: &[&str], part: &'a str) -> Option<(&'static str, &'a str)> {
    let parent = parents.last().copied().unwrap_or("");
    if let Some(name) = part
        .strip_prefix("lxc.payload.")
        .filter(|name| !name.is_empty())
    {
        return Some(("lxc", name));
    }
    if parent == "lxc" && !part.is_empty() {
        return Some(("lxc", part));
    }
    let scope = part.strip_suffix(".scope").unwrap_or(part);
    for (prefix, engine) in SCOPE_PREFIXES {
        if let Some(id) = scope.strip_prefix(prefix).and_then(short_id) {
            return Some((engine, id));
        }
    }
    // containerd without systemd: `kubepods-burstable-pod….slice:cri-containerd:3f2a…`
    if let Some((_, id)) = part.rsplit_once(":cri-containerd:") {
        return Some(("containerd", short_id(id)?));
    }
    let id = short_id(part)?;
    let engine = if parent == "docker" {
        "docker"
    } else if parent == "libpod_parent" {
        "podman"
    } else if parents.iter().any(|part| part.starts_with("kubepods")) {
        "kubernetes"
    } else {
        "container"
    };
    Some((engine, id))
}

/// Returns the first digits of a full id.
fn short_id(id: &str) -> Option<&str> {
    let is_id = id.len() == FULL_ID_LEN && id.bytes().all(|digit| digit.is_ascii_hexdigit());
    id.get(..SHORT_ID_LEN).filter(|_| is_id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "3f2a9c1b7d4e3f2a9c1b7d4e3f2a9c1b7d4e3f2a9c1b7d4e3f2a9c1b7d4e3f2a";

    fn unit_and_container(path: &str) -> (Option<String>, Option<String>) {
        let cgroup = parse(path.replace("ID", ID).as_bytes());
        (
            cgroup.unit.map(|u| u.to_string()),
            cgroup.container.map(|c| c.to_string()),
        )
    }

    #[test]
    fn unit_is_the_innermost_service_or_scope() {
        for (path, unit) in [
            ("/", None),
            ("/system.slice", None),
            ("/system.slice/nginx.service", Some("nginx.service")),
            ("/system.slice/nginx.service/workers", Some("nginx.service")),
            (
                "/user.slice/user-1000.slice/user@1000.service/app.slice/app-firefox-12.scope",
                Some("app-firefox-12.scope"),
            ),
            (
                r"/system.slice/system-getty.slice/serial\x2dgetty@ttyS0.service",
                Some(r"serial\x2dgetty@ttyS0.service"),
            ),
            ("/system.slice/_cpu.service", Some("cpu.service")),
        ] {
            assert_eq!(
                unit_and_container(path),
                (unit.map(String::from), None),
                "{path}"
            );
        }
    }

    #[test]
    fn container_engines_are_recognised_by_cgroup_names() {
        for (path, container) in [
            ("/system.slice/docker-ID.scope", "docker 3f2a9c1b7d4e"),
            ("/docker/ID", "docker 3f2a9c1b7d4e"),
            (
                "/docker/ID/system.slice/nginx.service",
                "docker 3f2a9c1b7d4e",
            ),
            (
                "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ID.scope/container",
                "podman 3f2a9c1b7d4e",
            ),
            ("/libpod_parent/libpod-ID", "podman 3f2a9c1b7d4e"),
            (
                "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-ID.scope",
                "containerd 3f2a9c1b7d4e",
            ),
            (
                "/kubepods.slice/kubepods-pod1.slice/crio-ID.scope",
                "cri-o 3f2a9c1b7d4e",
            ),
            ("/kubepods/besteffort/pod12ab/ID", "kubernetes 3f2a9c1b7d4e"),
            (
                "/system.slice/kubepods-burstable-pod1.slice:cri-containerd:ID",
                "containerd 3f2a9c1b7d4e",
            ),
            ("/lxc/web/init.scope", "lxc web"),
            ("/lxc.payload.web/system.slice/a.service", "lxc web"),
            ("/default/ID", "container 3f2a9c1b7d4e"),
        ] {
            assert_eq!(
                unit_and_container(path).1.as_deref(),
                Some(container),
                "{path}"
            );
        }
    }

    #[test]
    fn similar_names_are_no_containers() {
        for path in [
            "/system.slice/docker.service",
            "/system.slice/docker-3f2a.scope",
            "/machine.slice/libpod-conmon-ID.scope",
            "/lxc.payload.",
            "/lxc",
            "/lxc/",
        ] {
            assert_eq!(unit_and_container(path).1, None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_paths_never_panic(path in proptest::collection::vec(any::<u8>(), 0..200)) {
            let cgroup = parse(&path);
            prop_assert!(!cgroup.path.chars().any(char::is_control));
        }
    }
}
