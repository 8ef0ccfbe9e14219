//! A clock that is set forward and back: an entry holds by the clock, and not by what it once was.

use std::path::PathBuf;

use ipgate_nginx_tests::{Nginx, Site, eventually, skipped};

/// The library that fakes a clock, for programs with threads.
fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.filter_map(Result::ok);
    folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1")).find(|path| path.exists())
}

/// An nginx whose wall clock runs as far ahead as the file `ahead` says; nothing where that cannot be had.
fn start(list: &str) -> Option<Nginx> {
    let Some(library) = library() else {
        skipped("a clock that is set forward and back: install the package libfaketime");
        return None;
    };
    let site = Site::new()
        .file("a.list", list)
        .file("ahead", "+0")
        .main("env FAKETIME_TIMESTAMP_FILE; env FAKETIME_NO_CACHE; env FAKETIME_DONT_FAKE_MONOTONIC; env NO_FAKE_STAT;")
        .server(
            "ipgate_list office file=a.list interval=100ms;",
            "location / { ipgate office; empty_gif; } location /report { ipgate_report; }",
        );
    let file = format!("FAKETIME_TIMESTAMP_FILE={}", site.path("ahead").display());
    let preload = format!("LD_PRELOAD={}", library.display());
    // The clock that timers go by is not set, only the one on the wall; files keep their times.
    let settings = ["FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1", "NO_FAKE_STAT=1"];
    Some(site.run_by(&[&["env", &file, &preload], settings.as_slice()].concat()).start())
}

/// An RFC 3339 time so many minutes from now.
fn minutes_ahead(minutes: u32) -> String {
    let date = std::process::Command::new("date")
        .args(["-u", "-d", &format!("+{minutes} minutes"), "+%Y-%m-%dT%H:%M:%SZ"])
        .output()
        .unwrap();
    String::from_utf8(date.stdout).unwrap().trim().to_owned()
}

#[test]
fn an_entry_that_had_expired_holds_again_when_the_clock_returns() {
    let list = format!("10.0.0.0/8:corp\n192.0.2.7:guest;until={}\n", minutes_ahead(20));
    let Some(nginx) = start(&list) else { return };
    let status = |client: &str| nginx.get_from("/", client).status;
    assert_eq!((status("192.0.2.7"), status("10.0.0.1"), status("192.0.2.8")), (200, 200, 403));
    for round in 0..3 {
        nginx.write("ahead", "+30m");
        eventually("it has expired", || status("192.0.2.7") == 403);
        // Long enough for the worker to have dropped it from its table.
        std::thread::sleep(std::time::Duration::from_millis(500));
        assert_eq!((status("192.0.2.7"), status("10.0.0.1")), (403, 200), "round {round}");
        nginx.write("ahead", "+0");
        let returned = std::time::Instant::now();
        eventually("it holds again", || status("192.0.2.7") == 200);
        println!("holds again after {:?}, at an interval of 100 ms", returned.elapsed());
        assert_eq!((status("10.0.0.1"), status("192.0.2.8")), (200, 403), "round {round}");
    }
    assert_eq!(nginx.log_count("[error]"), 0, "{}", nginx.log());
}

/// The other way round: what denies until then denies again.
#[test]
fn a_denial_that_had_expired_holds_again_when_the_clock_returns() {
    let list = format!("10.0.0.0/8:corp\n!10.0.0.7:lost;until={}\n", minutes_ahead(20));
    let Some(nginx) = start(&list) else { return };
    let status = |client: &str| nginx.get_from("/", client).status;
    assert_eq!((status("10.0.0.7"), status("10.0.0.1")), (403, 200));
    nginx.write("ahead", "+30m");
    eventually("it has expired", || status("10.0.0.7") == 200);
    std::thread::sleep(std::time::Duration::from_millis(500));
    nginx.write("ahead", "+0");
    eventually("it holds again", || status("10.0.0.7") == 403);
}
