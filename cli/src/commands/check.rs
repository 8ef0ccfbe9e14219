//! `check`: a line for each address.

use std::io::{self, Write};

use ipgate::{Gate, Reader, Reason, ipnet::IpNet, parse_address};
use serde::Serialize;

use crate::args::Global;
use crate::lines::Lines;
use crate::output::{self, Exit, Failure, Out, Outcome, complain, decision};
use crate::source;

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
        write!(out, "{}\t{}\t", self.address.escape_debug(), self.decision)?;
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

impl Checker {
    fn check(&mut self, text: &str, place: impl Fn() -> String) -> Result<(), Failure> {
        let address = parse_address(text);
        let verdict = match &address {
            Ok(address) => self.reader.check(*address),
            Err(error) => {
                complain(format_args!("{}{error}; denied", place()));
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

    /// Addresses from standard input. What is known is written before more input has to be waited for.
    fn check_stdin(&mut self) -> Result<(), Failure> {
        let mut lines = Lines::new(io::stdin().lock());
        loop {
            if lines.may_wait() {
                self.out.flush()?;
            }
            let line = lines.next().map_err(|error| source::cannot_read("<stdin>", &error))?;
            let Some(line) = line else { return Ok(()) };
            let place = || format!("<stdin>:{}: ", line.number);
            match line.text() {
                Some(text) => self.check(text.trim_matches([' ', '\t']), place)?,
                None => self.check(&String::from_utf8_lossy(line.bytes), place)?,
            }
        }
    }
}

pub(crate) fn run(global: &Global, addresses: &[String]) -> Outcome {
    if addresses.is_empty() && source::uses_stdin(global) {
        let sentence =
            "standard input holds the list; give the addresses as arguments, or the list as a file";
        return Err(Failure::Told(sentence.to_owned()));
    }
    let table = source::load(global)?.table;
    let gate = Gate::from_table(table);
    let reader = gate.reader();
    std::mem::forget(gate); // the system frees a table of a million entries faster, when the process ends
    let mut checker = Checker { reader, out: output::stdout(), json: global.json, exit: Exit::Yes };
    if addresses.is_empty() {
        checker.check_stdin()?;
    }
    for address in addresses {
        checker.check(address, String::new)?;
    }
    checker.out.flush()?;
    Ok(checker.exit)
}
