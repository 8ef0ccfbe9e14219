//! Files followed into a gate: every way in which a list file changes. The tests wait for outcomes; their
//! one time limit is for outcomes that never come.

#![cfg(feature = "watch")]

use std::fs::{self, File};
use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use ipgate::{
    Gate, List, Mode, Watch, Watcher,
    gate::Guard,
    list::{Parser, Until},
    watch::{Outcome, WatchError},
};
use tempfile::TempDir;

const NEVER: Duration = Duration::from_secs(60);

/// A list file in a directory of its own, followed into a gate.
struct Bench {
    directory: TempDir,
    gate: Gate,
    outcomes: Receiver<Outcome>,
    watcher: Watcher,
}

impl Bench {
    fn new(text: &str) -> Bench {
        Bench::with(text, |watch| watch)
    }

    fn with(text: &str, settings: impl FnOnce(Watch) -> Watch) -> Bench {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("office.list");
        fs::write(&path, text).unwrap();
        Bench::start(directory, &path, settings)
    }

    /// Follows a file that is there, and waits until it is in force.
    fn start(directory: TempDir, path: &Path, settings: impl FnOnce(Watch) -> Watch) -> Bench {
        let gate = Gate::new(&List::new());
        let (tell, outcomes) = channel();
        let watch = Watch::new(&gate)
            .app(path)
            .interval(Duration::from_millis(20))
            .on_outcome(move |outcome| tell.send(outcome).unwrap());
        let watcher = settings(watch).start().unwrap();
        let bench = Bench { directory, gate, outcomes, watcher };
        assert_eq!(bench.gate.generation(), 2);
        assert_eq!(bench.swapped(), 2);
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn file(&self) -> PathBuf {
        self.path("office.list")
    }

    /// Writes a new file beside and renames it over, as list files should be written.
    fn replace(&self, text: &str) {
        fs::write(self.path("office.list.new"), text).unwrap();
        fs::rename(self.path("office.list.new"), self.file()).unwrap();
    }

    fn next(&self) -> Outcome {
        self.outcomes.recv_timeout(NEVER).expect("an outcome")
    }

    /// The generation that the next outcome, a swap, brings.
    fn swapped(&self) -> u64 {
        match self.next() {
            Outcome::Swapped { generation, .. } => generation,
            other => panic!("not swapped: {other:?}"),
        }
    }

    /// The next outcome, where it is a refusal.
    fn refused(&self) -> (WatchError, u64) {
        match self.next() {
            Outcome::Refused { error, times, .. } => (error, times),
            other => panic!("not refused: {other:?}"),
        }
    }

    fn allows(&self, address: &str) -> bool {
        self.gate.is_allowed(ip(address))
    }
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_rename_over_the_file() {
    let bench = Bench::new("10.0.1.0/24:office_ABC\n");
    assert!(bench.allows("10.0.1.7"));
    bench.replace("10.0.2.0/24:new_office\n");
    assert_eq!(bench.swapped(), 3);
    assert!(bench.allows("10.0.2.7") && !bench.allows("10.0.1.7"));
    let verdict = bench.gate.check(ip("10.0.2.7"));
    assert_eq!(verdict.entry().unwrap().source(), bench.file().to_str());
}

#[test]
#[cfg(unix)]
fn a_symlink_swap_as_in_kubernetes() {
    use std::os::unix::fs::symlink;

    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    for (version, text) in [("..1", "10.0.1.0/24\n"), ("..2", "10.0.2.0/24\n"), ("..3", "10.0.3.0/24\n")] {
        fs::create_dir(path(version)).unwrap();
        fs::write(path(version).join("office.list"), text).unwrap();
    }
    symlink("..1", path("..data")).unwrap();
    symlink("..data/office.list", path("office.list")).unwrap();
    let file = path("office.list");
    let bench = Bench::start(directory, &file, |watch| watch);

    for (version, allowed, removed) in [("..2", "10.0.2.1", "..1"), ("..3", "10.0.3.1", "..2")] {
        symlink(version, bench.path("..data_tmp")).unwrap();
        fs::rename(bench.path("..data_tmp"), bench.path("..data")).unwrap();
        fs::remove_dir_all(bench.path(removed)).unwrap();
        bench.swapped();
        assert!(bench.allows(allowed));
    }
    assert_eq!(bench.gate.generation(), 4);
}

#[test]
fn a_file_deleted_and_created_again() {
    let bench = Bench::new("10.0.1.0/24\n");
    fs::remove_file(bench.file()).unwrap();
    let (error, times) = bench.refused();
    assert!(matches!(error, WatchError::Missing { .. }), "{error}");
    assert_eq!(times, 1);
    fs::write(bench.file(), "10.0.2.0/24\n").unwrap();
    // Its absence may be told again meanwhile, the 10th time and so on.
    let swapped = std::iter::repeat_with(|| bench.next()).find(|o| !matches!(o, Outcome::Refused { .. }));
    assert!(matches!(swapped, Some(Outcome::Swapped { generation: 3, failures: 1.., .. })), "{swapped:?}");
    assert!(bench.allows("10.0.2.1"));
}

#[test]
fn a_vanished_file_keeps_the_list_and_is_told_at_growing_intervals() {
    let bench = Bench::new("10.0.1.0/24\n");
    fs::rename(bench.file(), bench.path("aside")).unwrap();
    assert_eq!(bench.refused().1, 1);
    assert_eq!(bench.refused().1, 10);
    assert!(bench.allows("10.0.1.1"));
    let failure = bench.gate.status().last_failure.expect("recorded");
    assert!(failure.reason.contains("office.list"), "{}", failure.reason);

    fs::rename(bench.path("aside"), bench.file()).unwrap();
    let back = std::iter::repeat_with(|| bench.next()).find(|o| !matches!(o, Outcome::Refused { .. }));
    assert!(matches!(back, Some(Outcome::Unchanged { generation: 2, failures: 10.., .. })), "{back:?}");
}

#[test]
fn a_write_in_place() {
    let bench = Bench::new("10.0.1.0/24\n");
    let mut file = fs::OpenOptions::new().append(true).open(bench.file()).unwrap();
    file.write_all(b"10.0.2.0/24\n").unwrap();
    drop(file);
    assert_eq!(bench.swapped(), 3);
    assert!(bench.allows("10.0.1.1") && bench.allows("10.0.2.1"));
}

/// The file is truncated and written with pauses longer than the settle time: no part of it is taken for
/// the whole, and least of all the empty beginning.
#[test]
#[cfg(target_os = "linux")]
fn a_slow_write_in_place() {
    let bench = Bench::new("10.0.1.0/24\n10.0.2.0/24\n");
    let mut file = File::create(bench.file()).unwrap();
    for line in ["10.0.3.0/24\n", "10.0.4.0/24\n", "10.0.5.0/24\n"] {
        std::thread::sleep(Duration::from_millis(400));
        assert!(bench.allows("10.0.1.1"), "the old list holds while the file is written");
        file.write_all(line.as_bytes()).unwrap();
    }
    drop(file);
    match bench.next() {
        Outcome::Swapped { generation: 3, entries: 3, .. } => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_that_is_meant_to_be_empty() {
    let bench = Bench::new("10.0.1.0/24\n");
    File::create(bench.file()).unwrap();
    assert_eq!(bench.swapped(), 3);
    assert!(!bench.allows("10.0.1.1"));
}

#[test]
fn a_bad_list_and_then_a_good_one() {
    let bench = Bench::new("10.0.1.0/24\n");
    bench.replace("10.0.2.0/24\n10.1\n");
    let (error, times) = bench.refused();
    let WatchError::Rejected { rejected, .. } = &error else { panic!("{error}") };
    assert_eq!(rejected.report().error_count(), 1);
    assert_eq!(times, 1);
    assert!(error.to_string().contains("line 2, column 1"), "{error}");
    assert!(bench.allows("10.0.1.1") && !bench.allows("10.0.2.1"));
    assert_eq!(bench.gate.generation(), 2);

    bench.replace("10.0.2.0/24\n10.1.0.0/16\n");
    let outcome = bench.next();
    assert!(
        matches!(outcome, Outcome::Swapped { generation: 3, entries: 2, failures: 1, .. }),
        "{outcome:?}"
    );
}

#[test]
fn a_lenient_parser_tells_what_it_left_out() {
    let lenient = |watch: Watch| watch.parser(Parser::new().lenient(true));
    let bench = Bench::with("10.0.1.0/24\n", lenient);
    bench.replace("10.0.2.0/24\n10.1\n");
    match bench.next() {
        outcome @ Outcome::Swapped { entries: 1, left_out: 1, .. } => {
            let sentence = "generation 3 is in force with 1 entry, without what is left out for 1 error\n";
            assert!(outcome.to_string().starts_with(sentence), "{outcome}");
            let Outcome::Swapped { reports, .. } = outcome else { unreachable!() };
            assert_eq!(reports.len(), 1);
            assert_eq!((&reports[0].0, reports[0].1.error_count()), (&bench.file(), 1));
        }
        other => panic!("{other:?}"),
    }
    bench.watcher.poll_now();
    let outcome = bench.next();
    assert!(matches!(outcome, Outcome::Unchanged { left_out: 1, .. }), "{outcome:?}");
    bench.replace("nonsense\n10.1\n");
    assert!(matches!(bench.refused().0, WatchError::Rejected { .. }), "not an empty list");
    assert!(bench.allows("10.0.2.1"));

    bench.replace("<html>\n<body>\n<pre>\n10.0.3.0/24\n10.0.2.0/24\n</pre>\n</body>\n</html>\n");
    let (error, _) = bench.refused();
    let said = error.to_string();
    assert!(said.contains("list rejected: 6 errors; 6 of 8 pieces are no entries"), "{said}");
    assert!(said.contains("this is an HTML page"), "{said}");
    assert!(bench.allows("10.0.2.1") && !bench.allows("10.0.3.1"));
}

#[test]
fn the_guard_refuses_and_the_owner_insists() {
    let bench = Bench::new("10.0.1.0/24\n");
    bench.gate.set_guard(Guard::new().must_allow([ip("10.0.1.1")]));
    bench.replace("10.0.2.0/24\n");
    let (error, _) = bench.refused();
    assert!(matches!(error, WatchError::Guard { .. }), "{error}");
    assert!(bench.allows("10.0.1.1"));
    assert_eq!(bench.gate.generation(), 2);

    bench.gate.set_guard(Guard::new());
    bench.watcher.poll_now();
    let outcome = bench.next();
    assert!(matches!(outcome, Outcome::Swapped { generation: 3, failures: 1, .. }), "{outcome:?}");
    assert!(bench.allows("10.0.2.1"));
}

#[test]
fn the_same_text_again_swaps_nothing() {
    let bench = Bench::new("10.0.1.0/24\n");
    bench.replace("10.0.1.0/24\n");
    let outcome = bench.next();
    assert!(matches!(outcome, Outcome::Unchanged { generation: 2, failures: 0, .. }), "{outcome:?}");
    bench.watcher.poll_now();
    assert!(matches!(bench.next(), Outcome::Unchanged { generation: 2, .. }));
    bench.gate.set_guard(Guard::new().must_allow([ip("10.0.1.1")]));
    bench.replace("10.0.2.0/24\n");
    assert!(matches!(bench.refused().0, WatchError::Guard { .. }));
    bench.replace("10.0.1.0/24\n");
    let outcome = bench.next();
    assert!(matches!(outcome, Outcome::Unchanged { generation: 2, failures: 1, .. }), "{outcome:?}");
}

#[test]
fn entries_expire_without_a_change_of_the_file() {
    // On a machine so slow that the entry has expired before it is loaded, it gets more time.
    let held = [2, 10, 60].into_iter().find_map(|seconds| {
        let until = SystemTime::now() + Duration::from_secs(seconds);
        let micros = until.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros();
        let until = Until::from_unix_micros(i64::try_from(micros).unwrap()).unwrap();
        // The interval is long: the thread wakes for the entry's sake.
        let interval = |watch: Watch| watch.interval(Duration::from_secs(3600));
        let bench = Bench::with(&format!("10.0.0.0/8\n192.0.2.7:guest;until={until}\n"), interval);
        (bench.gate.snapshot().table().len() == 2).then_some((bench, until))
    });
    let (bench, until) = held.unwrap();
    let outcome = bench.next();
    assert!(matches!(outcome, Outcome::Expired { generation: 3, entries: 1, .. }), "{outcome:?}");
    assert!(until.has_passed(SystemTime::now()));
    assert_eq!(bench.gate.snapshot().table().len(), 1);
    assert!(!bench.allows("192.0.2.7") && bench.allows("10.0.0.1"));
}

#[test]
fn a_policy_of_two_files() {
    let directory = tempfile::tempdir().unwrap();
    let (base, office) = (directory.path().join("base.list"), directory.path().join("office.list"));
    fs::write(&base, "10.0.0.0/8:corp\n").unwrap();
    fs::write(&office, "192.0.2.0/24:office\n").unwrap();
    let bench = Bench::start(directory, &office, |watch| watch.default_list(&base).mode(Mode::Extend));
    assert!(bench.allows("10.0.0.1") && bench.allows("192.0.2.1"));

    fs::write(bench.path("new"), "!192.0.2.9:gone\nnonsense\n").unwrap();
    fs::rename(bench.path("new"), &office).unwrap();
    assert_eq!(bench.refused().0.path(), Some(office.as_path()));
    // One bad list does not hold up the other.
    fs::write(bench.path("new"), "172.16.0.0/12:corp\n").unwrap();
    fs::rename(bench.path("new"), &base).unwrap();
    bench.swapped();
    assert!(bench.allows("172.16.0.1") && bench.allows("192.0.2.1") && !bench.allows("10.0.0.1"));
}

/// No directory that is watched tells of this: the replaced directory is further up. Polling finds it.
#[test]
fn polling_finds_what_is_not_notified() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    for (parent, text) in [("a/b", "10.0.1.0/24\n"), ("new/b", "10.0.2.0/24\n")] {
        fs::create_dir_all(path(parent)).unwrap();
        fs::write(path(parent).join("office.list"), text).unwrap();
    }
    let file = path("a/b/office.list");
    let bench = Bench::start(directory, &file, |watch| watch);
    fs::rename(bench.path("a"), bench.path("old")).unwrap();
    fs::rename(bench.path("new"), bench.path("a")).unwrap();
    let swapped = std::iter::repeat_with(|| bench.next()).find(|o| !matches!(o, Outcome::Refused { .. }));
    assert!(matches!(swapped, Some(Outcome::Swapped { generation: 3, .. })), "{swapped:?}");
    assert!(bench.allows("10.0.2.1"));
    // From then on, the new directory is the one that is followed.
    fs::write(&file, "10.0.3.0/24\n").unwrap();
    bench.swapped();
    assert!(bench.allows("10.0.3.1"));
}

#[test]
fn nothing_starts_with_a_bad_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("office.list");
    let gate = Gate::new(&"10.0.0.0/8".parse().unwrap());
    let start = || Watch::new(&gate).app(&file).start().map(drop);

    assert!(matches!(start(), Err(WatchError::Missing { .. })));
    fs::write(&file, "10.1\n").unwrap();
    assert!(matches!(start(), Err(WatchError::Rejected { .. })));
    gate.set_guard(Guard::new().must_allow([ip("10.0.0.1")]));
    fs::write(&file, "192.0.2.0/24\n").unwrap();
    assert!(matches!(start(), Err(WatchError::Guard { .. })));
    assert!(matches!(Watch::new(&gate).start().map(drop), Err(WatchError::NoFile)));
    assert_eq!(gate.generation(), 1);
    assert!(gate.is_allowed(ip("10.0.0.1")));
}

#[test]
fn a_callback_that_panics_does_not_end_the_following() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("office.list");
    fs::write(&file, "10.0.1.0/24\n").unwrap();
    let gate = Gate::new(&List::new());
    let (tell, outcomes) = channel();
    let watcher = Watch::new(&gate)
        .app(&file)
        .on_outcome(move |outcome| match outcome {
            Outcome::Swapped { generation: 2, .. } => panic!("the callback's own trouble"),
            outcome => tell.send(outcome).unwrap(),
        })
        .start()
        .unwrap();
    fs::write(&file, "10.0.2.0/24\n").unwrap();
    let outcome = outcomes.recv_timeout(NEVER).unwrap();
    assert!(matches!(outcome, Outcome::Swapped { generation: 3, .. }), "{outcome:?}");
    assert!(watcher.is_running());
    let reason = gate.status().last_failure.expect("recorded").reason;
    assert!(reason.contains("callback"), "{reason}");
}

#[test]
fn the_end_of_the_watcher_is_the_end_of_the_following() {
    let bench = Bench::new("10.0.1.0/24\n");
    bench.watcher.stop();
    assert!(bench.outcomes.recv().is_err(), "the callback is gone, and the thread with it");
}

#[test]
fn a_watcher_may_be_dropped_by_its_own_callback() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("office.list");
    fs::write(&file, "10.0.1.0/24\n").unwrap();
    let slot: Arc<Mutex<Option<Watcher>>> = Arc::default();
    let (tell, ended) = channel::<()>();
    let in_callback = Arc::clone(&slot);
    let mut held = slot.lock().unwrap();
    let watcher = Watch::new(&Gate::new(&List::new()))
        .app(&file)
        .on_outcome(move |_| {
            let _ = &tell; // dropped with the callback, at the end of the thread
            drop(in_callback.lock().unwrap().take());
        })
        .start()
        .unwrap();
    *held = Some(watcher);
    drop(held);
    assert_eq!(ended.recv_timeout(NEVER), Err(std::sync::mpsc::RecvTimeoutError::Disconnected));
}
