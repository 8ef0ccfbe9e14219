//! One module for each command.

mod add;
mod check;
mod compile;
mod completions;
mod diff;
mod explain;
mod fmt;
mod lint;
mod list;
mod man;
mod remove;
mod replay;

use crate::args::{Args, Command};
use crate::output::{Failure, Outcome};

/// Does what was asked for.
pub(crate) fn run(args: &Args) -> Outcome {
    if let [first, ..] = args.unused().as_slice() {
        let sentence = format!("{first} has no effect on this command; leave it out (see `ipgate help`)");
        return Err(Failure::Told(sentence));
    }
    let global = &args.global;
    match &args.command {
        Command::Check { addresses } => check::run(global, addresses),
        Command::Explain { address } => explain::run(global, address),
        Command::Lint { files, deny_warnings } => lint::run(files, *deny_warnings, global.json),
        Command::Fmt { files, check, write } => fmt::run(files, fmt::Task::of(*check, *write), global.json),
        Command::Diff { old, new } => diff::run(global, old, new),
        Command::Compile { input, output, generation } => {
            compile::run(global, compile::Paths { input, output }, *generation)
        }
        Command::Add { entries } => add::run(global, entries),
        Command::Remove { entries } => remove::run(global, entries),
        Command::List { labels } => list::run(global, *labels),
        Command::Replay { client_field, delimiter, log } => {
            let fields = replay::Fields { client: client_field.get(), delimiter: *delimiter };
            replay::run(global, fields, log)
        }
        Command::Completions { shell } => completions::run(*shell, global.json),
        Command::Man { directory } => man::run(directory.as_deref(), global.json),
    }
}
