//! `watch` and `wait`: events are printed when they happen, and both end as specified.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Stdio};

use serde_json::Value;

use crate::schema::Schema;
use crate::{command, portolan};

/// A running program, killed on drop.
struct RunningProgram {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl RunningProgram {
    fn start(args: &[&str]) -> Self {
        let mut child =
            crate::spawn_lock::spawn(command(args).stdout(Stdio::piped()).stderr(Stdio::null()))
                .expect("the program");
        let out = child.stdout.take().expect("its output");
        Self {
            child,
            lines: BufReader::new(out).lines(),
        }
    }

    /// Waits for the next line of stdout and returns it.
    fn next_line(&mut self) -> String {
        self.lines.next().expect("a line").expect("UTF-8")
    }
}

impl Drop for RunningProgram {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
    let port = listener.local_addr().expect("its address").port();
    (listener, port.to_string())
}

/// Starts a watch on a port; returns it with the first "opened" line. Sockets present at the first
/// sample give no event, so connections are made until one does.
fn start_watch(args: &[&str], listener: &TcpListener) -> (RunningProgram, String) {
    let port = listener
        .local_addr()
        .expect("an address")
        .port()
        .to_string();
    let mut running = RunningProgram::start(&[args, &["-n", "-i", "100ms", &*port]].concat());
    let address = listener.local_addr().expect("an address");
    let (done, stop) = std::sync::mpsc::channel::<()>();
    let first = std::thread::scope(|scope| {
        scope.spawn(move || {
            while stop.recv_timeout(std::time::Duration::from_millis(50))
                == Err(std::sync::mpsc::RecvTimeoutError::Timeout)
            {
                let client = TcpStream::connect(address).expect("a client");
                // Closed with a reset, so that no TIME-WAIT remains.
                rustix::net::sockopt::set_socket_linger(&client, Some(std::time::Duration::ZERO))
                    .expect("linger");
                let _ = stop.recv_timeout(std::time::Duration::from_millis(250));
            }
        });
        // Skip events of connections that were present at the first sample.
        let first = loop {
            let line = running.next_line();
            if line.contains("opened") {
                break line;
            }
        };
        drop(done);
        first
    });
    (running, first)
}

#[test]
fn watch_reports_opened_changed_and_closed_events() {
    let (listener, _) = listener();
    let (mut running, _) = start_watch(&["watch", "-f", "ndjson"], &listener);
    let mut schema = Schema::for_events();
    let client = TcpStream::connect(listener.local_addr().expect("address")).expect("a client");
    let local = client.local_addr().expect("address").port();
    let mut ours = |kind: &str| loop {
        let event: Value =
            serde_json::from_str(&running.next_line()).expect("a JSON object a line");
        schema.check(&event);
        let is_ours = event["socket"]["local"]["port"] == local;
        if is_ours && event["event"] == kind {
            return event;
        }
    };
    let opened = ours("opened");
    assert_eq!(opened["socket"]["state"], "ESTABLISHED", "{opened}");
    match opened["socket"]["owner_status"].as_str() {
        Some("known") => assert_eq!(opened["socket"]["owners"][0]["pid"], std::process::id()),
        // With very many fds on the machine the search takes more than one sample.
        status => assert_eq!(status, Some("not-yet"), "{opened}"),
    }
    client.shutdown(Shutdown::Write).expect("a FIN");
    let changed = ours("changed");
    assert_eq!(changed["from"], "ESTABLISHED");
    assert_eq!(changed["socket"]["state"], "FIN-WAIT-2", "{changed}");
    rustix::net::sockopt::set_socket_linger(&client, Some(std::time::Duration::ZERO))
        .expect("linger");
    drop(client);
    let closed = ours("closed");
    assert_eq!(closed["before_first_look"], false, "{closed}");
    assert!(
        closed["socket"]["tcp"]["bytes_sent"].is_u64(),
        "final counters: {closed}"
    );
}

#[test]
fn plain_watch_lines_have_time_event_and_columns() {
    let (listener, port) = listener();
    let (_running, line) = start_watch(&["watch"], &listener);
    let words: Vec<&str> = line.split_whitespace().collect();
    assert!(words[0].parse::<jiff::Timestamp>().is_ok(), "{line}");
    assert_eq!((words[1], words[2]), ("opened", "tcp"), "{line}");
    assert_eq!(words[5], port, "{line}");
}

/// Connections shorter than the interval are mostly reported by their destroy event alone.
#[test]
fn watch_reports_unsampled_connections_when_they_close() {
    let (listener, _) = listener();
    let (mut running, _) = start_watch(&["watch", "-f", "ndjson"], &listener);
    let mut schema = Schema::for_events();
    let address = listener.local_addr().expect("address");
    // Drop what `start_watch` left in the accept queue.
    listener.set_nonblocking(true).expect("non-blocking");
    while listener.accept().is_ok() {}
    listener.set_nonblocking(false).expect("blocking");
    let mut pending_ports = BTreeSet::new();
    for _ in 0..50 {
        let mut client = TcpStream::connect(address).expect("a client");
        let (mut server, _) = listener.accept().expect("a server");
        client.write_all(b"ping").expect("four bytes");
        server.read_exact(&mut [0; 4]).expect("four bytes");
        pending_ports.insert(client.local_addr().expect("address").port());
        drop(client);
        drop(server);
    }
    let mut unsampled = 0;
    while !pending_ports.is_empty() {
        let event: Value =
            serde_json::from_str(&running.next_line()).expect("a JSON object a line");
        schema.check(&event);
        let socket = &event["socket"];
        let remote = socket["remote"]["port"].as_u64().unwrap_or(0) as u16;
        let is_served = socket["local"]["port"] == address.port() && event["event"] == "closed";
        if !is_served || !pending_ports.remove(&remote) {
            continue;
        }
        assert_eq!(socket["tcp"]["bytes_received"], 4, "{event}");
        assert_eq!(socket["side"], "serving", "{event}");
        if event["sampled"] == false {
            unsampled += 1;
            assert!(event.get("seen_ms").is_none(), "{event}");
        }
    }
    assert!(unsampled > 0, "all of them were sampled");
}

/// `watch` ends when its pipe is closed, even if there is no event to write.
#[test]
fn watch_ends_when_its_pipe_closes() {
    let (_listener, port) = listener();
    let mut child =
        crate::spawn_lock::spawn(command(&["watch", "-i", "100ms", &port]).stdout(Stdio::piped()))
            .expect("the program");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("an end").code(), Some(0));
}

