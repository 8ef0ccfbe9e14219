//! What becomes of lists when processes come and go.

use std::fs;

use ipgate_nginx_tests::{Nginx, Site, eventually, resident_kib, skipped};
use rustix::process::Signal;

const SERVER: &str =
    "add_header X-Label $ipgate_label always; add_header X-Generation $ipgate_generation always;
    add_header X-Worker $pid always;
    location / { ipgate office; empty_gif; } location /report { ipgate_report; }";
const LIST: &str = r#"ipgate_list office file=a.list interval=50ms; ipgate_list inline "192.0.2.1";"#;

fn site() -> Site {
    Site::new().file("a.list", "10.0.0.0/8:old\n").server(LIST, SERVER)
}

fn label(nginx: &Nginx) -> String {
    nginx.get_from("/", "10.0.0.1").header("X-Label").to_owned()
}

fn has(nginx: &Nginx, expected: &str) {
    eventually(expected, || label(nginx) == expected);
}

#[test]
fn a_reload_keeps_unchanged_lists_and_takes_changed_ones() {
    let nginx = site().start();
    nginx.reload();
    let response = nginx.get_from("/", "10.0.0.1");
    assert_eq!((response.header("X-Label"), response.header("X-Generation")), ("old", "2"), "not read again");
    nginx.write("a.list", "10.0.0.0/8:new\n");
    nginx.reload();
    has(&nginx, "new");
    nginx.write("a.list", "10.0.0.0/8:newer\n");
    has(&nginx, "newer");
    nginx.edit("interval=50ms", "interval=60ms lenient");
    nginx.reload();
    has(&nginx, "newer");
    nginx.edit(r#"inline "192.0.2.1""#, r#"inline "10.0.0.1:in""#);
    nginx.edit("ipgate office; empty_gif", "ipgate inline; empty_gif");
    nginx.reload();
    has(&nginx, "in");
}

#[test]
fn a_reload_with_a_bad_list_goes_on_with_the_good_one() {
    let nginx = site().start();
    nginx.write("a.list", "foobar\n");
    eventually("the worker saw it", || nginx.log_count("foobar") == 1);
    nginx.edit("location / {", "location /new { return 204; } location / {");
    nginx.reload();
    assert_eq!(nginx.get("/new").status, 204, "the rest of the configuration is new");
    assert_eq!(label(&nginx), "old");
    assert_eq!(nginx.get_from("/", "192.0.2.1").status, 403);
    assert!(nginx.log_count("foobar") >= 2, "the master says so, too: {}", nginx.log());
    nginx.write("a.list", "10.0.0.0/8:new\n");
    has(&nginx, "new");
}

#[test]
fn a_reload_with_a_bad_configuration_changes_nothing() {
    let nginx = site().start();
    let workers = nginx.workers();
    nginx.edit(r#"inline "192.0.2.1""#, r#"inline "foobar""#);
    nginx.signal(Signal::HUP);
    eventually("it is refused", || nginx.log_count("[emerg]") == 1);
    assert_eq!(nginx.workers(), workers);
    assert_eq!(label(&nginx), "old");
    nginx.write("a.list", "10.0.0.0/8:new\n");
    has(&nginx, "new");
}

#[test]
fn reloads_leave_no_memory_behind() {
    let text: String = (0..2_000).map(|n| format!("10.{}.{}.0/24:label{n}\n", n / 250, n % 250)).collect();
    let nginx = site().start();
    nginx.write("a.list", text);
    let reload = |times: usize| {
        for _ in 0..times {
            let before = nginx.workers();
            nginx.signal(Signal::HUP);
            // The next one may come as soon as the master has made its new workers.
            eventually("new workers", || nginx.workers().iter().any(|pid| !before.contains(pid)));
        }
        eventually("one worker", || nginx.workers().len() == 1);
        resident_kib(nginx.pid())
    };
    // nginx waits for 100 ms with each: the Makefile asks for fewer where it tests a second build.
    let reloads = std::env::var("IPGATE_NGINX_RELOADS").map_or(300, |text| text.parse().expect("a number"));
    let early = reload(reloads / 10);
    let late = reload(reloads - reloads / 10);
    println!(
        "resident memory of the master: {early} KiB after a tenth of {reloads} reloads, {late} KiB after all"
    );
    // The list alone takes more than 100 KiB: to lose one with each reload would show after 10.
    assert!(late < early + 1_024, "{early} KiB, then {late} KiB");
    assert_eq!(nginx.get_from("/", "10.7.1.1").status, 200);
}

#[test]
fn swaps_leave_no_memory_behind() {
    let text = |label: &str| -> String {
        (0..2_000).map(|n| format!("10.{}.{}.0/24:{label}\n", n / 250, n % 250)).collect()
    };
    let texts = [text("a"), text("b")];
    let nginx = Site::new()
        .file("a.list", &texts[0])
        .server("ipgate_list office file=a.list interval=10ms;", SERVER)
        .start();
    let worker = nginx.workers()[0];
    let mut swaps = 0;
    let mut swap = |times: usize| {
        for _ in 0..times {
            swaps += 1;
            nginx.write("a.list", &texts[swaps % 2]);
            has(&nginx, ["a", "b"][swaps % 2]);
        }
        resident_kib(worker)
    };
    let (early, late) = (swap(50), swap(250));
    println!("resident memory of the worker: {early} KiB after 50 swaps, {late} KiB after 300");
    assert!(late < early + 2_048, "{early} KiB, then {late} KiB");
}

#[test]
fn a_binary_upgrade() {
    let nginx = site().daemon().start();
    nginx.write("a.list", "10.0.0.0/8:new\n");
    has(&nginx, "new");
    let old = nginx.workers();
    nginx.signal(Signal::USR2);
    let is_new = || nginx.pid_in_file().is_some_and(|pid| pid != nginx.pid());
    eventually("a new master", || nginx.path("nginx.pid.oldbin").exists() && is_new());
    let new_master = nginx.pid_in_file().expect("its number");
    // The old workers go; the old master stays until it is told to.
    nginx.signal(Signal::WINCH);
    eventually("new workers answer", || {
        let response = nginx.get_from("/", "10.0.0.1");
        assert_eq!((response.status, response.header("X-Label")), (200, "new"));
        let worker = response.header("X-Worker").parse().unwrap();
        !old.contains(&worker)
    });
    nginx.write("a.list", "10.0.0.0/8:newer\n");
    has(&nginx, "newer");
    nginx.signal_to(new_master, Signal::QUIT);
    nginx.signal(Signal::HUP);
    eventually("back to the old master", || !nginx.path("nginx.pid.oldbin").exists());
    eventually("its workers answer", || {
        nginx.workers().iter().any(|pid| !old.contains(pid) && *pid != new_master)
    });
    assert_eq!(nginx.get_from("/", "192.0.2.1").status, 403);
}

#[test]
fn without_a_master() {
    let mut nginx = site().without_master().start();
    assert_eq!(label(&nginx), "old");
    nginx.write("a.list", "10.0.0.0/8:new\n");
    has(&nginx, "new");
    nginx.write("a.list", "foobar\n");
    eventually("a line", || nginx.log_count("[error]") == 1);
    assert_eq!(label(&nginx), "new");
    nginx.write("a.list", "10.0.0.0/8:newer\n");
    has(&nginx, "newer");
    // (A reload is beyond nginx itself without a master: its one process has no connections afterwards.)
    assert!(nginx.quit());
}

#[test]
fn a_worker_that_crashes_is_replaced_by_one_that_has_the_list() {
    let nginx = site().start();
    for round in 0..5 {
        let worker = nginx.workers()[0];
        nginx.signal_to(worker, Signal::KILL);
        eventually("another worker", || nginx.workers().first().is_some_and(|&pid| pid != worker));
        assert_eq!(label(&nginx), "old", "round {round}");
        assert_eq!(nginx.get_from("/", "192.0.2.1").status, 403, "round {round}");
    }
}

#[test]
fn no_thread_is_started_before_a_worker_has_something_to_load() {
    let nginx = site().start();
    let threads = |pid: u32| fs::read_dir(format!("/proc/{pid}/task")).unwrap().count();
    assert_eq!(label(&nginx), "old");
    assert_eq!(threads(nginx.workers()[0]), 1);
    for _ in 0..3 {
        nginx.reload();
    }
    nginx.write("a.list", "10.0.0.0/8:new\n");
    has(&nginx, "new");
    assert_eq!(threads(nginx.pid()), 1, "the master never has another");
    eventually("the worker's has ended", || threads(nginx.workers()[0]) == 1);
}

#[test]
fn nginx_s_works_while_a_list_is_bad() {
    let nginx = site().start();
    nginx.write("a.list", "foobar\n");
    let installed = ipgate_nginx_tests::Installed::get();
    let signal = |name: &str| {
        let mut command = std::process::Command::new(&installed.nginx);
        command.arg("-p").arg(nginx.path(".")).args(["-c", "nginx.conf", "-e", "logs/error.log", "-s", name]);
        command.output().unwrap()
    };
    let before = nginx.workers();
    let output = signal("reload");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    eventually("new workers", || {
        nginx.workers().iter().all(|pid| !before.contains(pid)) && !nginx.workers().is_empty()
    });
    assert_eq!(label(&nginx), "old");
    assert!(signal("quit").status.success());
}

#[test]
fn privileges_are_dropped() {
    if !rustix::process::geteuid().is_root() {
        skipped("only root can drop privileges");
        return;
    }
    let nginx = site().main("user daemon;").start();
    let worker = nginx.workers()[0];
    eventually("the worker is somebody else", || {
        !fs::read_to_string(format!("/proc/{worker}/status")).unwrap().contains("Uid:\t0")
    });
    nginx.write("a.list", "10.0.0.0/8:new\n");
    has(&nginx, "new");
    // -t has tried as another user, and given nothing up.
    let status = fs::read_to_string(format!("/proc/{}/status", nginx.pid())).unwrap();
    assert!(status.contains("Uid:\t0\t0\t0\t0") && status.contains("Gid:\t0\t0\t0\t0"), "{status}");
}
