//! What files cost: how large they may be, that workers read them one after the other, and only when they change.

use std::fs::File;
use std::thread::sleep;
use std::time::{Duration, Instant};

use ipgate_nginx_tests::{
    Nginx, Outcome, Site, bytes_read, eventually, eventually_within, peak_kib, resident_kib, threads,
};
use rustix::process::Signal;

const MIB: u64 = 1 << 20;
/// The first bytes of a compiled image.
const IMAGE: &[u8] = b"\x93IPGATE\n";

/// So many lines, up to 65,536 of them different, about clients in 10.0.0.0/8.
fn lines(count: u32) -> String {
    (0..count).map(|n| format!("10.{}.{}.0/24:{n}\n", n >> 8 & 255, n & 255)).collect()
}

fn site(options: &str) -> Site {
    Site::new().file("a.list", "10.0.0.0/8:old\n").server(
        &format!("ipgate_list office file=a.list interval=50ms {options};"),
        "add_header X-Label $ipgate_label always; location / { ipgate office; empty_gif; }
         location /report { ipgate_report; }",
    )
}

fn label(nginx: &Nginx) -> String {
    nginx.get_from("/", "10.0.0.1").header("X-Label").to_owned()
}

/// Puts a file that begins so, and has nothing more but its size, in the place of the list.
fn put_sparse(nginx: &Nginx, start: &[u8], bytes: u64) {
    let beside = nginx.path("a.new");
    std::fs::write(&beside, start).unwrap();
    File::options().write(true).open(&beside).unwrap().set_len(bytes).unwrap();
    std::fs::rename(beside, nginx.path("a.list")).unwrap();
}

#[test]
fn a_file_beyond_its_size_or_entries_does_not_start() {
    let tried = |options: &str, text: &str| -> Outcome {
        let list = format!("ipgate_list office file=a.list {options};");
        Site::new().file("a.list", text).server(&list, "ipgate office;").test()
    };
    let text = "10.0.0.1\n10.0.0.2\n10.0.0.3\n";
    for options in ["size=27", "size=1k", "entries=3", "size=27 entries=3", ""] {
        let outcome = tried(options, text);
        assert!(outcome.is_good, "{options}: {}", outcome.said);
    }
    for (options, limit) in [("size=26", "26"), ("entries=2", "2"), ("size=1 lenient", "1")] {
        let outcome = tried(options, text);
        assert!(!outcome.is_good && outcome.said.contains("[emerg]"), "{options}: {}", outcome.said);
        assert!(outcome.said.contains(limit), "{options}: {}", outcome.said);
    }
}

#[test]
fn a_file_that_is_too_large_is_not_read_and_the_last_good_list_stays() {
    // As text, and as an image by its first bytes: the limit is the file's.
    for start in [b"".as_slice(), b"10.0.0.0/8\n", IMAGE] {
        let nginx = site("size=1m").workers(3).start();
        eventually("three workers", || nginx.workers().len() == 3);
        let before: Vec<_> =
            nginx.workers().into_iter().map(|pid| (pid, bytes_read(pid), peak_kib(pid))).collect();
        put_sparse(&nginx, start, 2048 * MIB);
        eventually("each worker says so", || nginx.log_count("[error]") == 3);
        assert!(nginx.log().contains("the last good list, generation 2, stays in force"), "{}", nginx.log());
        sleep(Duration::from_secs(1));
        for (pid, read, peak) in before {
            // At the most up to the limit, and once.
            assert!(bytes_read(pid) - read < 2 * MIB, "{} bytes", bytes_read(pid) - read);
            assert!(peak_kib(pid) - peak < 8 << 10, "{} KiB", peak_kib(pid) - peak);
        }
        assert_eq!((nginx.log_count("[error]"), label(&nginx).as_str()), (3, "old"), "{}", nginx.log());
        nginx.write("a.list", "10.0.0.0/8:new\n");
        eventually("a good one again", || label(&nginx) == "new");
    }
}

