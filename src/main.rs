//! The `portolan` program: see [`portolan::commands`].

use std::process::ExitCode;

fn main() -> ExitCode {
    portolan::commands::main()
}
