//! The addresses of a command line: arguments, and lines of standard input.

use std::fmt;
use std::io;

use crate::lines::Lines;
use crate::output::Failure;
use crate::source::cannot_read;
use crate::stream::{Client, STDIN};

/// Where an address stands, as a message about it begins.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    /// On the command line, where it is seen.
    Argument,
    /// On a line of standard input.
    Line(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Argument => Ok(()),
            Place::Line(number) => write!(f, "{STDIN}:{number}: "),
        }
    }
}

/// What is done with each address.
pub(crate) trait Answers {
    /// Answers one, which need not be an address.
    fn answer(&mut self, text: &str, place: Place) -> Result<(), Failure>;

    /// Writes what is known, before more input has to be waited for.
    fn flush(&mut self) -> io::Result<()>;
}

/// Answers all, in their order; those of standard input where none is given.
pub(crate) fn answer_all(clients: &[Client], answers: &mut impl Answers) -> Result<(), Failure> {
    if clients.is_empty() {
        answer_stdin(answers)?;
    }
    for client in clients {
        match client {
            Client::Stdin => answer_stdin(answers)?,
            Client::Address(text) => answers.answer(text, Place::Argument)?,
        }
    }
    Ok(answers.flush()?)
}

/// Blank lines and comments are passed over. Nothing but those is an error: a script that has lost its address
/// must not be told that all are allowed.
fn answer_stdin(answers: &mut impl Answers) -> Result<(), Failure> {
    let mut lines = Lines::new(io::stdin().lock());
    let mut any = false;
    loop {
        if lines.may_wait() {
            answers.flush()?;
        }
        let line = lines.next().map_err(|error| cannot_read(STDIN, &error))?;
        let Some(line) = line else { break };
        let place = Place::Line(line.number);
        match line.text().map(|text| text.trim_matches([' ', '\t'])) {
            Some(text) if text.is_empty() || text.starts_with('#') => continue,
            Some(text) => answers.answer(text, place)?,
            None => answers.answer(&String::from_utf8_lossy(line.bytes), place)?,
        }
        any = true;
    }
    match any {
        true => Ok(()),
        false => Err(Failure::Told("there is no address on standard input".to_owned())),
    }
}
