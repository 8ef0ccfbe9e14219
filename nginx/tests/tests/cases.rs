//! The acceptance vectors of `tests/cases/`, which every surface reads: through http with the client's address by
//! realip and as text, and through stream with it by the PROXY protocol.

#[path = "../../../tests/support/cases.rs"]
#[allow(dead_code, unreachable_pub)]
mod cases;

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{IpAddr, TcpStream};
use std::path::Path;
use std::sync::Once;

use cases::{Case, read_all};
use ipgate_nginx_tests::{Connection, Nginx, Site, skipped};

/// What cannot be said in an nginx configuration; a case that needs it is skipped, and said so.
fn unsupported(case: &Case) -> Option<String> {
    if case.site.is_some() {
        return Some("site".to_owned()); // site_cases.rs has them
    }
    let option = case.options.iter().find(|option| *option != "lenient");
    match (&case.now, option) {
        (Some(_), _) => Some("now".to_owned()),
        (_, Some(option)) => Some(option.clone()),
        _ => None,
    }
}

fn all() -> Vec<Case> {
    let mut cases = read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases"));
    let all = cases.len();
    cases.retain(|case| match unsupported(case) {
        Some(what) => {
            println!("skipped for {what}: {}", case.place);
            false
        }
        None => true,
    });
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        let left_out = all - cases.len();
        skipped(&format!(
            "{left_out} of {all} cases, which nginx's configuration cannot say (--nocapture names them)"
        ));
    });
    assert!(cases.len() > 100, "hardly anything was run");
    cases
}

/// The directives of a case, its lists in files.
fn rules(site: &Site, index: usize, case: &Case) -> (String, String) {
    let (mut lists, mut rules) = (String::new(), String::new());
    for (name, directive, text) in [("d", "ipgate_default", &case.default), ("a", "ipgate", &case.list)] {
        if let Some(text) = text {
            site.write(&format!("{name}{index}.list"), text);
            let lenient = if name == "a" && case.has_option("lenient") { "lenient" } else { "" };
            let _ = writeln!(lists, "ipgate_list {name}{index} file={name}{index}.list {lenient};");
            let _ = write!(rules, "{directive} {name}{index}; ");
        }
    }
    for (directive, value) in [("ipgate_mode", &case.mode), ("ipgate_enforce", &case.enforce)] {
        if let Some(value) = value {
            let _ = write!(rules, "{directive} {value}; ");
        }
    }
    (lists, rules)
}

#[test]
fn rejected_lists_never_start() {
    let mut tried = 0;
    for case in all().iter().filter(|case| case.is_rejected()) {
        let site = Site::new();
        let (lists, rules) = rules(&site, 0, case);
        let site = site.server(&lists, &rules);
        let outcome = site.test();
        assert!(!outcome.is_good && outcome.said.contains("[emerg]"), "{}: {}", case.place, outcome.said);
        for error in case.errors.iter().filter(|error| error.at.0 > 0) {
            let at = format!("a0.list:{}:{}: ", error.at.0, error.at.1);
            assert!(outcome.said.contains(&at), "{}: no {at} in {}", case.place, outcome.said);
        }
        tried += 1;
    }
    println!("{tried} lists were rejected as they should be");
    assert!(tried > 50);
}

#[test]
fn clients_through_http() {
    let cases: Vec<_> = all().into_iter().filter(|case| !case.is_rejected()).collect();
    let site = Site::new();
    let (mut lists, mut locations) = (String::new(), String::new());
    for (index, case) in cases.iter().enumerate() {
        let (own, rules) = rules(&site, index, case);
        lists += &own;
        let _ = writeln!(locations, "location = /realip/{index} {{ {rules} empty_gif; }}");
        let _ = writeln!(
            locations,
            "location = /text/{index} {{ {rules} ipgate_address $http_x_client; empty_gif; }}"
        );
    }
    let headers = "add_header X-Status $ipgate_status always; add_header X-Label $ipgate_label always;
        add_header X-Entry $ipgate_entry always; add_header X-Reason $ipgate_reason always;";
    let nginx = site.server(&lists, &format!("keepalive_requests 1000000; {headers} {locations}")).start();
    let mut connection = Connection::open(nginx.port(0)).unwrap();
    let mut asked = 0;
    for (index, case) in cases.iter().enumerate() {
        for check in &case.checks {
            let is_address = address(&check.address).is_some();
            for (way, header) in [("realip", "X-Real-IP"), ("text", "X-Client")] {
                // realip passes over what is no address: then the peer is the client.
                if way == "realip" && !is_address {
                    continue;
                }
                let response =
                    connection.get(&format!("/{way}/{index}"), &[(header, &check.address)]).unwrap();
                let place = format!("{}: {way} {}", case.place, check.address);
                assert_eq!(response.status, if check.allowed { 200 } else { 403 }, "{place}");
                if response.header("X-Status") == "OFF" {
                    continue; // no gate: nobody was asked
                }
                assert_eq!(response.header("X-Label"), check.label.as_deref().unwrap_or(""), "{place}");
                if let Some(reason) = &check.reason {
                    assert_eq!(response.header("X-Reason"), reason, "{place}");
                }
                let entry = response.header("X-Entry").trim_start_matches('!').trim_matches(['[', ']']);
                match &check.prefix {
                    // An entry's text leaves a full length out, and puts brackets where a label needs them.
                    Some(prefix) => {
                        let address = prefix.trim_end_matches("/32").trim_end_matches("/128");
                        assert!(entry.starts_with(address), "{place}: {entry} is not {prefix}");
                    }
                    None => assert_eq!(entry, "", "{place}"),
                }
                asked += 1;
            }
        }
    }
    println!("{asked} answers through http");
    assert!(asked > 300);
}

#[test]
fn clients_through_stream() {
    let cases: Vec<_> = all().into_iter().filter(|case| !case.is_rejected()).collect();
    let mut asked = 0;
    // As many servers as there are ports.
    for cases in cases.chunks(10) {
        let site = Site::new();
        let (mut lists, mut servers) = (String::new(), String::new());
        for (index, case) in cases.iter().enumerate() {
            let (own, rules) = rules(&site, index, case);
            lists += &own;
            let _ = writeln!(
                servers,
                "server {{ listen 127.0.0.1:PORT{index} proxy_protocol; {rules} return \"in $ipgate_label\"; }}"
            );
        }
        let nginx = site.stream(&format!("set_real_ip_from 127.0.0.1; {lists} {servers}")).start();
        for (index, case) in cases.iter().enumerate() {
            for check in &case.checks {
                let Some(address) = address(&check.address) else { continue };
                let expected = match check.allowed {
                    true => format!("in {}", check.label.as_deref().unwrap_or("")),
                    false => String::new(),
                };
                assert_eq!(ask(&nginx, index, address), expected, "{}: {address}", case.place);
                asked += 1;
            }
        }
    }
    println!("{asked} answers through stream");
    assert!(asked > 200);
}

/// An address that nginx can read. It takes 255.255.255.255 for none.
fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok().filter(|address| *address != IpAddr::from([255; 4]))
}

fn ask(nginx: &Nginx, index: usize, client: IpAddr) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", nginx.port(index))).unwrap();
    let line = match client {
        IpAddr::V4(_) => format!("PROXY TCP4 {client} 127.0.0.1 1000 80\r\n"),
        IpAddr::V6(_) => format!("PROXY TCP6 {client} ::1 1000 80\r\n"),
    };
    stream.write_all(line.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}
