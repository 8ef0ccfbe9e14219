//! `make nginx-demo`: it shows what its own nginx answers, or says why there is none.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use ipgate_nginx_tests::Installed;

fn demo(port: &str) -> Output {
    let installed = Installed::get();
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/demo"))
        .arg(&installed.modules)
        .env("IPGATE_NGINX", &installed.nginx)
        .env("IPGATE_DEMO_PORT", port)
        .stdin(Stdio::null())
        .output()
        .expect("the script runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_taken_port_ends_it_with_a_sentence() {
    let other = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = other.local_addr().expect("an address").port();
    // Whoever is there hangs up on everybody, so that a script which asks it goes on.
    std::thread::spawn(move || other.incoming().for_each(drop));
    let output = demo(&port.to_string());
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "", "nothing to show");
    let said = text(&output.stderr);
    let sentence = format!("port {port} of 127.0.0.1 is taken by another program");
    assert!(said.contains(&sentence) && said.contains("IPGATE_DEMO_PORT"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_port_that_is_none_ends_it_with_nginx_s_words() {
    let output = demo("70000");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "", "nothing to show");
    let said = text(&output.stderr);
    assert!(said.contains("nginx does not start") && said.contains("70000"), "{said}");
}

#[test]
fn a_free_port_is_shown_at_work() {
    let output = loop {
        let free = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let output = demo(&port.to_string());
        // Somebody may have been faster.
        if !text(&output.stderr).contains("is taken") {
            break output;
        }
    };
    let shown = text(&output.stdout);
    assert!(output.status.success(), "{shown}{}", text(&output.stderr));
    let answers: Vec<_> = shown.lines().filter_map(|line| line.trim().strip_prefix("X-Gate: ")).collect();
    assert_eq!(
        answers,
        [
            "PASSED label=office_ABC entry=10.0.1.0/24:office_ABC generation=2",
            "REJECTED label= entry= generation=2",
            "REJECTED label=lost_laptop entry=!10.0.1.99:lost_laptop generation=2",
            "PASSED label=new_client entry=198.51.100.0/24:new_client generation=3",
        ]
    );
    let apps: Vec<_> = shown.lines().filter_map(|line| line.trim().strip_prefix("X-App: ")).collect();
    assert_eq!(
        apps,
        [
            "PASSED app=shop list=app label=partner",
            "REJECTED app= list= label=",
            "PASSED app=wiki list=app label=writer",
        ]
    );
    let requests =
        shown.lines().find_map(|line| line.trim().strip_prefix("wrk: ")?.split_once(" requests in"));
    assert!(requests.is_some_and(|(count, _)| count.parse::<u64>().is_ok_and(|count| count > 0)), "{shown}");
    assert!(!shown.contains("Non-2xx") && !shown.contains("errors"), "{shown}");
}
