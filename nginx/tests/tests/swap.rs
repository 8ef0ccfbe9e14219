//! Lists that change while nginx runs.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ipgate_nginx_tests::{Connection, Nginx, Site, eventually, skipped};
use rustix::process::Signal;
use serde_json::json;

const SERVER: &str = r#"add_header X-Worker $pid always; add_header X-Generation $ipgate_generation always;
    add_header X-Label $ipgate_label always;
    location / { ipgate office; empty_gif; } location /report { ipgate_report; }"#;

fn site(options: &str) -> Site {
    let list = format!("ipgate_list office file=a.list interval=50ms {options};");
    Site::new().file("a.list", "10.0.0.0/8:old\n").server(&list, SERVER)
}

fn label(nginx: &Nginx, client: &str) -> String {
    nginx.get_from("/", client).header("X-Label").to_owned()
}

fn has(nginx: &Nginx, client: &str, expected: &str) {
    eventually(&format!("{client} is {expected}"), || label(nginx, client) == expected);
}

#[test]
fn a_changed_file_serves_in_every_worker() {
    let list = "ipgate_list office file=a.list interval=1s;";
    let realip = "set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;";
    let nginx = Site::new()
        .workers(3)
        .file("a.list", "10.0.0.0/8:old\n")
        .http(&format!("{realip} {list} server {{ listen 127.0.0.1:PORT0 reuseport; {SERVER} }}"))
        .start();
    eventually("three workers", || nginx.workers().len() == 3);
    // A connection each, kept.
    let mut connections = Vec::new();
    let mut seen = HashSet::new();
    eventually("a connection to each worker", || {
        let mut connection = Connection::open(nginx.port(0)).unwrap();
        let response = connection.get("/", &[("X-Real-IP", "10.0.0.1")]).unwrap();
        assert_eq!(response.header("X-Label"), "old");
        if seen.insert(response.header("X-Worker").to_owned()) {
            connections.push(connection);
        }
        seen.len() == 3
    });
    nginx.write("a.list", "10.0.0.0/8:new\n");
    let written = Instant::now();
    for connection in &mut connections {
        eventually("the new list", || {
            let response = connection.get("/", &[("X-Real-IP", "10.0.0.1")]).unwrap();
            assert_eq!(response.status, 200);
            response.header("X-Label") == "new"
        });
    }
    println!("in force everywhere after {:?}, at an interval of 1 s", written.elapsed());
    assert_eq!(nginx.workers().len(), 3, "nobody was replaced");
}

#[test]
fn bad_files_keep_the_last_good_list_with_one_line_and_a_count() {
    let nginx = site("").start();
    has(&nginx, "10.0.0.1", "old");
    nginx.write("a.list", "10.0.0.0/8:new\nfoobar\n");
    eventually("a line", || nginx.log_count("[error]") == 1);
    assert!(
        nginx.log().contains("foobar") && nginx.log().contains("the last good list, generation 2, stays")
    );
    assert_eq!(label(&nginx, "10.0.0.1"), "old");

    fs::remove_file(nginx.path("a.list")).unwrap();
    eventually("another line", || nginx.log_count("[error]") == 2);
    eventually("a count", || nginx.report()["lists"][0]["failures"].as_u64() > Some(5));
    assert_eq!(nginx.log_count("[error]"), 2, "counted, not logged: {}", nginx.log());
    assert_eq!(label(&nginx, "10.0.0.1"), "old");
    assert_eq!(nginx.get_from("/", "192.0.2.1").status, 403);

    nginx.write("a.list", "10.0.0.0/8:newer\n");
    has(&nginx, "10.0.0.1", "newer");
    let report = nginx.report();
    let list = &report["lists"][0];
    assert_eq!(
        (&list["failures"], &list["last_result"], &list["generation"]),
        (&json!(0), &json!("ok"), &json!(3))
    );
    assert_eq!(nginx.log_count("good again, after"), 1, "{}", nginx.log());
}

