//! Decisions of one thread about the clients of a site, counted by app, reason and label.
//!
//! They are counted by numbers: an app by the one that it has in the site, a label by the one that it has in its list. Numbers
//! of labels become texts when a reader lets go of a state of the site ([`SiteTally::end`]). When it takes one, it looks whether
//! numbers have been given to other apps ([`SiteTally::follow`]): what was counted for an app that is gone joins what was
//! counted for all of these.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::apps::About;
use super::snapshot::SiteSnapshot;
use crate::reason::Reason;
use crate::table::Origin;
use crate::tally::{Labels, Sum, Tally};
use crate::verdict::Judgement;

/// The most labels of apps that are told apart, so that no site can take all memory.
pub(super) const LABELS: usize = 65_536;

/// The place of the apps that the site does not name.
const UNNAMED: usize = 0;

/// How many labels of an app are counted beside it.
const BESIDE: usize = 4;

/// What one thread has decided.
#[derive(Debug, Default)]
pub(super) struct SiteTally {
    /// Of the apps that the site does not name, and behind it of each app by its number. Empty as long as nothing is counted.
    apps: Vec<AppTally>,
    /// Of all apps that are gone.
    gone: AppTally,
    /// The places of apps that have counted labels in the state that is in use.
    labelled: Vec<usize>,
    /// Labels beyond those beside their apps, by the app's place.
    more: HashMap<(usize, Key), u64, RandomState>,
    /// The generation at which names had changed last when `apps` were compared with them.
    names: u64,
    /// How many labels `apps` tell apart.
    labels: usize,
}

/// What was decided about the clients of one app. What a check needs stands first, in whole cache lines.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub(super) struct AppTally {
    pub(super) reasons: [u64; Reason::ALL.len()],
    /// In the state that is in use; those that are empty stand last.
    beside: [Labelled; BESIDE],
    /// Whose it is; nobody's where no app has the number.
    about: Option<Arc<About>>,
    /// Of the lists that were in use before.
    pub(super) labels: Option<Box<Labels>>,
}

/// How often entries with a label decided.
#[derive(Debug, Default, Clone, Copy)]
struct Labelled {
    key: Key,
    count: u64,
}

/// What entries decided: their label by its number, which of an app's two lists they are of, and whether they deny.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
struct Key(u32);

impl Key {
    const DENY: u32 = 1 << 31;
    const OF_APP_LIST: u32 = 1 << 30;

    /// None where no entry decided, or one without a label.
    #[inline(always)]
    fn of(judgement: Judgement<'_>) -> Option<Key> {
        let label = judgement.decision().label_number();
        let deny = if judgement.is_allowed() { 0 } else { Key::DENY };
        let list = if judgement.layer() == Some(Origin::App) { Key::OF_APP_LIST } else { 0 };
        (label != 0).then_some(Key(deny | list | label))
    }

    /// Its label for the app at a place of that state of the site.
    fn label(self, site: &SiteSnapshot, place: usize) -> Option<&str> {
        let list = match self.0 & Key::OF_APP_LIST {
            0 => &site.default,
            _ => site.apps.get(place.checked_sub(1)? as u32)?.list.as_ref()?,
        };
        list.table().label(self.0 & (Key::OF_APP_LIST - 1))
    }

    fn sum(self, count: u64) -> Sum {
        match self.0 & Key::DENY {
            0 => Sum { allowed: count, denied: 0 },
            _ => Sum { allowed: 0, denied: count },
        }
    }
}

impl SiteTally {
    /// Counts what a state of the site said of a client of the app with that number, or of one that it does not name. Between
    /// [`SiteTally::end`] and [`SiteTally::follow`] all has to be of one state.
    #[inline(always)]
    pub(super) fn count(&mut self, site: &SiteSnapshot, app: Option<u32>, judgement: Judgement<'_>) {
        let place = app.map_or(UNNAMED, |number| number as usize + 1);
        if self.apps.len() <= place {
            self.begin(site);
        }
        let Some(app) = self.apps.get_mut(place) else { return };
        app.count(judgement.reason());
        let Some(key) = Key::of(judgement) else { return };
        match app.beside.iter_mut().find(|labelled| labelled.key == key) {
            Some(labelled) => labelled.count += 1,
            None => self.count_label(place, key),
        }
    }

    /// Makes room for the apps that there are.
    #[cold]
    #[inline(never)]
    fn begin(&mut self, site: &SiteSnapshot) {
        self.apps.push(AppTally::default());
        self.follow(site);
    }

