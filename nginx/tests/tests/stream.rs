//! The same lists for connections.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use ipgate_nginx_tests::{Nginx, Site, eventually};

/// What a connection gets, having sent a PROXY line for a client.
fn ask(nginx: &Nginx, index: usize, client: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", nginx.port(index))).unwrap();
    let family = if client.contains(':') { "TCP6" } else { "TCP4" };
    let local = if client.contains(':') { "::1" } else { "127.0.0.1" };
    let line = format!("PROXY {family} {client} {local} 1000 80\r\n");
    stream.write_all(line.as_bytes()).unwrap();
    let mut answer = String::new();
    // A denied connection may end as a reset.
    let _ = stream.read_to_string(&mut answer);
    answer
}

#[test]
fn each_directive_in_stream() {
    let nginx = Site::new()
        .stream(
            r#"ipgate_list office "10.0.0.0/8:office,!10.9.0.0/16:lab"; ipgate_list base "192.0.2.0/24:base";
               set_real_ip_from 127.0.0.1; ipgate office;
               log_format gate '$remote_addr $status $ipgate_status $ipgate_label $ipgate_entry $ipgate_reason $ipgate_generation';
               access_log logs/stream.log gate;
               server { listen 127.0.0.1:PORT0 proxy_protocol; return "in $ipgate_status $ipgate_label"; }
               server { listen 127.0.0.1:PORT1 proxy_protocol; ipgate_default base; return in; }
               server { listen 127.0.0.1:PORT2 proxy_protocol; ipgate_default base; ipgate_mode override; return in; }
               server { listen 127.0.0.1:PORT3 proxy_protocol; ipgate off; return "in $ipgate_status"; }
               server { listen 127.0.0.1:PORT4 proxy_protocol; ipgate off; ipgate_enforce on; return in; }
               server { listen 127.0.0.1:PORT5 proxy_protocol; ipgate_dry_run on; return "in $ipgate_status"; }
               server { listen 127.0.0.1:PORT6; ipgate_address $remote_addr; return in; }
               server { listen 127.0.0.1:PORT7 proxy_protocol; ipgate_log_level error; return in; }"#,
        )
        .start();
    // server; 10.1.1.1, 10.9.1.1, 192.0.2.1, 2001:db8::1
    let rows = [
        (0, ["in PASSED office", "", "", ""]),
        (1, ["in", "", "in", ""]),
        (2, ["in", "", "", ""]),
        (3, ["in OFF", "in OFF", "in OFF", "in OFF"]),
        (4, ["", "", "", ""]),
        (5, ["in PASSED", "in REJECTED_DRY_RUN", "in REJECTED_DRY_RUN", "in REJECTED_DRY_RUN"]),
        (7, ["in", "", "", ""]),
    ];
    for (index, expected) in rows {
        for (client, expected) in ["10.1.1.1", "10.9.1.1", "192.0.2.1", "2001:db8::1"].iter().zip(expected) {
            assert_eq!(ask(&nginx, index, client), expected, "server {index} for {client}");
        }
    }
    let log = || std::fs::read_to_string(nginx.path("logs/stream.log")).unwrap_or_default();
    eventually("28 lines", || log().lines().count() >= 28);
    let log = log();
    assert!(log.contains("10.1.1.1 200 PASSED office 10.0.0.0/8:office allow-entry 2\n"), "{log}");
    assert!(log.contains("10.9.1.1 403 REJECTED lab !10.9.0.0/16:lab deny-entry 2\n"), "{log}");
    assert!(log.contains("192.0.2.1 403 REJECTED - - no-entry 2\n"), "{log}");
    let denied = r#"[error] "#;
    assert_eq!(
        nginx.log().lines().filter(|l| l.contains(denied) && l.contains("ipgate: REJECTED")).count(),
        3
    );
}

#[test]
fn a_denied_connection_never_reaches_the_upstream() {
    let upstream = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    upstream.set_nonblocking(true).unwrap();
    let port = upstream.local_addr().unwrap().port();
    let nginx = Site::new()
        .stream(&format!(
            r#"ipgate_list office "10.0.0.0/8"; ipgate office; set_real_ip_from 127.0.0.1;
               server {{ listen 127.0.0.1:PORT0 proxy_protocol; proxy_pass 127.0.0.1:{port}; }}"#
        ))
        .start();
    assert_eq!(ask(&nginx, 0, "192.0.2.1"), "");
    let error = upstream.accept().expect_err("nobody has connected");
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    let client = TcpStream::connect(("127.0.0.1", nginx.port(0))).unwrap();
    (&client).write_all(b"PROXY TCP4 10.1.1.1 10.0.0.1 1000 80\r\n").unwrap();
    eventually("an allowed one has", || upstream.accept().is_ok());
}

#[test]
fn http_and_stream_share_a_list_and_its_swaps() {
    let nginx = Site::new()
        .file("a.list", "10.0.0.0/8")
        .server("ipgate_list shared file=a.list interval=50ms;", "ipgate shared; location / { empty_gif; } location /report { ipgate off; ipgate_report; }")
        .stream("set_real_ip_from 127.0.0.1; server { listen 127.0.0.1:PORT1 proxy_protocol; ipgate shared; return in; }")
        .start();
    assert_eq!((nginx.get_from("/", "10.1.1.1").status, ask(&nginx, 1, "10.1.1.1").as_str()), (200, "in"));
    nginx.write("a.list", "192.0.2.0/24");
    eventually("http has the new list", || nginx.get_from("/", "192.0.2.1").status == 200);
    assert_eq!(ask(&nginx, 1, "192.0.2.1"), "in", "one worker, one list");
    assert_eq!(ask(&nginx, 1, "10.1.1.1"), "");
    assert_eq!(nginx.report()["lists"].as_array().unwrap().len(), 1);
}

#[test]
fn what_stream_refuses() {
    for (directive, message) in [
        ("ipgate nowhere;", r#"no ipgate_list defines "nowhere""#),
        ("ipgate_phase early;", r#""ipgate_phase" directive is not allowed here"#),
        ("ipgate_deny_status 403;", "not allowed here"),
        ("ipgate_report;", "not allowed here"),
        ("ipgate_mode both;", "invalid value"),
    ] {
        let site =
            Site::new().stream(&format!("server {{ listen 127.0.0.1:PORT0; {directive} return in; }}"));
        let outcome = site.test();
        assert!(!outcome.is_good && outcome.said.contains(message), "{directive}: {}", outcome.said);
    }
}
