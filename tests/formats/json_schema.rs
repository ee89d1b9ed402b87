//! JSON against its documentation: every field printed is documented, has its type, and is null or
//! omitted only where documented; and every documented field is printed.

use portolan::output;
use std::sync::Arc;

use portolan::fields::{FIELDS, JsonUse};
use portolan::history::Moment;
use portolan::history::state::History;
use portolan::query::run::Query;
use portolan::query::{Grouping, MatchTracker, QueryResult, run};

use portolan::net::services::Services;
use serde_json::Value;

use crate::schema::Schema;
use crate::support::text_recording::load_recording;
use crate::{fixtures, network_namespace, printed_output};

const RECORDINGS: [&str; 8] = [
    "changes",
    "empty",
    "gaps",
    "ipv6",
    "names",
    "unprivileged",
    "web",
    "socket-kinds",
];

/// Fields that are in no recording.
const FIELDS_NOT_IN_RECORDINGS: [&str; 2] = ["tcp.congestion", "tcp.min_rtt_us"];

fn run_query(moment: Arc<Moment>, grouping: Grouping) -> QueryResult {
    let query = Query {
        grouping,
        sort_order: grouping.default_order(),
        ..Query::unfiltered(Arc::new(Services::registry()))
    };
    run(moment, &query)
}

fn json_document(result: &QueryResult) -> Value {
    let mut out = Vec::new();
    output::write_json(result, &Services::registry(), Some("devbox"), &[], &mut out).expect("JSON");
    serde_json::from_slice(&out).expect("JSON")
}

#[test]
fn json_of_every_recording_matches_the_documented_schema() {
    let (mut schema, mut lines) = (Schema::under_heading("LIST"), Schema::for_sockets());
    for name in RECORDINGS {
        let mut history = History::default();
        for mut snapshot in load_recording(name) {
            let moment = history.apply(&mut snapshot);
            for grouping in Grouping::LIVE {
                let result = run_query(Arc::clone(&moment), grouping);
                let document = json_document(&result);
                schema.check(&document);
                assert_group_indices(&document, &result);
                let mut out = Vec::new();
                output::write_ndjson(&result, &Services::registry(), &mut out).expect("lines");
                let out = String::from_utf8(out).expect("UTF-8");
                let each: Vec<Value> = out
                    .lines()
                    .map(|line| serde_json::from_str(line).expect("JSON"))
                    .collect();
                each.iter().for_each(|socket| lines.check(socket));
                assert_eq!(
                    Value::from(each),
                    document["sockets"],
                    "{name}: the same sockets"
                );
            }
        }
    }
    // Findings and host names are only present on request. What recordings lack is checked on live
    // sockets below.
    let omitted: Vec<String> = FIELDS_NOT_IN_RECORDINGS
        .map(|f| format!("sockets[].{f}"))
        .into();
    let omitted: Vec<&str> = omitted.iter().map(String::as_str).collect();
    let unseen = schema.unseen(&[&omitted[..], &["sockets[].remote.name"]].concat());
    let unseen = unseen.into_iter().filter(|p| !p.starts_with("findings"));
    assert_eq!(unseen.collect::<Vec<_>>(), [""; 0]);
    assert_eq!(
        lines.unseen(&[&FIELDS_NOT_IN_RECORDINGS[..], &["remote.name"]].concat()),
        [""; 0]
    );
}

/// Checks that each socket is listed once, and that the groups contain all of them.
fn assert_group_indices(document: &Value, result: &QueryResult) {
    let sockets = document["sockets"].as_array().expect("a list");
    let mut slots = result.rows.clone();
    // The second socket of a dual-stack pair has no row of its own.
    let paired_rows = result
        .rows
        .iter()
        .filter_map(|slot| result.dual_stack_twin(*slot));
    slots.extend(paired_rows.map(|row| row.slot));
    slots.sort_unstable();
    slots.dedup();
    assert_eq!(sockets.len(), slots.len());
    let Some(groups) = document["groups"].as_array() else {
        return assert_eq!(result.grouping, Grouping::Sockets);
    };
    assert_eq!(groups.len(), result.groups.len());
    let mut is_grouped = vec![false; sockets.len()];
    for group in groups {
        for index in group["sockets"].as_array().expect("a list of indexes") {
            let index = usize::try_from(index.as_u64().expect("an index")).expect("small");
            is_grouped[index] = true;
            let socket = &sockets[index];
            match group["by"].as_str() {
                Some("port") => assert_eq!(group["port"], socket["port"]),
                Some("host") if group["address"].is_null() => assert!(socket["remote"].is_null()),
                Some("host") => assert_eq!(group["address"], socket["remote"]["address"]),
                Some("process") if group["pid"].is_null() => {}
                Some("process") => {
                    let owners = socket["owners"].as_array().expect("owners");
                    assert!(owners.iter().any(|o| o["pid"] == group["pid"]), "{group}");
                }
                other => panic!("grouped by {other:?}"),
            }
        }
    }
    assert!(
        is_grouped.iter().all(|grouped| *grouped),
        "every socket is in a group"
    );
}

