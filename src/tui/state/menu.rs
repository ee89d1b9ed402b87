//! A menu over the table: its items and the selected one.

/// Something to choose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MenuItem {
    /// What is chosen.
    pub text: String,
    /// How many there are, or the key.
    pub count_or_key: String,
    /// What it is, in words.
    pub description: String,
}
/// Where the box stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MenuAnchor {
    /// Under the line that is typed, at this byte of the filter.
    Input(usize),
    /// Beside the row under the cursor.
    #[default]
    Row,
}
/// A list with one of its items chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Menu {
    /// What it is for; under the line that is typed it is only said where nothing is left.
    pub title: String,
    /// What there is to choose.
    pub items: Vec<MenuItem>,
    /// Which one is chosen.
    pub selected: Option<usize>,
    /// Where it stands.
    pub anchor: MenuAnchor,
    /// How many there are besides those of the list.
    pub hidden_count: usize,
}
impl Menu {
    /// Chooses the next one; after the last comes the first.
    pub fn select_next(&mut self) {
        let count = self.items.len().max(1);
        self.selected = Some(self.selected.map_or(0, |selected| (selected + 1) % count));
    }

    /// Chooses the one before; before the first comes the last.
    pub fn select_previous(&mut self) {
        let count = self.items.len().max(1);
        let before = self
            .selected
            .map_or(count - 1, |selected| (selected + count - 1) % count);
        self.selected = Some(before);
    }
}
