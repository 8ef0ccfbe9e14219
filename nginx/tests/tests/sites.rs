//! Sites: many apps, one default list, the app chosen for each request.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use ipgate_nginx_tests::{Nginx, Site, get, get_with};

const CORP: &str = "10.1.1.1";
const LAB: &str = "10.9.1.1";
const PARTNER: &str = "192.0.2.1";
const TELLER: &str = "198.51.100.1";
const WRITER: &str = "203.0.113.1";
const CLIENTS: [&str; 5] = [CORP, LAB, PARTNER, TELLER, WRITER];

const SHOP: [bool; 5] = [true, false, true, false, false];
const BANK: [bool; 5] = [false, false, false, true, false];
const WIKI: [bool; 5] = [true, true, false, false, true];
const DEFAULT: [bool; 5] = [true, true, false, false, false];
const NOBODY: [bool; 5] = [false; 5];
const EVERYBODY: [bool; 5] = [true; 5];

/// Who passes at a path, which is asked for under a host.
fn passes(nginx: &Nginx, path: &str, host: &str) -> [bool; 5] {
    CLIENTS.map(|client| {
        match get_with(nginx.port(0), path, &[("X-Real-IP", client), ("Host", host)]).status {
            200 => true,
            403 => false,
            status => panic!("{path} for {client}: {status}"),
        }
    })
}

/// The same places where nobody wants a variable, and where somebody does.
fn servers(server: &str) -> [Nginx; 2] {
    let wanted = "add_header X-App $ipgate_app always;";
    [server.to_owned(), format!("{wanted} {server}")]
        .map(|server| Site::new().fleet_server("", "", &server).start())
}

#[test]
fn an_app_is_chosen_by_variable_by_host_or_written_out() {
    let nginx = servers(
        r#"ipgate_site fleet;
           location /variable { ipgate $arg_app; empty_gif; }
           location /braces { ipgate ${arg_app}; empty_gif; }
           location /text { ipgate "team/$arg_app"; empty_gif; }
           location /host { ipgate_host $host; empty_gif; }
           location /header { ipgate_host $http_host; empty_gif; }
           location /literal { ipgate bank; empty_gif; }
           location /literal-host { ipgate_host bank.example.com; empty_gif; }
           location /unknown { ipgate nowhere; empty_gif; }
           location /none { empty_gif; }
           location /no { ipgate off; empty_gif; }
           location /address { ipgate $arg_app; ipgate_address $http_x_real_ip; empty_gif; }
           location /early { ipgate $arg_app; ipgate_phase early; empty_gif; }"#,
    );
    for nginx in nginx {
        for path in ["/variable", "/braces", "/address", "/early"] {
            for (app, expected) in [
                ("?app=shop", SHOP),
                ("?app=bank", BANK),
                ("?app=team/wiki", WIKI),
                ("?app=SHOP", DEFAULT),
                ("?app=", DEFAULT),
                ("", DEFAULT),
            ] {
                assert_eq!(passes(&nginx, &format!("{path}{app}"), "test"), expected, "{path}{app}");
            }
        }
        for (path, expected) in [
            ("/text?app=wiki", WIKI),
            ("/text?app=shop", DEFAULT),
            ("/literal", BANK),
            ("/literal-host", BANK),
            ("/unknown", DEFAULT),
            ("/none", DEFAULT),
            ("/no", DEFAULT),
        ] {
            assert_eq!(passes(&nginx, path, "test"), expected, "{path}");
        }
        for (host, expected) in [
            ("shop.example.com", SHOP),
            ("SHOP.example.com.", SHOP),
            ("eu.shop.example.com", SHOP),
            ("bank.example.com", BANK),
            ("eu.bank.example.com", DEFAULT),
            ("bank", DEFAULT),
        ] {
            for path in ["/host", "/header"] {
                assert_eq!(passes(&nginx, path, host), expected, "{path} at {host}");
            }
            assert_eq!(passes(&nginx, "/header", &format!("{host}:8080")), expected, "{host} with a port");
        }
    }
}

