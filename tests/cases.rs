//! The acceptance vectors of `tests/cases/`, through the library; `site_cases.rs` runs those that are about sites.

mod support;

use std::path::Path;
use std::time::SystemTime;

use ipgate::{
    Gate, List, Policy, Table,
    list::{Diagnostic, Linter, Parsed, Parser, Rejected, Report, Until, format_text},
    parse_address,
    policy::parse_enforce,
};
use support::cases::{Case, Check, Finding, read_all, spellings};
use support::golden::Golden;

#[test]
fn all_cases() {
    let mut cases = read_all(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases")));
    cases.retain(|case| case.site.is_none());
    let mut failures = Vec::new();
    for case in &cases {
        let mut problems = Vec::new();
        run(case, &mut problems);
        failures.extend(problems.into_iter().map(|problem| format!("{}\n    {problem}", case.place)));
    }
    let lines: usize = cases.iter().map(|case| case.checks.len()).sum();
    println!("{} cases with {lines} checks, none skipped", cases.len());
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

fn run(case: &Case, problems: &mut Vec<String>) {
    let parsed = case.list.as_ref().map(|text| parser(case).parse(text));
    if let Some(parsed) = &parsed {
        let report = match parsed {
            Ok(Parsed { report, .. }) => report,
            Err(rejected) => rejected.report(),
        };
        findings("error", report, report.errors(), &case.errors, problems);
        findings("warning", report, report.warnings(), &case.warnings, problems);
        if parsed.is_err() != case.is_rejected() {
            problems.push(format!("rejected: {}, expected: {}", parsed.is_err(), case.is_rejected()));
        }
    }
    settings(case, problems);
    let app = match parsed {
        Some(Err(_)) => return,
        Some(Ok(parsed)) => Some(parsed.list),
        None => None,
    };
    if let Some(list) = &app {
        texts(case, list, problems);
    }
    answers(case, app, problems);
}

fn now(case: &Case) -> SystemTime {
    let until = |text: &String| text.parse::<Until>().expect("a date-time").system_time();
    case.now.as_ref().map_or_else(SystemTime::now, until)
}

fn parser(case: &Case) -> Parser {
    let mut parser = Parser::new()
        .at(now(case))
        .lenient(case.has_option("lenient"))
        .deny_warnings(case.has_option("deny-warnings"));
    if case.has_option("lint") {
        parser = parser.lint(Linter::new());
    }
    if let Some(max) = case.limit("max-entries") {
        parser = parser.max_entries(max);
    }
    if let Some(max) = case.limit("max-bytes") {
        parser = parser.max_bytes(max);
    }
    parser
}

/// Compares what was found with what was expected, without regard to order.
fn findings<'r>(
    what: &str,
    report: &Report,
    found: impl Iterator<Item = &'r Diagnostic>,
    expected: &[Finding],
    problems: &mut Vec<String>,
) {
    let mut found: Vec<&Diagnostic> = found.collect();
    for expected in expected {
        match found.iter().position(|found| matches(found, expected)) {
            Some(at) => drop(found.remove(at)),
            None => problems.push(format!("expected {what} {expected:?}, found:\n{report}\n{found:#?}")),
        }
    }
    problems.extend(found.iter().map(|found| format!("not expected: {what} {found:?}")));
}

fn matches(found: &Diagnostic, expected: &Finding) -> bool {
    let at = found.position().map_or((0, 0), |at| (at.line, at.column));
    let suggestion = found.suggestion().unwrap_or_default();
    at == expected.at
        && found.code().as_str() == expected.code
        && expected.token.as_ref().is_none_or(|token| found.token() == token)
        && expected.is_suggested(suggestion)
}

fn settings(case: &Case, problems: &mut Vec<String>) {
    let read = |result: Result<String, ipgate::policy::SettingError>| {
        result.unwrap_or_else(|_| "invalid".to_owned())
    };
    for (spelling, expected) in &case.mode_settings {
        let actual = read(spelling.parse().map(|mode: ipgate::Mode| mode.to_string()));
        if actual != *expected {
            problems.push(format!("mode {spelling:?} is read as {actual}"));
        }
    }
    for (spelling, expected) in &case.enforce_settings {
        let actual = read(parse_enforce(spelling).map(|enforce| enforce.to_string()));
        if actual != *expected {
            problems.push(format!("enforce {spelling:?} is read as {actual}"));
        }
    }
}

fn texts(case: &Case, list: &List, problems: &mut Vec<String>) {
    if let Some(expected) = case.canonical.as_ref().filter(|text| **text != list.to_string()) {
        problems.push(format!("canonical text {:?}, expected {expected:?}", list.to_string()));
    }
    if let Some(expected) = &case.format {
        let actual = format_text(list.text()).as_ref().map_err(Rejected::to_string).cloned();
        if actual.as_ref() != Ok(expected) {
            problems.push(format!("formatted {actual:?}, expected {expected:?}"));
        }
    }
}

fn policy(case: &Case, app: Option<List>) -> Policy {
    let mut policy = Policy::new();
    if let Some(text) = &case.default {
        policy =
            policy.with_default(Parser::new().at(now(case)).parse(text).expect("a good default list").list);
    }
    if let Some(list) = app {
        policy = policy.with_app(list);
    }
    if let Some(mode) = &case.mode {
        policy = policy.with_mode(mode.parse().expect("a mode"));
    }
    if let Some(enforce) = &case.enforce {
        policy = policy.with_enforce(parse_enforce(enforce).expect("true or false"));
    }
    policy
}

/// An answer as `decision prefix label reason`.
fn answer(allowed: bool, prefix: Option<String>, label: Option<&str>, reason: &str) -> String {
    let decision = if allowed { "allow" } else { "deny" };
    format!("{decision} {} {label:?} {reason}", prefix.unwrap_or_else(|| "-".to_owned()))
}

fn answers(case: &Case, app: Option<List>, problems: &mut Vec<String>) {
    let policy = policy(case, app);
    let (now, golden) = (now(case), Golden::of_policy(&policy));
    let table = Table::from_policy_at(&policy, now);
    let gate = Gate::from_table(Table::from_policy_at(&policy, now));
    let mut reader = gate.reader();
    for check in &case.checks {
        let Ok(address) = parse_address(&check.address) else {
            let verdicts = [gate.check_without_address(), reader.check_without_address()];
            for verdict in verdicts {
                let prefix = verdict.entry().map(|entry| entry.prefix().to_string());
                let reason = verdict.reason();
                let text = answer(verdict.is_allowed(), prefix, verdict.label(), reason.as_str());
                compare(check, "gate", &text, reason.as_str(), problems);
            }
            continue;
        };
        for address in spellings(address) {
            let expected = golden.decide(address, now);
            let prefix = expected.entry.as_ref().map(|entry| entry.prefix().to_string());
            let reason = expected.reason.as_str();
            let text = answer(expected.is_allowed(), prefix, expected.label(), reason);
            compare(check, "golden model", &text, reason, problems);

            let (decision, entry) = (table.lookup(address), table.matched(address));
            let (prefix, reason) = (entry.map(|e| e.prefix().to_string()), decision.reason().as_str());
            let text = answer(decision.is_allowed(), prefix, decision.label(), reason);
            compare(check, "table", &text, reason, problems);

            if case.now.is_some() {
                continue; // a gate goes by the system's clock
            }
            for verdict in [gate.check(address), reader.check(address)] {
                let prefix = verdict.entry().map(|entry| entry.prefix().to_string());
                let reason = verdict.reason().as_str();
                let text = answer(verdict.is_allowed(), prefix, verdict.label(), reason);
                compare(check, "gate", &text, reason, problems);
            }
        }
    }
}

fn compare(check: &Check, by: &str, actual: &str, reason: &str, problems: &mut Vec<String>) {
    let expected_reason = check.reason.as_deref().unwrap_or(reason);
    let expected = answer(check.allowed, check.prefix.clone(), check.label.as_deref(), expected_reason);
    if actual != expected {
        problems.push(format!("{}: {by} says {actual}, expected {expected}", check.address));
    }
}
