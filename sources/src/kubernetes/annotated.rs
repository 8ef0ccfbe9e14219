//! The annotations that say a list: those for us, and those that older programs read, which never admit more than the list.

use std::collections::BTreeMap;

use ipgate::list::Parser;
use ipgate::site::AppName;
use serde_json::{Map, Value};

use super::kind::Kind;
use super::names::KubernetesNames;
use super::written::{Older, older};
use crate::store::StoreError;

/// What the annotations of an object may hold together (Kubernetes, `TotalAnnotationSizeLimitB`).
const MAX_BYTES: usize = 256 * 1024;

/// How a list is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form<'n> {
    pub(super) names: &'n KubernetesNames,
    /// Whether the older annotation alone is written.
    pub(super) is_older_alone: bool,
}

impl Form<'_> {
    /// What is to be different in the annotations that are there for a text: `Null` removes one, and one that is not named stays.
    ///
    /// # Errors
    ///
    /// The list is too long, is none, or is one that the older form alone cannot say.
    pub(super) fn change(
        &self,
        app: &AppName,
        kind: Kind,
        there: &BTreeMap<String, String>,
        text: Option<&str>,
    ) -> Result<Value, StoreError> {
        let names = self.names;
        let older_names: Vec<&String> = match kind {
            Kind::Service => vec![&names.whitelist],
            _ => names.allow_ranges.iter().filter(|name| there.contains_key(*name)).collect(),
        };
        let mut change = Map::new();
        let mut set = |name: &String, value: Option<&str>| change.insert(name.clone(), value.into());
        let Some(text) = text else {
            let others = if kind == Kind::Service { &[] } else { names.deny_ranges.as_slice() };
            for name in older_names.into_iter().chain(others).chain([&names.list]) {
                set(name, None);
            }
            return Ok(change.into());
        };
        let cannot = |why: String| StoreError::CannotSay(why);
        if text.len() > MAX_BYTES {
            return Err(cannot(format!(
                "the list of the app {app} has {} bytes, and the annotations of an object hold {MAX_BYTES}: put the list at an address, to be followed by `url` with `sha256`",
                text.len()
            )));
        }
        let parsed = Parser::new().source(app.as_str()).parse(text);
        let form = older(&parsed.map_err(|rejected| cannot(rejected.to_string()))?.list);
        if self.is_older_alone
            && let Older::Narrower { why, .. } = &form
        {
            let (older, list) = (&names.whitelist, &names.list);
            return Err(cannot(format!(
                "the annotation {older} cannot hold the list of the app {app}: {why}; permit {list} beside it"
            )));
        }
        // Where nobody can be said in the older form, what stands there is closer to that than nothing, which opens.
        let (is_same, said) = match &form {
            Older::Same(said) => (true, Some(said)),
            Older::Narrower { text, .. } => (false, text.as_ref()),
        };
        for name in &older_names {
            said.into_iter().for_each(|said| drop(set(name, Some(said))));
        }
        // An Ingress may have denials beside, or nothing yet: there the list stands in one place.
        let is_said = is_same && kind == Kind::Service;
        set(&names.list, (!is_said).then_some(text));
        Ok(change.into())
    }
}
