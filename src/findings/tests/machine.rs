//! A test machine with given sockets.

use std::sync::Arc;
use std::time::Duration;

use crate::findings::evaluate::Findings;
use crate::findings::finding::{Finding, Rule};
use crate::findings::thresholds::Thresholds;
use crate::history::Moment;
use crate::history::state::History;
use crate::net::endpoint::Endpoint;
use crate::net::port::{Port, PortRange};
use crate::net::process::{Holder, Holders, Pid, Process, ProcessKey, StartTime};
use crate::net::snapshot::{Directory, Observer, OwnerCoverage, SampleCost, Snapshot, SourceKind};
use crate::net::socket::{Socket, TcpState, Transport};

/// A machine that is sampled twice: at second 1, and some seconds later.
pub(crate) struct TestMachine {
    pub(crate) ephemeral: PortRange,
    pub(crate) sockets: Vec<Socket>,
}

pub(crate) fn endpoint(text: &str) -> Endpoint {
    let address: std::net::SocketAddr = text.parse().unwrap();
    Endpoint::new(address.ip(), Port(address.port()))
}

pub(crate) fn tcp(state: TcpState, local: &str, remote: &str) -> Socket {
    let remote = (!remote.is_empty()).then(|| endpoint(remote));
    let mut socket = Socket::new(Transport::Tcp(state), endpoint(local), remote);
    socket.holders = Holders::Found(Arc::new([Holder {
        process: server(),
        fd: None,
    }]));
    socket
}

pub(crate) fn server() -> ProcessKey {
    ProcessKey {
        pid: Pid(812),
        start: StartTime(1),
    }
}

pub(crate) fn directory() -> Directory {
    let process = Process {
        key: server(),
        name: "server".into(),
        executable: None,
        command: None,
        uid: None,
        parent: None,
    };
    let mut directory = Directory::default();
    directory.processes.insert(server(), Arc::new(process));
    directory
}

/// Makes `count` connections to port 80 from another host, in this state.
pub(crate) fn connections_to_port_80(state: TcpState, count: u16) -> Vec<Socket> {
    let call = |n| {
        tcp(
            state,
            "192.0.2.1:80",
            &format!("203.0.113.7:{}", 50_000 + n),
        )
    };
    (0..count).map(call).collect()
}

pub(crate) fn listener() -> Socket {
    tcp(TcpState::Listen, "192.0.2.1:80", "")
}

impl TestMachine {
    pub(crate) fn new(sockets: Vec<Socket>) -> Self {
        Self {
            ephemeral: PortRange::LINUX_DEFAULT,
            sockets,
        }
    }

    pub(crate) fn snapshot(&self, elapsed: Duration) -> Snapshot {
        Snapshot {
            taken_at: jiff::Timestamp::UNIX_EPOCH,
            elapsed,
            source: SourceKind::SockDiag,
            sockets: self.sockets.clone(),
            destroyed: Vec::new(),
            directory: Arc::new(directory()),
            owner_coverage: OwnerCoverage {
                unscanned: 0,
                readable: 1,
                hidden: 0,
            },
            observer: Observer {
                uid: None,
                pid: Pid(1),
            },
            ephemeral: self.ephemeral,
            gaps: Vec::new(),
            cost: SampleCost::default(),
            interval: Duration::from_secs(1),
        }
    }

    pub(crate) fn moment_after(&self, seconds: f64) -> Arc<Moment> {
        let mut history = History::default();
        let first = Duration::from_secs(1);
        history.apply(&mut self.snapshot(first));
        history.apply(&mut self.snapshot(first + Duration::from_secs_f64(seconds)))
    }

    /// Returns the findings after so many seconds: rule and sentence.
    pub(crate) fn findings(&self, seconds: f64) -> Vec<(Rule, String)> {
        let moment = self.moment_after(seconds);
        let findings = Findings::from_moment(&moment, &Thresholds::DEFAULT);
        assert_eq!(
            findings,
            Findings::from_moment(&moment, &Thresholds::DEFAULT),
            "the same again"
        );
        let sentence_of = |finding: &Finding| {
            let sentence = finding.sentence.text.clone();
            assert!(
                sentence.ends_with('.') && !sentence.contains("  "),
                "{sentence}"
            );
            assert!(finding.rule_spec().label.len() <= 7 && !finding.summary().is_empty());
            (finding.id.rule, sentence)
        };
        findings.all().iter().map(sentence_of).collect()
    }

    pub(crate) fn rules(&self, seconds: f64) -> Vec<Rule> {
        self.findings(seconds)
            .into_iter()
            .map(|(rule, _)| rule)
            .collect()
    }
}