#[test]
fn truncated_in_place_while_it_serves() {
    // A list that was mapped would have killed the worker here.
    let text: String = (0..20_000).map(|n| format!("10.{}.{}.0/24:old\n", n / 250, n % 250)).collect();
    let nginx = site("shrink=50%").start();
    nginx.write("a.list", &text);
    has(&nginx, "10.79.1.1", "old");
    let worker = nginx.workers();
    fs::OpenOptions::new().write(true).open(nginx.path("a.list")).unwrap().set_len(1_003).unwrap();
    eventually("it was refused", || nginx.report()["lists"][0]["failures"].as_u64() > Some(0));
    assert_eq!(label(&nginx, "10.79.1.1"), "old");
    assert_eq!(nginx.workers(), worker);
}

#[test]
fn the_guard_refuses() {
    let nginx = site("shrink=50% keep=10.0.0.1,10.0.0.2").start();
    for (text, word) in
        [("", "empty"), ("10.0.0.0/16:small\n", "small"), ("10.0.0.0/8:new,!10.0.0.2\n", "10.0.0.2")]
    {
        let before = nginx.report()["lists"][0]["failures"].as_u64();
        nginx.write("a.list", text);
        eventually(word, || nginx.report()["lists"][0]["failures"].as_u64() > before);
        assert_eq!(label(&nginx, "10.0.0.1"), "old", "{word}");
    }
    assert_eq!(nginx.log_count("[error]"), 3, "{}", nginx.log());
    nginx.write("a.list", "10.0.0.0/8:half\n");
    has(&nginx, "10.0.0.1", "half");
}

#[test]
fn symlinks_recreated_files_and_writes_in_place() {
    let nginx = site("").start();
    // As Kubernetes swaps a volume: a.list -> ..data/a.list, ..data -> a folder.
    for version in ["v1", "v2"] {
        fs::create_dir(nginx.path(version)).unwrap();
        fs::write(nginx.path(version).join("a.list"), format!("10.0.0.0/8:{version}\n")).unwrap();
    }
    symlink("v1", nginx.path("..data")).unwrap();
    fs::remove_file(nginx.path("a.list")).unwrap();
    symlink("..data/a.list", nginx.path("a.list")).unwrap();
    has(&nginx, "10.0.0.1", "v1");
    symlink("v2", nginx.path("..data_tmp")).unwrap();
    fs::rename(nginx.path("..data_tmp"), nginx.path("..data")).unwrap();
    has(&nginx, "10.0.0.1", "v2");
    fs::remove_file(nginx.path("a.list")).unwrap();
    fs::write(nginx.path("a.list"), "10.0.0.0/8:again\n").unwrap();
    has(&nginx, "10.0.0.1", "again");
    fs::write(nginx.path("a.list"), "10.0.0.0/8:place\n").unwrap();
    has(&nginx, "10.0.0.1", "place");
}

#[test]
fn a_list_that_could_not_be_written_whole_changes_nothing() {
    // In place it may be caught empty, which is a list that allows nobody: only the guard knows that it is meant
    // for more.
    let nginx = site("shrink=50%").start();
    // A writer whose disk is full, writing beside: nothing is renamed. In place: half an entry is left.
    let write = |script: &str| {
        let status =
            std::process::Command::new("sh").arg("-c").arg(script).current_dir(nginx.path(".")).status();
        assert!(!status.unwrap().success(), "the writer fails");
    };
    write("printf '10.0.0.0/8:new\\n' > /dev/full && mv beside a.list");
    // 512 bytes, then an error, as on a disk that is full.
    write("ulimit -f 1; trap '' XFSZ; yes 192.168.100.100:new | head -n 200 > a.list");
    eventually("it was rejected", || nginx.report()["lists"][0]["failures"].as_u64() > Some(0));
    assert_eq!(label(&nginx, "10.0.0.1"), "old");
    assert_eq!(nginx.get_from("/", "192.168.100.100").status, 403);
}