#[test]
fn site_app_and_policy_are_inherited_one_by_one() {
    let nginx = Site::new()
        .file("other/default.list", "!all\n")
        .file("other/apps/shop.list", "198.51.100.0/24\n")
        .fleet_server(
            "",
            r#"ipgate_list office "203.0.113.0/24"; ipgate_site other path=other;"#,
            r#"ipgate_site fleet; ipgate shop;
               location /inherits { empty_gif; location /inherits/deeper { ipgate bank; empty_gif; } }
               location /host { ipgate_host $host; empty_gif; location /host/name { ipgate $arg_app; empty_gif; } }
               location /open { ipgate_site off; empty_gif; location /open/deeper { empty_gif; } }
               location /shut { ipgate_site off; ipgate_enforce on; empty_gif; }
               location /list { ipgate_site off; ipgate office; empty_gif; }
               location /other { ipgate_site other; empty_gif; }
               location /dry { ipgate_dry_run on; empty_gif; }
               location /write { empty_gif; limit_except POST { ipgate bank; } }
               location /strict { ipgate_unknown_app deny; ipgate $arg_app; empty_gif; }"#,
        )
        .start();
    for (path, expected) in [
        ("/inherits", SHOP),
        ("/inherits/deeper", BANK),
        ("/host", BANK),
        ("/host/name?app=team/wiki", WIKI),
        ("/open", EVERYBODY),
        ("/open/deeper", EVERYBODY),
        ("/shut", NOBODY),
        ("/list", [false, false, false, false, true]),
        ("/other", [false, false, false, true, false]),
        ("/dry", EVERYBODY),
        ("/strict?app=shop", SHOP),
        ("/strict", NOBODY),
    ] {
        assert_eq!(passes(&nginx, path, "bank.example.com"), expected, "{path}");
    }
    // Whoever passes finds no content there.
    let status = |client: &str| nginx.get_from("/write", client).status;
    assert_eq!((status(CORP), status(TELLER)), (403, 404), "for methods other than POST");
}

#[test]
fn what_is_said_in_http_holds_in_all_servers() {
    let nginx = Site::new()
        .with_fleet()
        .http(
            "set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;
             ipgate $arg_app; ipgate_site fleet; ipgate_site fleet path=fleet;
             server { listen 127.0.0.1:PORT0; location / { empty_gif; } }
             server { listen 127.0.0.1:PORT1; ipgate bank; location / { empty_gif; } }
             server { listen 127.0.0.1:PORT2; ipgate_site off; location / { empty_gif; } }",
        )
        .start();
    assert_eq!(passes(&nginx, "/?app=shop", "test"), SHOP);
    assert_eq!(get_with(nginx.port(1), "/?app=shop", &[("X-Real-IP", CORP)]).status, 403);
    assert_eq!(get_with(nginx.port(1), "/?app=shop", &[("X-Real-IP", TELLER)]).status, 200);
    assert_eq!(get(nginx.port(2), "/").status, 200);
}

#[test]
fn an_app_that_the_site_does_not_name() {
    let nginx = servers(
        "ipgate_site fleet;
         location /site { ipgate_unknown_app site; ipgate $arg_app; empty_gif; }
         location /deny { ipgate_unknown_app deny; ipgate $arg_app; empty_gif; }
         location /deny-host { ipgate_unknown_app deny; ipgate_host $host; empty_gif; }
         location /deny-literal { ipgate_unknown_app deny; ipgate nowhere; empty_gif; }
         location /deny-known { ipgate_unknown_app deny; ipgate shop; empty_gif; }
         location /deny-none { ipgate_unknown_app deny; empty_gif; }
         location /deny-early { ipgate_unknown_app deny; ipgate_phase early; ipgate $arg_app; empty_gif; }
         location /deny-dry { ipgate_unknown_app deny; ipgate_dry_run on; ipgate $arg_app; empty_gif; }",
    );
    for nginx in nginx {
        for (path, expected) in [
            ("/site?app=nowhere", DEFAULT),
            ("/site", DEFAULT),
            ("/deny?app=nowhere", NOBODY),
            ("/deny?app=", NOBODY),
            ("/deny", NOBODY),
            ("/deny?app=shop", SHOP),
            ("/deny-literal", NOBODY),
            ("/deny-known", SHOP),
            ("/deny-none", NOBODY),
            ("/deny-early?app=nowhere", NOBODY),
            ("/deny-early?app=bank", BANK),
            ("/deny-dry?app=nowhere", EVERYBODY),
        ] {
            assert_eq!(passes(&nginx, path, "test"), expected, "{path}");
        }
        assert_eq!(passes(&nginx, "/deny-host", "test"), NOBODY);
        assert_eq!(passes(&nginx, "/deny-host", "bank.example.com"), BANK);
    }
}

