//! `diff`: what changes between two lists, or between two sites.
//!
//! `list` and `site` compare; `first` finds the instant from which access differs, and `shown` writes what both have to say.
//! Of sites, `said` is what is written in them, and `access` who gets in where, of which `region` is the part that can differ.

mod access;
mod first;
mod list;
mod region;
mod said;
mod shown;
mod site;
mod site_json;
mod site_text;

pub(crate) use site::compare as compare_sites;

use crate::args::{Form, Pair, Reading};
use crate::output::{Failure, Outcome};

pub(crate) fn run(pair: &Pair, reading: Reading, access: bool, form: Form) -> Outcome {
    let [old, new] = pair.sources();
    match (old.site(), new.site()) {
        (Some(old), Some(new)) => site::run([old, new], reading, access, form),
        (None, None) => list::run([old.list(reading)?, new.list(reading)?], access, form),
        (is_site, _) => {
            let (site, list) = if is_site.is_some() { (old, new) } else { (new, old) };
            let sentence = format!("{site} is a site, and {list} is none; compare two sites, or two lists");
            Err(Failure::Told(sentence))
        }
    }
}
