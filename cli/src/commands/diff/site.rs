//! What changes between two sites.

use std::io::Write;
use std::path::Path;

use ipgate::site::Site;

use super::access::groups;
use super::said::Said;
use super::{site_json, site_text};
use crate::args::{Form, Reading};
use crate::output::{self, Exit, Outcome};
use crate::site;

/// With `access`, only who gets in is compared, now and later.
pub(super) fn run(folders: [&Path; 2], reading: Reading, access: bool, form: Form) -> Outcome {
    let [old, new] = folders;
    compare([&site::read_whole(old, reading)?, &site::read_whole(new, reading)?], access, form)
}

/// The same of sites that have been read.
pub(crate) fn compare(sites: [&Site; 2], access: bool, form: Form) -> Outcome {
    let said = Said::between(sites);
    let groups = groups(sites, &said, access);
    let shown = Some(&said).filter(|_| !access);
    let mut out = output::stdout();
    match form.json {
        true => site_json::write(&mut out, shown, &said, &groups)?,
        false => site_text::write(&mut out, shown, &groups)?,
    }
    out.flush()?;
    Ok(Exit::of(if access { groups.is_empty() } else { said.is_empty() }))
}
