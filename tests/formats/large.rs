//! JSON of so many sockets that several threads serialize them.

use portolan::output;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use portolan::history::state::History;
use portolan::net::endpoint::Endpoint;
use portolan::net::port::Port;
use portolan::query::run::Query;
use portolan::query::{Grouping, QueryResult, run};

use portolan::net::services::Services;
use portolan::net::socket::{Socket, TcpState, Transport};
use serde_json::Value;

use crate::support::text_recording::load_recording;

const SOCKETS: u16 = 5_000;

fn result_of_many_sockets() -> QueryResult {
    let mut snapshot = load_recording("empty").pop().expect("a sample");
    snapshot.elapsed = Duration::from_secs(1);
    snapshot.sockets = (1..=SOCKETS)
        .map(|port| {
            let end = |port| Endpoint::new([10, 0, 0, 1].into(), Port(port));
            let state = Transport::Tcp(TcpState::Established);
            Socket::new(state, end(port), Some(end(60_000)))
        })
        .collect();
    let moment = History::default().apply(&mut snapshot);
    let query = Query {
        grouping: Grouping::Sockets,
        ..Query::unfiltered(Arc::new(Services::empty()))
    };
    run(moment, &query)
}

/// Returns the local ports in the order of the result.
fn ports(result: &QueryResult) -> Vec<u64> {
    let rows = result.rows.iter().filter_map(|slot| result.row(*slot));
    rows.map(|row| row.local_port().0.into()).collect()
}

fn port(socket: &Value) -> Option<u64> {
    socket["local"]["port"].as_u64()
}

#[test]
fn json_writes_every_socket_once_in_order() {
    let result = result_of_many_sockets();
    let services = Services::empty();
    let (mut document, mut lines) = (Vec::new(), Vec::new());
    // A host name cannot be mistaken for the marker of the sockets.
    let host = r#"a","sockets":["#;
    output::write_json(&result, &services, Some(host), &[], &mut document).expect("written");
    output::write_ndjson(&result, &services, &mut lines).expect("written");
    let document: Value = serde_json::from_slice(&document).expect("JSON");
    assert_eq!(document["host"], host);
    let sockets = document["sockets"].as_array().expect("a list");
    assert_eq!(sockets.len(), usize::from(SOCKETS));
    assert!(sockets.iter().filter_map(port).eq(ports(&result)));
    let text = String::from_utf8(lines).expect("UTF-8");
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(&lines, sockets);
}

/// Accepts this many bytes, then fails.
struct LimitedWriter(usize);

impl Write for LimitedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let accepted = bytes.len().min(self.0);
        self.0 -= accepted;
        match accepted {
            0 => Err(io::ErrorKind::BrokenPipe.into()),
            accepted => Ok(accepted),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn write_error_ends_json_output() {
    let result = result_of_many_sockets();
    for limit in [0, 10, 1_000_000] {
        let written =
            output::write_json(&result, &Services::empty(), None, &[], LimitedWriter(limit));
        let error = written.expect_err("a write error");
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
