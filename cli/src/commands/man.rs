//! `man`: manual pages generated from the argument parser.

use std::io::Write;
use std::path::Path;

use clap_mangen::Man;
use ipgate::{ShownPath, whole_file};
use serde::Serialize;

use crate::args::{Args, Form};
use crate::output::{self, Exit, Outcome};

/// The page that was printed, or the name of one that was written.
#[derive(Serialize)]
struct Page<'a> {
    file: &'a str,
    page: Option<&'a str>,
}

pub(crate) fn run(directory: Option<&Path>, Form { json }: Form) -> Outcome {
    let mut command = Args::shown();
    command.build();
    match directory {
        None => print(command, json),
        Some(directory) => write(&command, directory, json),
    }
}

/// The page of `ipgate` itself.
fn print(command: clap::Command, json: bool) -> Outcome {
    let man = Man::new(command);
    let mut page = Vec::new();
    man.render(&mut page)?;
    let mut out = output::stdout();
    match json {
        true => {
            let (file, text) = (man.get_filename(), String::from_utf8_lossy(&page));
            output::json(&mut out, &Page { file: &file, page: Some(&text) })?;
        }
        false => out.write_all(&page)?,
    }
    out.flush()?;
    Ok(Exit::Yes)
}

/// A page for `ipgate` and one for each of its commands.
fn write(command: &clap::Command, directory: &Path, json: bool) -> Outcome {
    let mut out = output::stdout();
    let commands = command.get_subcommands().filter(|command| command.get_name() != "help");
    for command in std::iter::once(command).chain(commands) {
        let man = Man::new(command.clone());
        let mut page = Vec::new();
        man.render(&mut page)?;
        let path = directory.join(man.get_filename());
        let name = ShownPath(&path).to_string();
        whole_file::write(&path, &page)?;
        match json {
            true => output::json(&mut out, &Page { file: &name, page: None })?,
            false => writeln!(out, "{name}")?,
        }
    }
    out.flush()?;
    Ok(Exit::Yes)
}
