//! What packagers ship: completions for shells, and manual pages.
//!
//! In: the command line's own description. Out: text, made by the libraries that belong to it, so
//! that no option can be missing.

use std::io;
use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::commands::args::cli::Cli;

/// The name that is completed, whatever the file is called.
const BIN_NAME: &str = "portolan";

/// Writes the script for a shell to stdout.
pub(crate) fn print_completions(shell: Shell) -> io::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), BIN_NAME, &mut script);
    io::stdout().lock().write_all(&script)
}

/// The manual page (roff) of the program or of one of its commands; `None` where there is no such.
pub(crate) fn render_man_page(name: Option<&str>) -> Option<Vec<u8>> {
    let mut all = Cli::command();
    // Gives the commands their whole names: portolan list.
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
