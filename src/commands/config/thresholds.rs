//! Parses `[findings]`: the thresholds above which findings are reported.
//!
//! Returns [`Thresholds`], or the error of the first invalid value.

use std::time::Duration;

use serde::Deserialize;
use toml::{Spanned, Value};

use super::error::ConfigError;
use crate::commands::args::values;
use crate::findings::Thresholds;

/// `[findings]` as deserialized, before its values are parsed.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct FindingsSection {
    close_wait_age: OptionalValue,
    close_wait_count: OptionalValue,
    unread_age: OptionalValue,
    undrained_age: OptionalValue,
    backlog_percent: OptionalValue,
    syn_sent_age: OptionalValue,
    ephemeral_percent: OptionalValue,
    time_wait_count: OptionalValue,
    local_only_count: OptionalValue,
}

type OptionalValue = Option<Spanned<Value>>;

impl FindingsSection {
    pub(crate) fn to_thresholds(&self) -> Result<Thresholds, ConfigError> {
        let default = Thresholds::DEFAULT;
        Ok(Thresholds {
            close_wait_age: parse_age(
                "close-wait-age",
                &self.close_wait_age,
                default.close_wait_age,
            )?,
            close_wait_count: parse_count(
                "close-wait-count",
                &self.close_wait_count,
                default.close_wait_count,
                u32::MAX,
            )?,
            unread_age: parse_age("unread-age", &self.unread_age, default.unread_age)?,
            undrained_age: parse_age("undrained-age", &self.undrained_age, default.undrained_age)?,
            backlog_percent: parse_count(
                "backlog-percent",
                &self.backlog_percent,
                default.backlog_percent,
                100,
            )?,
            syn_sent_age: parse_age("syn-sent-age", &self.syn_sent_age, default.syn_sent_age)?,
            ephemeral_percent: parse_count(
                "ephemeral-percent",
                &self.ephemeral_percent,
                default.ephemeral_percent,
                100,
            )?,
            time_wait_count: parse_count(
                "time-wait-count",
                &self.time_wait_count,
                default.time_wait_count,
                u32::MAX,
            )?,
            local_only_count: parse_count(
                "local-only-count",
                &self.local_only_count,
                default.local_only_count,
                u32::MAX,
            )?,
        })
    }
}

/// The value that disables a rule.
const NEVER: &str = "never";

fn parse_age(
    name: &str,
    written: &OptionalValue,
    default: Option<Duration>,
) -> Result<Option<Duration>, ConfigError> {
    let Some(value) = written else {
        return Ok(default);
    };
    let text = match value.get_ref() {
        Value::String(text) if text == NEVER => return Ok(None),
        Value::String(text) => text.clone(),
        Value::Integer(seconds) => seconds.to_string(),
        Value::Float(seconds) => seconds.to_string(),
        _ => String::new(),
    };
    match values::parse_duration(&text) {
        Some(age) => Ok(Some(age)),
        None => Err(value_error(name, value, "a time such as 10s")),
    }
}

fn parse_count(
    name: &str,
    written: &OptionalValue,
    default: Option<u32>,
    max: u32,
) -> Result<Option<u32>, ConfigError> {
    let Some(value) = written else {
        return Ok(default);
    };
    let number = match value.get_ref() {
        Value::String(text) if text == NEVER => return Ok(None),
        Value::Integer(number) => u32::try_from(*number).ok(),
        _ => None,
    };
    match number.filter(|number| (1..=max).contains(number)) {
        Some(number) => Ok(Some(number)),
        None => Err(value_error(
            name,
            value,
            &format!("a number from 1 to {max}"),
        )),
    }
}

fn value_error(name: &str, value: &Spanned<Value>, expected: &str) -> ConfigError {
    ConfigError {
        offset: value.span().start,
        message: format!("{name}: {expected}, or \"{NEVER}\""),
    }
}
