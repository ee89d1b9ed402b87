//! Generates shell completions and man pages from the clap definition.
//!
//! They come from clap_complete and clap_mangen, so no option can be missing.

use std::io;
use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::commands::args::cli::Cli;

/// The command name to complete, whatever the executable is called.
const BIN_NAME: &str = "portolan";

/// Writes the completion script for a shell to stdout.
pub(crate) fn print_completions(shell: Shell) -> io::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), BIN_NAME, &mut script);
    io::stdout().lock().write_all(&script)
}

/// Renders the man page (roff) of the program or of a command; `None` if there is no such command.
pub(crate) fn render_man_page(name: Option<&str>) -> Option<Vec<u8>> {
    let mut all = Cli::command();
    // Gives the commands their full names, such as "portolan list".
    all.build();
    let command = match name {
        None => all,
        Some(name) => {
            let found = all.find_subcommand(name)?.clone();
            found.version(env!("CARGO_PKG_VERSION"))
        }
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page).ok()?;
    Some(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_man_page() {
        let first = String::from_utf8(render_man_page(None).unwrap()).unwrap();
        let commands = Cli::command();
        let shown = commands.get_subcommands().filter(|c| !c.is_hide_set());
        for command in shown {
            let name = command.get_name();
            assert!(first.contains(name), "{name}");
            let page = String::from_utf8(render_man_page(Some(name)).unwrap()).unwrap();
            assert!(page.contains(&format!(".TH portolan-{name} 1")), "{page}");
        }
        assert!(render_man_page(Some("nosuch")).is_none());
    }
}
