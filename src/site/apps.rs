//! The apps of a site by number, in chunks that states of the site share: a change copies one of them.

use std::sync::Arc;

use super::host::Host;
use super::name::AppName;
use crate::policy::Mode;
use crate::snapshot::Snapshot;
use crate::table::Table;

/// How many apps a chunk has.
const CHUNK: usize = 128;

/// One app as it is enforced.
#[derive(Debug, Clone)]
pub(super) struct AppState {
    pub(super) mode: Option<Mode>,
    /// Its list; none where it is not set.
    pub(super) list: Option<Listed>,
    /// Apart, since checks need no more than the list.
    pub(super) about: Arc<About>,
}

/// A compiled list, shared with the description that it came with and with states in which only something else differs, and
/// the generation of the site with which it came into force.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    list: Arc<Snapshot>,
    pub(super) generation: u64,
}

impl Listed {
    pub(super) fn new(list: Arc<Snapshot>, generation: u64) -> Listed {
        Listed { list, generation }
    }

    #[inline(always)]
    pub(super) fn snapshot(&self) -> &Snapshot {
        &self.list
    }

    #[inline(always)]
    pub(super) fn table(&self) -> &Table {
        self.list.table()
    }

    /// The same list, for those who share it.
    pub(super) fn shared(&self) -> Arc<Snapshot> {
        Arc::clone(&self.list)
    }
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
