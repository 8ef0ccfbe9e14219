//! The file that a gate is polled for, with how its text is taken.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use ipgate::{
    Content, ShownPath,
    list::Parser,
    watch::{Followed, Glance, Look},
};

use crate::failure::Failure;
use crate::load::Loaded;

/// How long a call that loads a file now waits for one that is being written.
const PATIENCE: Duration = Duration::from_secs(10);

/// A file, and the state in which it was last handled.
#[derive(Debug, Clone)]
pub(crate) struct FollowedFile {
    file: Followed,
    parser: Parser,
}

impl FollowedFile {
    pub(crate) fn new(path: &Path, parser: Parser) -> Result<FollowedFile, Failure> {
        let file =
            Followed::new(path).map_err(|error| Failure::io(format!("{}: {error}", ShownPath(path))))?;
        Ok(FollowedFile { file, parser })
    }

    /// Takes the next look for the first one.
    pub(crate) fn forget(&mut self) {
        self.file.forget();
    }

    /// What [`FollowedFile::load`] would find. One `stat`.
    pub(crate) fn glance(&mut self) -> Glance {
        self.file.glance(Instant::now(), true)
    }

    /// Reads, parses and compiles what has changed and settled; nothing where nothing has.
    pub(crate) fn load(&mut self) -> Option<Result<Loaded, Failure>> {
        match self.file.look(Instant::now(), true, &self.parser) {
            Look::Same | Look::Unsettled(_) => None,
            Look::Text(content) => Some(self.table(content)),
            Look::Failed(error) => Some(Err(Failure::io(error.to_string()))),
        }
    }

    /// Loads the file as it is now; waits a little where it is being written.
    pub(crate) fn load_now(&mut self) -> Result<Loaded, Failure> {
        self.forget();
        let start = Instant::now();
        loop {
            if let Some(loaded) = self.load() {
                return loaded;
            }
            if start.elapsed() > PATIENCE {
                let name = ShownPath(self.file.name());
                return Err(Failure::io(format!(
                    "{name} is being written all the time: write a new file beside it and rename that over it"
                )));
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn table(&self, content: Content) -> Result<Loaded, Failure> {
        Loaded::file(&self.file.name().to_string_lossy(), content, &self.parser)
    }
}
