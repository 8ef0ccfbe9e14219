//! A real Local API of CrowdSec, its decisions added and deleted by its own command.
#![cfg(feature = "crowdsec")]

#[path = "support/local_api.rs"]
mod local_api;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ipgate::site::{App, Site, SiteGate};
use ipgate::{List, Mode};
use ipgate_sources::{
    Condition, CrowdSecSource, FolderSource, Notice, Runner, Source, SourceStatus, StateFolder, Status,
    closed_site,
};
use local_api::LocalApi;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// A gate that follows sources, the Local API being the last.
struct Followed {
    gate: SiteGate,
    status: watch::Receiver<Arc<Status>>,
    told: Arc<Mutex<Vec<String>>>,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Followed {
    fn start(sources: Vec<Box<dyn Source>>, state: Option<StateFolder>) -> Followed {
        let gate = SiteGate::new(&closed_site()).unwrap();
        let told: Arc<Mutex<Vec<String>>> = Arc::default();
        let into = Arc::clone(&told);
        let runner = sources.into_iter().fold(Runner::new(&gate), Runner::with_boxed_source);
        let runner = state.into_iter().fold(runner, Runner::state);
        let runner =
            runner.on_notice(move |_, notice: &Notice| into.lock().unwrap().push(notice.to_string()));
        let status = runner.status();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(runner.start().run(async { drop(stopped.await) }));
        Followed { gate, status, told, stop, running }
    }

    async fn until(&mut self, is: impl Fn(&SourceStatus) -> bool) {
        self.status.wait_for(|status| status.is_ready && is(status.sources.last().unwrap())).await.unwrap();
    }

    fn allows(&self, app: &str, client: &str) -> bool {
        self.gate.is_allowed(app, client.parse().unwrap())
    }

    async fn until_allowed(&self, client: &str, is_allowed: bool) {
        while self.allows("any", client) != is_allowed {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn told(&self, part: &str) -> usize {
        self.told.lock().unwrap().iter().filter(|told| told.contains(part)).count()
    }

    async fn stop(self) {
        drop(self.stop);
        self.running.await.unwrap();
    }
}

fn source(api: &LocalApi) -> CrowdSecSource {
    let source = CrowdSecSource::new(&api.url(), api.key_file()).unwrap();
    source.interval(Duration::from_secs(1)).read_spread(Duration::from_millis(50))
}

/// What is of one server: it takes a while to start.
#[tokio::test(flavor = "multi_thread")]
async fn bans_are_followed() {
    let Some(mut api) = LocalApi::start() else { return };
    api.ban(&["-i", "192.0.2.1", "-d", "4h"]);
    api.ban(&["-i", "192.0.2.1", "-d", "1h"]);
    api.ban(&["-r", "198.51.100.0/24"]);
    api.ban(&["-i", "2001:db8::1"]);
    api.ban(&["-i", "203.0.113.9", "-t", "captcha"]);
    api.ban(&["--scope", "country", "-v", "FR"]);

    let folder = tempfile::tempdir().unwrap();
    let state = || Some(StateFolder::open(folder.path()).unwrap());
    let mut followed = Followed::start(vec![Box::new(source(&api))], state());
    followed.until(|source| source.readings == 1).await;
    for (client, is_allowed) in [
        ("192.0.2.1", false),
        ("192.0.2.2", true),
        ("198.51.100.77", false),
        ("2001:db8::1", false),
        ("2001:db8::2", true),
        ("203.0.113.9", true),
    ] {
        assert_eq!(followed.allows("any", client), is_allowed, "{client}");
    }
    let verdict = followed.gate.check("any", "192.0.2.1".parse().unwrap());
    let entry = verdict.entry().map(|entry| entry.to_string()).unwrap_or_default();
    assert!(entry.starts_with("!192.0.2.1:manual_'ban'_from_'tests';until="), "{entry}");
    assert_eq!((followed.told("the type `captcha`"), followed.told("the scope `Country`")), (1, 1));

    // One of an address's bans is deleted, and the other stays.
    api.unban(&["--id", "1"]);
    api.ban(&["-i", "192.0.2.3"]);
    followed.until_allowed("192.0.2.3", false).await;
    assert!(!followed.allows("any", "192.0.2.1"));
    api.unban(&["-i", "192.0.2.1"]);
    followed.until_allowed("192.0.2.1", true).await;

    // Another key: nothing is unset, and nothing but the key is looked for.
    std::fs::write(api.key_file(), "wrong").unwrap();
    followed.until(|source| matches!(source.condition, Condition::Away(_))).await;
    assert_eq!(followed.told("it refuses: the answer is 403"), 1);
    assert!(!followed.allows("any", "192.0.2.3"));

    // A restart begins with what was kept, and hears of what came to pass meanwhile.
    followed.stop().await;
    api.unban(&["-i", "192.0.2.3"]);
    api.ban(&["-i", "192.0.2.4"]);
    let mut followed = Followed::start(vec![Box::new(source(&api))], state());
    assert!(!followed.allows("any", "192.0.2.3") && followed.allows("any", "192.0.2.4"));
    api.write_key();
    followed.until(|source| source.readings == 1).await;
    assert!(followed.allows("any", "192.0.2.3") && !followed.allows("any", "192.0.2.4"));

    // It is away, and has lost all that it had: nothing changes.
    api.stop();
    followed.until(|source| matches!(source.condition, Condition::Away(_))).await;
    api.restart_empty();
    followed.until(|source| source.readings == 2).await;
    assert_eq!(followed.told("it says that it has no list at all"), 1);
    assert!(!followed.allows("any", "192.0.2.4"));
    // What comes after counts as all that there is.
    api.ban(&["-i", "192.0.2.5"]);
    followed.until_allowed("192.0.2.5", false).await;
    assert!(followed.allows("any", "192.0.2.4"));
    followed.stop().await;

    // Beside a site: with a default list it is that list without them, exceptions being its own.
    let site = tempfile::tempdir().unwrap();
    let file = site.path().join("site.image");
    let list = |text: &str| text.parse::<List>().unwrap();
    let write = |site: &Site| ipgate::whole_file::write(&file, &site.to_image().unwrap()).unwrap();
    let shop = || App::new().with_list(list("192.0.2.0/30"));
    let with_apps = |site: Site| {
        let own = App::new().with_list(list("192.0.2.5:partner"));
        site.with_app("shop".parse().unwrap(), shop()).with_app("own".parse().unwrap(), own)
    };
    write(&with_apps(Site::new().with_default(list("192.0.2.0/24,192.0.2.6:office"))));
    api.ban(&["-i", "192.0.2.6"]);
    api.ban(&["-i", "192.0.2.2"]);
    let sources: Vec<Box<dyn Source>> = vec![Box::new(FolderSource::new(&file)), Box::new(source(&api))];
    let mut followed = Followed::start(sources, None);
    followed.until(|source| source.readings == 1).await;
    let clients = ["192.0.2.1", "192.0.2.2", "192.0.2.5", "192.0.2.6", "10.0.0.1"];
    let allowed = |followed: &Followed, app: &str| clients.map(|client| followed.allows(app, client));
    assert_eq!(allowed(&followed, "any"), [true, false, false, true, false]);
    assert_eq!(allowed(&followed, "shop"), [true, false, false, true, false], "it extends the default list");
    assert_eq!(allowed(&followed, "own"), [true, false, true, true, false], "an exception of the app");

    // Without one, everyone else comes in, and where an app has a list that alone decides.
    let until = |followed: &Followed, app: &'static str, expected: [bool; 5]| {
        let gate = followed.gate.clone();
        async move {
            while clients.map(|client| gate.is_allowed(app, client.parse().unwrap())) != expected {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    };
    write(&with_apps(Site::new()));
    until(&followed, "any", [true, false, false, false, true]).await;
    assert_eq!(allowed(&followed, "shop"), [true, true, false, false, false]);
    assert_eq!(allowed(&followed, "own"), [false, false, true, false, false]);
    // Where lists are required, bans let nobody in, and are kept out of lists.
    write(&with_apps(Site::new().with_enforce(true)));
    until(&followed, "any", [false; 5]).await;
    assert_eq!(allowed(&followed, "shop"), [true, false, false, false, false]);
    assert_eq!(allowed(&followed, "own"), [false, false, true, false, false]);
    // And back: the mode of an app is its own again.
    let first = App::new().with_list(list("192.0.2.5")).with_mode(Mode::Override);
    write(&Site::new().with_default(list("192.0.2.0/24")).with_app("own".parse().unwrap(), first));
    until(&followed, "own", [false, false, true, false, false]).await;
    until(&followed, "any", [true, false, false, false, false]).await;
}
