//! Properties of every filter and every text.

use std::net::IpAddr;

use proptest::prelude::*;

use super::fixture::FilterFixture;
use crate::fields::{
    Dimension, EndSelector, Field, FieldKind, NumberField, TextField, TextMatching,
};
use crate::filter::ast::{
    Comparison, Condition, Filter, Flag, HostPart, HostTest, Node, NodeKind, NumberRange,
    NumberTest, ReachTest, TextTest,
};
use crate::filter::cursor_context::{CursorContext, cursor_context};
use crate::filter::error::{FilterErrorKind, MAX_FILTER_CHARS, MAX_FILTER_DEPTH};
use crate::filter::network::IpNetwork;
use crate::filter::pattern::{RegexPattern, Substring};
use crate::history::Side;
use crate::net::endpoint::{Endpoint, Family};
use crate::net::port::{Port, Protocol};
use crate::net::socket::TcpState;

pub(crate) fn node(kind: NodeKind) -> Node {
    Node { span: 0..0, kind }
}

fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(IpAddr::from),
        any::<[u8; 16]>().prop_map(IpAddr::from),
        any::<[u8; 4]>().prop_map(|v4| std::net::Ipv4Addr::from(v4).to_ipv6_mapped().into()),
    ]
}

fn network() -> impl Strategy<Value = IpNetwork> {
    (address(), 0..=128_u8)
        .prop_map(|(a, bits)| IpNetwork::new(a, bits).unwrap_or(IpNetwork::single_host(a)))
}

/// Generates texts of every kind: names, keywords, and arbitrary characters.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9./@_-]{0,8}",
        "\\PC{1,8}",
        "[\"\\\\ ()!,:=~<>-]{1,6}",
        "[0-9a-f.:/-]{1,9}",
        prop::sample::select(vec![
            "and", "or", "not", "tcp", "80", "tw", "port", "::1", "closed"
        ])
        .prop_map(str::to_owned),
    ]
}

fn substring() -> impl Strategy<Value = Substring> {
    text().prop_filter_map("some text", |t| Substring::new(&t))
}

fn pattern() -> impl Strategy<Value = RegexPattern> {
    text().prop_filter_map("an expression", |t| RegexPattern::new(&t).ok())
}

fn non_empty_vec<T: std::fmt::Debug>(
    one: impl Strategy<Value = T>,
) -> impl Strategy<Value = Vec<T>> {
    prop::collection::vec(one, 1..4)
}

fn number_test(dimension: Dimension, low: u64, high: u64) -> impl Strategy<Value = NumberTest> {
    let number = move || prop_oneof![low..=high, low..=high.min(low + 100)];
    let factor = prop::sample::select(match dimension {
        Dimension::Time => vec![1, 1000, 1_000_000, 60_000_000],
        _ => vec![1],
    });
    let comparison = prop::sample::select(vec![
        Comparison::Greater,
        Comparison::AtLeast,
        Comparison::Less,
        Comparison::AtMost,
    ]);
    prop_oneof![
        non_empty_vec((number(), number()).prop_map(|(a, b)| NumberRange {
            low: a.min(b),
            high: a.max(b)
        }))
        .prop_map(NumberTest::InRanges),
        (comparison, number(), factor)
            .prop_map(|(c, n, f)| NumberTest::Compare(c, n.saturating_mul(f))),
    ]
}

fn number_fields() -> Vec<NumberField> {
    let of = |f: &Field| match f.kind {
        FieldKind::Number(measure) => Some(measure),
        _ => None,
    };
    Field::filters_in_order().filter_map(of).collect()
}

fn text_fields() -> Vec<TextField> {
    let of = |f: &Field| match f.kind {
        // Words take only some texts.
        FieldKind::Text(text) if !matches!(text.matching, TextMatching::Words(_)) => Some(text),
        _ => None,
    };
    Field::filters_in_order().filter_map(of).collect()
}

