//! `remove`: entries cut out of a list file.

use std::io::Write;

use ipgate::Entry;
use ipgate::list::Piece;
use serde::Serialize;

use crate::args::{Edited, Form};
use crate::edit::{self, Fitting, Given, ListFile};
use crate::effect::{ChangeJson, Edit};
use crate::output::{self, Exit, Failure, Outcome, complain};

#[derive(Serialize)]
struct Line<'a> {
    /// As it was written in the file.
    entry: &'a str,
    result: &'static str,
    line: u32,
    changes: Vec<ChangeJson>,
}

pub(crate) fn run(file: &Edited, entries: &[String], form: Form) -> Outcome {
    let given = Given::all(entries)?;
    let file = ListFile::open(&file.list)?;
    let fitting = Fitting::of(&given);
    let (gone, kept): (Vec<Piece<'_>>, Vec<Piece<'_>>) =
        file.list.pieces().partition(|piece| fitting.any(piece));
    let missing = given.iter().filter(|given| !gone.iter().any(|piece| given.fits(piece)));
    let complaints: Vec<String> = missing.map(|given| describe_missing(given, &file)).collect();
    if !complaints.is_empty() {
        complaints.iter().for_each(complain);
        return Err(Failure::Told(format!("nothing was removed; {} is unchanged", file.name)));
    }
    let mut text = file.list.text().to_vec();
    let ranges: Vec<_> = gone.iter().map(Piece::range).collect();
    edit::cut(&mut text, &ranges);
    let edited = file.save(&text, kept.iter().flat_map(|piece| piece.entries()), text.len())?;

    let edit = Edit::of(&file.list, Some(&edited));
    let mut out = output::stdout();
    for piece in &gone {
        let (entry, line) = (piece.text(), piece.position().line);
        let effect = edit.effect(piece.entries());
        if form.json {
            let changes = effect.json();
            output::json(&mut out, &Line { entry, result: "removed", line, changes })?;
        } else {
            writeln!(out, "removed {entry}")?;
            effect.write(&mut out, &[])?;
        }
    }
    out.flush()?;
    Ok(Exit::Yes)
}

/// What is there instead: the same prefix with another action, label or expiry, or as a part of a range;
/// or something wider, which only a deny entry makes an exception to.
fn describe_missing(given: &Given, file: &ListFile) -> String {
    let (text, name) = (&given.text, &file.name);
    let among = |piece: &Piece<'_>, fits: fn(&Entry, &Entry) -> bool| {
        given.entries.iter().any(|wanted| piece.entries().iter().any(|entry| fits(wanted, entry)))
    };
    let same = |wanted: &Entry, entry: &Entry| wanted.prefix() == entry.prefix();
    let wider = |wanted: &Entry, entry: &Entry| entry.prefix().contains(&wanted.prefix());
    let hint = |piece: Piece<'_>| format!("`{}` on line {}", piece.text(), piece.position().line);
    if let Some(piece) = file.list.pieces().find(|piece| among(piece, same)) {
        return format!("`{text}` is not in {name}; there is {}: write that to remove it", hint(piece));
    }
    match file.list.pieces().find(|piece| among(piece, wider)) {
        Some(piece) => format!("`{text}` is not in {name}; it lies inside {}", hint(piece)),
        None => format!("`{text}` is not in {name}"),
    }
}
