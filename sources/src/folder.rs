//! The folder or the image of a site as a source: what `ipgate::watch` makes of it, handed on.

use std::path::{Path, PathBuf};

use futures_util::future::BoxFuture;
use ipgate::list::Parser;
use ipgate::site::{Site, SiteGate, SiteParser};
use ipgate::watch::{Outcome, SiteWatch, Watcher};
use tokio::sync::mpsc;

use crate::core::closed_site;
use crate::failure::Failure;
use crate::feed::Feed;
use crate::source::Source;
use crate::statement::{Stated, StatedApp, StatedList, Statement};

/// The folder of a site, or its image, in the file system.
///
/// Lists that are bad and files that are gone are its own matter ([`ipgate::watch::FollowedSite`]): what it says is what is
/// good. It is noticed at once where the system notifies, and within a second elsewhere.
#[derive(Debug)]
pub struct FolderSource {
    path: PathBuf,
    parser: Parser,
}

impl FolderSource {
    /// What stands at that path.
    pub fn new(path: impl Into<PathBuf>) -> FolderSource {
        FolderSource { path: path.into(), parser: Parser::new() }
    }

    /// The same, where lists are parsed like that; strictly unless set.
    #[must_use]
    pub fn parser(self, parser: Parser) -> FolderSource {
        FolderSource { parser, ..self }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Source for FolderSource {
    fn name(&self) -> String {
        format!("folder {}", self.path.display())
    }

    fn follow<'f>(&'f mut self, feed: &'f mut Feed) -> BoxFuture<'f, Failure> {
        Box::pin(async move {
            let gate = match SiteGate::new(&closed_site()) {
                Ok(gate) => gate,
                Err(refused) => return Failure::Unreadable(refused.to_string()),
            };
            let (sender, mut outcomes) = mpsc::unbounded_channel();
            let watch = SiteWatch::new(&gate, &self.path)
                .parser(SiteParser::new().lists(self.parser.clone()))
                .on_outcome(move |outcome| drop(sender.send(outcome)));
            // The loading reads files, and waits for one that is being written.
            let started = tokio::task::spawn_blocking(move || watch.start()).await;
            let _watcher = match started {
                Ok(Ok(watcher)) => Following(Some(watcher)),
                Ok(Err(error)) => return Failure::Unreadable(error.to_string()),
                Err(error) => return Failure::Ended(error.to_string()),
            };
            loop {
                let began = feed.begin();
                feed.say(statement(&gate.snapshot().site()), began).await;
                loop {
                    tokio::select! {
                        () = feed.wish() => break,
                        outcome = outcomes.recv() => match outcome {
                            None => return Failure::Ended("the thread that follows the files has ended".into()),
                            Some(Outcome::Refused { error, .. }) => feed.degraded(error.to_string()).await,
                            Some(Outcome::PollingOnly { .. }) => {}
                            Some(Outcome::SiteSwapped { failures, .. } | Outcome::Unchanged { failures, .. }) => {
                                // Nothing but what had failed is as it should be again.
                                if failures > 0 {
                                    feed.recovered().await;
                                }
                                break;
                            }
                            Some(_) => break,
                        }
                    }
                }
            }
        })
    }
}

/// The thread that follows, ended away from the threads that wait for sockets.
struct Following(Option<Watcher>);

impl Drop for Following {
    fn drop(&mut self) {
        let watcher = self.0.take();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            drop(runtime.spawn_blocking(move || drop(watcher)));
        }
    }
}

/// A site as a statement of all that there is.
pub(crate) fn statement(site: &Site) -> Statement {
    let slot = |slot: &ipgate::site::ListSlot| match slot.is_unset() {
        true => Stated::Unset,
        false => Stated::Set(StatedList::Ready(slot.clone())),
    };
    let apps = site.apps().iter().map(|(name, app)| {
        let app = StatedApp { list: slot(app.list()), mode: app.mode().into(), hosts: app.hosts().to_vec() };
        (name.clone(), Some(app))
    });
    Statement {
        default: Some(slot(site.default_list())),
        mode: Some(Stated::Set(site.mode())),
        enforce: Some(Stated::Set(site.is_enforced())),
        apps: apps.collect(),
        ..Statement::whole()
    }
}