#[test]
fn the_variables_and_the_log_say_which_app_and_which_list() {
    let nginx = Site::new()
        .fleet_server(
            "",
            "",
            r#"add_header X-Gate "$ipgate_status|$ipgate_reason|$ipgate_app|$ipgate_list|$ipgate_label|$ipgate_entry" always;
               ipgate_site fleet;
               location /app { ipgate $arg_app; empty_gif; }
               location /strict { ipgate_unknown_app deny; ipgate $arg_app; empty_gif; }
               location /host { ipgate_host $host; empty_gif; }"#,
        )
        .start();
    for (path, client, expected) in [
        ("/app?app=shop", CORP, "PASSED|allow-entry|shop|default|corp|10.0.0.0/8:corp"),
        ("/app?app=shop", PARTNER, "PASSED|allow-entry|shop|app|partner|192.0.2.0/24:partner"),
        ("/app?app=shop", LAB, "REJECTED|deny-entry|shop|app|lab|!10.9.0.0/16:lab"),
        ("/app?app=shop", WRITER, "REJECTED|no-entry|shop|||"),
        ("/app?app=nowhere", CORP, "PASSED|allow-entry||default|corp|10.0.0.0/8:corp"),
        ("/app", WRITER, "REJECTED|no-entry||||"),
        ("/strict?app=a%0Ab", CORP, "REJECTED|unknown-app||||"),
        ("/strict?app=bank", TELLER, "PASSED|allow-entry|bank|app|teller|198.51.100.0/24:teller"),
        ("/host", TELLER, "PASSED|allow-entry|bank|app|teller|198.51.100.0/24:teller"),
    ] {
        let response = get_with(nginx.port(0), path, &[("X-Real-IP", client), ("Host", "bank.example.com")]);
        assert_eq!(response.header("X-Gate"), expected, "{path} for {client}");
    }
    get_with(nginx.port(0), "/host", &[("X-Real-IP", WRITER), ("Host", "bank.example.com")]);
    for line in [
        r#"ipgate: REJECTED, deny-entry, entry "!10.9.0.0/16:lab", site "fleet", app "shop", generation "#,
        r#"ipgate: REJECTED, no-entry, entry "", site "fleet", app "", generation "#,
        r#"ipgate: REJECTED, unknown-app, entry "", site "fleet", app "a%0Ab", generation "#,
        r#"ipgate: REJECTED, no-entry, entry "", site "fleet", host "bank.example.com", generation "#,
    ] {
        assert_eq!(nginx.log_count(line), 1, "{line}: {}", nginx.log());
    }
}

/// Who has no address may be let in, and into an app that is not there nobody is.
#[test]
fn peers_behind_a_unix_socket() {
    let nginx = Site::new()
        .with_fleet()
        .http(
            "ipgate_site fleet path=fleet; ipgate_site fleet; ipgate $arg_app;
             server { listen 127.0.0.1:PORT0; listen unix:socket;
                 location / { empty_gif; }
                 location /allow { ipgate_unix allow; empty_gif; }
                 location /strict { ipgate_unix allow; ipgate_unknown_app deny; empty_gif; } }",
        )
        .start();
    for (path, expected) in [
        ("/?app=shop", "403"),
        ("/allow?app=shop", "200"),
        ("/allow?app=nowhere", "200"),
        ("/strict?app=shop", "200"),
        ("/strict?app=nowhere", "403"),
    ] {
        let mut stream = UnixStream::connect(nginx.path("socket")).unwrap();
        stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert_eq!(String::from_utf8_lossy(&answer[9..12]), expected, "{path}");
    }
}

/// A redirect within nginx is another question where it leads to another app, and no question where it does not.
#[test]
fn redirects_within_nginx() {
    let nginx = Site::new()
        .fleet_server(
            "",
            "map $uri $app { volatile; default shop; ~^/bank bank; }",
            "ipgate_site fleet; ipgate $app; ipgate_phase early; error_page 403 /denied; log_not_found off;
             location / { empty_gif; }
             location /to-bank { try_files /nothing /bank; }
             location = /denied { empty_gif; }",
        )
        .start();
    assert_eq!(nginx.get_from("/", PARTNER).status, 200);
    assert_eq!(nginx.get_from("/to-bank", PARTNER).status, 403, "a partner of the shop alone");
    assert_eq!(nginx.get_from("/", TELLER).status, 403);
    assert_eq!(nginx.log_count("ipgate: REJECTED"), 2, "{}", nginx.log());
}
