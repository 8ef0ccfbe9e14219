//! The ways in which modules ask nginx for something on behalf of a request, and what the two phases say to each.
//! The access phase is not asked about any of them, as allow and deny are not; an early gate is asked about all.

use ipgate_nginx_tests::{Installed, Nginx, Site, eventually, skipped};

const LIST: &str = r#"ipgate_list office "10.0.0.0/8:office";"#;
const INSIDE: &str = "10.1.1.1";
const OUTSIDE: &str = "192.0.2.1";

/// Whether the nginx under test has a module, by what its configure calls it.
fn has(module: &str) -> bool {
    let output = std::process::Command::new(&Installed::get().nginx).arg("-V").output().unwrap();
    let built_with = String::from_utf8_lossy(&output.stderr).into_owned();
    let has = match module {
        // These are there unless somebody leaves them out.
        "ssi" | "mirror" => !built_with.contains(&format!("--without-http_{module}_module")),
        _ => built_with.contains(&format!("--with-http_{module}_module")),
    };
    if !has {
        skipped(&format!("subrequests of the {module} module, without which this nginx was built"));
    }
    has
}

/// A server whose location `/` is open and asks for `/part`, which has a gate in that phase.
fn start(phase: &str, open: &str) -> Nginx {
    let nginx = Site::new()
        .file("page.html", "<!--# include virtual=\"/part\" -->page\n")
        .file("part", "secret\n")
        .server(
            &format!(
                "{LIST} log_format uri $request_uri;
                 server {{ listen 127.0.0.1:PORT1; access_log logs/copies uri; return 204; }}"
            ),
            &format!(
                "root .; index page.html; location / {{ {open} }}
                 location = /part {{ internal; ipgate office; ipgate_phase {phase}; }}
                 location = /copy {{ internal; ipgate office; ipgate_phase {phase};
                                     proxy_pass http://127.0.0.1:PORT1/copied$http_x_real_ip; }}"
            ),
        )
        .start();
    assert_eq!(nginx.get_from("/part", INSIDE).status, 404, "internal");
    nginx
}

fn text(nginx: &Nginx, path: &str, client: &str) -> (u16, String) {
    let response = nginx.get_from(path, client);
    (response.status, response.text())
}

#[test]
fn auth_request() {
    if !has("auth_request") {
        return;
    }
    for (phase, outside) in [("access", 200), ("early", 403)] {
        let nginx = start(phase, "auth_request /part; empty_gif;");
        assert_eq!(nginx.get_from("/", INSIDE).status, 200, "{phase}");
        assert_eq!(nginx.get_from("/", OUTSIDE).status, outside, "{phase}");
    }
}

#[test]
fn ssi() {
    if !has("ssi") {
        return;
    }
    for (phase, is_shown) in [("access", true), ("early", false)] {
        let nginx = start(phase, "ssi on;");
        // SSI has no length to send: HTTP/1.0, to the end.
        let ask = |client: &str| to_the_end(&nginx, "/page.html", client);
        assert!(ask(INSIDE).contains("secret"), "{phase}");
        let outside = ask(OUTSIDE);
        assert_eq!(outside.contains("secret"), is_shown, "{phase}: {outside}");
        assert!(outside.contains("page"), "{phase}: {outside}");
    }
}

#[test]
fn addition() {
    if !has("addition") {
        return;
    }
    for directive in ["add_before_body", "add_after_body"] {
        for (phase, is_shown) in [("access", true), ("early", false)] {
            let nginx = start(phase, &format!("{directive} /part;"));
            let ask = |client: &str| to_the_end(&nginx, "/page.html", client);
            assert!(ask(INSIDE).contains("secret"), "{directive}, {phase}");
            let outside = ask(OUTSIDE);
            assert_eq!(outside.contains("secret"), is_shown, "{directive}, {phase}: {outside}");
        }
    }
}

#[test]
fn mirror() {
    if !has("mirror") {
        return;
    }
    for (phase, expected) in [("access", [OUTSIDE, INSIDE].as_slice()), ("early", &[INSIDE])] {
        let nginx = start(phase, "mirror /copy; empty_gif;");
        let copies = || std::fs::read_to_string(nginx.path("logs/copies")).unwrap_or_default();
        assert_eq!(nginx.get_from("/", OUTSIDE).status, 200, "{phase}: the original is open");
        if phase == "access" {
            eventually("the copy from outside", || copies().contains(OUTSIDE));
        }
        assert_eq!(nginx.get_from("/", INSIDE).status, 200);
        eventually("the copy from inside", || copies().contains(INSIDE));
        let expected: String = expected.iter().map(|client| format!("/copied{client}\n")).collect();
        assert_eq!(copies(), expected, "{phase}");
    }
}

/// Slices go on where the request that they are of has come to, and are gated with it.
#[test]
fn slice() {
    if !has("slice") {
        return;
    }
    let body: String = (0..10_000u32).map(|number| format!("{number}\n")).collect();
    for phase in ["access", "early"] {
        let nginx = Site::new()
            .file("big", &body)
            .server(
                &format!("{LIST} server {{ listen 127.0.0.1:PORT1; root .; }}"),
                &format!(
                    "location / {{ ipgate office; ipgate_phase {phase}; slice 1k; proxy_http_version 1.1;
                       proxy_set_header Range $slice_range; proxy_pass http://127.0.0.1:PORT1; }}"
                ),
            )
            .start();
        assert_eq!(text(&nginx, "/big", INSIDE), (200, body.clone()), "{phase}");
        let (status, text) = text(&nginx, "/big", OUTSIDE);
        assert!(status == 403 && !text.contains("100"), "{phase}: {status} {text}");
    }
}

/// Where the request itself has passed the same gate, its subrequests do, and nothing is counted or logged for them.
#[test]
fn what_has_passed_an_early_gate_need_not_pass_it_again() {
    if !has("ssi") {
        return;
    }
    let nginx = Site::new()
        .file("page.html", "<!--# include virtual=\"/part\" --><!--# include virtual=\"/part\" -->page\n")
        .file("part", "secret\n")
        .server(
            LIST,
            "root .; location / { ipgate office; ipgate_phase early; ssi on; }
             location = /open.html { alias page.html; ssi on; }
             location = /part { internal; ipgate office; ipgate_phase early; }
             location /report { ipgate_report; }",
        )
        .start();
    assert_eq!(to_the_end(&nginx, "/page.html", INSIDE).matches("secret").count(), 2);
    assert_eq!(nginx.report()["lists"][0]["decisions"]["allowed"], 1);
    assert_eq!(to_the_end(&nginx, "/open.html", OUTSIDE).matches("secret").count(), 0);
    assert_eq!(nginx.log_count("ipgate: REJECTED"), 1, "twice the same: {}", nginx.log());
    assert_eq!(nginx.report()["lists"][0]["decisions"]["denied"], 1);
}

/// What nginx sends on is a request as any other, in both phases.
#[test]
fn internal_redirects_are_asked() {
    for phase in ["access", "early"] {
        let nginx = Site::new()
            .file("part", "secret\n")
            .server(
                &format!("{LIST} log_not_found off;"),
                &format!(
                    "root .; location = /part {{ internal; ipgate office; ipgate_phase {phase}; }}
                     location @part {{ ipgate office; ipgate_phase {phase}; try_files /part =404; }}
                     location /accel {{ proxy_pass http://127.0.0.1:PORT0/send; }}
                     location /send {{ add_header X-Accel-Redirect /part; return 200; }}
                     location /error {{ error_page 404 = /part; return 404; }}
                     location /named {{ error_page 404 = @part; return 404; }}
                     location /try {{ try_files /none /part; }}
                     location /try-named {{ try_files /none @part; }}
                     location /rewrite {{ rewrite ^ /part last; }}
                     location /index/ {{ index /part; alias ./; }}"
                ),
            )
            .start();
        for path in ["/accel", "/error", "/named", "/try", "/try-named", "/rewrite", "/index/"] {
            assert_eq!(text(&nginx, path, INSIDE), (200, "secret\n".to_owned()), "{phase}: {path}");
            let (status, text) = text(&nginx, path, OUTSIDE);
            assert!(status == 403 && !text.contains("secret"), "{phase}: {path}: {status} {text}");
        }
    }
}

#[test]
fn an_internal_location_with_a_gate_in_the_access_phase_is_warned_of() {
    let warning =
        r#"[warn] ipgate: the gate of the internal location "/part" is not asked about subrequests"#;
    let rows = [
        ("location = /part { internal; ipgate office; }", true),
        ("location = /part { internal; ipgate_default office; }", true),
        ("location = /part { internal; ipgate_enforce on; }", true),
        ("ipgate_default office; location = /part { internal; ipgate office; }", true),
        ("ipgate_phase early; location = /part { internal; ipgate office; ipgate_phase access; }", true),
        ("location /a { location /a/b { } } location /part { ipgate office; internal; }", true),
        // nothing of its own, nothing that is asked, or asked in time
        ("ipgate office; location = /part { internal; }", false),
        ("ipgate office; location = /part { internal; ipgate off; }", false),
        ("location = /part { internal; ipgate office; ipgate_dry_run on; }", false),
        ("location = /part { internal; ipgate office; ipgate_phase early; }", false),
        ("ipgate_phase early; location = /part { internal; ipgate office; }", false),
        ("location = /part { ipgate office; }", false),
        ("location @part { ipgate office; }", false),
    ];
    for (server, is_warned) in rows {
        let site = Site::new().http(&format!("{LIST} server {{ listen 127.0.0.1:PORT0;\n{server} }}"));
        let outcome = site.test();
        assert!(outcome.is_good, "{server}: {}", outcome.said);
        assert_eq!(
            outcome.said.matches(warning).count(),
            usize::from(is_warned),
            "{server}: {}",
            outcome.said
        );
        let conf = std::fs::read_to_string(site.path("nginx.conf")).unwrap();
        let line = conf.lines().position(|line| line == format!("{server} }}")).unwrap() + 1;
        let place =
            format!(r#"write "ipgate_phase early;" there, in {}:{line}"#, site.path("nginx.conf").display());
        assert_eq!(outcome.said.contains(&place), is_warned, "{server}: {}", outcome.said);
    }
}

/// A response without a length, to its end.
fn to_the_end(nginx: &Nginx, path: &str, client: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", nginx.port(0))).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nX-Real-IP: {client}\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}
