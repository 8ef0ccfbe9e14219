//! How long it takes from a write into etcd until it is in force, with a real etcd that this starts and ends.
//!
//! ```text
//! cargo run --release -p ipgate-sources --features etcd,etcd-v2 --example latency -- [WHAT…] [followers=N] [seconds=N]
//! ```
//!
//! `WHAT` is any of `write` (a write until it is in force, through either API), `start` (10,000 apps), `large` (a default list of
//! a million entries), `load` (1,000 changes a second) and `fleet` (many routers on one etcd); all of them where none is named.

#[path = "../tests/support/mod.rs"]
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use etcd_client::{Client, WatchOptions};
use ipgate::site::SiteGate;
use ipgate::{Gate, List};
use ipgate_sources::{Condition, EtcdSource, EtcdStore, Layout, StateFolder};
use support::{Api, Etcd, Follower, Options, V3};

const APPS: usize = 10_000;
const CHANGES_A_SECOND: usize = 1_000;
const WRITES: usize = 1_000;

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, default: usize| {
        let given = words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        given.map_or(default, |given| given.parse().expect("a number"))
    };
    let (followers, seconds) = (number("followers", 10_000), number("seconds", 60));
    let any = words.iter().any(|word| !word.contains('='));
    let asked = |what: &str| !any || words.iter().any(|word| word == what);
    println!("{}", cpu());
    if asked("write") {
        write("v3").await;
        write("v2").await;
    }
    if asked("start") {
        start("v3").await;
        start("v2").await;
    }
    if asked("large") {
        large().await;
    }
    if asked("load") {
        load(seconds).await;
    }
    if asked("fleet") {
        fleet(followers).await;
    }
}

fn cpu() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "{}, {cores} cores, debug build: {}",
        name.trim_start_matches(['\t', ' ', ':']),
        cfg!(debug_assertions)
    )
}

async fn etcd(api: &str) -> (Etcd, Api) {
    let options = Options { is_on_disk: true, ..Options::default() };
    let etcd = Etcd::start_with(options).expect("an etcd");
    let keys = if api == "v3" { Api::v3(&etcd.url()).await } else { Api::v2(&etcd.url()).await };
    (etcd, keys)
}

/// The part of the values that are at most that.
fn quantile(sorted: &[Duration], part: f64) -> Duration {
    let at = (sorted.len() as f64 * part) as usize;
    sorted[at.min(sorted.len() - 1)]
}

fn told(what: &str, mut times: Vec<Duration>) {
    times.sort();
    println!(
        "{what}: p50 {:.1?}, p99 {:.1?}, last {:.1?}",
        quantile(&times, 0.5),
        quantile(&times, 0.99),
        times[times.len() - 1]
    );
}

/// When a gate lets that client in; looked at by a thread of its own, every 50 µs.
fn in_force(gate: &SiteGate, app: &str, client: &str) -> tokio::task::JoinHandle<Instant> {
    let (gate, app, client) = (gate.clone(), app.to_owned(), client.parse().unwrap());
    tokio::task::spawn_blocking(move || {
        while !gate.is_allowed(&app, client) {
            std::thread::sleep(Duration::from_micros(50));
        }
        Instant::now()
    })
}

fn list(app: usize) -> String {
    let entries = (0..10).map(|entry| format!("10.{entry}.{}.{}:app{app}", app / 256, app % 256));
    entries.collect::<Vec<_>>().join(",")
}

/// One write after the other, among a hundred apps.
async fn write(api: &str) {
    let (etcd, keys) = etcd(api).await;
    for app in 0..100 {
        keys.put(&Api::list(&format!("app{app}")), &list(app)).await;
    }
    let mut follower = Follower::start_with(keys.source(&etcd.url()), None);
    follower.ready().await;
    let mut times = Vec::new();
    for write in 0..WRITES {
        let (app, client) = (format!("app{}", write % 100), format!("192.0.{}.{}", write / 256, write % 256));
        let done = in_force(&follower.gate, &app, &client);
        let before = Instant::now();
        keys.put(&Api::list(&app), &client).await;
        times.push(done.await.unwrap() - before);
    }
    told(&format!("{api}: a write until it is in force, {WRITES} times"), times);
}

