//! `app` and `whitelist`: the list of an app, through the control service of a fleet.

use std::io::Write;

use serde::Serialize;

use crate::args::{AppAct, Form};
use crate::controller::{Access, Controller, Effect, How};
use crate::output::{self, Exit, Failure, Out, Outcome};
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
        AppAct::List { text: true } => out.write_all(controller.text(app)?.as_bytes())?,
        AppAct::List { text: false } => {
            let addresses = controller.list(app)?.addresses;
            if form.json {
                output::json(&mut out, &Line { app, addresses: &addresses })?;
            } else {
                writeln!(out, "=== {app} Whitelisted Addresses")?;
                addresses.iter().try_for_each(|address| writeln!(out, "{address}"))?;
            }
        }
        AppAct::Add { addresses, dry_run } => {
            let addresses = split(addresses);
            let doing = format!("Adding {} to {app} whitelist", addresses.join(","));
            told(&mut out, &doing, *dry_run, form, |how| controller.add(app, &addresses, how))?;
        }
        AppAct::Remove { addresses, dry_run } => {
            let addresses = split(addresses);
            let doing = format!("Removing {} from {app} whitelist", addresses.join(","));
            told(&mut out, &doing, *dry_run, form, |how| controller.remove(app, &addresses, how))?;
        }
        AppAct::Set { list, dry_run } => {
            let text = String::from_utf8(Text::read(list)?.bytes.to_vec());
            let text = text.map_err(|_| format!("{list} is no UTF-8 text"))?;
            let read = controller.list(app)?;
            let doing = format!("Setting the list of {app}");
            told(&mut out, &doing, *dry_run, form, |how| controller.set(app, &text, &read, how))?;
        }
    }
    out.flush()?;
    Ok(Exit::Yes)
}

/// Makes a change and says so, or says what it would do.
fn told(
    out: &mut Out,
    doing: &str,
    dry_run: bool,
    form: Form,
    change: impl Fn(How) -> Result<Option<Effect>, Failure>,
) -> Result<(), Failure> {
    if !dry_run {
        writeln!(out, "{doing}...")?;
        out.flush()?; // the answer may take a while
        change(How::Done)?;
        writeln!(out, "done")?;
        return Ok(());
    }
    match change(How::Dry)? {
        Some(effect) if form.json => output::json(out, &effect),
        Some(effect) => write_effect(out, &effect),
        None => Ok(()),
    }
}

fn write_effect(out: &mut Out, effect: &Effect) -> Result<(), Failure> {
    for (sign, entries) in [('+', &effect.added), ('-', &effect.removed)] {
        entries.iter().try_for_each(|entry| writeln!(out, "{sign} {entry}"))?;
    }
    for (what, addresses) in [("would be let in", &effect.gained), ("would be denied", &effect.lost)] {
        let Some(addresses) = addresses else {
            writeln!(out, "who {what} is not known, since a list is to come")?;
            continue;
        };
        let (v4, v6) = (&addresses.ipv4, &addresses.ipv6);
        writeln!(out, "{what}: {v4} IPv4 and {v6} IPv6 addresses")?;
        addresses.prefixes.iter().try_for_each(|prefix| writeln!(out, "  {prefix}"))?;
        if addresses.more > 0 {
            writeln!(out, "  and {} more prefixes", addresses.more)?;
        }
    }
    Ok(())
}

/// Addresses that commas or blanks separate, as they were written.
fn split(given: &[String]) -> Vec<String> {
    let pieces = given.iter().flat_map(|text| text.split([',', ' ']));
    pieces.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect()
}
