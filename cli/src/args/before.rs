//! Options that stand before the command: `ipgate -l office.list check` is `ipgate check -l office.list`.

use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{Args as _, Command};

use super::groups::{Form, Lists};

/// Moves options from before the command to behind it, so that each command says by itself which ones it
/// takes, and an option that is given on both sides is one that is given twice. A command line that cannot be
/// read so is left as it is: the parser says what is wrong with it.
pub(super) fn moved_behind(line: Vec<OsString>) -> Vec<OsString> {
    let head = Form::augment_args(Lists::augment_args(Command::new("ipgate")))
        .disable_help_flag(true)
        .allow_external_subcommands(true)
        .external_subcommand_value_parser(clap::value_parser!(OsString));
    let options: Vec<_> = head.get_arguments().cloned().collect();
    let Ok(matches) = head.try_get_matches_from(&line) else { return line };
    let Some((command, rest)) = matches.subcommand() else { return line };

    let mut moved: Vec<OsString> = line.iter().take(1).cloned().collect();
    moved.push(command.into());
    for option in options {
        let (id, Some(long)) = (option.get_id().as_str(), option.get_long()) else { continue };
        if matches.value_source(id) != Some(ValueSource::CommandLine) {
            continue;
        }
        if !option.get_action().takes_values() {
            moved.push(format!("--{long}").into());
            continue;
        }
        for value in matches.get_raw(id).into_iter().flatten() {
            let mut option = OsString::from(format!("--{long}="));
            option.push(value);
            moved.push(option);
        }
    }
    moved.extend(rest.get_many::<OsString>("").into_iter().flatten().cloned());
    moved
}