fn condition() -> impl Strategy<Value = Condition> {
    let end = || {
        prop::sample::select(vec![
            EndSelector::Either,
            EndSelector::Local,
            EndSelector::Remote,
        ])
    };
    let protocol = || prop::sample::select(vec![Protocol::Tcp, Protocol::Udp]);
    let host = prop_oneof![
        network().prop_map(HostPart::Network),
        "[0-9a-f.:]{1,8}".prop_map(|t| HostPart::Substring(Substring::new(&t).unwrap())),
    ];
    let reach = prop_oneof![
        Just(ReachTest::Wildcard),
        Just(ReachTest::Loopback),
        network().prop_map(ReachTest::Network),
        substring().prop_map(ReachTest::Interface),
    ];
    let text_test = || {
        prop_oneof![
            non_empty_vec(substring()).prop_map(TextTest::OneOf),
            pattern().prop_map(TextTest::Pattern),
        ]
    };
    let field = prop::sample::select(number_fields()).prop_flat_map(|m| {
        number_test(m.dimension(), 0, u64::MAX).prop_map(move |t| Condition::Number(m, t))
    });
    prop_oneof![
        (end(), number_test(Dimension::Count, 1, 65_535)).prop_map(|(e, t)| Condition::Port(e, t)),
        (protocol(), 1..=65_535_u16).prop_map(|(p, n)| Condition::PortAndProtocol(p, Port(n))),
        (address(), 1..=65_535_u16)
            .prop_map(|(a, n)| Condition::Endpoint(Endpoint::new(a.to_canonical(), Port(n)))),
        (end(), non_empty_vec(network())).prop_map(|(e, n)| Condition::Address(e, n)),
        non_empty_vec(host).prop_map(|h| Condition::Host(HostTest::OneOf(h))),
        pattern().prop_map(|p| Condition::Host(HostTest::Pattern(p))),
        non_empty_vec(protocol()).prop_map(Condition::Protocol),
        non_empty_vec(prop::sample::select(vec![Family::Ipv4, Family::Ipv6]))
            .prop_map(Condition::Family),
        non_empty_vec((1..=11_u8).prop_map(TcpState::from_kernel)).prop_map(Condition::State),
        non_empty_vec(prop::sample::select(vec![
            Side::Listening,
            Side::Serving,
            Side::Outgoing
        ]))
        .prop_map(Condition::Side),
        non_empty_vec(reach).prop_map(Condition::Reach),
        (prop::sample::select(text_fields()), text_test()).prop_map(|(f, t)| Condition::Text(f, t)),
        field,
        substring().prop_map(Condition::AnyName),
        prop::sample::select(vec![
            Flag::Established,
            Flag::Loopback,
            Flag::Closed,
            Flag::New
        ])
        .prop_map(Condition::Flag),
    ]
}

pub(crate) fn any_node() -> impl Strategy<Value = Node> {
    let leaf = condition().prop_map(|c| node(NodeKind::Condition(c)));
    leaf.prop_recursive(6, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|c| node(NodeKind::And(c))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|c| node(NodeKind::Or(c))),
            inner.prop_map(|i| node(NodeKind::Not(Box::new(i)))),
        ]
    })
}

/// Generates text from tokens of the language, in any order.
fn token_mix() -> impl Strategy<Value = String> {
    const TOKENS: &[&str] = &[
        " ",
        " ",
        " ",
        "(",
        ")",
        "-",
        "!",
        "not ",
        " and ",
        " or ",
        "\"",
        "\\",
        ":",
        "=",
        "~",
        "<",
        ">",
        ">=",
        ",",
        "port",
        "port:",
        "proc",
        "proc~",
        "state:",
        "age>",
        "host:",
        "reach:",
        "80",
        "8000-8100",
        "99999",
        "1h",
        "5x",
        "10.0.0.0/8",
        "::1",
        "[::1]:80",
        "[",
        "tcp",
        "tw",
        "nginx",
        "é",
        "日",
        "\u{301}",
        "*",
        "|",
        "^(",
        "\t",
        "1.5",
        "%",
        "/",
    ];
    prop::collection::vec(prop::sample::select(TOKENS), 0..14).prop_map(|t| t.concat())
}

