//! A site of ten thousand apps of ten entries beside a default list: its memory, its image and its folder, a change of one
//! app, and what a check costs over one of a single gate. Passes are interleaved, and the least of each way counts: a busy
//! machine only adds.
//!
//! `cargo bench --features site-text,watch --bench site`; with `-- --test` small and once, for the answers.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ipgate::ipnet::{IpNet, Ipv4Net};
use ipgate::site::{App, AppName, AppRef, Host, ListSlot, Site, SiteGate, SiteParser, Sought};
use ipgate::watch::FollowedSite;
use ipgate::{Action, Address, Entry, Gate, Label, List, Policy, Reader, Table};

/// The system's allocator, knowing how much is in use.
struct Counting;

static LIVE: AtomicIsize = AtomicIsize::new(0);

// SAFETY: every call is passed on unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller keeps the rules of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: `ptr` came from `System` with this layout.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many there are of what.
#[derive(Clone, Copy)]
struct Size {
    apps: u32,
    default: u32,
    clients: usize,
    passes: usize,
}

fn scattered(number: u32) -> Ipv4Addr {
    number.wrapping_mul(0x9e37_79b1).into()
}

fn entry(address: Ipv4Addr, length: u8, label: &str) -> Entry {
    let net = Ipv4Net::new(address, length).expect("a length of IPv4").trunc();
    Entry::new(IpNet::V4(net), Action::Allow).with_label(Label::new(label).expect("it is short"))
}

fn name(app: u32) -> AppName {
    AppName::new(&format!("team{}/app{app}", app % 100)).expect("a path")
}

fn host(app: u32) -> Host {
    Host::new(&format!("app{app}.team{}.example.com", app % 100)).expect("a name")
}

/// Six hosts, three offices and a wide network, as people write them.
fn app_list(app: u32, turn: u32) -> List {
    let at = |number: u32| scattered((app * 16 + number).wrapping_add(turn << 24));
    let entries = (0..10).map(|number| match number {
        0..6 => entry(at(number), 32, "partner"),
        6..9 => entry(at(number), 24, "office"),
        _ => entry(at(number), 16, "provider"),
    });
    List::from_entries(entries).expect("all allow")
}

fn default_list(count: u32) -> List {
    List::from_entries((0..count).map(|number| entry(scattered(!number), 24 + (number % 9) as u8, "corp")))
        .expect("all allow")
}

fn site(size: Size) -> Site {
    let app = |number| App::new().with_list(app_list(number, 0)).with_host(host(number));
    let site = Site::new().with_default(default_list(size.default));
    (0..size.apps).fold(site, |site, number| site.with_app(name(number), app(number)))
}

/// A client of an app: every other one is in a list of it.
fn client(app: u32, number: u32) -> IpAddr {
    match number % 2 {
        0 => scattered(app * 16 + number % 10).into(),
        _ => scattered(number.wrapping_mul(77)).into(),
    }
}

/// The least of some passes of each way, ns a check, each way with its answers.
fn least(passes: usize, ways: &mut [(&str, &mut dyn FnMut() -> usize)], checks: usize) -> Vec<f64> {
    let mut least = vec![f64::INFINITY; ways.len()];
    for _ in 0..passes {
        let mut answers = Vec::new();
        for ((_, way), least) in ways.iter_mut().zip(&mut least) {
            let start = Instant::now();
            answers.push(black_box(way()));
            *least = least.min(start.elapsed().as_secs_f64() * 1e9 / checks as f64);
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "all ways say the same: {answers:?}");
    }
    least
}

