//! `fleet audit`: what a site leaves open.

use std::io::Write;
use std::path::Path;

use ipgate::site::{AppName, SiteParser};
use serde::Serialize;

use crate::args::Form;
use crate::output::{self, Exit, Failure, Outcome};

#[derive(Serialize)]
struct Line<'a> {
    finding: &'static str,
    apps: Vec<&'a str>,
    message: String,
}

pub(super) fn run(path: &Path, controllers: &[AppName], form: Form) -> Outcome {
    let parsed = SiteParser::new().read(path).map_err(|error| Failure::Told(error.to_string()))?;
    let findings = parsed.site.audit(controllers);
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
