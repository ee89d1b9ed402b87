//! Prints help topics, man pages, and command-line errors.

use std::io::Write;

use clap::CommandFactory;

use super::generated_pages;
use crate::commands::args::cli::Cli;
use crate::filter::grammar;
use crate::output::help;
use crate::runtime::exit::Exit;
use crate::tui::keys::bindings::KEY_BINDINGS;
use crate::tui::keys::key::Key;
use crate::tui::keys::lesson::LESSON_KEY_BINDINGS;
use crate::tui::keys::typing::TYPING_KEY_BINDINGS;

pub(super) fn print_clap_error(error: &clap::Error) -> Exit {
    let exit = if error.use_stderr() {
        Exit::UsageError
    } else {
        Exit::Success
    };
    // If the output is closed, there is nowhere to report it.
    let _ = error.print();
    exit
}

type HelpText = fn() -> String;

/// Help topics besides the commands.
const HELP_TOPICS: &[(&str, HelpText)] = &[
    ("filter", grammar::grammar),
    ("columns", help::columns_help),
    ("json", help::json_schema),
    ("keys", keys_help),
    ("config", || CONFIG_EXAMPLE.to_owned()),
];

/// The example configuration, with every setting and its default.
const CONFIG_EXAMPLE: &str = include_str!("../../assets/config.toml");

/// Returns the keys of the dashboard, of lessons and of typing, one binding a line.
fn keys_help() -> String {
    let general = KEY_BINDINGS.iter().map(|b| (b.keys, b.help_text));
    let lesson = LESSON_KEY_BINDINGS.iter().map(|b| (b.keys, b.help_text));
    let typing = TYPING_KEY_BINDINGS.iter().map(|b| (b.keys, b.help_text));
    let mut out = String::new();
    push_keys(&mut out, "In the dashboard:", general);
    push_keys(&mut out, "In a lesson, in addition:", lesson);
    push_keys(&mut out, "While typing a filter, and in menus:", typing);
    out.push_str("Mouse: click selects, a second click opens, a click on a column title sorts, the wheel scrolls.\n");
    out
}

fn push_keys<'a>(
    out: &mut String,
    title: &str,
    bindings: impl Iterator<Item = (&'a [Key], &'a str)>,
) {
    out.push_str(title);
    out.push_str("\n\n");
    for (keys, description) in bindings {
        let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
        out.push_str(&format!("  {:<14}  {description}\n", keys.join("  ")));
    }
    out.push('\n');
}

pub(super) fn print_help(topic: Option<&str>) -> Exit {
    let mut command = Cli::command();
    let Some(name) = topic else {
        return exit_for_write(command.print_long_help());
    };
    if let Some((_, text)) = HELP_TOPICS.iter().find(|(topic, _)| *topic == name) {
        return exit_for_write(std::io::stdout().lock().write_all(text().as_bytes()));
    }
    command.build();
    match command.find_subcommand_mut(name) {
        Some(command) => exit_for_write(command.print_long_help()),
        None => {
            let topics = HELP_TOPICS.iter().map(|(topic, _)| *topic);
            let commands = Cli::command();
            let shown = commands.get_subcommands().filter(|c| !c.is_hide_set());
            let names = shown.map(clap::Command::get_name);
            let known: Vec<&str> = topics.chain(names).collect();
            let text = format!("no help topic {name:?}; topics are {}", known.join(", "));
            print_clap_error(&Cli::command().error(clap::error::ErrorKind::InvalidValue, text))
        }
    }
}
pub(super) fn print_man_page(name: Option<&str>) -> Exit {
    match generated_pages::render_man_page(name) {
        Some(page) => exit_for_write(std::io::stdout().lock().write_all(&page)),
        None => {
            let text = format!("no such command {:?}", name.unwrap_or_default());
            print_clap_error(&Cli::command().error(clap::error::ErrorKind::InvalidValue, text))
        }
    }
}

/// Converts the result of writing help to an exit status; a broken pipe counts as success.
pub(super) fn exit_for_write(result: std::io::Result<()>) -> Exit {
    match result {
        Ok(()) => Exit::Success,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Success,
        Err(_) => Exit::SystemError,
    }
}
