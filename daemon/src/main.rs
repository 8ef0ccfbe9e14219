//! `ipgated`: follows the lists of a site where they are kept, and hands what is in force on.

#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use ipgated::args::Args;
use ipgated::config::DOCUMENT;
use ipgated::{daemon, log};

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            let _ = writeln!(io::stderr(), "{sentence}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args) -> Result<(), String> {
    if args.print_config {
        return io::stdout().write_all(DOCUMENT.as_bytes()).map_err(|error| error.to_string());
    }
    let config = args.configuration().map_err(|error| error.to_string())?;
    if args.check_config {
        daemon::check(&config)?;
        for warning in config.warnings() {
            let _ = writeln!(io::stderr(), "warning: {warning}");
        }
        let _ = writeln!(io::stdout(), "the configuration is good");
        return Ok(());
    }
    log::begin(&config.log)?;
    let runtime =
        tokio::runtime::Runtime::new().map_err(|error| format!("threads cannot be started: {error}"))?;
    runtime.block_on(daemon::run(args, config))
}
