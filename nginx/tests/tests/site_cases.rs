//! The acceptance vectors of `tests/cases/` that are about sites, through http: the app by its name and by a host.

#[path = "../../../tests/support/cases.rs"]
#[allow(dead_code, unreachable_pub)]
mod cases;

use std::fmt::Write as _;
use std::path::Path;

use cases::site::{Asked, SiteCheck};
use cases::{Case, read_all};
use ipgate_nginx_tests::{Connection, Response, Site};

/// A site whose default list was never good does not start.
fn all() -> (Vec<Case>, usize) {
    let mut cases = read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases"));
    cases.retain(|case| case.site.is_some());
    let all = cases.len();
    cases.retain(|case| case.site.as_ref().is_some_and(|site| !site.is_default_rejected));
    let left_out = all - cases.len();
    (cases, left_out)
}

/// Whether a header can carry it as it is; nginx drops blanks at its ends.
fn fits_a_header(text: &str) -> bool {
    text.trim() == text && !text.is_empty() && !text.chars().any(char::is_control)
}

/// What answers as expected, or in which way not.
fn problem(case: &Case, check: &SiteCheck, response: &Response) -> Option<String> {
    let site = case.site.as_ref()?;
    let app = site.app_of(check).map_or("", |app| &app.name);
    let expected = &check.check;
    let status = if expected.allowed { 200 } else { 403 };
    if response.header("X-Status") == "OFF" {
        return (status != 200).then(|| "nobody was asked".to_owned());
    }
    let mut told = vec![
        ("app", response.header("X-App"), app),
        ("list", response.header("X-List"), check.list.as_deref().unwrap_or("")),
        ("label", response.header("X-Label"), expected.label.as_deref().unwrap_or("")),
    ];
    if let Some(reason) = &expected.reason {
        told.push(("reason", response.header("X-Reason"), reason));
    }
    let wrong = told.into_iter().find(|(_, is, expected)| is != expected);
    let of_status = (response.status != status).then(|| format!("status {}", response.status));
    of_status
        .or_else(|| wrong.map(|(what, is, expected)| format!("{what} {is:?}, and expected is {expected:?}")))
}

#[test]
fn clients_of_apps_through_http() {
    let (cases, left_out) = all();
    let site = Site::new();
    let (mut sites, mut locations) = (String::new(), String::new());
    for (index, case) in cases.iter().enumerate() {
        case.write_site(&site.path(&format!("fleet{index}")));
        let _ = writeln!(sites, "ipgate_site fleet{index} path=fleet{index};");
        for (way, choice) in [("app", "ipgate $http_x_ask;"), ("host", "ipgate_host $http_x_ask;")] {
            let _ = writeln!(
                locations,
                "location = /{way}/{index} {{ ipgate_site fleet{index}; {choice} ipgate_address $http_x_client; empty_gif; }}"
            );
        }
    }
    let headers: String =
        [("Status", "status"), ("App", "app"), ("List", "list"), ("Label", "label"), ("Reason", "reason")]
            .map(|(header, variable)| format!("add_header X-{header} $ipgate_{variable} always; "))
            .concat();
    let nginx = site.server(&sites, &format!("keepalive_requests 1000000; {headers} {locations}")).start();
    let mut connection = Connection::open(nginx.port(0)).unwrap();
    let (mut asked, mut skipped, mut problems) = (0, 0, Vec::new());
    for (index, case) in cases.iter().enumerate() {
        for check in case.site.iter().flat_map(|site| &site.checks) {
            let (way, name) = match &check.asked {
                Asked::App(name) => ("app", name),
                Asked::Host(host, _) => ("host", host),
            };
            if !fits_a_header(name) || !fits_a_header(&check.check.address) {
                skipped += 1;
                continue;
            }
            let given = [("X-Ask", name.as_str()), ("X-Client", check.check.address.as_str())];
            let response = connection.get(&format!("/{way}/{index}"), &given).unwrap();
            let problem = problem(case, check, &response);
            problems.extend(problem.map(|problem| format!("{}: {check:?}: {problem}", case.place)));
            asked += 1;
        }
    }
    println!("{asked} answers, {skipped} checks that no header carries, {left_out} cases that do not start");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(asked > 200, "{asked}");
}
