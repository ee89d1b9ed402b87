//! The index of a row in the row store.

/// The index of a row in every [`Moment`](super::moment::Moment) that contains it. It does not
/// change while the row is shown and is reused afterwards, so it is an address, not an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub u32);

impl Slot {
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}
