//! The daemon from its start to its end, and what signals do to it.

use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tracing::{error, info, warn};

use crate::admin::{self, Shown};
use crate::args::Args;
use crate::config::Config;
use crate::confirming::{Confirming, Places};
use crate::control::{self, Control, Kept, TokensFile};
use crate::decide::{Decider, Rules};
use crate::following::{Following, Prepared};
use crate::in_force::InForce;
use crate::listen::{Bound, Serving};
use crate::notify;
use crate::publish::{Publisher, Publishing};
use crate::sources;

/// Runs until it is told to stop.
///
/// # Errors
///
/// A sentence, where it cannot begin.
pub async fn run(args: &Args, config: Config) -> Result<(), String> {
    let signals = Signals::new().map_err(|error| format!("signals cannot be waited for: {error}"))?;
    let in_force = Arc::new(InForce::new().map_err(|refused| refused.to_string())?);
    // Everything that may fail comes before anything is done.
    let prepared = Prepared::new(&in_force, &config)?;
    let places = Places::of(&config)?;
    let control = control(&config)?;
    let admin = bound("admin", config.admin.listen).await?;
    let control_socket = bound("control", config.control.listen).await?;
    let mut deciders = Vec::new();
    for (decide, rules) in config.decide.iter().zip(rules(&config, &in_force)?) {
        deciders.push((Bound::new("decide", decide.listen).await?, decide, rules));
    }
    config.warnings().iter().for_each(|warning| warn!("{warning}"));

    let (published, shown) = watch::channel(Publishing::default());
    let following = prepared.follow(&in_force);
    let publisher = Publisher::begin(&in_force, &config.publish, &config.publish_to, &published);
    let confirming = Confirming::begin(&places, &in_force, &shown);
    let places = watch::Sender::new(places);
    let mut serving = Vec::new();
    let mut tallies = Vec::new();
    for (socket, decide, rules) in deciders {
        tallies.push(rules.tally());
        let decider = Decider::new(decide, rules);
        serving.push(socket.serve_by(|socket, stopped| decider.serve(socket, stopped)));
    }
    if let Some(admin) = admin {
        let (in_force, places) = (Arc::clone(&in_force), places.subscribe());
        let shown = Shown { in_force, published: shown, places, tallies };
        serving.push(admin.serve(admin::router(shown)));
    }
    let mut kept = None;
    if let (Some((first, tokens)), Some(socket)) = (control, control_socket) {
        let (sender, changes) = watch::channel(first);
        let control = Control { kept: changes, tokens, in_force: Arc::clone(&in_force) };
        serving.push(socket.serve(control::router(control)));
        kept = Some(sender);
    }
    let args = args.clone();
    let daemon =
        Daemon { args, config, in_force, following, publisher, published, confirming, places, kept, serving };
    daemon.until_stopped(signals).await
}

/// Whether everything is there that a configuration names, as far as that can be said without beginning.
///
/// # Errors
///
/// A sentence.
pub fn check(config: &Config) -> Result<(), String> {
    sources::sources(config)?;
    Places::of(config)?;
    rules(config, &Arc::new(InForce::new().map_err(|refused| refused.to_string())?))?;
    control(config).map(drop)
}

/// What each listener for proxies decides by.
fn rules(config: &Config, in_force: &Arc<InForce>) -> Result<Vec<Rules>, String> {
    config.decide.iter().map(|decide| Rules::new(decide, in_force)).collect()
}

/// Where changes go and who may make them, where changes are taken at all.
fn control(config: &Config) -> Result<Option<(Kept, TokensFile)>, String> {
    match (&config.control.listen, &config.control.tokens) {
        (Some(_), Some(tokens)) => Ok(Some((self::kept(config)?, TokensFile::open(tokens)?))),
        _ => Ok(None),
    }
}

fn kept(config: &Config) -> Result<Kept, String> {
    Ok(Kept { store: sources::store(config)?, parser: sources::parser(config) })
}

async fn bound(what: &'static str, listen: Option<crate::config::Listen>) -> Result<Option<Bound>, String> {
    match listen {
        Some(listen) => Bound::new(what, listen).await.map(Some),
        None => Ok(None),
    }
}

