//! One module for each command.

mod add;
mod app;
mod check;
mod compile;
mod completions;
mod diff;
mod explain;
mod fleet;
mod fmt;
mod import;
mod lint;
mod list;
mod man;
mod remove;
mod replay;

use std::io::Write;

use crate::args::{AppAct, Args, Command};
use crate::output::{self, Exit, Failure, Out, Outcome};
use crate::stream::{self, Input};

/// Does what was asked for.
pub(crate) fn run(args: &Args) -> Outcome {
    let inputs = args.command.inputs();
    stream::refuse_second_stdin(&inputs)?;
    stream::refuse_overwriting(&inputs, args.command.output())?;
    let form = args.form;
    match &args.command {
        Command::Check { lists, addresses } => check::run(lists, addresses, form),
        Command::Explain { lists, addresses } => explain::run(lists, addresses, form),
        Command::Lint { files, deny_warnings, fix, all } => {
            let settings = lint::Settings { deny_warnings: *deny_warnings, fix: *fix, all: *all };
            lint::run(files, settings, form)
        }
        Command::Fmt { files, check, write, lenient, bound } => {
            let job = fmt::Job { task: fmt::Task::of(*check, *write), lenient: *lenient, bound: *bound };
            fmt::run(files, job, form)
        }
        Command::Diff { pair, access, reading } => diff::run(pair, *reading, *access, form),
        Command::Compile { around, reading, input, site, output, force, generation } => {
            let image = compile::Image { output, force: *force, generation: *generation };
            compile::run(around, *reading, compile::What { input, site }, image, form)
        }
        Command::Add { file, entries } => add::run(file, entries, form),
        Command::Remove { file, entries } => remove::run(file, entries, form),
        Command::List { list, site, reading, labels, apps } => {
            list::run(list, site, *reading, list::What::of(*labels, *apps), form)
        }
        Command::Replay { lists, form: log_form, log } => replay::run(lists, log_form, log, form),
        Command::Import { from, file } => import::run(*from, file),
        Command::App { app, act, access } => app::run(app, access, act, form),
        Command::Fleet { act } => fleet::run(act, form),
        Command::Whitelist { of } => app::run(&of.app, &of.access, &AppAct::List { text: false }, form),
        Command::WhitelistAdd { edit } => {
            let act = AppAct::Add { addresses: edit.addresses.clone(), dry_run: false };
            app::run(&edit.of.app, &edit.of.access, &act, form)
        }
        Command::WhitelistRemove { edit } => {
            let act = AppAct::Remove { addresses: edit.addresses.clone(), dry_run: false };
            app::run(&edit.of.app, &edit.of.access, &act, form)
        }
        Command::Completions { shell } => completions::run(*shell, form),
        Command::Man { directory } => man::run(directory.as_deref(), form),
    }
}

/// Does the same with each of several files. One with which it cannot be done is told, and the others are done
/// all the same.
fn for_each(files: &[Input], mut task: impl FnMut(&mut Out, &Input) -> Outcome) -> Outcome {
    let mut out = output::stdout();
    let mut exit = Exit::Yes;
    for file in files {
        exit = exit.max(match task(&mut out, file) {
            Err(Failure::Told(sentence)) => {
                output::complain(sentence);
                Exit::Error
            }
            outcome => outcome?,
        });
    }
    out.flush()?;
    Ok(exit)
}