#[test]
fn a_file_that_the_worker_may_not_read_any_more() {
    use std::os::unix::fs::PermissionsExt;
    if !rustix::process::geteuid().is_root() {
        skipped("only root can drop privileges");
        return;
    }
    let nginx = site("").main("user daemon;").start();
    has(&nginx, "10.0.0.1", "old");
    fs::write(nginx.path("b.list"), "10.0.0.0/8:secret\n").unwrap();
    fs::set_permissions(nginx.path("b.list"), PermissionsExt::from_mode(0o600)).unwrap();
    fs::rename(nginx.path("b.list"), nginx.path("a.list")).unwrap();
    eventually("a line", || nginx.log_count("Permission denied") == 1);
    assert_eq!(label(&nginx, "10.0.0.1"), "old");
    fs::set_permissions(nginx.path("a.list"), PermissionsExt::from_mode(0o644)).unwrap();
    has(&nginx, "10.0.0.1", "secret");
}

/// Two lists that agree on nothing, swapped under load. A generation tells which list answered: every response
/// must be exactly what that list gives.
#[test]
fn every_response_is_what_the_old_or_the_new_list_gives() {
    let lists = ["10.0.0.0/8:a,192.0.2.0/24:a\n", "!10.0.0.0/8:b,198.51.100.0/24:b\n"];
    let expected = |generation: u64, client: &str| match (generation % 2, client) {
        (0, "10.0.0.1" | "192.0.2.1") => (200, "a"),
        (1, "10.0.0.1") => (403, "b"),
        (1, "198.51.100.1") => (200, "b"),
        _ => (403, ""),
    };
    let nginx = Site::new()
        .workers(2)
        .file("a.list", lists[0])
        .server("ipgate_list office file=a.list interval=20ms;", SERVER)
        .start();
    let is_over = AtomicBool::new(false);
    let swaps = 30;
    let answered: usize = thread::scope(|scope| {
        let load = || {
            let mut answered = 0;
            while !is_over.load(Ordering::Relaxed) {
                let mut connection = Connection::open(nginx.port(0)).unwrap();
                let mut last = 0;
                for _ in 0..300 {
                    for client in ["10.0.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1"] {
                        let response =
                            connection.get("/", &[("X-Real-IP", client)]).expect("no connection is lost");
                        let generation: u64 = response.header("X-Generation").parse().unwrap();
                        assert!(generation >= last, "never back: {last}, {generation}");
                        last = generation;
                        let found = (response.status, response.header("X-Label"));
                        assert_eq!(found, expected(generation, client), "{client} at {generation}");
                        answered += 1;
                    }
                    // Within what nginx answers on one connection.
                    if answered % 800 == 0 {
                        break;
                    }
                }
            }
            answered
        };
        let clients: Vec<_> = (0..3).map(|_| scope.spawn(load)).collect();
        for swap in 1..=swaps {
            nginx.write("a.list", lists[swap % 2]);
            eventually("the swap", || {
                nginx.get_from("/", "10.0.0.1").header("X-Generation") == (swap + 2).to_string()
            });
        }
        is_over.store(true, Ordering::Relaxed);
        clients.into_iter().map(|client| client.join().expect("every response was right")).sum()
    });
    println!("{answered} responses over {swaps} swaps, each as its list gives it");
    assert!(answered > 1_000);
}

fn large(label: &str) -> String {
    (0..400_000).map(|n| format!("10.{}.{}.{}:{label}\n", n >> 16, (n >> 8) & 255, n & 255)).collect()
}

