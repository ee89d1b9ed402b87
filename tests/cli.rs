//! Runs the program without a terminal: what it prints, what it refuses, and its exit status.
#![cfg(target_os = "linux")]

#[path = "support/holder_process.rs"]
mod holder_process;
#[path = "support/program.rs"]
mod program;
#[path = "support/skip.rs"]
mod skip;
#[path = "support/spawn_lock.rs"]
mod spawn_lock;

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;

use holder_process::HolderProcess;
use program::{command, portolan};

/// Returns the output of `portolan list`, which must not print an error.
fn list_output(args: &[&str]) -> String {
    let program_output = portolan(&[&["list"], args].concat());
    assert_eq!(
        program_output.status,
        Some(0),
        "{args:?}: {}",
        program_output.err
    );
    program_output.out
}

/// A listener with one connection to it, both sides held by this test.
struct ConnectedSockets {
    port: String,
    _sockets: (TcpListener, TcpStream, TcpStream),
}

impl ConnectedSockets {
    fn open() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
        let listener_addr = listener.local_addr().expect("its address");
        let client = TcpStream::connect(listener_addr).expect("a client");
        let (server, _) = listener.accept().expect("its peer");
        Self {
            port: listener_addr.port().to_string(),
            _sockets: (listener, client, server),
        }
    }
}

#[test]
fn explain_finds_wildcard_listeners_of_an_endpoint() {
    let four = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a listener");
    let six = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).expect("one of both families");
    for listener in [&four, &six] {
        let listener_addr = listener.local_addr().expect("its address");
        for address in ["127.0.0.1", "0.0.0.0"] {
            let target = format!("{address}:{}", listener_addr.port());
            let program_output = portolan(&["explain", &target]);
            assert_eq!(
                program_output.status,
                Some(0),
                "{target}: {}{}",
                program_output.out,
                program_output.err
            );
            assert!(
                program_output.out.contains("LISTEN"),
                "{target}: {}",
                program_output.out
            );
        }
    }
    let unused_port = four.local_addr().expect("its address").port();
    let program_output = portolan(&["explain", &format!("203.0.113.254:{unused_port}")]);
    assert_eq!(program_output.status, Some(1), "{}", program_output.out);
}

#[test]
fn port_filter_lists_listener_and_both_ends_with_their_process() {
    let sockets = ConnectedSockets::open();
    let port = &sockets.port;
    let pid = std::process::id().to_string();
    let out = list_output(&["-n", port]);
    assert!(out.contains("LISTENING HERE"), "{out}");
    assert!(out.contains("OUTGOING"), "{out}");
    assert_eq!(out.matches(&format!("{port}/tcp")).count(), 2, "{out}");
    assert_eq!(out.matches("ESTABLISHED").count(), 2, "{out}");
    assert!(out.contains("LISTEN "), "{out}");
    assert!(out.contains(&format!("127.0.0.1:{port}")), "{out}");
    assert!(out.contains(&pid), "{out}");
}

#[test]
fn without_a_terminal_the_list_is_printed() {
    let sockets = ConnectedSockets::open();
    let dashboard = portolan(&["-n", &sockets.port]);
    assert_eq!(dashboard.status, Some(0), "{}", dashboard.err);
    assert!(
        dashboard.out.contains("LISTENING HERE"),
        "{}",
        dashboard.out
    );
    assert!(!dashboard.out.contains('\x1b'), "{:?}", dashboard.out);
    assert_eq!(dashboard.out.matches("ESTABLISHED").count(), 2);

    let everything = portolan(&[]);
    assert_eq!(everything.status, Some(0), "{}", everything.err);
    assert!(everything.out.contains(&sockets.port));
}

#[test]
fn ss_style_flags_filter_the_list() {
    let sockets = ConnectedSockets::open();
    let port = &*sockets.port;
    // The same number with every protocol and family this machine has.
    let number: u16 = port.parse().expect("a number");
    let _datagrams = UdpSocket::bind((Ipv4Addr::LOCALHOST, number)).expect("a socket");
    let ipv6 = TcpListener::bind((Ipv6Addr::LOCALHOST, number));

    let shows = |switch: &str, text: &str| list_output(&[switch, "-n", port]).contains(text);
    let udp = format!("{port}/udp");
    let tcp = format!("{port}/tcp");
    assert!(shows("-u", &udp) && !shows("-u", &tcp));
    assert!(shows("-t", &tcp) && !shows("-t", &udp));
    assert!(shows("-l", "LISTEN ") && !shows("-l", "ESTABLISHED"));
    assert!(shows("-e", "ESTABLISHED") && !shows("-e", "LISTEN "));
    assert!(shows("-4", "ESTABLISHED") && !shows("-4", "[::1]"));
    match &ipv6 {
        Ok(_) => assert!(shows("-6", "[::1]") && !shows("-6", "127.0.0.1")),
        Err(error) => skip::skip(format_args!("[::1]:{port} cannot be bound: {error}")),
    }
    // Users type `-tulpn`; both flags of a pair are the same as none.
    assert!(shows("-tulpa", "127.0.0.1"));
    for pair in ["-tu", "-le", "-46"] {
        assert!(shows(pair, "127.0.0.1"), "{pair}");
        assert!(ipv6.is_err() || shows(pair, "[::1]"), "{pair}");
    }
}

