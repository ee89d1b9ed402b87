//! A small machine with rows for everything a filter can test. Each row is named by a letter.

use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;
use std::time::Duration;

use crate::filter::ast::Filter;
use crate::filter::eval::FilterContext;
use crate::history::{
    Evidence, HolderSet, Moment, ObservedSince, Ownership, Rates, SelfCost, Side, Slot, Stall,
    Throughput, Totals, TrackedSocket, Transition,
};
use crate::net::endpoint::Endpoint;
use crate::net::port::{Port, PortRange};
use crate::net::process::{Holder, Pid, Process, ProcessKey, StartTime, Uid};
use crate::net::services::Services;
use crate::net::snapshot::{Cgroup, Directory, Observer, OwnerCoverage, SourceKind};
use crate::net::socket::{
    CgroupId, Cookie, DeliveredBytes, Inode, InterfaceIndex, Queues, Socket, TcpInfo, TcpState,
    Transport,
};

/// The elapsed time of the moment: three hours after the first sample.
const NOW: Duration = Duration::from_secs(3 * 3600);

pub(crate) struct FilterFixture {
    pub moment: Moment,
    letters: String,
    services: Services,
}

impl FilterFixture {
    /// Returns the letters of the rows that match.
    pub(crate) fn matching_letters(&self, filter: &Filter) -> String {
        let rows = self.moment.rows().zip(self.letters.chars());
        // One matcher for all rows, so that a wrong cache entry shows.
        let mut matcher = filter.matcher(self.context());
        rows.filter(|(row, _)| matcher.matches(row))
            .map(|(_, letter)| letter)
            .collect()
    }

    pub(crate) fn context(&self) -> FilterContext<'_> {
        FilterContext {
            moment: &self.moment,
            services: &self.services,
        }
    }

    /// Returns the rows that match.
    pub(crate) fn matching<'a>(
        &'a self,
        filter: &'a Filter,
    ) -> impl Iterator<Item = &'a TrackedSocket> {
        let rows = self.moment.rows().map(|row| &**row);
        rows.filter(move |row| filter.matches(row, self.context()))
    }

    /// Builds the fixture with these rows:
    ///
    /// ```text
    /// w  nginx listens on 0.0.0.0:80, workers share it      l  java listens on [::]:8080 in a container
    /// c  nginx 443, ESTABLISHED, from 203.0.113.7           m  java serves a v4-mapped client on 127.0.0.1
    /// x  nginx 443, CLOSE-WAIT, before the first sample     h  sshd 22, owner hidden, uid root
    /// t  formerly of nginx, TIME-WAIT                       g  closed a moment ago, FIN-WAIT-2
    /// f  "Web Content" to [2001:db8::1]:443, new            v  python3 listens on eth0, port 9000
    /// p  postgres listens on 127.0.0.1:5432                 e  "my app" listens on 192.168.1.5:8443
    /// d  systemd-resolve, UDP 127.0.0.53:53, interface lo   s  curl, SYN-SENT to 192.0.2.1:9999
    /// q  systemd-resolve to 9.9.9.9:53, UDP                 o  Кот, UDP with port 0, nothing else known
    /// ```
    pub(crate) fn new() -> Self {
        let mut directory = Directory::default();
        let mut rows = FixtureRows(Vec::new());
        add_names(&mut directory);
        add_listeners(&mut rows);
        add_connections(&mut rows);
        let letters = rows.0.iter().map(|(letter, _)| *letter).collect();
        let rows = rows.0.into_iter().map(|(_, row)| row);
        Self {
            moment: moment(rows.collect(), directory),
            letters,
            services: Services::registry(),
        }
    }
}

fn moment(rows: crate::history::SocketRows, directory: Directory) -> Moment {
    Moment {
        number: 9,
        taken_at: jiff::Timestamp::UNIX_EPOCH,
        elapsed: NOW,
        source: SourceKind::SockDiag,
        open_rows: rows.slot_count(),
        rows,
        port_count: 0,
        process_count: 0,
        directory: Arc::new(directory),
        sight: OwnerCoverage::default(),
        hidden_rows: 1,
        observer: Observer {
            uid: Some(Uid(1000)),
            pid: Pid(1),
        },
        ephemeral: PortRange::LINUX_DEFAULT,
        gaps: Vec::new(),
        totals: Totals::default(),
        series: Arc::default(),
        past_listeners: Arc::default(),
        self_cost: SelfCost::default(),
        interval: Duration::from_secs(1),
    }
}

