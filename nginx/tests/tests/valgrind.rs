//! The core cases under valgrind, in one process: no error, and nothing of the library or the module lost.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use ipgate_nginx_tests::{Connection, Nginx, Site, eventually, get_with};

/// Starts it under valgrind; returns its log, too.
fn start(site: Site) -> (Nginx, PathBuf) {
    let found = Command::new("valgrind").arg("--version").output();
    assert!(found.is_ok(), "valgrind is missing: install what `make -C nginx packages` prints");
    let log = site.path("valgrind.log");
    let log_file = format!("--log-file={}", log.display());
    let options = ["valgrind", "--leak-check=full", "--show-leak-kinds=definite,indirect", &log_file];
    (site.run_by(&options).start(), log)
}

/// Ends it, and reads what valgrind has found.
fn end(mut nginx: Nginx, log: PathBuf) {
    assert!(nginx.quit(), "{}", nginx.log());
    let log = fs::read_to_string(log).expect("valgrind's log");
    // nginx itself leaves some things to the end of the process: only what is ours counts as lost.
    for record in log.split("== \n") {
        let is_ours = record.contains("ipgate");
        let is_loss = record.contains(" lost in loss record ");
        assert!(!(is_loss && is_ours), "lost: {record}");
        let is_error =
            ["Invalid read", "Invalid write", "Invalid free", "uninitialised", "overlap", "Mismatched"]
                .iter()
                .any(|error| record.contains(error));
        assert!(!is_error, "{record}");
    }
    let summary = log.lines().find(|line| line.contains("ERROR SUMMARY")).expect("valgrind's last word");
    println!("{summary}");
}

#[test]
fn the_core_cases_under_valgrind() {
    let site = Site::new().without_master().file("a.list", "10.0.0.0/8:old,!10.9.0.0/16:lab\n").server(
        r#"ipgate_list office file=a.list interval=50ms; ipgate_list base "192.0.2.0/24:base";"#,
        "add_header X-Label $ipgate_label always; add_header X-Entry $ipgate_entry always;
         ipgate_default base; ipgate office;
         location / { empty_gif; }
         location /early { ipgate_phase early; return 200 yes; }
         location /text { ipgate_address $http_x_client; empty_gif; }
         location /gone { ipgate_deny_status 444; empty_gif; }
         location /page { error_page 403 @page; empty_gif; }
         location @page { ipgate off; ipgate_default off; return 403 page; }
         location /report { ipgate off; ipgate_default off; ipgate_report; }
         location /metrics { ipgate off; ipgate_default off; ipgate_report format=prometheus; }",
    );
    let (nginx, log) = start(site.stream(
        "set_real_ip_from 127.0.0.1; server { listen 127.0.0.1:PORT1 proxy_protocol; ipgate office; return in; }",
    ));
    let ask = |path: &str, client: &str| nginx.get_from(path, client);
    for text in ["10.0.0.0/8:new\n", "foobar\n", "", "10.0.0.0/8:newer,!10.9.0.0/16:lab\n"] {
        for path in ["/", "/early", "/page"] {
            for client in ["10.0.0.1", "10.9.0.1", "192.0.2.1", "8.8.8.8", "2001:db8::1"] {
                let status = ask(path, client).status;
                assert!(status == 200 || status == 403, "{path} {client}: {status}");
            }
        }
        let mut connection = Connection::open(nginx.port(0)).unwrap();
        let _ = connection.get("/gone", &[]);
        assert_eq!(
            ipgate_nginx_tests::get_with(nginx.port(0), "/text", &[("X-Client", "no address")]).status,
            403
        );
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", nginx.port(1))).unwrap();
        std::io::Write::write_all(&mut stream, b"PROXY TCP4 10.0.0.1 10.0.0.1 1 1\r\n").unwrap();
        let mut answer = String::new();
        let _ = std::io::Read::read_to_string(&mut stream, &mut answer);
        let list = |nginx: &ipgate_nginx_tests::Nginx| {
            let report = nginx.report();
            let list = &report["lists"][0];
            (list["generation"].as_u64().unwrap(), list["failures"].as_u64().unwrap())
        };
        assert_eq!(nginx.get("/metrics").status, 200);
        let before = list(&nginx);
        nginx.write("a.list", text);
        eventually("it was seen", || list(&nginx) != before);
    }
    assert_eq!(ask("/", "10.0.0.1").header("X-Label"), "newer");
    end(nginx, log);
}

#[test]
fn sites_under_valgrind() {
    let (nginx, log) = start(
        Site::new()
            .without_master()
            .fleet_server(
                "",
                "",
                "ipgate_site fleet;
                 location / { ipgate $arg_app; empty_gif; }
                 location /seen { ipgate $arg_app; empty_gif; add_header X-App $ipgate_app always; }
                 location /text { ipgate team/$arg_app; ipgate_address $http_x_real_ip; empty_gif; }
                 location /host { ipgate_host $host; empty_gif; }
                 location /named { ipgate shop; empty_gif; }
                 location /strict { ipgate_unknown_app deny; ipgate $arg_app; ipgate_phase early; empty_gif; }
                 location /report { ipgate_site off; ipgate_report; }
                 location /metrics { ipgate_site off; ipgate_report format=prometheus; }",
            )
            .stream(
                "set_real_ip_from 127.0.0.1; ipgate_site fleet;
                 server { listen 127.0.0.1:PORT1 proxy_protocol; ipgate $remote_addr; return in; }",
            ),
    );
    let failures = || nginx.report()["sites"][0]["failures"].as_u64();
    for list in ["192.0.2.0/24:new\n", "foobar\n", "", "192.0.2.0/24:newer,!10.9.0.0/16:lab\n"] {
        for path in ["/", "/seen", "/text", "/host", "/named", "/strict"] {
            for app in ["shop", "bank", "wiki", "nowhere", ""] {
                for client in ["10.1.1.1", "192.0.2.1", "8.8.8.8"] {
                    let headers = [("X-Real-IP", client), ("Host", "eu.shop.example.com")];
                    let status = get_with(nginx.port(0), &format!("{path}?app={app}"), &headers).status;
                    assert!(status == 200 || status == 403, "{path} {app} {client}: {status}");
                }
            }
        }
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", nginx.port(1))).unwrap();
        std::io::Write::write_all(&mut stream, b"PROXY TCP4 10.0.0.1 10.0.0.1 1 1\r\n").unwrap();
        let mut answer = String::new();
        let _ = std::io::Read::read_to_string(&mut stream, &mut answer);
        assert_eq!(answer, "in");
        assert_eq!(nginx.get("/metrics?app=s&from=1&count=1").status, 200);
        let before = (nginx.report()["sites"][0]["generation"].clone(), failures());
        nginx.write("fleet/apps/shop.list", list);
        eventually("it was seen", || {
            (nginx.report()["sites"][0]["generation"].clone(), failures()) != before
        });
    }
    end(nginx, log);
}
