//! `compile`: a list, or a policy over two, as an image.

use std::io::Write;
use std::path::Path;

use serde::Serialize;

use crate::args::Global;
use crate::atomic;
use crate::output::{self, Exit, Outcome, count};
use crate::source::{self, Text};

pub(crate) struct Paths<'a> {
    pub(crate) input: &'a Path,
    pub(crate) output: &'a Path,
}

#[derive(Serialize)]
struct Compiled<'a> {
    file: &'a Path,
    entries: usize,
    bytes: usize,
    generation: u64,
}

pub(crate) fn run(global: &Global, paths: Paths<'_>, generation: u64) -> Outcome {
    let text = Text::read(paths.input)?;
    let loaded = source::with_app(global, Some(text.parse(global.lenient)?))?;
    let image = loaded.table.to_image(generation);
    atomic::put(paths.output, &image)?;
    let mut out = output::stdout();
    let (entries, bytes) = (loaded.table.len(), image.len());
    match global.json {
        true => output::json(&mut out, &Compiled { file: paths.output, entries, bytes, generation })?,
        false => {
            let entries = count(entries, "entry", "entries");
            writeln!(out, "{}: {entries}, {bytes} bytes, generation {generation}", paths.output.display())?;
        }
    }
    out.flush()?;
    Ok(Exit::Yes)
}