/// Service names come from the registry, and `-n` leaves them out.
#[test]
fn numeric_flag_omits_service_names() {
    // Nothing needs to listen there: a UDP socket with a peer is enough, and sends nothing.
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
    socket.connect((Ipv4Addr::LOCALHOST, 53)).expect("a peer");
    let local = socket.local_addr().expect("its address").port().to_string();
    assert!(
        list_output(&[&local]).contains("domain"),
        "{}",
        list_output(&[&local])
    );
    assert!(!list_output(&["-n", &local]).contains("domain"));
}

#[test]
fn every_source_lists_the_same_connection() {
    let sockets = ConnectedSockets::open();
    for source in ["auto", "sock_diag", "procfs", "netstat2"] {
        let out = list_output(&["-n", "--source", source, &sockets.port]);
        assert_eq!(out.matches("ESTABLISHED").count(), 2, "{source}: {out}");
        assert!(out.contains("LISTEN "), "{source}: {out}");
    }
}

#[test]
fn invalid_arguments_exit_2_with_one_sentence() {
    let long = "x".repeat(4001);
    for (args, word) in [
        (&["--frobnicate"][..], "--frobnicate"),
        (&["list", "--interval", "0"], "between 100ms and 1h"),
        (&["list", "--interval", "soon"], "soon"),
        (&["list", "--source", "tea_leaves"], "tea_leaves"),
        (&["list", "port:99999"], "port:99999"),
        (&["list", "99999"], "65535"),
        (&["list", "10.0.0.999"], "address"),
        (&["list", &long], "4000 characters"),
    ] {
        let program_output = portolan(args);
        assert_eq!(
            program_output.status,
            Some(2),
            "{args:?}: {}",
            program_output.err
        );
        assert_eq!(program_output.out, "", "{args:?}: nothing is listed");
        assert!(
            program_output.err.contains(word),
            "{args:?}: {}",
            program_output.err
        );
        assert!(
            !program_output.err.contains("panicked"),
            "{}",
            program_output.err
        );
        let first = program_output.err.lines().next().unwrap_or_default();
        assert!(first.contains(": ") && first.len() < 160, "{first}");
        assert!(
            program_output.err.len() < 1000,
            "{args:?}: {}",
            program_output.err
        );
    }
}

#[test]
fn filter_error_is_underlined_and_escaped() {
    let program_output = portolan(&["list", "tcp", "10.0.0.999"]);
    let lines: Vec<&str> = program_output.err.lines().collect();
    assert_eq!(lines[1].trim_end(), "  tcp 10.0.0.999");
    assert_eq!(lines[2].trim_end(), "      ^^^^^^^^^^");

    let program_output = portolan(&[
        "list",
        &format!("{} 99999 {}", "a".repeat(400), "b".repeat(400)),
    ]);
    let lines: Vec<&str> = program_output.err.lines().collect();
    assert!(lines[1].contains("aaa 99999 bbb") && lines[1].len() < 120);
    assert_eq!(
        lines[1].find("99999").map(|at| at - '…'.len_utf8() + 1),
        lines[2].find('^')
    );

    let program_output = portolan(&["list", "\x1b]0;owned\x07|"]);
    assert_eq!(program_output.status, Some(2));
    assert_no_control_characters(&program_output.err);
}

#[test]
fn write_error_on_stdout_exits_3() {
    // A full device accepts no output; that is not a broken pipe.
    let full = fs::File::options().write(true).open("/dev/full");
    let full = full.expect("/dev/full");
    let output = command(&["list"]).stdout(full).output().expect("output");
    assert_eq!(output.status.code(), Some(3));
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(err.contains("cannot be written"), "{err}");
}

#[test]
fn unwritable_log_file_exits_2() {
    let program_output = portolan(&["list", "--log", "/nowhere/at/all"]);
    assert_eq!(program_output.status, Some(2));
    assert!(
        program_output.err.contains("/nowhere/at/all"),
        "{}",
        program_output.err
    );
}

