//! Sites for connections: the app by the name that a TLS client asks for, before anything is decrypted or passed on.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use ipgate_nginx_tests::{Nginx, Site, eventually, skipped};

/// The first message of a TLS client that asks for a name.
fn client_hello(name: &str) -> Vec<u8> {
    let long = |n: usize| u16::try_from(n).expect("short").to_be_bytes();
    let mut names = vec![0];
    names.extend(long(name.len()));
    names.extend(name.as_bytes());
    let mut extension = vec![0, 0];
    extension.extend(long(names.len() + 2));
    extension.extend(long(names.len()));
    extension.extend(names);
    // Version, random, no session, one cipher suite, no compression.
    let mut hello = vec![3, 3];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0x13, 1, 1, 0]);
    hello.extend(long(extension.len()));
    hello.extend(extension);
    let mut message = vec![1, 0];
    message.extend(long(hello.len()));
    message.extend(hello);
    let mut record = vec![22, 3, 1];
    record.extend(long(message.len()));
    record.extend(message);
    record
}

fn connect(nginx: &Nginx, index: usize, client: &str, sent: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", nginx.port(index))).unwrap();
    let mut bytes = format!("PROXY TCP4 {client} 127.0.0.1 1000 80\r\n").into_bytes();
    bytes.extend(sent);
    stream.write_all(&bytes).unwrap();
    stream
}

/// What a connection gets, having sent a PROXY line for a client and some bytes.
fn ask(nginx: &Nginx, index: usize, client: &str, sent: &[u8]) -> String {
    let mut answer = String::new();
    // A denied connection may end as a reset.
    let _ = connect(nginx, index, client, sent).read_to_string(&mut answer);
    answer
}

const STREAM: &str = r#"set_real_ip_from 127.0.0.1; ipgate_site fleet path=fleet interval=40ms; ipgate_site fleet;
    log_format gate '$remote_addr $ipgate_status $ipgate_reason $ipgate_app $ipgate_list';
    access_log logs/stream.log gate;
    map $server_port $app { PORT1 bank; default shop; }
    server { listen 127.0.0.1:PORT0 proxy_protocol; ssl_preread on; ipgate_host $ssl_preread_server_name; return "in $ipgate_app $ipgate_list"; }
    server { listen 127.0.0.1:PORT1 proxy_protocol; ipgate $app; return "in $ipgate_app"; }
    server { listen 127.0.0.1:PORT2 proxy_protocol; ipgate shop; return "in $ipgate_app"; }
    server { listen 127.0.0.1:PORT3 proxy_protocol; ipgate_site off; return in; }
    server { listen 127.0.0.1:PORT4 proxy_protocol; ssl_preread on; ipgate_unknown_app deny; ipgate_host $ssl_preread_server_name; return in; }
    server { listen 127.0.0.1:PORT5 proxy_protocol; ipgate_dry_run on; ipgate $app; return "in $ipgate_status"; }
    server { listen 127.0.0.1:PORT6 proxy_protocol; return "in $ipgate_app"; }
    server { listen 127.0.0.1:PORT7 proxy_protocol; ipgate $app; ipgate_address $proxy_protocol_addr; return in; }"#;

#[test]
fn the_app_of_a_connection() {
    let nginx = Site::new().with_fleet().stream(STREAM).start();
    let shop = client_hello("eu.shop.example.com");
    let bank = client_hello("bank.example.com");
    let other = client_hello("example.org");
    // server, bytes; 10.1.1.1, 192.0.2.1, 198.51.100.1
    for (index, sent, expected) in [
        (0, &shop, ["in shop default", "in shop app", ""]),
        (0, &bank, ["", "", "in bank app"]),
        (0, &other, ["in  default", "", ""]),
        (1, &Vec::new(), ["", "", "in bank"]),
        (2, &Vec::new(), ["in shop", "in shop", ""]),
        (3, &Vec::new(), ["in", "in", "in"]),
        (4, &shop, ["in", "in", ""]),
        (4, &other, ["", "", ""]),
        (5, &Vec::new(), ["in PASSED", "in PASSED", "in REJECTED_DRY_RUN"]),
        (6, &Vec::new(), ["in ", "", ""]),
        (7, &Vec::new(), ["in", "in", ""]),
    ] {
        for (client, expected) in ["10.1.1.1", "192.0.2.1", "198.51.100.1"].iter().zip(expected) {
            assert_eq!(ask(&nginx, index, client, sent), expected, "server {index} for {client}");
        }
    }
    let log = || std::fs::read_to_string(nginx.path("logs/stream.log")).unwrap_or_default();
    eventually("33 lines", || log().lines().count() >= 33);
    for line in ["192.0.2.1 PASSED allow-entry shop app\n", "10.1.1.1 REJECTED unknown-app - -\n"] {
        assert!(log().contains(line), "{line}: {}", log());
    }
}

