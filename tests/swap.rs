//! The swap under load: every verdict is what one whole table gives, and old tables go away.
//!
//! `IPGATE_STRESS_CHECKS` and `IPGATE_STRESS_SWAPS` set the size; the default takes a few seconds.

mod support;

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex, Weak};
use std::time::SystemTime;

use ipgate::{Gate, List, gate::Snapshot};
use support::bgp::{Random, list};
use support::golden::Golden;

fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")),
        Err(_) => default,
    }
}

/// What every address of a pool is told, by the golden model: allowed, and the label.
type Answers = Vec<(bool, Option<String>)>;

fn answers(list: &List, pool: &[IpAddr]) -> Answers {
    let (golden, now) = (Golden::of_list(list), SystemTime::now());
    let answer = |address: &IpAddr| {
        let verdict = golden.decide(*address, now);
        (verdict.is_allowed(), verdict.label().map(str::to_owned))
    };
    pool.iter().map(answer).collect()
}

/// Counts a reader while it runs, also when it panics.
struct Running<'c>(&'c AtomicU64);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[test]
fn every_verdict_is_that_of_its_generation() {
    const READERS: u64 = 3;
    const POOL: usize = 4096;
    let checks = setting("IPGATE_STRESS_CHECKS", 1_000_000);
    let swaps = setting("IPGATE_STRESS_SWAPS", 300);

    // Generation g has the list g % 3; the lists share prefixes under other labels and actions.
    let lists: Vec<List> = (0..3)
        .map(|turn| {
            let common = list(7, 300).to_string().replace(":as", &format!(":turn{turn}as"));
            let own = list(100 + turn, 400).to_string();
            let parsed = List::parser().lenient(true).parse(common + &own).expect("a list");
            parsed.list
        })
        .collect();
    let mut random = Random::new(42);
    let pool: Vec<IpAddr> = (0..POOL).map(|at| random.address(lists[at % 3].entries())).collect();
    let expected: Vec<Answers> = lists.iter().map(|list| answers(list, &pool)).collect();
    let differing = (0..POOL).filter(|&at| expected[0][at] != expected[1][at]).count();
    assert!(differing > POOL / 4, "the lists hardly differ: {differing} of {POOL}");

    let gate = Gate::new(&lists[1]);
    let live: Mutex<Vec<Weak<Snapshot>>> = Mutex::new(vec![Arc::downgrade(&gate.snapshot())]);
    let (done, running) = (AtomicBool::new(false), AtomicU64::new(READERS));
    let (total, most_seen) = (AtomicU64::new(0), AtomicU64::new(0));
    let mut most_live = 0;
    std::thread::scope(|scope| {
        for number in 0..READERS {
            let (gate, pool, expected, done, _running) = (&gate, &pool, &expected, &done, Running(&running));
            let (total, most_seen) = (&total, &most_seen);
            scope.spawn(move || {
                let (mut reader, mut random) = (gate.reader(), Random::new(number + 1));
                let (mut last, mut seen, mut made) = (0, 0, 0);
                let mut at = random.below(POOL);
                while made < checks / READERS || !done.load(Ordering::Relaxed) {
                    let floor = gate.generation();
                    let generation = match made % 16 {
                        // The slow path of the gate itself, and verdicts that outlive their table.
                        0 => {
                            let verdict = gate.check(pool[at]);
                            assert_eq!(
                                (verdict.is_allowed(), verdict.label().map(str::to_owned)),
                                expected[(verdict.generation() % 3) as usize][at]
                            );
                            verdict.generation()
                        }
                        _ => {
                            let verdict = reader.check(pool[at]);
                            let (allowed, label) = &expected[(verdict.generation() % 3) as usize][at];
                            assert_eq!((verdict.is_allowed(), verdict.label()), (*allowed, label.as_deref()));
                            verdict.generation()
                        }
                    };
                    assert!(generation >= floor, "a check after a swap saw the table before it");
                    seen += u64::from(generation > last);
                    last = last.max(generation);
                    if made % 1024 == 1023 {
                        reader.pause();
                        at = random.below(POOL);
                        total.fetch_add(1024, Ordering::Relaxed);
                    }
                    at = (at + 1) % POOL;
                    made += 1;
                }
                total.fetch_add(made % 1024, Ordering::Relaxed);
                most_seen.fetch_max(seen, Ordering::Relaxed);
            });
        }
        for swap in 0..swaps {
            // Swaps are spread over the checks, as long as there is anyone who checks.
            while total.load(Ordering::Relaxed) < checks / swaps * swap && running.load(Ordering::Relaxed) > 0
            {
                std::thread::yield_now();
            }
            let generation = gate.replace(&lists[((swap + 2) % 3) as usize]).expect("no guard");
            assert_eq!(generation, swap + 2);
            let mut live = live.lock().expect("no panic");
            live.push(Arc::downgrade(&gate.snapshot()));
            live.retain(|table| table.strong_count() > 0);
            most_live = most_live.max(live.len());
        }
        done.store(true, Ordering::Relaxed);
    });
    let (total, seen) = (total.into_inner(), most_seen.into_inner());
    println!(
        "{total} checks by {READERS} readers, {swaps} swaps of which a reader saw {seen}; at most {most_live} tables alive"
    );
    assert!(total >= checks / READERS * READERS);
    // One in the gate, one in each reader, one in each reader's verdict of the gate, one in the writer's hand.
    assert!(most_live as u64 <= 2 * READERS + 2, "{most_live} tables alive");
    let mut live = live.into_inner().expect("no panic");
    live.retain(|table| table.strong_count() > 0);
    assert_eq!(live.len(), 1, "only the current table is left");
}

