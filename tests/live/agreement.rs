//! Compares every source with `ss`: the same rows, and the same processes for each.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use portolan::history::Ownership;
use portolan::net::snapshot::SourceKind;
use portolan::net::socket::{Socket, Transport};

use crate::fixtures;
use crate::network_namespace::{in_network_namespace, is_rerun, rerun_test};
use crate::pipeline::{LivePipeline, retry_until_ok};
use crate::skip::skip;
use crate::ss::{self, SsRow};

/// The user nobody, who owns none of the sockets.
const NOBODY: &str = "65534";

#[test]
fn sock_diag_agrees_with_ss() {
    in_network_namespace("agreement::sock_diag_agrees_with_ss", || {
        let _fixtures = fixtures::all();
        assert_agrees_with_ss(SourceKind::SockDiag);
    });
}

#[test]
fn procfs_agrees_with_ss() {
    in_network_namespace("agreement::procfs_agrees_with_ss", || {
        let _fixtures = fixtures::all();
        assert_agrees_with_ss(SourceKind::Procfs);
    });
}

#[test]
fn netstat2_agrees_with_ss_except_udp_peers() {
    let test = "agreement::netstat2_agrees_with_ss_except_udp_peers";
    in_network_namespace(test, || {
        let _fixtures = fixtures::all();
        assert_agrees_with_ss(SourceKind::Netstat2);
    });
}

/// The fixtures belong to this test, run as root; the sample is taken by a third run, as nobody.
#[test]
fn unprivileged_user_sees_every_row_and_hidden_owners_are_counted() {
    let test = "agreement::unprivileged_user_sees_every_row_and_hidden_owners_are_counted";
    let as_nobody = format!("{test}, as nobody");
    if is_rerun(&as_nobody) {
        assert_agrees_with_ss(SourceKind::SockDiag);
        assert_agrees_with_ss(SourceKind::Procfs);
        return assert_hidden_owners_are_counted();
    }
    if !can_become_nobody() {
        return skip("only root can become another user, with setpriv");
    }
    in_network_namespace(test, || {
        let _fixtures = fixtures::all();
        // The user nobody may not have access to the build directory.
        let directory = tempfile::tempdir().expect("a directory");
        fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o755)).expect("open");
        let program = directory.path().join("live");
        fs::copy(std::env::current_exe().expect("this program"), &program).expect("a copy");
        rerun_as_nobody(test, &as_nobody, &program);
    });
}

fn rerun_as_nobody(test: &str, run_name: &str, program: &std::path::Path) {
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"])
        .arg(program);
    rerun_test(test, run_name, command);
}

fn can_become_nobody() -> bool {
    let mut command = Command::new("setpriv");
    command.args([
        "--reuid",
        NOBODY,
        "--regid",
        NOBODY,
        "--clear-groups",
        "true",
    ]);
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn assert_hidden_owners_are_counted() {
    let mut pipeline = LivePipeline::with_source(SourceKind::SockDiag);
    let result = pipeline.sample_and_query_after(std::time::Duration::ZERO);
    let moment = &result.moment;
    let with_descriptor = moment.rows().filter(|row| row.socket.inode.is_some());
    let with_descriptor: Vec<_> = with_descriptor.collect();
    assert!(with_descriptor.len() > 20, "{}", with_descriptor.len());
    for row in &with_descriptor {
        assert_eq!(row.ownership, Ownership::Hidden, "{row:?}");
    }
    assert_eq!(moment.hidden_rows, with_descriptor.len());
    assert!(moment.sight.hidden > 0, "{:?}", moment.sight);
}

/// Waits until the source and ss, run before and after it, agree.
fn assert_agrees_with_ss(source: SourceKind) {
    let mut pipeline = LivePipeline::with_source(source);
    retry_until_ok(|| {
        let before = visible_to(source, ss::rows());
        let snapshot = pipeline.sample();
        assert_eq!(snapshot.gaps, [], "{source}");
        let ours = snapshot.sockets.iter().map(SsRow::from).collect();
        let ours = visible_to(source, ours);
        let after = visible_to(source, ss::rows());
        assert!(before.len() > 40, "the fixtures are there: {before:#?}");
        if before == after && before == ours {
            return Ok(());
        }
        let only = |a: &[SsRow], b: &[SsRow]| -> Vec<SsRow> {
            a.iter().filter(|row| !b.contains(row)).cloned().collect()
        };
        Err(format!(
            "only ss: {:#?}\nonly {source}: {:#?}\n{} and {} rows",
            only(&after, &ours),
            only(&ours, &after),
            after.len(),
            ours.len()
        ))
    });
    assert_v6only(source, &pipeline.sample().sockets);
}

/// Leaves out what the source cannot see.
fn visible_to(source: SourceKind, mut rows: Vec<SsRow>) -> Vec<SsRow> {
    if source == SourceKind::Netstat2 {
        let datagrams = rows.iter_mut().filter(|r| r.transport == Transport::Udp);
        datagrams.for_each(|row| row.remote = None);
    }
    rows.sort();
    rows
}

/// Asserts V6ONLY, which only the kernel's own table reports.
fn assert_v6only(source: SourceKind, sockets: &[Socket]) {
    for (port, v6only) in [
        (fixtures::DUAL_STACK_PORT, false),
        (fixtures::SEPARATE_LISTENERS_PORT, true),
        (fixtures::IPV6_ONLY_PORT, true),
    ] {
        let listener = sockets
            .iter()
            .find(|s| s.is_listening() && s.local.is_ipv6() && s.local.port.number() == port);
        let expected = (source == SourceKind::SockDiag).then_some(v6only);
        assert_eq!(listener.expect("a listener").v6only, expected, "{port}");
    }
}
