//! Recording from the dashboard: a menu chooses what to record.

use std::sync::Arc;

use super::app::App;
use crate::filter::quick_filter::QuickFilter;
use crate::tui::effect::{Effect, RecordingRequest, Redaction};
use crate::tui::keys::key::Key;
use crate::tui::state::menu::{Menu, MenuAnchor, MenuItem};
use crate::tui::state::view_state::{Mode, RecordingStatus};

impl App {
    /// Opens the record menu, or stops the recording in progress.
    pub(crate) fn toggle_recording(&mut self) -> Vec<Effect> {
        if self.view.playback.is_some() {
            self.set_status("cannot record a replay");
            return Vec::new();
        }
        if self.view.recording.is_some() {
            return vec![Effect::StopRecording];
        }
        self.recording_choices = self.recording_options();
        let item = |(request, number): (&RecordingRequest, usize)| MenuItem {
            text: describe(request),
            count_or_key: number.to_string(),
            description: match request.redaction {
                Redaction::Off => "a file only you can read".into(),
                Redaction::On => "for sharing".into(),
            },
        };
        self.view.menu = Some(Menu {
            title: "record to a new file here".into(),
            items: self.recording_choices.iter().zip(1..).map(item).collect(),
            selected: Some(0),
            anchor: MenuAnchor::Row,
            hidden_count: 0,
        });
        self.view.mode = Mode::RecordMenu;
        Vec::new()
    }

    fn recording_options(&self) -> Vec<RecordingRequest> {
        let everything = RecordingRequest {
            filter: Arc::default(),
            text: String::new(),
            quick_filter: QuickFilter::default(),
            redaction: Redaction::Off,
        };
        let filtered = RecordingRequest {
            filter: Arc::clone(&self.filter),
            text: match &self.view.filter {
                // While the text has an error, the last valid filter applies.
                line if line.error.is_some() => line.last_valid.clone(),
                line => line.text.clone(),
            },
            quick_filter: self.view.quick_filter,
            redaction: Redaction::Off,
        };
        let is_everything =
            filtered.filter.is_empty() && filtered.quick_filter == QuickFilter::default();
        let filtered = Some(filtered).filter(|_| !is_everything);
        let plain = [Some(everything), filtered].into_iter().flatten();
        let redacted = plain.clone().map(|request| RecordingRequest {
            redaction: Redaction::On,
            ..request
        });
        plain.chain(redacted).collect()
    }

    pub(crate) fn handle_record_menu_key(&mut self, key: Option<Key>) -> Vec<Effect> {
        let Some(menu) = &mut self.view.menu else {
            return self.close_menu();
        };
        let selected = match key {
            Some(Key::Ctrl('c')) => return vec![Effect::Quit],
            Some(Key::Ctrl('z')) => return vec![Effect::Suspend],
            Some(Key::Down | Key::Tab | Key::Char('j') | Key::Ctrl('n')) => {
                menu.select_next();
                return Vec::new();
            }
            Some(Key::Up | Key::BackTab | Key::Char('k') | Key::Ctrl('p')) => {
                menu.select_previous();
                return Vec::new();
            }
            Some(Key::Enter) => menu.selected,
            Some(Key::Char(digit @ '1'..='9')) => digit.to_digit(10).map(|d| d as usize - 1),
            _ => return self.close_menu(),
        };
        let Some(request) = selected
            .and_then(|selected| self.recording_choices.get(selected))
            .cloned()
        else {
            return Vec::new();
        };
        self.close_menu();
        self.error_message = None;
        vec![Effect::StartRecording(request)]
    }

    /// Sets the status of the recording; `None` when it has ended.
    pub(crate) fn set_recording_status(&mut self, status: Option<RecordingStatus>) {
        self.view.recording = status;
    }

    /// Shows why the recording ended early, until the next recording starts.
    pub(crate) fn recording_failed(&mut self, why: String) {
        self.view.recording = None;
        self.set_error(why);
    }
}

fn describe(request: &RecordingRequest) -> String {
    let what = match (
        request.text.as_str(),
        request.quick_filter == QuickFilter::default(),
    ) {
        ("", true) => "everything".into(),
        ("", false) => "what the quick filters show".into(),
        (text, _) => format!("what matches: {text}"),
    };
    match request.redaction {
        Redaction::Off => what,
        Redaction::On => format!("{what}, with pseudonyms for names and addresses"),
    }
}