fn add_names(directory: &mut Directory) {
    for (pid, parent, name, command) in [
        (812, 1, "nginx", "nginx: master process"),
        (813, 812, "nginx", "nginx: worker process"),
        (
            600,
            1,
            "systemd-resolve",
            "/usr/lib/systemd/systemd-resolved",
        ),
        (700, 1, "postgres", "postgres -D /var/lib/data"),
        (900, 899, "java", "java -jar /srv/app.jar --port 8080"),
        (
            4000,
            3999,
            "Web Content",
            "/usr/lib/firefox/firefox -contentproc",
        ),
        (4123, 4100, "curl", "curl https://example.org"),
        (5000, 4100, "python3", "python3 -m http.server"),
        (5001, 4100, "my app", "./my app"),
        (5002, 4100, "Кот", "кот"),
    ] {
        let key = process(pid);
        let process = Process {
            key,
            name: name.into(),
            executable: None,
            command: Some(command.into()),
            uid: None,
            parent: Some(Pid(parent)),
        };
        directory.processes.insert(key, Arc::new(process));
    }
    for (uid, name) in [
        (0, "root"),
        (33, "www-data"),
        (101, "systemd-resolve"),
        (105, "postgres"),
        (1000, "alice"),
    ] {
        directory.users.insert(Uid(uid), name.into());
    }
    for (id, unit, container) in [
        (1, Some("nginx.service"), None),
        (2, Some("postgresql.service"), None),
        (3, None, Some("docker 3f2a9c1b7d4e")),
        (4, Some("user@1000.service"), None),
    ] {
        let cgroup = Cgroup {
            path: "/".into(),
            unit: unit.map(Into::into),
            container: container.map(Into::into),
        };
        directory.cgroups.insert(CgroupId(id), Arc::new(cgroup));
    }
    for (index, name) in [(1, "lo"), (2, "eth0"), (3, "eth01")] {
        directory.interfaces.insert(interface(index), name.into());
    }
}

fn process(pid: u32) -> ProcessKey {
    ProcessKey {
        pid: Pid(pid),
        start: StartTime(1),
    }
}

fn interface(index: u32) -> InterfaceIndex {
    InterfaceIndex(NonZeroU32::new(index).unwrap())
}

fn known_owner(pids: &[u32]) -> Ownership {
    Ownership::Known(holder_set(pids))
}

fn holder_set(pids: &[u32]) -> HolderSet {
    let holder = |pid: &u32| Holder {
        process: process(*pid),
        fd: None,
    };
    HolderSet::from_holders(pids.iter().map(holder).collect()).unwrap()
}

fn endpoint(text: &str) -> Endpoint {
    let address: std::net::SocketAddr = text.parse().unwrap();
    Endpoint::new(address.ip(), Port(address.port()))
}

struct FixtureRows(Vec<(char, TrackedSocket)>);

impl FixtureRows {
    fn add(
        &mut self,
        letter: char,
        transport: Transport,
        local: &str,
        remote: &str,
        side: Side,
    ) -> &mut TrackedSocket {
        let remote = (!remote.is_empty()).then(|| endpoint(remote));
        let socket = Socket::new(transport, endpoint(local), remote);
        let row = TrackedSocket {
            key: socket.key(),
            slot: Slot(0),
            ownership: Ownership::Unsupported,
            side,
            evidence: Evidence::State,
            first_seen: ObservedSince::Sampled(NOW - Duration::from_secs(10)),
            state_since: ObservedSince::Sampled(NOW),
            states: Vec::new(),
            peer: None,
            throughput: Throughput::default(),
            stall: Stall::default(),
            transition: None,
            socket,
        };
        self.0.push((letter, row));
        &mut self.0.last_mut().unwrap().1
    }
}

fn set_owner(row: &mut TrackedSocket, uid: u32, inode: u64, cgroup: u64, pids: &[u32]) {
    row.ownership = known_owner(pids);
    row.socket.uid = Some(Uid(uid));
    row.socket.inode = NonZeroU64::new(inode).map(Inode);
    row.socket.cookie = NonZeroU64::new(inode + 1000).map(Cookie);
    row.socket.cgroup = Some(CgroupId(cgroup));
}

fn add_listeners(rows: &mut FixtureRows) {
    let listen = Transport::Tcp(TcpState::Listen);
    let w = rows.add('w', listen, "0.0.0.0:80", "", Side::Listening);
    set_owner(w, 33, 101, 1, &[812, 813]);
    let p = rows.add('p', listen, "127.0.0.1:5432", "", Side::Listening);
    set_owner(p, 105, 102, 2, &[700]);
    let d = rows.add('d', Transport::Udp, "127.0.0.53:53", "", Side::Listening);
    set_owner(d, 101, 103, 9, &[600]);
    d.socket.interface = Some(interface(1));
    d.socket.queues = Some(Queues { recv: 0, send: 0 });
    let l = rows.add('l', listen, "[::]:8080", "", Side::Listening);
    set_owner(l, 1000, 104, 3, &[900]);
    let v = rows.add('v', listen, "0.0.0.0:9000", "", Side::Listening);
    set_owner(v, 1000, 105, 4, &[5000]);
    v.socket.interface = Some(interface(2));
    let e = rows.add('e', listen, "192.168.1.5:8443", "", Side::Listening);
    set_owner(e, 1000, 106, 4, &[5001]);
    let o = rows.add('o', Transport::Udp, "0.0.0.0:0", "", Side::Listening);
    o.ownership = known_owner(&[5002]);
    o.first_seen = ObservedSince::Sampled(NOW);
}

