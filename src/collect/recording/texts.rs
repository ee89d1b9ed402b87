//! Texts that are written once: names, command lines, paths.

use std::sync::Arc;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::{MOST_ENTRIES, Nonsense};
use crate::text;

/// The number of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Text(u32);

/// The longest text that is kept as it is, and the most bytes of all texts together.
const LONGEST: usize = 64 << 10;
const MOST_BYTES: usize = 128 << 20;

/// The texts since the keyframe, for whoever writes.
#[derive(Debug, Default)]
pub(super) struct Written {
    numbers: HashMap<Arc<str>, u32>,
    fresh: Vec<Arc<str>>,
}

impl Written {
    /// The number of a text; a new one where it is new.
    pub(super) fn number(&mut self, text: &str) -> Text {
        if let Some(number) = self.numbers.get(text) {
            return Text(*number);
        }
        let number = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        let text: Arc<str> = text.into();
        self.numbers.insert(Arc::clone(&text), number);
        self.fresh.push(text);
        Text(number)
    }

    /// The texts that were new since this was last asked.
    pub(super) fn fresh(&mut self) -> Vec<Arc<str>> {
        std::mem::take(&mut self.fresh)
    }
}

/// The texts since the keyframe, for whoever reads.
#[derive(Debug, Default)]
pub(super) struct Read {
    texts: Vec<Arc<str>>,
    bytes: usize,
}

impl Read {
    /// Takes up new ones.
    pub(super) fn add(&mut self, fresh: Vec<String>) -> Result<(), Nonsense> {
        self.bytes += fresh.iter().map(String::len).sum::<usize>();
        if self.texts.len() + fresh.len() > MOST_ENTRIES || self.bytes > MOST_BYTES {
            return Err(Nonsense);
        }
        self.texts.extend(fresh.into_iter().map(|text| safe(&text)));
        Ok(())
    }

    /// The text with this number.
    pub(super) fn get(&self, text: Text) -> Result<Arc<str>, Nonsense> {
        let index = usize::try_from(text.0).map_err(|_| Nonsense)?;
        self.texts.get(index).map(Arc::clone).ok_or(Nonsense)
    }
}

/// The text, safe to show. What was safe when it was recorded comes back unchanged.
pub(super) fn safe(text: &str) -> Arc<str> {
    match text.len() <= LONGEST && text::is_readable(text) {
        true => text.into(),
        false => text::readable(text.as_bytes()),
    }
}
