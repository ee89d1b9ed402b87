//! A set of ports as a program that the kernel runs over its sockets (INET_DIAG_REQ_BYTECODE).
//!
//! In: a [`PortSet`]. Out: bytes for a request, after which the kernel answers only with sockets
//! that have one of the ports at either end, and with those that have no peer: whoever waits for
//! others has none. In one program and not in two dumps, because a socket that is connected or
//! disconnected between two dumps might be in neither.
//!
//! ```text
//! D_GE 1        no → accept      the remote port is 0: nobody is there
//! S_GE first    no → next        for each range, for the local and for the remote port
//! S_GE last+1   no → accept
//! …
//! JMP           past the end     reject
//! ```
//!
//! A jump is a number of bytes from the operation that jumps. To the end it accepts, to four bytes
//! past it it rejects (`inet_diag_bc_run`, `net/ipv4/inet_diag.c`). The kernel refuses a program
//! whose jumps could land elsewhere than on an operation reached by the `yes` way
//! (`inet_diag_bc_audit`): here `yes` is always the next operation. "At most" is written as "not at
//! least one more": in old kernels S_LE looks at the wrong port.

use crate::port::{PortRange, PortSet};

const JMP: u8 = 1;
const S_GE: u8 = 2;
const D_GE: u8 = 4;

/// `struct inet_diag_bc_op`: code, length of the `yes` way (8 bits), of the `no` way (16 bits). A
/// comparison is followed by a second one that holds the port in the place of the `no` way.
const OPERATION: u8 = 4;
const COMPARISON: u8 = 2 * OPERATION;

/// Whether a port is in a range takes two comparisons.
const RANGE: u8 = 2 * COMPARISON;

/// With more ranges than this the kernel's work for each socket would come near to what listing it
/// costs; the kernel's own limit would be near 2,000.
const MOST_RANGES: usize = 64;

/// The program; `None` where the set has too many ranges for one.
pub(super) fn program(ports: &PortSet) -> Option<Vec<u8>> {
    let count = u16::try_from(ports.ranges().len())
        .ok()
        .filter(|&count| usize::from(count) <= MOST_RANGES)?;
    let mut program = Program {
        bytes: Vec::new(),
        length: u16::from(COMPARISON + OPERATION) + count * 2 * u16::from(RANGE),
    };
    let accept = program.left();
    program.compare(D_GE, 1, accept);
    for range in ports.ranges() {
        for code in [S_GE, D_GE] {
            program.range(code, *range);
        }
    }
    let reject = program.left() + u16::from(OPERATION);
    program.operation(JMP, OPERATION, reject);
    Some(program.bytes)
}

/// A program in the making.
struct Program {
    bytes: Vec<u8>,
    /// What it will come to.
    length: u16,
}

impl Program {
    /// Bytes from here to the end.
    fn left(&self) -> u16 {
        self.length
            .saturating_sub(u16::try_from(self.bytes.len()).unwrap_or(u16::MAX))
    }

    /// Accepts if the port is in the range, else goes on after both comparisons.
    fn range(&mut self, code: u8, range: PortRange) {
        self.compare(code, range.first.0, RANGE.into());
        let accept = self.left();
        match range.last.0.checked_add(1) {
            Some(beyond) => self.compare(code, beyond, accept),
            // No port is higher. The second jump is there to keep all ranges of one length.
            None => {
                self.operation(JMP, OPERATION, accept);
                self.operation(JMP, OPERATION, accept - u16::from(OPERATION));
            }
        }
    }

    /// Whether the port that the code stands for is at least this; if not, jumps.
    fn compare(&mut self, code: u8, port: u16, no: u16) {
        self.operation(code, COMPARISON, no);
        self.operation(0, 0, port);
    }