    /// Counts a label that is not beside its app, and puts it there where there is room.
    #[inline(never)]
    fn count_label(&mut self, place: usize, key: Key) {
        let Some(app) = self.apps.get_mut(place) else { return };
        if let Some((at, free)) = app.beside.iter_mut().enumerate().find(|(_, labelled)| labelled.count == 0)
        {
            *free = Labelled { key, count: 1 };
            if at == 0 {
                self.labelled.push(place);
            }
        } else if let Some(count) = self.more.get_mut(&(place, key)) {
            *count += 1;
        } else if self.more.len() < LABELS {
            self.more.insert((place, key), 1);
        } else {
            *app.labels.get_or_insert_default().others() += key.sum(1);
        }
    }

    /// Ends the counting by the labels' numbers, before the reader lets go of that state, and before counts are looked at.
    /// O(l) for the l labels of apps that were counted since the last time.
    pub(super) fn end(&mut self, site: &SiteSnapshot) {
        let SiteTally { apps, labelled, more, labels, .. } = self;
        for place in labelled.drain(..) {
            let Some(app) = apps.get_mut(place) else { continue };
            for Labelled { key, count } in mem::take(&mut app.beside) {
                app.keep(key.label(site, place), key.sum(count), labels);
            }
        }
        for ((place, key), count) in more.drain() {
            let Some(app) = apps.get_mut(place) else { continue };
            app.keep(key.label(site, place), key.sum(count), labels);
        }
    }

    /// Takes up the counting with that state of the site. O(a) for a apps where names have changed, O(1) otherwise and where
    /// nothing was counted.
    pub(super) fn follow(&mut self, site: &SiteSnapshot) {
        if self.apps.is_empty() || self.names == site.names.generation {
            return;
        }
        self.names = site.names.generation;
        let places = self.apps.len().max(1 + site.apps.places());
        self.apps.resize_with(places, AppTally::default);
        for (number, app) in (0..).zip(self.apps.iter_mut().skip(1)) {
            let about = site.apps.get(number).map(|app| &app.about);
            if app.is_of(about) {
                continue;
            }
            if app.came() != about.map(|about| about.came) {
                let gone = mem::take(app);
                self.labels -= gone.labels.as_ref().map_or(0, |labels| labels.len());
                self.gone.join(&gone);
            }
            app.about = about.cloned();
        }
    }

    /// Of the app with that number.
    pub(super) fn of_app(&self, number: u32) -> Option<&AppTally> {
        self.apps.get(1 + number as usize)
    }

    /// Of the apps that the site does not name.
    pub(super) fn unnamed(&self) -> Option<&AppTally> {
        self.apps.get(UNNAMED)
    }

    /// Of the apps that are gone.
    pub(super) fn gone(&self) -> &AppTally {
        &self.gone
    }

    /// Of each app of the site, with its name, as far as something was counted.
    pub(super) fn named(&self) -> impl Iterator<Item = (&str, &AppTally)> {
        self.apps.iter().filter_map(|app| Some((app.about.as_ref()?.name.as_str(), app)))
    }
}

impl AppTally {
    #[inline(always)]
    fn count(&mut self, reason: Reason) {
        if let Some(count) = self.reasons.get_mut(usize::from(reason.code()).wrapping_sub(1)) {
            *count += 1;
        }
    }

    /// Adds what was decided under a label, of which all apps tell so many apart.
    fn keep(&mut self, label: Option<&str>, sum: Sum, of_all: &mut usize) {
        if sum == Sum::default() {
            return;
        }
        let labels = self.labels.get_or_insert_default();
        let before = labels.len();
        let most = (before + LABELS - *of_all).min(Tally::LABELS);
        *match label {
            Some(label) => labels.sum(label, most),
            None => labels.others(),
        } += sum;
        *of_all += labels.len() - before;
    }

    /// The generation with which its app came.
    fn came(&self) -> Option<u64> {
        self.about.as_ref().map(|about| about.came)
    }

    /// Whether nothing that is known of its app is new.
    fn is_of(&self, about: Option<&Arc<About>>) -> bool {
        match (&self.about, about) {
            (Some(own), Some(about)) => Arc::ptr_eq(own, about),
            (own, about) => own.is_none() && about.is_none(),
        }
    }

    fn join(&mut self, other: &AppTally) {
        self.reasons.iter_mut().zip(&other.reasons).for_each(|(count, more)| *count += more);
        if let Some(labels) = &other.labels {
            self.labels.get_or_insert_default().join(labels, Tally::LABELS);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// They are what a check of another app has to fetch.
    #[test]
    fn an_app_is_two_cache_lines() {
        assert_eq!(size_of::<AppTally>(), 128);
    }

    #[test]
    fn reasons_stand_at_their_numbers() {
        assert!((1..).zip(Reason::ALL).all(|(code, reason)| reason.code() == code));
    }
}
