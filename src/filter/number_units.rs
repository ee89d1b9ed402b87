//! Units of sizes, rates and times in filters.

use crate::fields::Dimension;

/// Size units: powers of 1000 with one letter, powers of 1024 with two.
const SIZE_UNITS: [(&str, u64); 7] = [
    ("", 1),
    ("k", 1000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("Ki", 1 << 10),
    ("Mi", 1 << 20),
    ("Gi", 1 << 30),
];

/// Time units in microseconds, shortest first. The second is spelled with U+03BC (Greek mu), the third
/// with U+00B5 (the micro sign of keyboards).
pub(crate) const TIME_UNITS: [(&str, u64); 8] = [
    ("us", 1),
    ("μs", 1),
    ("µs", 1),
    ("ms", 1000),
    ("s", 1_000_000),
    ("m", 60_000_000),
    ("h", 3_600_000_000),
    ("d", 86_400_000_000),
];

/// Returns the list of units for the error about an unknown unit.
pub(crate) const fn known_units(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Count => "k, M, G",
        Dimension::Bytes | Dimension::Rate => "B, k, M, G, Ki, Mi, Gi, KiB, MiB, GiB",
        Dimension::Time => "us, ms, s, m, h, d",
    }
}

/// Returns the factor of a unit in the base unit: bytes, bytes per second or microseconds.
pub(super) fn unit_factor(text: &str, dimension: Dimension) -> Option<u64> {
    let find_unit = |units: &[(&str, u64)], name: &str| {
        let found = units.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, factor)| *factor)
    };
    let strip = |text: &'_ str, end: char| text.strip_suffix(end).map(str::to_owned);
    match dimension {
        // Case matters here: `m` is a minute, `M` would be a million.
        Dimension::Time => TIME_UNITS.iter().find(|(n, _)| *n == text).map(|(_, f)| *f),
        Dimension::Count => find_unit(SIZE_UNITS.get(..4)?, text),
        Dimension::Bytes => {
            let bare = strip(text, 'B').or_else(|| strip(text, 'b'));
            find_unit(&SIZE_UNITS, bare.as_deref().unwrap_or(text))
        }
        Dimension::Rate => unit_factor(text.strip_suffix("/s").unwrap_or(text), Dimension::Bytes),
    }
}
