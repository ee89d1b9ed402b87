//! Reads the configuration file: named filters, the interval, history limits and finding thresholds.
//!
//! TOML from `--config FILE`, else from `$XDG_CONFIG_HOME/portolan/config.toml`, which may be missing.
//! An unknown or invalid setting is an error with file and line, never silently ignored.
//! `assets/config.toml` is an example.

mod error;
mod thresholds;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use etcetera::BaseStrategy;
use serde::Deserialize;
use toml::{Spanned, Value};

use crate::commands::args::values;
use crate::commands::config::error::ConfigError;
use crate::filter::ast::Filter;
use crate::findings::Thresholds;
use crate::runtime::engine::Retention;
use crate::runtime::exit::{Failure, underline_error};
use crate::text::sanitize;
use crate::tui::update::NamedFilter;

/// The parsed configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The time between two samples; `None` if not configured.
    pub interval: Option<Duration>,
    /// Named filters, sorted by name.
    pub filters: Vec<NamedFilter>,
    pub retention: Retention,
    /// Thresholds above which findings are reported.
    pub thresholds: Thresholds,
}

/// The file as deserialized, before its values are parsed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigFile {
    interval: Option<Spanned<Value>>,
    #[serde(default)]
    filters: BTreeMap<String, Spanned<String>>,
    history: Option<HistorySection>,
    #[serde(default)]
    findings: thresholds::FindingsSection,
}

/// `[history]` as deserialized, before its values are parsed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct HistorySection {
    closed_for: Option<Spanned<Value>>,
    closed_memory: Option<Spanned<Value>>,
    moments_for: Option<Spanned<Value>>,
    moments_memory: Option<Spanned<Value>>,
}

/// Maximum size of the file, enough for thousands of named filters.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

impl Config {
    /// Reads the configuration. `explicit_path` is the file of `--config`, which must exist.
    ///
    /// # Errors
    /// Returns the file, the line and the reason when it cannot be read or parsed.
    pub(crate) fn load(explicit_path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = explicit_path.map(Path::to_owned).or_else(default_path) else {
            return Ok(Self::default());
        };
        let failure = |suffix: String, why: String| Failure::Config {
            place: format!("{}{suffix}", display_path(&path)),
            why,
        };
        let text = match read_file(&path) {
            Ok(text) => text,
            Err(error) if explicit_path.is_none() && is_missing(&error) => {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(failure(String::new(), format!("cannot be read: {error}")));
            }
        };
        Self::parse(&text).map_err(|config_error| {
            let line = text
                .bytes()
                .take(config_error.offset)
                .filter(|b| *b == b'\n')
                .count()
                + 1;
            failure(format!(", line {line}"), config_error.message)
        })
    }

    fn parse(text: &str) -> Result<Self, ConfigError> {
        let written: ConfigFile = toml::from_str(text).map_err(|error| ConfigError {
            offset: error.span().map_or(0, |span| span.start),
            // The library's message has several lines.
            message: sanitize::sanitize(error.message().replace('\n', "; ").as_bytes()).to_string(),
        })?;
        let interval = written
            .interval
            .map(|value| parse_interval(&value))
            .transpose()?;
        let filters = written
            .filters
            .iter()
            .map(|(name, text)| parse_named_filter(name, text));
        Ok(Self {
            interval,
            filters: filters.collect::<Result<_, _>>()?,
            retention: written.history.map_or_else(
                || Ok(Retention::default()),
                |section| section.to_retention(),
            )?,
            thresholds: written.findings.to_thresholds()?,
        })
    }
}

impl HistorySection {
    fn to_retention(&self) -> Result<Retention, ConfigError> {
        let mut retention = Retention::default();
        let times = [
            (
                "closed-for",
                &self.closed_for,
                &mut retention.closed.max_age,
            ),
            (
                "moments-for",
                &self.moments_for,
                &mut retention.moments.max_age,
            ),
        ];
        for (name, value, setting) in times {
            if let Some(value) = value {
                *setting = parse_time(value).map_err(|why| value_error(value, name, &why))?;
            }
        }
        let sizes = [
            (
                "closed-memory",
                &self.closed_memory,
                &mut retention.closed.max_bytes,
            ),
            (
                "moments-memory",
                &self.moments_memory,
                &mut retention.moments.max_bytes,
            ),
        ];
        for (name, value, setting) in sizes {
            if let Some(value) = value {
                *setting = parse_size(value).map_err(|why| value_error(value, name, &why))?;
            }
        }
        Ok(retention)
    }
}

fn value_error(value: &Spanned<Value>, name: &str, why: &str) -> ConfigError {
    ConfigError {
        offset: value.span().start,
        message: format!("{name}: {}", sanitize::sanitize(why.as_bytes())),
    }
}

/// Returns the text of a setting.
fn value_text(value: &Spanned<Value>) -> String {
    match value.get_ref() {
        Value::String(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        other => other.type_str().to_owned(),
    }
}

/// Parses a duration of at most a week.
fn parse_time(value: &Spanned<Value>) -> Result<Duration, String> {
    const WEEK: Duration = Duration::from_secs(7 * 86_400);
    let text = value_text(value);
    let time = values::parse_duration(&text).filter(|time| *time <= WEEK);
    time.ok_or_else(|| {
        format!("a time such as 90s, 10m or 1h (at most 7 days) is expected, not {text:?}")
    })
}

/// Parses a size of at most 10^12 bytes: `16MB`, `500kB`, or a number of bytes.
fn parse_size(value: &Spanned<Value>) -> Result<usize, String> {
    let text = value_text(value);
    let at = text.find(|c: char| !c.is_ascii_digit());
    let (digits, unit) = text.split_at(at.unwrap_or(text.len()));
    let factor: Option<u64> = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => Some(1),
        "k" | "kb" => Some(1_000),
        "m" | "mb" => Some(1_000_000),
        "g" | "gb" => Some(1_000_000_000),
        _ => None,
    };
    let bytes = digits.parse::<u64>().ok();
    let bytes = bytes.and_then(|number| number.checked_mul(factor?));
    let bytes = bytes.filter(|bytes| *bytes <= 1_000_000_000_000);
    bytes
        .and_then(|bytes| usize::try_from(bytes).ok())
        .ok_or_else(|| format!("a size such as 16MB or 500kB is expected, not {text:?}"))
}