fn tcp(rtt_us: u32, total_retransmits: u32) -> TcpInfo {
    TcpInfo {
        rtt_us: NonZeroU32::new(rtt_us),
        rtt_variation_us: 0,
        min_rtt_us: None,
        congestion_window: 10,
        send_mss: 1448,
        total_retransmits,
        delivered: None,
        sent: None,
        last_data: None,
        delivery_rate: None,
    }
}

/// Sets byte counters, and rates in bytes per second.
fn set_rates(row: &mut TrackedSocket, down: f64, up: f64) {
    row.throughput.rates = Rates { down, up };
    if let Some(tcp) = &mut row.socket.tcp {
        tcp.delivered = Some(DeliveredBytes {
            acknowledged: 0,
            received: 0,
        });
    }
}

fn add_connections(rows: &mut FixtureRows) {
    use TcpState::{CloseWait, Established, FinWait2, SynSent, TimeWait};
    let c = rows.add(
        'c',
        Transport::Tcp(Established),
        "10.0.0.5:443",
        "203.0.113.7:51234",
        Side::Serving,
    );
    set_owner(c, 33, 201, 1, &[813]);
    c.socket.queues = Some(Queues {
        recv: 0,
        send: 2000,
    });
    c.socket.tcp = Some(tcp(12_000, 2));
    set_rates(c, 1200.0, 8400.5);
    c.first_seen = ObservedSince::Sampled(NOW - Duration::from_secs(123));

    let x = rows.add(
        'x',
        Transport::Tcp(CloseWait),
        "10.0.0.5:443",
        "198.51.100.9:40022",
        Side::Serving,
    );
    set_owner(x, 33, 202, 1, &[813]);
    x.socket.queues = Some(Queues { recv: 500, send: 0 });
    x.socket.tcp = Some(tcp(0, 0));
    x.first_seen = ObservedSince::BeforeFirstSample(Duration::ZERO);

    let t = rows.add(
        't',
        Transport::Tcp(TimeWait),
        "10.0.0.5:443",
        "198.51.100.9:40023",
        Side::Serving,
    );
    t.ownership = Ownership::Former(holder_set(&[813]));

    let g = rows.add(
        'g',
        Transport::Tcp(FinWait2),
        "10.0.0.5:443",
        "203.0.113.7:51235",
        Side::Serving,
    );
    g.ownership = Ownership::Kernel;
    g.transition = Some(Transition::Closed(NOW - Duration::from_secs(2)));

    let f = rows.add(
        'f',
        Transport::Tcp(Established),
        "[2001:db8::5]:50000",
        "[2001:db8::1]:443",
        Side::Outgoing,
    );
    set_owner(f, 1000, 203, 4, &[4000]);
    f.socket.queues = Some(Queues { recv: 0, send: 0 });
    f.socket.tcp = Some(tcp(50_000, 0));
    set_rates(f, 2_000_000.0, 0.0);
    let opened = NOW - Duration::from_millis(1);
    f.transition = Some(Transition::Opened(opened));
    f.first_seen = ObservedSince::Sampled(opened);

    let q = rows.add(
        'q',
        Transport::Udp,
        "10.0.0.5:50001",
        "9.9.9.9:53",
        Side::Outgoing,
    );
    set_owner(q, 101, 204, 9, &[600]);
    let m = rows.add(
        'm',
        Transport::Tcp(Established),
        "[::ffff:127.0.0.1]:8080",
        "[::ffff:127.0.0.1]:51844",
        Side::Serving,
    );
    set_owner(m, 1000, 205, 3, &[900]);
    m.socket.queues = Some(Queues {
        recv: 1_048_576,
        send: 0,
    });
    m.socket.tcp = Some(tcp(0, 0));
    set_rates(m, 0.0, 0.0);

    let h = rows.add(
        'h',
        Transport::Tcp(Established),
        "10.0.0.5:22",
        "192.0.2.4:60000",
        Side::Serving,
    );
    h.ownership = Ownership::Hidden;
    h.socket.uid = Some(Uid(0));
    h.socket.inode = NonZeroU64::new(206).map(Inode);

    let s = rows.add(
        's',
        Transport::Tcp(SynSent),
        "10.0.0.5:50002",
        "192.0.2.1:9999",
        Side::Outgoing,
    );
    set_owner(s, 1000, 207, 4, &[4123]);
}