fn check_parse(text: &str) -> Result<(), TestCaseError> {
    match Filter::parse(text) {
        Ok(filter) => prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter)),
        Err(error) => {
            prop_assert!(
                text.get(error.span.clone()).is_some(),
                "{:?} {:?}",
                text,
                error
            );
            prop_assert!(!error.span.is_empty(), "{:?} {:?}", text, error);
            let words = error.to_string();
            prop_assert!(!words.ends_with('.') && !words.contains('\n'), "{}", words);
        }
    }
    for cursor in 0..=text.len() {
        let CursorContext { replace, .. } = cursor_context(text, cursor);
        prop_assert!(text.get(replace).is_some());
    }
    Ok(())
}

proptest! {
    #[test]
    fn printed_form_parses_to_the_same_filter(tree in any_node()) {
        let filter = Filter::from(tree);
        let printed = filter.to_string();
        prop_assert_eq!(Filter::parse(&printed), Ok(filter), "{}", printed);
    }

    #[test]
    fn any_text_parses_or_fails_with_a_span_inside_it(text in "\\PC{0,40}") {
        check_parse(&text)?;
    }

    #[test]
    fn any_string_parses_or_fails_with_a_span_inside_it(text in any::<String>()) {
        check_parse(&text)?;
    }

    #[test]
    fn any_token_mix_parses_or_fails_with_a_span_inside_it(text in token_mix()) {
        check_parse(&text)?;
    }

    #[test]
    fn filter_and_negation_partition_the_rows(tree in any_node()) {
        let fixture = FilterFixture::new();
        let yes = Filter::from(tree.clone());
        let no = Filter::from(node(NodeKind::Not(Box::new(tree))));
        let both = fixture.matching_letters(&yes).len() + fixture.matching_letters(&no).len();
        prop_assert_eq!(both, fixture.moment.rows.slot_count());
    }
}

#[test]
fn oversized_input_is_rejected() {
    let kind = |text: &str| Filter::parse(text).unwrap_err().kind;
    assert_eq!(kind(&"a".repeat(10_000)), FilterErrorKind::TooLong);
    assert_eq!(kind(&"a ".repeat(5_000)), FilterErrorKind::TooLong);
    assert_eq!(kind(&"é ".repeat(5_000)), FilterErrorKind::TooLong);
    assert_eq!(kind(&"-".repeat(10_000)), FilterErrorKind::TooLong);
    assert_eq!(
        kind(&" ".repeat(10_000).replace("  ", " a")),
        FilterErrorKind::TooLong
    );
    assert_eq!(kind(&"(".repeat(10_000)), FilterErrorKind::TooDeep);
    assert_eq!(
        kind(&format!("{}a{}", "(".repeat(5_000), ")".repeat(5_000))),
        FilterErrorKind::TooDeep
    );
    assert_eq!(
        kind(&format!("{}a", "not ".repeat(MAX_FILTER_DEPTH + 1))),
        FilterErrorKind::TooDeep
    );
    assert_eq!(
        kind(&format!("{}a", "!".repeat(MAX_FILTER_DEPTH + 1))),
        FilterErrorKind::TooDeep
    );
    assert!(matches!(
        kind(&format!("proc~{}", "(".repeat(3_000))),
        FilterErrorKind::InvalidRegex(_)
    ));
    let error = Filter::parse(&"é ".repeat(5_000)).unwrap_err();
    assert_eq!(error.span, MAX_FILTER_CHARS / 2 * 3..15_000);
}

#[test]
fn input_at_the_limits_parses() {
    assert!(Filter::parse(&"a ".repeat(MAX_FILTER_CHARS / 2)).is_ok());
    assert!(Filter::parse(&"a".repeat(MAX_FILTER_CHARS)).is_ok());
    assert!(Filter::parse(&"é".repeat(MAX_FILTER_CHARS)).is_ok());
    let deep = format!(
        "{}a{}",
        "(".repeat(MAX_FILTER_DEPTH),
        ")".repeat(MAX_FILTER_DEPTH)
    );
    assert!(Filter::parse(&deep).is_ok());
    let negated = format!(
        "{}(a b){}",
        "not (b or ".repeat(MAX_FILTER_DEPTH / 2 - 1),
        ")".repeat(MAX_FILTER_DEPTH / 2 - 1)
    );
    let filter = Filter::parse(&negated).unwrap();
    assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
}