    fn operation(&mut self, code: u8, yes: u8, no: u16) {
        self.bytes.extend([code, yes]);
        self.bytes.extend(no.to_ne_bytes());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::port::Port;

    /// `inet_diag_bc_run`, for the operations used here.
    fn run(program: &[u8], sport: u16, dport: u16) -> bool {
        let mut at = 0;
        let mut left = program.len() as isize;
        while left > 0 {
            let port = || u16::from_ne_bytes([program[at + 6], program[at + 7]]);
            let yes = match program[at] {
                JMP => false,
                S_GE => sport >= port(),
                D_GE => dport >= port(),
                other => panic!("operation {other} at {at}"),
            };
            let (yes_way, no_way) = ways(program, at);
            let way = if yes { yes_way } else { no_way };
            at += way;
            left -= way as isize;
        }
        left == 0
    }

    fn ways(program: &[u8], at: usize) -> (usize, usize) {
        let no = u16::from_ne_bytes([program[at + 2], program[at + 3]]);
        (program[at + 1].into(), no.into())
    }

    /// `inet_diag_bc_audit` and its `valid_cc`.
    fn audit(program: &[u8]) -> Result<(), String> {
        let is_operation = |target: usize| {
            let mut at = 0;
            while at < target {
                at += ways(program, at).0;
            }
            at == target
        };
        let mut at = 0;
        while at < program.len() {
            let left = program.len() - at;
            let least = if program[at] == JMP { 4 } else { 8 };
            let (yes, no) = ways(program, at);
            for way in [yes, no] {
                if way < least || way > left + 4 || way % 4 != 0 || least > left {
                    return Err(format!("{way} at {at} of {}", program.len()));
                }
            }
            if no < left && !is_operation(at + no) {
                return Err(format!("no operation {no} after {at}"));
            }
            at += yes;
        }
        (at == program.len())
            .then_some(())
            .ok_or_else(|| "the end".into())
    }

    fn range() -> impl Strategy<Value = PortRange> {
        let near = (1..60_u16, 0..9_u16);
        let anywhere = (any::<u16>(), prop_oneof![Just(0), 0..=u16::MAX]);
        prop_oneof![near, anywhere].prop_map(|(first, more)| PortRange {
            first: Port(first),
            last: Port(first.saturating_add(more)),
        })
    }

    fn check(set: &PortSet, sport: Port, dport: Port) -> Result<(), TestCaseError> {
        let program = program(set).expect("few ranges");
        prop_assert_eq!(audit(&program), Ok(()));
        let expected = dport == Port::NONE || set.contains(sport) || set.contains(dport);
        prop_assert_eq!(run(&program, sport.0, dport.0), expected, "{:?}", set);
        Ok(())
    }

    proptest! {
        #[test]
        fn the_kernel_lists_the_ports_of_the_set_and_whoever_has_no_peer(
            ranges in proptest::collection::vec(range(), 0..12),
            near in (0..80_u16, 0..80_u16),
            any in (any::<u16>(), any::<u16>()),
        ) {
            let set = PortSet::new(ranges);
            let edges = set.ranges().iter().flat_map(|r| {
                [r.first.0 - 1, r.first.0, r.last.0, r.last.0.saturating_add(1)]
            });
            let edges: Vec<_> = edges.flat_map(|e| [(e, 0), (0, e), (e, any.1), (any.0, e)]).collect();
            for (sport, dport) in edges.into_iter().chain([near, any]) {
                check(&set, Port(sport), Port(dport))?;
            }
        }
    }

    #[test]
    fn the_longest_program_is_valid_and_a_longer_one_is_not_made() {
        let every_second = |count: u16| {
            PortSet::new((1..=count).map(|n| PortRange {
                first: Port(u16::MAX - 2 * (n - 1)),
                last: Port(u16::MAX - 2 * (n - 1)),
            }))
        };
        let longest = program(&every_second(64)).expect("64 ranges");
        assert_eq!(audit(&longest), Ok(()));
        assert_eq!(program(&every_second(65)), None);
    }
}
