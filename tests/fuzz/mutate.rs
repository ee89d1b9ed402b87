//! Makes malformed inputs from valid ones, the same in every run.

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

/// The maximum number of changes to one input.
const MAX_CHANGES: usize = 8;

/// The maximum number of bytes that are inserted, repeated or removed at once.
const MAX_PIECE_LEN: usize = 64;

/// The maximum time for one input, on any machine: reading takes time in proportion to its length.
const MAX_DURATION: Duration = Duration::from_secs(20);

/// Bytes at the limits of lengths and signed numbers.
const BOUNDARY_BYTES: [u8; 8] = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff, 0x10];

/// A random number generator whose numbers depend only on its seed (SplitMix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `end`; 0 if `end` is 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// Returns a random element of a slice that is not empty.
    pub(crate) fn choose<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    fn byte(&mut self) -> u8 {
        self.next() as u8
    }
}

/// Changes random bytes. `words` are byte sequences that mean something to the parser.
pub(crate) fn mutate(random: &mut Random, bytes: &mut Vec<u8>, words: &[&[u8]]) {
    for _ in 0..MAX_CHANGES {
        change(random, bytes, words);
        // Mostly few changes: an input with a single error is parsed furthest.
        if random.below(2) == 0 {
            return;
        }
    }
}

fn change(random: &mut Random, bytes: &mut Vec<u8>, words: &[&[u8]]) {
    let at = random.below(bytes.len() + 1);
    let piece = (at + 1 + random.below(MAX_PIECE_LEN)).min(bytes.len());
    match random.below(9) {
        0 => {
            let bit = 1 << random.below(8);
            bytes.iter_mut().skip(at).take(1).for_each(|b| *b ^= bit);
        }
        1 => {
            let boundary = *random.choose(&BOUNDARY_BYTES);
            bytes
                .iter_mut()
                .skip(at)
                .take(1)
                .for_each(|b| *b = boundary);
        }
        2 => {
            // A whole integer, or one cut off at the end.
            let boundary = *random.choose(&BOUNDARY_BYTES);
            let length = [2, 4, 8][random.below(3)];
            bytes
                .iter_mut()
                .skip(at)
                .take(length)
                .for_each(|b| *b = boundary);
        }
        3 => {
            let step = random.byte();
            let sum = |b: &mut u8| *b = b.wrapping_add(step);
            bytes.iter_mut().skip(at).take(1).for_each(sum);
        }
        4 => {
            let many = random.below(MAX_PIECE_LEN);
            let new: Vec<u8> = (0..many).map(|_| random.byte()).collect();
            bytes.splice(at..at, new);
        }
        5 => {
            bytes.drain(at..piece.max(at));
        }
        6 => {
            let again = bytes[at..piece.max(at)].to_vec();
            let to = random.below(bytes.len() + 1);
            bytes.splice(to..to, again);
        }
        7 => bytes.truncate(at),
        _ if words.is_empty() => bytes.insert(at, random.byte()),
        _ => {
            let word = random.choose(words);
            let over = random.below(2) * word.len();
            let end = (at + over).min(bytes.len());
            bytes.splice(at..end, word.iter().copied());
        }
    }
}

/// Tries this many cases, or as many as the environment asks for. `input` makes an input, `read`
/// must return from it without a panic, and `describe` prints it if it does not.
#[expect(clippy::print_stdout, reason = "printed if the test fails")]
pub(crate) fn fuzz<T>(
    cases: u64,
    input: impl Fn(&mut Random) -> T,
    read: impl Fn(&T),
    describe: impl Fn(&T) -> String,
) {
    let number = |name| env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let cases = number("PORTOLAN_FUZZ_CASES").unwrap_or(cases);
    let cases = match number("PORTOLAN_FUZZ_CASE") {
        Some(case) => case..case + 1,
        None => 0..cases,
    };
    for case in cases {
        let input = input(&mut Random::new(case));
        let began = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| read(&input)));
        if let Err(panic) = outcome {
            println!("PORTOLAN_FUZZ_CASE={case}: {}", describe(&input));
            resume_unwind(panic);
        }
        let took = began.elapsed();
        assert!(
            took < MAX_DURATION,
            "case {case} took {took:?}: {}",
            describe(&input)
        );
    }
}
