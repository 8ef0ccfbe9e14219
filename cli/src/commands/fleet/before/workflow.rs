//! Deis Workflow: what `kubectl get deployments,services --all-namespaces -o json` says.

use std::collections::BTreeMap;

use ipgate::Mode;
use ipgate::policy::parse_enforce;
use ipgate::site::AppName;
use serde::Deserialize;

use super::pattern::Patterns;
use super::read::{Old, Read, Stated, shown};
use super::system::{OldApp, System};

const ROUTER: &str = "deis-router";
/// Where its chart puts it.
const ROUTER_NAMESPACE: &str = "deis";
const ROUTABLE: &str = "router.deis.io/routable";
const APP: &str = "app";
const ENFORCE: &str = "router.deis.io/nginx.enforceWhitelists";
const DEFAULT: &str = "router.deis.io/nginx.defaultWhitelist";
const MODE: &str = "router.deis.io/nginx.whitelistMode";
const LIST: &str = "router.deis.io/whitelist";
const DOMAINS: &str = "router.deis.io/domains";
/// The annotation of ipgate itself, which has the word over the older ones.
const OWN_LIST: &str = "ipgate.dev/list";

/// An object, as far as it matters.
#[derive(Debug, Deserialize)]
pub(super) struct Object {
    #[serde(default)]
    kind: String,
    metadata: Metadata,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    name: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
}

impl Object {
    fn label(&self, name: &str) -> Option<&str> {
        self.metadata.labels.as_ref()?.get(name).map(String::as_str)
    }

    fn annotation(&self, name: &str) -> Option<&str> {
        self.metadata.annotations.as_ref()?.get(name).map(String::as_str)
    }

    fn place(&self, annotation: &str) -> String {
        format!("{annotation} of {} {}/{}", self.kind, self.metadata.namespace, self.metadata.name)
    }

    fn stated(&self, annotation: &str) -> Option<Stated<'_>> {
        Some(Stated { place: self.place(annotation), text: self.annotation(annotation)? })
    }

    /// The list that counts for ipgate, where the older annotation has that name.
    fn stated_here(&self, older: &str) -> Option<Stated<'_>> {
        self.stated(OWN_LIST).or_else(|| self.stated(older))
    }

    fn app_name(&self) -> String {
        let Metadata { name, namespace, .. } = &self.metadata;
        match self.label(APP).filter(|label| !label.is_empty()).unwrap_or(name) {
            name if name == namespace => name.to_owned(),
            name => format!("{namespace}/{name}"),
        }
    }
}

/// All that the objects say.
///
/// # Errors
///
/// A sentence: the router or the apps are not among them.
pub(super) fn system(objects: &[Object]) -> Result<System, String> {
    let patterns = &Patterns::new()?;
    let router = router(objects)?;
    let is_app = |object: &&Object| object.kind == "Service" && object.label(ROUTABLE) == Some("true");
    let services: Vec<&Object> = objects.iter().filter(is_app).collect();
    if services.is_empty() {
        return Err(format!(
            "there is no Service with the label {ROUTABLE}=true in it, so that no app is known"
        ));
    }
    let read = |text: &str| read(patterns, text);
    let default = Read::list(
        &router.place(DEFAULT),
        router.stated(DEFAULT).as_ref(),
        Ok(router.stated_here(DEFAULT).as_ref()),
        read,
    );
    let mut by_name: BTreeMap<String, Vec<&Object>> = BTreeMap::new();
    for service in services {
        by_name.entry(service.app_name()).or_default().push(service);
    }
    let apps = by_name.iter().flat_map(|(name, services)| {
        let list = list_here(name, services);
        services.iter().map(move |service| OldApp {
            name: name.clone(),
            list: Read::list(
                &service.place(LIST),
                service.stated(LIST).as_ref(),
                list.as_ref().map(Option::as_ref).map_err(Clone::clone),
                read,
            ),
            unrouted: unrouted(service, patterns),
        })
    });
    Ok(System {
        enforce: enforce(router),
        mode: mode(router),
        default,
        apps: apps.collect(),
        stuck_means: "no change of any app is in force, and a router that restarts has no apps",
    })
}

fn router(objects: &[Object]) -> Result<&Object, String> {
    let is_router = |object: &&Object| object.kind == "Deployment" && object.metadata.name == ROUTER;
    let mut routers = objects.iter().filter(is_router);
    let of_chart = routers.clone().find(|object| object.metadata.namespace == ROUTER_NAMESPACE);
    match (of_chart, routers.next(), routers.next()) {
        (Some(router), ..) | (None, Some(router), None) => Ok(router),
        (None, None, _) => Err(format!(
            "there is no Deployment {ROUTER} in it, which says what is required; take it with `kubectl get deployments,services --all-namespaces -o json`"
        )),
        (None, Some(_), Some(_)) => Err(format!(
            "there are several Deployments {ROUTER} in it, and none in the namespace {ROUTER_NAMESPACE}"
        )),
    }
}

/// A value that fits the pattern is cut at its commas, whatever else stands between addresses.
fn read(patterns: &Patterns, text: &str) -> Old {
    match patterns.list(text) {
        Err(why) => Old::Absent(why),
        Ok(()) => Old::of_pieces(text.split(',').map(|piece| Ok(piece.trim()))),
    }
}

fn enforce(router: &Object) -> Read<bool> {
    let place = router.place(ENFORCE);
    let value = router.annotation(ENFORCE);
    let Some(Ok(enforce)) = value.map(parse_enforce) else {
        let said = |value| {
            format!(
                "{place} is `{}`: there it counts as absent; ipgate requires lists until it is good",
                shown(value)
            )
        };
        return Read { old: false, new: value.is_some(), note: value.map(said), place };
    };
    Read { place, old: enforce, new: enforce, note: None }
}

fn mode(router: &Object) -> Read<Option<Mode>> {
    let place = router.place(MODE);
    let value = router.annotation(MODE);
    let new = value.map_or(Some(Mode::Extend), |value| value.parse().ok());
    // The old router knows two.
    let old = new.filter(|mode| *mode != Mode::Precede).unwrap_or_default();
    let note = value.filter(|_| new != Some(old)).map(|value| {
        let here = match new {
            Some(mode) => format!("for ipgate it is `{mode}`"),
            None => "ipgate lets nobody in until it is good".to_owned(),
        };
        format!("{place} is `{}`: there it counts as absent, which is `extend`; {here}", shown(value))
    });
    Read { place, old: Some(old), new, note }
}

/// The list of an app as ipgate has it: that of whichever of its objects has one, and they have to agree.
fn list_here<'o>(name: &str, services: &[&'o Object]) -> Result<Option<Stated<'o>>, String> {
    if AppName::new(name).is_err() {
        return Ok(None); // it is passed over, and has no list then
    }
    let mut stated = services.iter().filter_map(|service| service.stated_here(LIST));
    let first = stated.next();
    let other = stated.find(|other| first.as_ref().is_some_and(|first| first.text != other.text));
    match (first, other) {
        (Some(first), Some(other)) => {
            Err(format!("{} and {} are lists of one app, {name}, and differ", first.place, other.place))
        }
        (first, _) => Ok(first),
    }
}

fn unrouted(service: &Object, patterns: &Patterns) -> Option<String> {
    let place = service.place(DOMAINS);
    match service.annotation(DOMAINS) {
        None => Some(format!("it is not routed there: there is no {place}")),
        Some(value) if !patterns.has_domains(value) => {
            Some(format!("it is not routed there: {place} is `{}`, which counts as absent", shown(value)))
        }
        Some(_) => None,
    }
}
