//! Where a request is stopped: what gets around the access phase, and that nothing gets around an early gate.

use std::io::Read;
use std::net::TcpStream;

use ipgate_nginx_tests::{Connection, Nginx, Site, get_with};

const LIST: &str = r#"ipgate_list office "10.0.0.0/8:office";"#;
const INSIDE: &str = "10.1.1.1";
const OUTSIDE: &str = "192.0.2.1";

fn statuses(nginx: &Nginx, path: &str) -> (u16, u16) {
    (nginx.get_from(path, INSIDE).status, nginx.get_from(path, OUTSIDE).status)
}

#[test]
fn what_answers_before_the_access_phase_is_not_gated_there() {
    // As allow and deny: documented, and the reason why there is `early`.
    let nginx = Site::new()
        .server(LIST, "ipgate office; location / { return 200 yes; } location /moved { return 301 /; }")
        .start();
    assert_eq!(statuses(&nginx, "/"), (200, 200));
    assert_eq!(statuses(&nginx, "/moved"), (301, 301));
}

#[test]
fn an_early_gate_of_a_server_is_before_all_of_it() {
    for server in [
        "location / { return 200 yes; }",
        "return 200 yes;",
        "rewrite ^ /other last; location /other { return 200 yes; }",
        "if ($request_method = GET) { return 200 yes; }",
        "location / { satisfy any; allow all; empty_gif; }",
        "location / { try_files /none @named; } location @named { return 200 yes; }",
        "location / { ipgate_phase access; return 200 yes; }",
        "location / { ipgate off; return 200 yes; }",
        "location / { ipgate everyone; return 200 yes; }",
    ] {
        let lists = format!(r#"{LIST} ipgate_list everyone "all";"#);
        let nginx =
            Site::new().server(&lists, &format!("ipgate office; ipgate_phase early; {server}")).start();
        assert_eq!(statuses(&nginx, "/"), (200, 403), "{server}");
    }
}

#[test]
fn an_early_gate_of_a_location_is_before_all_of_it() {
    let nginx = Site::new()
        .server(
            LIST,
            "location /return { ipgate office; ipgate_phase early; return 200 yes; }
             location /rewrite { ipgate office; ipgate_phase early; rewrite ^ /open last; }
             location /satisfy { ipgate office; ipgate_phase early; satisfy any; allow all; empty_gif; }
             location /named { try_files /none @named; }
             location @named { ipgate office; ipgate_phase early; return 200 yes; }
             location /to { rewrite ^ /return last; }
             location /if { ipgate office; ipgate_phase early; if ($arg_a) { return 200 yes; } empty_gif; }
             location /open { return 200 yes; }",
        )
        .start();
    for path in ["/return", "/rewrite", "/satisfy", "/named", "/to", "/if", "/if?a=1"] {
        assert_eq!(statuses(&nginx, path), (200, 403), "{path}");
    }
    assert_eq!(statuses(&nginx, "/open"), (200, 200));
}

#[test]
fn an_early_gate_sees_the_client_that_realip_found() {
    let nginx = Site::new()
        .server(
            r#"ipgate_list client "10.0.0.0/8"; ipgate_list proxy "127.0.0.1";"#,
            "ipgate client; ipgate_phase early; location / { return 200 yes; }",
        )
        .start();
    assert_eq!(statuses(&nginx, "/"), (200, 403));
    assert_eq!(nginx.get("/").status, 403, "the proxy itself");
}

#[test]
fn an_early_gate_asks_once() {
    let nginx = Site::new()
        .server(
            LIST,
            "ipgate office; ipgate_phase early; location / { try_files /a /b @c; } location @c { rewrite ^ /d last; }
             location /d { empty_gif; } location /report { ipgate_report; }",
        )
        .start();
    assert_eq!(statuses(&nginx, "/"), (200, 403));
    let report = nginx.get_from("/report", INSIDE);
    assert_eq!(report.status, 403, "the list says who passes the server, not who may read the report");
    assert_eq!(nginx.log_count("ipgate: REJECTED"), 1, "{}", nginx.log());
}

#[test]
fn a_request_that_goes_to_its_error_page_at_once_is_gated() {
    let nginx = Site::new()
        .server(
            LIST,
            "ipgate office; ipgate_phase early; error_page 400 = /secret; location = /secret { return 200 secret; }",
        )
        .start();
    let mut stream = TcpStream::connect(("127.0.0.1", nginx.port(0))).unwrap();
    std::io::Write::write_all(&mut stream, b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(!response.contains("secret"), "{response}");
}

#[test]
fn satisfy_is_honoured_in_the_access_phase() {
    // user:password
    let nginx = Site::new()
        .file("users", "user:{PLAIN}password\n")
        .server(
            LIST,
            r#"auth_basic site; auth_basic_user_file users; ipgate office;
               location /all { empty_gif; }
               location /any { satisfy any; empty_gif; }
               location /status { satisfy any; ipgate_deny_status 404; auth_basic off; empty_gif; }
               location /close { satisfy any; ipgate_deny_status 444; auth_basic off; empty_gif; }
               location /dry { satisfy any; ipgate_dry_run on; empty_gif; }
               location /early { satisfy any; ipgate_phase early; empty_gif; }"#,
        )
        .start();
    let password = ("Authorization", "Basic dXNlcjpwYXNzd29yZA==");
    let ask = |path: &str, client: &str, with_password: bool| {
        let mut headers = vec![("X-Real-IP", client)];
        headers.extend(with_password.then_some(password));
        get_with(nginx.port(0), path, &headers).status
    };
    // path; inside with and without password; outside with and without
    let rows = [
        ("/all", [200, 401, 403, 403]),
        ("/any", [200, 200, 200, 401]),
        ("/status", [200, 200, 404, 404]),
        ("/dry", [200, 401, 200, 401]),
        ("/early", [200, 401, 403, 403]),
    ];
    for (path, expected) in rows {
        let found = [
            ask(path, INSIDE, true),
            ask(path, INSIDE, false),
            ask(path, OUTSIDE, true),
            ask(path, OUTSIDE, false),
        ];
        assert_eq!(found, expected, "{path}");
    }
    let mut connection = Connection::open(nginx.port(0)).unwrap();
    assert!(connection.get("/close", &[("X-Real-IP", OUTSIDE)]).is_err(), "444 closes");
}

#[test]
fn allow_and_deny_hold_beside_it() {
    let nginx = Site::new()
        .server(
            LIST,
            "ipgate office; location / { deny 10.9.0.0/16; empty_gif; } location /any { satisfy any; allow 192.0.2.0/24; deny all; empty_gif; }",
        )
        .start();
    assert_eq!(statuses(&nginx, "/"), (200, 403));
    assert_eq!(nginx.get_from("/", "10.9.1.1").status, 403);
    assert_eq!(statuses(&nginx, "/any"), (200, 200));
    assert_eq!(nginx.get_from("/any", "8.8.8.8").status, 403);
}

#[test]
fn error_pages() {
    let nginx = Site::new()
        .file("page", "sorry\n")
        .server(
            LIST,
            "log_not_found off; ipgate office; error_page 403 /denied; add_header X-Status $ipgate_status always;
             location / { empty_gif; }
             location = /denied { ipgate off; root .; try_files /page =500; }
             location /gated-page { error_page 403 /gated; empty_gif; }
             location = /gated { root .; try_files /page =500; }
             location /opens { error_page 403 = /app; empty_gif; }
             location /app { empty_gif; }
             location /early { ipgate_phase early; error_page 403 @denied; empty_gif; }
             location @denied { ipgate off; return 403 named; }
             location /redirect { error_page 403 =302 http://elsewhere/; empty_gif; }",
        )
        .start();
    let page = nginx.get_from("/", OUTSIDE);
    assert_eq!((page.status, page.text().as_str(), page.header("X-Status")), (403, "sorry\n", "REJECTED"));
    let page = nginx.get_from("/gated-page", OUTSIDE);
    assert!(page.status == 403 && !page.text().contains("sorry"), "a page is gated as anything else");
    assert_eq!(nginx.get_from("/opens", OUTSIDE).status, 403, "an error page is no way in");
    let page = nginx.get_from("/early", OUTSIDE);
    assert_eq!((page.status, page.text().as_str()), (403, "named"));
    assert_eq!(nginx.get_from("/redirect", OUTSIDE).status, 302);
    assert_eq!(statuses(&nginx, "/"), (200, 403));
}

#[test]
fn an_error_page_of_an_early_server_is_a_named_location() {
    let nginx = Site::new()
        .server(
            LIST,
            "ipgate office; ipgate_phase early; error_page 403 @denied; location / { return 200 yes; }
             location @denied { ipgate off; return 403 named; }",
        )
        .start();
    assert_eq!(nginx.get_from("/", OUTSIDE).text(), "named");
    assert_eq!(nginx.get_from("/", INSIDE).text(), "yes");
}

#[test]
fn subrequests_and_internal_redirects() {
    let nginx = Site::new()
        .file("index.html", "<!--# include virtual=\"/part\" -->\n")
        .file("secret", "secret")
        .server(
            LIST,
            r#"root .;
               location /guarded { auth_request /auth; empty_gif; }
               location = /auth { internal; ipgate office; ipgate_phase early; return 204; }
               location /auth-in-access { auth_request /auth-access; ipgate office; empty_gif; }
               location = /auth-access { internal; return 204; }
               location /ssi/ { ssi on; alias ./; }
               location = /part { ipgate office; ipgate_phase early; empty_gif; }
               location /x { proxy_pass http://127.0.0.1:PORT0/send; proxy_set_header X-Real-IP $remote_addr; }
               location /send { add_header X-Accel-Redirect /secret; return 200; }
               location = /secret { internal; ipgate office; }
               location /mirror { mirror /mirrored; ipgate office; empty_gif; }
               location = /mirrored { internal; return 204; }
               location /dir/ { index index.gif; alias ./; ipgate office; }"#,
        )
        .start();
    assert_eq!(statuses(&nginx, "/guarded"), (200, 403));
    assert_eq!(statuses(&nginx, "/auth-in-access"), (200, 403));
    assert_eq!(statuses(&nginx, "/x"), (200, 403), "X-Accel-Redirect to a gated location");
    assert_eq!(statuses(&nginx, "/mirror"), (200, 403));
    assert_eq!(nginx.get_from("/secret", INSIDE).status, 404, "internal");
}
