//! The keys of Deis v1, as its router read them: there is no default list and no mode, and an app's list is in its
//! configuration.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use ipgate::site::{AppName, Host};

use super::text::{Text, stated_list};
use super::touched::{Meaning, Touched};
use crate::statement::{Stated, StatedApp};

/// The app that stands for the controller.
pub(super) const CONTROLLER: &str = "deis/controller";
const CONTROLLER_LIST: &str = "router/controller/whitelist";
const LIST: &str = "deis_whitelist";
const ENFORCE: &str = "router/enforceWhitelist";
const SUBDOMAIN: &str = "controller/subdomain";
/// Where the controller answers while nothing else is said.
const DEFAULT_SUBDOMAIN: &str = "deis";

/// The key below the prefix that holds the list of an app.
pub(super) fn list_key(app: &str) -> String {
    if app == CONTROLLER { CONTROLLER_LIST.to_owned() } else { format!("config/{app}/{LIST}") }
}

/// What the keys say.
#[derive(Debug, Default)]
pub(super) struct Deis {
    enforce: Option<Text>,
    subdomain: Option<Text>,
    controller_list: Option<Text>,
    lists: BTreeMap<AppName, Text>,
    /// The app of each domain, by its key.
    domains: BTreeMap<Box<str>, (Host, AppName)>,
    /// The domains of each app, by their keys.
    hosts: BTreeMap<AppName, BTreeMap<Box<str>, Host>>,
}

impl Deis {
    /// Takes the value of a key below the prefix, or that it is gone.
    pub(super) fn take(&mut self, path: &str, value: Option<Text>, touched: &mut Touched) -> Meaning {
        match path {
            ENFORCE => {
                touched.enforce = true;
                let misread = value.as_ref().and_then(misread_enforce);
                self.enforce = value;
                return misread.map_or(Meaning::Known, Meaning::Remarked);
            }
            SUBDOMAIN => {
                self.subdomain = value;
                self.touch_controller(touched);
                return self.unknown_subdomain().map_or(Meaning::Known, Meaning::Remarked);
            }
            CONTROLLER_LIST => {
                self.controller_list = value;
                self.touch_controller(touched);
                return Meaning::Known;
            }
            _ => {}
        }
        if let Some(domain) = path.strip_prefix("domains/") {
            return self.take_domain(domain, value, touched);
        }
        match path.strip_prefix("config/").and_then(|rest| rest.rsplit_once('/')) {
            Some((app, LIST)) => self.take_list(app, value, touched),
            Some((_, key)) if key.eq_ignore_ascii_case(LIST) => {
                Meaning::Remarked(format!("it is not read: the key of a list is `{LIST}`, in small letters"))
            }
            _ if path.starts_with("router/") && path.to_ascii_lowercase().contains("whitelist") => {
                Meaning::Remarked(format!(
                    "it is not read: the router has `{ENFORCE}` and `{CONTROLLER_LIST}`"
                ))
            }
            _ => Meaning::Foreign,
        }
    }

    fn take_list(&mut self, app: &str, value: Option<Text>, touched: &mut Touched) -> Meaning {
        let name = match AppName::new(app) {
            Ok(name) if app != CONTROLLER => name,
            Ok(_) => {
                return Meaning::Remarked(format!(
                    "it is not read: the controller's list is `{CONTROLLER_LIST}`"
                ));
            }
            Err(error) => return Meaning::Remarked(format!("it is not read: {error}")),
        };
        touched.apps.insert(name.clone());
        match value {
            Some(text) => self.lists.insert(name, text),
            None => self.lists.remove(&name),
        };
        Meaning::Known
    }

    /// A value that means nothing leaves the domain where it is.
    fn take_domain(&mut self, domain: &str, value: Option<Text>, touched: &mut Touched) -> Meaning {
        let now = match value.map(|text| domain_of(domain, &text)).transpose() {
            Ok(now) => now,
            Err(why) => return Meaning::Remarked(why),
        };
        if self.domains.get(domain) == now.as_ref() {
            return Meaning::Known;
        }
        if let Some((_, app)) = self.domains.remove(domain) {
            let rest = self.hosts.get_mut(&app).map(|hosts| {
                hosts.remove(domain);
                hosts.len()
            });
            if rest == Some(0) {
                self.hosts.remove(&app);
            }
            touched.apps.insert(app);
        }
        if let Some((host, app)) = now {
            self.hosts.entry(app.clone()).or_default().insert(domain.into(), host.clone());
            self.domains.insert(domain.into(), (host, app.clone()));
            touched.apps.insert(app);
        }
        self.touch_controller(touched);
        Meaning::Known
    }

