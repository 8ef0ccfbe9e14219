//! All objects together, and the site that they make. Nothing here waits or asks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ipgate::policy::parse_enforce;
use ipgate::site::{AppName, Host};

use super::kind::Kind;
use super::listed;
use super::names::KubernetesNames;
use super::object::{Key, Object};
use crate::statement::{Stated, StatedApp, StatedList, Statement};

/// The objects that were listed and followed.
#[derive(Debug)]
pub(super) struct Cluster {
    names: Arc<KubernetesNames>,
    /// The domain of hosts without a dot, where it is not the router's to say.
    platform_domain: Option<String>,
    objects: BTreeMap<Key, Object>,
    /// The objects of each app, in the order in which they count.
    apps: BTreeMap<AppName, BTreeSet<Key>>,
}

/// What is different since it was last said.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Touched {
    settings: bool,
    apps: BTreeSet<AppName>,
    /// What was read last, in the words of the API server.
    version: Option<String>,
}

impl Touched {
    pub(super) fn is_nothing(&self) -> bool {
        !self.settings && self.apps.is_empty()
    }
}

impl Cluster {
    pub(super) fn new(names: Arc<KubernetesNames>, platform_domain: Option<String>) -> Cluster {
        Cluster { names, platform_domain, objects: BTreeMap::new(), apps: BTreeMap::new() }
    }

    /// Takes an object that is new or different.
    pub(super) fn put(&mut self, key: Key, object: Object, touched: &mut Touched) {
        let before = self.objects.get(&key);
        if before == Some(&object) {
            return;
        }
        touched.version = Some(object.version.clone());
        let is_same = before.is_some_and(|before| {
            before.app == object.app
                && before.annotations == object.annotations
                && before.hosts == object.hosts
        });
        if is_same {
            self.objects.insert(key, object); // its status is new, or what is of no interest here
            return;
        }
        self.take(&key, touched);
        if let (Ok(app), true) = (&object.app, self.is_app(&key, &object)) {
            self.apps.entry(app.clone()).or_default().insert(key.clone());
            touched.apps.insert(app.clone());
        }
        self.touch_settings(&key, touched);
        self.objects.insert(key, object);
    }

    /// Takes an object away.
    pub(super) fn take(&mut self, key: &Key, touched: &mut Touched) {
        let Some(object) = self.objects.remove(key) else { return };
        self.touch_settings(key, touched);
        let Ok(app) = object.app else { return };
        if let Some(keys) = self.apps.get_mut(&app)
            && keys.remove(key)
        {
            if keys.is_empty() {
                self.apps.remove(&app);
            }
            touched.apps.insert(app);
        }
    }

    /// Takes all objects of a kind, of a namespace or of all, in the place of those before.
    pub(super) fn replace(
        &mut self,
        kind: Kind,
        namespace: Option<&str>,
        listed: Vec<(Key, Object)>,
        touched: &mut Touched,
    ) {
        let is_here = |key: &Key| {
            key.kind == kind && namespace.is_none_or(|namespace| namespace == key.namespace.as_str())
        };
        let listed: BTreeMap<Key, Object> = listed.into_iter().collect();
        let gone = self.objects.keys().filter(|key| is_here(key) && !listed.contains_key(key));
        for key in gone.cloned().collect::<Vec<_>>() {
            self.take(&key, touched);
        }
        for (key, object) in listed {
            self.put(key, object, touched);
        }
    }

    /// A Service is an app once it is labelled so, which is what selects it; of the other kinds, there are many that have
    /// nothing to do with lists, and whose hosts are not to stand in the way of those that have.
    fn is_app(&self, key: &Key, object: &Object) -> bool {
        let names = &self.names;
        let mut lists = std::iter::once(&names.list).chain(&names.allow_ranges).chain(&names.deny_ranges);
        match key.kind {
            Kind::Router => false,
            Kind::Service => true,
            Kind::Ingress | Kind::Route => lists.any(|name| object.annotations.contains_key(name)),
        }
    }

    fn touch_settings(&self, key: &Key, touched: &mut Touched) {
        if key.kind == Kind::Router {
            touched.settings = true;
            if self.platform_domain.is_none() {
                touched.apps.extend(self.apps.keys().cloned()); // their hosts may be below another domain
            }
        }
    }

    /// All that there is.
    pub(super) fn whole(&self) -> Statement {
        let all =
            Touched { settings: true, apps: self.apps.keys().cloned().collect(), version: self.version() };
        Statement { is_whole: true, ..self.changes(&all) }
    }

