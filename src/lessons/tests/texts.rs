//! Tests that every text is there, has only known placeholders, and has a source.

use std::collections::BTreeSet;

use crate::lessons::catalog::LESSONS;
use crate::lessons::lab_view::{TextSegment, text_segments};
use crate::lessons::question::{AnswerFormat, Correctness, LessonQuestion};
use crate::lessons::spec::{Fact, Lesson, LessonStep};
use crate::lessons::tests::{each_action, playthroughs, port_names_given};

/// Returns the texts that are shown after the calls of a step.
fn texts_after_step(step: &'static LessonStep) -> Vec<&'static str> {
    let facts = step.explanation.iter().map(|fact| fact.text);
    let labels = step.expected_counts.iter().map(|count| count.label);
    let proofs = step.questions.iter().flat_map(proofs);
    facts.chain(labels).chain(proofs).collect()
}

fn proofs(question: &'static LessonQuestion) -> Vec<&'static str> {
    match question.answer_format {
        AnswerFormat::Number { proof, .. } => vec![proof],
        AnswerFormat::Choices(choices) => choices.iter().map(|choice| choice.proof).collect(),
    }
}

/// Returns the texts that are shown before the calls of a step.
fn texts_before_step(step: &'static LessonStep) -> Vec<&'static str> {
    let texts = |question: &'static LessonQuestion| {
        let mut texts = vec![question.text];
        texts.extend(question.hints);
        if let AnswerFormat::Choices(choices) = question.answer_format {
            texts.extend(choices.iter().map(|choice| choice.text));
        }
        texts
    };
    step.questions.iter().flat_map(texts).collect()
}

fn all_facts(lesson: &'static Lesson) -> impl Iterator<Item = &'static Fact> {
    let steps = lesson.steps.iter().flat_map(|step| step.explanation);
    steps.chain(lesson.explanation).chain(lesson.background)
}

/// Placeholders that are not port names.
const BUILTIN_PLACEHOLDERS: [&str; 2] = ["outcome", "rows"];

fn assert_placeholders_known(text: &str, names: &BTreeSet<String>, place: &str) {
    for segment in text_segments(text) {
        let TextSegment::Placeholder(placeholder) = segment else {
            continue;
        };
        let named = |name: &str| name.is_empty() || names.contains(name);
        let known = match placeholder.split_once('>') {
            Some((local, remote)) => names.contains(local) && named(remote),
            None => BUILTIN_PLACEHOLDERS.contains(&placeholder) || names.contains(placeholder),
        };
        assert!(known, "{place}: {{{placeholder}}} in: {text}");
    }
}

#[test]
fn placeholders_are_known_when_their_text_is_shown() {
    for lesson in LESSONS {
        for playthrough in playthroughs(lesson) {
            let mut names: BTreeSet<String> = BTreeSet::new();
            for step in playthrough {
                let place = format!("lesson {}: {}", lesson.number, step.title);
                for text in texts_before_step(step) {
                    assert_placeholders_known(text, &names, &place);
                    assert!(!text.contains("{outcome}"), "{place}: {text}");
                }
                names.extend(each_action(step).flat_map(|(action, n)| port_names_given(action, n)));
                for text in texts_after_step(step) {
                    assert_placeholders_known(text, &names, &place);
                }
            }
            for fact in lesson.explanation.iter().chain(lesson.background) {
                assert_placeholders_known(fact.text, &names, lesson.title);
            }
        }
    }
}

#[test]
fn texts_are_not_empty_and_port_names_are_placeholders() {
    for lesson in LESSONS {
        let steps = lesson.steps.iter();
        let mut texts: Vec<&str> = vec![lesson.title, lesson.idea];
        texts.extend(lesson.misconceptions);
        texts.extend(all_facts(lesson).map(|fact| fact.text));
        texts.extend(steps.clone().map(|step| step.title));
        texts.extend(steps.clone().flat_map(texts_after_step));
        texts.extend(steps.flat_map(texts_before_step));
        for text in texts {
            assert_eq!(text, text.trim(), "lesson {}", lesson.number);
            assert!(!text.is_empty(), "lesson {}", lesson.number);
            for segment in text_segments(text) {
                let TextSegment::Literal(plain) = segment else {
                    continue;
                };
                let words = plain.split(|c: char| !c.is_alphanumeric());
                // A bare C1 or P2 would be shown instead of the port number that the name stands
                // for.
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
fn every_fact_has_a_source() {
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
        for fact in all_facts(lesson) {
            assert!(fact.text.ends_with(['.', '!', '?', ')']), "{}", fact.text);
            for part in fact.source.split("; ") {
                let known = places.iter().any(|place| part.starts_with(place)) || is_page(part);
                assert!(known, "{part:?} for: {}", fact.text);
            }
        }
    }
}

#[test]
fn every_lesson_has_questions_and_explanations() {
    for lesson in LESSONS {
        let asked = lesson.steps.iter().flat_map(|step| step.questions).count();
        assert!(asked >= 3, "lesson {}", lesson.number);
        assert!(!lesson.misconceptions.is_empty() && !lesson.explanation.is_empty());
        assert!(!lesson.background.is_empty() && lesson.idea.ends_with('.'));
        for step in lesson.steps {
            assert!(!step.explanation.is_empty() && !step.actions.is_empty());
        }
    }
}

#[test]
fn every_question_has_one_correct_answer_and_three_hints() {
    for question in LESSONS
        .iter()
        .flat_map(|lesson| lesson.steps)
        .flat_map(|step| step.questions)
    {
        let hints: BTreeSet<&str> = question.hints.into_iter().collect();
        assert_eq!(hints.len(), 3, "{}", question.text);
        assert!(!question.correct_answer().is_empty(), "{}", question.text);
        if let AnswerFormat::Choices(choices) = question.answer_format {
            let correct = choices
                .iter()
                .filter(|c| c.correctness == Correctness::Correct)
                .count();
            assert_eq!(correct, 1, "{}", question.text);
            assert!(choices.len() >= 2, "{}", question.text);
            let texts: BTreeSet<&str> = choices.iter().map(|choice| choice.text).collect();
            assert_eq!(texts.len(), choices.len(), "{}", question.text);
        }
    }
}

#[test]
fn every_proof_refers_to_observed_values() {
    for question in LESSONS
        .iter()
        .flat_map(|lesson| lesson.steps)
        .flat_map(|step| step.questions)
    {
        for proof in proofs(question) {
            let has_placeholder = text_segments(proof)
                .iter()
                .any(|segment| matches!(segment, TextSegment::Placeholder(_)));
            // A row that does not exist has no placeholder; the proof names it in words.
            assert!(has_placeholder || proof.contains("row"), "{proof}");
        }
    }
}
