//! `callboard`: the terminal screen, or one operation without it.

use std::process::ExitCode;

use callboard::cli::Cli;
use callboard::{headless, runtime};
use clap::Parser;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        Some(command) => headless::run(&cli.global, &command),
        None => runtime::start(&cli.global),
    }
}
