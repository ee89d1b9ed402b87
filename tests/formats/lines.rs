//! Plain text, CSV and the table: complete, escaped, and equal for equal sockets.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV6, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen, socket_with, sockopt};

use portolan::fields::CsvPlace;

use crate::holder_process::HolderProcess;
use crate::{fixtures, network_namespace, portolan, printed_output};

/// A listener with two connections, and its port as text.
struct ConnectedListener {
    port: String,
    sockets: Vec<TcpStream>,
    listener: TcpListener,
}

impl ConnectedListener {
    fn open() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
        let address = listener.local_addr().expect("its address");
        let mut sockets = Vec::new();
        for _ in 0..2 {
            sockets.push(TcpStream::connect(address).expect("a client"));
            sockets.push(listener.accept().expect("its peer").0);
        }
        Self {
            port: address.port().to_string(),
            sockets,
            listener,
        }
    }
}

/// Starts a process of this name that holds a listener; returns the port and the process.
fn listener_of_process_named(name: &[u8]) -> (String, HolderProcess) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
    let port = listener.local_addr().expect("address").port().to_string();
    (
        port,
        HolderProcess::spawn(OsStr::from_bytes(name), listener.into()),
    )
}

#[test]
fn plain_text_has_one_line_per_socket_and_is_deterministic() {
    let fixture = ConnectedListener::open();
    let args = ["list", "-n", "-f", "plain", &fixture.port];
    let (first, second) = (printed_output(&args), printed_output(&args));
    assert_eq!(first, second);
    let lines: Vec<&str> = first.lines().collect();
    assert_eq!(lines.len(), 1 + 1 + fixture.sockets.len(), "{first}");
    let headers: Vec<&str> = lines[0].split_whitespace().collect();
    for line in &lines[1..] {
        assert_eq!(line.split_whitespace().count(), headers.len(), "{line}");
    }
    let address = fixture.listener.local_addr().expect("address").to_string();
    let listens = |line: &&&str| line.contains("LISTEN") && line.contains(&address);
    assert_eq!(lines.iter().filter(listens).count(), 1, "{first}");
    let bare = printed_output(&["list", "-n", "-f", "plain", "--no-header", &fixture.port]);
    assert_eq!(bare.lines().collect::<Vec<_>>(), lines[1..]);
}

/// Uses names of the maximum length with every character that a format treats specially.
#[test]
fn process_names_are_escaped_in_every_format() {
    for name in [
        &b"my app, v2/x\"\\"[..],
        b"=1+1|'",
        b"od\x1b[31md \xc3\xa9\n na",
    ] {
        // A symbolic link cannot have a slash in its name.
        let name: Vec<u8> = name
            .iter()
            .map(|b| if *b == b'/' { b'|' } else { *b })
            .collect();
        let (port, holder) = listener_of_process_named(&name);
        let shown = portolan::text::sanitize::sanitize(&name).to_string();
        let pid = holder.pid().to_string();
        for format in ["table", "plain", "json", "ndjson", "csv"] {
            let out = printed_output(&["list", "-n", "--format", format, &port]);
            let is_unsafe =
                |c: &char| c.is_control() && *c != '\n' && !(*c == '\r' && format == "csv");
            assert_eq!(out.chars().find(is_unsafe), None, "{format}: {out:?}");
            assert!(out.contains(&pid), "{format}: {out}");
            let escaped = match format {
                "plain" if shown.contains([' ', '"']) => {
                    format!(
                        "\"{}\"/{pid}",
                        shown.replace('\\', "\\\\").replace('"', "\\\"")
                    )
                }
                "plain" => format!("{shown}/{pid}"),
                "json" | "ndjson" => serde_json::to_string(&shown).expect("JSON"),
                _ => continue,
            };
            assert!(out.contains(&escaped), "{format}: {escaped} in {out}");
        }
        let table = printed_output(&["list", "-n", &port]);
        assert!(table.contains(&format!("{shown} {pid}")), "{table}");
        let csv = printed_output(&["list", "-n", "-f", "csv", "-c", "process,command", &port]);
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let record = reader.records().next().expect("a line").expect("CSV");
        assert!(record[0].contains(&pid), "{record:?}");
        assert!(!record[0].starts_with(['=', '+', '-', '@']), "{record:?}");
    }
}

