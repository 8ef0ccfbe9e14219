//! What is in force after any history of a source is what it says, and was never wider than what it said.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use ipgate::site::SiteGate;
use ipgate_sources::{
    Failure, Feed, Runner, Source, Stated, StatedApp, StatedList, Statement, Traits, closed_site,
};
use proptest::prelude::*;
use tokio::sync::mpsc;

const APPS: [&str; 3] = ["shop", "blog", "wiki"];
/// Lists, of which the last two are bad; and a client of each of the good ones.
const LISTS: [&str; 4] = ["10.0.0.0/8", "192.0.2.0/24", "10.0.0.0/33", "a,,b"];
const CLIENTS: [&str; 3] = ["10.1.1.1", "192.0.2.1", "203.0.113.1"];

/// What happens to a source.
#[derive(Debug, Clone)]
enum Step {
    /// A list is written: app and list.
    Write(usize, usize),
    Delete(usize),
    /// All lists are deleted at once.
    DeleteAll,
    Enforce(Option<bool>),
    /// What has happened is said as a difference.
    Say,
    /// The whole is said.
    SayWhole,
    Fail,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..APPS.len(), 0..LISTS.len()).prop_map(|(app, list)| Step::Write(app, list)),
        2 => (0..APPS.len()).prop_map(Step::Delete),
        1 => Just(Step::DeleteAll),
        1 => prop::option::of(any::<bool>()).prop_map(Step::Enforce),
        4 => Just(Step::Say),
        1 => Just(Step::SayWhole),
        1 => Just(Step::Fail),
    ];
    prop::collection::vec(step, 1..40)
}

/// What a source has, as its golden model.
#[derive(Debug, Clone, Default)]
struct Model {
    lists: BTreeMap<usize, usize>,
    enforce: Option<bool>,
}

impl Model {
    fn statement(&self, is_whole: bool) -> Statement {
        let mut statement = if is_whole { Statement::whole() } else { Statement::changes() };
        statement.enforce = Some(self.enforce.into());
        for (app, name) in APPS.iter().enumerate() {
            let list = self.lists.get(&app).map(|list| StatedList::text(name, LISTS[*list]));
            let stated = list.map(|list| StatedApp { list: Stated::Set(list), ..StatedApp::default() });
            if stated.is_some() || !is_whole {
                statement = statement.with_app(name.parse().unwrap(), stated);
            }
        }
        statement
    }

    /// Whether a client is allowed where all lists are good.
    fn allows(&self, app: usize, client: usize) -> bool {
        match self.lists.get(&app) {
            Some(list) => *list < 2 && client == *list, // the others are bad
            None => !self.enforce.unwrap_or(false),
        }
    }
}

/// A source that is driven by steps, and says what the model has where it is asked.
struct Driven {
    acts: mpsc::UnboundedReceiver<Option<Statement>>,
    model: Arc<Mutex<Model>>,
}

impl Source for Driven {
    fn name(&self) -> String {
        "driven".into()
    }

    fn traits(&self) -> Traits {
        Traits { settle: Duration::from_millis(5), max_backoff: Duration::from_millis(5) }
    }

    fn follow<'f>(&'f mut self, feed: &'f mut Feed) -> BoxFuture<'f, Failure> {
        Box::pin(async move {
            loop {
                let began = feed.begin();
                tokio::select! {
                    act = self.acts.recv() => match act {
                        Some(Some(statement)) => feed.say(statement, began).await,
                        Some(None) => return Failure::Unreachable("cut".into()),
                        None => std::future::pending().await,
                    },
                    () = feed.wish() => {
                        let began = feed.begin();
                        let whole = self.model.lock().unwrap().statement(true);
                        feed.say(whole, began).await;
                    }
                }
            }
        })
    }
}

/// What is allowed by a gate: app and client.
fn allowed(gate: &SiteGate) -> Vec<(usize, usize)> {
    let is_allowed =
        |(app, client): &(usize, usize)| gate.is_allowed(APPS[*app], CLIENTS[*client].parse().unwrap());
    let all = (0..APPS.len()).flat_map(|app| (0..CLIENTS.len()).map(move |client| (app, client)));
    all.filter(is_allowed).collect()
}

async fn run(steps: Vec<Step>) {
    let gate = SiteGate::new(&closed_site()).unwrap();
    let model = Arc::new(Mutex::new(Model { lists: BTreeMap::from([(0, 0)]), enforce: None }));
    let (sender, acts) = mpsc::unbounded_channel();
    let runner = Runner::new(&gate).with_source(Driven { acts, model: Arc::clone(&model) });
    let mut status = runner.status();
    tokio::spawn(runner.run(std::future::pending()));
    sender.send(Some(model.lock().unwrap().statement(true))).unwrap();
    // Whom the source ever let in, by what it said or had at any time.
    let mut ever = vec![[false; CLIENTS.len()]; APPS.len()];
    let mut note = |model: &Model| {
        for (app, clients) in ever.iter_mut().enumerate() {
            for (client, was) in clients.iter_mut().enumerate() {
                *was |= model.allows(app, client);
            }
        }
    };
    note(&model.lock().unwrap());
    let mut seen = Vec::new();
    for step in steps {
        {
            let mut has = model.lock().unwrap();
            match step {
                Step::Write(app, list) => drop(has.lists.insert(app, list)),
                Step::Delete(app) => drop(has.lists.remove(&app)),
                Step::DeleteAll => has.lists.clear(),
                Step::Enforce(enforce) => has.enforce = enforce,
                Step::Say => sender.send(Some(has.statement(false))).unwrap(),
                Step::SayWhole => sender.send(Some(has.statement(true))).unwrap(),
                Step::Fail => sender.send(None).unwrap(),
            }
            note(&has);
        }
        tokio::task::yield_now().await;
        seen.push(allowed(&gate));
    }
    // All is healed: every app has a good list, and the source says so.
    let healed = Model { lists: (0..APPS.len()).map(|app| (app, app % 2)).collect(), enforce: Some(true) };
    *model.lock().unwrap() = healed.clone();
    note(&healed);
    sender.send(Some(healed.statement(true))).unwrap();
    let all = (0..APPS.len()).flat_map(|app| (0..CLIENTS.len()).map(move |client| (app, client)));
    let expected: Vec<_> = all.filter(|(app, client)| healed.allows(*app, *client)).collect();
    while allowed(&gate) != expected || !status.borrow_and_update().sources[0].held.is_empty() {
        seen.push(allowed(&gate));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for (app, client) in seen.into_iter().flatten() {
        assert!(ever[app][client], "{} was let in by {}", CLIENTS[client], APPS[app]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn ends_as_the_source_is_and_never_lets_in_whom_it_did_not(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(run(steps));
    }
}
