//! The command `ipgate`.

#![forbid(unsafe_code)]

mod args;
mod atomic;
mod commands;
mod edit;
mod lines;
mod output;
mod render;
mod source;

use std::process::ExitCode;

use clap::Parser;

use args::Args;

fn main() -> ExitCode {
    output::exit_code(commands::run(&Args::parse()))
}
