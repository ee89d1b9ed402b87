//! The looks at many sockets: what they show is asked for while one of them is open.

use super::{App, Effect};
use crate::query::{LineId, Scope};
use crate::view::{Details, Look};

impl App {
    /// Of what a survey is shown: of the group under the cursor, or around the row there.
    pub(super) fn surveyed(&self) -> Option<Scope> {
        if self.view.look == Look::Words {
            return None;
        }
        if self.view.course.is_some() {
            return Some(Scope::Everything);
        }
        Some(match self.view.selected {
            Some(LineId::Group(path)) => Scope::Group(path),
            Some(LineId::Row { group, .. }) => group.map_or(Scope::Everything, Scope::Group),
            Some(LineId::Section(_)) | None => Scope::Everything,
        })
    }

    /// Asks for another survey, where the cursor is on another group.
    pub(super) fn survey_again(&mut self, effects: &mut Vec<Effect>) {
        let wanted = self.surveyed();
        if wanted != self.asked_survey {
            self.asked_survey = wanted;
            self.view.survey = None;
            if !effects.contains(&Effect::Ask) {
                effects.push(Effect::Ask);
            }
        }
    }

    /// The next look.
    pub(super) fn next_look(&mut self) {
        self.view.details = Details::Brief;
        self.view.look = self.view.look.next();
        self.keep_cursor_visible();
    }
}