fn parse_interval(value: &Spanned<Value>) -> Result<Duration, ConfigError> {
    values::parse_interval(&value_text(value)).map_err(|why| value_error(value, "interval", &why))
}

fn parse_named_filter(name: &str, text: &Spanned<String>) -> Result<NamedFilter, ConfigError> {
    let shown = sanitize::sanitize(name.as_bytes());
    let filter = text.get_ref();
    Filter::parse(filter).map_err(|error| ConfigError {
        offset: text.span().start,
        message: format!(
            "invalid filter {shown:?}: {error}{}",
            underline_error(filter, &error)
        ),
    })?;
    Ok(NamedFilter {
        name: shown.to_string(),
        // The filter line has one line.
        text: filter.replace(char::is_control, " "),
    })
}

fn default_path() -> Option<PathBuf> {
    let base_dirs = etcetera::choose_base_strategy().ok()?;
    Some(base_dirs.config_dir().join("portolan").join("config.toml"))
}

fn read_file(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(io::Error::other("larger than 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("not UTF-8 text"))
}

/// Returns whether the default file counts as missing. "Permission denied" does: sudo, su and cron keep
/// HOME, so it may be another user's directory.
fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::PermissionDenied
    )
}

fn display_path(path: &Path) -> String {
    sanitize::sanitize(path.as_os_str().as_encoded_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../assets/config.toml");

    fn parse_debug(text: &str) -> String {
        match Config::parse(text) {
            Ok(config) => format!("{config:?}"),
            Err(ConfigError {
                offset: at,
                message: why,
            }) => format!("{at}: {why}"),
        }
    }

    #[test]
    fn example_file_matches_the_defaults() {
        assert_eq!(parse_debug(EXAMPLE), format!("{:?}", Config::default()));
        // A hash before a space starts a comment; a hash before a letter disables a setting.
        let enabled: String = EXAMPLE
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(setting) if !setting.is_empty() && !setting.starts_with(' ') => setting,
                _ => line,
            })
            .flat_map(|line| [line, "\n"])
            .collect();
        let Ok(config) = Config::parse(&enabled) else {
            panic!("{}", parse_debug(&enabled));
        };
        assert_eq!(config.interval, Some(Duration::from_secs(1)));
        assert_eq!(config.retention, Retention::default());
        assert_eq!(config.thresholds, Thresholds::DEFAULT);
        assert_eq!(
            enabled.matches(" = ").count(),
            18,
            "no threshold is missing"
        );
        let names: Vec<&str> = config.filters.iter().map(|f| &*f.name).collect();
        assert_eq!(names, ["leaks", "slow", "waiting to be read", "web"]);
    }

    #[test]
    fn errors_give_the_offset_and_the_reason() {
        for (text, expected) in [
            ("colour = 1", "0: unknown field `colour`"),
            ("\n[filter]\n", "2: unknown field `filter`"),
            ("interval = true", "11: interval: a time such as 1s"),
            ("interval = \"1ms\"", "11: interval: the interval must be"),
            ("filters = 3", "10: invalid type: integer `3`"),
            ("[filters]\nx = 3", "14: invalid type: integer `3`"),
            (
                "[filters]\nx = \"prot:tcp\"",
                "14: invalid filter \"x\": no field `prot`; did you mean `proto`?\n  prot:tcp\n  ^^^^",
            ),
            ("[findings]\nsyn-sent = 3", "11: unknown field `syn-sent`"),
            (
                "[findings]\nunread-age = \"soon\"",
                "24: unread-age: a time such as 10s, or \"never\"",
            ),
            (
                "[findings]\nbacklog-percent = 0",
                "29: backlog-percent: a number from 1 to 100, or \"never\"",
            ),
            (
                "[findings]\ntime-wait-count = -1",
                "29: time-wait-count: a number from 1 to 4294967295, or \"never\"",
            ),
            ("[filters\nx", "8: "),
            (
                "[history]\nclosed-for = \"soon\"",
                "23: closed-for: a time such as 90s",
            ),
            (
                "[history]\nmoments-memory = \"16 MiB\"",
                "27: moments-memory: a size such as 16MB",
            ),
            ("[history]\nclosed = 1", "10: unknown field `closed`"),
            ("[filters]\nx = \"a\"\nx = \"b\"", "18: duplicate key"),
        ] {
            let message = parse_debug(text);
            assert!(message.starts_with(expected), "{text}: {message}");
        }
        assert!(parse_debug("interval = 2").contains("Some(2s)"));
        assert!(parse_debug("interval = 0.5").contains("Some(500ms)"));
        let retained = parse_debug("[history]\nmoments-for = 30\nclosed-memory = \"2 kB\"");
        assert!(
            retained.contains("max_age: 30s") && retained.contains("max_bytes: 2000 "),
            "{retained}"
        );
        let never = parse_debug("[findings]\nunread-age = \"never\"\nsyn-sent-age = \"5s\"");
        assert!(never.contains("unread_age: None"), "{never}");
        assert!(never.contains("syn_sent_age: Some(5s)"), "{never}");
    }
}
