//! The sources, followed into what is in force, until that ends or the configuration names others.

use std::sync::Arc;

use ipgate_sources::{Runner, StateFolder};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::in_force::InForce;
use crate::{log, sources};

/// Sources that are followed.
#[derive(Debug)]
pub struct Following {
    stop: oneshot::Sender<()>,
    runner: JoinHandle<()>,
    /// Hands on how the sources are.
    status: JoinHandle<()>,
}

/// What there has to be before sources are followed: everything that may fail has been done.
pub struct Prepared {
    runner: Runner,
    config: Config,
}

impl Prepared {
    /// Makes the sources, and opens the state folder. Nothing is in force of it.
    ///
    /// # Errors
    ///
    /// A sentence where a file that is named cannot be read, or the folder cannot be made.
    pub fn new(in_force: &Arc<InForce>, config: &Config) -> Result<Prepared, String> {
        let mut runner = Runner::new(in_force.gate()).parser(sources::parser(config));
        for source in sources::sources(config)? {
            runner = runner.with_boxed_source(source);
        }
        if let Some(path) = &config.state {
            let folder = StateFolder::open(path)
                .map_err(|error| format!("the state folder {} cannot be made: {error}", path.display()))?;
            runner = runner.state(folder);
        }
        let noted = Arc::clone(in_force);
        let runner = runner.on_notice(move |source, notice| {
            noted.note(notice);
            log::notice(source, notice);
        });
        Ok(Prepared { runner, config: config.clone() })
    }

    /// Brings what was kept into force, and follows the sources.
    #[must_use]
    pub fn follow(self, in_force: &Arc<InForce>) -> Following {
        let Prepared { runner, config } = self;
        in_force.gate().set_guard(config.guard.site_guard());
        let mut statuses = runner.status();
        let noted = Arc::clone(in_force);
        let (stop, stopped) = oneshot::channel::<()>();
        // What was kept is read here and not in a thread of its own, whose heap grows by single pages: a restart is to be quick.
        let started = tokio::task::block_in_place(|| runner.start());
        let runner = tokio::spawn(started.run(async move { drop(stopped.await) }));
        noted.note_status(Arc::clone(&statuses.borrow_and_update()));
        let status = tokio::spawn(async move {
            while statuses.changed().await.is_ok() {
                noted.note_status(Arc::clone(&statuses.borrow_and_update()));
            }
        });
        Following { stop, runner, status }
    }
}

impl Following {
    /// Ends it; what is in force stays, and is kept.
    pub async fn end(self) {
        drop(self.stop);
        if !self.runner.is_finished() {
            let _ = self.runner.await;
        }
        let _ = self.status.await;
    }

    /// Until it ends by itself, which it does only by a fault in the program.
    pub(crate) async fn ended(&mut self) {
        let _ = (&mut self.runner).await;
    }
}
