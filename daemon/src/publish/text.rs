//! The site as the texts of a folder: what stands in which file.
//!
//! A list that is to come has no text of its own. It is closed in these: an app whose list is to come gets an empty one and is
//! in mode `override`, so that nobody is let in; where the default list is to come, it is empty, and so is the list of each
//! app that it would be combined with.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ipgate::Mode;
use ipgate::site::{App, AppName, ListSlot, Site};

/// What begins every file.
const HEAD: &str = "# Written by ipgated; changes here are lost.\n";
/// What a list says that is to come.
const CLOSED: &str =
    "# This list is to come: its source has never had a good one. Until then nobody is let in.\n";

/// The files by their names in the folder, in the order in which they are written: what closes comes before what opens.
///
/// # Errors
///
/// A sentence about an app whose name no folder can hold. Without it, that app might be open.
pub(super) fn files(site: &Site) -> Result<Vec<(String, String)>, String> {
    if let Some(name) = site.apps().keys().find(|name| !can_be_written(name.as_str())) {
        return Err(format!(
            "a folder cannot hold the app `{name}`: its name would be passed over, or cut, by those who read it; publish an image"
        ));
    }
    let mut files = Vec::new();
    let mut modes: BTreeMap<&AppName, Mode> = BTreeMap::new();
    for (name, app) in site.apps() {
        let is_closed = is_closed(site, app);
        if is_closed {
            modes.insert(name, Mode::Override);
        } else if let Some(mode) = app.mode() {
            modes.insert(name, mode);
        }
        if is_closed || !app.list().is_unset() {
            let slot = if is_closed { &ListSlot::Waiting } else { app.list() };
            files.push((format!("apps/{name}.list"), list(slot)));
        }
    }
    if !site.default_list().is_unset() {
        files.push(("default.list".to_owned(), list(site.default_list())));
    }
    files.push(("hosts".to_owned(), hosts(site)));
    files.push(("site.toml".to_owned(), settings(site, &modes)));
    Ok(files)
}

/// Whether a name stands for itself as a file, which begins and ends as those of editors do not, and in a line of `hosts`, where
/// `#` behind a blank begins a comment.
fn can_be_written(name: &str) -> bool {
    let is_file = name.split('/').all(|part| !part.starts_with(['.', '#']) && !part.ends_with('~'));
    is_file && name.trim_matches([' ', '\t']) == name && !name.contains(" #")
}

/// Whether nobody is let in because a list is to come.
fn is_closed(site: &Site, app: &App) -> bool {
    let is_waiting = |slot: &ListSlot| matches!(slot, ListSlot::Waiting);
    let mode = app.mode().unwrap_or(site.mode());
    let is_combined = app.list().has_list() && mode == Mode::Extend;
    is_waiting(app.list()) || (is_combined && is_waiting(site.default_list()))
}

fn list(slot: &ListSlot) -> String {
    match slot.list() {
        Some(list) => format!("{HEAD}{list}"),
        None => format!("{HEAD}{CLOSED}"),
    }
}

fn hosts(site: &Site) -> String {
    let mut text = HEAD.to_owned();
    for (name, app) in site.apps() {
        for host in app.hosts() {
            let _ = writeln!(text, "{host} {name}");
        }
    }
    text
}

fn settings(site: &Site, modes: &BTreeMap<&AppName, Mode>) -> String {
    let mut text = format!("{HEAD}enforce = {}\nmode = \"{}\"\n", site.is_enforced(), site.mode());
    for (name, app) in site.apps() {
        let mode = modes.get(name);
        // An app of which nothing else is said is named here.
        let is_named_elsewhere = !app.list().is_unset() || !app.hosts().is_empty();
        if mode.is_none() && is_named_elsewhere {
            continue;
        }
        let _ = writeln!(text, "\n[apps.{}]", quoted(name.as_str()));
        if let Some(mode) = mode {
            let _ = writeln!(text, "mode = \"{mode}\"");
        }
    }
    text
}

/// A key of TOML. No name has a control character.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::net::IpAddr;

    use ipgate::List;
    use ipgate::site::{SiteGate, SiteParser};

    use super::*;

    /// Who is let in by a site, and by the folder that is written of it.
    fn both(site: &Site, app: &str, client: &str) -> [bool; 2] {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files(site).unwrap() {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let read = SiteParser::new().read(folder.path()).unwrap().whole().unwrap().site;
        let client: IpAddr = client.parse().unwrap();
        [site, &read].map(|site| SiteGate::new(site).unwrap().is_allowed(app, client))
    }

    /// Every default, list, mode and `enforce`: the folder lets in whom the site lets in.
    #[test]
    fn a_folder_decides_as_its_site() {
        let list = |text: &str| ListSlot::from(text.parse::<List>().unwrap());
        let defaults = [ListSlot::Unset, ListSlot::Waiting, list(""), list("10.0.0.0/8:corp")];
        let lists = [ListSlot::Unset, ListSlot::Waiting, list(""), list("192.0.2.7:partner,!10.9.0.0/16")];
        let modes = [None, Some(Mode::Extend), Some(Mode::Override), Some(Mode::Precede)];
        for (number, default) in (0..).zip(&defaults).flat_map(|(n, d)| [(n, d), (n + 10, d)]) {
            for list in &lists {
                for mode in modes {
                    let app = mode.into_iter().fold(App::new().with_list(list.clone()), App::with_mode);
                    let site = Site::new()
                        .with_default(default.clone())
                        .with_enforce(number >= 10)
                        .with_app("shop".parse().unwrap(), app);
                    for client in ["10.1.1.1", "10.9.1.1", "192.0.2.7", "198.51.100.1", "::1"] {
                        for app in ["shop", "other"] {
                            let [of_site, of_folder] = both(&site, app, client);
                            assert_eq!(
                                of_site, of_folder,
                                "{default:?} {list:?} {mode:?} {number} {app} {client}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn names_that_a_folder_would_lose_are_refused() {
        for name in [".shop", "#shop", "shop~", "a/.b", "a #b", " shop"] {
            let site = Site::new().with_app(name.parse().unwrap(), App::new());
            assert!(files(&site).unwrap_err().contains(name), "{name}");
        }
    }

    #[test]
    fn a_folder_is_the_same_site() {
        let app = |text: &str| App::new().with_list(text.parse::<List>().unwrap());
        let site = Site::new()
            .with_default("10.0.0.0/8:corp # x".parse::<List>().unwrap())
            .with_app(
                "shop".parse().unwrap(),
                app("192.0.2.7:a b;until=2999-01-01").with_host("*.shop.example".parse().unwrap()),
            )
            .with_app("deis/deis-controller".parse().unwrap(), app("").with_mode(Mode::Precede))
            .with_app("say \"hi\\\"".parse().unwrap(), App::new());
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files(&site).unwrap() {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let read = SiteParser::new().read(folder.path()).unwrap().whole().unwrap().site;
        assert_eq!(read.digest(), site.digest());
    }
}
