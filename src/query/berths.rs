//! Whether a wished port can be had, and which sockets have a part of it.
//!
//! In: what trying to bind said, and a moment. Out: a [`Verdict`] and the rows, those in reach of
//! the wish and those beside it, in a steady order. What was tried decides; the rows explain.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use crate::collect::{Refusal, Trial};
use crate::history::{Moment, Tracked};
use crate::wish::{Berth, Site, Wish};

/// Whether the port can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It can.
    Free,
    /// Somebody has it.
    Taken,
    /// Nobody here ever can: the address or its family is not here.
    Impossible,
    /// The system does not let this user, and does not say whether anybody has it.
    Forbidden,
}

/// The sockets with the wished port.
#[derive(Clone, Debug, Default)]
pub struct Neighbours {
    /// They have an address that is wished for, too. Listeners first.
    pub meeting: Vec<Arc<Tracked>>,
    /// They have the port at other addresses.
    pub beside: Vec<Arc<Tracked>>,
}

impl Neighbours {
    /// Looks for them.
    pub fn of(wish: Wish, moment: &Moment) -> Self {
        let berths = wish.berths();
        let mut rows: Vec<Arc<Tracked>> = moment
            .rows()
            .filter(|row| !row.is_closed())
            .filter(|row| row.socket.local.port == wish.port)
            .filter(|row| row.socket.protocol() == wish.protocol)
            .cloned()
            .collect();
        rows.sort_by_key(|row| {
            let socket = &row.socket;
            (
                row.side,
                socket.transport,
                socket.local,
                socket.remote,
                row.key,
            )
        });
        let (meeting, beside) = rows
            .into_iter()
            .partition(|row| berths.iter().any(|berth| berth.meets(&row.socket)));
        Self { meeting, beside }
    }

    /// Whether one of them shuts everybody else out, as far as a table can tell.
    pub fn any_listens(&self) -> bool {
        self.meeting.iter().any(|row| row.socket.is_listening())
    }
}

impl Verdict {
    /// Concludes.
    pub fn of(trials: &[Trial], neighbours: &Neighbours) -> Self {
        // A family that is off takes nothing away from the other.
        let refusals = || {
            let any_family = trials.iter().any(|t| t.usual != Err(Refusal::NoFamily));
            trials
                .iter()
                .filter_map(|trial| trial.usual.as_ref().err())
                .filter(move |refusal| !any_family || **refusal != Refusal::NoFamily)
        };
        let unheard = |r: &Refusal| matches!(r, Refusal::Privileged(_) | Refusal::Other(_));
        if refusals().any(|refusal| *refusal == Refusal::InUse) {
            Self::Taken
        } else if refusals().any(unheard) {
            match neighbours.any_listens() {
                true => Self::Taken,
                false => Self::Forbidden,
            }
        } else if refusals().any(|refusal| *refusal == Refusal::Untried) {
            match neighbours.any_listens() {
                true => Self::Taken,
                false => Self::Free,
            }
        } else if refusals().next().is_some() {
            Self::Impossible
        } else {
            Self::Free
        }
    }
}

/// What else is worth trying when a wish without address is refused: IPv6 alone, and addresses
/// that nobody in the table has.
pub fn spares(wish: Wish, neighbours: &Neighbours) -> Vec<Berth> {
    if wish.site != Site::Everywhere {
        return Vec::new();
    }
    let had = |address: &Ipv4Addr| {
        let mut rows = neighbours.meeting.iter();
        rows.any(|row| row.socket.local.plain() == IpAddr::V4(*address))
    };
    // All of 127.0.0.0/8 is this machine where Linux runs; elsewhere trying tells. Two of them: who
    // is in no table has one at most.
    let loopback = (1..=u8::MAX).map(|last| Ipv4Addr::new(127, 0, 0, last));
    let unused = loopback.filter(|address| !had(address)).take(2);
    let alone = wish.berth(Ipv6Addr::UNSPECIFIED);
    let elsewhere = unused.map(|address| wish.berth(address));
    [alone].into_iter().chain(elsewhere).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::Port;

    /// The verdict when the two wildcards were refused in these ways.
    fn verdict(six: Result<(), Refusal>, four: Result<(), Refusal>) -> Verdict {
        let wish: Wish = "80".parse().unwrap();
        let trials: Vec<Trial> = wish
            .berths()
            .into_iter()
            .zip([six, four])
            .map(|(berth, usual)| Trial {
                berth,
                strict: usual.clone(),
                usual,
            })
            .collect();
        Verdict::of(&trials, &Neighbours::default())
    }

    #[test]
    fn one_wildcard_that_is_taken_is_enough() {
        assert_eq!(verdict(Ok(()), Ok(())), Verdict::Free);
        assert_eq!(verdict(Err(Refusal::InUse), Ok(())), Verdict::Taken);
        let privileged = || Err(Refusal::Privileged(Port(1024)));
        assert_eq!(verdict(Err(Refusal::InUse), privileged()), Verdict::Taken);
        assert_eq!(verdict(privileged(), privileged()), Verdict::Forbidden);
    }

    #[test]
    fn a_family_that_is_off_does_not_count() {
        let off = || Err(Refusal::NoFamily);
        assert_eq!(verdict(off(), Ok(())), Verdict::Free);
        assert_eq!(verdict(off(), Err(Refusal::InUse)), Verdict::Taken);
        assert_eq!(verdict(off(), off()), Verdict::Impossible);
        assert_eq!(verdict(Err(Refusal::NotHere), off()), Verdict::Impossible);
    }

    #[test]
    fn where_nothing_can_be_tried_the_table_decides() {
        let untried = || Err(Refusal::Untried);
        assert_eq!(verdict(untried(), untried()), Verdict::Free);
    }
}