#[test]
fn a_name_that_changes_hands_without_a_reload() {
    let nginx = Site::new().with_fleet().stream(STREAM).start();
    let shop = client_hello("shop.example.com");
    assert_eq!(ask(&nginx, 0, "198.51.100.1", &shop), "");
    nginx.write("fleet/hosts", "shop.example.com bank\n");
    eventually("the host is the bank's", || ask(&nginx, 0, "198.51.100.1", &shop) == "in bank app");
    assert_eq!(ask(&nginx, 0, "10.1.1.1", &shop), "");
}

#[test]
fn a_denied_name_never_reaches_the_upstream() {
    let upstream = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    upstream.set_nonblocking(true).unwrap();
    let port = upstream.local_addr().unwrap().port();
    let nginx = Site::new()
        .with_fleet()
        .stream(&format!(
            "ipgate_site fleet path=fleet; ipgate_site fleet; ipgate_host $ssl_preread_server_name; ssl_preread on;
             set_real_ip_from 127.0.0.1;
             server {{ listen 127.0.0.1:PORT0 proxy_protocol; proxy_pass 127.0.0.1:{port}; }}"
        ))
        .start();
    let hello = client_hello("shop.example.com");
    assert_eq!(ask(&nginx, 0, "198.51.100.1", &hello), "");
    let error = upstream.accept().expect_err("nobody has connected");
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    let _client = connect(&nginx, 0, "192.0.2.1", &hello);
    eventually("an allowed one has", || upstream.accept().is_ok());
}

/// nginx 1.25.5 and later choose a server by name, after another one has accepted the connection.
#[test]
fn a_server_to_which_a_name_has_led_asks_its_own_gate() {
    let site = Site::new().with_fleet().stream(
        r#"set_real_ip_from 127.0.0.1; ipgate_site fleet path=fleet; ipgate_list office "10.1.0.0/16"; ssl_preread on;
           server { listen 127.0.0.1:PORT0 proxy_protocol; return first; }
           server { listen 127.0.0.1:PORT0 proxy_protocol; server_name bank.example.com; ipgate_site fleet; ipgate bank;
                    return bank; }
           server { listen 127.0.0.1:PORT0 proxy_protocol; server_name office.example.com; ipgate office; return office; }"#,
    );
    let said = site.test().said;
    if said.contains(r#"unknown directive "server_name""#) || said.contains(r#"duplicate "127.0.0.1"#) {
        skipped("this nginx has no servers by name in stream");
        return;
    }
    let nginx = site.start();
    for (name, expected) in [
        ("example.org", ["first", "first"]),
        ("bank.example.com", ["", "bank"]),
        ("office.example.com", ["office", ""]),
    ] {
        for (client, expected) in ["10.1.1.1", "198.51.100.1"].iter().zip(expected) {
            assert_eq!(ask(&nginx, 0, client, &client_hello(name)), expected, "{name} for {client}");
        }
    }
}

#[test]
fn what_stream_refuses() {
    for (directive, message) in [
        ("ipgate $server_addr;", r#""ipgate $server_addr" names an app, and no site is chosen for it"#),
        ("ipgate_site nowhere;", r#"no ipgate_site defines "nowhere""#),
        ("ipgate_site fleet path=fleet;", r#""ipgate_site" directive has one argument here"#),
        ("ipgate $nothing; ipgate_site fleet;", r#"unknown "nothing" variable"#),
    ] {
        let site = Site::new().with_fleet().stream(&format!(
            "ipgate_site fleet path=fleet; server {{ listen 127.0.0.1:PORT0; {directive} return in; }}"
        ));
        let outcome = site.test();
        assert!(!outcome.is_good && outcome.said.contains(message), "{directive}: {}", outcome.said);
    }
}
