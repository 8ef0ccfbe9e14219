//! The keys of a site as they were read last, and the statements that are made of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use ipgate::site::AppName;

use super::choice::Layout;
use super::deis::{self, Deis};
use super::plain::{self, Plain};
use super::remarks::Remarks;
use super::text::{Text, text};
use super::touched::{Meaning, Touched};
use crate::bookmark::Bookmark;
use crate::statement::{Stated, StatedApp, Statement};

/// The keys below a prefix that have a meaning.
#[derive(Debug)]
pub(crate) struct Keys {
    layout: Layout,
    /// With the slash behind it.
    prefix: String,
    /// The keys that are there, of those with a meaning or a remark, and their values.
    there: BTreeMap<Arc<str>, Text>,
    /// The keys whose values have changed since a statement was made of them.
    changed: BTreeSet<Arc<str>>,
    deis: Deis,
    plain: Plain,
    touched: Touched,
    remarks: Remarks,
}

impl Keys {
    /// No key yet. The prefix has a slash behind it.
    pub(crate) fn new(layout: Layout, prefix: &str) -> Keys {
        Keys {
            layout,
            prefix: prefix.to_owned(),
            there: BTreeMap::new(),
            changed: BTreeSet::new(),
            deis: Deis::default(),
            plain: Plain::default(),
            touched: Touched::default(),
            remarks: Remarks::default(),
        }
    }

    /// A key has that value now. O(log n) for n keys.
    pub(crate) fn put(&mut self, key: &[u8], value: &[u8]) {
        match std::str::from_utf8(key) {
            Ok(key) => self.take(key, Some(text(value))),
            Err(_) => {
                let shown = String::from_utf8_lossy(key);
                self.remarks.note(&shown, Some("it is not read: the key is not UTF-8".into()));
            }
        }
    }

    /// A key is gone.
    pub(crate) fn remove(&mut self, key: &[u8]) {
        match std::str::from_utf8(key) {
            Ok(key) => self.take(key, None),
            Err(_) => self.remarks.note(&String::from_utf8_lossy(key), None),
        }
    }

    /// A directory is gone, and with it each key below.
    pub(crate) fn remove_below(&mut self, directory: &str) {
        let below = format!("{}/", directory.trim_end_matches('/'));
        let from = (Bound::Included(below.as_str()), Bound::Unbounded);
        let keys = self.there.range::<str, _>(from).map(|(key, _)| Arc::clone(key));
        for key in keys.take_while(|key| key.starts_with(&below)).collect::<Vec<_>>() {
            self.take(&key, None);
        }
    }

