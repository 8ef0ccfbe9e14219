//! What is kept for a restart: that nothing of it opens what was closed, and that it is of one moment.

use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use ipgate::Mode;
use ipgate::site::SiteGate;
use ipgate_sources::{
    Bookmark, Failure, Feed, Notice, Runner, Source, StateFolder, Stated, StatedApp, StatedList, Statement,
    closed_site,
};
use tokio::sync::oneshot;

/// A source that says these, and then no more; and with what it was asked to go on.
struct Said {
    name: &'static str,
    says: Vec<Statement>,
    resumed: Arc<Mutex<Option<Bookmark>>>,
}

impl Source for Said {
    fn name(&self) -> String {
        self.name.into()
    }

    fn resume(&mut self, bookmark: Bookmark) {
        *self.resumed.lock().unwrap() = Some(bookmark);
    }

    fn follow<'f>(&'f mut self, feed: &'f mut Feed) -> BoxFuture<'f, Failure> {
        Box::pin(async move {
            for statement in std::mem::take(&mut self.says) {
                let began = feed.begin();
                feed.say(statement, began).await;
            }
            std::future::pending().await
        })
    }
}

fn says(name: &'static str, says: impl IntoIterator<Item = Statement>) -> Said {
    Said { name, says: says.into_iter().collect(), resumed: Arc::default() }
}

fn list(text: &str) -> Stated<StatedList> {
    Stated::Set(StatedList::text("there", text))
}

fn app(text: &str) -> Option<StatedApp> {
    Some(StatedApp { list: list(text), ..StatedApp::default() })
}

fn state(folder: &tempfile::TempDir) -> StateFolder {
    StateFolder::open(folder.path()).unwrap()
}

/// Follows until as many statements were taken as the sources have, and ends as a service ends.
async fn run(folder: &tempfile::TempDir, sources: Vec<Said>) -> SiteGate {
    let gate = SiteGate::new(&closed_site()).unwrap();
    let revisions: Vec<_> = sources.iter().map(|said| said.says.last().unwrap().revision.clone()).collect();
    let runner = sources.into_iter().fold(Runner::new(&gate).state(state(folder)), Runner::with_source);
    let mut status = runner.status();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(runner.run(async { drop(stopped.await) }));
    let is_all = |status: &ipgate_sources::Status| {
        status.sources.iter().zip(&revisions).all(|(source, revision)| source.revision == *revision)
    };
    status.wait_for(|status| is_all(status)).await.unwrap();
    drop(stop);
    running.await.unwrap();
    gate
}

/// A gate with what was kept, and nobody to follow; and what was told.
fn restarted(folder: &tempfile::TempDir, names: &[&'static str]) -> (SiteGate, Vec<String>) {
    let gate = SiteGate::new(&closed_site()).unwrap();
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let into = Arc::clone(&told);
    let runner = Runner::new(&gate)
        .state(state(folder))
        .on_notice(move |_, notice: &Notice| into.lock().unwrap().push(notice.to_string()));
    let sources = names.iter().map(|name| says(name, []));
    drop(sources.fold(runner, Runner::with_source).start());
    let told = told.lock().unwrap().clone();
    (gate, told)
}

fn allows(gate: &SiteGate, app: &str, client: &str) -> bool {
    gate.is_allowed(app, client.parse().unwrap())
}

fn at(statement: Statement, revision: &str) -> Statement {
    Statement { revision: Some(revision.into()), ..statement }
}

#[tokio::test]
async fn a_source_has_the_word_after_a_restart_on_what_it_had_it_before() {
    let folder = tempfile::tempdir().unwrap();
    let lists = at(Statement::whole().with_app("shop".parse().unwrap(), app("10.0.0.0/8")), "1");
    let settings = Statement {
        enforce: Some(Stated::Set(true)),
        mode: Some(Stated::Set(Mode::Override)),
        ..at(Statement::whole(), "1")
    };
    let gate = run(&folder, vec![says("lists", [lists]), says("settings", [settings])]).await;
    assert!(!allows(&gate, "other", "192.0.2.1"));
    let (gate, _) = restarted(&folder, &["lists", "settings"]);
    assert!(!allows(&gate, "other", "192.0.2.1"), "lists are required still");
    assert!(allows(&gate, "shop", "10.1.1.1"));
    assert_eq!(gate.snapshot().mode(), Mode::Override);
}

#[tokio::test]
async fn a_mode_that_was_never_good_stays_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let bad = Statement {
        default: Some(list("192.0.2.0/24")),
        mode: Some(Stated::Bad("the mode is none".into())),
        ..Statement::whole().with_app("shop".parse().unwrap(), app("10.0.0.0/8"))
    };
    let gate = run(&folder, vec![says("one", [at(bad, "1")])]).await;
    assert!(!allows(&gate, "other", "192.0.2.1"));
    let (gate, _) = restarted(&folder, &["one"]);
    assert!(!allows(&gate, "other", "192.0.2.1") && !allows(&gate, "shop", "192.0.2.1"));
}

