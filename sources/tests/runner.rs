//! A runner with sources that say what the test wants.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use ipgate::site::{SiteGate, SiteGuard};
use ipgate_sources::{
    Failure, Feed, Notice, Runner, Source, StateFolder, Stated, StatedApp, StatedList, Statement, Traits,
    closed_site,
};
use tokio::sync::mpsc;

/// What a test has a source do.
enum Act {
    Say(Box<Statement>),
    Fail(Failure),
}

/// A source that does what it is told, and says its latest whole where it is asked for one.
struct Told {
    settle: Duration,
    acts: mpsc::UnboundedReceiver<Act>,
    whole: Arc<Mutex<Statement>>,
}

/// The other end of it.
struct Teller {
    acts: mpsc::UnboundedSender<Act>,
    whole: Arc<Mutex<Statement>>,
}

fn told(settle: Duration) -> (Teller, Told) {
    let (sender, acts) = mpsc::unbounded_channel();
    let whole = Arc::new(Mutex::new(Statement::whole()));
    (Teller { acts: sender, whole: Arc::clone(&whole) }, Told { settle, acts, whole })
}

impl Teller {
    /// What the source has from now on, and says.
    fn says(&self, statement: Statement) {
        *self.whole.lock().unwrap() = statement.clone();
        self.acts.send(Act::Say(Box::new(statement))).unwrap();
    }

    fn fails(&self, failure: Failure) {
        self.acts.send(Act::Fail(failure)).unwrap();
    }
}

impl Source for Told {
    fn name(&self) -> String {
        "told".into()
    }

    fn traits(&self) -> Traits {
        Traits { settle: self.settle, ..Traits::default() }
    }

    fn follow<'f>(&'f mut self, feed: &'f mut Feed) -> BoxFuture<'f, Failure> {
        Box::pin(async move {
            loop {
                let began = feed.begin();
                tokio::select! {
                    act = self.acts.recv() => match act {
                        Some(Act::Say(statement)) => feed.say(*statement, began).await,
                        Some(Act::Fail(failure)) => return failure,
                        None => std::future::pending().await,
                    },
                    () = feed.wish() => {
                        let began = feed.begin();
                        let whole = self.whole.lock().unwrap().clone();
                        feed.say(whole, began).await;
                    }
                }
            }
        })
    }
}

fn site(apps: &[(&str, &str)]) -> Statement {
    apps.iter().fold(Statement::whole(), |statement, (name, text)| {
        let list = Stated::Set(StatedList::text(&format!("/apps/{name}"), text));
        statement.with_app(name.parse().unwrap(), Some(StatedApp { list, ..StatedApp::default() }))
    })
}

/// What was told to the operator.
type Notices = Arc<Mutex<Vec<String>>>;

fn noted(runner: Runner) -> (Runner, Notices) {
    let notices = Notices::default();
    let into = Arc::clone(&notices);
    let runner = runner.on_notice(move |_, notice: &Notice| into.lock().unwrap().push(notice.to_string()));
    (runner, notices)
}

fn allows(gate: &SiteGate, app: &str, client: &str) -> bool {
    gate.is_allowed(app, client.parse().unwrap())
}

