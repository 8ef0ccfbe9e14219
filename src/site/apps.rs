//! The apps of a site by number, in chunks that states of the site share: a change copies one of them.

use std::sync::Arc;

use super::host::Host;
use super::name::AppName;
use crate::policy::Mode;
use crate::snapshot::Snapshot;

/// How many apps a chunk has.
const CHUNK: usize = 128;

/// One app as it is enforced.
#[derive(Debug, Clone)]
pub(super) struct AppState {
    pub(super) name: AppName,
    pub(super) number: u32,
    pub(super) mode: Option<Mode>,
    pub(super) hosts: Box<[Host]>,
    /// Its list with its generation, shared with states in which only something else differs; none where it is not set.
    pub(super) list: Option<Arc<Snapshot>>,
}

/// Apps by number. A number that became free is given to another app.
#[derive(Debug, Clone, Default)]
pub(super) struct Apps {
    chunks: Vec<Arc<Chunk>>,
    len: usize,
}

type Chunk = [Option<Arc<AppState>>; CHUNK];

impl Apps {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn get(&self, number: u32) -> Option<&AppState> {
        let number = number as usize;
        self.chunks.get(number / CHUNK)?.get(number % CHUNK)?.as_deref()
    }

    pub(super) fn shared(&self, number: u32) -> Option<Arc<AppState>> {
        let number = number as usize;
        self.chunks.get(number / CHUNK)?.get(number % CHUNK)?.clone()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<AppState>> {
        self.chunks.iter().flat_map(|chunk| chunk.iter().flatten())
    }

    /// Puts an app at its number.
    pub(super) fn insert(&mut self, app: AppState) {
        let number = app.number as usize;
        while self.chunks.len() <= number / CHUNK {
            self.chunks.push(Arc::new([const { None }; CHUNK]));
        }
        if let Some(place) = self.place(number) {
            let is_new = place.replace(Arc::new(app)).is_none();
            self.len += usize::from(is_new);
        }
    }

    pub(super) fn remove(&mut self, number: u32) {
        if self.place(number as usize).and_then(Option::take).is_some() {
            self.len -= 1;
        }
    }

    fn place(&mut self, number: usize) -> Option<&mut Option<Arc<AppState>>> {
        Arc::make_mut(self.chunks.get_mut(number / CHUNK)?).get_mut(number % CHUNK)
    }

    /// The lowest number that no app has, at or above one below which there is none.
    pub(super) fn free_number(&self, from: u32) -> u32 {
        (from..).find(|number| self.get(*number).is_none()).unwrap_or(u32::MAX)
    }
}
