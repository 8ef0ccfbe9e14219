//! Reports, put together piece by piece.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::time::SystemTime;

use ipgate::table::Origin;
use ipgate::tally::Whose;

use crate::boundary;
use crate::check::ipgate_reader;
use crate::error::ipgate_error;
use crate::failure::Failure;
use crate::fault;
use crate::raw;
use crate::site::{ipgate_app_counts, ipgate_site, ipgate_site_reader};
use crate::stats::micros;
use crate::status::ipgate_status;
use crate::writer::ipgate_gate;

use super::counts::Counts;
use super::document::{Document, Program};
use super::given::{
    self, Lists, ipgate_report_format, ipgate_report_lists, ipgate_report_page, ipgate_report_program,
    ipgate_report_source,
};
use super::list::ListReport;
use super::metrics;
use super::site::SiteReport;
use super::state::State;

/// A report for operators: what a program has in force, and what its readers have decided. Begun by
/// ipgate_report_new(), filled by the functions that add lists, sites and decisions, in this order, and written by
/// ipgate_report_text(). What is added is looked at then and there.
///
/// One thread at a time.
#[derive(Debug)]
pub struct ipgate_report {
    document: Document,
    /// What was written last.
    text: String,
}

/// Begins a report. `error` may say why not: the program's name is NULL or empty, or its version NULL.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_report_new(
    program: *const ipgate_report_program,
    report: Option<&mut MaybeUninit<*mut ipgate_report>>,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::make_or(report, error, || {
        // SAFETY: `program` has as many bytes as its size says, and its texts end.
        let program = unsafe { given::program(program)? };
        if program.name.is_empty() {
            return Err(Failure::argument("program.name is empty"));
        }
        Ok(ipgate_report::new(program))
    })
}

/// Adds a list: the gate's figures, and with a reader of that gate alone the entries that cease to hold within 30 days.
/// `gate` may be NULL, for a list that was never loaded, and so may `reader`, which lets go of its table afterwards as
/// with ipgate_reader_pause().
///
/// Fails with IPGATE_ERROR_ARGUMENT where there is a list of that name already.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_report_add_list(
    report: Option<&mut ipgate_report>,
    source: *const ipgate_report_source,
    gate: Option<&ipgate_gate>,
    reader: Option<&mut ipgate_reader>,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::call(error, || {
        let document = document(report)?;
        // SAFETY: `source` has as many bytes as its size says, and its texts as many as their lengths.
        let source = unsafe { given::source(source)? };
        if document.list(&source.name).is_some() {
            return Err(Failure::argument("there is a list of that name already").of(&source.name));
        }
        document.lists.push(ListReport::new(source, gate, reader.map(|reader| &mut reader.layers)));
        Ok(())
    })
}

/// Adds the decisions that ipgate_reader_counts() has for a reader, to the lists that it combines. What no entry
/// decided counts for the app list, or where there is none for the default list; without either it is listed apart.
///
/// Fails with IPGATE_ERROR_ARGUMENT where there is no list of one of the names.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_report_add_decisions(
    report: Option<&mut ipgate_report>,
    lists: *const ipgate_report_lists,
    reader: Option<&mut ipgate_reader>,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::call(error, || {
        let document = document(report)?;
        // SAFETY: `lists` has as many bytes as its size says, and its texts as many as their lengths.
        let lists = unsafe { given::lists(lists)? };
        document.count(&lists, reader.ok_or(Failure::null("reader"))?)
    })
}

/// Adds a site: its figures, and a page of its apps with the decisions that were counted about each because a verdict
/// said IPGATE_WANT_COUNT, by a reader and by another one whose denials are those of a dry run. Either may be NULL, and
/// so may `site`, for one that was never loaded. Looks at each app.
///
/// Fails with IPGATE_ERROR_ARGUMENT where there is a site of that name already.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_report_add_site(
    report: Option<&mut ipgate_report>,
    source: *const ipgate_report_source,
    site: Option<&ipgate_site>,
    reader: Option<&mut ipgate_site_reader>,
    dry_run: Option<&mut ipgate_site_reader>,
    page: *const ipgate_report_page,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::call(error, || {
        let document = document(report)?;
        // SAFETY: each has as many bytes as its size says, and its texts as many as their lengths.
        let (source, page) = unsafe { (given::source(source)?, given::page(page)?) };
        if document.site(&source.name).is_some() {
            return Err(Failure::argument("there is a site of that name already").of(&source.name));
        }
        let readers = [(reader, false), (dry_run, true)].into_iter();
        let readers = readers.filter_map(|(reader, is_dry_run)| Some((&mut reader?.reader, is_dry_run)));
        let mut readers: Vec<_> = readers.collect();
        document.sites.push(SiteReport::new(source, site, &mut readers, &page));
        Ok(())
    })
}

