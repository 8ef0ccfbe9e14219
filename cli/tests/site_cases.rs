//! The acceptance vectors of `tests/cases/` that are about sites, through the command: `check` and `explain` with a folder
//! and an app or a host.

#[allow(dead_code, reason = "the tests of the library use all of it")]
#[path = "../../tests/support/cases.rs"]
mod cases;
mod common;

use std::path::Path;

use cases::site::{Asked, SiteCase, SiteCheck};
use cases::{Case, read_all};
use common::Dir;
use serde_json::Value;

#[test]
fn all_cases_of_sites() {
    let mut cases = read_all(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/cases")));
    cases.retain(|case| case.site.is_some());
    let (mut failures, mut checks) = (Vec::new(), 0);
    for case in &cases {
        let mut problems = Vec::new();
        run(case, case.site.as_ref().unwrap(), &mut problems);
        checks += case.site.as_ref().map_or(0, |site| site.checks.len());
        failures.extend(problems.into_iter().map(|problem| format!("{}\n    {problem}", case.place)));
    }
    println!("{} cases of sites with {checks} checks, none skipped", cases.len());
    assert!(checks > 200, "{checks} checks");
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

/// All clients of one app or host are asked about at once, where they follow each other.
fn run(case: &Case, site: &SiteCase, problems: &mut Vec<String>) {
    let dir = Dir::new();
    case.write_site(&dir.path("fleet"));
    for checks in site.checks.chunk_by(|one, other| one.asked == other.asked) {
        let asked = match &checks[0].asked {
            Asked::App(app) => ["--app", app],
            Asked::Host(host, _) => ["--host", host],
        };
        let addresses: Vec<&str> = checks.iter().map(|check| check.check.address.as_str()).collect();
        let args = |before: &[&'static str], command| {
            [before, &["--site", "fleet"], &asked, &[command], &addresses].concat()
        };
        let check = dir.run(&args(&["--json"], "check"));
        let explain = dir.run(&args(&["--json"], "explain"));
        // Lists are read once: where one that would be asked is rejected, there is no answer, and no one is let in.
        if site.is_default_rejected || site.app_of(&checks[0]).is_some_and(|app| app.is_rejected) {
            for run in [check, explain] {
                if run.code != 2 || !run.out.is_empty() || run.err.is_empty() {
                    problems.push(format!("a rejected list gives {run:?} for {asked:?}"));
                }
            }
            continue;
        }
        let code = match checks.iter().all(|check| check.check.allowed) {
            _ if checks.iter().any(is_unreadable) => 2,
            true => 0,
            false => 1,
        };
        if (check.code, explain.code) != (code, code) {
            problems.push(format!("exit codes other than {code}: {check:?}, {explain:?}"));
        }
        compare(&check.json(), checks.iter(), is_answer, problems);
        compare(&explain.json(), checks.iter().filter(|check| !is_unreadable(check)), is_explained, problems);
        named(&dir.run(&args(&[], "explain")).out, site, checks, problems);
    }
}

fn is_unreadable(check: &SiteCheck) -> bool {
    check.check.reason.as_deref() == Some("no-address")
}

/// A line for each check.
fn compare<'c>(
    lines: &[Value],
    checks: impl Iterator<Item = &'c SiteCheck>,
    is_expected: impl Fn(&Value, &SiteCheck) -> bool,
    problems: &mut Vec<String>,
) {
    let checks: Vec<&SiteCheck> = checks.collect();
    if lines.len() != checks.len() {
        problems.push(format!("{lines:?} for {checks:?}"));
    }
    let differing = lines.iter().zip(checks).filter(|(line, check)| !is_expected(line, check));
    problems.extend(differing.map(|(line, check)| format!("{line} for {check:?}")));
}

fn is_decided(line: &Value, SiteCheck { check, .. }: &SiteCheck) -> bool {
    line["address"] == *check.address
        && line["decision"] == if check.allowed { "allow" } else { "deny" }
        && check.reason.as_ref().is_none_or(|reason| line["reason"] == **reason)
}

fn is_entry(entry: &Value, SiteCheck { check, .. }: &SiteCheck) -> bool {
    entry["prefix"].as_str() == check.prefix.as_deref() && entry["label"].as_str() == check.label.as_deref()
}

fn is_answer(line: &Value, check: &SiteCheck) -> bool {
    is_decided(line, check) && is_entry(line, check)
}

/// `explain` says of which list the entry is.
fn is_explained(line: &Value, check: &SiteCheck) -> bool {
    let covering = line["covering"].as_array().map_or(&[][..], Vec::as_slice);
    let decides = covering.iter().find(|entry| entry["decides"] == true).unwrap_or(&Value::Null);
    is_decided(line, check) && is_entry(decides, check) && decides["list"].as_str() == check.list.as_deref()
}

/// `explain` says which app it is, before all else.
fn named(explained: &str, site: &SiteCase, checks: &[SiteCheck], problems: &mut Vec<String>) {
    let said = match (&checks[0].asked, site.app_of(&checks[0])) {
        _ if checks.iter().all(is_unreadable) => return, // nothing is explained
        (_, Some(app)) => format!("The app is {} of the site fleet.", app.name),
        (Asked::App(name), None) => format!("The site fleet names no app {name}:"),
        (Asked::Host(..), None) => "The site fleet names no app for that host:".to_owned(),
    };
    if !explained.lines().any(|line| line.starts_with(&said)) {
        problems.push(format!("{said:?} is not in {explained:?}"));
    }
}
