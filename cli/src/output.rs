//! What a command hands back: an exit code, an error, text or JSON.

use std::fmt;
use std::io::{self, BufWriter, ErrorKind, StdoutLock, Write};
use std::process::ExitCode;

use ipgate::space::Space;
use ipgate::whole_file::WriteError;
use ipgate::{Action, Entry, Label, Reason};
use serde::{Serialize, Serializer};

/// How a command ended; the exit codes of `ipgate --help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// 0.
    Yes,
    /// 1.
    No,
    /// 2, where the errors have been told already.
    Error,
}

impl Exit {
    pub(crate) fn of(yes: bool) -> Exit {
        if yes { Exit::Yes } else { Exit::No }
    }
}

/// Why a command could not go on.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Said in a sentence, without `ipgate: ` before it.
    Told(String),
    /// Standard output cannot be written to.
    Output(io::Error),
}

/// Only writing to standard output fails with a bare `io::Error`: all else says which file it was.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Output(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Failure {
        Failure::Output(error.into())
    }
}

impl From<String> for Failure {
    fn from(sentence: String) -> Failure {
        Failure::Told(sentence)
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Failure {
        Failure::Told(error.to_string())
    }
}

pub(crate) type Outcome = Result<Exit, Failure>;

/// What a shell shows for a command that wrote to a closed pipe: 128 and the number of SIGPIPE. Not 0: an
/// answer that nobody has read whole is not a yes.
const CLOSED_PIPE: u8 = 128 + 13;

/// Tells a failure, and gives the process's exit code.
pub(crate) fn exit_code(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(Exit::Yes) => ExitCode::SUCCESS,
        Ok(Exit::No) => ExitCode::from(1),
        Ok(Exit::Error) => ExitCode::from(2),
        Err(Failure::Output(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::from(CLOSED_PIPE),
        Err(Failure::Output(error)) => {
            complain(format_args!("standard output cannot be written: {error}"));
            ExitCode::from(2)
        }
        Err(Failure::Told(sentence)) => {
            complain(sentence);
            ExitCode::from(2)
        }
    }
}

/// A line on standard error. Where that cannot be written to, nobody is left to be told.
pub(crate) fn complain(sentence: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "ipgate: {sentence}");
}

/// Standard output, locked and buffered.
pub(crate) type Out = BufWriter<StdoutLock<'static>>;

pub(crate) fn stdout() -> Out {
    BufWriter::with_capacity(1 << 16, io::stdout().lock())
}

/// One JSON object on a line of its own.
pub(crate) fn json(out: &mut impl Write, object: &impl Serialize) -> Result<(), Failure> {
    serde_json::to_writer(&mut *out, object)?;
    Ok(out.write_all(b"\n")?)
}

/// Serializes what has a text form as that text.
pub(crate) fn as_text<S: Serializer>(value: &impl fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// Serializes what may have a text form.
pub(crate) fn maybe_text<S: Serializer>(
    value: &Option<impl fmt::Display>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

pub(crate) fn action(action: Action) -> &'static str {
    match action {
        Action::Allow => "allow",
        Action::Deny => "deny",
    }
}

pub(crate) fn decision(reason: Reason) -> &'static str {
    if reason.is_allowed() { "allow" } else { "deny" }
}

/// `1 entry`, `2 entries`.
pub(crate) fn count(n: impl fmt::Display, one: &str, many: &str) -> String {
    let n = n.to_string();
    let noun = if n == "1" { one } else { many };
    format!("{n} {noun}")
}

/// Numbers of addresses in JSON, as text: they go up to 2^128, which JSON numbers do not hold everywhere.
#[derive(Serialize)]
pub(crate) struct Counts {
    ipv4: String,
    ipv6: String,
}

impl Counts {
    pub(crate) fn of(space: &Space) -> Counts {
        Counts { ipv4: space.v4_count().to_string(), ipv6: space.v6_count().to_string() }
    }
}

/// An entry in JSON.
#[derive(Serialize)]
pub(crate) struct EntryJson<'e> {
    pub(crate) entry: String,
    pub(crate) prefix: String,
    pub(crate) action: &'static str,
    pub(crate) label: Option<&'e str>,
    pub(crate) until: Option<String>,
    pub(crate) line: Option<u32>,
}

impl<'e> From<&'e Entry> for EntryJson<'e> {
    fn from(entry: &'e Entry) -> EntryJson<'e> {
        EntryJson {
            entry: entry.to_string(),
            prefix: entry.prefix().to_string(),
            action: action(entry.action()),
            label: entry.label().map(Label::as_str),
            until: entry.until().map(|until| until.to_string()),
            line: entry.position().map(|at| at.line),
        }
    }
}
