//! The configuration file → named filters, the interval, and from where on something is worth a look.
//!
//! In: TOML from `--config FILE`, else from `$XDG_CONFIG_HOME/portolan/config.toml`, which need not
//! be there. Out: a [`Config`], or one sentence with the file, the line and what is wrong there:
//! a setting that would silently be ignored is worse than none. `assets/config.toml` is an example.

mod limits;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use etcetera::BaseStrategy;
use serde::Deserialize;
use toml::{Spanned, Value};

use crate::app::cli;
use crate::app::exit::{Failure, pointed_at};
use crate::app::memory::Keeping;
use crate::app::update::NamedFilter;
use crate::query::Filter;
use crate::teach::Limits;
use crate::text;

/// What the user configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The time between two samples.
    pub interval: Option<Duration>,
    /// Filters by name, in the order of their names.
    pub filters: Vec<NamedFilter>,
    /// How much is remembered.
    pub keeping: Keeping,
    /// From where on something is worth a look.
    pub limits: Limits,
}

/// The file, before its values are understood.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    interval: Option<Spanned<Value>>,
    #[serde(default)]
    filters: BTreeMap<String, Spanned<String>>,
    history: Option<Remembered>,
    #[serde(default)]
    findings: limits::Written,
}

/// How much is remembered, before it is understood.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Remembered {
    closed_for: Option<Spanned<Value>>,
    closed_memory: Option<Spanned<Value>>,
    moments_for: Option<Spanned<Value>>,
    moments_memory: Option<Spanned<Value>>,
}

/// The most that is read: a thousand named filters, and no film.
const LIMIT: u64 = 1024 * 1024;

/// What is wrong, and at which byte.
struct Wrong {
    at: usize,
    why: String,
}

impl Config {
    /// Reads the configuration. `asked` is the file of `--config`, which must be there.
    ///
    /// # Errors
    /// When it cannot be read or understood.
    pub(super) fn load(asked: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = asked.map(Path::to_owned).or_else(usual) else {
            return Ok(Self::default());
        };
        let failure = |place: String, why: String| Failure::Config {
            place: format!("{}{place}", shown(&path)),
            why,
        };
        let text = match read(&path) {
            Ok(text) => text,
            Err(error) if asked.is_none() && is_missing(&error) => return Ok(Self::default()),
            Err(error) => {
                return Err(failure(
                    String::new(),
                    format!("it cannot be read: {error}"),
                ));
            }
        };
        Self::parse(&text).map_err(|wrong| {
            let line = text.bytes().take(wrong.at).filter(|b| *b == b'\n').count() + 1;
            failure(format!(", line {line}"), wrong.why)
        })
    }

    fn parse(text: &str) -> Result<Self, Wrong> {
        let written: Written = toml::from_str(text).map_err(|error| Wrong {
            at: error.span().map_or(0, |span| span.start),
            // The library breaks its sentence into lines.
            why: text::readable(error.message().replace('\n', "; ").as_bytes()).to_string(),
        })?;
        let interval = written.interval.map(|value| interval(&value)).transpose()?;
        let filters = written.filters.iter().map(|(name, text)| named(name, text));
        Ok(Self {
            interval,
            filters: filters.collect::<Result<_, _>>()?,
            keeping: written
                .history
                .map_or_else(|| Ok(Keeping::default()), |remembered| remembered.keeping())?,
            limits: written.findings.limits()?,
        })
    }
}

impl Remembered {
    fn keeping(&self) -> Result<Keeping, Wrong> {
        let mut keeping = Keeping::default();
        let times = [
            ("closed-for", &self.closed_for, &mut keeping.closed.time),
            ("moments-for", &self.moments_for, &mut keeping.moments.time),
        ];
        for (name, value, place) in times {
            if let Some(value) = value {
                *place = time(value).map_err(|why| wrong(value, name, &why))?;
            }
        }
        let sizes = [
            (
                "closed-memory",
                &self.closed_memory,
                &mut keeping.closed.bytes,
            ),
            (
                "moments-memory",
                &self.moments_memory,
                &mut keeping.moments.bytes,
            ),
        ];
        for (name, value, place) in sizes {
            if let Some(value) = value {
                *place = size(value).map_err(|why| wrong(value, name, &why))?;
            }
        }
        Ok(keeping)
    }
}

fn wrong(value: &Spanned<Value>, name: &str, why: &str) -> Wrong {
    Wrong {
        at: value.span().start,
        why: format!("{name}: {}", text::readable(why.as_bytes())),
    }
}

