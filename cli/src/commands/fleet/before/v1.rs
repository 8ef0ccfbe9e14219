//! Deis v1: what `curl …/v2/keys/deis?recursive=true` says, etcd's older API.

use std::collections::{BTreeMap, BTreeSet};

use ipgate::Mode;
use ipgate::site::{AppName, ListSlot};
use serde::Deserialize;

use super::read::{Old, Read, Stated, shown};
use super::system::{OldApp, System};

/// The app that stands for the controller.
const CONTROLLER: &str = "deis/controller";
const CONTROLLER_LIST: &str = "router/controller/whitelist";
const ENFORCE: &str = "router/enforceWhitelist";
const LIST: &str = "deis_whitelist";
const ROOT: &str = "/deis";
/// The directories that make it Deis.
const PARTS: [&str; 4] = ["config/", "domains/", "router/", "services/"];

/// A key, or a directory of them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Node {
    key: String,
    value: Option<String>,
    dir: bool,
    nodes: Vec<Node>,
}

/// The keys by their names below the root, and directories with a slash at their end.
#[derive(Default)]
struct Keys<'n> {
    root: &'n str,
    values: BTreeMap<&'n str, &'n str>,
    directories: BTreeSet<&'n str>,
}

impl<'n> Keys<'n> {
    fn of(node: &'n Node) -> Keys<'n> {
        // Of the whole store, what is asked for is there, too.
        let root = if node.key.trim_matches('/').is_empty() { ROOT } else { node.key.as_str() };
        let mut keys = Keys { root, ..Keys::default() };
        keys.take(node);
        keys
    }

    fn take(&mut self, node: &'n Node) {
        let below = node.key.strip_prefix(self.root).and_then(|rest| rest.strip_prefix('/'));
        match (below, &node.value) {
            (Some(path), Some(value)) if !node.dir => drop(self.values.insert(path, value)),
            (Some(path), _) if node.dir => drop(self.directories.insert(path)),
            _ => {}
        }
        node.nodes.iter().for_each(|node| self.take(node));
    }

    fn place(&self, path: &str) -> String {
        format!("{}/{path}", self.root)
    }

    fn stated(&self, path: &str) -> Option<Stated<'n>> {
        Some(Stated { place: self.place(path), text: self.values.get(path).copied()? })
    }

    /// All names of keys and directories.
    fn all(&self) -> impl Iterator<Item = &'n str> {
        self.directories.iter().chain(self.values.keys()).copied()
    }

    /// What stands directly below a directory.
    fn below(&self, directory: &'static str) -> impl Iterator<Item = &'n str> {
        self.all().filter_map(move |path| path.strip_prefix(directory)?.split('/').next())
    }
}

/// All that the keys say.
///
/// # Errors
///
/// A sentence: there are none of Deis among them.
pub(super) fn system(node: &Node) -> Result<System, String> {
    let keys = Keys::of(node);
    if !keys.all().any(|path| PARTS.iter().any(|part| path.starts_with(part))) {
        return Err(format!("it has none of the keys of Deis below {}", keys.root));
    }
    let routed: BTreeSet<&str> = keys.below("services/").collect();
    // Where none is there, they are left out of the file.
    let is_routed = |app: &str| routed.is_empty() || routed.contains(app);
    let of_domains = keys.values.iter().filter(|(path, _)| path.starts_with("domains/")).map(|(_, app)| *app);
    let names: BTreeSet<&str> =
        routed.iter().copied().chain(keys.below("config/")).chain(of_domains).collect();
    let apps = names.into_iter().map(|name| OldApp {
        name: name.to_owned(),
        list: list(&keys, &format!("config/{name}/{LIST}"), name),
        unrouted: (!is_routed(name)).then(|| {
            format!("it is not routed there: there is no {}", keys.place(&format!("services/{name}")))
        }),
    });
    let controller = OldApp {
        name: CONTROLLER.to_owned(),
        list: list(&keys, CONTROLLER_LIST, CONTROLLER),
        unrouted: None,
    };
    let enforce = keys.values.get(ENFORCE) == Some(&"true");
    let mode = Some(Mode::Extend);
    Ok(System {
        enforce: Read { place: keys.place(ENFORCE), old: enforce, new: enforce, note: None },
        mode: Read { place: String::new(), old: mode, new: mode, note: None },
        default: Read { place: String::new(), old: ListSlot::Unset, new: ListSlot::Unset, note: None },
        apps: std::iter::once(controller).chain(apps).collect(),
        stuck_means: "no change of any app is in force",
    })
}

fn list(keys: &Keys<'_>, path: &str, app: &str) -> Read<ListSlot> {
    let stated = keys.stated(path);
    // What has no name for ipgate is passed over, and has no list then.
    let here = stated.as_ref().filter(|_| AppName::new(app).is_ok());
    Read::list(&keys.place(path), stated.as_ref(), Ok(here), |text| {
        Old::of_pieces(text.split(',').map(address))
    })
}

/// What stands before the label.
fn address(piece: &str) -> Result<&str, String> {
    let parts: Vec<&str> = piece.split(':').collect();
    // A label is a comment there, which ends with its line.
    match parts.as_slice() {
        [_, label] if label.split_once('\n').is_some_and(|(_, rest)| !rest.trim().is_empty()) => {
            Err(format!("what stands behind the line break in `{}` is read as configuration", shown(piece)))
        }
        [address, ..] => Ok(address),
        [] => Ok(piece),
    }
}
