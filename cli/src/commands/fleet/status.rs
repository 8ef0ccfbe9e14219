//! `fleet status` and `fleet wait`: who enforces what.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::report::{self, Report};
use crate::args::Form;
use crate::output::{self, Exit, Failure, Outcome, complain};

/// So many digits tell digests apart for people.
const SHORT: usize = 12;
/// How often routers are asked while they are waited for.
const INTERVAL: Duration = Duration::from_millis(200);

#[derive(Serialize)]
struct Line<'a> {
    router: &'a str,
    state: &'static str,
    generation: Option<u64>,
    digest: Option<&'a str>,
    apps: Option<usize>,
    age_seconds: Option<f64>,
    problems: Vec<String>,
}

pub(super) fn run(routers: &[String], form: Form) -> Outcome {
    let reports = report::ask(routers);
    let common = common(&reports);
    let mut out = output::stdout();
    let mut is_fine = true;
    for (router, report) in routers.iter().zip(&reports) {
        let line = line(router, report, common);
        is_fine &= line.problems.is_empty();
        if form.json {
            output::json(&mut out, &line)?;
        } else {
            write_line(&mut out, &line)?;
        }
    }
    out.flush()?;
    Ok(Exit::of(is_fine))
}

/// Waits until all routers have a digest, or the same one.
pub(super) fn wait(routers: &[String], digest: Option<&str>, timeout: Duration) -> Outcome {
    let is_digest = |digest: &str| digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    if digest.is_some_and(|digest| !is_digest(digest)) {
        let sentence = "a digest has 64 hexadecimal digits; `ipgate fleet digest PATH` prints that of a site";
        return Err(Failure::Told(sentence.to_owned()));
    }
    let end = Instant::now() + timeout;
    loop {
        let reports = report::ask(routers);
        let wanted = digest.or(common(&reports));
        let has = |report: &Result<Report, String>| {
            report
                .as_ref()
                .is_ok_and(|report| report.site.ready && Some(report.site.digest.as_str()) == wanted)
        };
        let behind: Vec<&str> = routers
            .iter()
            .zip(&reports)
            .filter(|(_, report)| !has(report))
            .map(|(router, _)| router.as_str())
            .collect();
        if behind.is_empty() {
            return Ok(Exit::Yes);
        }
        if Instant::now() >= end {
            complain(format_args!("not all routers have it: {} do not", behind.join(", ")));
            return Ok(Exit::No);
        }
        std::thread::sleep(INTERVAL);
    }
}

/// The digest that most routers have.
fn common(reports: &[Result<Report, String>]) -> Option<&str> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for report in reports.iter().flatten().filter(|report| report.site.ready) {
        *counts.entry(report.site.digest.as_str()).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(digest, _)| digest)
}

fn line<'a>(router: &'a str, report: &'a Result<Report, String>, common: Option<&str>) -> Line<'a> {
    match report {
        Err(why) => Line {
            router,
            state: "away",
            generation: None,
            digest: None,
            apps: None,
            age_seconds: None,
            problems: vec![why.clone()],
        },
        Ok(report) => {
            let site = &report.site;
            let mut problems = report.problems();
            if site.ready && common != Some(site.digest.as_str()) {
                problems.push("it enforces another site than most".to_owned());
            }
            Line {
                router,
                state: if site.ready { "ready" } else { "closed" },
                generation: Some(site.generation),
                digest: Some(&site.digest),
                apps: Some(site.apps),
                age_seconds: report.age(),
                problems,
            }
        }
    }
}

fn write_line(out: &mut impl Write, line: &Line<'_>) -> std::io::Result<()> {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let digest = line.digest.map(|digest| digest.get(..SHORT).unwrap_or(digest).to_owned());
    let fields = [
        line.router.to_owned(),
        line.state.to_owned(),
        or_none(line.generation.map(|generation| generation.to_string())),
        or_none(digest),
        or_none(line.apps.map(|apps| apps.to_string())),
        or_none(line.age_seconds.map(|age| format!("{age:.1}"))),
        if line.problems.is_empty() { "ok".to_owned() } else { line.problems.join("; ") },
    ];
    writeln!(out, "{}", fields.join("\t"))
}