/// A worker that compiled in its event loop would stand still for most of the time until a list is in force. One that
/// does not may still have to wait for a processor, with others on the machine: it is enough not to once in a while.
#[test]
fn a_large_list_compiles_beside_the_event_loop() {
    let nginx = site("").start();
    let stood_still = |label: &str| {
        nginx.write("a.list", large(label));
        let mut connection = Connection::open(nginx.port(0)).unwrap();
        let (begin, mut longest, mut requests) = (Instant::now(), Duration::ZERO, 0);
        loop {
            if requests % 900 == 899 {
                connection = Connection::open(nginx.port(0)).unwrap();
            }
            let asked = Instant::now();
            let response = connection.get("/", &[("X-Real-IP", "10.0.0.1")]).unwrap();
            (longest, requests) = (longest.max(asked.elapsed()), requests + 1);
            if response.header("X-Label") == label {
                break;
            }
            assert!(begin.elapsed() < Duration::from_secs(120), "never swapped");
        }
        let took = begin.elapsed();
        println!("in force after {took:?}; {requests} requests meanwhile, the longest {longest:?}");
        longest.as_secs_f64() / took.as_secs_f64()
    };
    let least = (0..5).map(|round| stood_still(&format!("large{round}"))).fold(f64::INFINITY, f64::min);
    assert!(least < 0.5, "the worker always stood still for {least} of the time");
}

#[test]
fn a_worker_that_dies_during_a_swap() {
    let nginx = site("").start();
    let worker = nginx.workers()[0];
    nginx.write("a.list", large("large"));
    eventually("the load is under way", || {
        let threads = fs::read_dir(format!("/proc/{worker}/task")).map(Iterator::count).unwrap_or_default();
        threads > 1
    });
    nginx.signal_to(worker, Signal::KILL);
    eventually("another worker", || nginx.workers().first().is_some_and(|&pid| pid != worker));
    assert_eq!(nginx.get_from("/", "192.0.2.1").status, 403);
    // It reads what has changed before it serves anybody.
    assert_eq!(label(&nginx, "10.0.0.1"), "large");
    assert_eq!(nginx.get_from("/", "11.0.0.1").status, 403);
}

#[test]
fn a_worker_that_starts_while_the_file_is_bad_has_what_the_master_read() {
    let nginx = site("").start();
    for bad in ["foobar", ""] {
        match bad {
            "" => fs::remove_file(nginx.path("a.list")).unwrap(),
            bad => nginx.write("a.list", bad),
        }
        let worker = nginx.workers()[0];
        nginx.signal_to(worker, Signal::KILL);
        eventually("another worker", || nginx.workers().first().is_some_and(|&pid| pid != worker));
        assert_eq!(label(&nginx, "10.0.0.1"), "old");
        assert_eq!(nginx.get_from("/", "192.0.2.1").status, 403, "never open");
        eventually("the report says so", || nginx.report()["lists"][0]["last_result"] == "failed");
    }
}

#[test]
fn a_memory_of_labels_does_not_outlive_its_list() {
    // The same place in memory may hold another label after a swap: counts must follow the text.
    let nginx = site("").start();
    for round in 0..20 {
        let name = format!("label{round}");
        nginx.write("a.list", format!("10.0.0.0/8:{name}\n"));
        has(&nginx, "10.0.0.1", &name);
        let before = nginx.report()["lists"][0]["labels"][&name]["allowed"].as_u64().unwrap();
        for _ in 0..5 {
            label(&nginx, "10.0.0.1");
        }
        assert_eq!(nginx.report()["lists"][0]["labels"][&name]["allowed"], before + 5, "{name}");
    }
}

#[test]
fn an_entry_ceases_to_hold_by_itself() {
    let output =
        std::process::Command::new("date").args(["-u", "-d", "+2 seconds", "+%Y-%m-%dT%H:%M:%SZ"]).output();
    let soon = String::from_utf8(output.unwrap().stdout).unwrap();
    let nginx = site("").start();
    nginx.write("a.list", format!("10.0.0.0/8:guest;until={}\n", soon.trim()));
    has(&nginx, "10.0.0.1", "guest");
    eventually("it ends", || nginx.get_from("/", "10.0.0.1").status == 403);
    eventually("and leaves the table", || nginx.report()["lists"][0]["entries"] == 0);
}
