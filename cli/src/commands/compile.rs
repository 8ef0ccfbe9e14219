//! `compile`: a list, a policy over two, or a site, as an image.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::iter;
use std::path::{Path, PathBuf};

use ipgate::site::{App, ListSlot};
use ipgate::{ShownPath, Table, whole_file};
use serde::Serialize;

use crate::args::{Around, Form, Reading};
use crate::output::{self, Exit, Failure, Outcome, complain, count};
use crate::site;
use crate::source::{self, Loaded, Source, cannot_read};
use crate::stream::{Input, Output};

/// What is to be written, and where.
pub(crate) struct Image<'a> {
    pub(crate) output: &'a Output,
    /// Whether a file that is no image may be replaced.
    pub(crate) force: bool,
    pub(crate) generation: u64,
}

/// What is to be compiled: one of the two.
pub(crate) struct What<'a> {
    pub(crate) input: &'a Option<Input>,
    pub(crate) site: &'a Option<PathBuf>,
}

impl What<'_> {
    fn site(&self) -> Option<&Path> {
        let given = || self.input.as_ref().and_then(|input| Source::Input(input).site());
        self.site.as_deref().or_else(given)
    }
}

#[derive(Serialize)]
struct CompiledList<'a> {
    file: &'a Path,
    entries: usize,
    left_out: usize,
    bytes: usize,
    generation: u64,
}

#[derive(Serialize)]
struct CompiledSite<'a> {
    file: &'a Path,
    apps: usize,
    entries: usize,
    left_out: usize,
    bytes: usize,
}

pub(crate) fn run(
    around: &Around,
    reading: Reading,
    what: What<'_>,
    image: Image<'_>,
    Form { json }: Form,
) -> Outcome {
    match image.output {
        Output::Stdout => refuse_stdout(json)?,
        Output::File(path) if !image.force => refuse_other_files(path)?,
        Output::File(_) => {}
    }
    if let Some(folder) = what.site() {
        return site(folder, around, reading, &image, json);
    }
    let Some(input) = what.input else {
        return Err(Failure::Told("there is nothing to compile; give a list or a site".to_owned()));
    };
    let list = Source::Input(input).list(reading)?;
    let Loaded { table, default, app, .. } = source::around_app(around, reading, Some(list))?;
    let left_out = [default, app].iter().flatten().map(|list| list.left_out()).sum();
    let generation = image.generation;
    let bytes = table.to_image(generation);
    let entries = table.len();
    let said =
        format!("{}, {} bytes, generation {generation}", count(entries, "entry", "entries"), bytes.len());
    let compiled = |file| CompiledList { file, entries, left_out, bytes: bytes.len(), generation };
    write(&image, &bytes, &said, json, compiled)
}

fn site(folder: &Path, around: &Around, reading: Reading, image: &Image<'_>, json: bool) -> Outcome {
    if let Output::File(path) = image.output {
        refuse_inside(folder, path)?;
    }
    let site = site::alone(folder, around, reading)?;
    let bytes = site.to_image().map_err(|refused| format!("{}: {refused}", ShownPath(folder)))?;
    let lists = || iter::once(site.default_list()).chain(site.apps().values().map(App::list));
    let (apps, entries) = (site.apps().len(), lists().filter_map(ListSlot::entry_count).sum());
    let left_out = lists().filter_map(ListSlot::list).map(|list| list.left_out()).sum();
    let said = format!(
        "{}, {}, {} bytes",
        count(apps, "app", "apps"),
        count(entries, "entry", "entries"),
        bytes.len()
    );
    let compiled = |file| CompiledSite { file, apps, entries, left_out, bytes: bytes.len() };
    write(image, &bytes, &said, json, compiled)
}

/// Writes an image, and says so.
fn write<'i, C: Serialize>(
    image: &Image<'i>,
    bytes: &[u8],
    said: &str,
    json: bool,
    compiled: impl FnOnce(&'i Path) -> C,
) -> Outcome {
    let mut out = output::stdout();
    let summary = format!("{}: {said}", image.output);
    match image.output {
        Output::Stdout => {
            out.write_all(bytes)?;
            out.flush()?;
            complain(summary);
        }
        Output::File(path) => {
            whole_file::write(path, bytes)?;
            match json {
                true => output::json(&mut out, &compiled(path))?,
                false => writeln!(out, "{summary}")?,
            }
            out.flush()?;
        }
    }
    Ok(Exit::Yes)
}

/// Whatever stands in the folder of a site is part of it.
fn refuse_inside(folder: &Path, path: &Path) -> Result<(), Failure> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let is_inside = match (folder.canonicalize(), parent.canonicalize()) {
        (Ok(folder), Ok(parent)) => folder.is_dir() && parent.starts_with(folder),
        _ => false,
    };
    if !is_inside {
        return Ok(());
    }
    let (path, folder) = (ShownPath(path), ShownPath(folder));
    Err(format!("{path} is in the folder of the site {folder}; write the image elsewhere").into())
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