/// Waits until something holds; a test that waits for ever is ended by whoever runs it.
async fn until(holds: impl Fn() -> bool) {
    while !holds() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_gate_is_closed_until_every_source_has_answered() {
    let gate = SiteGate::new(&closed_site()).unwrap();
    let ((one, first), (other, second)) = (told(Duration::ZERO), told(Duration::ZERO));
    let runner = Runner::new(&gate).with_source(first).with_source(second);
    let mut status = runner.status();
    tokio::spawn(runner.run(std::future::pending()));
    one.says(site(&[("shop", "10.0.0.0/8")]));
    status.wait_for(|status| status.sources[0].readings == 1).await.unwrap();
    assert!(!allows(&gate, "shop", "10.1.1.1") && !allows(&gate, "other", "10.1.1.1"));
    other.says(site(&[("shop", "192.0.2.0/24"), ("blog", "192.0.2.0/24")]));
    status.wait_for(|status| status.is_ready).await.unwrap();
    // The first source has the word where both have one.
    assert!(allows(&gate, "shop", "10.1.1.1") && !allows(&gate, "shop", "192.0.2.1"));
    assert!(allows(&gate, "blog", "192.0.2.1") && !allows(&gate, "blog", "10.1.1.1"));
}

#[tokio::test]
async fn a_bad_list_touches_its_app_alone() {
    let gate = SiteGate::new(&closed_site()).unwrap();
    let (teller, source) = told(Duration::ZERO);
    let (runner, notices) = noted(Runner::new(&gate).with_source(source));
    let mut status = runner.status();
    tokio::spawn(runner.run(std::future::pending()));
    teller.says(site(&[("shop", "10.0.0.0/8"), ("never", "foobar")]));
    status.wait_for(|status| status.is_ready).await.unwrap();
    assert!(!allows(&gate, "never", "10.1.1.1"));
    for _ in 0..3 {
        teller.says(site(&[("shop", "10.0.0.0/33"), ("never", "foobar"), ("blog", "192.0.2.1")]));
    }
    status.wait_for(|status| status.sources[0].readings == 4).await.unwrap();
    assert!(allows(&gate, "shop", "10.1.1.1") && allows(&gate, "blog", "192.0.2.1"));
    let bad = notices.lock().unwrap().iter().filter(|notice| notice.contains("is bad")).count();
    assert_eq!(bad, 2, "each is told once: {:?}", notices.lock().unwrap());
    assert!(notices.lock().unwrap().iter().any(|notice| notice.contains("/apps/shop: list rejected")));
    teller.says(site(&[("shop", "10.2.0.0/16"), ("never", "10.0.0.0/8")]));
    status.wait_for(|status| status.sources[0].bad.is_empty()).await.unwrap();
    assert!(!allows(&gate, "shop", "10.1.1.1") && allows(&gate, "never", "10.1.1.1"));
}

#[tokio::test]
async fn what_is_gone_stays_until_it_is_confirmed() {
    let gate = SiteGate::new(&closed_site()).unwrap();
    let (teller, source) = told(Duration::from_millis(300));
    let runner = Runner::new(&gate).with_source(source);
    let mut status = runner.status();
    tokio::spawn(runner.run(std::future::pending()));
    let full = site(&[("shop", "10.0.0.0/8"), ("blog", "192.0.2.0/24")]);
    teller.says(full.clone());
    status.wait_for(|status| status.is_ready).await.unwrap();
    // Deleted and written again, as a deploy does.
    let without = Statement::changes().with_app("shop".parse().unwrap(), None);
    teller.acts.send(Act::Say(Box::new(without.clone()))).unwrap();
    status.wait_for(|status| !status.sources[0].held.is_empty()).await.unwrap();
    assert!(!allows(&gate, "shop", "192.0.2.1"));
    teller.says(full);
    status.wait_for(|status| status.sources[0].held.is_empty()).await.unwrap();
    assert!(!allows(&gate, "shop", "192.0.2.1") && allows(&gate, "shop", "10.1.1.1"));
    // Deleted for good.
    teller.says(site(&[("blog", "192.0.2.0/24")]));
    status.wait_for(|status| !status.sources[0].held.is_empty()).await.unwrap();
    let noticed = std::time::Instant::now();
    assert!(!allows(&gate, "shop", "192.0.2.1"));
    status.wait_for(|status| status.sources[0].held.is_empty()).await.unwrap();
    assert!(noticed.elapsed() >= Duration::from_millis(250));
    assert!(allows(&gate, "shop", "192.0.2.1"), "it has no list, and none is required");
}

#[tokio::test]
async fn what_closes_is_removed_at_once() {
    let gate = SiteGate::new(&closed_site()).unwrap();
    let (teller, source) = told(Duration::from_secs(3600));
    let runner = Runner::new(&gate).with_source(source);
    let mut status = runner.status();
    tokio::spawn(runner.run(std::future::pending()));
    let enforced = |statement: Statement| Statement { enforce: Some(Stated::Set(true)), ..statement };
    teller.says(enforced(site(&[("shop", "10.0.0.0/8"), ("blog", "192.0.2.0/24")])));
    status.wait_for(|status| status.is_ready).await.unwrap();
    teller.says(enforced(site(&[("blog", "192.0.2.0/24")])));
    until(|| !allows(&gate, "shop", "10.1.1.1")).await;
    assert!(status.borrow_and_update().sources[0].held.is_empty());
}

#[tokio::test]
async fn an_empty_answer_and_a_lost_source_remove_nothing() {
    let gate = SiteGate::new(&closed_site()).unwrap();
    let (teller, source) = told(Duration::ZERO);
    let (runner, notices) = noted(Runner::new(&gate).with_source(source));
    let mut status = runner.status();
    tokio::spawn(runner.run(std::future::pending()));
    teller.says(site(&[("shop", "10.0.0.0/8")]));
    status.wait_for(|status| status.is_ready).await.unwrap();
    teller.says(Statement::whole());
    status.wait_for(|status| status.sources[0].readings == 2).await.unwrap();
    assert!(allows(&gate, "shop", "10.1.1.1") && !allows(&gate, "shop", "192.0.2.1"));
    for _ in 0..2 {
        teller.fails(Failure::Unreachable("connection refused".into()));
    }
    status.wait_for(|status| status.sources[0].failures == 2).await.unwrap();
    assert!(allows(&gate, "shop", "10.1.1.1") && !allows(&gate, "shop", "192.0.2.1"));
    teller.says(site(&[("shop", "10.0.0.0/8,192.0.2.1")]));
    until(|| allows(&gate, "shop", "192.0.2.1")).await;
    let told = notices.lock().unwrap().join("\n");
    assert_eq!(told.matches("cannot be reached").count(), 1, "{told}");
    assert!(told.contains("no list at all") && told.contains("after 2 failed attempts"), "{told}");
}

#[tokio::test]
async fn a_restart_begins_with_what_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    let state = || StateFolder::open(folder.path()).unwrap();
    let gate = SiteGate::new(&closed_site()).unwrap();
    let (teller, source) = told(Duration::ZERO);
    let runner = Runner::new(&gate).with_source(source).state(state());
    let mut status = runner.status();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(runner.run(async { drop(stopped.await) }));
    teller.says(site(&[("shop", "10.0.0.0/8")]));
    status.wait_for(|status| status.is_ready).await.unwrap();
    drop(stop);
    running.await.unwrap();

    let gate = SiteGate::new(&closed_site()).unwrap();
    gate.set_guard(SiteGuard::new().max_removed(10.0));
    let (teller, source) = told(Duration::ZERO);
    let started = Runner::new(&gate).with_source(source).state(state()).start();
    assert!(started.is_ready());
    assert!(allows(&gate, "shop", "10.1.1.1") && !allows(&gate, "shop", "192.0.2.1"));
    // What it does not say any more is gone, and the guard is asked.
    tokio::spawn(started.run(std::future::pending()));
    teller.says(site(&[("blog", "192.0.2.0/24")]));
    until(|| allows(&gate, "blog", "192.0.2.1")).await;
    assert!(!allows(&gate, "shop", "192.0.2.1"));
}