/// From nothing to ten thousand apps of ten entries, each with a domain, and the controller below each of those.
async fn start(api: &str) {
    let (etcd, keys) = etcd(api).await;
    fill(&keys).await;
    let mut times = Vec::new();
    for _ in 0..5 {
        let before = Instant::now();
        let mut follower = Follower::start_with(keys.source(&etcd.url()), None);
        follower.ready().await;
        times.push(before.elapsed());
        assert!(follower.allows("app9999", "10.0.39.15") && !follower.allows("app9999", "10.0.39.16"));
    }
    told(&format!("{api}: start with {APPS} apps of 10 entries and a domain each, 5 times"), times);
    let (folder, mut times) = (tempfile::tempdir().unwrap(), Vec::new());
    for start in 0..6 {
        let before = Instant::now();
        let state = StateFolder::open(folder.path()).unwrap();
        let mut follower = Follower::start_with(keys.source(&etcd.url()), Some(state));
        follower.until_source(|source| source.condition == Condition::Connected && source.apps > APPS).await;
        if start > 0 {
            times.push(before.elapsed());
        }
        follower.stop().await;
    }
    told(&format!("{api}: start with what was kept of them, until followed, 5 times"), times);
}

/// A default list of a million entries in parts, another one each time.
async fn large() {
    const ENTRIES: u32 = 1_000_000;
    let (etcd, _) = etcd("v3").await;
    let store = EtcdStore::new([etcd.url()]).layout(Layout::Plain);
    let source = EtcdSource::new([etcd.url()]).layout(Layout::Plain);
    let follower = Follower::start(source);
    let (mut written, mut followed) = (Vec::new(), Vec::new());
    for round in 0..5 {
        let addresses =
            (0..ENTRIES).map(|number| format!("{}:host", std::net::Ipv4Addr::from(0x0a00_0000 + number)));
        let client = format!("192.0.2.{round}");
        let text = addresses.chain([client.clone()]).collect::<Vec<_>>().join("\n");
        let (done, before) = (in_force(&follower.gate, "any", &client), Instant::now());
        let read = store.read_default().await.unwrap();
        store.write_default(Some(&text), &read).await.unwrap();
        written.push(before.elapsed());
        followed.push(done.await.unwrap() - before);
    }
    told(&format!("v3: a default list of {ENTRIES} entries read and written, 5 times"), written);
    told("    from the begin of that until it is in force", followed);
}

async fn fill(keys: &Api) {
    use futures_util::StreamExt;
    keys.put("/deis/router/controller/whitelist", "10.0.0.0/8").await;
    let apps = (0..APPS).map(|app| async move {
        keys.put(&Api::list(&format!("app{app}")), &list(app)).await;
        keys.put(&format!("/deis/domains/app{app}.example.com"), &format!("app{app}")).await;
    });
    futures_util::stream::iter(apps).for_each_concurrent(64, |app| app).await;
}

/// Many changes a second for a while: whether they pile up, and what a reader notices of them.
async fn load(seconds: usize) {
    let (etcd, keys) = etcd("v3").await;
    fill(&keys).await;
    let mut follower = Follower::start_with(keys.source(&etcd.url()), None);
    follower.ready().await;
    // Beside something that uses as much of the machine and changes nothing here: the same writes to keys that nobody reads.
    let beside = reader(&follower.gate);
    writes(&keys, "/elsewhere", seconds.min(20)).await;
    let beside = beside.end();
    let during = reader(&follower.gate);
    let (before, done) = (Instant::now(), in_force(&follower.gate, "app0", "203.0.113.1"));
    let count = writes(&keys, "/deis/config", seconds).await;
    let written = before.elapsed();
    let last = Instant::now();
    keys.put(&Api::list("app0"), "203.0.113.1").await;
    let lag = done.await.unwrap() - last;
    let during = during.end();
    println!(
        "v3: {count} changes in {:.1} s ({:.0} a second) among {APPS} apps: lag at the end {lag:.1?}, {} generations",
        written.as_secs_f64(),
        count as f64 / written.as_secs_f64(),
        follower.gate.generation()
    );
    println!(
        "    reader: p50 {:?}, p99.9 {:?} during it; p50 {:?}, p99.9 {:?} beside as many writes to other keys",
        during[0], during[1], beside[0], beside[1]
    );
}

