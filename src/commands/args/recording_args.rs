//! The arguments of `record` and `replay`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::command_args::OutputArgs;
use super::shared_args::{CommonArgs, DisplayArgs, SelectionArgs};
use super::values::parse_duration;
use crate::tui::playback_speed::PlaybackSpeed;

/// The arguments of `record`.
#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// The file to write, readable only by you
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    /// Stop after this time: 30s, 5m, 1h [default: until interrupted]
    #[arg(long = "for", value_name = "TIME", value_parser = parse_span)]
    pub(crate) duration: Option<Duration>,
    /// Replace addresses, users, host names, command lines and paths with pseudonyms
    ///
    /// Equal values get equal pseudonyms of the same kind: a private address stays private. Loopback
    /// and wildcard addresses, ports, short process names and numbers are kept.
    #[arg(long)]
    pub(crate) redact: bool,
    /// Replace an existing file
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// The arguments of `replay`.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The recording to open
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    /// Print the sockets at this time: a date and time, a time of day, or an offset from the start
    ///
    /// Such as 2026-11-24T14:02:11Z, 14:02:11 (on the first day) or 90s. With --at or --format, or if
    /// the output is not a terminal, the sockets are printed as by list; without --at those of the
    /// last sample.
    #[arg(long, value_name = "TIME", value_parser = parse_replay_time)]
    pub(crate) at: Option<ReplayTime>,
    /// Playback speed, as a multiple of real time
    #[arg(long, value_name = "NUMBER", default_value = "1", value_parser = parse_speed)]
    pub(crate) speed: PlaybackSpeed,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) display: DisplayArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// The time of `--at`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplayTime {
    /// A date and time.
    Absolute(jiff::Timestamp),
    /// A local time of day, on the day the recording starts.
    TimeOfDay(jiff::civil::Time),
    /// A time since the start of the recording.
    Offset(Duration),
}

fn parse_span(text: &str) -> Result<Duration, String> {
    parse_duration(text)
        .ok_or_else(|| format!("a time such as 30s, 5m or 1h is expected, not {text:?}"))
}

fn parse_replay_time(text: &str) -> Result<ReplayTime, String> {
    if let Ok(time) = text.parse() {
        return Ok(ReplayTime::Absolute(time));
    }
    // 14:02:11 is a time of day, never a span of fourteen hours.
    let parsed = match text.contains(':') {
        true => text.parse().ok().map(ReplayTime::TimeOfDay),
        false => parse_duration(text).map(ReplayTime::Offset),
    };
    parsed.ok_or_else(|| {
        format!("a time such as 2026-11-24T14:02:11Z, 14:02:11 or 90s (since the start) is expected, not {text:?}")
    })
}

fn parse_speed(text: &str) -> Result<PlaybackSpeed, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.001 => Ok(PlaybackSpeed(number)),
        _ => Err("a number such as 10 or 0.5 is expected".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replay_time_formats() {
        assert_eq!(
            parse_replay_time("90s"),
            Ok(ReplayTime::Offset(Duration::from_secs(90)))
        );
        assert_eq!(
            parse_replay_time("1.5"),
            Ok(ReplayTime::Offset(Duration::from_millis(1500)))
        );
        assert_eq!(
            parse_replay_time("14:02:11"),
            Ok(ReplayTime::TimeOfDay(jiff::civil::time(14, 2, 11, 0)))
        );
        assert_eq!(
            parse_replay_time("14:02"),
            Ok(ReplayTime::TimeOfDay(jiff::civil::time(14, 2, 0, 0)))
        );
        assert!(matches!(
            parse_replay_time("2026-11-24T14:02:11Z"),
            Ok(ReplayTime::Absolute(_))
        ));
        for wrong in ["", "soon", "25:00", "-3s"] {
            assert!(parse_replay_time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn speed_must_be_positive_and_finite() {
        let second = Duration::from_secs(1);
        let tenth = parse_speed("10").map(|speed| speed.scale_interval(second));
        assert_eq!(tenth, Ok(Duration::from_millis(100)));
        let slow = parse_speed("0.001").map(|speed| speed.scale_interval(Duration::MAX));
        assert_eq!(slow, Ok(Duration::from_secs(3600)));
        for wrong in ["0", "-1", "NaN", "inf", "fast"] {
            assert!(parse_speed(wrong).is_err(), "{wrong}");
        }
    }
}