#[test]
fn events_match_the_documented_schema() {
    let mut schema = Schema::for_events();
    let services = Services::registry();
    for name in RECORDINGS {
        let (mut history, mut tracker) = (History::default(), MatchTracker::default());
        for mut snapshot in load_recording(name) {
            let moment = history.apply(&mut snapshot);
            // A filter that starts and stops matching.
            let matches = |row: &portolan::history::TrackedSocket| {
                name != "socket-kinds" || row.socket.queues.is_none_or(|q| q.recv == 0)
            };
            for event in tracker.update(&moment, matches) {
                let mut out = Vec::new();
                output::write_ndjson_event(event, &moment, &services, &mut out).expect("a line");
                assert_eq!(out.iter().filter(|b| **b == b'\n').count(), 1);
                schema.check(&serde_json::from_slice(&out).expect("JSON"));
            }
        }
    }
    let unseen_fields: Vec<&str> = schema.unseen(&["matches"]);
    let of_events = unseen_fields
        .into_iter()
        .filter(|path| !path.starts_with("socket."));
    assert_eq!(of_events.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn json_of_the_program_matches_the_documented_schema() {
    let test = "json_schema::json_of_the_program_matches_the_documented_schema";
    network_namespace::in_network_namespace(test, || {
        let _fixtures = fixtures::all();
        let mut schema = Schema::under_heading("LIST");
        for source in ["sock_diag", "procfs", "netstat2"] {
            for group in ["port", "process", "host", "none"] {
                let args = [
                    "list", "--format", "json", "--group", group, "--source", source,
                ];
                let document: Value = serde_json::from_str(&printed_output(&args)).expect("JSON");
                schema.check(&document);
                assert_eq!(document["version"], 1);
            }
        }
        let unseen = schema.unseen(&[]);
        assert!(
            !unseen.iter().any(|path| path.starts_with("findings")),
            "{unseen:?}"
        );
        let leak = ["list", "port:18085 and state:close-wait", "-f", "json"];
        let document: Value = serde_json::from_str(&printed_output(&leak)).expect("JSON");
        // Findings are limited to the listed ports.
        let findings = document["findings"].as_array().expect("findings");
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0]["rule"], "close-wait-leak");
        assert_eq!(findings[0]["count"], fixtures::CLOSE_WAIT_LEAK_COUNT);
        assert!(
            findings[0]["message"]
                .as_str()
                .is_some_and(|message| message.contains("has not"))
        );
        let sockets = document["sockets"].as_array().expect("sockets");
        assert_eq!(sockets.len(), fixtures::CLOSE_WAIT_LEAK_COUNT);
        for socket in sockets {
            assert_eq!(socket["owner_status"], "known");
            assert!(socket["owners"][0]["pid"].is_u64(), "{socket}");
        }
        let mut lines = Schema::for_sockets();
        for line in printed_output(&["list", "-f", "ndjson"]).lines() {
            lines.check(&serde_json::from_str(line).expect("JSON"));
        }
        let unseen = lines.unseen(&[]);
        assert!(
            !FIELDS_NOT_IN_RECORDINGS
                .iter()
                .any(|field| unseen.contains(field)),
            "{unseen:?}"
        );
    });
}

/// Where the table of fields says JSON has a field, the documentation has it.
#[test]
fn table_of_fields_leads_to_documented_json() {
    let documentation = output::help::json_schema();
    let paths: Vec<&str> = documentation
        .lines()
        .filter_map(|line| line.split_whitespace().next()?.strip_prefix("sockets[]."))
        .collect();
    for field in &FIELDS {
        let path = match field.json {
            JsonUse::At(path) => path,
            JsonUse::Value(name, _) => name,
            JsonUse::No(_) => continue,
        };
        let inside = format!("{path}.");
        let found = paths
            .iter()
            .any(|known| *known == path || known.starts_with(&inside));
        assert!(found, "{}: no {path} in help json", field.name);
    }
}