/// Adds to a site what the program has decided with it, as the program counts it: all its decisions, those about
/// names that are no app's, and clients without an address that it lets in. `dry_run` says (any number but 0) that
/// what it denied was denied in a dry run only. Of a site that was never loaded nothing is shown.
///
/// Fails with IPGATE_ERROR_ARGUMENT where there is no site of that name.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_report_add_site_decisions(
    report: Option<&mut ipgate_report>,
    name: *const c_char,
    len: usize,
    dry_run: i32,
    counts: *const ipgate_app_counts,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::call(error, || {
        let document = document(report)?;
        // SAFETY: `name` has `len` bytes, and `counts` as many as its size says.
        let (name, counts) = unsafe { (given::text(name, len, "name")?, raw::read(counts, "counts")?) };
        let site = document.site(&name);
        let site = site.ok_or_else(|| Failure::argument("there is no site of that name").of(&name))?;
        if let State::InForce(state) = &mut site.state {
            state.decided.count_given(&counts, dry_run != 0);
        }
        Ok(())
    })
}

/// Writes a report, and gives the text, which is UTF-8, belongs to the report, and lives until it is written again or
/// freed. A NUL is behind it. `format` is an ipgate_report_format.
///
/// Fails with IPGATE_ERROR_ARGUMENT for a format that is none.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_report_text(
    report: Option<&mut ipgate_report>,
    format: i32,
    text: Option<&mut MaybeUninit<*const c_char>>,
    len: Option<&mut MaybeUninit<usize>>,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    const JSON: i32 = ipgate_report_format::IPGATE_REPORT_JSON as i32;
    const PROMETHEUS: i32 = ipgate_report_format::IPGATE_REPORT_PROMETHEUS as i32;
    boundary::call(error, || {
        let report = report.ok_or(Failure::null("report"))?;
        let (text, len) = (text.ok_or(Failure::null("text"))?, len.ok_or(Failure::null("len"))?);
        fault::point();
        let mut written = match format {
            JSON => json(&report.document)?,
            PROMETHEUS => metrics::text(&report.document),
            _ => {
                return Err(Failure::argument(format!(
                    "format is {format}, which is no ipgate_report_format"
                )));
            }
        };
        len.write(written.len());
        written.push('\0');
        report.text = written;
        text.write(report.text.as_ptr().cast());
        Ok(())
    })
}

/// Frees a report, and its text. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_report_free(report: Option<Box<ipgate_report>>) {
    boundary::value((), || drop(report));
}

fn document(report: Option<&mut ipgate_report>) -> Result<&mut Document, Failure> {
    fault::point();
    Ok(&mut report.ok_or(Failure::null("report"))?.document)
}

/// One line. There is nothing in a report that JSON could not say.
fn json(document: &Document) -> Result<String, Failure> {
    let text = serde_json::to_string(document);
    text.map(|text| text + "\n").map_err(|error| Failure::argument(format!("the report is no JSON: {error}")))
}

impl ipgate_report {
    fn new(program: Program) -> ipgate_report {
        let document = Document {
            version: env!("CARGO_PKG_VERSION"),
            program,
            time: super::time::Time(micros(SystemTime::now())),
            unlisted: Counts::default(),
            lists: Vec::new(),
            sites: Vec::new(),
        };
        ipgate_report { document, text: String::new() }
    }
}

impl Document {
    /// Counts what a reader has decided for the lists that it combines.
    fn count(&mut self, lists: &Lists, reader: &mut ipgate_reader) -> Result<(), Failure> {
        for name in [&lists.app, &lists.fallback].into_iter().flatten() {
            if self.list(name).is_none() {
                return Err(Failure::argument("there is no list of that name").of(name));
            }
        }
        let mut let_in = lists.let_in;
        for (from, tally) in reader.layers.counts() {
            let is_default =
                lists.app.is_none() || (lists.fallback.is_some() && from == Some(Origin::Default));
            let name = if is_default { &lists.fallback } else { &lists.app };
            for (whose, mut sum) in tally.sums() {
                // Clients without an address are counted for the first list, where no entry decides.
                if whose == Whose::Unlabelled {
                    let let_in = std::mem::take(&mut let_in).min(sum.denied);
                    (sum.allowed, sum.denied) = (sum.allowed + let_in, sum.denied - let_in);
                }
                let counts = Counts::new(sum, lists.is_dry_run);
                match name.as_deref().and_then(|name| self.list(name)) {
                    Some(list) => {
                        list.decisions += counts;
                        list.tally.count(whose, counts);
                    }
                    None => self.unlisted += counts,
                }
            }
        }
        Ok(())
    }
}
