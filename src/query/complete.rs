//! What may be typed next: fields, words with a meaning, and the values that are there now.
//!
//! In: a moment, the switches and what is being typed. Out: a [`Completion`]: candidates as the
//! language writes them, each with how many open sockets it is about, the best first. It walks
//! over every row, so the thread that answers does it, and only when it was asked for.

mod values;

use std::ops::Range;

use self::values::Values;
use super::Narrow;
use super::filter::tree::{Condition, Flag};
use super::filter::{
    Context, Dimension, Expected, FIELDS, Field, FieldKind, KEYWORDS, Measure, What, expected,
};

/// A place in a text that is being typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// All of the text.
    pub text: String,
    /// Where the cursor is, in bytes.
    pub cursor: usize,
}

/// One way to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What is inserted: in quotes where the language wants them.
    pub text: String,
    /// How many open sockets it is about; `None` for what is not about any by itself.
    pub count: Option<usize>,
    /// What it is, in words.
    pub what: String,
    /// How well it fits what was typed.
    fit: Fit,
}

/// How well a candidate fits: what begins so comes before what only contains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Begins,
    Contains,
}

/// The ways to go on from a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The place it was made for.
    pub typed: Typed,
    /// The part of the text a candidate takes the place of.
    pub replace: Range<usize>,
    /// The best first, and only so many as anybody looks through.
    pub candidates: Vec<Candidate>,
    /// How many more there are.
    pub more: usize,
    /// How all of them begin, where that is more than what was typed.
    pub common: Option<String>,
}

/// The most candidates handed on: more than anybody looks through.
const MOST: usize = 100;

/// Finds the ways to go on.
pub fn complete(typed: &Typed, context: Context<'_>, narrow: Narrow) -> Completion {
    let Expected {
        replace,
        typed: part,
        what,
    } = expected(&typed.text, typed.cursor);
    let values = Values::new(context, narrow);
    let mut finder = Finder {
        part: part.to_lowercase(),
        found: Vec::new(),
    };
    match what {
        What::Word => {
            let head = typed.text.get(..replace.start).unwrap_or("");
            finder.words(head, &values);
            // What is not there is offered only to whoever begins to type it.
            let found = &mut finder.found;
            found.retain(|c| c.count != Some(0) || c.fit == Fit::Begins);
        }
        What::Text => finder.names(&values),
        What::Value(field) => finder.values(field, &values),
        What::Pattern(_) | What::Nothing => {}
    }
    let mut candidates = finder.found;
    // The order in which fields were found is that of their table; it stays among equals.
    candidates.sort_by(|a, b| {
        let fields_first = a.count.is_some().cmp(&b.count.is_some());
        let by_count = b.count.cmp(&a.count);
        let by_name = match a.count {
            Some(_) => natural(&a.text).cmp(&natural(&b.text)),
            None => std::cmp::Ordering::Equal,
        };
        a.fit
            .cmp(&b.fit)
            .then(fields_first)
            .then(by_count)
            .then(by_name)
    });
    candidates.dedup_by(|a, b| a.text == b.text);
    let common = common(&candidates, &part);
    let more = candidates.len().saturating_sub(MOST);
    candidates.truncate(MOST);
    Completion {
        typed: typed.clone(),
        replace,
        candidates,
        more,
        common,
    }
}

/// Numbers in the order of numbers: `80` before `443`.
fn natural(text: &str) -> (u64, &str) {
    (text.parse().unwrap_or(u64::MAX), text)
}

/// How all candidates begin, if that says more than what was typed and does not contradict it.
fn common(candidates: &[Candidate], part: &str) -> Option<String> {
    let (first, rest) = candidates.split_first()?;
    let mut common = first.text.as_str();
    for candidate in rest {
        let same = common
            .char_indices()
            .zip(candidate.text.chars())
            .take_while(|((_, a), b)| a == b)
            .last()
            .map_or(0, |((at, c), _)| at + c.len_utf8());
        common = common.get(..same)?;
    }
    let bare = common.strip_prefix('"').unwrap_or(common);
    let grows = bare.chars().count() > part.chars().count();
    let agrees = bare.to_lowercase().starts_with(&part.to_lowercase());
    (grows && agrees).then(|| common.to_owned())
}

struct Finder {
    /// What was typed, in lower case.
    part: String,
    found: Vec<Candidate>,
}

