//! Tables of strings that are written once: names, command lines, paths.

use std::sync::Arc;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::format::{InvalidData, MAX_ENTRIES};
use crate::text::sanitize;

/// The number of a string in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StringId(u32);

/// The longest string kept unchanged, and the maximum total size, in bytes.
const MAX_TEXT_LEN: usize = 64 << 10;
const MAX_TOTAL_LEN: usize = 128 << 20;

/// The strings written since the last keyframe.
#[derive(Debug, Default)]
pub(crate) struct StringTableWriter {
    ids: HashMap<Arc<str>, u32>,
    new_strings: Vec<Arc<str>>,
}

impl StringTableWriter {
    /// Returns the number of `text`, adding it if it is new.
    pub(crate) fn intern(&mut self, text: &str) -> StringId {
        if let Some(id) = self.ids.get(text) {
            return StringId(*id);
        }
        let id = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
        let text: Arc<str> = text.into();
        self.ids.insert(Arc::clone(&text), id);
        self.new_strings.push(text);
        StringId(id)
    }

    /// Returns the strings added since the previous call.
    pub(crate) fn take_new(&mut self) -> Vec<Arc<str>> {
        std::mem::take(&mut self.new_strings)
    }
}

/// The strings read since the last keyframe.
#[derive(Debug, Default)]
pub(crate) struct StringTableReader {
    strings: Vec<Arc<str>>,
    total_len: usize,
}

impl StringTableReader {
    /// Appends new strings; fails beyond [`MAX_ENTRIES`] or the maximum total size.
    pub(crate) fn extend(&mut self, new_strings: Vec<String>) -> Result<(), InvalidData> {
        self.total_len += new_strings.iter().map(String::len).sum::<usize>();
        if self.strings.len() + new_strings.len() > MAX_ENTRIES || self.total_len > MAX_TOTAL_LEN {
            return Err(InvalidData);
        }
        self.strings
            .extend(new_strings.into_iter().map(|text| sanitize_stored(&text)));
        Ok(())
    }

    /// Returns the string with this number.
    pub(crate) fn get(&self, text: StringId) -> Result<Arc<str>, InvalidData> {
        let index = usize::try_from(text.0).map_err(|_| InvalidData)?;
        self.strings.get(index).map(Arc::clone).ok_or(InvalidData)
    }
}

/// Sanitises a string from a file. A string sanitised before it was recorded is returned unchanged.
pub(crate) fn sanitize_stored(text: &str) -> Arc<str> {
    match text.len() <= MAX_TEXT_LEN && sanitize::is_sanitized(text) {
        true => text.into(),
        false => sanitize::sanitize(text.as_bytes()),
    }
}