#[test]
fn csv_escapes_formula_cells() {
    let (port, _holder) = listener_of_process_named(b"=cmd|calc!A0");
    let csv = printed_output(&[
        "list",
        "-n",
        "-f",
        "csv",
        "-c",
        "process,lport",
        "--no-header",
        &port,
    ]);
    assert!(csv.starts_with("'=cmd|calc!A0/"), "{csv}");
    assert!(csv.trim_end().ends_with(&format!(",{port}")), "{csv}");
}

#[test]
fn csv_has_every_column_on_every_line() {
    let fixture = ConnectedListener::open();
    let out = printed_output(&["list", "-n", "-f", "csv", &fixture.port]);
    let mut reader = csv::Reader::from_reader(out.as_bytes());
    let headers = reader.headers().expect("a header").clone();
    assert_eq!(
        headers.len(),
        portolan::fields::columns()
            .filter(|column| column.csv != CsvPlace::OnRequest)
            .count()
    );
    let column = |name: &str| {
        headers
            .iter()
            .position(|header| header == name)
            .expect(name)
    };
    let records: Vec<_> = reader.records().map(|r| r.expect("CSV")).collect();
    assert_eq!(records.len(), 1 + fixture.sockets.len());
    let listeners = records.iter().filter(|r| &r[column("state")] == "LISTEN");
    assert_eq!(listeners.count(), 1);
    let pid = std::process::id().to_string();
    for record in &records {
        assert_eq!(&record[column("pid")], pid, "{record:?}");
        assert_eq!(&record[column("port")], fixture.port);
        let connected = &record[column("state")] == "ESTABLISHED";
        assert_eq!(!record[column("peer")].is_empty(), connected, "{record:?}");
        assert_eq!(
            !record[column("recvq")].is_empty(),
            connected,
            "unknown is not zero"
        );
    }
    let grouped = printed_output(&["list", "-n", "-f", "csv", "-g", "process", &fixture.port]);
    assert!(grouped.starts_with("group,protocol,"), "{grouped}");
    assert_eq!(grouped.lines().count(), out.lines().count());
}

#[test]
fn columns_flag_selects_columns_in_plain_text_and_table() {
    let fixture = ConnectedListener::open();
    let port = &*fixture.port;
    let plain = printed_output(&[
        "list",
        "-f",
        "plain",
        "--columns",
        "pid,STATE,lport",
        "-l",
        port,
    ]);
    let words: Vec<&str> = plain.split_whitespace().collect();
    let pid = std::process::id().to_string();
    assert_eq!(words, ["PID", "STATE", "LPORT", &pid, "LISTEN", port]);
    let table = printed_output(&["list", "--columns", "state,lport", "-l", port]);
    assert_eq!(table, format!("STATE   LPORT\nLISTEN  {port}\n"));
    let grouped = printed_output(&["list", "-n", "--columns", "state", "-g", "port", "-l", port]);
    assert_eq!(grouped, format!("  STATE\n{port}/tcp\n  LISTEN\n"));
}

#[test]
fn sort_flag_orders_sockets() {
    let fixture = ConnectedListener::open();
    let port = &*fixture.port;
    let states = |sort: &str| -> Vec<String> {
        let out = printed_output(&[
            "list",
            "-c",
            "state",
            "-f",
            "plain",
            "--no-header",
            "-s",
            sort,
            port,
        ]);
        out.lines().map(str::to_owned).collect()
    };
    let mut expected = vec!["ESTABLISHED"; fixture.sockets.len()];
    expected.push("LISTEN");
    assert_eq!(states("state"), expected);
    expected.reverse();
    assert_eq!(states("-state"), expected);
}

