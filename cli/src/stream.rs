//! What commands read from and write to, `-` among it, and what of that cannot go together.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser, ValueParser, ValueParserFactory};

use ipgate::ShownPath;

use crate::output::Failure;

/// The name of standard input in messages.
pub(crate) const STDIN: &str = "<stdin>";

/// A file to read, or standard input.
#[derive(Debug, Clone)]
pub(crate) enum Input {
    /// `-`.
    Stdin,
    File(PathBuf),
}

/// A file to write, or standard output.
#[derive(Debug, Clone)]
pub(crate) enum Output {
    /// `-`.
    Stdout,
    File(PathBuf),
}

/// An address to look up, or those on standard input.
#[derive(Debug, Clone)]
pub(crate) enum Client {
    /// `-`.
    Stdin,
    Address(String),
}

/// An empty name comes from a variable that a script has lost, and is never meant.
fn file_name(name: OsString) -> Result<PathBuf, &'static str> {
    match name.is_empty() {
        true => Err("it is empty, and the name of a file is needed: is a variable not set?"),
        false => Ok(name.into()),
    }
}

impl ValueParserFactory for Input {
    type Parser = ValueParser;

    fn value_parser() -> ValueParser {
        let input = |name: OsString| match name.to_str() {
            Some("-" | "/dev/stdin") => Ok(Input::Stdin),
            _ => file_name(name).map(Input::File),
        };
        ValueParser::new(OsStringValueParser::new().try_map(input))
    }
}

impl ValueParserFactory for Output {
    type Parser = ValueParser;

    fn value_parser() -> ValueParser {
        let output = |name: OsString| match name.to_str() {
            Some("-" | "/dev/stdout") => Ok(Output::Stdout),
            _ => file_name(name).map(Output::File),
        };
        ValueParser::new(OsStringValueParser::new().try_map(output))
    }
}

impl From<String> for Client {
    fn from(text: String) -> Client {
        if text == "-" { Client::Stdin } else { Client::Address(text) }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Input::Stdin => f.write_str(STDIN),
            Input::File(path) => ShownPath(path).fmt(f),
        }
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Output::Stdout => f.write_str("<stdout>"),
            Output::File(path) => ShownPath(path).fmt(f),
        }
    }
}

/// An input by the option or argument that names it.
pub(crate) struct Place<'a> {
    pub(crate) name: String,
    pub(crate) input: &'a Input,
}

impl<'a> Place<'a> {
    pub(crate) fn new(name: impl Into<String>, input: &'a Input) -> Place<'a> {
        Place { name: name.into(), input }
    }
}

/// Standard input has been read to its end by the first that reads it: a second one is refused.
pub(crate) fn refuse_second_stdin(inputs: &[Place<'_>]) -> Result<(), Failure> {
    let mut uses = inputs.iter().filter(|place| matches!(place.input, Input::Stdin));
    match (uses.next(), uses.next()) {
        (Some(first), Some(second)) => Err(Failure::Told(format!(
            "standard input can be read once, and {} and {} are both read from it; give one of them otherwise",
            first.name, second.name
        ))),
        _ => Ok(()),
    }
}

/// Nothing is written to what is being read, by whatever name: standard output counts too, since a shell
/// may have opened the file for it.
pub(crate) fn refuse_overwriting(inputs: &[Place<'_>], output: Option<&Output>) -> Result<(), Failure> {
    let stdout = identity::of_stream(&io::stdout()).map(|written| ("standard output".to_owned(), written));
    let file = match output {
        Some(Output::File(path)) => {
            identity::of_file(path).map(|written| (ShownPath(path).to_string(), written))
        }
        Some(Output::Stdout) | None => None,
    };
    for (output, written) in stdout.into_iter().chain(file) {
        for Place { name, input } in inputs {
            let read = match input {
                Input::Stdin => identity::of_stream(&io::stdin()),
                Input::File(path) => identity::of_file(path),
            };
            if read.as_ref() == Some(&written) {
                let sentence = format!("{name} ({input}) would be written over: {output} is the same file");
                return Err(Failure::Told(sentence));
            }
        }
    }
    Ok(())
}

/// What tells regular files apart, whatever their names: device and inode. Nothing is opened, since a pipe
/// would notice.
#[cfg(unix)]
mod identity {
    use std::fs::{self, File, Metadata};
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    pub(super) fn of_file(path: &Path) -> Option<(u64, u64)> {
        of(&fs::metadata(path).ok()?)
    }

    pub(super) fn of_stream(stream: &impl AsFd) -> Option<(u64, u64)> {
        let descriptor = stream.as_fd().try_clone_to_owned().ok()?;
        of(&File::from(descriptor).metadata().ok()?)
    }

    fn of(file: &Metadata) -> Option<(u64, u64)> {
        file.is_file().then(|| (file.dev(), file.ino()))
    }
}

/// Elsewhere files are known by their whole paths, and streams are not compared.
#[cfg(not(unix))]
mod identity {
    use std::path::{Path, PathBuf};

    pub(super) fn of_file(path: &Path) -> Option<PathBuf> {
        std::fs::canonicalize(path).ok()
    }

    pub(super) fn of_stream<T>(_: &T) -> Option<PathBuf> {
        None
    }
}
