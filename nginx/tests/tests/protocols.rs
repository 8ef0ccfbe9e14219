//! Ways in which a client's address, and its requests, arrive.

use std::io::Write;
use std::net::TcpStream;
use std::process::Command;

use ipgate_nginx_tests::{Connection, Site};

const LIST: &str = r#"ipgate_list office "10.0.0.0/8:office,2001:db8::/32:six";"#;

#[test]
fn a_kept_connection_is_asked_about_with_every_request() {
    let nginx = Site::new().server(LIST, "ipgate office; location / { empty_gif; }").start();
    let mut connection = Connection::open(nginx.port(0)).unwrap();
    for (client, status) in
        [("10.0.0.1", 200), ("192.0.2.1", 403), ("10.0.0.2", 200), ("2001:db8::1", 200), ("::1", 403)]
    {
        assert_eq!(connection.get("/", &[("X-Real-IP", client)]).unwrap().status, status, "{client}");
    }
    assert_eq!(connection.get("/", &[]).unwrap().status, 403, "realip gives each request its own address");
}

#[test]
fn proxy_protocol_over_http() {
    let nginx = Site::new()
        .http(&format!(
            "{LIST} set_real_ip_from 127.0.0.1; real_ip_header proxy_protocol; ipgate office;
             server {{ listen 127.0.0.1:PORT0 proxy_protocol; location / {{ empty_gif; }}
               location /early {{ ipgate_phase early; return 200; }} }}"
        ))
        .start();
    for (client, expected) in [
        ("TCP4 10.1.1.1 10.0.0.1", 200),
        ("TCP4 192.0.2.1 10.0.0.1", 403),
        ("TCP6 2001:db8::1 ::1", 200),
        ("TCP6 ::1 ::1", 403),
    ] {
        for path in ["/", "/early"] {
            let mut stream = TcpStream::connect(("127.0.0.1", nginx.port(0))).unwrap();
            stream.write_all(format!("PROXY {client} 1000 80\r\n").as_bytes()).unwrap();
            let response = Connection::over(stream).unwrap().get(path, &[]).unwrap();
            assert_eq!(response.status, expected, "{client} {path}");
        }
    }
}

#[test]
fn http_2() {
    let installed = ipgate_nginx_tests::Installed::get();
    let version = Command::new(&installed.nginx).arg("-v").output().unwrap();
    let is_old = String::from_utf8_lossy(&version.stderr).contains("nginx/1.22");
    let (listen, on) = if is_old { ("http2", "") } else { ("", "http2 on;") };
    let nginx = Site::new()
        .http(&format!(
            "{LIST} set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP; ipgate office;
             server {{ listen 127.0.0.1:PORT0 {listen}; {on} location / {{ empty_gif; }}
               location /early {{ ipgate_phase early; return 200; }}
               location /close {{ ipgate_deny_status 444; empty_gif; }} }}"
        ))
        .start();
    let ask = |path: &str, client: &str| {
        let output = Command::new("curl")
            .args([
                "-s",
                "--http2-prior-knowledge",
                "-o",
                "/dev/null",
                "-w",
                "%{http_version} %{http_code}",
                "-m",
                "30",
            ])
            .args([
                "-H",
                &format!("X-Real-IP: {client}"),
                &format!("http://127.0.0.1:{}{path}", nginx.port(0)),
            ])
            .output()
            .expect("curl, which is a package that the tests need");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    for path in ["/", "/early"] {
        assert_eq!(ask(path, "10.1.1.1"), "2 200", "{path}");
        assert_eq!(ask(path, "192.0.2.1"), "2 403", "{path}");
    }
    assert!(ask("/close", "192.0.2.1").ends_with(" 000"), "{}", ask("/close", "192.0.2.1"));
}

#[test]
fn a_denied_request_with_a_body_leaves_the_connection_usable() {
    let nginx = Site::new().server(LIST, "ipgate office; location / { empty_gif; }").start();
    let mut connection = Connection::open(nginx.port(0)).unwrap();
    connection.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello").unwrap();
    assert_eq!(connection.read().unwrap().status, 403);
    assert_eq!(connection.get("/", &[("X-Real-IP", "10.0.0.1")]).unwrap().status, 200);
}
