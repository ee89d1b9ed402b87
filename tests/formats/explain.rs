//! `explain`: its output for existing sockets, and its exit status without any.

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
        // Undo the line wrapping.
        output.out.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let port = explained(&address.port().to_string());
    // A child of another test may also hold it, between fork and exec.
    assert!(port.contains(&pid.to_string()), "{port}");
    assert!(port.contains(&format!("at {address}")), "{port}");
    assert!(
        port.contains("1 socket on this machine connected to it"),
        "{port}"
    );
    let end = explained(&address.to_string());
    assert!(end.contains("This is the client end"), "{end}");
    assert!(
        end.contains("not called accept()"),
        "the peer is not accepted yet: {end}"
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
    let explained = |perspective: &str| {
        let output = portolan(&["explain", &address, "--look", perspective]);
        assert_eq!(output.status, Some(0), "{perspective}: {}", output.err);
        output.out.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let all = explained("all");
    for (perspective, expected) in [
        ("words", "A listener: it waits for connections"),
        ("calls", "listen() made it a listener"),
        ("kernel", "socket:["),
        ("wire", "listen() sends nothing"),
        ("standard", "RFC 9293 §3.3.2"),
    ] {
        let output = explained(perspective);
        assert!(output.contains(expected), "{perspective}: {output}");
        assert!(
            all.contains(expected),
            "{perspective} is missing in all: {all}"
        );
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
        let _fixtures = fixtures::close_wait_leak();
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
    // A port is a number, so it can be explained even if nothing uses it.
    let output = portolan(&["explain", "9/udp"]);
    assert_eq!(output.status, Some(0), "{}", output.err);
    assert!(output.out.contains("discard"), "{}", output.out);
    for wrong in ["nginx", "80/sctp", "99999", ""] {
        let output = portolan(&["explain", wrong]);
        assert_eq!((output.status, &*output.out), (Some(2), ""), "{wrong}");
        assert!(output.err.contains("cannot explain"), "{}", output.err);
    }
}
