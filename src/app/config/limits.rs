//! `[findings]`: from where on something is worth a look.
//!
//! In: the values as they are written. Out: [`Limits`], or what is wrong with the first that is.

use std::time::Duration;

use serde::Deserialize;
use toml::{Spanned, Value};

use super::Wrong;
use crate::app::cli;
use crate::teach::Limits;

/// The table, before its values are understood.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Written {
    close_wait_age: Setting,
    close_wait_count: Setting,
    unread_age: Setting,
    undrained_age: Setting,
    backlog_percent: Setting,
    syn_sent_age: Setting,
    ephemeral_percent: Setting,
    time_wait_count: Setting,
    local_only_count: Setting,
}

type Setting = Option<Spanned<Value>>;

impl Written {
    pub(super) fn limits(&self) -> Result<Limits, Wrong> {
        let usual = Limits::USUAL;
        Ok(Limits {
            close_wait_age: age("close-wait-age", &self.close_wait_age, usual.close_wait_age)?,
            close_wait_count: number(
                "close-wait-count",
                &self.close_wait_count,
                usual.close_wait_count,
                u32::MAX,
            )?,
            unread_age: age("unread-age", &self.unread_age, usual.unread_age)?,
            undrained_age: age("undrained-age", &self.undrained_age, usual.undrained_age)?,
            backlog_percent: number(
                "backlog-percent",
                &self.backlog_percent,
                usual.backlog_percent,
                100,
            )?,
            syn_sent_age: age("syn-sent-age", &self.syn_sent_age, usual.syn_sent_age)?,
            ephemeral_percent: number(
                "ephemeral-percent",
                &self.ephemeral_percent,
                usual.ephemeral_percent,
                100,
            )?,
            time_wait_count: number(
                "time-wait-count",
                &self.time_wait_count,
                usual.time_wait_count,
                u32::MAX,
            )?,
            local_only_count: number(
                "local-only-count",
                &self.local_only_count,
                usual.local_only_count,
                u32::MAX,
            )?,
        })
    }
}

/// The word that switches a rule off.
const NEVER: &str = "never";

fn age(name: &str, written: &Setting, usual: Option<Duration>) -> Result<Option<Duration>, Wrong> {
    let Some(setting) = written else {
        return Ok(usual);
    };
    let text = match setting.get_ref() {
        Value::String(text) if text == NEVER => return Ok(None),
        Value::String(text) => text.clone(),
        Value::Integer(seconds) => seconds.to_string(),
        Value::Float(seconds) => seconds.to_string(),
        _ => String::new(),
    };
    match cli::duration(&text) {
        Some(age) => Ok(Some(age)),
        None => Err(wrong(name, setting, "a time such as 10s")),
    }
}

fn number(
    name: &str,
    written: &Setting,
    usual: Option<u32>,
    most: u32,
) -> Result<Option<u32>, Wrong> {
    let Some(setting) = written else {
        return Ok(usual);
    };
    let number = match setting.get_ref() {
        Value::String(text) if text == NEVER => return Ok(None),
        Value::Integer(number) => u32::try_from(*number).ok(),
        _ => None,
    };
    match number.filter(|number| (1..=most).contains(number)) {
        Some(number) => Ok(Some(number)),
        None => Err(wrong(name, setting, &format!("a number from 1 to {most}"))),
    }
}

fn wrong(name: &str, setting: &Spanned<Value>, expected: &str) -> Wrong {
    Wrong {
        at: setting.span().start,
        why: format!("{name}: {expected}, or \"{NEVER}\""),
    }
}