/// Everything that runs.
struct Daemon {
    args: Args,
    config: Config,
    in_force: Arc<InForce>,
    following: Following,
    publisher: Publisher,
    published: watch::Sender<Publishing>,
    confirming: Confirming,
    /// Where that is said, for those who ask what other routers say.
    places: watch::Sender<Places>,
    /// Where changes go, where any are taken.
    kept: Option<watch::Sender<Kept>>,
    serving: Vec<Serving>,
}

impl Daemon {
    async fn until_stopped(mut self, mut signals: Signals) -> Result<(), String> {
        notify::ready(self.status());
        let mut status = self.in_force.follow();
        let mut was_ready = self.in_force.is_ready();
        if !was_ready {
            info!("nobody is let in until every source has answered");
        }
        let mut watchdog = watchdog();
        let stopped = loop {
            tokio::select! {
                signal = signals.next() => match signal {
                    Told::Stop(signal) => break Ok(signal),
                    Told::Reload => self = self.reload().await,
                },
                () = self.following.ended() => break Err("the sources are followed no longer, which is a fault of the program"),
                () = tick(&mut watchdog) => notify::alive(),
                Ok(()) = status.changed() => {
                    let is_ready = self.in_force.is_ready();
                    if is_ready != was_ready {
                        notify::status(self.status());
                        was_ready = is_ready;
                    }
                }
            }
        };
        match stopped {
            Ok(signal) => info!("stopping: {signal}"),
            Err(fault) => error!("stopping: {fault}"),
        }
        notify::stopping();
        self.end().await;
        stopped.map(drop).map_err(str::to_owned)
    }

    fn status(&self) -> &'static str {
        match self.in_force.is_ready() {
            true => "a site is in force",
            false => "nobody is let in until every source has answered",
        }
    }

    /// Takes what the configuration says now. A bad one changes nothing.
    async fn reload(mut self) -> Daemon {
        notify::reloading();
        let read = self.args.configuration();
        let prepared = read.map_err(|error| error.to_string()).and_then(|config| {
            let kept = self.kept.is_some().then(|| kept(&config)).transpose()?;
            Ok((Prepared::new(&self.in_force, &config)?, Places::of(&config)?, kept, config))
        });
        match prepared {
            Err(error) => error!("the configuration is bad, and nothing has changed:\n{error}"),
            Ok((prepared, places, kept, config)) => {
                self = self.change(config, prepared, places).await;
                if let (Some(sender), Some(kept)) = (&self.kept, kept) {
                    sender.send_replace(kept);
                }
                info!("the configuration was read anew");
            }
        }
        notify::ready(self.status());
        self
    }

    async fn change(mut self, config: Config, prepared: Prepared, places: Places) -> Daemon {
        let before = (&self.config.decide, &self.config.admin, &self.config.control, &self.config.log);
        if before != (&config.decide, &config.admin, &config.control, &config.log) {
            warn!(
                "`decide`, `admin`, `control` and `log` are taken when the daemon starts; restart it for what has changed there"
            );
        }
        // What is in force stays while the sources change, and for as long as new ones have not answered.
        self.following.end().await;
        self.following = prepared.follow(&self.in_force);
        if (&config.publish, &config.publish_to) != (&self.config.publish, &self.config.publish_to) {
            self.publisher.end().await;
            let Config { publish, publish_to, .. } = &config;
            self.publisher = Publisher::begin(&self.in_force, publish, publish_to, &self.published);
        }
        if (&config.id, &config.sources) != (&self.config.id, &self.config.sources) {
            self.confirming.end().await;
            self.confirming = Confirming::begin(&places, &self.in_force, &self.published.subscribe());
            self.places.send_replace(places);
        }
        let Config { decide, admin, control, log, .. } = self.config;
        self.config = Config { decide, admin, control, log, ..config };
        self
    }

    async fn end(self) {
        self.confirming.end().await;
        self.following.end().await;
        self.publisher.end().await;
        for serving in self.serving {
            serving.end().await;
        }
    }
}

/// What a signal says.
enum Told {
    Stop(&'static str),
    Reload,
}

/// The signals that mean something.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    reload: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            reload: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Stop("SIGTERM"),
            _ = self.interrupt.recv() => Told::Stop("SIGINT"),
            _ = self.reload.recv() => Told::Reload,
        }
    }
}

fn watchdog() -> Option<Interval> {
    notify::watchdog().map(|every| {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    })
}

async fn tick(watchdog: &mut Option<Interval>) {
    match watchdog {
        Some(ticks) => drop(ticks.tick().await),
        None => std::future::pending().await,
    }
}
