//! `replay`: what lists would do to the clients of an access log.
//!
//! `tally` counts the lines of the log by client, `judge` asks the policies about each client once, `report` writes that.

mod judge;
mod report;
mod tally;

use std::io::{self, Write};

use crate::args::{Form, Lists, LogForm};
use crate::output::{self, Exit, Failure, Outcome, complain, count};
use crate::source;
use crate::stream::{Input, STDIN};
use judge::Policies;
use tally::{NAMED, Tally};

pub(crate) fn run(lists: &Lists, log_form: &LogForm, log: &Input, form: Form) -> Outcome {
    let policies = Policies::load(lists, log_form)?;
    let tally = match log {
        Input::Stdin => Tally::read(STDIN, io::stdin().lock(), None, log_form, &policies)?,
        Input::File(path) => {
            let file = source::open(path)?;
            let length = file.metadata().map_or(0, |metadata| metadata.len());
            let length = Some(length).filter(|length| *length > 0);
            Tally::read(&log.to_string(), file, length, log_form, &policies)?
        }
    };
    let judged = policies.judge(&tally);
    let mut out = output::stdout();
    match form.json {
        true => report::write_json(&mut out, &tally, &judged)?,
        false => report::write(&mut out, &tally, &judged, log_form)?,
    }
    out.flush()?;
    if tally.without_address > NAMED {
        let more = count(tally.without_address - NAMED, "line has", "lines have");
        complain(format_args!("{more} no {} either", log_form.needed()));
    }
    if tally.lines > 0 && tally.is_empty() {
        let options = match (&log_form.json_key, log_form.host_field) {
            (Some(_), _) => "is --json-key",
            (None, None) => "is --client-field",
            (None, Some(_)) => "are --client-field and --host-field",
        };
        let needed = log_form.needed();
        let sentence = format!("no line has a {needed}: {options} right, and the log plain text?");
        return Err(Failure::Told(sentence));
    }
    Ok(Exit::Yes)
}
