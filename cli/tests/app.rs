//! `app` and `whitelist`, beside a control service that notes what it is asked and answers what the test wants.

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Stdio;
use std::thread::JoinHandle;

use common::{Dir, Run, command};

/// A request as the service got it.
#[derive(Debug, PartialEq)]
struct Asked {
    line: String,
    headers: Vec<String>,
    body: String,
}

/// A service that gives these answers, one after the other.
fn service(answers: &'static [(&'static str, &'static str)]) -> (String, JoinHandle<Vec<Asked>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving =
        std::thread::spawn(move || answers.iter().map(|answer| serve(&listener, *answer)).collect());
    (url, serving)
}

fn serve(listener: &TcpListener, (head, body): (&str, &str)) -> Asked {
    let (stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let length =
        |line: &String| line.to_lowercase().strip_prefix("content-length: ").and_then(|n| n.parse().ok());
    let mut asked = vec![0; lines.iter().find_map(length).unwrap_or(0)];
    reader.read_exact(&mut asked).unwrap();
    let answer =
        format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    reader.get_mut().write_all(answer.as_bytes()).unwrap();
    Asked { line: lines.remove(0), headers: lines, body: String::from_utf8(asked).unwrap() }
}

fn run(dir: &Dir, url: &str, args: &[&str]) -> Run {
    let mut command = command(&dir.path("."), args);
    let output =
        command.env("IPGATE_CONTROLLER", url).env("IPGATE_TOKEN", "s3cret").stdin(Stdio::null()).output();
    let output = output.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn the_old_commands_say_what_the_old_client_said() {
    let dir = Dir::new();
    let (url, asked) = service(&[
        ("201 Created", r#"{"addresses": ["10.0.1.0/24", "121.212.121.212"]}"#),
        ("204 No Content", ""),
        ("200 OK", r#"{"addresses": ["10.0.1.0/24"]}"#),
        ("200 OK", r#"{"addresses": ["10.0.1.0/24"]}"#),
    ]);
    let add = run(&dir, &url, &["whitelist:add", "10.0.1.0/24,121.212.121.212", "-a", "drafty-zaniness"]);
    assert_eq!(
        (add.code, add.out.as_str()),
        (0, "Adding 10.0.1.0/24,121.212.121.212 to drafty-zaniness whitelist...\ndone\n")
    );
    let remove = run(&dir, &url, &["whitelist:remove", "121.212.121.212", "-a", "drafty-zaniness"]);
    assert_eq!(
        (remove.code, remove.out.as_str()),
        (0, "Removing 121.212.121.212 from drafty-zaniness whitelist...\ndone\n")
    );
    for name in ["whitelist", "whitelist:list"] {
        let list = run(&dir, &url, &[name, "-a", "drafty-zaniness"]);
        assert_eq!(
            (list.code, list.out.as_str()),
            (0, "=== drafty-zaniness Whitelisted Addresses\n10.0.1.0/24\n"),
            "{}",
            list.err
        );
    }
    let asked = asked.join().unwrap();
    let lines: Vec<&str> = asked.iter().map(|asked| asked.line.as_str()).collect();
    let path = "/v2/apps/drafty-zaniness/whitelist/";
    let line = |method: &str| format!("{method} {path} HTTP/1.1");
    assert_eq!(lines, [line("POST"), line("DELETE"), line("GET"), line("GET")]);
    assert_eq!(asked[0].body, r#"{"addresses":["10.0.1.0/24","121.212.121.212"]}"#);
    assert_eq!(asked[1].body, r#"{"addresses":["121.212.121.212"]}"#);
    for asked in &asked {
        assert!(asked.headers.contains(&"authorization: token s3cret".to_owned()), "{:?}", asked.headers);
    }
}

#[test]
fn a_whole_list_is_put_in_the_place_of_the_one_that_was_read() {
    let dir = Dir::with("office.list", "10.0.1.0/24:office\n");
    let (url, asked) = service(&[
        ("200 OK\r\netag: \"7\"", r#"{"addresses": []}"#),
        ("412 Precondition Failed", r#"{"detail": "it has changed"}"#),
    ]);
    let set = run(&dir, &url, &["app", "-a", "deis/deis-controller", "set", "office.list"]);
    assert_eq!(set.code, 2);
    assert!(set.err.contains("changed meanwhile"), "{}", set.err);
    let asked = asked.join().unwrap();
    assert_eq!(asked[1].line, "PUT /v2/apps/deis%2Fdeis-controller/whitelist/ HTTP/1.1");
    assert!(asked[1].headers.contains(&"if-match: \"7\"".to_owned()), "{:?}", asked[1].headers);
    assert_eq!(asked[1].body, "10.0.1.0/24:office\n");
}

#[test]
fn what_the_service_refuses_is_said_without_the_token() {
    let dir = Dir::new();
    let cases: &'static [(&'static str, &'static str)] = &[
        ("401 Unauthorized", ""),
        ("403 Forbidden", r#"{"detail": "no"}"#),
        ("404 Not Found", ""),
        ("409 Conflict", r#"{"detail": "ann changed nothing"}"#),
        ("422 Unprocessable Entity", r#"{"detail": "1.2.3.4 is not in the list"}"#),
        ("500 Internal Server Error", "oops"),
    ];
    let said =
        ["token", "may not", "no app shop", "ann changed nothing", "1.2.3.4 is not in the list", "500: oops"];
    let (url, asked) = service(cases);
    for said in said {
        let run = run(&dir, &url, &["app", "-a", "shop", "add", "1.2.3.4"]);
        assert_eq!(run.code, 2);
        assert!(run.err.contains(said) && !run.err.contains("s3cret"), "{said}: {}", run.err);
    }
    asked.join().unwrap();
    let gone = run(&dir, &url, &["app", "-a", "shop", "list"]);
    assert!(gone.code == 2 && gone.err.contains("cannot be asked"), "{}", gone.err);
}

#[test]
fn a_token_is_needed_and_stands_in_no_argument() {
    let dir = Dir::new();
    let mut command = command(&dir.path("."), &["app", "-a", "shop", "list"]);
    let output = command.env_remove("IPGATE_TOKEN").stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && said.contains("--token-file"), "{said}");
    let help = dir.run(&["app", "--help"]);
    assert!(help.out.contains("--token-file") && !help.out.contains("--token "), "{}", help.out);
}

#[test]
fn a_dry_run_says_who_would_be_let_in() {
    let dir = Dir::new();
    let (url, asked) = service(&[(
        "200 OK",
        r#"{"dry_run": true, "addresses": [], "notice": "EVERYONE is let in", "effect": {
            "added": [], "removed": ["10.0.1.0/24"],
            "gained": {"prefixes": ["0.0.0.0/8"], "more": 3, "ipv4": "4294967040", "ipv6": "0"}, "lost": null}}"#,
    )]);
    let run = run(&dir, &url, &["app", "-a", "shop", "remove", "10.0.1.0/24", "--dry-run"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("EVERYONE is let in"), "{}", run.err);
    let said = "- 10.0.1.0/24\nwould be let in: 4294967040 IPv4 and 0 IPv6 addresses\n  0.0.0.0/8\n  and 3 more prefixes\n";
    assert!(run.out.starts_with(said), "{}", run.out);
    assert!(run.out.contains("who would be denied is not known"), "{}", run.out);
    assert_eq!(asked.join().unwrap()[0].line, "DELETE /v2/apps/shop/whitelist/?dry_run=true HTTP/1.1");
}
