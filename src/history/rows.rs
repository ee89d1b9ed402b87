//! The rows by slot, in blocks that moments share.
//!
//! In: rows, one slot at a time. Out: [`Rows`], of which a copy costs a pointer for each block. A
//! block in which nothing changes is the same one in every moment; the first change to a block that
//! a moment holds copies that block, 2 KiB, and nothing else.

use std::sync::Arc;

use crate::history::tracked::{Slot, Tracked};

/// Rows in a block. Half as many would be less to copy where few rows change, and twice as many
/// pointers to copy for every moment.
const BLOCK: usize = 256;

type Block = [Option<Arc<Tracked>>; BLOCK];

/// Rows by [`Slot`]; `None` where a slot is free.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    blocks: Vec<Arc<Block>>,
    slots: usize,
}

impl Rows {
    /// How many slots there are, the free ones included.
    pub const fn slots(&self) -> usize {
        self.slots
    }

    /// The row at a slot.
    pub fn get(&self, slot: Slot) -> Option<&Arc<Tracked>> {
        let block = self.blocks.get(slot.index() / BLOCK)?;
        block.get(slot.index() % BLOCK)?.as_ref()
    }

    /// Every row, in the order of the slots.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Tracked>> {
        self.blocks.iter().flat_map(|block| block.iter().flatten())
    }

    /// How many blocks of the two are not the same ones: what the older keeps in memory for itself.
    pub fn blocks_unlike(&self, other: &Self) -> usize {
        let same = self.blocks.iter().zip(&other.blocks);
        let same = same.filter(|(a, b)| Arc::ptr_eq(a, b)).count();
        self.blocks.len() - same
    }

    /// The slots at which the other does not have the same row.
    pub(super) fn unlike<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = Unlike<'a>> {
        let blocks = self.blocks.len().max(other.blocks.len());
        let pairs = (0..blocks).map(|at| (at, self.blocks.get(at), other.blocks.get(at)));
        let unlike = pairs.filter(|(_, a, b)| match (a, b) {
            (Some(a), Some(b)) => !Arc::ptr_eq(a, b),
            _ => true,
        });
        unlike.flat_map(|(at, a, b)| {
            (0..BLOCK).filter_map(move |place| {
                let row = |block: Option<&'a Arc<Block>>| block?.get(place)?.as_ref();
                let (here, there) = (row(a), row(b));
                let same = match (here, there) {
                    (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                    (a, b) => a.is_none() && b.is_none(),
                };
                let slot = Slot((at * BLOCK + place) as u32);
                (!same).then_some(Unlike { slot, here })
            })
        })
    }

    /// Leaves the slots from here on away.
    pub(super) fn truncate(&mut self, slots: usize) {
        if slots >= self.slots {
            return;
        }
        self.blocks.truncate(slots.div_ceil(BLOCK));
        self.slots = slots;
    }

    /// A slot behind all others.
    pub(super) fn push(&mut self) -> Slot {
        if self.slots.is_multiple_of(BLOCK) {
            self.blocks.push(Arc::new([const { None }; BLOCK]));
        }
        self.slots += 1;
        Slot((self.slots - 1) as u32)
    }

    /// The place at a slot, to be changed.
    pub(super) fn place(&mut self, slot: Slot) -> Option<&mut Option<Arc<Tracked>>> {
        let block = self.blocks.get_mut(slot.index() / BLOCK)?;
        Arc::make_mut(block).get_mut(slot.index() % BLOCK)
    }

    /// The row at a slot, to be changed; a moment that holds the old one keeps it.
    pub(super) fn row_mut(&mut self, slot: Slot) -> Option<&mut Tracked> {
        self.place(slot)?.as_mut().map(Arc::make_mut)
    }
}

/// A slot at which two lists of rows differ.
pub(super) struct Unlike<'a> {
    pub(super) slot: Slot,
    /// What the first has.
    pub(super) here: Option<&'a Arc<Tracked>>,
}

impl FromIterator<Tracked> for Rows {
    /// Gives each the next slot.
    fn from_iter<I: IntoIterator<Item = Tracked>>(rows: I) -> Self {
        let mut all = Self::default();
        for row in rows {
            let slot = all.push();
            if let Some(place) = all.place(slot) {
                *place = Some(Arc::new(Tracked { slot, ..row }));
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Endpoint;
    use crate::history::{Evidence, Flow, Ownership, Side, Since};
    use crate::port::Port;
    use crate::socket::{Socket, Transport};
    use std::time::Duration;

    fn row(port: u16) -> Tracked {
        let local = Endpoint::new([127, 0, 0, 1].into(), Port(port));
        let socket = Socket::new(Transport::Udp, local, None);
        let since = Since::Seen(Duration::ZERO);
        Tracked {
            key: socket.key(),
            slot: Slot(0),
            socket,
            ownership: Ownership::Untold,
            side: Side::Listening,
            evidence: Evidence::State,
            first_seen: since,
            state_since: since,
            path: Vec::new(),
            stall: crate::history::Stall::default(),
            peer: None,
            flow: Flow::default(),
            mark: None,
        }
    }

    fn ports(rows: &Rows) -> Vec<u16> {
        rows.iter().map(|row| row.local_port().0).collect()
    }

    #[test]
    fn a_change_is_not_seen_by_whoever_has_a_copy_and_costs_one_block() {
        let before: Rows = (0..700).map(row).collect();
        let mut now = before.clone();
        assert_eq!((before.slots(), now.blocks_unlike(&before)), (700, 0));
        now.row_mut(Slot(300)).unwrap().socket.local.port = Port(9);
        *now.place(Slot(301)).unwrap() = None;
        assert_eq!(before.get(Slot(300)).unwrap().local_port(), Port(300));
        assert_eq!(now.get(Slot(300)).unwrap().local_port(), Port(9));
        assert_eq!((ports(&before).len(), ports(&now).len()), (700, 699));
        assert_eq!(now.blocks_unlike(&before), 1);
        let unchanged = |slot| Arc::ptr_eq(now.get(slot).unwrap(), before.get(slot).unwrap());
        assert!(unchanged(Slot(0)) && unchanged(Slot(299)) && unchanged(Slot(699)));
        assert!(now.get(Slot(301)).is_none() && now.get(Slot(700)).is_none());
        assert_eq!(ports(&before), (0..700).collect::<Vec<_>>());
    }
}
