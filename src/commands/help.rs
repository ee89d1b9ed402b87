//! `portolan help TOPIC`, man pages, and errors of the command line.

use std::io::Write;

use clap::CommandFactory;

use super::generated_pages;
use crate::commands::args::cli::Cli;
use crate::filter::grammar;
use crate::output::help;
use crate::runtime::exit::Exit;

pub(super) fn print_clap_error(error: &clap::Error) -> Exit {
    let exit = if error.use_stderr() {
        Exit::UsageError
    } else {
        Exit::Success
    };
    // Nobody is left to tell when the output is gone.
    let _ = error.print();
    exit
}
/// Makes the text of a topic.
type HelpText = fn() -> String;
/// What `help` can tell besides the commands.
const HELP_TOPICS: &[(&str, HelpText)] = &[
    ("filter", grammar::grammar),
    ("columns", help::columns_help),
    ("json", help::json_schema),
];
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
            let text = format!(
                "no help about {name:?}; there is help about {}",
                known.join(", ")
            );
            print_clap_error(&Cli::command().error(clap::error::ErrorKind::InvalidValue, text))
        }
    }
}
pub(super) fn print_man_page(name: Option<&str>) -> Exit {
    match generated_pages::render_man_page(name) {
        Some(page) => exit_for_write(std::io::stdout().lock().write_all(&page)),
        None => {
            let text = format!("there is no command {:?}", name.unwrap_or_default());
            print_clap_error(&Cli::command().error(clap::error::ErrorKind::InvalidValue, text))
        }
    }
}
/// Help that nobody reads to its end is no failure.
pub(super) fn exit_for_write(outcome: std::io::Result<()>) -> Exit {
    match outcome {
        Ok(()) => Exit::Success,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Success,
        Err(_) => Exit::SystemError,
    }
}
