//! `record` and `replay`: their options.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::command_args::OutputArgs;
use super::shared_args::{CommonArgs, DisplayArgs, SelectionArgs};
use super::values::parse_duration;
use crate::tui::playback_speed::PlaybackSpeed;

/// `record`.
#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// The file to write; only its owner may read it
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    /// How long: 30s, 5m, 1h [default: until interrupted]
    #[arg(long = "for", value_name = "TIME", value_parser = parse_span)]
    pub(crate) duration: Option<Duration>,
    /// Put pseudonyms in the place of addresses, users, host names, command lines and paths
    ///
    /// The same original has the same pseudonym throughout, of the same kind: a private address
    /// stays private. Loopback and wildcard addresses, ports, processes' short names and figures
    /// stay.
    #[arg(long)]
    pub(crate) redact: bool,
    /// Replace the file, where there is one already
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// `replay`.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The recording
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    /// Print the sockets of this moment: a date and time, a time of day, or a time since the beginning
    ///
    /// Such as 2026-11-24T14:02:11Z, 14:02:11 (on the first day) or 90s. Without it, what is printed
    /// is the last moment; with it, or with --format, or where the output is no terminal, the
    /// sockets are printed as list prints them.
    #[arg(long, value_name = "TIME", value_parser = parse_replay_time)]
    pub(crate) at: Option<ReplayTime>,
    /// How many times as fast as it was
    #[arg(long, value_name = "NUMBER", default_value = "1", value_parser = parse_speed)]
    pub(crate) speed: PlaybackSpeed,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) display: DisplayArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// A moment of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplayTime {
    /// By the calendar.
    Absolute(jiff::Timestamp),
    /// By the clock on the wall, on the day the recording begins.
    TimeOfDay(jiff::civil::Time),
    /// So long after the beginning.
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
    // 14:02:11 could be meant as a span of fourteen hours, and is not.
    let read = match text.contains(':') {
        true => text.parse().ok().map(ReplayTime::TimeOfDay),
        false => parse_duration(text).map(ReplayTime::Offset),
    };
    read.ok_or_else(|| {
        format!("a time such as 2026-11-24T14:02:11Z, 14:02:11 or 90s (since the beginning) is expected, not {text:?}")
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
