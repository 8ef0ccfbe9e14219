//! The command `ipgate`.

#![forbid(unsafe_code)]

mod addresses;
mod args;
mod client;
mod commands;
mod controller;
mod edit;
mod effect;
mod expiry;
mod fix;
mod lines;
mod output;
mod quoted;
mod render;
mod site;
mod source;
mod stream;

use std::process::ExitCode;

use args::Args;

fn main() -> ExitCode {
    output::exit_code(commands::run(&Args::of_process()))
}