#[tokio::test]
async fn a_host_of_two_apps_stays_with_the_one_that_has_it() {
    let gate = SiteGate::new(&closed_site()).unwrap();
    let (teller, source) = told(Duration::ZERO);
    let (runner, notices) = noted(Runner::new(&gate).with_source(source));
    let mut status = runner.status();
    tokio::spawn(runner.run(std::future::pending()));
    let with_host = |mut statement: Statement, name: &str| {
        let app = statement.apps.get_mut(name).unwrap().as_mut().unwrap();
        app.hosts.push("www.example.com".parse().unwrap());
        statement
    };
    let both = site(&[("shop", "10.0.0.0/8"), ("evil", "192.0.2.0/24")]);
    teller.says(with_host(both.clone(), "shop"));
    status.wait_for(|status| status.is_ready).await.unwrap();
    teller.says(with_host(with_host(both, "shop"), "evil"));
    status.wait_for(|status| status.sources[0].readings == 2).await.unwrap();
    let verdict = gate.check_host("www.example.com", "10.1.1.1".parse().unwrap());
    assert_eq!((verdict.app(), verdict.is_allowed()), (Some("shop"), true));
    assert!(notices.lock().unwrap().iter().any(|notice| notice.contains("www.example.com")));
}

/// A gate that another runner has filled: it goes on with that until the new sources have answered, and then the guard is
/// asked about what would go.
#[tokio::test]
async fn a_gate_is_taken_over() {
    let gate = SiteGate::new(&closed_site()).unwrap();
    let (teller, source) = told(Duration::ZERO);
    let runner = Runner::new(&gate).with_source(source);
    let mut status = runner.status();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(runner.run(async { drop(stopped.await) }));
    teller.says(site(&[("shop", "10.0.0.0/8"), ("blog", "10.0.0.0/8"), ("left", "10.0.0.0/8")]));
    status.wait_for(|status| status.is_ready).await.unwrap();
    drop(stop);
    running.await.unwrap();

    gate.set_guard(SiteGuard::new().max_removed(50.0));
    let (teller, source) = told(Duration::ZERO);
    let (runner, notices) = noted(Runner::new(&gate).with_source(source));
    let mut status = runner.status();
    tokio::spawn(runner.run(std::future::pending()));
    teller.fails(Failure::Unreachable("connection refused".into()));
    status.wait_for(|status| status.sources[0].failures == 1).await.unwrap();
    assert!(allows(&gate, "shop", "10.1.1.1"));
    // Two of three would go: what is new comes into force, and the rest waits.
    teller.says(site(&[("shop", "192.0.2.0/24")]));
    status.wait_for(|status| status.is_ready).await.unwrap();
    assert!(allows(&gate, "shop", "192.0.2.1") && !allows(&gate, "shop", "10.1.1.1"));
    assert!(!allows(&gate, "left", "192.0.2.1"), "it is not open");
    assert!(notices.lock().unwrap().iter().any(|notice| notice.contains("permit `removal`")));
    // One of three may go.
    teller.says(site(&[("shop", "192.0.2.0/24"), ("blog", "192.0.2.0/24")]));
    until(|| gate.snapshot().app_count() == 2).await;
    assert!(allows(&gate, "blog", "192.0.2.1") && !allows(&gate, "blog", "10.1.1.1"));
    assert!(allows(&gate, "left", "192.0.2.1"), "it is no app any more, and no list is required");
}

