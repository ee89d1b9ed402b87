//! The `portolan` program: see [`portolan::app`].

use std::process::ExitCode;

fn main() -> ExitCode {
    portolan::app::main()
}
