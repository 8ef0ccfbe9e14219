//! `fleet audit`: what a site leaves open.

use std::io::Write;
use std::path::Path;

use ipgate::site::{AppName, Site, SiteParser};
use serde::Serialize;

use crate::args::Form;
use crate::output::{self, Exit, Failure, Outcome};

#[derive(Serialize)]
struct Line<'a> {
    finding: &'static str,
    apps: Vec<&'a str>,
    message: String,
}

/// The apps through which others are changed.
pub(super) enum Controllers<'a> {
    None,
    /// That of Deis Workflow, or of v1 where the site names that one.
    OfDeis,
    Named(&'a [AppName]),
}

const OF_WORKFLOW: &str = "deis/deis-controller";
const OF_V1: &str = "deis/controller";

impl Controllers<'_> {
    fn of(&self, site: &Site) -> Vec<AppName> {
        match self {
            Controllers::None => Vec::new(),
            Controllers::Named(names) => names.to_vec(),
            Controllers::OfDeis => {
                let name = if site.apps().contains_key(OF_V1) { OF_V1 } else { OF_WORKFLOW };
                AppName::new(name).into_iter().collect()
            }
        }
    }
}

pub(super) fn run(path: &Path, controllers: Controllers<'_>, form: Form) -> Outcome {
    let parsed = SiteParser::new().read(path).map_err(|error| Failure::Told(error.to_string()))?;
    let findings = parsed.site.audit(&controllers.of(&parsed.site));
    let mut out = output::stdout();
    for finding in &findings {
        if form.json {
            let apps = finding.apps().iter().map(AppName::as_str).collect();
            output::json(&mut out, &Line { finding: finding.code(), apps, message: finding.to_string() })?;
        } else {
            writeln!(out, "{}: {finding}", finding.code())?;
        }
    }
    out.flush()?;
    Ok(Exit::of(findings.is_empty()))
}
