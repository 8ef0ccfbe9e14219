//! `app` and `whitelist`: the list of an app, through the control service of a fleet.

use std::io::Write;

use serde::Serialize;

use crate::args::{AppAct, Form};
use crate::controller::{Access, Controller};
use crate::output::{self, Exit, Outcome};
use crate::source::Text;

#[derive(Serialize)]
struct Line<'a> {
    app: &'a str,
    addresses: &'a [String],
}

/// Does it, and says what the old client said.
pub(crate) fn run(app: &str, access: &Access, act: &AppAct, form: Form) -> Outcome {
    let controller = Controller::new(access)?;
    let mut out = output::stdout();
    match act {
        AppAct::List => {
            let addresses = controller.list(app)?.addresses;
            if form.json {
                output::json(&mut out, &Line { app, addresses: &addresses })?;
            } else {
                writeln!(out, "=== {app} Whitelisted Addresses")?;
                addresses.iter().try_for_each(|address| writeln!(out, "{address}"))?;
            }
        }
        AppAct::Add { addresses } => {
            let addresses = split(addresses);
            writeln!(out, "Adding {} to {app} whitelist...", addresses.join(","))?;
            out.flush()?;
            controller.add(app, &addresses)?;
            writeln!(out, "done")?;
        }
        AppAct::Remove { addresses } => {
            let addresses = split(addresses);
            writeln!(out, "Removing {} from {app} whitelist...", addresses.join(","))?;
            out.flush()?;
            controller.remove(app, &addresses)?;
            writeln!(out, "done")?;
        }
        AppAct::Set { list } => {
            let text = Text::read(list)?;
            let text =
                String::from_utf8(text.bytes.to_vec()).map_err(|_| format!("{list} is no UTF-8 text"))?;
            let read = controller.list(app)?;
            writeln!(out, "Setting the list of {app}...")?;
            out.flush()?;
            controller.set(app, &text, &read)?;
            writeln!(out, "done")?;
        }
    }
    out.flush()?;
    Ok(Exit::Yes)
}

/// Addresses that commas or blanks separate, as they were written.
fn split(given: &[String]) -> Vec<String> {
    let pieces = given.iter().flat_map(|text| text.split([',', ' ']));
    pieces.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect()
}
