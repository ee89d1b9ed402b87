//! Completes a filter: fields, keywords, and the values that open sockets have now.
//!
//! Takes a moment, the quick filter and the text with its cursor; returns a [`Completion`]:
//! candidates, quoted where necessary, with the number of open sockets each matches, best first. It
//! walks over every row, so it runs on the engine thread and only on request.

mod values;

use std::ops::Range;

use super::ast::{Condition, Flag};
use super::cursor_context::{CompletionKind, CursorContext, cursor_context};
use super::eval::FilterContext;
use super::keywords::KEYWORDS;
use super::quick_filter::QuickFilter;
use crate::fields::{Field, FieldKind, Unit};
use crate::filter::complete::values::ValueSource;

/// The text of the filter line with its cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompletionInput {
    /// The whole text.
    pub text: String,
    /// The cursor as a byte offset.
    pub cursor: usize,
}

/// One completion candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The text to insert, quoted where necessary.
    pub text: String,
    /// The number of open sockets it matches; `None` for fields and operators, which match none alone.
    pub count: Option<usize>,
    /// A short description.
    pub description: String,
    match_rank: MatchRank,
}

/// How well a candidate matches what was typed; prefix matches sort first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum MatchRank {
    Prefix,
    Substring,
}

/// The completion candidates at a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The input it was made for.
    pub input: CompletionInput,
    /// The byte range of the text that a candidate replaces.
    pub replace: Range<usize>,
    /// Best first, at most 100.
    pub candidates: Vec<Candidate>,
    /// The number of candidates beyond those listed.
    pub omitted: usize,
    /// The common prefix of all candidates, if it extends what was typed.
    pub common_prefix: Option<String>,
}

/// Maximum number of candidates returned.
const MAX_CANDIDATES: usize = 100;

/// Returns the completion candidates at the cursor. `quick_filter` limits the rows that are counted.
pub fn complete(
    typed: &CompletionInput,
    context: FilterContext<'_>,
    quick_filter: QuickFilter,
) -> Completion {
    let CursorContext {
        replace,
        typed: part,
        kind: what,
    } = cursor_context(&typed.text, typed.cursor);
    let values = ValueSource::new(context, quick_filter);
    let mut finder = CandidateFinder {
        typed: part.to_lowercase(),
        candidates: Vec::new(),
    };
    match what {
        CompletionKind::Word => {
            let head = typed.text.get(..replace.start).unwrap_or("");
            finder.add_words(head, &values);
            // A candidate without sockets is offered only once its prefix is typed.
            let found = &mut finder.candidates;
            found.retain(|c| c.count != Some(0) || c.match_rank == MatchRank::Prefix);
        }
        CompletionKind::Text => finder.add_names(&values),
        CompletionKind::Value(field) => finder.add_values(field, &values),
        CompletionKind::Pattern(_) | CompletionKind::Nothing => {}
    }
    let mut candidates = finder.candidates;
    // Fields were found in the order of their table; the stable sort keeps it.
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

/// Sorts numbers numerically: `80` before `443`.
fn natural_sort_key(text: &str) -> (u64, &str) {
    (text.parse().unwrap_or(u64::MAX), text)
}

/// Returns the common prefix of all candidates if it extends what was typed.
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
    /// The typed part, in lower case.
    typed: String,
    candidates: Vec<Candidate>,
}

impl CandidateFinder {
    /// Adds a candidate if one of its spellings matches what was typed.
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

    /// Like [`Self::add`], but computes the count only for a candidate that is added.
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
        // No substring match for numbers (part of a number is another number) or a single letter
        // (too many names contain it).
        let enough = self.typed.chars().count() > 1;
        let number = spelling.bytes().all(|b| b.is_ascii_digit());
        (enough && !number && spelling.contains(&self.typed)).then_some(MatchRank::Substring)
    }

    /// Adds everything that is allowed where a word is.
    fn add_words(&mut self, head: &str, values: &ValueSource<'_>) {
        for field in Field::filters_in_order() {
            // Fields match by prefix only; substring matches would be noise.
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
            self.add("and".into(), &["and"], None, "both must match");
            self.add("or".into(), &["or"], None, "at least one must match");
        }
        self.add("not".into(), &["not"], None, "what follows must not match");
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

    /// Adds the process, service, user, unit and container names.
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

/// Returns the spelling without hyphens, as in `closewait`.
fn without_hyphens(text: &str) -> String {
    text.replace('-', "")
}

/// Returns the operator most often used with the field.
const fn usual_operator(field: &Field) -> &'static str {
    match field.kind {
        FieldKind::Number(number) => match number.unit {
            Unit::Id => ":",
            _ => ">",
        },
        _ => ":",
    }
}
