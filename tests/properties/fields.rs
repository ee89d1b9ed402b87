//! The table of fields: what filters compare is what columns print and what sorting orders.

use std::collections::BTreeSet;
use std::sync::Arc;

use portolan::fields::{Dimension, FIELDS, Field, FieldKind, SocketView, SortUse, Unit};
use portolan::filter::FilterContext;
use portolan::filter::ast::Filter;
use portolan::history::{Moment, TrackedSocket};
use portolan::net::services::Services;
use portolan::query::run::Query;
use portolan::query::{Grouping, SortColumn, SortOrder, run};
use proptest::prelude::*;

use crate::scenario::{config_with_cases, scenario};
use crate::support::text_recording::load_recording;

/// Returns the text of a column for a row; empty if unknown.
fn printed(field: &Field, row: &TrackedSocket, moment: &Moment, services: &Services) -> String {
    let mut out = String::new();
    let column = field.column().expect("a column");
    let view = SocketView {
        row,
        moment,
        services,
    };
    column.write(view, &mut out);
    out
}

/// The slots of the rows that a filter lets through.
fn matching(text: &str, moment: &Moment, services: &Services) -> Vec<String> {
    let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let context = FilterContext { moment, services };
    let rows = moment.rows().filter(|row| filter.matches(row, context));
    rows.map(|row| format!("{:?}", row.slot)).collect()
}

/// The filter that only this printed number passes.
fn filter_for_number(field: &Field, unit: Unit, number: &str) -> String {
    let name = field.name;
    match (unit.dimension(), unit) {
        (Dimension::Time, Unit::Milliseconds) => format!("{name}:{number}ms-{number}ms"),
        (Dimension::Time, _) => format!("{name}:{number}us-{number}us"),
        _ => format!("{name}:{number}"),
    }
}

fn assert_filters_match_what_is_printed(moment: &Moment, services: &Services) {
    for field in FIELDS
        .iter()
        .filter(|f| f.is_filter() && f.column().is_some())
    {
        let rows: Vec<(String, String)> = moment
            .rows()
            .map(|row| {
                (
                    format!("{:?}", row.slot),
                    printed(field, row, moment, services),
                )
            })
            .collect();
        let with_value = |value: &str| -> Vec<String> {
            let has = |text: &str| text.split(',').any(|part| part.eq_ignore_ascii_case(value));
            let found = rows.iter().filter(|(_, text)| has(text));
            found.map(|(slot, _)| slot.clone()).collect()
        };
        if let FieldKind::Number(number) = field.kind {
            let parts = rows.iter().flat_map(|(_, text)| text.split(','));
            let values: BTreeSet<&str> = parts.filter(|part| !part.is_empty()).collect();
            for value in values {
                let filter = filter_for_number(field, number.unit, value);
                assert_eq!(
                    matching(&filter, moment, services),
                    with_value(value),
                    "{filter}"
                );
            }
            // What is not known matches nothing.
            let filter = format!("{}>=0", field.name);
            let known = rows.iter().filter(|(_, text)| !text.is_empty());
            let known: Vec<String> = known.map(|(slot, _)| slot.clone()).collect();
            assert_eq!(matching(&filter, moment, services), known, "{filter}");
        }
        for value in field.values() {
            let filter = format!("{}:{value}", field.name);
            assert_eq!(
                matching(&filter, moment, services),
                with_value(value),
                "{filter}"
            );
        }
    }
}

/// Rows that are sorted by a number are in the order of what they print, and what prints nothing
/// comes last.
fn assert_sorting_follows_what_is_printed(moment: &Arc<Moment>, services: &Arc<Services>) {
    let numbers = FIELDS.iter().filter(|field| {
        field.sort == SortUse::Sorts
            && matches!(field.kind, FieldKind::Number(_))
            && field.name != "pid"
    });
    for field in numbers {
        let column = SortColumn::for_field(field).expect("an order");
        let default = column.default_direction();
        for direction in [default, default.reversed()] {
            let query = Query {
                grouping: Grouping::Sockets,
                sort_order: SortOrder { column, direction },
                ..Query::unfiltered(Arc::clone(services))
            };
            let result = run(Arc::clone(moment), &query);
            let texts: Vec<String> = result
                .rows
                .iter()
                .filter_map(|slot| moment.row(*slot))
                .map(|row| printed(field, row, moment, services))
                .collect();
            let known = texts.iter().take_while(|text| !text.is_empty()).count();
            assert!(texts[known..].iter().all(String::is_empty), "{texts:?}");
            let first = |text: &String| text.split(',').next().unwrap_or("").parse::<u64>();
            let mut numbers: Vec<u64> = texts[..known].iter().flat_map(first).collect();
            assert_eq!(numbers.len(), known);
            if direction == portolan::query::SortDirection::Descending {
                numbers.reverse();
            }
            assert!(
                numbers.is_sorted(),
                "{} {direction:?}: {texts:?}",
                field.name
            );
        }
    }
}

proptest! {
    #![proptest_config(config_with_cases(24))]

    #[test]
    fn filters_and_orders_agree_with_columns(scenario in scenario(8, 4)) {
        let services = Arc::new(Services::registry());
        for moment in scenario.moments(|_| {}) {
            assert_filters_match_what_is_printed(&moment, &services);
            assert_sorting_follows_what_is_printed(&moment, &services);
        }
    }
}

#[test]
fn fields_of_the_kernel_are_read_from_the_row() {
    let mut history = portolan::history::History::default();
    let mut snapshots = load_recording("changes").into_iter();
    let mut snapshot = snapshots.next().expect("a sample");
    let moment = history.apply(&mut snapshot);
    let services = Services::registry();
    let row = moment.rows().find(|row| row.socket.tcp.is_some());
    let row = row.expect("a connection");
    let said = |name| printed(Field::find(name).expect(name), row, &moment, &services);
    assert_eq!(said("delivery-rate"), "90000");
    assert_eq!(said("drops"), "2");
    let idle = moment.elapsed.as_millis() as i64 - 500;
    assert_eq!(said("idle"), idle.max(0).to_string());
    assert_eq!(
        matching("drops:2 delivery-rate:90k", &moment, &services).len(),
        1
    );
    assert_filters_match_what_is_printed(&moment, &services);
}
