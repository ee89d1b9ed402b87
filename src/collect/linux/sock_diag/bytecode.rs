//! Compiles a set of ports into bytecode that the kernel runs over its sockets
//! (INET_DIAG_REQ_BYTECODE).
//!
//! Takes a [`PortSet`]; returns the bytes for a request, to which the kernel replies only with
//! sockets that have one of the ports on either side, and with those that have no peer, such as
//! listeners. One program and not two dumps, because a socket that is connected or disconnected
//! between two dumps might be in neither.
//!
//! ```text
//! D_GE 1        no → accept      the remote port is 0: no peer
//! S_GE first    no → next        for each range, for the local and for the remote port
//! S_GE last+1   no → accept
//! …
//! JMP           past the end     reject
//! ```
//!
//! A jump is a number of bytes from its own operation. A jump to the end accepts, one to four bytes
//! past the end rejects (`inet_diag_bc_run`, `net/ipv4/inet_diag.c`). The kernel refuses a program
//! in which a jump could land elsewhere than on an operation reached through `yes` jumps
//! (`inet_diag_bc_audit`): here `yes` always leads to the next operation. "At most" is written as
//! "not at least one more": in old kernels S_LE compares the wrong port.

use crate::net::port::{PortRange, PortSet};

const JMP: u8 = 1;
const S_GE: u8 = 2;
const D_GE: u8 = 4;

/// The length of `struct inet_diag_bc_op`: code, the `yes` jump (8 bits), the `no` jump (16 bits).
/// A comparison is followed by a second op that holds the port in place of the `no` jump.
const OP_LEN: u8 = 4;
const COMPARE_LEN: u8 = 2 * OP_LEN;

/// A range takes two comparisons.
const RANGE_LEN: u8 = 2 * COMPARE_LEN;

/// With more ranges the kernel's work for each socket would approach the cost of listing it; the
/// kernel's own limit would be near 2,000.
const MAX_RANGES: usize = 64;

/// Returns the bytecode; `None` where the set has too many ranges.
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

/// A program being built.
struct BytecodeBuilder {
    bytes: Vec<u8>,
    /// The length of the finished program.
    total_len: u16,
}

impl BytecodeBuilder {
    /// Returns the number of bytes from here to the end.
    fn remaining(&self) -> u16 {
        self.total_len
            .saturating_sub(u16::try_from(self.bytes.len()).unwrap_or(u16::MAX))
    }

    /// Accepts if the port is in the range, else continues after both comparisons.
    fn push_range(&mut self, code: u8, range: PortRange) {
        self.push_compare(code, range.first.0, RANGE_LEN.into());
        let accept = self.remaining();
        match range.last.0.checked_add(1) {
            Some(after_last) => self.push_compare(code, after_last, accept),
            // No port is higher. The second jump keeps all ranges the same length.
            None => {
                self.push_op(JMP, OP_LEN, accept);
                self.push_op(JMP, OP_LEN, accept - u16::from(OP_LEN));
            }
        }
    }

    /// Compares: continues if the port that `code` selects is at least `port`, else jumps.
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

    /// `inet_diag_bc_run`, reimplemented for the operations used here.
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
            let (yes_jump, no_jump) = jump_offsets(bytecode, at);
            let jump = if yes { yes_jump } else { no_jump };
            at += jump;
            left -= jump as isize;
        }
        left == 0
    }

    fn jump_offsets(bytecode: &[u8], at: usize) -> (usize, usize) {
        let no = u16::from_ne_bytes([bytecode[at + 2], bytecode[at + 3]]);
        (bytecode[at + 1].into(), no.into())
    }

    /// `inet_diag_bc_audit` and its `valid_cc`, reimplemented.
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
            for jump in [yes, no] {
                if jump < least || jump > left + 4 || jump % 4 != 0 || least > left {
                    return Err(format!("{jump} at {at} of {}", bytecode.len()));
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