    fn touch_controller(&self, touched: &mut Touched) {
        touched.apps.extend(AppName::new(CONTROLLER));
    }

    /// Whether lists are required: exactly `true` requires them, and everything else does not.
    pub(super) fn enforce(&self, prefix: &str) -> Stated<bool> {
        match &self.enforce {
            None => Stated::Unset,
            Some(Ok(text)) => Stated::Set(&**text == "true"),
            Some(Err(not_text)) => Stated::Bad(format!("{prefix}{ENFORCE}: {not_text}")),
        }
    }

    /// An app, where any key names it. The controller is one where it has a list.
    pub(super) fn app(&self, prefix: &str, name: &AppName) -> Option<StatedApp> {
        if name.as_str() == CONTROLLER {
            let list = self.controller_list.as_ref()?;
            let list = stated_list(&format!("{prefix}{}", list_key(CONTROLLER)), Some(list));
            return Some(StatedApp { list, hosts: self.controller_hosts(), ..StatedApp::default() });
        }
        let (list, hosts) = (self.lists.get(name), self.hosts.get(name));
        if list.is_none() && hosts.is_none() {
            return None;
        }
        let list = stated_list(&format!("{prefix}{}", list_key(name.as_str())), list);
        let hosts = hosts.into_iter().flat_map(|hosts| hosts.values().cloned()).collect();
        Some(StatedApp { list, hosts, ..StatedApp::default() })
    }

    /// The apps that any key names.
    pub(super) fn names(&self) -> impl Iterator<Item = AppName> {
        let controller = self.controller_list.as_ref().and_then(|_| AppName::new(CONTROLLER).ok());
        self.lists.keys().chain(self.hosts.keys()).cloned().chain(controller)
    }

    /// The controller answers below every domain.
    fn controller_hosts(&self) -> Vec<Host> {
        let subdomain = match &self.subdomain {
            Some(Ok(subdomain)) if is_subdomain(subdomain) => subdomain,
            _ => DEFAULT_SUBDOMAIN,
        };
        let below = |(host, _): &(Host, AppName)| Host::new(&format!("{subdomain}.{host}")).ok();
        self.domains.values().filter_map(below).collect()
    }

    fn unknown_subdomain(&self) -> Option<String> {
        let why = match self.subdomain.as_ref()? {
            Ok(subdomain) if is_subdomain(subdomain) => return None,
            Ok(subdomain) => format!("`{subdomain}` cannot begin a host name"),
            Err(not_text) => not_text.to_string(),
        };
        Some(format!("{why}; the controller is taken to answer at `{DEFAULT_SUBDOMAIN}`"))
    }
}

fn is_subdomain(text: &str) -> bool {
    !text.starts_with('*') && Host::new(&format!("{text}.example")).is_ok()
}

/// The host and the app that a domain key names.
fn domain_of(domain: &str, text: &Text) -> Result<(Host, AppName), String> {
    let not_read = |why: &dyn std::fmt::Display| format!("it is not read: {why}");
    let host = Host::new(domain).map_err(|error| not_read(&error))?;
    let app = text.as_ref().map_err(|error| not_read(error))?;
    Ok((host, AppName::new(app).map_err(|error| not_read(&error))?))
}

/// What looks like `true` and is not.
fn misread_enforce(value: &Text) -> Option<String> {
    let text = value.as_ref().ok()?;
    let looks_true = ["true", "yes", "on", "1"].iter().any(|yes| text.trim().eq_ignore_ascii_case(yes));
    (looks_true && &**text != "true").then(|| {
        format!("`{}` does not require lists, as it did not in Deis: write `true`", text.escape_debug())
    })
}

/// What of a list the router of Deis v1 cannot read, which would leave every app of its cluster on its last lists.
pub(super) fn cannot_say(list: &str) -> Option<String> {
    let is_prefix = |text: &str| {
        let (address, length) = text.split_once('/').unwrap_or((text, "32"));
        let is_length = length.len() <= 2 && length.parse::<u8>().is_ok_and(|length| length <= 32);
        text == "all" || (address.parse::<Ipv4Addr>().is_ok() && is_length)
    };
    let is_said = |piece: &&str| {
        let mut parts = piece.trim_matches(' ').split(':');
        parts.next().is_some_and(is_prefix) && parts.count() <= 1 && !piece.contains(['\n', ';', '#'])
    };
    let piece = list.split(',').find(|piece| !is_said(piece))?;
    Some(format!(
        "the router of Deis v1 cannot read `{}`: it knows IPv4 addresses and prefixes, each with a label or without, and commas between them",
        piece.escape_debug()
    ))
}
