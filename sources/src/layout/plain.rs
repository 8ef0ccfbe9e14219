//! The plain layout: a key for each thing that can be said of a site.

use std::collections::BTreeMap;
use std::fmt;

use ipgate::Mode;
use ipgate::policy::parse_enforce;
use ipgate::site::{AppName, Host};

use super::split::{PARTS, SPLIT, Split};
use super::text::{Text, stated_list, stated_setting};
use super::touched::{Meaning, Touched};
use crate::statement::{Stated, StatedApp, StatedList};

const LIST: &str = "list";
const MODE: &str = "mode";
const HOSTS: &str = "hosts";

/// The key below the prefix that holds the list of an app.
pub(super) fn list_key(app: &str) -> String {
    format!("apps/{app}/{LIST}")
}

/// What the keys say.
#[derive(Debug, Default)]
pub(super) struct Plain {
    enforce: Option<Text>,
    mode: Option<Text>,
    default: Option<Text>,
    /// Which of the parts make a default list, where it is too large for one key.
    split: Option<Text>,
    parts: BTreeMap<Box<str>, Text>,
    apps: BTreeMap<AppName, PlainApp>,
}

#[derive(Debug, Default)]
struct PlainApp {
    list: Option<Text>,
    mode: Option<Text>,
    hosts: Option<Vec<Host>>,
}

impl Plain {
    /// Takes the value of a key below the prefix, or that it is gone.
    pub(super) fn take(&mut self, path: &str, value: Option<Text>, touched: &mut Touched) -> Meaning {
        match path {
            "enforce" => (self.enforce, touched.enforce) = (value, true),
            "mode" => (self.mode, touched.mode) = (value, true),
            "default" => (self.default, touched.default) = (value, true),
            SPLIT => (self.split, touched.default) = (value, true),
            _ if path.starts_with(PARTS) => self.take_part(path, value, touched),
            _ => match path.strip_prefix("apps/") {
                Some(rest) => return self.take_app(rest, value, touched),
                None if path.contains('/') => return Meaning::Foreign,
                None => {
                    return Meaning::Remarked(
                        "it is not read: there are `enforce`, `mode`, `default` and `apps`".into(),
                    );
                }
            },
        }
        Meaning::Known
    }

    /// A part matters where it is of the list that counts.
    fn take_part(&mut self, path: &str, value: Option<Text>, touched: &mut Touched) {
        match value {
            Some(text) => drop(self.parts.insert(path.into(), text)),
            None => drop(self.parts.remove(path)),
        }
        let counts = self.split().is_some_and(|split| path.starts_with(&split.directory()));
        touched.default |= counts;
    }

    /// The parts that count, where they are said so that it can be read.
    fn split(&self) -> Option<Split> {
        self.split.as_ref()?.as_ref().ok()?.parse().ok()
    }

    /// A name may hold slashes: what follows the last one says what the value is.
    fn take_app(&mut self, rest: &str, value: Option<Text>, touched: &mut Touched) -> Meaning {
        let (name, what) = rest.rsplit_once('/').unwrap_or((rest, ""));
        if ![LIST, MODE, HOSTS].contains(&what) {
            return Meaning::Remarked(
                "it is not read: an app has `apps/NAME/list`, `…/mode` and `…/hosts`".into(),
            );
        }
        let name = match AppName::new(name) {
            Ok(name) => name,
            Err(error) => return Meaning::Remarked(format!("it is not read: {error}")),
        };
        let app = self.apps.entry(name.clone()).or_default();
        let remark = match what {
            LIST => {
                app.list = value;
                None
            }
            MODE => {
                app.mode = value;
                None
            }
            _ => app.take_hosts(value),
        };
        if app.list.is_none() && app.mode.is_none() && app.hosts.is_none() {
            self.apps.remove(&name);
        }
        touched.apps.insert(name);
        remark.map_or(Meaning::Known, Meaning::Remarked)
    }

    pub(super) fn default_list(&self, prefix: &str) -> Stated<StatedList> {
        let place = format!("{prefix}{SPLIT}");
        let bad = |why: &dyn fmt::Display| Stated::Bad(format!("{place}: {why}"));
        let split = match (&self.split, &self.default) {
            (None, default) => return stated_list(&format!("{prefix}default"), default.as_ref()),
            (Some(_), Some(_)) => return bad(&format!("there is {prefix}default, too; remove one of them")),
            (Some(Err(not_text)), None) => return bad(not_text),
            (Some(Ok(split)), None) => split.parse::<Split>(),
        };
        match split.and_then(|split| split.joined(&self.parts)) {
            Ok(text) => Stated::Set(StatedList::Text { place: place.as_str().into(), text }),
            Err(why) => bad(&why),
        }
    }

    pub(super) fn mode(&self, prefix: &str) -> Stated<Mode> {
        stated_setting(&format!("{prefix}mode"), self.mode.as_ref(), str::parse)
    }

    pub(super) fn enforce(&self, prefix: &str) -> Stated<bool> {
        stated_setting(&format!("{prefix}enforce"), self.enforce.as_ref(), parse_enforce)
    }

    /// An app, where any key names it.
    pub(super) fn app(&self, prefix: &str, name: &AppName) -> Option<StatedApp> {
        let app = self.apps.get(name)?;
        Some(StatedApp {
            list: stated_list(&format!("{prefix}{}", list_key(name.as_str())), app.list.as_ref()),
            mode: stated_setting(&format!("{prefix}apps/{name}/{MODE}"), app.mode.as_ref(), str::parse),
            hosts: app.hosts.clone().unwrap_or_default(),
        })
    }

    /// The apps that any key names.
    pub(super) fn names(&self) -> impl Iterator<Item = AppName> {
        self.apps.keys().cloned()
    }
}

impl PlainApp {
    /// Takes the hosts that are hosts, and says which are not. A value that is no text leaves them as they are.
    fn take_hosts(&mut self, value: Option<Text>) -> Option<String> {
        let text = match value.transpose() {
            Ok(text) => text,
            Err(not_text) => {
                self.hosts.get_or_insert_default();
                return Some(format!("{not_text}; the hosts stay as they were"));
            }
        };
        let mut bad = Vec::new();
        self.hosts = text.map(|text| {
            let words = text.split([' ', '\t', '\r', '\n', ',']).filter(|word| !word.is_empty());
            words
                .filter_map(|word| Host::new(word).map_err(|error| bad.push(error.to_string())).ok())
                .collect()
        });
        (!bad.is_empty()).then(|| format!("not all of it is read: {}", bad.join("; ")))
    }
}
