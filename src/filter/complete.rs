//! What may be typed next: fields, words with a meaning, and the values that are there now.
//!
//! In: a moment, the switches and what is being typed. Out: a [`Completion`]: candidates as the
//! language writes them, each with how many open sockets it is about, the best first. It walks
//! over every row, so the thread that answers does it, and only when it was asked for.

mod values;

use std::ops::Range;

use super::ast::{Condition, Flag};
use super::cursor_context::{CompletionKind, CursorContext, cursor_context};
use super::eval::FilterContext;
use super::keywords::KEYWORDS;
use super::quick_filter::QuickFilter;
use crate::fields::{Field, FieldKind, Unit};
use crate::filter::complete::values::ValueSource;

/// A place in a text that is being typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompletionInput {
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
    pub description: String,
    /// How well it fits what was typed.
    match_rank: MatchRank,
}

/// How well a candidate fits: what begins so comes before what only contains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum MatchRank {
    Prefix,
    Substring,
}

/// The ways to go on from a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The place it was made for.
    pub input: CompletionInput,
    /// The part of the text a candidate takes the place of.
    pub replace: Range<usize>,
    /// The best first, and only so many as anybody looks through.
    pub candidates: Vec<Candidate>,
    /// How many more there are.
    pub omitted: usize,
    /// How all of them begin, where that is more than what was typed.
    pub common_prefix: Option<String>,
}

/// The most candidates handed on: more than anybody looks through.
const MAX_CANDIDATES: usize = 100;

/// Finds the ways to go on.
pub fn complete(
    typed: &CompletionInput,
    context: FilterContext<'_>,
    narrow: QuickFilter,
) -> Completion {
    let CursorContext {
        replace,
        typed: part,
        kind: what,
    } = cursor_context(&typed.text, typed.cursor);
    let values = ValueSource::new(context, narrow);
    let mut finder = CandidateFinder {
        typed: part.to_lowercase(),
        candidates: Vec::new(),
    };
    match what {
        CompletionKind::Word => {
            let head = typed.text.get(..replace.start).unwrap_or("");
            finder.add_words(head, &values);
            // What is not there is offered only to whoever begins to type it.
            let found = &mut finder.candidates;
            found.retain(|c| c.count != Some(0) || c.match_rank == MatchRank::Prefix);
        }
        CompletionKind::Text => finder.add_names(&values),
        CompletionKind::Value(field) => finder.add_values(field, &values),
        CompletionKind::Pattern(_) | CompletionKind::Nothing => {}
    }
    let mut candidates = finder.candidates;
    // The order in which fields were found is that of their table; it stays among equals.
    candidates.sort_by(|a, b| {
        let fields_first = a.count.is_some().cmp(&b.count.is_some());
        let by_count = b.count.cmp(&a.count);
        let by_name = match a.count {
            Some(_) => natural_sort_key(&a.text).cmp(&natural_sort_key(&b.text)),
            None => std::cmp::Ordering::Equal,
        };
        a.match_rank
            .cmp(&b.match_rank)
            .then(fields_first)
            .then(by_count)
            .then(by_name)
    });
    candidates.dedup_by(|a, b| a.text == b.text);
    let common = common_prefix(&candidates, &part);
    let more = candidates.len().saturating_sub(MAX_CANDIDATES);
    candidates.truncate(MAX_CANDIDATES);
    Completion {
        input: typed.clone(),
        replace,
        candidates,
        omitted: more,
        common_prefix: common,
    }
}

/// Numbers in the order of numbers: `80` before `443`.
fn natural_sort_key(text: &str) -> (u64, &str) {
    (text.parse().unwrap_or(u64::MAX), text)
}

