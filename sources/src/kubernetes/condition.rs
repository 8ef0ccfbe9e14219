//! How the streams of the kinds are, in a word for operators.

use std::collections::{BTreeMap, BTreeSet};

use super::kind::Kind;
use super::stream::{Event, Scope};

/// How the streams are.
#[derive(Debug, Default)]
pub(super) struct Condition {
    /// Those that are listed again and again, and what the API server says of that.
    polled: BTreeMap<usize, String>,
    absent: BTreeMap<usize, Kind>,
    /// Whether one of them is known to be watched: before that, there is nothing good to tell.
    is_watched: bool,
    /// What was told last, since all was listed last.
    told: Option<Option<String>>,
}

impl Condition {
    /// All is listed anew. What may not be watched stays so until it is watched.
    pub(super) fn begin(&mut self) {
        self.absent.clear();
        (self.is_watched, self.told) = (false, None);
    }

    pub(super) fn hear(&mut self, number: usize, scope: &Scope, event: &Event) {
        match event {
            Event::Polled(why) => {
                self.polled.insert(number, why.clone());
            }
            Event::Watched | Event::Applied(..) | Event::Deleted(_) => {
                self.polled.remove(&number);
                self.is_watched = true;
            }
            Event::Absent => {
                self.absent.insert(number, scope.kind);
            }
            Event::Listed(_) => {
                self.absent.remove(&number);
            }
        }
    }

    pub(super) fn absent(&self) -> impl Iterator<Item = String> {
        self.absent.values().map(|kind| {
            let resource = kind.plural();
            format!("the cluster has no {resource}; it is followed without, and they are looked for again and again")
        })
    }

    /// What to tell of it, where that is new: why it is degraded, or that it is not any more.
    pub(super) fn news(&mut self) -> Option<Option<String>> {
        let whys: BTreeSet<&str> = self.polled.values().map(String::as_str).collect();
        let now = (!whys.is_empty()).then(|| {
            let whys = whys.into_iter().collect::<Vec<_>>().join("; ");
            format!("{whys}; it is listed again and again instead, until the verb `watch` is granted")
        });
        let is_news = self.told.as_ref() != Some(&now) && (now.is_some() || self.is_watched);
        is_news.then(|| self.told.insert(now).clone())
    }
}
