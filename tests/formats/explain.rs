//! `explain`: what it says of sockets that are there, and how it ends where there are none.

use std::net::{Ipv4Addr, TcpListener, TcpStream};

use crate::program::portolan;
use crate::{network, zoo};

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
    // A child of another test may hold it, too, between its fork and its exec.
    assert!(port.contains(&pid.to_string()), "{port}");
    assert!(port.contains(&format!("at {place}")), "{port}");
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
fn every_look_is_printed_alone_or_with_the_others() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
    let place = listener.local_addr().expect("its address").to_string();
    let explained = |look: &str| {
        let said = portolan(&["explain", &place, "--look", look]);
        assert_eq!(said.status, Some(0), "{look}: {}", said.err);
        said.out.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let all = explained("all");
    for (look, sign) in [
        ("words", "A listener: it waits for anyone"),
        ("calls", "listen() made it a listener"),
        ("kernel", "socket:["),
        ("wire", "listen() sends nothing"),
        ("standard", "RFC 9293 §3.3.2"),
    ] {
        let said = explained(look);
        assert!(said.contains(sign), "{look}: {said}");
        assert!(all.contains(sign), "{look} is not among all: {all}");
    }
    let wrong = portolan(&["explain", "sockets", "--look", "wire"]);
    assert_eq!((wrong.status, &*wrong.out), (Some(2), ""), "{}", wrong.err);
    let wrong = portolan(&["explain", &place, "--look", "xray"]);
    assert_eq!((wrong.status, &*wrong.out), (Some(2), ""), "{}", wrong.err);
}

#[test]
fn a_socket_is_told_from_a_port_with_what_is_here() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
    let place = listener.local_addr().expect("its address");
    let _clients: Vec<TcpStream> = (0..3)
        .map(|_| TcpStream::connect(place).expect("a client"))
        .collect();
    let said = portolan(&["explain", "sockets"]);
    assert_eq!(said.status, Some(0), "{}", said.err);
    for words in [
        "what it is",
        "different local port numbers.",
        "Three things called port",
        "accept() moves the client to a new port",
        "made by the kernel wait for accept() now",
    ] {
        let flat = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(words), "{words}: {}", said.out);
    }
}

#[test]
fn what_is_found_is_explained_and_its_threshold_is_configured() {
    let test = "explain::what_is_found_is_explained_and_its_threshold_is_configured";
    network::own_network(test, || {
        let _zoo = zoo::leak();
        let leak = zoo::LEAK.to_string();
        let flat = |args: &[&str]| {
            let said = portolan(args);
            assert_eq!(said.status, Some(0), "{}", said.err);
            said.out.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let words = format!("{} connections in CLOSE-WAIT", zoo::LEAKED);
        let said = flat(&["explain", &leak]);
        assert!(said.contains(&words), "{said}");
        let config = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(config.path(), "[findings]\nclose-wait-count = 6\n").expect("written");
        let path = config.path().to_str().expect("a plain name");
        let said = flat(&["explain", &leak, "--config", path]);
        assert!(!said.contains(&words), "{said}");
        let listed = flat(&["list", "-f", "json", "--config", path]);
        assert!(listed.contains("\"findings\":[]"), "{listed}");
    });
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