impl Finder {
    /// Takes a candidate up if `spelling`, or the text itself, fits what was typed.
    fn offer(&mut self, text: String, spellings: &[&str], count: Option<usize>, what: &str) {
        let fit = spellings.iter().filter_map(|s| self.fit(s)).min();
        if let Some(fit) = fit {
            self.found.push(Candidate {
                text,
                count,
                what: what.into(),
                fit,
            });
        }
    }

    /// The same, counting only what is taken up.
    fn offer_counted(
        &mut self,
        text: &str,
        spellings: &[&str],
        count: impl FnOnce() -> usize,
        what: &str,
    ) {
        if spellings.iter().any(|s| self.fit(s).is_some()) {
            self.offer(text.into(), spellings, Some(count()), what);
        }
    }

    fn fit(&self, spelling: &str) -> Option<Fit> {
        let spelling = spelling.to_lowercase();
        if spelling.starts_with(&self.part) {
            return Some(Fit::Begins);
        }
        // Part of a number is another number, and one letter is in every name.
        let enough = self.part.chars().count() > 1;
        let number = spelling.bytes().all(|b| b.is_ascii_digit());
        (enough && !number && spelling.contains(&self.part)).then_some(Fit::Contains)
    }

    /// Whatever may stand where a word may.
    fn words(&mut self, head: &str, values: &Values<'_>) {
        for field in &FIELDS {
            // A field is asked for by how it begins; what only contains the letters is noise.
            let begins = |name: &str| name.starts_with(&self.part);
            let fit = match field.name {
                name if begins(name) => Fit::Begins,
                _ if field.aliases.iter().any(|alias| begins(alias)) => Fit::Contains,
                _ => continue,
            };
            self.found.push(Candidate {
                text: format!("{}{}", field.name, sign(field)),
                count: None,
                what: field.words.into(),
                fit,
            });
        }
        let before = head.trim_end();
        let last = before.rsplit([' ', '(']).next().unwrap_or("");
        let open = matches!(
            last.to_lowercase().as_str(),
            "" | "and" | "or" | "not" | "!" | "-"
        );
        if !open {
            self.offer("and".into(), &["and"], None, "both must hold");
            self.offer("or".into(), &["or"], None, "one of them must hold");
        }
        self.offer("not".into(), &["not"], None, "what follows must not hold");
        for keyword in &KEYWORDS {
            let mut spellings = vec![keyword.name];
            spellings.extend(keyword.aliases);
            let flag = [Flag::Closed, Flag::New]
                .into_iter()
                .find(|flag| flag.name() == keyword.name);
            let count = || match flag {
                Some(flag) => values.count(&Condition::Flag(flag)),
                None => values.count_text(keyword.name),
            };
            self.offer_counted(keyword.name, &spellings, count, keyword.words);
        }
        if let Some(state) = Field::of(FieldKind::State) {
            for text in state.values() {
                let is_keyword = KEYWORDS
                    .iter()
                    .any(|k| k.name == *text || k.aliases.contains(text));
                if !is_keyword {
                    let count = || values.count_text(&format!("state:{text}"));
                    self.offer_counted(text, &[text, &joined(text)], count, "a TCP state");
                }
            }
        }
        self.names(values);
    }

    /// Names of every kind.
    fn names(&mut self, values: &Values<'_>) {
        for value in values.names() {
            self.offer(value.text, &[&value.bare], Some(value.count), &value.what);
        }
    }

    fn values(&mut self, field: &'static Field, values: &Values<'_>) {
        for text in field.values() {
            let count = || values.count_text(&format!("{}:{text}", field.name));
            self.offer_counted(text, &[text, &joined(text)], count, "");
        }
        for value in values.of(field) {
            self.offer(value.text, &[&value.bare], Some(value.count), &value.what);
        }
    }
}

/// `close-wait` as `closewait`, which some type.
fn joined(text: &str) -> String {
    text.replace('-', "")
}

/// What most often follows the field.
const fn sign(field: &Field) -> &'static str {
    match field.kind {
        FieldKind::Measure(measure) => match (measure, measure.dimension()) {
            (Measure::Retransmits, _) => ">",
            (_, Dimension::Count) => ":",
            _ => ">",
        },
        _ => ":",
    }
}
