//! A filter selects the same sockets in the dashboard, which samples all sockets, and on the
//! command line, which samples only the ports in question.

use portolan::output;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use portolan::collect::SampleOutcome;
use portolan::filter::ast::Filter;
use portolan::history::Moment;
use portolan::history::state::History;
use portolan::query::run::Query;
use portolan::query::{Grouping, QueryResult, run};
use portolan::runtime::engine::Engine;
use portolan::tui::input::Input;
use portolan::tui::update::app::App;

use portolan::net::services::Services;
use portolan::net::snapshot::Snapshot;
use portolan::tui::state::view_state::{Mode, ViewState};
use proptest::prelude::*;

use crate::scenario::scenario;

/// Terms that match parts of a scenario, and terms that match nothing.
const TERMS: [&str; 44] = [
    "80",
    ":443",
    "53/udp",
    "80-443",
    "lport:80",
    "rport:443,53",
    "port>=40000",
    "port<54",
    "40001",
    "127.0.0.1:80",
    "[::1]:443",
    "10.0.0.0/8",
    "addr:127.0.0.1",
    "raddr:2a00:1450::/32",
    "laddr:::1",
    "host:185.199",
    "tcp",
    "udp",
    "proto:tcp",
    "ipv6",
    "listen",
    "established",
    "close-wait,tw",
    "state:time-wait,closing",
    "side:serving",
    "side:outgoing",
    "side:listening",
    "reach:everyone",
    "loopback",
    "nginx",
    "curl",
    "\"Web Content\"",
    "proc:nginx",
    "proc~^c",
    "pid:2",
    "ppid:1",
    "cmd:port",
    "user:www-data",
    "uid:33",
    "unit:nginx.service",
    "service:https",
    "recvq>0",
    "inode>3",
    "not 80",
];

fn filter_text() -> impl Strategy<Value = String> {
    let statement = proptest::sample::select(&TERMS[..]);
    // A bare list such as `close-wait,tw` is not a filter: it needs its field.
    let statement = statement.prop_filter("a filter", |text| Filter::parse(text).is_ok());
    statement
        .prop_map(str::to_owned)
        .prop_recursive(3, 8, 3, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) ({b})")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) or ({b})")),
                inner.prop_map(|a| format!("not ({a})")),
            ]
        })
}

/// Returns the sockets of the result as NDJSON, sorted, so that the order of display does not
/// matter.
fn sorted_ndjson(result: &QueryResult) -> Vec<String> {
    let mut out = Vec::new();
    output::write_ndjson(result, &Services::registry(), &mut out).expect("JSON");
    let out = String::from_utf8(out).expect("UTF-8");
    let mut lines: Vec<String> = out.lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

fn dashboard_result(snapshot: &Snapshot, filter: &str) -> QueryResult {
    let view = ViewState::new((120, 40), Duration::from_secs(1));
    let mut app = App::new(view, Arc::default(), Arc::new(Services::registry()));
    let mut engine = Engine::default();
    engine.apply_sample(SampleOutcome::Snapshot(Box::new(snapshot.clone())));
    let press = |app: &mut App, code| {
        let key = Event::Key(KeyEvent::new(code, KeyModifiers::NONE));
        app.handle_input(Input::from_event(key).expect("an input"));
    };
    press(&mut app, KeyCode::Char('/'));
    for c in filter.chars() {
        press(&mut app, KeyCode::Char(c));
    }
    press(&mut app, KeyCode::Enter);
    assert_eq!(app.view.mode, Mode::Browse);
    let request = app.engine_request();
    let published = engine.respond(&request).expect("a response");
    Arc::try_unwrap(published.result).expect("no other reference")
}

/// Does what `list` does: see `commands/list.rs` and `runtime/poller.rs`.
fn list_result(snapshot: &Snapshot, text: &str) -> QueryResult {
    let filter = Filter::parse(text).expect("a filter");
    let ports = filter.required_ports();
    let mut part = snapshot.clone();
    part.sockets.retain(|socket| {
        let wanted = ports.as_ref().is_none_or(|ports| {
            ports.contains(socket.local.port) || ports.contains(socket.remote_port())
        });
        wanted || socket.is_listening()
    });
    let apply_once =
        |mut snapshot: Snapshot| -> Arc<Moment> { History::default().apply(&mut snapshot) };
    let mut moment = apply_once(part);
    if ports.is_some() && moment.needs_full_sample_for_sides() {
        moment = apply_once(snapshot.clone());
    }
    let grouping = Grouping::Sockets;
    let query = Query {
        filter: Arc::new(filter),
        grouping,
        sort_order: grouping.default_order(),
        ..Query::unfiltered(Arc::new(Services::registry()))
    };
    run(moment, &query)
}

proptest! {
    #![proptest_config(crate::scenario::config_with_cases(512))]

    #[test]
    fn dashboard_and_list_return_the_same_sockets(
        scenario in scenario(14, 1),
        filter in filter_text(),
    ) {
        let snapshot = scenario.snapshots().remove(0);
        prop_assert_eq!(sorted_ndjson(&dashboard_result(&snapshot, &filter)), sorted_ndjson(&list_result(&snapshot, &filter)));
    }
}
