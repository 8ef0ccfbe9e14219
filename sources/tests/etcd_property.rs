//! Whatever is written, deleted, killed, cut and forgotten in whatever order: once all is healed the gate does what the keys
//! say, and meanwhile it let nobody in whom no state of the keys let in.
#![cfg(all(feature = "etcd", feature = "etcd-v2"))]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ipgate::site::SiteGate;
use ipgate_sources::StateFolder;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use support::{Api, Etcd, Fault, Follower, Proxy, eventually};

const APPS: [&str; 4] = ["shop", "blog", "wiki", "never"];
/// Lists by the clients that they let in; the last one is bad.
const LISTS: [(&str, &[usize]); 5] = [
    ("10.0.0.1", &[0]),
    ("10.0.0.1,10.0.0.2:label", &[0, 1]),
    ("10.0.0.3", &[2]),
    ("10.0.0.0/29,!10.0.0.2", &[0, 2]),
    ("10.0.0.1,foobar", &[]),
];
const BAD: usize = 4;
const CLIENTS: [&str; 4] = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "192.0.2.1"];

/// What the source takes for gone, in Deis's layout.
const SETTLE: Duration = Duration::from_secs(2);

/// What happens.
#[derive(Debug, Clone)]
enum Act {
    List(usize, usize),
    Unlist(usize),
    /// As a deploy does: its directory is deleted, and written again with that list.
    Deploy(usize, usize),
    Enforce(bool),
    Unenforce,
    Cut,
    Fault(u8),
    Heal,
    Kill,
    Forget,
    Wait(u8),
    /// The follower is ended, and begins again with what it kept.
    Restart,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let (app, list) = (0..APPS.len(), 0..LISTS.len());
    let act = prop_oneof![
        4 => (app.clone(), list.clone()).prop_map(|(app, list)| Act::List(app, list)),
        2 => app.clone().prop_map(Act::Unlist),
        2 => (app, list).prop_map(|(app, list)| Act::Deploy(app, list)),
        2 => any::<bool>().prop_map(Act::Enforce),
        1 => Just(Act::Unenforce),
        1 => Just(Act::Cut),
        1 => any::<u8>().prop_map(Act::Fault),
        1 => Just(Act::Heal),
        1 => Just(Act::Kill),
        1 => Just(Act::Forget),
        2 => any::<u8>().prop_map(Act::Wait),
        1 => Just(Act::Restart),
    ];
    prop::collection::vec(act, 10..40)
}

/// The keys as they are, and everyone whom they ever let in.
#[derive(Default)]
struct Model {
    lists: BTreeMap<usize, usize>,
    is_enforced: bool,
    /// The last list of each app that was good.
    good: BTreeMap<usize, usize>,
    admitted: BTreeSet<(usize, usize)>,
}

impl Model {
    /// Whom the keys let in, by the rules alone: a list decides; without one, whether lists are required.
    fn admits(&self, app: usize, client: usize) -> bool {
        let list = match self.lists.get(&app) {
            Some(&BAD) => return self.good.get(&app).is_some_and(|list| LISTS[*list].1.contains(&client)),
            list => list,
        };
        list.map_or(!self.is_enforced, |list| LISTS[*list].1.contains(&client))
    }

    fn change(&mut self, change: impl FnOnce(&mut Model)) {
        change(self);
        let now: Vec<(usize, usize)> = pairs().filter(|(app, client)| self.admits(*app, *client)).collect();
        self.admitted.extend(now);
    }

    fn list(&mut self, app: usize, list: usize) {
        self.change(|model| {
            model.lists.insert(app, list);
            if list != BAD {
                model.good.insert(app, list);
            }
        });
    }

    fn unlist(&mut self, app: usize) {
        self.change(|model| {
            model.lists.remove(&app);
        });
    }

    fn enforce(&mut self, on: bool) {
        self.change(|model| model.is_enforced = on);
    }
}

fn pairs() -> impl Iterator<Item = (usize, usize)> {
    (0..APPS.len()).flat_map(|app| (0..CLIENTS.len()).map(move |client| (app, client)))
}

/// Everyone whom the gate lets in now.
fn let_in(gate: &SiteGate) -> BTreeSet<(usize, usize)> {
    pairs().filter(|(app, client)| gate.is_allowed(APPS[*app], CLIENTS[*client].parse().unwrap())).collect()
}

/// Everyone whom a gate ever lets in, as far as looking at it all the time tells.
struct Lookout {
    seen: Arc<Mutex<BTreeSet<(usize, usize)>>>,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Lookout {
    fn start(gate: SiteGate) -> Lookout {
        let (seen, stop) = (Arc::<Mutex<BTreeSet<_>>>::default(), Arc::new(AtomicBool::new(false)));
        let (into, stopped) = (Arc::clone(&seen), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                into.lock().unwrap().extend(let_in(&gate));
                std::thread::sleep(Duration::from_micros(200));
            }
        });
        Lookout { seen, stop, thread: Some(thread) }
    }

    fn end(mut self) -> BTreeSet<(usize, usize)> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
        self.seen.lock().unwrap().clone()
    }
}

