//! `completions`: generated from the argument parser.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;
use serde::Serialize;

use crate::args::{Args, Form};
use crate::output::{self, Exit, Outcome};

#[derive(Serialize)]
struct Script<'a> {
    shell: String,
    script: &'a str,
}

pub(crate) fn run(shell: Shell, form: Form) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "ipgate", &mut script);
    let mut out = output::stdout();
    match form.json {
        true => {
            let script = &String::from_utf8_lossy(&script);
            output::json(&mut out, &Script { shell: shell.to_string(), script })?;
        }
        false => out.write_all(&script)?,
    }
    out.flush()?;
    Ok(Exit::Yes)
}
