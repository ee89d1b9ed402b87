//! Every text is there, can be filled in, and says where it comes from.

use std::collections::BTreeSet;

use super::{each, given, ways};
use crate::teach::lessons::{Fact, Form, LESSONS, Lesson, Piece, Question, Step, Truth, pieces};

/// All that is said of a step once it was done.
fn said_after(step: &'static Step) -> Vec<&'static str> {
    let facts = step.explanation.iter().map(|fact| fact.text);
    let claims = step.claims.iter().map(|claim| claim.what);
    let proofs = step.questions.iter().flat_map(proofs);
    facts.chain(claims).chain(proofs).collect()
}

fn proofs(question: &'static Question) -> Vec<&'static str> {
    match question.form {
        Form::Number { proof, .. } => vec![proof],
        Form::Choices(choices) => choices.iter().map(|choice| choice.proof).collect(),
    }
}

/// All that is asked before.
fn asked_before(step: &'static Step) -> Vec<&'static str> {
    let texts = |question: &'static Question| {
        let mut texts = vec![question.text];
        texts.extend(question.hints);
        if let Form::Choices(choices) = question.form {
            texts.extend(choices.iter().map(|choice| choice.text));
        }
        texts
    };
    step.questions.iter().flat_map(texts).collect()
}

fn facts(lesson: &'static Lesson) -> impl Iterator<Item = &'static Fact> {
    let steps = lesson.steps.iter().flat_map(|step| step.explanation);
    steps.chain(lesson.explanation).chain(lesson.why)
}

/// Blanks that are no name.
const WORDS: [&str; 2] = ["outcome", "rows"];

fn assert_fillable(text: &str, names: &BTreeSet<String>, place: &str) {
    for piece in pieces(text) {
        let Piece::Blank(blank) = piece else {
            continue;
        };
        let named = |name: &str| name.is_empty() || names.contains(name);
        let known = match blank.split_once('>') {
            Some((local, remote)) => names.contains(local) && named(remote),
            None => WORDS.contains(&blank) || names.contains(blank),
        };
        assert!(known, "{place}: {{{blank}}} in: {text}");
    }
}

#[test]
fn every_blank_is_a_name_that_is_known_by_then() {
    for lesson in LESSONS {
        for way in ways(lesson) {
            let mut names: BTreeSet<String> = BTreeSet::new();
            for step in way {
                let place = format!("lesson {}: {}", lesson.number, step.title);
                for text in asked_before(step) {
                    assert_fillable(text, &names, &place);
                    assert!(!text.contains("{outcome}"), "{place}: {text}");
                }
                names.extend(each(step).flat_map(|(deed, n)| given(deed, n)));
                for text in said_after(step) {
                    assert_fillable(text, &names, &place);
                }
            }
            for fact in lesson.explanation.iter().chain(lesson.why) {
                assert_fillable(fact.text, &names, lesson.title);
            }
        }
    }
}

#[test]
fn no_text_is_empty_and_no_name_stands_in_the_open() {
    for lesson in LESSONS {
        let steps = lesson.steps.iter();
        let mut texts: Vec<&str> = vec![lesson.title, lesson.idea];
        texts.extend(lesson.dispels);
        texts.extend(facts(lesson).map(|fact| fact.text));
        texts.extend(steps.clone().map(|step| step.title));
        texts.extend(steps.clone().flat_map(said_after));
        texts.extend(steps.flat_map(asked_before));
        for text in texts {
            assert_eq!(text, text.trim(), "lesson {}", lesson.number);
            assert!(!text.is_empty(), "lesson {}", lesson.number);
            for piece in pieces(text) {
                let Piece::Plain(plain) = piece else {
                    continue;
                };
                let words = plain.split(|c: char| !c.is_alphanumeric());
                // C1, P2: what a name stands for is a number on this machine.
                let mut bare = words.filter(|word| {
                    let mut letters = word.chars();
                    let first = letters.next().is_some_and(|c| c.is_ascii_uppercase());
                    word.len() > 1 && first && letters.all(|c| c.is_ascii_digit())
                });
                assert_eq!(bare.next(), None, "lesson {}: {text}", lesson.number);
            }
        }
    }
}

#[test]
fn every_fact_says_where_it_is_written() {
    let places = [
        "RFC ",
        "IANA, ",
        "Kurose and Ross, ",
        "ip-sysctl",
        "include/net/",
        "Rust, ",
        "seen on Linux ",
    ];
    // socket(2), ip(7), IP_LOCAL_PORT_RANGE(2const)
    let is_page = |part: &str| {
        let section = part.split_once('(').map(|(_, section)| section);
        section.is_some_and(|section| section.starts_with(|c: char| c.is_ascii_digit()))
    };
    for lesson in LESSONS {
        for fact in facts(lesson) {
            assert!(fact.text.ends_with(['.', '!', '?', ')']), "{}", fact.text);
            for part in fact.source.split("; ") {
                let known = places.iter().any(|place| part.starts_with(place)) || is_page(part);
                assert!(known, "{part:?} for: {}", fact.text);
            }
        }
    }
}

#[test]
fn every_lesson_asks_before_it_shows_and_explains_afterwards() {
    for lesson in LESSONS {
        let asked = lesson.steps.iter().flat_map(|step| step.questions).count();
        assert!(asked >= 3, "lesson {}", lesson.number);
        assert!(!lesson.dispels.is_empty() && !lesson.explanation.is_empty());
        assert!(!lesson.why.is_empty() && lesson.idea.ends_with('.'));
        for step in lesson.steps {
            assert!(!step.explanation.is_empty() && !step.deeds.is_empty());
        }
    }
}

#[test]
fn every_question_has_one_right_answer_and_three_hints() {
    for question in LESSONS
        .iter()
        .flat_map(|lesson| lesson.steps)
        .flat_map(|step| step.questions)
    {
        let hints: BTreeSet<&str> = question.hints.into_iter().collect();
        assert_eq!(hints.len(), 3, "{}", question.text);
        assert!(!question.answer().is_empty(), "{}", question.text);
        if let Form::Choices(choices) = question.form {
            let right = choices.iter().filter(|c| c.truth == Truth::Right).count();
            assert_eq!(right, 1, "{}", question.text);
            assert!(choices.len() >= 2, "{}", question.text);
            let texts: BTreeSet<&str> = choices.iter().map(|choice| choice.text).collect();
            assert_eq!(texts.len(), choices.len(), "{}", question.text);
        }
    }
}

#[test]
fn every_proof_points_at_something_seen() {
    for question in LESSONS
        .iter()
        .flat_map(|lesson| lesson.steps)
        .flat_map(|step| step.questions)
    {
        for proof in proofs(question) {
            let seen = pieces(proof)
                .iter()
                .any(|piece| matches!(piece, Piece::Blank(_)));
            // What cannot be there, an address or a row, is named in words.
            assert!(seen || proof.contains("row"), "{proof}");
        }
    }
}