/// How all candidates begin, if that says more than what was typed and does not contradict it.
fn common_prefix(candidates: &[Candidate], part: &str) -> Option<String> {
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

struct CandidateFinder {
    /// What was typed, in lower case.
    typed: String,
    candidates: Vec<Candidate>,
}

impl CandidateFinder {
    /// Takes a candidate up if `spelling`, or the text itself, fits what was typed.
    fn add(&mut self, text: String, spellings: &[&str], count: Option<usize>, what: &str) {
        let match_rank = spellings.iter().filter_map(|s| self.rank(s)).min();
        if let Some(match_rank) = match_rank {
            self.candidates.push(Candidate {
                text,
                count,
                description: what.into(),
                match_rank,
            });
        }
    }

    /// The same, counting only what is taken up.
    fn add_counted(
        &mut self,
        text: &str,
        spellings: &[&str],
        count: impl FnOnce() -> usize,
        what: &str,
    ) {
        if spellings.iter().any(|s| self.rank(s).is_some()) {
            self.add(text.into(), spellings, Some(count()), what);
        }
    }

    fn rank(&self, spelling: &str) -> Option<MatchRank> {
        let spelling = spelling.to_lowercase();
        if spelling.starts_with(&self.typed) {
            return Some(MatchRank::Prefix);
        }
        // Part of a number is another number, and one letter is in every name.
        let enough = self.typed.chars().count() > 1;
        let number = spelling.bytes().all(|b| b.is_ascii_digit());
        (enough && !number && spelling.contains(&self.typed)).then_some(MatchRank::Substring)
    }

    /// Whatever may stand where a word may.
    fn add_words(&mut self, head: &str, values: &ValueSource<'_>) {
        for field in Field::filters_in_order() {
            // A field is asked for by how it begins; what only contains the letters is noise.
            let begins = |name: &str| name.starts_with(&self.typed);
            let match_rank = match field.name {
                name if begins(name) => MatchRank::Prefix,
                _ if field.aliases.iter().any(|alias| begins(alias)) => MatchRank::Substring,
                _ => continue,
            };
            self.candidates.push(Candidate {
                text: format!("{}{}", field.name, usual_operator(field)),
                count: None,
                description: field.description.into(),
                match_rank,
            });
        }
        let before = head.trim_end();
        let last = before.rsplit([' ', '(']).next().unwrap_or("");
        let open = matches!(
            last.to_lowercase().as_str(),
            "" | "and" | "or" | "not" | "!" | "-"
        );
        if !open {
            self.add("and".into(), &["and"], None, "both must hold");
            self.add("or".into(), &["or"], None, "one of them must hold");
        }
        self.add("not".into(), &["not"], None, "what follows must not hold");
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
            self.add_counted(keyword.name, &spellings, count, keyword.description);
        }
        if let Some(state) = Field::for_kind(FieldKind::State) {
            for text in state.values() {
                let is_keyword = KEYWORDS
                    .iter()
                    .any(|k| k.name == *text || k.aliases.contains(text));
                if !is_keyword {
                    let count = || values.count_text(&format!("state:{text}"));
                    self.add_counted(text, &[text, &without_hyphens(text)], count, "a TCP state");
                }
            }
        }
        self.add_names(values);
    }

    /// Names of every kind.
    fn add_names(&mut self, values: &ValueSource<'_>) {
        for value in values.names() {
            self.add(
                value.text,
                &[&value.unquoted],
                Some(value.count),
                &value.description,
            );
        }
    }

    fn add_values(&mut self, field: &'static Field, values: &ValueSource<'_>) {
        for text in field.values() {
            let count = || values.count_text(&format!("{}:{text}", field.name));
            self.add_counted(text, &[text, &without_hyphens(text)], count, "");
        }
        for value in values.for_field(field) {
            self.add(
                value.text,
                &[&value.unquoted],
                Some(value.count),
                &value.description,
            );
        }
    }
}

/// `close-wait` as `closewait`, which some type.
fn without_hyphens(text: &str) -> String {
    text.replace('-', "")
}

/// What most often follows the field.
const fn usual_operator(field: &Field) -> &'static str {
    match field.kind {
        FieldKind::Number(number) => match number.unit {
            Unit::Id => ":",
            _ => ">",
        },
        _ => ":",
    }
}
