//! `check`: a line for each address.

use std::io::{self, Write};

use ipgate::{Gate, Reader, Reason, Shown, ipnet::IpNet, parse_address};
use serde::Serialize;

use crate::addresses::{Answers, Place, answer_all};
use crate::args::{Form, Lists};
use crate::output::{self, Exit, Failure, Out, Outcome, complain, decision};
use crate::source;
use crate::stream::Client;

/// The answer for one address, as it is written.
#[derive(Serialize)]
struct Answer<'a> {
    address: &'a str,
    decision: &'static str,
    #[serde(serialize_with = "output::as_text")]
    reason: Reason,
    #[serde(serialize_with = "output::maybe_text")]
    prefix: Option<IpNet>,
    label: Option<&'a str>,
}

impl Answer<'_> {
    fn write(&self, out: &mut Out) -> io::Result<()> {
        // What is no address may hold tabs and line breaks; an address has nothing to escape.
        write!(out, "{}\t{}\t", Shown(self.address), self.decision)?;
        match self.prefix {
            Some(prefix) => write!(out, "{prefix}\t")?,
            None => out.write_all(b"-\t")?,
        }
        writeln!(out, "{}", self.label.unwrap_or("-"))
    }
}

/// Answers one address after another. A gate's reader leaves out entries that expire meanwhile, which
/// matters where standard input is a log that is being followed.
struct Checker {
    reader: Reader,
    out: Out,
    json: bool,
    exit: Exit,
}

impl Answers for Checker {
    fn answer(&mut self, text: &str, place: Place) -> Result<(), Failure> {
        let verdict = match parse_address(text) {
            Ok(address) => self.reader.check(address),
            Err(error) => {
                complain(format_args!("{place}{error}; denied"));
                self.exit = Exit::Error;
                self.reader.check_without_address()
            }
        };
        if !verdict.is_allowed() {
            self.exit = self.exit.max(Exit::No);
        }
        let entry = verdict.entry();
        let answer = Answer {
            address: text,
            decision: decision(verdict.reason()),
            reason: verdict.reason(),
            prefix: entry.map(|entry| entry.prefix()),
            label: entry.and_then(|entry| entry.label()),
        };
        match self.json {
            true => output::json(&mut self.out, &answer),
            false => Ok(answer.write(&mut self.out)?),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

pub(crate) fn run(lists: &Lists, addresses: &[Client], Form { json }: Form) -> Outcome {
    let gate = Gate::from_table(source::load(lists)?.table);
    let reader = gate.reader();
    std::mem::forget(gate); // the system frees a table of a million entries faster, when the process ends
    let mut checker = Checker { reader, out: output::stdout(), json, exit: Exit::Yes };
    answer_all(addresses, &mut checker)?;
    Ok(checker.exit)
}