#[test]
fn invalid_option_values_exit_2_with_suggestions() {
    for (args, words) in [
        (
            &["list", "--columns", "colour"][..],
            &["colour", "process", "remote"][..],
        ),
        (&["list", "--format", "xml"], &["xml", "ndjson"]),
        (
            &["list", "--group", "colour"],
            &["colour", "process", "none"],
        ),
        (&["list", "--sort", "colour"], &["colour", "port"]),
        (
            &["list", "--sort", "state", "--group", "port"],
            &["ports", "by state", "sockets"],
        ),
        (
            &["list", "--sort", "sockets", "-f", "csv"],
            &["sockets cannot", "local"],
        ),
        (
            &["help", "colour"],
            &["colour", "filter", "columns", "json"],
        ),
        (&["wait"], &["wait needs", "filter"]),
        (&["wait", "80", "--timeout", "soon"], &["soon", "never"]),
        (&["watch", "prot:tcp"], &["did you mean `proto`", "^^^^"]),
    ] {
        let output = portolan(args);
        assert_eq!(
            (output.status, &*output.out),
            (Some(2), ""),
            "{args:?}: {}",
            output.err
        );
        for word in words {
            assert!(
                output.err.contains(word),
                "{args:?}: {word} in {}",
                output.err
            );
        }
    }
}

/// One table has the fields: what filters also prints and sorts, under every name it has.
#[test]
fn fields_filter_print_and_sort_under_one_name() {
    let fixture = ConnectedListener::open();
    let waiting = TcpStream::connect(fixture.listener.local_addr().expect("its address"));
    let _waiting = waiting.expect("a client that nobody accepts");
    let list = |args: &[&str]| {
        let options = ["list", "-n", "-f", "plain", "--no-header", &fixture.port];
        printed_output(&[&options[..], args].concat())
    };
    let (parent, pid) = (std::os::unix::process::parent_id(), std::process::id());
    let listener = format!("{parent} {pid} ");
    let processes = list(&["-l", "-c", "ppid,pid,process"]);
    let words = processes.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.starts_with(&listener), "{processes}");
    assert_eq!(
        list(&["waiting>0", "-c", "state,waiting"]),
        "LISTEN        1\n"
    );
    assert_eq!(list(&["waiting>1"]), "");
    assert_eq!(list(&["-l", "-c", "parent"]).trim(), parent.to_string());
    let sorted = list(&["--sort", "waiting", "-c", "waiting,state"]);
    assert!(sorted.starts_with("1        LISTEN"), "{sorted}");
    let sorted = list(&["--sort", "-sport", "-c", "lport"]);
    let ports: Vec<u16> = sorted
        .lines()
        .flat_map(|line| line.trim().parse())
        .collect();
    assert!(
        ports.iter().rev().is_sorted() && ports.len() > 4,
        "{sorted}"
    );
    for (args, reason) in [
        (["-c", "age"], "list takes one sample"),
        (["--sort", "age"], "list takes one sample"),
        (["-c", "ip"], "laddr or raddr"),
    ] {
        let output = portolan(&[&["list"][..], &args].concat());
        assert_eq!(output.status, Some(2));
        assert!(output.err.contains(reason), "{args:?}: {}", output.err);
    }
}

#[test]
fn help_topics_cover_filters_columns_and_json() {
    assert_eq!(
        printed_output(&["help", "filter"]),
        portolan::filter::grammar::grammar()
    );
    assert_eq!(
        printed_output(&["help", "json"]),
        portolan::output::help::json_schema()
    );
    let columns = printed_output(&["help", "columns"]);
    for column in portolan::fields::columns() {
        assert!(
            columns.contains(&format!("  {} ", column.name)),
            "{}",
            column.name
        );
    }
    assert_eq!(
        printed_output(&["help", "wait"]),
        printed_output(&["wait", "--help"])
    );
    assert_eq!(printed_output(&["help"]), printed_output(&["--help"]));
}

/// No name server is queried unless `--resolve` is given; then names replace addresses.
#[test]
fn addresses_are_resolved_only_on_request() {
    let hosts = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    let line = hosts.lines().find(|line| line.starts_with("127.0.0.1"));
    let Some(name) = line.and_then(|line| line.split_whitespace().nth(1)) else {
        return crate::skip::skip("127.0.0.1 has no name in /etc/hosts");
    };
    let fixture = ConnectedListener::open();
    let port = &*fixture.port;
    let shown = |args: &[&str]| printed_output(&[&["list", "-e", port], args].concat());
    assert!(!shown(&[]).contains(&format!("{name}:{port}")));
    assert!(
        shown(&["--resolve"]).contains(&format!("→ {name}:{port}")),
        "{}",
        shown(&["-r"])
    );
    let json: serde_json::Value =
        serde_json::from_str(&shown(&["-r", "-f", "json"])).expect("JSON");
    assert_eq!(json["sockets"][0]["remote"]["name"], name);
    assert_eq!(json["sockets"][0]["remote"]["address"], "127.0.0.1");
    let hosts = shown(&["-r", "-f", "plain", "-c", "host", "--no-header"]);
    assert!(hosts.lines().all(|host| host == name), "{hosts}");
}

