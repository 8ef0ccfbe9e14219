//! The site as files, and as the filters of proxies: written when what is in force changes, whole, and read back.
//!
//! Nothing is published before a site is in force: what stands there from before is better than an image of nobody. Changes that
//! come together are written together. What cannot be written is told once, and tried again; each place by itself.

mod allowed;
mod file;
mod folder;
mod haproxy;
mod image;
mod nft;
mod spans;
mod state;
mod target;
mod text;
mod work;

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::{PublishConfig, TargetConfig};
use crate::in_force::InForce;
pub use state::{Failing, Published, Publishing};
use target::Target;
use work::Work;

/// A publisher that runs.
#[derive(Debug)]
pub struct Publisher {
    /// Dropped, it ends them.
    stop: watch::Sender<()>,
    tasks: JoinSet<()>,
}

impl Publisher {
    /// Begins to publish, and tells how that is. Where no place is named, there is nothing to do.
    pub fn begin(
        in_force: &Arc<InForce>,
        config: &PublishConfig,
        proxies: &[TargetConfig],
        shown: &watch::Sender<Publishing>,
    ) -> Publisher {
        let (stop, stopped) = watch::channel(());
        let (targets, published): (Vec<_>, Vec<_>) = Target::all(config, proxies).into_iter().unzip();
        // At once, so that nobody takes what is in force for published meanwhile.
        shown.send_replace(Publishing::of(published));
        let mut tasks = JoinSet::new();
        for (number, target) in targets.into_iter().enumerate() {
            let (in_force, shown, config) = (Arc::clone(in_force), shown.clone(), config.clone());
            let work = Work { in_force, target: Some(target), number, shown, config, expires: None };
            tasks.spawn(work.run(stopped.clone()));
        }
        Publisher { stop, tasks }
    }

    /// Publishes what is in force and was not, and ends.
    pub async fn end(mut self) {
        drop(self.stop);
        while self.tasks.join_next().await.is_some() {}
    }
}
