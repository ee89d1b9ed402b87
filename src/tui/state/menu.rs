//! A menu drawn over the table.

/// An item of a [`Menu`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MenuItem {
    pub text: String,
    /// The number of rows it matches, or the key that chooses it.
    pub count_or_key: String,
    pub description: String,
}

/// Where the box is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MenuAnchor {
    /// Under the input line, at this byte of the filter.
    Input(usize),
    /// Below or above the row under the cursor.
    #[default]
    Row,
}

/// A list of items, at most one of them selected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Menu {
    /// The title; under the input line it is shown only if there are no items.
    pub title: String,
    pub items: Vec<MenuItem>,
    /// The index of the selected item.
    pub selected: Option<usize>,
    pub anchor: MenuAnchor,
    /// The number of further items that are not in the list.
    pub hidden_count: usize,
}

impl Menu {
    /// Selects the next item; after the last comes the first.
    pub fn select_next(&mut self) {
        let count = self.items.len().max(1);
        self.selected = Some(self.selected.map_or(0, |selected| (selected + 1) % count));
    }

    /// Selects the previous item; before the first comes the last.
    pub fn select_previous(&mut self) {
        let count = self.items.len().max(1);
        let before = self
            .selected
            .map_or(count - 1, |selected| (selected + count - 1) % count);
        self.selected = Some(before);
    }
}
