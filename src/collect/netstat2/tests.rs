//! A library that misbehaves in every way seen, and the real one.

use std::net::{IpAddr, Ipv4Addr, TcpListener};

use netstat2::{TcpSocketInfo, UdpSocketInfo};

use super::*;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

#[cfg_attr(
    not(target_os = "linux"),
    expect(unused_variables, reason = "Linux has inodes")
)]
fn listed(info: ProtocolSocketInfo, pids: &[u32], inode: u32) -> SocketInfo {
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
        local_addr: HERE,
        local_port: 80,
        remote_addr: HERE,
        remote_port: 5000,
        state,
    };
    Ok(listed(ProtocolSocketInfo::Tcp(info), pids, inode))
}

fn udp(pids: &[u32], inode: u32) -> Result<SocketInfo, String> {
    let info = UdpSocketInfo {
        local_addr: HERE,
        local_port: 53,
    };
    Ok(listed(ProtocolSocketInfo::Udp(info), pids, inode))
}

type Rows = Vec<Result<SocketInfo, String>>;

fn read(source: &mut Netstat2, rows: Rows) -> (Result<(), SourceError>, Vec<Socket>, Vec<String>) {
    let (mut sockets, mut gaps) = (Vec::new(), Vec::new());
    let outcome = source.take(|| Ok(rows.into_iter()), &mut sockets, &mut gaps);
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
fn pids_are_sorted_and_each_is_there_once() {
    let row = connection(LibraryState::Established, &[9, 3, 9, 5], 1);
    let (_, sockets, gaps) = read(&mut Netstat2::default(), vec![row]);
    assert_eq!(pids(&sockets[0]), [3, 5, 9]);
    assert_eq!(gaps, [""; 0]);
}

#[test]
fn a_row_for_each_process_becomes_one_row_with_all_of_them() {
    let rows = vec![
        connection(LibraryState::Established, &[9], 1),
        udp(&[4], 2),
        connection(LibraryState::Established, &[3], 1),
        connection(LibraryState::CloseWait, &[], 1),
    ];
    let (_, sockets, _) = read(&mut Netstat2::default(), rows);
    assert_eq!(sockets.len(), 2);
    assert_eq!(pids(&sockets[0]), [3, 9]);
    assert_eq!(sockets[0].tcp_state(), Some(TcpState::CloseWait));
}

#[test]
fn process_zero_is_nobody() {
    let row = connection(LibraryState::TimeWait, &[0], 0);
    let (_, sockets, _) = read(&mut Netstat2::default(), vec![row]);
    assert_eq!(
        (&sockets[0].holders, sockets[0].uid),
        (&Holders::NotSought, None)
    );
}

#[cfg(target_os = "linux")]
#[test]
fn twins_that_share_a_port_stay_two() {
    let (_, sockets, _) = read(&mut Netstat2::default(), vec![udp(&[1], 7), udp(&[2], 8)]);
    assert_eq!(sockets.iter().map(pids).collect::<Vec<_>>(), [[1], [2]]);
}

#[test]
fn the_list_of_holders_is_shared_by_sockets_and_samples_and_then_forgotten() {
    let mut source = Netstat2::default();
    let rows = || vec![connection(LibraryState::Established, &[3], 1), udp(&[3], 2)];
    let (_, first, _) = read(&mut source, rows());
    let (_, second, _) = read(&mut source, rows());
    let lists = [&first[0], &first[1], &second[0]].map(|s| s.holders.found().expect("found"));
    assert!(lists.iter().all(|list| Arc::ptr_eq(list, lists[0])));
    drop((first, second));
    let _ = read(&mut source, Vec::new());
    assert!(source.pool.lists.is_empty());
}

#[test]
fn rows_that_err_are_counted_and_the_others_stay() {
    let bad = || Err("broken row".to_owned());
    let rows = vec![bad(), udp(&[1], 1), bad()];
    let (outcome, sockets, gaps) = read(&mut Netstat2::default(), rows);
    assert!(outcome.is_ok());
    assert_eq!(sockets.len(), 1);
    assert_eq!(
        gaps,
        ["sockets may be missing: netstat2: 2 rows could not be read: broken row"]
    );
}

#[test]
fn a_library_that_errs_for_ever_is_left() {
    let mut source = Netstat2::default();
    let (mut sockets, mut gaps) = (Vec::new(), Vec::new());
    let for_ever = || Ok(std::iter::repeat_with(|| Err("no".to_owned())));
    let outcome = source.take(for_ever, &mut sockets, &mut gaps);
    assert!(outcome.is_err());
}

#[test]
fn a_panic_leaves_the_rows_before_it() {
    let mut source = Netstat2::default();
    let (mut sockets, mut gaps) = (Vec::new(), Vec::new());
    let mut rows = vec![udp(&[1], 1)].into_iter();
    let breaks = || {
        Ok(std::iter::from_fn(move || {
            Some(rows.next().expect("one more row"))
        }))
    };
    source
        .take(breaks, &mut sockets, &mut gaps)
        .expect("one row is there");
    assert_eq!(sockets.len(), 1);
    assert!(
        gaps[0]
            .to_string()
            .contains("the library panicked: one more row"),
        "{gaps:?}"
    );

    sockets.clear();
    let at_once = || -> Result<std::vec::IntoIter<_>, String> { panic!("Can't read /proc/") };
    let error = source.take::<String, _>(at_once, &mut sockets, &mut gaps);
    assert!(error.is_err_and(|e| e.to_string().contains("Can't read /proc/")));
}

#[test]
fn the_real_library_finds_our_own_listener_and_pid() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let port = listener.local_addr().expect("address").port();
    let mut source = Netstat2::open().expect("netstat2");
    let (mut sockets, mut gaps) = (Vec::new(), Vec::new());
    source
        .read(None, Duration::ZERO, &mut sockets, &mut gaps)
        .expect("a sample");
    let row = sockets.iter().find(|s| {
        s.local == Endpoint::new(HERE, Port(port)) && s.tcp_state() == Some(TcpState::Listen)
    });
    let row = row.expect("our listener");
    assert_eq!((pids(row), row.remote), (vec![std::process::id()], None));
}
