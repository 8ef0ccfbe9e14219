//! Whose word the client's address is: what `nginx -t` says of the ways to let everybody in.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use ipgate_nginx_tests::{Nginx, Site};

const WARNING: &str = r#"[warn] ipgate: "ipgate_unix allow" and "set_real_ip_from unix:""#;
const SERVER: &str =
    r#"ipgate_list office "10.0.0.0/8"; server { listen 127.0.0.1:PORT0; listen unix:socket;"#;

fn warnings(http: &str) -> usize {
    let outcome = Site::new().http(http).test();
    assert!(outcome.is_good, "{http}: {}", outcome.said);
    for line in outcome.said.lines().filter(|line| line.contains(WARNING)) {
        assert!(line.contains(r#"write "ipgate_unix deny;""#) && line.contains("nginx.conf:"), "{line}");
    }
    outcome.said.matches(WARNING).count()
}

/// The status for a request through the Unix socket, with a header or none.
fn status(nginx: &Nginx, path: &str, header: &str) -> String {
    let mut stream = UnixStream::connect(nginx.path("socket")).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n{header}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).unwrap();
    String::from_utf8_lossy(&response).split(' ').nth(1).unwrap_or("closed").to_owned()
}

#[test]
fn a_proxy_behind_a_unix_socket_stands_for_whom_it_does_not_name() {
    // Documented, and the reason for the warning.
    let nginx = Site::new()
        .http(&format!(
            "{SERVER} set_real_ip_from unix:; real_ip_header X-Forwarded-For; ipgate office;
             location /deny {{ empty_gif; }} location /allow {{ ipgate_unix allow; empty_gif; }} }}"
        ))
        .start();
    for header in ["", "X-Forwarded-For: unix:\r\n", "X-Forwarded-For: foobar\r\n", "X-Forwarded-For: \r\n"] {
        assert_eq!(status(&nginx, "/deny", header), "403", "{header:?}");
        assert_eq!(status(&nginx, "/allow", header), "200", "{header:?}");
    }
    for path in ["/deny", "/allow"] {
        assert_eq!(status(&nginx, path, "X-Forwarded-For: 10.1.1.1\r\n"), "200", "{path}");
        assert_eq!(status(&nginx, path, "X-Forwarded-For: 192.0.2.1\r\n"), "403", "{path}");
        assert_eq!(
            status(&nginx, path, "X-Forwarded-For: 10.1.1.1, 192.0.2.1\r\n"),
            "403",
            "{path}: the last"
        );
    }
}

#[test]
fn the_combination_is_warned_of_wherever_it_comes_about() {
    let rows = [
        // once for a server, and not again for what only inherits it
        ("set_real_ip_from unix:; ipgate office; ipgate_unix allow; location / { } location /b { }", 1),
        ("set_real_ip_from unix:; ipgate office; location /a { ipgate_unix allow; } location /b { }", 1),
        ("ipgate office; ipgate_unix allow; location / { set_real_ip_from unix:; }", 1),
        ("ipgate_unix allow; set_real_ip_from unix:; location / { ipgate office; }", 1),
        (
            "set_real_ip_from unix:; location /a { ipgate office; ipgate_unix allow; } location /b { ipgate_enforce on; ipgate_unix allow; }",
            2,
        ),
        (
            "set_real_ip_from 10.0.0.1; set_real_ip_from unix:; ipgate_phase early; ipgate office; ipgate_unix allow;",
            1,
        ),
        // one without the other, or with no gate
        ("set_real_ip_from unix:; ipgate office; location / { }", 0),
        ("set_real_ip_from 127.0.0.1; ipgate office; ipgate_unix allow; location / { }", 0),
        ("ipgate office; ipgate_unix allow;", 0),
        ("set_real_ip_from unix:; ipgate_unix allow;", 0),
        ("set_real_ip_from unix:; ipgate office; ipgate_unix allow; ipgate_address $http_x_a;", 0),
    ];
    for (server, expected) in rows {
        assert_eq!(warnings(&format!("{SERVER} {server} }}")), expected, "{server}");
    }
    let http = format!("set_real_ip_from unix:; ipgate_unix allow; {SERVER} ipgate office; }}");
    assert_eq!(warnings(&http), 1, "inherited from http");
}

#[test]
fn stream_warns_as_http_does() {
    let stream = |server: &str| {
        let list = r#"ipgate_list office "10.0.0.0/8";"#;
        let stream =
            format!("{list} server {{ listen 127.0.0.1:PORT0 proxy_protocol; return yes; {server} }}");
        let outcome = Site::new().stream(&stream).test();
        assert!(outcome.is_good, "{}", outcome.said);
        outcome.said.matches(WARNING).count()
    };
    assert_eq!(stream("set_real_ip_from unix:; ipgate office; ipgate_unix allow;"), 1);
    assert_eq!(stream("set_real_ip_from unix:; ipgate office;"), 0);
    assert_eq!(stream("set_real_ip_from 10.0.0.1; ipgate office; ipgate_unix allow;"), 0);
}
