//! `explain`: what it says of sockets that are there, and how it ends where there are none.

use std::net::{Ipv4Addr, TcpListener, TcpStream};

use crate::program::portolan;

#[test]
fn a_port_an_endpoint_and_a_process_are_explained() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
    let place = listener.local_addr().expect("its address");
    let _client = TcpStream::connect(place).expect("a client");
    let pid = std::process::id();

    let explained = |what: &str| {
        let said = portolan(&["explain", what]);
        assert_eq!(said.status, Some(0), "{what}: {}", said.err);
        // Lines break where they must.
        said.out.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let port = explained(&place.port().to_string());
    assert!(
        port.contains(&format!("{pid} listens at {place}")),
        "{port}"
    );
    assert!(
        port.contains("1 socket on this machine dialled it"),
        "{port}"
    );
    let end = explained(&place.to_string());
    assert!(end.contains("This is the dialling end"), "{end}");
    assert!(
        end.contains("not called accept()"),
        "the other end waits: {end}"
    );
    let process = explained(&format!("pid:{pid}"));
    assert!(
        process.contains(&format!("{}/tcp", place.port())),
        "{process}"
    );
}

#[test]
fn what_is_not_there_is_status_1_and_what_is_nothing_is_status_2() {
    let gone = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
    let place = gone.local_addr().expect("its address").to_string();
    drop(gone);
    for what in [&*place, "pid:4294967295"] {
        let said = portolan(&["explain", what]);
        assert_eq!(
            (said.status, &*said.out),
            (Some(1), ""),
            "{what}: {}",
            said.err
        );
        assert!(said.err.contains("there is no"), "{}", said.err);
    }
    // A port is a number: it can be explained though nothing uses it.
    let said = portolan(&["explain", "9/udp"]);
    assert_eq!(said.status, Some(0), "{}", said.err);
    assert!(said.out.contains("discard"), "{}", said.out);
    for wrong in ["nginx", "80/sctp", "99999", ""] {
        let said = portolan(&["explain", wrong]);
        assert_eq!((said.status, &*said.out), (Some(2), ""), "{wrong}");
        assert!(said.err.contains("cannot explain"), "{}", said.err);
    }
}
