//! The acceptance vectors of `tests/cases/`, through the command: `check`, `lint` and `fmt`. `site_cases.rs` runs those
//! that are about sites.

#[allow(dead_code, reason = "the tests of the library use all of it")]
#[path = "../../tests/support/cases.rs"]
mod cases;
mod common;

use std::path::Path;

use cases::{Case, Finding, read_all};
use common::{Dir, Run};
use serde_json::Value;

/// What the command has no option for. A case that gives one of these is skipped.
const SKIPPED_OPTIONS: [&str; 4] = ["lenient", "deny-warnings", "max-entries", "max-bytes"];

/// Why a case cannot be run through the command.
fn skips(case: &Case) -> Option<String> {
    if case.now.is_some() {
        return Some("now".to_owned());
    }
    let option = case.options.iter().find(|given| SKIPPED_OPTIONS.iter().any(|name| given.starts_with(name)));
    if option.is_none() && case.list.is_none() && case.default.is_none() && case.checks.is_empty() {
        return Some("mode-setting, enforce-setting".to_owned());
    }
    option.cloned()
}

#[test]
fn all_cases() {
    let mut cases = read_all(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/cases")));
    cases.retain(|case| case.site.is_none());
    let (mut failures, mut ran, mut skipped) = (Vec::new(), 0, 0);
    for case in &cases {
        if let Some(what) = skips(case) {
            println!("skipped, {what}: {}", case.place);
            skipped += 1;
            continue;
        }
        ran += 1;
        let mut problems = Vec::new();
        run(case, &mut problems);
        failures.extend(problems.into_iter().map(|problem| format!("{}\n    {problem}", case.place)));
    }
    println!("{ran} cases, {skipped} skipped; the lines `canonical` are skipped in all");
    assert!(ran > 250 && skipped < 60, "{ran} cases, {skipped} skipped");
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

fn run(case: &Case, problems: &mut Vec<String>) {
    let dir = Dir::new();
    let mut args = vec!["--json"];
    if let Some(text) = &case.list {
        dir.write("app.list", text);
        args.extend(["--list", "app.list"]);
        lint(case, &dir, problems);
    }
    if let Some(text) = &case.default {
        dir.write("default.list", text);
        args.extend(["--default", "default.list"]);
    }
    if let Some(mode) = &case.mode {
        args.extend(["--mode", mode]);
    }
    let enforced = case.enforce.as_deref() == Some("true");
    if enforced {
        args.push("--enforce");
    }
    // A gate may be without any list; a command that has none has lost it.
    let nothing_given = case.list.is_none() && case.default.is_none() && !enforced;
    args.push("check");
    if case.is_rejected() || nothing_given {
        let run = dir.run(&[&args[..], &["192.0.2.1"]].concat());
        if run.code != 2 || !run.out.is_empty() || run.err.is_empty() {
            problems.push(format!("a rejected list, or none, gives {run:?}"));
        }
    } else if !case.checks.is_empty() {
        let clients = case.checks.iter().map(|check| check.address.as_str());
        answers(case, &dir.run(&args.iter().copied().chain(clients.clone()).collect::<Vec<_>>()), problems);
        let mut stdin = clients.collect::<Vec<_>>().join("\n");
        stdin.push('\n');
        answers(case, &dir.run_with(&args, stdin.as_bytes()), problems);
    }
    if let Some(expected) = &case.format {
        let run = dir.run(&["fmt", "app.list"]);
        if run.code != 0 || run.out != *expected {
            problems.push(format!("fmt gives {run:?}, expected {expected:?}"));
        }
    }
}

fn answers(case: &Case, run: &Run, problems: &mut Vec<String>) {
    let unusable = case.checks.iter().any(|check| check.reason.as_deref() == Some("no-address"));
    let code = match case.checks.iter().all(|check| check.allowed) {
        _ if unusable => 2,
        true => 0,
        false => 1,
    };
    let lines = run.json();
    if run.code != code || lines.len() != case.checks.len() {
        problems.push(format!("exit {}, expected {code}: {run:?}", run.code));
        return;
    }
    for (line, check) in lines.iter().zip(&case.checks) {
        let text = |field: &str| line[field].as_str().map(str::to_owned);
        let decision = if check.allowed { "allow" } else { "deny" };
        let same = text("address").as_deref() == Some(&check.address)
            && text("decision").as_deref() == Some(decision)
            && text("prefix") == check.prefix
            && text("label") == check.label
            && check.reason.as_ref().is_none_or(|reason| text("reason").as_ref() == Some(reason));
        if !same {
            problems.push(format!("{line} for {check:?}"));
        }
    }
}

/// `lint` tells every error and warning, and always those of the whole list too: only a case with the option
/// `lint` names all of these.
fn lint(case: &Case, dir: &Dir, problems: &mut Vec<String>) {
    let run = dir.run(&["--json", "lint", "app.list"]);
    let lines = run.json();
    let mut found: Vec<&Value> = lines.iter().filter(|line| line["kind"] == "diagnostic").collect();
    let code = if case.errors.is_empty() { 0 } else { 2 };
    if run.code != code {
        problems.push(format!("lint exits with {}, expected {code}: {run:?}", run.code));
    }
    for (severity, expected) in [("error", &case.errors), ("warning", &case.warnings)] {
        for expected in expected {
            match found.iter().position(|line| line["severity"] == severity && matches(line, expected)) {
                Some(at) => drop(found.remove(at)),
                None => problems.push(format!("lint: expected {severity} {expected:?}, found {found:?}")),
            }
        }
    }
    let all_told = case.has_option("lint");
    found.retain(|line| line["severity"] == "error" || all_told);
    problems.extend(found.iter().map(|line| format!("lint: not expected: {line}")));
}

fn matches(line: &Value, expected: &Finding) -> bool {
    let number = |field: &str| line[field].as_u64().unwrap_or(0);
    let suggestion = line["suggestion"].as_str().unwrap_or_default();
    (number("line"), number("column")) == (expected.at.0.into(), expected.at.1.into())
        && line["code"] == *expected.code
        && expected.token.as_ref().is_none_or(|token| line["token"] == **token)
        && expected.is_suggested(suggestion)
}