/// Compares plain text with the output of `ss`, endpoint by endpoint.
#[test]
fn plain_list_of_a_port_agrees_with_ss() {
    let test = "lines::plain_list_of_a_port_agrees_with_ss";
    network_namespace::in_network_namespace(test, || {
        let _fixtures = fixtures::all();
        for port in [
            fixtures::DUAL_STACK_PORT,
            fixtures::SEPARATE_LISTENERS_PORT,
            fixtures::CLOSE_WAIT_LEAK_PORT,
            fixtures::UDP_PORT,
            fixtures::FULL_BACKLOG_PORT,
        ] {
            let expression = format!("sport = :{port} or dport = :{port}");
            let output = Command::new("ss").args(["-tunaH", &expression]).output();
            let theirs = String::from_utf8(output.expect("ss").stdout).expect("UTF-8");
            let theirs: BTreeSet<[String; 3]> = theirs
                .lines()
                .map(|line| {
                    let words: Vec<&str> = line.split_whitespace().collect();
                    [
                        words[0].to_owned(),
                        normalize_endpoint(words[4]),
                        normalize_endpoint(words[5]),
                    ]
                })
                .collect();
            let filter = port.to_string();
            let plain = [
                "list",
                "-f",
                "plain",
                "--no-header",
                "-c",
                "protocol,local,remote",
            ];
            let ours = printed_output(&[&plain[..], &[&*filter]].concat());
            let ours: BTreeSet<[String; 3]> = ours
                .lines()
                .map(|line| {
                    let words: Vec<&str> = line.split_whitespace().collect();
                    [
                        words[0].to_owned(),
                        normalize_endpoint(words[1]),
                        normalize_endpoint(words[2]),
                    ]
                })
                .collect();
            assert!(!theirs.is_empty(), "the fixtures have sockets on {port}");
            assert_eq!(ours, theirs, "port {port}");
        }
    });
}

/// Normalizes an endpoint: ss writes `*:80` for both wildcards, `[::ffff:127.0.0.1]` for IPv4 in an
/// IPv6 socket, and `0.0.0.0:*` for no peer.
fn normalize_endpoint(text: &str) -> String {
    let text = text.replace("[::ffff:127.0.0.1]", "127.0.0.1");
    match &*text {
        "0.0.0.0:*" | "[::]:*" | "*:*" | "-" => "-".to_owned(),
        text => match text.strip_prefix("*:") {
            Some(port) => format!("[::]:{port}"),
            None => text.to_owned(),
        },
    }
}

/// Opens the second socket of a dual-stack pair, which has no line of its own in the chart.
fn ipv6_twin_listener(port: u16) -> rustix::io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::INET6, SocketType::STREAM, flags, None)?;
    sockopt::set_ipv6_v6only(&socket, true)?;
    bind(
        &socket,
        &SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, port, 0, 0),
    )?;
    listen(&socket, 16)?;
    Ok(socket)
}

#[test]
fn dual_stack_pair_is_two_sockets_in_every_grouping() {
    let test = "lines::dual_stack_pair_is_two_sockets_in_every_grouping";
    // In a namespace, where nothing else has the second address.
    network_namespace::in_network_namespace(test, || {
        let first = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 18_300)).expect("a listener");
        let second = ipv6_twin_listener(18_300).expect("its twin");
        for group in ["none", "port", "process", "host"] {
            for format in ["plain", "csv", "ndjson", "json"] {
                let args = ["list", "18300", "-n", "-g", group, "-f", format];
                let text = printed_output(&args);
                for address in ["0.0.0.0", "::"] {
                    let address = match format {
                        "ndjson" | "json" => format!("\"address\":\"{address}\""),
                        _ if address == "::" => "[::]:18300".to_owned(),
                        _ => format!("{address}:18300"),
                    };
                    assert_eq!(text.matches(&address).count(), 1, "{args:?}: {text}");
                }
            }
        }
        drop((first, second));
    });
}
