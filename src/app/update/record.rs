//! Recording from the dashboard: what is to be recorded is chosen from a list.

use std::sync::Arc;

use super::{App, Effect};
use crate::query::{Filter, Narrow};
use crate::view::keys::Key;
use crate::view::{Anchor, Item, Menu, Mode, Tape};

/// What is done with names and addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// They are kept.
    AsItIs,
    /// They are replaced by pseudonyms.
    Redacted,
}

/// What is to be recorded.
#[derive(Clone, Debug)]
pub struct Take {
    /// The sockets.
    pub filter: Arc<Filter>,
    /// As it was typed.
    pub text: String,
    /// The switches.
    pub narrow: Narrow,
    /// What is done with names.
    pub what: What,
}

/// Two takes are the same if they ask for the same, in the same words.
impl PartialEq for Take {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, self.narrow, self.what) == (&other.text, other.narrow, other.what)
    }
}

impl Eq for Take {}

impl App {
    /// Begins, or ends what was begun.
    pub(super) fn record(&mut self) -> Vec<Effect> {
        if self.view.playback.is_some() {
            self.say("this is a recording already");
            return Vec::new();
        }
        if self.view.tape.is_some() {
            return vec![Effect::StopRecording];
        }
        self.takes = self.possible_takes();
        let item = |(take, number): (&Take, usize)| Item {
            text: words(take),
            figure: number.to_string(),
            note: match take.what {
                What::AsItIs => "a file only you can read".into(),
                What::Redacted => "to give away".into(),
            },
        };
        self.view.menu = Some(Menu {
            title: "record into a new file here".into(),
            items: self.takes.iter().zip(1..).map(item).collect(),
            chosen: Some(0),
            anchor: Anchor::Row,
            more: 0,
        });
        self.view.mode = Mode::Record;
        Vec::new()
    }

    fn possible_takes(&self) -> Vec<Take> {
        let everything = Take {
            filter: Arc::default(),
            text: String::new(),
            narrow: Narrow::default(),
            what: What::AsItIs,
        };
        let found = Take {
            filter: Arc::clone(&self.filter),
            text: match &self.view.filter {
                // The last good one is in force while another is typed.
                line if line.error.is_some() => line.good.clone(),
                line => line.text.clone(),
            },
            narrow: self.view.narrow,
            what: What::AsItIs,
        };
        let is_everything = found.filter.is_empty() && found.narrow == Narrow::default();
        let found = Some(found).filter(|_| !is_everything);
        let plain = [Some(everything), found].into_iter().flatten();
        let redacted = plain.clone().map(|take| Take {
            what: What::Redacted,
            ..take
        });
        plain.chain(redacted).collect()
    }

    pub(super) fn in_record(&mut self, key: Option<Key>) -> Vec<Effect> {
        let Some(menu) = &mut self.view.menu else {
            return self.close_menu();
        };
        let chosen = match key {
            Some(Key::Ctrl('c')) => return vec![Effect::Quit],
            Some(Key::Ctrl('z')) => return vec![Effect::Suspend],
            Some(Key::Down | Key::Tab | Key::Char('j') | Key::Ctrl('n')) => {
                menu.next();
                return Vec::new();
            }
            Some(Key::Up | Key::BackTab | Key::Char('k') | Key::Ctrl('p')) => {
                menu.previous();
                return Vec::new();
            }
            Some(Key::Enter) => menu.chosen,
            Some(Key::Char(digit @ '1'..='9')) => digit.to_digit(10).map(|d| d as usize - 1),
            _ => return self.close_menu(),
        };
        let Some(take) = chosen.and_then(|chosen| self.takes.get(chosen)).cloned() else {
            return Vec::new();
        };
        self.close_menu();
        self.trouble = None;
        vec![Effect::Record(take)]
    }

    /// How the recording goes; `None` when it is over.
    pub(in crate::app) fn recording(&mut self, tape: Option<Tape>) {
        self.view.tape = tape;
    }

    /// The recording ended before somebody wanted it to: that stays until one records again.
    pub(in crate::app) fn recording_failed(&mut self, why: String) {
        self.view.tape = None;
        self.troubled(why);
    }
}

fn words(take: &Take) -> String {
    let what = match (take.text.as_str(), take.narrow == Narrow::default()) {
        ("", true) => "everything".into(),
        ("", false) => "what the switches let through".into(),
        (text, _) => format!("what the filter finds: {text}"),
    };
    match take.what {
        What::AsItIs => what,
        What::Redacted => format!("{what}, with pseudonyms for names and addresses"),
    }
}
