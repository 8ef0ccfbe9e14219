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
    pub(super) mode: Option<Mode>,
    /// Its list with its generation, shared with states in which only something else differs; none where it is not set.
    pub(super) list: Option<Arc<Snapshot>>,
    /// Apart, since checks need no more than the list.
    pub(super) about: Arc<About>,
}

/// Who an app is.
#[derive(Debug)]
pub(super) struct About {
    pub(super) name: AppName,
    pub(super) hosts: Box<[Host]>,
    /// The generation of the site with which it came: no two apps of one number have the same.
    pub(super) came: u64,
}

/// Apps by number. A number that became free is given to another app.
#[derive(Debug, Clone, Default)]
pub(super) struct Apps {
    chunks: Vec<Arc<Chunk>>,
    len: usize,
}

type Chunk = [Option<AppState>; CHUNK];

impl Apps {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// All numbers are below it.
    pub(super) fn places(&self) -> usize {
        self.chunks.len() * CHUNK
    }

    #[inline]
    pub(super) fn get(&self, number: u32) -> Option<&AppState> {
        let number = number as usize;
        self.chunks.get(number / CHUNK)?.get(number % CHUNK)?.as_ref()
    }

    /// All with their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &AppState)> {
        let places = (0..).zip(self.chunks.iter().flat_map(|chunk| chunk.iter()));
        places.filter_map(|(number, app)| Some((number, app.as_ref()?)))
    }

    /// Puts an app at a number.
    pub(super) fn insert(&mut self, number: u32, app: AppState) {
        while self.chunks.len() <= number as usize / CHUNK {
            self.chunks.push(Arc::new([const { None }; CHUNK]));
        }
        if let Some(place) = self.place(number) {
            let is_new = place.replace(app).is_none();
            self.len += usize::from(is_new);
        }
    }

    pub(super) fn remove(&mut self, number: u32) {
        if self.place(number).and_then(Option::take).is_some() {
            self.len -= 1;
        }
    }

    fn place(&mut self, number: u32) -> Option<&mut Option<AppState>> {
        let number = number as usize;
        Arc::make_mut(self.chunks.get_mut(number / CHUNK)?).get_mut(number % CHUNK)
    }

    /// The lowest number at or above `from` that no app has.
    pub(super) fn free_number(&self, from: u32) -> u32 {
        (from..).find(|number| self.get(*number).is_none()).unwrap_or(u32::MAX)
    }
}
