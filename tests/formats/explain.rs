//! `explain`: what it says of sockets that are there, and how it ends where there are none.

use std::net::{Ipv4Addr, TcpListener, TcpStream};

use crate::program::portolan;
use crate::{fixtures, network_namespace};

#[test]
fn port_endpoint_and_process_are_explained() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
    let address = listener.local_addr().expect("its address");
    let _client = TcpStream::connect(address).expect("a client");
    let pid = std::process::id();

    let explained = |what: &str| {
        let output = portolan(&["explain", what]);
        assert_eq!(output.status, Some(0), "{what}: {}", output.err);
        // Lines break where they must.
        output.out.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let port = explained(&address.port().to_string());
    // A child of another test may hold it, too, between its fork and its exec.
    assert!(port.contains(&pid.to_string()), "{port}");
    assert!(port.contains(&format!("at {address}")), "{port}");
    assert!(
        port.contains("1 socket on this machine dialled it"),
        "{port}"
    );
    let end = explained(&address.to_string());
    assert!(end.contains("This is the dialling end"), "{end}");
    assert!(
        end.contains("not called accept()"),
        "the other end waits: {end}"
    );
    let process = explained(&format!("pid:{pid}"));
    assert!(
        process.contains(&format!("{}/tcp", address.port())),
        "{process}"
    );
}

#[test]
fn every_perspective_is_printed_alone_or_with_the_others() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
    let address = listener.local_addr().expect("its address").to_string();
    let explained = |look: &str| {
        let output = portolan(&["explain", &address, "--look", look]);
        assert_eq!(output.status, Some(0), "{look}: {}", output.err);
        output.out.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let all = explained("all");
    for (look, sign) in [
        ("words", "A listener: it waits for anyone"),
        ("calls", "listen() made it a listener"),
        ("kernel", "socket:["),
        ("wire", "listen() sends nothing"),
        ("standard", "RFC 9293 §3.3.2"),
    ] {
        let output = explained(look);
        assert!(output.contains(sign), "{look}: {output}");
        assert!(all.contains(sign), "{look} is not among all: {all}");
    }
    let wrong = portolan(&["explain", "sockets", "--look", "wire"]);
    assert_eq!((wrong.status, &*wrong.out), (Some(2), ""), "{}", wrong.err);
    let wrong = portolan(&["explain", &address, "--look", "xray"]);
    assert_eq!((wrong.status, &*wrong.out), (Some(2), ""), "{}", wrong.err);
}

#[test]
fn socket_vs_port_page_uses_this_machines_sockets() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
    let address = listener.local_addr().expect("its address");
    let _clients: Vec<TcpStream> = (0..3)
        .map(|_| TcpStream::connect(address).expect("a client"))
        .collect();
    let output = portolan(&["explain", "sockets"]);
    assert_eq!(output.status, Some(0), "{}", output.err);
    for words in [
        "what it is",
        "different local port numbers.",
        "Three things called port",
        "accept() moves the client to a new port",
        "made by the kernel wait for accept() now",
    ] {
        let flattened = output.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flattened.contains(words), "{words}: {}", output.out);
    }
}

#[test]
fn findings_are_explained_and_thresholds_configurable() {
    let test = "explain::findings_are_explained_and_thresholds_configurable";
    network_namespace::in_network_namespace(test, || {
        let _zoo = fixtures::close_wait_leak();
        let leak = fixtures::CLOSE_WAIT_LEAK_PORT.to_string();
        let flattened = |args: &[&str]| {
            let output = portolan(args);
            assert_eq!(output.status, Some(0), "{}", output.err);
            output.out.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let words = format!(
            "{} connections in CLOSE-WAIT",
            fixtures::CLOSE_WAIT_LEAK_COUNT
        );
        let output = flattened(&["explain", &leak]);
        assert!(output.contains(&words), "{output}");
        let config = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(config.path(), "[findings]\nclose-wait-count = 6\n").expect("written");
        let path = config.path().to_str().expect("a plain name");
        let output = flattened(&["explain", &leak, "--config", path]);
        assert!(!output.contains(&words), "{output}");
        let listed = flattened(&["list", "-f", "json", "--config", path]);
        assert!(listed.contains("\"findings\":[]"), "{listed}");
    });
}

#[test]
fn missing_socket_exits_1_and_invalid_target_exits_2() {
    let closed_listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
    let address = closed_listener
        .local_addr()
        .expect("its address")
        .to_string();
    drop(closed_listener);
    for what in [&*address, "pid:4294967295"] {
        let output = portolan(&["explain", what]);
        assert_eq!(
            (output.status, &*output.out),
            (Some(1), ""),
            "{what}: {}",
            output.err
        );
        assert!(output.err.contains("there is no"), "{}", output.err);
    }
    // A port is a number: it can be explained though nothing uses it.
    let output = portolan(&["explain", "9/udp"]);
    assert_eq!(output.status, Some(0), "{}", output.err);
    assert!(output.out.contains("discard"), "{}", output.out);
    for wrong in ["nginx", "80/sctp", "99999", ""] {
        let output = portolan(&["explain", wrong]);
        assert_eq!((output.status, &*output.out), (Some(2), ""), "{wrong}");
        assert!(output.err.contains("cannot explain"), "{}", output.err);
    }
}