#[test]
fn closed_stdout_pipe_exits_0() {
    let mut child = crate::spawn_lock::spawn(
        command(&["list"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped()),
    )
    .expect("the program");
    drop(child.stdout.take());
    let mut err = String::new();
    let mut stderr = child.stderr.take().expect("stderr");
    stderr.read_to_string(&mut err).expect("UTF-8");
    assert_eq!(child.wait().expect("its end").code(), Some(0), "{err}");
    assert!(!err.contains("panicked") && !err.contains("pipe"), "{err}");
}

#[test]
fn control_characters_in_process_names_are_escaped() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
    let port = listener.local_addr().expect("address").port().to_string();
    let name = OsStr::from_bytes(b"od\x1b[31md \xc3\xa9\n na");
    let holder = HolderProcess::spawn(name, listener.into());
    for source in ["sock_diag", "procfs", "netstat2"] {
        let out = list_output(&["-n", "--source", source, &port]);
        assert_no_control_characters(&out);
        assert!(out.contains(r"od\e[31md é\n na"), "{source}: {out}");
        assert!(out.contains(&holder.pid().to_string()), "{source}: {out}");
    }
}

/// Asserts that the text contains no control character.
fn assert_no_control_characters(text: &str) {
    let is_control = |c: &char| c.is_control() && *c != '\n';
    assert_eq!(text.chars().find(is_control), None, "{text:?}");
}

#[test]
fn log_names_the_source_and_the_reason() {
    let directory = tempfile::tempdir().expect("a directory");
    let log = directory.path().join("log");
    let path = log.to_str().expect("a plain path");
    let out = list_output(&["--source", "procfs", "--log", path]);
    assert!(!out.contains("requested"), "the log is not in the list");
    let text = fs::read_to_string(&log).expect("a log");
    assert!(text.contains("procfs"), "{text}");
    assert!(text.contains("requested"), "{text}");
    list_output(&["--log", path]);
    let text = fs::read_to_string(&log).expect("a log");
    assert!(text.lines().count() >= 2, "it is continued: {text}");
}

#[test]
fn version_and_help_exit_0() {
    let version = portolan(&["--version"]);
    assert_eq!(version.status, Some(0));
    let expected = concat!("portolan ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(version.out, expected);
    for args in [&["--help"][..], &["list", "--help"], &["-h"]] {
        let help = portolan(args);
        assert_eq!((help.status, &*help.err), (Some(0), ""), "{args:?}");
        for switch in ["--tcp", "--listening", "--source", "--interval", "--log"] {
            assert!(help.out.contains(switch), "{args:?}: {switch}");
        }
        assert!(!help.out.contains("--fault"), "not for users");
    }
}

#[test]
fn invalid_configuration_exits_2_with_its_line() {
    let folder = tempfile::tempdir().expect("a directory");
    let home = folder.path().join("portolan");
    fs::create_dir(&home).expect("a directory");
    let file = home.join("config.toml");
    let run_with_config = || {
        let mut command = command(&["list"]);
        let output = command.env("XDG_CONFIG_HOME", folder.path()).output();
        let output = output.expect("the program");
        let program_output = String::from_utf8(output.stderr).expect("UTF-8");
        (output.status.code(), program_output)
    };
    assert_eq!(run_with_config().0, Some(0), "none is fine");
    let shown = file.display().to_string();
    for (text, expected) in [
        ("[filters]\nweb = \"port:80\"\n", None),
        (
            "# a word\ncolour = 1\n",
            Some("line 2: unknown field `colour`"),
        ),
        (
            "[filters]\nweb = \"prot:80\"\n",
            Some("line 2: invalid filter \"web\": no field `prot`"),
        ),
    ] {
        fs::write(&file, text).expect("a file");
        let (status, program_output) = run_with_config();
        match expected {
            None => assert_eq!(status, Some(0), "{program_output}"),
            Some(words) => {
                assert_eq!(status, Some(2), "{program_output}");
                let start = format!("portolan: the configuration {shown}, {words}");
                assert!(program_output.starts_with(&start), "{program_output}");
            }
        }
    }
    let target = portolan(&["list", "--config", &shown]);
    assert_eq!(target.status, Some(2), "{}", target.err);
    let missing = home.join("missing").display().to_string();
    let missing_config = portolan(&["list", "--config", &missing]);
    assert_eq!(missing_config.status, Some(2));
    assert!(
        missing_config.err.contains(&missing),
        "{}",
        missing_config.err
    );
    assert_eq!(missing_config.out, "");
}
