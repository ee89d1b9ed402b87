//! The index of a row in the row store.

/// The place of a row in every [`Moment`](super::moment::Moment) it is part of. Stable for as
/// long as the row is shown, used again afterwards: an address, not an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub u32);
impl Slot {
    /// As an index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}