/// The site as one file: of the folder in which people write it, and back into a gate.
fn images(gate: &SiteGate, size: Size) {
    let folder = tempfile::tempdir().expect("a folder");
    let state = gate.snapshot().site();
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("it is below the folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    let text = |slot: &ListSlot| slot.list().expect("it is set").to_string();
    write("default.list", text(state.default_list()));
    let hosts = |(name, app): (&AppName, &App)| format!("{} {name}\n", app.hosts()[0]);
    write("hosts", state.apps().iter().map(hosts).collect());
    for (name, app) in state.apps() {
        write(&format!("apps/{name}.list"), text(app.list()));
    }
    let (mut compiled, mut loaded, mut image) = (f64::INFINITY, f64::INFINITY, Vec::new());
    for _ in 0..size.passes.min(9) {
        let start = Instant::now();
        let parsed = SiteParser::new().read(folder.path()).expect("it is a site");
        image = parsed.whole().expect("all lists are good").site.to_image().expect("no host is of two apps");
        compiled = compiled.min(start.elapsed().as_secs_f64() * 1e3);
        let start = Instant::now();
        let site = Site::from_image(&image).expect("an image");
        let gate = SiteGate::new(&site).expect("no host is of two apps");
        loaded = loaded.min(start.elapsed().as_secs_f64() * 1e3);
        assert_eq!(gate.status().entries, (10 * size.apps + size.default) as usize);
    }
    println!(
        "  its image: {:.1} MB, compiled of the folder in {compiled:.0} ms, in a gate in {loaded:.1} ms",
        image.len() as f64 / 1e6
    );
    followed(folder.path(), size);
}

/// The folder followed: looks at it while nothing changes, and one app whose list is another file in its place.
fn followed(folder: &Path, size: Size) {
    let before = LIVE.load(Ordering::Relaxed);
    let gate = SiteGate::new(&Site::new().with_enforce(true)).expect("it has no host");
    let mut site = FollowedSite::new(&gate, folder).expect("a path");
    site.load().expect("all of it is good");
    let bytes = LIVE.load(Ordering::Relaxed) - before;
    let mut look = || {
        let start = Instant::now();
        let (outcomes, settles) = site.read(start, true);
        assert!(outcomes.is_empty(), "{outcomes:?}");
        let read = Instant::now();
        let is_in_force = !site.apply().is_empty();
        let micros = |from: Instant, to: Instant| (to - from).as_secs_f64() * 1e6;
        (is_in_force, settles, micros(start, read), micros(read, Instant::now()))
    };
    // Folders that have just changed are listed at each look.
    let (mut listed, mut unchanged, start) = (f64::INFINITY, f64::INFINITY, Instant::now());
    while start.elapsed() < Duration::from_millis(if size.passes > 1 { 4000 } else { 50 }) {
        let (_, _, read, _) = look();
        let least = if start.elapsed() < Duration::from_secs(2) { &mut listed } else { &mut unchanged };
        *least = least.min(read);
    }
    let mut applied: Vec<f64> = (0..size.passes.min(15) as u32)
        .map(|turn| {
            let app = turn * 613 % size.apps;
            let beside = folder.join("beside");
            fs::write(&beside, app_list(app, 1 + turn).to_string()).expect("a file");
            fs::rename(beside, folder.join(format!("apps/{}.list", name(app)))).expect("a file in its place");
            loop {
                let (is_in_force, settles, _, apply) = look();
                if is_in_force {
                    break apply;
                }
                thread::sleep(
                    settles.map_or(Duration::ZERO, |at| at.saturating_duration_since(Instant::now())),
                );
            }
        })
        .collect();
    applied.sort_by(f64::total_cmp);
    println!(
        "  its folder followed: {:.1} MB; a look where nothing has changed {:.1} ms, where a folder has {:.1} ms; \
         one app changed: in force {:.0} µs after it was read (middle), {:.0} µs (longest)",
        bytes as f64 / 1e6,
        unchanged / 1e3,
        listed / 1e3,
        applied[applied.len() / 2],
        applied[applied.len() - 1]
    );
}

fn checks_of_one_app(gate: &SiteGate, size: Size) {
    let app = size.apps / 2;
    let (name, host) = (name(app), host(app).to_string());
    let clients: Vec<IpAddr> = (0..size.clients as u32).map(|number| client(app, number)).collect();
    // The single gate has both lists in one table: what today's policies for one place are.
    let policy = Policy::new().with_default(default_list(size.default)).with_app(app_list(app, 0));
    let single = Gate::from_policy(&policy);
    let (mut bare, mut kept, mut counted_app) =
        (single.reader(), AppRef::new(name.clone()), AppRef::new(name.clone()));
    let (mut by_number, mut counted) = (gate.reader(), gate.reader());
    let (mut by_name, mut by_host) = (gate.reader(), gate.reader());
    let count = |check: &mut dyn FnMut(IpAddr) -> bool| {
        clients.iter().filter(|client| check(black_box(**client))).count()
    };
    let mut ways: [(&str, &mut dyn FnMut() -> usize); 5] = [
        ("a single gate", &mut || count(&mut |client| bare.check(client).is_allowed())),
        ("its number known", &mut || {
            count(&mut |client| by_number.check_app(&mut kept, client).is_allowed())
        }),
        ("the same, counted", &mut || {
            let check = &mut |client| {
                let judged = counted.admit(Sought::App(&mut counted_app), Address::from(client));
                judged.judgement().is_allowed()
            };
            count(check)
        }),
        ("by name", &mut || count(&mut |client| by_name.check(name.as_str(), client).is_allowed())),
        ("by host", &mut || count(&mut |client| by_host.check_host(&host, client).is_allowed())),
    ];
    let times = least(size.passes, &mut ways, clients.len());
    for ((way, _), time) in ways.iter().zip(&times) {
        println!("  one app, {way:>17}: {time:6.1} ns a check, {:+.1}", time - times[0]);
    }
}

fn checks_of_all_apps(gate: &SiteGate, size: Size) {
    let pairs: Vec<(u32, IpAddr)> = (0..size.clients as u32)
        .map(|number| {
            let app = number.wrapping_mul(0x2545_f491) % size.apps;
            (app, client(app, number))
        })
        .collect();
    let gates: Vec<Gate> = (0..size.apps).map(|app| Gate::new(&app_list(app, 0))).collect();
    let mut readers: Vec<Reader> = gates.iter().map(Gate::reader).collect();
    let mut default = Gate::new(&default_list(size.default)).reader();
    let (mut site, mut counted) = (gate.reader(), gate.reader());
    let mut refs: Vec<AppRef> = (0..size.apps).map(|app| AppRef::new(name(app))).collect();
    let mut counted_refs = refs.clone();
    let mut ways: [(&str, &mut dyn FnMut() -> usize); 3] = [
        ("bare readers", &mut || {
            let is_allowed = |(app, client): &&(u32, IpAddr)| {
                let of_app = readers[*app as usize].check(*client).is_allowed();
                // What the site asks beside it; all entries allow.
                of_app | default.is_allowed(*client)
            };
            pairs.iter().filter(is_allowed).count()
        }),
        ("the site", &mut || {
            let check = |(app, client): &&(u32, IpAddr)| {
                site.check_app(&mut refs[*app as usize], *client).is_allowed()
            };
            pairs.iter().filter(check).count()
        }),
        ("the site, counted", &mut || {
            let check = |(app, client): &&(u32, IpAddr)| {
                let app = Sought::App(&mut counted_refs[*app as usize]);
                counted.admit(app, Address::from(*client)).judgement().is_allowed()
            };
            pairs.iter().filter(check).count()
        }),
    ];
    let times = least(size.passes, &mut ways, pairs.len());
    println!(
        "  all apps at random: bare readers {:.1} ns, the site {:.1} ns, {:.2} times, counted {:+.1} ns",
        times[0],
        times[1],
        times[1] / times[0],
        times[2] - times[1]
    );
}

fn changes(gate: &SiteGate, size: Size) {
    let mut times: Vec<f64> = (0..size.passes.max(3) as u32 * 20)
        .map(|turn| {
            let app = (turn * 7919) % size.apps;
            let state = App::new().with_list(app_list(app, 1 + turn % 100)).with_host(host(app));
            let name = name(app);
            let start = Instant::now();
            gate.set_app(name, state).expect("there is no guard");
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!(
        "  one app changed: in force after {:.1} µs (middle), {:.1} µs (longest)",
        times[times.len() / 2],
        times[times.len() - 1]
    );
}

fn main() {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let size = match is_test {
        true => Size { apps: 100, default: 1000, clients: 1000, passes: 1 },
        false => Size { apps: 10_000, default: 1000, clients: 10_000, passes: 200 },
    };
    let description = site(size);
    let before = LIVE.load(Ordering::Relaxed);
    let start = Instant::now();
    let gate = SiteGate::new(&description).expect("no host is of two apps");
    let built = start.elapsed().as_secs_f64() * 1e3;
    let bytes =
        LIVE.load(Ordering::Relaxed) - before - Table::new(&default_list(size.default)).bytes() as isize;
    drop(description);
    println!(
        "{} apps of 10 entries beside a default list of {}: {:.1} MB, made in {built:.0} ms",
        size.apps,
        size.default,
        bytes as f64 / 1e6
    );
    images(&gate, size);
    checks_of_one_app(&gate, size);
    checks_of_all_apps(&gate, size);
    let default = if is_test { 10_000 } else { 1_000_000 };
    gate.set_default(default_list(default)).expect("there is no guard");
    println!("beside a default list of {default}:");
    changes(&gate, size);
}
