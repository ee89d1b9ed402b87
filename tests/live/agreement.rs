//! Every source against `ss`: the same rows, and the same processes for each.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use portolan::history::Ownership;
use portolan::snapshot::SourceKind;
use portolan::socket::{Socket, Transport};

use crate::network::{again, is_inside, own_network, skip};
use crate::ss::{self, Row};
use crate::watch::{Watch, until};
use crate::zoo;

/// A user who has nothing to do with the sockets.
const NOBODY: &str = "65534";

#[test]
fn sock_diag_sees_what_ss_sees() {
    own_network("agreement::sock_diag_sees_what_ss_sees", || {
        let _zoo = zoo::everything();
        agree(SourceKind::SockDiag);
    });
}

#[test]
fn procfs_sees_what_ss_sees() {
    own_network("agreement::procfs_sees_what_ss_sees", || {
        let _zoo = zoo::everything();
        agree(SourceKind::Procfs);
    });
}

#[test]
fn netstat2_sees_what_ss_sees_but_the_peers_of_datagrams() {
    let test = "agreement::netstat2_sees_what_ss_sees_but_the_peers_of_datagrams";
    own_network(test, || {
        let _zoo = zoo::everything();
        agree(SourceKind::Netstat2);
    });
}

/// The zoo is this test's, run as root; who looks is a third run of it, as nobody.
#[test]
fn without_privilege_no_row_is_missing_and_hidden_owners_are_counted() {
    let test = "agreement::without_privilege_no_row_is_missing_and_hidden_owners_are_counted";
    let as_nobody = format!("{test}, as nobody");
    if is_inside(&as_nobody) {
        agree(SourceKind::SockDiag);
        agree(SourceKind::Procfs);
        return hidden_owners_are_counted();
    }
    if !can_become_nobody() {
        return skip(test, "only root can become another user, with setpriv");
    }
    own_network(test, || {
        let _zoo = zoo::everything();
        // Where the tests are built, nobody may not be let in.
        let place = tempfile::tempdir().expect("a directory");
        fs::set_permissions(place.path(), PermissionsExt::from_mode(0o755)).expect("open");
        let program = place.path().join("live");
        fs::copy(std::env::current_exe().expect("this program"), &program).expect("a copy");
        again_as_nobody(test, &as_nobody, &program);
    });
}

fn again_as_nobody(test: &str, inside: &str, program: &std::path::Path) {
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"])
        .arg(program);
    again(test, inside, command);
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

fn hidden_owners_are_counted() {
    let mut watch = Watch::through(SourceKind::SockDiag);
    let answer = watch.look(std::time::Duration::ZERO);
    let moment = &answer.moment;
    let with_descriptor = moment.rows().filter(|row| row.socket.inode.is_some());
    let with_descriptor: Vec<_> = with_descriptor.collect();
    assert!(with_descriptor.len() > 20, "{}", with_descriptor.len());
    for row in &with_descriptor {
        assert_eq!(row.ownership, Ownership::Hidden, "{row:?}");
    }
    assert_eq!(moment.hidden_rows, with_descriptor.len());
    assert!(moment.sight.hidden > 0, "{:?}", moment.sight);
}

/// Waits until the source and ss, asked before and after, tell the same.
fn agree(source: SourceKind) {
    let mut watch = Watch::through(source);
    until(|| {
        let before = told_by(source, ss::rows());
        let snapshot = watch.sample();
        assert_eq!(snapshot.gaps, [], "{source}");
        let ours = snapshot.sockets.iter().map(Row::from).collect();
        let ours = told_by(source, ours);
        let after = told_by(source, ss::rows());
        assert!(before.len() > 40, "the zoo is there: {before:#?}");
        if before == after && before == ours {
            return Ok(());
        }
        let only = |a: &[Row], b: &[Row]| -> Vec<Row> {
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
    v6only_is_told(source, &watch.sample().sockets);
}

/// Leaves out what the source cannot see.
fn told_by(source: SourceKind, mut rows: Vec<Row>) -> Vec<Row> {
    if source == SourceKind::Netstat2 {
        let datagrams = rows.iter_mut().filter(|r| r.transport == Transport::Udp);
        datagrams.for_each(|row| row.remote = None);
    }
    rows.sort();
    rows
}

/// Only the kernel's own table knows which wildcard serves both families.
fn v6only_is_told(source: SourceKind, sockets: &[Socket]) {
    for (port, v6only) in [
        (zoo::DUAL_STACK, false),
        (zoo::TWO_FAMILIES, true),
        (zoo::SIX_ONLY, true),
    ] {
        let listener = sockets
            .iter()
            .find(|s| s.is_listening() && s.local.is_ipv6() && s.local.port.number() == port);
        let expected = (source == SourceKind::SockDiag).then_some(v6only);
        assert_eq!(listener.expect("a listener").v6only, expected, "{port}");
    }
}
