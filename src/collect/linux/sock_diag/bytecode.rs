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

use crate::net::port::{PortRange, PortSet};

const JMP: u8 = 1;
const S_GE: u8 = 2;
const D_GE: u8 = 4;

/// `struct inet_diag_bc_op`: code, length of the `yes` way (8 bits), of the `no` way (16 bits). A
/// comparison is followed by a second one that holds the port in the place of the `no` way.
const OP_LEN: u8 = 4;
const COMPARE_LEN: u8 = 2 * OP_LEN;

/// Whether a port is in a range takes two comparisons.
const RANGE_LEN: u8 = 2 * COMPARE_LEN;

/// With more ranges than this the kernel's work for each socket would come near to what listing it
/// costs; the kernel's own limit would be near 2,000.
const MAX_RANGES: usize = 64;

/// The program; `None` where the set has too many ranges for one.
pub(crate) fn compile(ports: &PortSet) -> Option<Vec<u8>> {
    let count = u16::try_from(ports.ranges().len())
        .ok()
        .filter(|&count| usize::from(count) <= MAX_RANGES)?;
    let mut bytecode = BytecodeBuilder {
        bytes: Vec::new(),
        total_len: u16::from(COMPARE_LEN + OP_LEN) + count * 2 * u16::from(RANGE_LEN),
    };
    let accept = bytecode.remaining();
    bytecode.push_compare(D_GE, 1, accept);
    for range in ports.ranges() {
        for code in [S_GE, D_GE] {
            bytecode.push_range(code, *range);
        }
    }
    let reject = bytecode.remaining() + u16::from(OP_LEN);
    bytecode.push_op(JMP, OP_LEN, reject);
    Some(bytecode.bytes)
}

/// A program in the making.
struct BytecodeBuilder {
    bytes: Vec<u8>,
    /// What it will come to.
    total_len: u16,
}

impl BytecodeBuilder {
    /// Bytes from here to the end.
    fn remaining(&self) -> u16 {
        self.total_len
            .saturating_sub(u16::try_from(self.bytes.len()).unwrap_or(u16::MAX))
    }

    /// Accepts if the port is in the range, else goes on after both comparisons.
    fn push_range(&mut self, code: u8, range: PortRange) {
        self.push_compare(code, range.first.0, RANGE_LEN.into());
        let accept = self.remaining();
        match range.last.0.checked_add(1) {
            Some(after_last) => self.push_compare(code, after_last, accept),
            // No port is higher. The second jump is there to keep all ranges of one length.
            None => {
                self.push_op(JMP, OP_LEN, accept);
                self.push_op(JMP, OP_LEN, accept - u16::from(OP_LEN));
            }
        }
    }

    /// Whether the port that the code stands for is at least this; if not, jumps.
    fn push_compare(&mut self, code: u8, port: u16, no: u16) {
        self.push_op(code, COMPARE_LEN, no);
        self.push_op(0, 0, port);
    }

    fn push_op(&mut self, code: u8, yes: u8, no: u16) {
        self.bytes.extend([code, yes]);
        self.bytes.extend(no.to_ne_bytes());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::net::port::Port;

    /// `inet_diag_bc_run`, for the operations used here.
    fn run_bytecode(bytecode: &[u8], sport: u16, dport: u16) -> bool {
        let mut at = 0;
        let mut left = bytecode.len() as isize;
        while left > 0 {
            let port = || u16::from_ne_bytes([bytecode[at + 6], bytecode[at + 7]]);
            let yes = match bytecode[at] {
                JMP => false,
                S_GE => sport >= port(),
                D_GE => dport >= port(),
                other => panic!("operation {other} at {at}"),
            };
            let (yes_way, no_way) = jump_offsets(bytecode, at);
            let way = if yes { yes_way } else { no_way };
            at += way;
            left -= way as isize;
        }
        left == 0
    }

    fn jump_offsets(bytecode: &[u8], at: usize) -> (usize, usize) {
        let no = u16::from_ne_bytes([bytecode[at + 2], bytecode[at + 3]]);
        (bytecode[at + 1].into(), no.into())
    }

    /// `inet_diag_bc_audit` and its `valid_cc`.
    fn audit_bytecode(bytecode: &[u8]) -> Result<(), String> {
        let is_op_start = |target: usize| {
            let mut at = 0;
            while at < target {
                at += jump_offsets(bytecode, at).0;
            }
            at == target
        };
        let mut at = 0;
        while at < bytecode.len() {
            let left = bytecode.len() - at;
            let least = if bytecode[at] == JMP { 4 } else { 8 };
            let (yes, no) = jump_offsets(bytecode, at);
            for way in [yes, no] {
                if way < least || way > left + 4 || way % 4 != 0 || least > left {
                    return Err(format!("{way} at {at} of {}", bytecode.len()));
                }
            }
            if no < left && !is_op_start(at + no) {
                return Err(format!("no operation {no} after {at}"));
            }
            at += yes;
        }
        (at == bytecode.len())
            .then_some(())
            .ok_or_else(|| "the end".into())
    }

    fn port_range() -> impl Strategy<Value = PortRange> {
        let near = (1..60_u16, 0..9_u16);
        let anywhere = (any::<u16>(), prop_oneof![Just(0), 0..=u16::MAX]);
        prop_oneof![near, anywhere].prop_map(|(first, more)| PortRange {
            first: Port(first),
            last: Port(first.saturating_add(more)),
        })
    }

    fn check_bytecode(set: &PortSet, sport: Port, dport: Port) -> Result<(), TestCaseError> {
        let bytecode = compile(set).expect("few ranges");
        prop_assert_eq!(audit_bytecode(&bytecode), Ok(()));
        let expected = dport == Port::NONE || set.contains(sport) || set.contains(dport);
        prop_assert_eq!(
            run_bytecode(&bytecode, sport.0, dport.0),
            expected,
            "{:?}",
            set
        );
        Ok(())
    }

    proptest! {
        #[test]
        fn bytecode_accepts_ports_of_the_set_and_unconnected_sockets(
            ranges in proptest::collection::vec(port_range(), 0..12),
            near in (0..80_u16, 0..80_u16),
            any in (any::<u16>(), any::<u16>()),
        ) {
            let set = PortSet::new(ranges);
            let edges = set.ranges().iter().flat_map(|r| {
                [r.first.0 - 1, r.first.0, r.last.0, r.last.0.saturating_add(1)]
            });
            let edges: Vec<_> = edges.flat_map(|e| [(e, 0), (0, e), (e, any.1), (any.0, e)]).collect();
            for (sport, dport) in edges.into_iter().chain([near, any]) {
                check_bytecode(&set, Port(sport), Port(dport))?;
            }
        }
    }

    #[test]
    fn longest_bytecode_is_valid_and_longer_is_refused() {
        let alternate_ports = |count: u16| {
            PortSet::new((1..=count).map(|n| PortRange {
                first: Port(u16::MAX - 2 * (n - 1)),
                last: Port(u16::MAX - 2 * (n - 1)),
            }))
        };
        let longest = compile(&alternate_ports(64)).expect("64 ranges");
        assert_eq!(audit_bytecode(&longest), Ok(()));
        assert_eq!(compile(&alternate_ports(65)), None);
    }
}
