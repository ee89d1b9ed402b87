//! Stores rows by slot, in blocks that moments share.
//!
//! A copy of [`SocketRows`] costs a pointer for each block. Moments share a block as long as
//! nothing in it changes; the first change copies that block, 2 KiB, and nothing else.

use std::sync::Arc;

use super::slot::Slot;
use super::tracked_socket::TrackedSocket;

/// Rows per block. With half as many, a change copies less, but every moment copies twice as many
/// pointers.
const BLOCK_LEN: usize = 256;

type RowBlock = [Option<Arc<TrackedSocket>>; BLOCK_LEN];

/// Rows by [`Slot`]; free slots are `None`.
#[derive(Clone, Debug, Default)]
pub struct SocketRows {
    blocks: Vec<Arc<RowBlock>>,
    slot_count: usize,
}

impl SocketRows {
    /// Returns the number of slots, including free ones.
    pub const fn slot_count(&self) -> usize {
        self.slot_count
    }

    /// Returns the row at a slot.
    pub fn get(&self, slot: Slot) -> Option<&Arc<TrackedSocket>> {
        let block = self.blocks.get(slot.index() / BLOCK_LEN)?;
        block.get(slot.index() % BLOCK_LEN)?.as_ref()
    }

    /// Iterates over all rows in slot order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<TrackedSocket>> {
        self.blocks.iter().flat_map(|block| block.iter().flatten())
    }

    /// Returns how many blocks are not shared with `other`: the memory that only this copy keeps.
    pub fn count_different_blocks(&self, other: &Self) -> usize {
        let same = self.blocks.iter().zip(&other.blocks);
        let same = same.filter(|(a, b)| Arc::ptr_eq(a, b)).count();
        self.blocks.len() - same
    }

    /// Returns the slots at which `other` does not have the same row.
    pub(crate) fn diff<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = RowDiff<'a>> {
        let blocks = self.blocks.len().max(other.blocks.len());
        let pairs = (0..blocks).map(|at| (at, self.blocks.get(at), other.blocks.get(at)));
        let different = pairs.filter(|(_, a, b)| match (a, b) {
            (Some(a), Some(b)) => !Arc::ptr_eq(a, b),
            _ => true,
        });
        different.flat_map(|(at, a, b)| {
            (0..BLOCK_LEN).filter_map(move |place| {
                let row = |block: Option<&'a Arc<RowBlock>>| block?.get(place)?.as_ref();
                let (here, there) = (row(a), row(b));
                let same = match (here, there) {
                    (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                    (a, b) => a.is_none() && b.is_none(),
                };
                let slot = Slot((at * BLOCK_LEN + place) as u32);
                (!same).then_some(RowDiff { slot, row: here })
            })
        })
    }

    /// Drops all slots from `slots` on.
    pub(crate) fn truncate(&mut self, slots: usize) {
        if slots >= self.slot_count {
            return;
        }
        self.blocks.truncate(slots.div_ceil(BLOCK_LEN));
        self.slot_count = slots;
    }

    /// Adds a slot at the end.
    pub(crate) fn push(&mut self) -> Slot {
        if self.slot_count.is_multiple_of(BLOCK_LEN) {
            self.blocks.push(Arc::new([const { None }; BLOCK_LEN]));
        }
        self.slot_count += 1;
        Slot((self.slot_count - 1) as u32)
    }

    /// Returns the entry of a slot for writing; copies its block if a moment shares it.
    pub(crate) fn entry_mut(&mut self, slot: Slot) -> Option<&mut Option<Arc<TrackedSocket>>> {
        let block = self.blocks.get_mut(slot.index() / BLOCK_LEN)?;
        Arc::make_mut(block).get_mut(slot.index() % BLOCK_LEN)
    }

    /// Returns the row at a slot for writing; a moment that shares it keeps the old one.
    pub(crate) fn row_mut(&mut self, slot: Slot) -> Option<&mut TrackedSocket> {
        self.entry_mut(slot)?.as_mut().map(Arc::make_mut)
    }
}

/// A slot at which two sets of rows differ.
pub(crate) struct RowDiff<'a> {
    pub(crate) slot: Slot,
    /// The row of the first set.
    pub(crate) row: Option<&'a Arc<TrackedSocket>>,
}

impl FromIterator<TrackedSocket> for SocketRows {
    /// Assigns consecutive slots.
    fn from_iter<I: IntoIterator<Item = TrackedSocket>>(rows: I) -> Self {
        let mut all = Self::default();
        for row in rows {
            let slot = all.push();
            if let Some(place) = all.entry_mut(slot) {
                *place = Some(Arc::new(TrackedSocket { slot, ..row }));
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::super::ownership::Ownership;
    use super::super::side::{Evidence, Side};
    use super::super::tracked_socket::{ObservedSince, Throughput};
    use super::*;
    use crate::net::endpoint::Endpoint;
    use crate::net::port::Port;
    use crate::net::socket::{Socket, Transport};
    use std::time::Duration;

    fn row(port: u16) -> TrackedSocket {
        let local = Endpoint::new([127, 0, 0, 1].into(), Port(port));
        let socket = Socket::new(Transport::Udp, local, None);
        let since = ObservedSince::Sampled(Duration::ZERO);
        TrackedSocket {
            key: socket.key(),
            slot: Slot(0),
            socket,
            ownership: Ownership::Unsupported,
            side: Side::Listening,
            evidence: Evidence::State,
            first_seen: since,
            state_since: since,
            states: Vec::new(),
            stall: super::super::stall::Stall::default(),
            peer: None,
            throughput: Throughput::default(),
            transition: None,
        }
    }

    fn ports(rows: &SocketRows) -> Vec<u16> {
        rows.iter().map(|row| row.local_port().0).collect()
    }

    #[test]
    fn changing_a_row_copies_only_its_block() {
        let before: SocketRows = (0..700).map(row).collect();
        let mut now = before.clone();
        assert_eq!(
            (before.slot_count(), now.count_different_blocks(&before)),
            (700, 0)
        );
        now.row_mut(Slot(300)).unwrap().socket.local.port = Port(9);
        *now.entry_mut(Slot(301)).unwrap() = None;
        assert_eq!(before.get(Slot(300)).unwrap().local_port(), Port(300));
        assert_eq!(now.get(Slot(300)).unwrap().local_port(), Port(9));
        assert_eq!((ports(&before).len(), ports(&now).len()), (700, 699));
        assert_eq!(now.count_different_blocks(&before), 1);
        let unchanged = |slot| Arc::ptr_eq(now.get(slot).unwrap(), before.get(slot).unwrap());
        assert!(unchanged(Slot(0)) && unchanged(Slot(299)) && unchanged(Slot(699)));
        assert!(now.get(Slot(301)).is_none() && now.get(Slot(700)).is_none());
        assert_eq!(ports(&before), (0..700).collect::<Vec<_>>());
    }
}
