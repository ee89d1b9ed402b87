//! Fuzzes the filter parser and completion.

use std::sync::Arc;

use portolan::filter::{
    CompletionInput, FIELDS, Filter, FilterContext, KEYWORDS, QuickFilter, complete,
};
use portolan::history::{History, Moment};
use portolan::net::services::Services;

use crate::mutate::{Random, fuzz, mutate};
use crate::support::text_recording::load_recording;

/// Filters of every kind; the examples of all fields and all keywords are seeds too.
const SEEDS: [&str; 14] = [
    "nginx (80 or tw) -127.0.0.1",
    "not (port:8000-8100,443 and state:close-wait)",
    "proc~\"^web c\" or cmd:\"-m http.server\"",
    "age>1h age<1d !loopback",
    "rate>=1.5MiB/s rtt<50ms retrans:0",
    "[2001:db8::1]:443 or 203.0.113.7:51234",
    "addr:10.0.0.0/8,192.168.0.0/16 reach:everyone,eth0",
    "proc:\"a \\\" quote\" user:www-data",
    "((((((((((80))))))))))",
    "!!!!not -not !tcp",
    "sport = :443 and dport != 80",
    "::ffff:127.0.0.1 ::1 fe80::1%eth0",
    "été \"日本語\" кот",
    "ended<59s lport:7000 recvq:500-1k",
];

const WORDS: [&str; 34] = [
    " ",
    "(",
    ")",
    "\"",
    "\\",
    "!",
    "-",
    ":",
    "=",
    "~",
    "<",
    ">=",
    ",",
    "/",
    "%",
    "[",
    "]",
    ".",
    "*",
    " and ",
    " or ",
    "not ",
    "99999",
    "18446744073709551615",
    "0.0000001",
    "1h",
    "MiB",
    "port:",
    "age>",
    "proc~",
    "\u{301}",
    "日",
    "\0",
    "\u{202e}",
];

fn seeds() -> Vec<String> {
    let examples = FIELDS.iter().map(|field| field.example().to_owned());
    let words = KEYWORDS.iter().map(|keyword| keyword.name.to_owned());
    let written = SEEDS.iter().map(|text| (*text).to_owned());
    written.chain(examples).chain(words).collect()
}

/// Returns a machine with names of every kind.
fn moment() -> Arc<Moment> {
    History::default().apply(&mut load_recording("names").remove(0))
}

/// Checks that a filter that parses round-trips through its printed form and can be evaluated on
/// every row, and that an error has a span within the text.
fn read(text: &str, cursor: usize, context: FilterContext<'_>) {
    match Filter::parse(text) {
        Ok(filter) => {
            let printed = filter.to_string();
            assert_eq!(Filter::parse(&printed).as_ref(), Ok(&filter), "{printed}");
            for row in context.moment.rows() {
                filter.matches(row, context);
            }
        }
        Err(error) => {
            assert!(text.get(error.span.clone()).is_some(), "{error:?}");
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }
    let typed = CompletionInput {
        text: text.into(),
        cursor,
    };
    let completion = complete(&typed, context, QuickFilter::default());
    assert!(text.get(completion.replace).is_some());
}

#[test]
fn seeds_parse() {
    // These two are errors on purpose.
    let is_invalid = |text: &str| text.contains("!=") || text.contains('%');
    for seed in seeds().iter().filter(|seed| !is_invalid(seed)) {
        assert!(Filter::parse(seed).is_ok(), "{seed}");
    }
}

#[test]
fn malformed_filters_never_panic() {
    let (seeds, moment, services) = (seeds(), moment(), Services::registry());
    let context = FilterContext {
        moment: &moment,
        services: &services,
    };
    let words = WORDS.map(str::as_bytes);
    let input = |random: &mut Random| {
        let mut bytes = random.choose(&seeds).clone().into_bytes();
        if random.below(3) == 0 {
            bytes.push(b' ');
            bytes.extend(random.choose(&seeds).bytes());
        }
        mutate(random, &mut bytes, &words);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        // May be beyond the end, or inside a character.
        let cursor = random.below(text.len() + 2);
        (text, cursor)
    };
    let read = |(text, cursor): &(String, usize)| read(text, *cursor, context);
    fuzz(3_000, input, read, |input| format!("{input:?}"));
}