#[tokio::test]
async fn denials_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let denied = Statement { denials: Some(list("!192.0.2.1:scanner")), ..Statement::whole() };
    run(&folder, vec![says("one", [at(denied, "1")])]).await;
    let (gate, _) = restarted(&folder, &["one"]);
    assert!(!allows(&gate, "any", "192.0.2.1") && allows(&gate, "any", "192.0.2.2"));
}

#[tokio::test]
async fn a_bookmark_has_all_values_of_the_moment_of_the_lists() {
    let folder = tempfile::tempdir().unwrap();
    let whole = |place: &str, keys: &[(&str, &str)]| {
        let bookmark = keys.iter().fold(Bookmark::at(place), |bookmark, (key, value)| {
            bookmark.with_value(key, Some((*value).into()))
        });
        let lists = Statement::whole().with_app("shop".parse().unwrap(), app("10.0.0.0/8"));
        Statement { bookmark: Some(bookmark), ..at(lists, place) }
    };
    let changes =
        |place: &str, bookmark: Option<Bookmark>| Statement { bookmark, ..at(Statement::changes(), place) };
    let next = |statements: Vec<Statement>| async {
        run(&folder, vec![says("one", statements)]).await;
        let said = says("one", []);
        let resumed = Arc::clone(&said.resumed);
        let gate = SiteGate::new(&closed_site()).unwrap();
        drop(Runner::new(&gate).state(state(&folder)).with_source(said).start());
        resumed.lock().unwrap().take()
    };
    let newer = Bookmark::at("2").with_value("a", None).with_value("c", Some("\"3\"\n".into()));
    let app =
        Statement { apps: [("new".parse().unwrap(), app("192.0.2.1"))].into(), ..changes("2", Some(newer)) };
    let kept = next(vec![whole("1", &[("a", "1"), ("b", "2")]), app]).await;
    let all = Bookmark::at("2").with_value("b", Some("2".into())).with_value("c", Some("\"3\"\n".into()));
    assert_eq!(kept, Some(all));
    // Changes without one: from there on it cannot be followed, whatever comes after them.
    let broken = vec![whole("1", &[("a", "1")]), changes("2", None), changes("3", Some(Bookmark::at("3")))];
    assert_eq!(next(broken).await, None);
    // An answer of nothing changes no list, so that what is kept is not what the source has.
    assert_eq!(next(vec![whole("1", &[("a", "1")]), at(Statement::whole(), "2")]).await, None);
}

#[tokio::test]
async fn a_damaged_state_is_told_and_lets_nobody_in() {
    let folder = tempfile::tempdir().unwrap();
    let lists = || at(Statement::whole().with_app("shop".parse().unwrap(), app("10.0.0.0/8")), "1");
    run(&folder, vec![says("one", [lists()])]).await;
    let file = state(&folder).file("one");
    let good = std::fs::read(&file).unwrap();
    for damage in [0, 20, 90, 120, good.len() / 2, good.len() - 1] {
        let mut bytes = good.clone();
        bytes[damage] ^= 4;
        std::fs::write(&file, &bytes).unwrap();
        let (gate, told) = restarted(&folder, &["one"]);
        assert!(told.iter().any(|told| told.contains("is damaged")), "{damage}: {told:?}");
        assert!(!allows(&gate, "shop", "10.1.1.1") && !allows(&gate, "other", "10.1.1.1"));
    }
    for length in (0..good.len()).step_by(97) {
        std::fs::write(&file, &good[..length]).unwrap();
        assert!(!allows(&restarted(&folder, &["one"]).0, "shop", "10.1.1.1"), "{length}");
    }
    std::fs::write(&file, &good).unwrap();
    assert!(allows(&restarted(&folder, &["one"]).0, "shop", "10.1.1.1"));
}