    /// These are all the keys that there are now.
    pub(crate) fn replace<'k>(&mut self, keys: impl IntoIterator<Item = (&'k [u8], &'k [u8])>) {
        let mut gone: BTreeSet<Arc<str>> = std::mem::take(&mut self.there).into_keys().collect();
        for (key, value) in keys {
            self.put(key, value);
            if let Ok(key) = std::str::from_utf8(key) {
                gone.remove(key);
            }
        }
        for key in gone {
            self.take(&key, None);
        }
    }

    fn take(&mut self, key: &str, value: Option<Text>) {
        let Some(path) = key.strip_prefix(&self.prefix) else { return };
        let is_there = value.is_some();
        let meaning = self.meaning(path, value.clone());
        match (value, &meaning) {
            (Some(value), Meaning::Known | Meaning::Remarked(_)) => {
                let key = Arc::from(key);
                self.changed.insert(Arc::clone(&key));
                self.there.insert(key, value);
            }
            (None, _) => {
                if let Some((key, _)) = self.there.remove_entry(key) {
                    self.changed.insert(key);
                }
            }
            (Some(_), Meaning::Foreign) => {}
        }
        let remark = match meaning {
            Meaning::Remarked(remark) if is_there => Some(remark),
            Meaning::Remarked(_) | Meaning::Known | Meaning::Foreign => None,
        };
        self.remarks.note(key, remark);
    }

    fn meaning(&mut self, path: &str, value: Option<Text>) -> Meaning {
        let meaning = match self.layout.has_plain() {
            true => self.plain.take(path, value.clone(), &mut self.touched),
            false => Meaning::Foreign,
        };
        if meaning == Meaning::Foreign && self.layout.has_deis() {
            return self.deis.take(path, value, &mut self.touched);
        }
        meaning
    }

    /// All that the keys say. O(n) for n keys.
    pub(crate) fn whole(&mut self) -> Statement {
        self.touched = Touched { default: true, mode: true, enforce: true, apps: self.names() };
        self.changed = self.there.keys().cloned().collect();
        Statement { is_whole: true, ..self.changes() }
    }

    /// What these keys were when they were kept, in the place of all that there are.
    pub(crate) fn restore(&mut self, bookmark: &Bookmark) {
        let values = bookmark.values.iter();
        self.replace(values.filter_map(|(key, value)| Some((key.as_bytes(), value.as_ref()?.as_bytes()))));
    }

    /// The keys that have changed since the last statement, where each is text: what is not cannot be kept.
    fn bookmark(&mut self) -> Option<Bookmark> {
        let changed = std::mem::take(&mut self.changed);
        let value = |key: Arc<str>| match self.there.get(&key) {
            Some(value) => value.clone().map(|text| (key, Some(text))),
            None => Ok((key, None)),
        };
        let values = changed.into_iter().map(value).collect::<Result<_, _>>().ok()?;
        Some(Bookmark { values, ..Bookmark::default() })
    }

    /// What the keys that changed since the last statement say. O(1) for each app that they belong to.
    pub(crate) fn changes(&mut self) -> Statement {
        let touched = std::mem::take(&mut self.touched);
        let apps = touched.apps.into_iter().map(|name| {
            let app = self.app(&name);
            (name, app)
        });
        Statement {
            apps: apps.collect(),
            default: touched.default.then(|| self.plain.default_list(&self.prefix)),
            mode: touched.mode.then(|| self.plain.mode(&self.prefix)),
            enforce: touched.enforce.then(|| self.enforce()),
            remarks: self.remarks.take(),
            bookmark: self.bookmark(),
            ..Statement::changes()
        }
    }

    /// Whether nothing has changed since the last statement, and there is nothing to tell.
    pub(crate) fn is_unchanged(&self) -> bool {
        let Touched { default, mode, enforce, apps } = &self.touched;
        !default && !mode && !enforce && apps.is_empty() && !self.remarks.has_new()
    }

    fn names(&self) -> BTreeSet<AppName> {
        self.plain.names().chain(self.deis.names()).collect()
    }

    /// Lists are required where either layout says so.
    fn enforce(&self) -> Stated<bool> {
        match (self.plain.enforce(&self.prefix), self.deis.enforce(&self.prefix)) {
            (Stated::Set(true), _) | (_, Stated::Set(true)) => Stated::Set(true),
            (Stated::Bad(why), _) | (_, Stated::Bad(why)) => Stated::Bad(why),
            (Stated::Unset, other) | (other, _) => other,
        }
    }

    fn app(&mut self, name: &AppName) -> Option<StatedApp> {
        let (plain, deis) = (self.plain.app(&self.prefix, name), self.deis.app(&self.prefix, name));
        let has_list = |app: &Option<StatedApp>| app.as_ref().is_some_and(|app| !app.list.is_unset());
        let is_both = has_list(&plain) && has_list(&deis);
        if is_both || self.remarks.has_any() {
            let [first, second] = [plain::list_key(name.as_str()), deis::list_key(name.as_str())];
            let keys = format!("{0}{first} and {0}{second}", self.prefix);
            self.remarks.note(&keys, is_both.then(|| "both hold a list of one app; the first counts".into()));
        }
        let (mut plain, mut deis) = match (plain, deis) {
            (Some(plain), Some(deis)) => (plain, deis),
            (one, other) => return one.or(other),
        };
        plain.hosts.append(&mut deis.hosts);
        plain.hosts.sort();
        plain.hosts.dedup();
        if plain.list.is_unset() {
            plain.list = deis.list;
        }
        Some(plain)
    }
}
