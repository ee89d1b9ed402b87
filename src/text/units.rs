//! Formats times, sizes and rates: short, and of nearly constant width.

use std::time::Duration;

/// Formats an age: `0s`, `59s`, `2m03s`, `1h02m`, `3d04h`; at most six characters below 1,000 days.
pub fn age(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m{:02}s", seconds % 60),
        (0, _, _) => format!("{hours}h{:02}m", minutes % 60),
        _ => format!("{days}d{:02}h", hours % 24),
    }
}

/// Formats an interval as the user types it: `1s`, `500ms`, `1.5s`.
pub fn interval(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    if milliseconds < 1000 {
        format!("{milliseconds}ms")
    } else if duration.as_secs() >= 60 {
        age(duration)
    } else if milliseconds.is_multiple_of(1000) {
        format!("{}s", duration.as_secs())
    } else {
        format!("{:.1}s", duration.as_secs_f64())
    }
}

/// Formats a duration: `80µs`, `3ms`, `1.2s`.
pub fn duration(duration: Duration) -> String {
    match duration.as_micros() {
        us @ 0..1_000 => format!("{us}µs"),
        us @ 1_000..1_000_000 => format!("{}ms", us / 1000),
        _ => format!("{:.1}s", duration.as_secs_f64()),
    }
}

/// Formats a round-trip time given in microseconds: `85µs`, `12ms`, `1.2s`.
pub fn rtt(microseconds: u32) -> String {
    match microseconds {
        us @ 0..1_000 => format!("{us}µs"),
        us @ 1_000..10_000 => format!("{:.1}ms", f64::from(us) / 1e3),
        us @ 10_000..1_000_000 => format!("{}ms", us / 1000),
        us => format!("{:.1}s", f64::from(us) / 1e6),
    }
}

/// Formats a number of bytes in steps of 1,000, at most five characters: `0`, `999`, `1.2K`,
/// `340K`, `8.4M`.
pub fn bytes(count: u64) -> String {
    const STEPS: [char; 6] = ['K', 'M', 'G', 'T', 'P', 'E'];
    if count < 1000 {
        return count.to_string();
    }
    let mut value = count as f64;
    let mut unit = ' ';
    for step in STEPS {
        value /= 1000.0;
        unit = step;
        if value < 999.5 {
            break;
        }
    }
    if value < 9.95 {
        format!("{value:.1}{unit}")
    } else {
        format!("{value:.0}{unit}")
    }
}

/// Formats bytes per second like [`bytes`]; more than 0 and less than 1 is `<1`, not `0`.
pub fn rate(per_second: f64) -> String {
    if per_second > 0.0 && per_second < 1.0 {
        "<1".into()
    } else {
        bytes(per_second.round() as u64)
    }
}

/// Formats a share of one core, where 1.0 is all of it: `0.4%`, `12%`.
pub fn percent(of_one: f64) -> String {
    let percent = of_one * 100.0;
    if percent < 9.95 {
        format!("{percent:.1}%")
    } else {
        format!("{percent:.0}%")
    }
}

/// Formats a number with its noun: `1 socket`, `2 sockets`, `1,234 sockets`.
pub fn pluralize(number: usize, singular: &str, plural: &str) -> String {
    format!(
        "{} {}",
        thousands(number),
        if number == 1 { singular } else { plural }
    )
}

/// Formats a number with commas: `1,234,567`.
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_short() {
        let render = |seconds| age(Duration::from_secs(seconds));
        let written = [0, 59, 123, 3_720, 273_600, 86_400 * 999].map(render);
        assert_eq!(written, ["0s", "59s", "2m03s", "1h02m", "3d04h", "999d00h"]);
    }

    #[test]
    fn sizes_have_at_most_five_characters() {
        for (count, expected) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1.0K"),
            (9_949, "9.9K"),
            (9_950, "10K"),
            (999_499, "999K"),
            (999_500, "1.0M"),
            (8_400_000, "8.4M"),
            (u64::MAX, "18E"),
        ] {
            assert_eq!(bytes(count), expected);
        }
        assert_eq!(rate(0.2), "<1");
        assert_eq!(rate(0.0), "0");
    }

    #[test]
    fn intervals_are_formatted_as_typed() {
        let render = |ms| interval(Duration::from_millis(ms));
        assert_eq!(
            [100, 1000, 1500, 60_000].map(render),
            ["100ms", "1s", "1.5s", "1m00s"]
        );
    }

    #[test]
    fn thousands_are_separated_by_commas() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(thousands),
            ["0", "999", "1,000", "1,234,567"]
        );
    }
}
