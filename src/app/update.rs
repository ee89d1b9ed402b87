//! What an input changes: pure, no I/O. What must be done outside comes back as [`Effect`]s.

mod browse;
mod complete;
mod cursor;
mod explain;
mod findings;
mod help;
mod learn;
mod look;
mod palette;
mod pick;
mod quiz;
pub(super) mod recall;
mod record;
mod travel;
mod typing;

use std::sync::Arc;
use std::time::Duration;

use crate::app::input::Input;
use crate::app::model::{About, Published, Question};
use crate::app::tutor::Order;
use crate::collect::Reason;
use crate::query::filter::tree::Condition;
use crate::query::{Answer, Filter, Grouping, Lines, Query, Scope, Typed};
use crate::services::Services;
use crate::teach::{Limits, Progress};
use crate::view::keys::action_of;
use crate::view::{
    Areas, Details, Feed, Look, Mode, Newest, Notice, NoticeKind, Origin, Stage, ViewState,
};

pub use palette::NamedFilter;

pub(super) use cursor::Place;
pub use record::{Take, What};
use travel::END;

/// Something to do outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Ask the model.
    Ask,
    /// Tell the sampler the interval.
    SetInterval(Duration),
    /// Take a sample now.
    LookNow,
    /// Tell the player.
    Play(Pace),
    /// Begin to record.
    Record(Take),
    /// End the recording.
    StopRecording,
    /// Keep this filter for later runs.
    Remember(String),
    /// Keep how far the learner is.
    KeepProgress(Box<Progress>),
    /// Have the lab do this; the news of it have this number.
    Lab(u64, Order),
    /// Copy this text.
    Copy(String),
    /// Stop until continued.
    Suspend,
    /// Paint everything anew.
    Redraw,
    /// End the program.
    Quit,
}

/// What a player is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Go on.
    Go,
    /// Wait.
    Stop,
    /// Show the next sample now.
    Now,
    /// Show the next sample, and wait.
    Next,
    /// Show at once all until this time after the beginning, and wait.
    To(Duration),
    /// Begin anew, and go on from this time after the beginning.
    From(Duration),
    /// Twice as fast.
    Faster,
    /// Half as fast.
    Slower,
}

/// Everything the loop knows.
pub struct App {
    /// What the user looks at.
    pub view: ViewState,
    /// The newest answer fetched.
    pub answer: Option<Arc<Answer>>,
    /// Its lines.
    pub lines: Lines,
    /// The filter in force: the last good one.
    pub filter: Arc<Filter>,
    /// Names of ports.
    pub services: Arc<Services>,
    /// The filters of the configuration.
    pub named: Vec<NamedFilter>,
    /// From where on something is worth a look.
    pub limits: Limits,
    /// What the row the list was opened for is.
    picks: Vec<Condition>,
    /// What may be recorded.
    takes: Vec<Take>,
    /// What the items of the palette do.
    commands: Vec<palette::Command>,
    /// Of what a survey was asked.
    asked_survey: Option<Scope>,
    /// The place for which candidates were asked.
    asked: Option<Typed>,
    /// How often Tab was pressed since.
    tabs: usize,
    /// The candidates.
    choices: complete::Choices,
    /// Earlier filters.
    past: recall::Past,
    /// Where the cursor was in each view.
    places: [Place; 5],
    /// What the next answer keeps in place.
    keep: cursor::Keep,
    /// What is to be done first.
    pub(super) first: Vec<Effect>,
    /// What lessons need besides what is seen of them.
    learner: learn::Learner,
    /// A word on what was just done, until the next key.
    said: Option<String>,
    /// A panic of another thread; stays.
    trouble: Option<String>,
}

impl App {
    /// The program as it opens.
    pub fn new(view: ViewState, filter: Arc<Filter>, services: Arc<Services>) -> Self {
        Self {
            view,
            answer: None,
            lines: Lines::default(),
            filter,
            services,
            named: Vec::new(),
            limits: Limits::USUAL,
            picks: Vec::new(),
            takes: Vec::new(),
            commands: Vec::new(),
            asked_survey: None,
            asked: None,
            tabs: 0,
            choices: complete::Choices::default(),
            past: recall::Past::default(),
            places: [Place::default(); 5],
            keep: cursor::Keep::default(),
            first: Vec::new(),
            learner: learn::Learner::default(),
            said: None,
            trouble: None,
        }
    }

    /// What is to be asked now.
    pub fn question(&self) -> Question {
        Question {
            about: match self.view.feed {
                Feed::Live => About::Newest,
                Feed::Paused { .. } => About::Held,
                // Where a recording goes on by single samples, the last one is what is shown.
                Feed::Past(END) if self.view.playback.is_some() => About::Newest,
                Feed::Past(spot) => About::Past(spot),
            },
            query: Query {
                filter: Arc::clone(&self.filter),
                narrow: self.view.narrow,
                grouping: self.view.grouping,
                order: self.view.order(),
                services: Arc::clone(&self.services),
            },
            folds: self.view.folds.clone(),
            survey: self.surveyed(),
            exam: self.exam(),
            typed: self.asked.clone(),
            limits: self.limits,
            explain: self
                .view
                .explain
                .as_ref()
                .map(|page| (page.subject, page.look)),
        }
    }