#[test]
fn the_limits_hold_after_a_reload_too() {
    let nginx = site("size=1m entries=1000").start();
    nginx.write("a.list", lines(2000));
    eventually("too many", || nginx.log_count("[error]") == 1);
    nginx.reload();
    assert_eq!(label(&nginx), "old");
    nginx.edit("entries=1000", "entries=2000");
    nginx.reload();
    eventually("room for them", || label(&nginx) == "0");
    nginx.edit("size=1m", "size=1k");
    nginx.signal(Signal::HUP);
    eventually("a reload that does not take it", || nginx.log_count("[emerg]") > 0);
    assert_eq!(label(&nginx), "0");
}

#[test]
fn a_bad_file_is_not_read_again_while_it_stays_the_same() {
    let nginx = site("").start();
    let text = lines(20_000) + "foobar\n";
    nginx.write("a.list", &text);
    eventually("a line", || nginx.log_count("[error]") == 1);
    let worker = nginx.workers()[0];
    let read = bytes_read(worker);
    assert!(read >= text.len() as u64);
    sleep(Duration::from_secs(1));
    assert!(bytes_read(worker) - read < text.len() as u64, "twenty looks read nothing");
    // Not by a new worker either: it has what the master knows once that has looked.
    nginx.reload();
    eventually("the reload has looked", || nginx.log_count("[error]") > 1);
    let worker = nginx.workers()[0];
    sleep(Duration::from_millis(500));
    assert!(bytes_read(worker) < text.len() as u64);
}

#[test]
fn workers_load_one_after_the_other_and_the_turn_of_one_that_dies_is_over() {
    let nginx = site("").workers(3).start();
    eventually("three workers", || nginx.workers().len() == 3);
    let all = nginx.workers();
    nginx.write("a.list", lines(65_536).repeat(12));
    let mut first = None;
    eventually("somebody loads", || {
        first = all.iter().copied().find(|pid| threads(*pid) > 1);
        first.is_some()
    });
    let first = first.unwrap();
    nginx.signal_to(first, Signal::STOP);
    // It has not ended, so nobody else begins.
    let others: Vec<_> = all.iter().copied().filter(|pid| *pid != first).collect();
    let end = Instant::now() + Duration::from_secs(3);
    while Instant::now() < end {
        assert!(others.iter().all(|pid| threads(*pid) == 1), "two load at a time");
        sleep(Duration::from_millis(2));
    }
    assert_eq!(nginx.log_count("is in force"), 0, "{}", nginx.log());
    nginx.signal_to(first, Signal::KILL);
    // The two, and the one in the place of the dead.
    eventually("all have it", || nginx.log_count("generation 3 with") == 3);
    assert_eq!(nginx.log_count("[error]"), 0, "{}", nginx.log());
}

#[test]
fn each_worker_has_its_turn() {
    let nginx = site("").workers(4).start();
    eventually("four workers", || nginx.workers().len() == 4);
    let all = nginx.workers();
    for generation in 3..6 {
        nginx.write("a.list", lines(20_000 + generation));
        eventually_within(Duration::from_secs(20), "all have it", || {
            nginx.log_count(&format!("generation {generation} with")) == 4
        });
    }
    assert_eq!(nginx.workers(), all, "nobody was replaced");
}

#[test]
fn a_list_that_is_loaded_takes_a_small_multiple_of_its_file() {
    let nginx = site("").start();
    let worker = nginx.workers()[0];
    let before = peak_kib(worker);
    let text = lines(65_536).repeat(8);
    let file = text.len() as u64 >> 10;
    nginx.write("a.list", &text);
    eventually("it is in force", || nginx.log_count("is in force") == 1);
    sleep(Duration::from_millis(200));
    let (peak, stays) = (peak_kib(worker) - before, resident_kib(worker).saturating_sub(before));
    println!("a file of {file} KiB: {peak} KiB at the most, {stays} KiB stay");
    assert!(peak < 12 * file, "{peak} KiB for {file} KiB");
}
