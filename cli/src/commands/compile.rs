//! `compile`: a list, or a policy over two, as an image.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;

use ipgate::{ShownPath, Table, whole_file};
use serde::Serialize;

use crate::args::{Around, Form, Reading};
use crate::output::{self, Exit, Failure, Outcome, complain, count};
use crate::source::{self, Loaded, Source, cannot_read};
use crate::stream::{Input, Output};

/// What is to be written, and where.
pub(crate) struct Image<'a> {
    pub(crate) output: &'a Output,
    /// Whether a file that is no image may be replaced.
    pub(crate) force: bool,
    pub(crate) generation: u64,
}

#[derive(Serialize)]
struct Compiled<'a> {
    file: &'a Path,
    entries: usize,
    left_out: usize,
    bytes: usize,
    generation: u64,
}

pub(crate) fn run(
    around: &Around,
    reading: Reading,
    input: &Input,
    image: Image<'_>,
    Form { json }: Form,
) -> Outcome {
    let Image { output, force, generation } = image;
    match output {
        Output::Stdout => refuse_stdout(json)?,
        Output::File(path) if !force => refuse_other_files(path)?,
        Output::File(_) => {}
    }
    let list = Source::Input(input).list(reading)?;
    let Loaded { table, default, app, .. } = source::around_app(around, reading, Some(list))?;
    let left_out = [default, app].iter().flatten().map(|list| list.left_out()).sum();
    let bytes = table.to_image(generation);
    let (entries, length) = (count(table.len(), "entry", "entries"), bytes.len());
    let summary = format!("{output}: {entries}, {length} bytes, generation {generation}");
    let mut out = output::stdout();
    match output {
        Output::Stdout => {
            out.write_all(&bytes)?;
            out.flush()?;
            complain(summary);
        }
        Output::File(path) => {
            whole_file::write(path, &bytes)?;
            let compiled = Compiled { file: path, entries: table.len(), left_out, bytes: length, generation };
            match json {
                true => output::json(&mut out, &compiled)?,
                false => writeln!(out, "{summary}")?,
            }
            out.flush()?;
        }
    }
    Ok(Exit::Yes)
}

fn refuse_stdout(json: bool) -> Result<(), Failure> {
    let sentence = if json {
        "--json and the image would both be written to standard output; give --output FILE"
    } else if io::stdout().is_terminal() {
        "an image is not written to a terminal; give --output FILE, or send standard output elsewhere"
    } else {
        return Ok(());
    };
    Err(Failure::Told(sentence.to_owned()))
}

/// A file that is no image may be someone's only copy of a list.
fn refuse_other_files(path: &Path) -> Result<(), Failure> {
    let name = ShownPath(path);
    let mut start = Vec::new();
    if !path.is_file() {
        return Ok(()); // there is none, or it is a pipe or device, which the writer refuses
    }
    let read = File::open(path).and_then(|file| file.take(64).read_to_end(&mut start));
    match read {
        Err(error) => Err(cannot_read(name, &error)),
        Ok(_) if Table::is_image(&start) => Ok(()),
        Ok(_) => Err(format!("{name} exists and is not an image; give --force to replace it").into()),
    }
}