/// Writes that often, as evenly as sixteen writers can; the count.
async fn writes(keys: &Api, below: &str, seconds: usize) -> usize {
    let (total, begin) = (CHANGES_A_SECOND * seconds, Instant::now());
    let next = Arc::new(AtomicUsize::new(0));
    let writers = (0..16).map(|_| {
        let (keys, next, below) = (keys.clone(), Arc::clone(&next), below.to_owned());
        tokio::spawn(async move {
            loop {
                let write = next.fetch_add(1, Ordering::Relaxed);
                if write >= total {
                    return;
                }
                let at =
                    begin + Duration::from_secs(1) * u32::try_from(write).unwrap() / CHANGES_A_SECOND as u32;
                tokio::time::sleep_until(at.into()).await;
                let app = write * 7919 % APPS;
                let text = format!("{},192.0.2.{}", list(app), write % 256);
                keys.put(&format!("{below}/app{app}/deis_whitelist"), &text).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    total
}

struct Reading {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<[Duration; 2]>,
}

impl Reading {
    fn end(self) -> [Duration; 2] {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// A thread that asks ten thousand times a second; the p50 and p99.9 of how long the answers took.
fn reader(gate: &SiteGate) -> Reading {
    let (gate, stop) = (gate.clone(), Arc::new(AtomicBool::new(false)));
    let stopped = Arc::clone(&stop);
    let thread = std::thread::spawn(move || {
        let mut reader = gate.reader();
        let names: Vec<String> = (0..APPS).map(|app| format!("app{app}")).collect();
        let mut times = Vec::new();
        let mut app = 0;
        while !stopped.load(Ordering::Relaxed) {
            for _ in 0..100 {
                app = (app + 4099) % APPS;
                let before = Instant::now();
                std::hint::black_box(reader.is_allowed(names[app].as_str(), [10, 1, 2, 3].into()));
                times.push(before.elapsed());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        times.sort();
        [quantile(&times, 0.5), quantile(&times, 0.999)]
    });
    Reading { stop, thread }
}

/// Routers that each follow one list into a gate of their own, a hundred on a connection.
async fn fleet(followers: usize) {
    const ON_A_CONNECTION: usize = 100;
    let (etcd, keys) = etcd("v3").await;
    let key = Api::list("shop");
    keys.put(&key, "10.0.0.0/8").await;
    let V3(client) = V3::connect(&etcd.url()).await;
    let revision = client.kv_client().get(key.as_str(), None).await.unwrap().header().unwrap().revision();
    let (swapped, watching) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (sender, mut times) = tokio::sync::mpsc::unbounded_channel();
    let mut tasks = tokio::task::JoinSet::new();
    for first in (0..followers).step_by(ON_A_CONNECTION) {
        let client = Client::connect([etcd.url()], None).await.unwrap();
        for _ in first..followers.min(first + ON_A_CONNECTION) {
            let (client, key, sender) = (client.clone(), key.clone(), sender.clone());
            let (swapped, watching) = (Arc::clone(&swapped), Arc::clone(&watching));
            tasks.spawn(async move {
                let gate = Gate::new(&"10.0.0.0/8".parse::<List>().unwrap());
                let options = WatchOptions::new().with_start_revision(revision + 1);
                let mut watch = client.watch_client().watch(key, Some(options)).await.unwrap();
                watching.fetch_add(1, Ordering::Relaxed);
                while let Some(answer) = watch.message().await.unwrap() {
                    for event in answer.events() {
                        let text = event.kv().unwrap().value_str().unwrap();
                        gate.replace(&text.parse::<List>().unwrap()).unwrap();
                        swapped.fetch_add(1, Ordering::Relaxed);
                        sender.send(Instant::now()).unwrap();
                    }
                }
            });
        }
    }
    support::eventually(|| watching.load(Ordering::Relaxed) == followers).await;
    let (mut middle, mut late, mut last) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=10 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let before = Instant::now();
        keys.put(&key, &format!("10.0.0.0/8,192.0.2.{round}:round{round}")).await;
        support::eventually(|| swapped.load(Ordering::Relaxed) >= round * followers).await;
        let mut round: Vec<Duration> = Vec::new();
        while round.len() < followers {
            round.push(times.recv().await.unwrap() - before);
        }
        round.sort();
        middle.push(quantile(&round, 0.5));
        late.push(quantile(&round, 0.99));
        last.push(round[round.len() - 1]);
    }
    told(&format!("v3: {followers} followers on one etcd, 10 writes: the middle one"), middle);
    told("    the 99th of a hundred", late);
    told("    the last", last);
    tasks.shutdown().await;
}