#[test]
fn wait_ends_when_a_listener_appears_or_disappears() {
    let (bound, port) = listener();
    drop(bound);
    let filter = format!("lport:{port} listen");
    let mut waiting = crate::spawn_lock::spawn(&mut command(&[
        "wait",
        &filter,
        "--timeout",
        "1m",
        "-i",
        "100ms",
    ]))
    .expect("the program");
    // Nothing listens there yet, so it cannot have ended; then something does.
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port.parse().expect("a port")));
    let bound = bound.expect("the same port");
    assert_eq!(waiting.wait().expect("an end").code(), Some(0));

    let mut waiting = crate::spawn_lock::spawn(&mut command(&[
        "wait",
        &filter,
        "--gone",
        "--timeout",
        "1m",
    ]))
    .expect("the program");
    drop(bound);
    assert_eq!(waiting.wait().expect("an end").code(), Some(0));
}

#[test]
fn wait_timeout_exits_1() {
    let (bound, port) = listener();
    let filter = format!("lport:{port}");
    let output = portolan(&["wait", "--gone", &filter, "--timeout", "200ms"]);
    assert_eq!((output.status, &*output.out), (Some(1), ""));
    assert!(
        output.err.contains("1 socket still matches"),
        "{}",
        output.err
    );
    drop(bound);
    let output = portolan(&["wait", &filter, "--timeout", "0"]);
    assert_eq!((output.status, &*output.out), (Some(1), ""));
    assert!(output.err.contains("nothing matched"), "{}", output.err);
    assert_eq!(
        portolan(&["wait", "--gone", &filter, "--timeout", "0"]).status,
        Some(0)
    );
}