async fn act(act: &Act, etcd: &mut Etcd, keys: &Api, proxy: &Proxy, model: &mut Model) {
    const ENFORCE: &str = "/deis/router/enforceWhitelist";
    match act {
        Act::List(app, list) => {
            model.list(*app, *list);
            keys.put(&Api::list(APPS[*app]), LISTS[*list].0).await;
        }
        Act::Unlist(app) => {
            model.unlist(*app);
            keys.delete(&Api::list(APPS[*app])).await;
        }
        Act::Deploy(app, list) => {
            // That it is away for a moment is not a state that anybody meant; where it was away for longer, as on a slow
            // machine, it is one.
            let (before, began) = (model.lists.get(app).copied(), Instant::now());
            keys.delete_below(&format!("/deis/config/{}/", APPS[*app])).await;
            keys.put(&format!("/deis/config/{}/port", APPS[*app]), "80").await;
            let admitted = model.admitted.clone();
            model.unlist(*app);
            let meanwhile = std::mem::replace(&mut model.admitted, admitted);
            model.list(*app, *list);
            keys.put(&Api::list(APPS[*app]), LISTS[*list].0).await;
            if before.is_none() || began.elapsed() >= SETTLE {
                model.admitted.extend(meanwhile);
            }
        }
        Act::Enforce(on) => {
            model.enforce(*on);
            keys.put(ENFORCE, if *on { "true" } else { "false" }).await;
        }
        Act::Unenforce => {
            model.enforce(false);
            keys.delete(ENFORCE).await;
        }
        Act::Cut => proxy.cut(),
        Act::Fault(which) => {
            proxy.set(match which % 4 {
                0 => Fault::Delay(Duration::from_millis(u64::from(which / 4))),
                1 => Fault::Refuse,
                2 => Fault::Silent,
                _ => Fault::Truncate(u64::from(*which) * 8),
            });
            if which % 4 == 3 {
                proxy.cut();
            }
        }
        Act::Heal => proxy.set(Fault::None),
        Act::Kill => etcd.restart(),
        Act::Forget => keys.forget().await,
        Act::Restart => {} // is of the follower
        Act::Wait(time) => tokio::time::sleep(Duration::from_millis(u64::from(*time))).await,
    }
}

async fn run(api: &str, acts: &[Act]) {
    let Some(mut etcd) = Etcd::start() else { return };
    let keys = if api == "v3" { Api::v3(&etcd.url()).await } else { Api::v2(&etcd.url()).await };
    let proxy = Proxy::start(etcd.port()).await;
    // One list that is always there: an etcd without any list unsets nothing, and that is another test.
    keys.put(&Api::list("anchor"), "10.0.0.1").await;
    let mut model = Model::default();
    model.change(|_| ());
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        let state = StateFolder::open(folder.path()).unwrap();
        Follower::start_with(keys.source(&proxy.url()), Some(state))
    };
    let mut follower = start();
    follower.ready().await;
    // Of before, everyone is let in: what counts is what comes after lists are required.
    model.admitted.clear();
    for app in 0..APPS.len() - 1 {
        act(&Act::List(app, 0), &mut etcd, &keys, &proxy, &mut model).await;
    }
    act(&Act::Enforce(true), &mut etcd, &keys, &proxy, &mut model).await;
    let first: BTreeSet<(usize, usize)> =
        pairs().filter(|(app, client)| model.admits(*app, *client)).collect();
    eventually(|| let_in(&follower.gate) == first).await;
    model.admitted = first;
    let mut lookout = Lookout::start(follower.gate.clone());
    let mut seen = BTreeSet::new();
    for one in acts {
        act(one, &mut etcd, &keys, &proxy, &mut model).await;
        if matches!(one, Act::Restart) {
            follower.stop().await;
            seen.extend(lookout.end());
            follower = start();
            lookout = Lookout::start(follower.gate.clone());
        }
    }
    proxy.set(Fault::None);
    proxy.cut();
    // A bad list leaves the last one that the follower saw, which may be an older one: good ones, in the end.
    for app in 0..APPS.len() {
        if model.lists.get(&app) == Some(&BAD) {
            act(&Act::List(app, 1), &mut etcd, &keys, &proxy, &mut model).await;
        }
    }
    let golden: BTreeSet<(usize, usize)> =
        pairs().filter(|(app, client)| model.admits(*app, *client)).collect();
    eventually(|| let_in(&follower.gate) == golden).await;
    follower.until_source(|source| source.held.is_empty()).await;
    assert_eq!(let_in(&follower.gate), golden);
    seen.extend(lookout.end());
    let wrong: Vec<_> =
        seen.difference(&model.admitted).map(|(app, client)| (APPS[*app], CLIENTS[*client])).collect();
    assert!(wrong.is_empty(), "let in, and no state of the keys did: {wrong:?}\n{:#?}", follower.notices());
}

/// As many cases as `IPGATE_ETCD_CASES` says, eight where it says nothing.
fn cases(api: &str) {
    let cases = std::env::var("IPGATE_ETCD_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(8);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 30, ..Config::default() };
    TestRunner::new(config)
        .run(&acts(), |acts| {
            tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap()
                .block_on(run(api, &acts));
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_gate_ends_as_the_keys_and_never_beyond_them_v3() {
    cases("v3");
}

#[test]
fn a_gate_ends_as_the_keys_and_never_beyond_them_v2() {
    cases("v2");
}
