//! Tests against a library that misbehaves in every way seen so far, and against the real one.

use std::net::{IpAddr, Ipv4Addr, TcpListener};

use netstat2::{TcpSocketInfo, UdpSocketInfo};

use super::*;

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

#[cfg_attr(
    not(target_os = "linux"),
    expect(unused_variables, reason = "Linux has inodes")
)]
fn socket_info(info: ProtocolSocketInfo, pids: &[u32], inode: u32) -> SocketInfo {
    SocketInfo {
        protocol_socket_info: info,
        associated_pids: pids.to_vec(),
        #[cfg(target_os = "linux")]
        inode,
        #[cfg(target_os = "linux")]
        uid: 0,
    }
}

fn connection(state: LibraryState, pids: &[u32], inode: u32) -> Result<SocketInfo, String> {
    let info = TcpSocketInfo {
        local_addr: LOCALHOST,
        local_port: 80,
        remote_addr: LOCALHOST,
        remote_port: 5000,
        state,
    };
    Ok(socket_info(ProtocolSocketInfo::Tcp(info), pids, inode))
}

fn udp(pids: &[u32], inode: u32) -> Result<SocketInfo, String> {
    let info = UdpSocketInfo {
        local_addr: LOCALHOST,
        local_port: 53,
    };
    Ok(socket_info(ProtocolSocketInfo::Udp(info), pids, inode))
}

type ListedRows = Vec<Result<SocketInfo, String>>;

fn collect(
    source: &mut Netstat2,
    rows: ListedRows,
) -> (Result<(), SourceError>, Vec<Socket>, Vec<String>) {
    let (mut sockets, mut gaps) = (Vec::new(), Vec::new());
    let outcome = source.collect_rows(|| Ok(rows.into_iter()), &mut sockets, &mut gaps);
    (
        outcome,
        sockets,
        gaps.iter().map(ToString::to_string).collect(),
    )
}

fn pids(socket: &Socket) -> Vec<u32> {
    let found = socket.holders.found();
    found.map_or(Vec::new(), |f| f.iter().map(|h| h.process.pid.0).collect())
}

#[test]
fn pids_are_sorted_and_deduplicated() {
    let row = connection(LibraryState::Established, &[9, 3, 9, 5], 1);
    let (_, sockets, gaps) = collect(&mut Netstat2::default(), vec![row]);
    assert_eq!(pids(&sockets[0]), [3, 5, 9]);
    assert_eq!(gaps, [""; 0]);
}

#[test]
fn rows_of_one_socket_are_merged_with_all_pids() {
    let rows = vec![
        connection(LibraryState::Established, &[9], 1),
        udp(&[4], 2),
        connection(LibraryState::Established, &[3], 1),
        connection(LibraryState::CloseWait, &[], 1),
    ];
    let (_, sockets, _) = collect(&mut Netstat2::default(), rows);
    assert_eq!(sockets.len(), 2);
    assert_eq!(pids(&sockets[0]), [3, 9]);
    assert_eq!(sockets[0].tcp_state(), Some(TcpState::CloseWait));
}

#[test]
fn pid_zero_is_no_holder() {
    let row = connection(LibraryState::TimeWait, &[0], 0);
    let (_, sockets, _) = collect(&mut Netstat2::default(), vec![row]);
    assert_eq!(
        (&sockets[0].holders, sockets[0].uid),
        (&Holders::NotSearched, None)
    );
}

#[cfg(target_os = "linux")]
#[test]
fn reuseport_sockets_stay_separate_rows() {
    let (_, sockets, _) = collect(&mut Netstat2::default(), vec![udp(&[1], 7), udp(&[2], 8)]);
    assert_eq!(sockets.iter().map(pids).collect::<Vec<_>>(), [[1], [2]]);
}

#[test]
fn holder_lists_are_shared_and_dropped_when_unused() {
    let mut source = Netstat2::default();
    let rows = || vec![connection(LibraryState::Established, &[3], 1), udp(&[3], 2)];
    let (_, first, _) = collect(&mut source, rows());
    let (_, second, _) = collect(&mut source, rows());
    let lists = [&first[0], &first[1], &second[0]].map(|s| s.holders.found().expect("found"));
    assert!(lists.iter().all(|list| Arc::ptr_eq(list, lists[0])));
    drop((first, second));
    let _ = collect(&mut source, Vec::new());
    assert!(source.holder_lists.lists.is_empty());
}

#[test]
fn row_errors_are_counted_and_other_rows_kept() {
    let broken_row = || Err("broken row".to_owned());
    let rows = vec![broken_row(), udp(&[1], 1), broken_row()];
    let (outcome, sockets, gaps) = collect(&mut Netstat2::default(), rows);
    assert!(outcome.is_ok());
    assert_eq!(sockets.len(), 1);
    assert_eq!(
        gaps,
        ["sockets may be missing: netstat2: 2 rows could not be read: broken row"]
    );
}

#[test]
fn endless_errors_are_abandoned() {
    let mut source = Netstat2::default();
    let (mut sockets, mut gaps) = (Vec::new(), Vec::new());
    let endless_errors = || Ok(std::iter::repeat_with(|| Err("no".to_owned())));
    let outcome = source.collect_rows(endless_errors, &mut sockets, &mut gaps);
    assert!(outcome.is_err());
}

#[test]
fn rows_before_a_panic_are_kept() {
    let mut source = Netstat2::default();
    let (mut sockets, mut gaps) = (Vec::new(), Vec::new());
    let mut rows = vec![udp(&[1], 1)].into_iter();
    let panicking_rows = || {
        Ok(std::iter::from_fn(move || {
            Some(rows.next().expect("one more row"))
        }))
    };
    source
        .collect_rows(panicking_rows, &mut sockets, &mut gaps)
        .expect("one row is there");
    assert_eq!(sockets.len(), 1);
    assert!(
        gaps[0]
            .to_string()
            .contains("the library panicked: one more row"),
        "{gaps:?}"
    );

    sockets.clear();
    let immediate_panic =
        || -> Result<std::vec::IntoIter<_>, String> { panic!("Can't read /proc/") };
    let error = source.collect_rows::<String, _>(immediate_panic, &mut sockets, &mut gaps);
    assert!(error.is_err_and(|e| e.to_string().contains("Can't read /proc/")));
}

#[test]
fn netstat2_finds_our_listener_and_pid() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let port = listener.local_addr().expect("address").port();
    let mut source = Netstat2::open().expect("netstat2");
    let (mut sockets, mut gaps) = (Vec::new(), Vec::new());
    source
        .read(None, Duration::ZERO, &mut sockets, &mut gaps)
        .expect("a sample");
    let row = sockets.iter().find(|s| {
        s.local == Endpoint::new(LOCALHOST, Port(port)) && s.tcp_state() == Some(TcpState::Listen)
    });
    let row = row.expect("our listener");
    assert_eq!((pids(row), row.remote), (vec![std::process::id()], None));
}