    /// What is to be done before anything else.
    pub(super) fn take_first(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.first)
    }

    /// Takes up what the terminal sent.
    pub fn input(&mut self, input: Input) -> Vec<Effect> {
        let mut effects = self.take_up(input);
        self.survey_again(&mut effects);
        effects
    }

    fn take_up(&mut self, input: Input) -> Vec<Effect> {
        match input {
            Input::Resize(columns, rows) => {
                self.view.size = (columns, rows);
                self.keep_cursor_visible();
                vec![Effect::Redraw]
            }
            Input::Wheel(lines) => {
                self.wheel(lines);
                Vec::new()
            }
            Input::Click(column, row) => self.click(column, row),
            Input::Paste(text) => {
                let effects = self.paste(&text);
                self.keep_cursor_visible();
                effects
            }
            Input::Key(key, event) => {
                self.said = None;
                let effects = match self.view.mode {
                    Mode::Filter => self.type_filter(key, &event),
                    Mode::Help { scroll } => self.in_help(key, scroll),
                    Mode::Pick(joining) => self.in_pick(key, joining),
                    Mode::Record => self.in_record(key),
                    Mode::Palette => self.in_palette(key, &event),
                    Mode::Explain => self.in_explain(key),
                    Mode::Findings(chosen) => self.in_findings(key, chosen),
                    Mode::Browse => match self.in_course(key, &event) {
                        Some(effects) => effects,
                        None => key
                            .and_then(action_of)
                            .map(|a| self.act(a))
                            .unwrap_or_default(),
                    },
                };
                self.collect_notices();
                effects
            }
        }
    }

    /// Takes up the filters of earlier runs, the latest first.
    pub fn recalled(&mut self, filters: Vec<String>) {
        self.past.add_earlier(filters);
    }

    /// Takes up an answer; the row under the cursor stays under it.
    #[must_use]
    pub fn answered(&mut self, published: Published) -> Vec<Effect> {
        let newest = &published.newest;
        self.view.newest = Newest {
            totals: newest.totals,
            elapsed: newest.elapsed,
            sample: newest.cost.sample,
            cpu: newest.cost.cpu,
        };
        self.view.kept = published.kept;
        self.arrived(
            published.about,
            published.answer.moment.elapsed,
            published.track,
        );
        self.view.stretched = Some(newest.interval).filter(|real| *real > self.view.interval);
        let grouping = published.answer.grouping;
        if let Some(shown) = self.answer.as_ref().map(|a| a.grouping)
            && shown != grouping
        {
            self.change_place(shown, grouping);
        }
        let folds_changed = published.lines.folds() != &self.view.folds;
        self.lines = match folds_changed {
            true => Lines::new(&published.answer, &self.view.folds),
            false => published.lines,
        };
        self.answer = Some(published.answer);
        self.view.findings = published.findings;
        if let Some(explained) = published.explained {
            self.explained(explained);
        }
        self.find_cursor_again();
        // One that was made of another group's rows is not this group's.
        if let Some((scope, survey)) = published.survey
            && self.surveyed() == Some(scope)
        {
            self.view.survey = Some(survey);
        }
        let mut effects = match published.completion {
            // Asked again without them: the model need not find them for every sample.
            Some(completion) => match self.completed(completion) {
                none if none.is_empty() => vec![Effect::Ask],
                effects => effects,
            },
            None => Vec::new(),
        };
        if let Some(marked) = published.marked {
            effects.extend(self.marked(marked));
        }
        self.survey_again(&mut effects);
        self.collect_notices();
        effects
    }

    /// A panic of another thread.
    pub(super) fn troubled(&mut self, text: String) {
        self.trouble = Some(text);
        self.collect_notices();
    }

    /// The recording is at its end, which is shown from now on; perhaps there is a word on it.
    pub(super) fn played(&mut self, word: Option<String>) {
        if let Some(playback) = &mut self.view.playback {
            playback.stage = Stage::Over;
        }
        if let Some(word) = word {
            self.say(word);
        }
    }

    /// A word on what was just done.
    pub(super) fn say(&mut self, text: impl Into<String>) {
        self.said = Some(text.into());
        self.collect_notices();
    }

    /// What the user should know, the most important first.
    fn collect_notices(&mut self) {
        let notice = |kind, text| Notice { text, kind };
        let mut notices = Vec::new();
        notices.extend(self.trouble.clone().map(|t| notice(NoticeKind::Trouble, t)));
        notices.extend(self.said.clone().map(|t| notice(NoticeKind::Done, t)));
        if let Some(Origin {
            kind,
            reason: reason @ Reason::Fallback(_),
        }) = &self.view.source
        {
            notices.push(notice(
                NoticeKind::Unseen,
                format!("reading {kind} instead: {reason}"),
            ));
        }
        if let Some(answer) = &self.answer {
            let moment = &answer.moment;
            notices.extend(
                moment
                    .gaps
                    .iter()
                    .map(|g| notice(NoticeKind::Unseen, g.to_string())),
            );
            if answer.grouping == Grouping::History {
                let dropped = crate::teach::dropped(self.view.kept);
                notices.extend(dropped.map(|text| notice(NoticeKind::Unseen, text)));
            }
            let hidden = crate::teach::hidden(moment);
            notices.extend(hidden.map(|phrase| notice(NoticeKind::Unseen, phrase.text)));
        }
        self.view.notices = notices;
        self.keep_cursor_visible();
    }

    /// Lines of the table that show.
    fn table_height(&self) -> usize {
        Areas::of(&self.view).table.max(1)
    }

    /// Closes what is open, innermost first.
    fn back(&mut self) -> Vec<Effect> {
        if self.view.details != Details::Brief {
            self.view.details = Details::Brief;
            self.keep_cursor_visible();
            return Vec::new();
        }
        if self.view.look != Look::Words {
            self.view.look = Look::Words;
            self.keep_cursor_visible();
            return Vec::new();
        }
        if self.view.filter.text.is_empty() {
            return match self.view.grouping {
                Grouping::History => self.history(),
                _ => Vec::new(),
            };
        }
        self.view.filter = crate::view::FilterLine::default();
        self.filter = Arc::default();
        vec![Effect::Ask]
    }
}