    /// What is different.
    pub(super) fn changes(&self, touched: &Touched) -> Statement {
        let mut statement = Statement { revision: touched.version.clone(), ..Statement::changes() };
        if touched.settings {
            self.settings(&mut statement);
        }
        for name in &touched.apps {
            let app = self.app(name, &mut statement.remarks);
            statement.apps.insert(name.clone(), app);
        }
        let nameless =
            self.objects.iter().filter_map(|(key, object)| Some((key, object.app.as_ref().err()?)));
        statement.remarks.extend(nameless.map(|(key, why)| format!("{key} is passed over: {why}")));
        statement
    }

    /// The latest of the versions; they are numbers that grow, in every store that there is.
    fn version(&self) -> Option<String> {
        let numbers = self.objects.values().filter_map(|object| object.version.parse::<u64>().ok());
        numbers.max().map(|number| number.to_string())
    }

    fn router(&self) -> Option<(&Key, &Object)> {
        self.objects.iter().find(|(key, _)| key.kind == Kind::Router)
    }

    fn settings(&self, statement: &mut Statement) {
        let value = |name: &str| Some((self.router()?.0, self.router()?.1.annotations.get(name)?.as_str()));
        let place = |key: &Key, name: &str| format!("{key}, {name}");
        let names = &self.names;
        statement.enforce = Some(value(&names.enforce).map_or(Stated::Unset, |(key, text)| {
            parse_enforce(text).map_or_else(
                |error| Stated::Bad(format!("{}: {error}", place(key, &names.enforce))),
                Stated::Set,
            )
        }));
        statement.mode = Some(value(&names.mode).map_or(Stated::Unset, |(key, text)| {
            text.parse().map_or_else(
                |error| Stated::Bad(format!("{}: {error}", place(key, &names.mode))),
                Stated::Set,
            )
        }));
        let list = [&names.list, &names.default].into_iter().find_map(|name| Some((name, value(name)?)));
        statement.default = Some(list.map_or(Stated::Unset, |(name, (key, text))| {
            Stated::Set(StatedList::text(&place(key, name), text))
        }));
    }

    /// An app, of all its objects.
    fn app(&self, name: &AppName, remarks: &mut Vec<String>) -> Option<StatedApp> {
        let keys = self.apps.get(name)?;
        let mut app = StatedApp::default();
        let mut stated_by: Option<&Key> = None;
        for (key, object) in keys.iter().filter_map(|key| self.objects.get_key_value(key)) {
            for host in self.hosts(key, object, remarks) {
                if !app.hosts.contains(&host) {
                    app.hosts.push(host);
                }
            }
            let list = listed::list(key, object, &self.names);
            match stated_by {
                _ if list.is_unset() => {}
                None => (app.list, stated_by) = (list, Some(key)),
                Some(first) if !is_alike(&app.list, &list) => {
                    let why = format!(
                        "{first} and {key} are both the app {name}, and have different lists; give one of them another label, or both one list"
                    );
                    app.list = Stated::Bad(why);
                }
                Some(_) => {}
            }
        }
        Some(app)
    }

    /// The hosts of an object.
    fn hosts(&self, key: &Key, object: &Object, remarks: &mut Vec<String>) -> Vec<Host> {
        let domains = (key.kind == Kind::Service)
            .then(|| object.annotations.get(&self.names.domains))
            .flatten()
            .map(String::as_str);
        let domains = domains.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
        let names = object.hosts.iter().map(String::as_str).chain(domains);
        let host = |name: &str| {
            let below = match name.contains('.') || key.kind != Kind::Service {
                true => name.to_owned(),
                false => match self.domain() {
                    Some(domain) => format!("{name}.{domain}"),
                    None => return Err(format!("`{name}` has no dot, and there is no platform domain")),
                },
            };
            below.parse::<Host>().map_err(|error| error.to_string())
        };
        names
            .filter_map(|name| match host(name) {
                Ok(host) => Some(host),
                Err(why) => {
                    remarks.push(format!("{key}: a host is passed over: {why}"));
                    None
                }
            })
            .collect()
    }

    fn domain(&self) -> Option<&str> {
        let of_router = || Some(self.router()?.1.annotations.get(&self.names.platform_domain)?.trim());
        self.platform_domain.as_deref().or_else(of_router).filter(|domain| !domain.is_empty())
    }
}

/// Whether two lists say the same, wherever they stand.
fn is_alike(one: &Stated<StatedList>, other: &Stated<StatedList>) -> bool {
    match (one, other) {
        (
            Stated::Set(StatedList::Text { text: one, .. }),
            Stated::Set(StatedList::Text { text: other, .. }),
        ) => one == other,
        _ => one == other,
    }
}