#[tokio::test]
async fn a_host_that_is_free_again_goes_to_the_app_that_wants_it() {
    let gate = SiteGate::new(&closed_site()).unwrap();
    let (teller, source) = told(Duration::from_millis(50));
    let runner = Runner::new(&gate).with_source(source);
    let mut status = runner.status();
    tokio::spawn(runner.run(std::future::pending()));
    let with_host = |name: &str| {
        let mut statement = site(&[("shop", "10.0.0.0/8"), ("blog", "192.0.2.0/24")]);
        let app = statement.apps.get_mut(name).unwrap().as_mut().unwrap();
        app.hosts.push("www.example.com".parse().unwrap());
        statement
    };
    let app_of = || gate.snapshot().host("www.example.com").map(ToString::to_string);
    teller.says(with_host("shop"));
    status.wait_for(|status| status.is_ready).await.unwrap();
    for app in ["blog", "shop", "blog"] {
        // The app that had it keeps it for a while: nobody is asked of the site alone in between.
        teller.says(with_host(app));
        until(|| {
            assert!(app_of().is_some());
            app_of().as_deref() == Some(app)
        })
        .await;
    }
}

#[tokio::test]
async fn a_list_that_is_away_as_lists_cease_to_be_required_is_held() {
    let gate = SiteGate::new(&closed_site()).unwrap();
    let (teller, source) = told(Duration::from_secs(3600));
    let runner = Runner::new(&gate).with_source(source);
    let mut status = runner.status();
    tokio::spawn(runner.run(std::future::pending()));
    let enforced = |statement: Statement, on| Statement { enforce: Some(Stated::Set(on)), ..statement };
    teller.says(enforced(site(&[("shop", "10.0.0.0/8"), ("blog", "192.0.2.0/24")]), true));
    status.wait_for(|status| status.is_ready).await.unwrap();
    // A reading in the middle of a deploy of the shop, which also finds that lists are required no more.
    teller.says(enforced(site(&[("blog", "192.0.2.0/24")]), false));
    until(|| gate.is_allowed("other", "192.0.2.1".parse().unwrap())).await;
    assert!(!allows(&gate, "shop", "192.0.2.1") && allows(&gate, "shop", "10.1.1.1"));
}