/// A setting as it was written.
fn written(value: &Spanned<Value>) -> String {
    match value.get_ref() {
        Value::String(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        other => other.type_str().to_owned(),
    }
}

/// A time, up to a week.
fn time(value: &Spanned<Value>) -> Result<Duration, String> {
    const WEEK: Duration = Duration::from_secs(7 * 86_400);
    let text = written(value);
    let time = cli::duration(&text).filter(|time| *time <= WEEK);
    time.ok_or_else(|| {
        format!("a time such as 90s, 10m or 1h, a week at most, is expected, not {text:?}")
    })
}

/// A number of bytes, up to a terabyte: `16MB`, `500kB`, or bytes alone.
fn size(value: &Spanned<Value>) -> Result<usize, String> {
    let text = written(value);
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

fn interval(value: &Spanned<Value>) -> Result<Duration, Wrong> {
    cli::interval(&written(value)).map_err(|why| wrong(value, "interval", &why))
}

fn named(name: &str, text: &Spanned<String>) -> Result<NamedFilter, Wrong> {
    let shown = text::readable(name.as_bytes());
    let filter = text.get_ref();
    Filter::parse(filter).map_err(|error| Wrong {
        at: text.span().start,
        why: format!(
            "the filter {shown:?} is wrong: {error}{}",
            pointed_at(filter, &error)
        ),
    })?;
    Ok(NamedFilter {
        name: shown.to_string(),
        // In the filter line it is one line.
        text: filter.replace(char::is_control, " "),
    })
}

fn usual() -> Option<PathBuf> {
    let places = etcetera::choose_base_strategy().ok()?;
    Some(places.config_dir().join("portolan").join("config.toml"))
}

fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT {
        return Err(io::Error::other("it is larger than any configuration"));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is no UTF-8 text"))
}

/// Whether there is nothing for this user at the place where a configuration would be. A home that
/// may not be entered is somebody else's: sudo, su and cron leave HOME as it was.
fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::PermissionDenied
    )
}

fn shown(path: &Path) -> String {
    text::readable(path.as_os_str().as_encoded_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../assets/config.toml");

    fn said(text: &str) -> String {
        match Config::parse(text) {
            Ok(config) => format!("{config:?}"),
            Err(Wrong { at, why }) => format!("{at}: {why}"),
        }
    }

    #[test]
    fn the_example_is_the_default_and_right_without_its_hashes() {
        assert_eq!(said(EXAMPLE), format!("{:?}", Config::default()));
        // A hash before a space begins a comment, one before a letter switches a setting off.
        let on: String = EXAMPLE
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(setting) if !setting.is_empty() && !setting.starts_with(' ') => setting,
                _ => line,
            })
            .flat_map(|line| [line, "\n"])
            .collect();
        let Ok(config) = Config::parse(&on) else {
            panic!("{}", said(&on));
        };
        assert_eq!(config.interval, Some(Duration::from_secs(1)));
        assert_eq!(config.keeping, Keeping::default());
        assert_eq!(config.limits, Limits::USUAL);
        assert_eq!(on.matches(" = ").count(), 18, "no threshold is missing");
        let names: Vec<&str> = config.filters.iter().map(|f| &*f.name).collect();
        assert_eq!(names, ["leaks", "slow", "waiting to be read", "web"]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, expected) in [
            ("colour = 1", "0: unknown field `colour`"),
            ("\n[filter]\n", "2: unknown field `filter`"),
            ("interval = true", "11: interval: a time such as 1s"),
            ("interval = \"1ms\"", "11: interval: the interval must be"),
            ("filters = 3", "10: invalid type: integer `3`"),
            ("[filters]\nx = 3", "14: invalid type: integer `3`"),
            (
                "[filters]\nx = \"prot:tcp\"",
                "14: the filter \"x\" is wrong: no field `prot`; did you mean `proto`?\n  prot:tcp\n  ^^^^",
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
            let said = said(text);
            assert!(said.starts_with(expected), "{text}: {said}");
        }
        assert!(said("interval = 2").contains("Some(2s)"));
        assert!(said("interval = 0.5").contains("Some(500ms)"));
        let kept = said("[history]\nmoments-for = 30\nclosed-memory = \"2 kB\"");
        assert!(
            kept.contains("time: 30s") && kept.contains("bytes: 2000 "),
            "{kept}"
        );
        let never = said("[findings]\nunread-age = \"never\"\nsyn-sent-age = \"5s\"");
        assert!(never.contains("unread_age: None"), "{never}");
        assert!(never.contains("syn_sent_age: Some(5s)"), "{never}");
    }
}
