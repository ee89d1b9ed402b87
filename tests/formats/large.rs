//! So many sockets that several threads write them.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use portolan::endpoint::Endpoint;
use portolan::history::History;
use portolan::port::Port;
use portolan::query::{Answer, Grouping, Query, answer};
use portolan::report;
use portolan::services::Services;
use portolan::socket::{Socket, TcpState, Transport};
use serde_json::Value;

use crate::support::scene::recording;

const MANY: u16 = 5_000;

fn many() -> Answer {
    let mut snapshot = recording("empty").pop().expect("a sample");
    snapshot.elapsed = Duration::from_secs(1);
    snapshot.sockets = (1..=MANY)
        .map(|port| {
            let end = |port| Endpoint::new([10, 0, 0, 1].into(), Port(port));
            let state = Transport::Tcp(TcpState::Established);
            Socket::new(state, end(port), Some(end(60_000)))
        })
        .collect();
    let moment = History::default().apply(&mut snapshot);
    let query = Query {
        grouping: Grouping::Sockets,
        ..Query::everything(Arc::new(Services::none()))
    };
    answer(moment, &query)
}

/// The local ports in the order in which the answer has them.
fn ports(answer: &Answer) -> Vec<u64> {
    let rows = answer.rows.iter().filter_map(|slot| answer.row(*slot));
    rows.map(|row| row.local_port().0.into()).collect()
}

fn port(socket: &Value) -> Option<u64> {
    socket["local"]["port"].as_u64()
}

#[test]
fn every_socket_is_written_once_and_in_its_order() {
    let answer = many();
    let services = Services::none();
    let (mut document, mut lines) = (Vec::new(), Vec::new());
    // The name of a machine cannot pass for the place of the sockets.
    let host = r#"a","sockets":["#;
    report::json(&answer, &services, Some(host), &[], &mut document).expect("written");
    report::ndjson(&answer, &services, &mut lines).expect("written");
    let document: Value = serde_json::from_slice(&document).expect("JSON");
    assert_eq!(document["host"], host);
    let sockets = document["sockets"].as_array().expect("a list");
    assert_eq!(sockets.len(), usize::from(MANY));
    assert!(sockets.iter().filter_map(port).eq(ports(&answer)));
    let text = String::from_utf8(lines).expect("UTF-8");
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(&lines, sockets);
}

/// Takes so many bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        match taken {
            0 => Err(io::ErrorKind::BrokenPipe.into()),
            taken => Ok(taken),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn when_nobody_reads_on_it_ends_with_the_reason() {
    let answer = many();
    for room in [0, 10, 1_000_000] {
        let written = report::json(&answer, &Services::none(), None, &[], Full(room));
        let error = written.expect_err("no room");
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