#[test]
fn after_replace_every_reader_sees_the_new_table() {
    let gate = Gate::new(&"10.0.0.0/8:old".parse().unwrap());
    let mut reader = gate.reader();
    let other = gate.clone();
    let client: IpAddr = "10.0.0.1".parse().unwrap();
    assert_eq!(reader.check(client).label(), Some("old"));
    let before = gate.check(client);
    for generation in 2..50 {
        let label = format!("new{generation}");
        assert_eq!(other.replace(&format!("10.0.0.0/8:{label}").parse().unwrap()), Ok(generation));
        assert_eq!(gate.generation(), generation);
        let verdict = reader.check(client);
        assert_eq!((verdict.label(), verdict.generation()), (Some(&*label), generation));
        assert_eq!(gate.check(client).label(), Some(&*label));
        assert_eq!(gate.reader().check(client).label(), Some(&*label));
        assert_eq!(reader.clone().check(client).label(), Some(&*label));
    }
    assert_eq!((before.label(), before.generation()), (Some("old"), 1), "a verdict stays what it was");
}

#[test]
fn old_tables_are_freed_when_the_last_reader_has_moved_on() {
    let gate = Gate::new(&"10.0.0.0/8".parse().unwrap());
    let client: IpAddr = "10.0.0.1".parse().unwrap();
    let (mut busy, mut idle, mut paused) = (gate.reader(), gate.reader(), gate.reader());
    for reader in [&mut busy, &mut idle, &mut paused] {
        assert!(reader.is_allowed(client));
    }
    let first = Arc::downgrade(&gate.snapshot());
    gate.replace(&"10.0.0.0/9".parse().unwrap()).unwrap();
    let second = Arc::downgrade(&gate.snapshot());
    paused.pause();
    assert!(busy.is_allowed(client));
    assert!(first.upgrade().is_some(), "the idle reader holds it");
    idle.pause();
    assert!(first.upgrade().is_none(), "nobody holds it");
    gate.replace(&"10.0.0.0/10".parse().unwrap()).unwrap();
    assert!(second.upgrade().is_some(), "the busy reader holds it");
    assert!(busy.is_allowed(client));
    assert!(second.upgrade().is_none());
    assert!(paused.is_allowed(client), "a check after a pause takes the current table");

    let kept = gate.check(client);
    let third = Arc::downgrade(&gate.snapshot());
    drop(gate.replace(&"192.0.2.0/24".parse().unwrap()));
    assert!(!busy.is_allowed(client) && !paused.is_allowed(client));
    assert!(third.upgrade().is_some(), "a verdict holds it");
    drop(kept);
    assert!(third.upgrade().is_none());
}

/// Workers that share the gate and went idle long ago, each after a check of its own: a swap frees what they saw.
#[test]
fn threads_that_check_by_the_gate_keep_no_replaced_table() {
    const WORKERS: usize = 4;
    let gate = Gate::new(&"10.0.0.0/8".parse().unwrap());
    let client: IpAddr = "10.0.0.1".parse().unwrap();
    let (checked, swapped) = (Barrier::new(WORKERS + 1), Barrier::new(WORKERS + 1));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                assert!(gate.check(client).is_allowed() && gate.is_allowed(client));
                checked.wait();
                swapped.wait();
                assert!(!gate.check(client).is_allowed() && !gate.is_allowed(client));
            });
        }
        let first = Arc::downgrade(&gate.snapshot());
        checked.wait();
        gate.replace(&"192.0.2.0/24".parse().unwrap()).unwrap();
        assert!(first.upgrade().is_none(), "all workers live, and none holds it");
        swapped.wait();
    });
}

/// More verdicts at once than a thread has slots for, kept through a swap, dropped where they were not made.
#[test]
fn any_number_of_verdicts_keeps_the_table_that_gave_them() {
    let gate = Gate::new(&"10.0.0.0/8:old".parse().unwrap());
    let client: IpAddr = "10.0.0.1".parse().unwrap();
    let verdicts: Vec<_> = (0..100).map(|_| gate.check(client)).collect();
    let copies = verdicts.clone();
    let first = Arc::downgrade(&gate.snapshot());
    gate.replace(&"10.0.0.0/8:new".parse().unwrap()).unwrap();
    drop(verdicts);
    let copies = std::thread::spawn(move || {
        assert!(copies.iter().all(|verdict| verdict.label() == Some("old") && verdict.generation() == 1));
        copies
    });
    drop(copies.join().unwrap());
    assert!(first.upgrade().is_none());
    assert_eq!(gate.check(client).label(), Some("new"));
}
