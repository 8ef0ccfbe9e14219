//! The list of one object, of whichever of its annotations says it.

use super::kind::Kind;
use super::names::KubernetesNames;
use super::object::{Key, Object};
use super::ranges;
use crate::statement::{Stated, StatedList};

/// What an object says of the list of its app.
pub(super) fn list(key: &Key, object: &Object, names: &KubernetesNames) -> Stated<StatedList> {
    let value = |name: &String| Some((format!("{key}, {name}"), object.annotations.get(name)?.as_str()));
    let text = |(place, text): (String, &str)| Stated::Set(StatedList::text(&place, text));
    if let Some(list) = value(&names.list) {
        return text(list);
    }
    if key.kind == Kind::Service {
        return value(&names.whitelist).map_or(Stated::Unset, text);
    }
    let agreed = |names: &[String]| {
        let mut values = names.iter().filter_map(value);
        let first = values.next();
        let other = values.find(|(_, other)| first.as_ref().is_some_and(|(_, text)| text != other));
        match (first, other) {
            (Some((first, _)), Some((other, _))) => Err(format!("{first} and {other} say different things")),
            (first, _) => Ok(first),
        }
    };
    match (agreed(&names.allow_ranges), agreed(&names.deny_ranges)) {
        (Err(why), _) | (_, Err(why)) => Stated::Bad(why),
        (Ok(allow), Ok(Some((place, denied)))) if !denied.trim().is_empty() => {
            let allow = allow.as_ref().map(|(place, text)| (place.as_str(), *text));
            match ranges::with_denials(allow, (&place, denied)) {
                Ok(list) => text((place, &list)),
                Err(why) => Stated::Bad(why),
            }
        }
        (Ok(allow), Ok(_)) => allow.map_or(Stated::Unset, text),
    }
}
