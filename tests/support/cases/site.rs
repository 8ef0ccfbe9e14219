//! What a case says of a site.

use std::fs;
use std::path::Path;

use super::{Case, Check, check, last, unescape, unescape_utf8};

/// The site of a case, beside its default list, mode and enforce: apps, and what is expected of their clients.
#[derive(Debug, Clone, Default)]
pub(crate) struct SiteCase {
    pub(crate) is_default_rejected: bool,
    pub(crate) apps: Vec<AppCase>,
    pub(crate) checks: Vec<SiteCheck>,
}

/// An app that the site names.
#[derive(Debug, Clone, Default)]
pub(crate) struct AppCase {
    pub(crate) name: String,
    pub(crate) list: Option<Vec<u8>>,
    pub(crate) is_rejected: bool,
    pub(crate) mode: Option<String>,
    pub(crate) hosts: Vec<String>,
}

/// An expected verdict about a client of an app.
#[derive(Debug, Clone)]
pub(crate) struct SiteCheck {
    pub(crate) asked: Asked,
    /// Whose entry decides: `app` or `default`.
    pub(crate) list: Option<String>,
    pub(crate) check: Check,
}

/// By what an app is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Its name, which the site may name or not.
    App(String),
    /// A request's host, with the app that is found for it.
    Host(String, Option<String>),
}

impl SiteCase {
    /// Takes a line; false where its key is none of a site's own.
    pub(super) fn add(&mut self, key: &str, value: &str) -> Result<bool, String> {
        match key {
            "default-rejected" => self.is_default_rejected = true,
            "app" => {
                let name = unescape_utf8(value)?;
                if self.app(&name).is_some() {
                    return Err(format!("a second app {name:?}"));
                }
                self.apps.push(AppCase { name, ..AppCase::default() });
            }
            "app-list" => last(&mut self.apps)?.list = Some(unescape(value)?),
            "app-rejected" => last(&mut self.apps)?.is_rejected = true,
            "app-mode" => last(&mut self.apps)?.mode = Some(value.to_owned()),
            "app-host" => last(&mut self.apps)?.hosts.push(unescape_utf8(value)?),
            "check-app" => {
                let (app, rest) = field(value)?;
                self.checks.push(site_check(Asked::App(unescape_utf8(app)?), rest)?);
            }
            "check-host" => {
                let (host, rest) = field(value)?;
                let (address, rest) = field(rest)?;
                let (app, rest) = field(rest)?;
                let app = if app == "-" { None } else { Some(unescape_utf8(app)?) };
                let asked = Asked::Host(unescape_utf8(host)?, app);
                self.checks.push(site_check(asked, &format!("{address} {rest}"))?);
            }
            "reason" => last(&mut self.checks)?.check.reason = Some(value.to_owned()),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The app of that name.
    pub(crate) fn app(&self, name: &str) -> Option<&AppCase> {
        self.apps.iter().find(|app| app.name == name)
    }

    /// The app that a check is about, if the site names it.
    pub(crate) fn app_of(&self, check: &SiteCheck) -> Option<&AppCase> {
        let name = match &check.asked {
            Asked::App(name) => Some(name),
            Asked::Host(_, name) => name.as_ref(),
        };
        self.app(name?)
    }

    /// What contradicts itself.
    pub(super) fn problem(&self) -> Option<String> {
        if self.checks.is_empty() {
            return Some("expects nothing".to_owned());
        }
        let of_check = |check: &SiteCheck| match &check.asked {
            Asked::Host(host, Some(app)) if self.app(app).is_none() => {
                Some(format!("{host} is of {app}, which the site does not name"))
            }
            _ if check.list.is_some() != check.check.prefix.is_some() => {
                Some(format!("list and prefix are both `-`, or neither is: {check:?}"))
            }
            _ => None,
        };
        let of_app = |app: &AppCase| {
            let is_strange = app.is_rejected && app.list.is_none();
            is_strange.then(|| format!("{} has no list that could be rejected", app.name))
        };
        self.checks.iter().find_map(of_check).or_else(|| self.apps.iter().find_map(of_app))
    }
}

impl Case {
    /// Writes its site as people do, as a folder.
    pub(crate) fn write_site(&self, folder: &Path) {
        let site = self.site.as_ref().expect("a case of a site");
        let write = |path: &str, text: &[u8]| {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().expect("it is in the folder")).unwrap();
            fs::write(path, text).unwrap();
        };
        let (mut settings, mut hosts) = (String::new(), String::new());
        for (key, value) in [("mode", &self.mode), ("enforce", &self.enforce)] {
            settings.extend(value.iter().map(|value| format!("{key} = \"{value}\"\n")));
        }
        for app in &site.apps {
            settings += &format!("[apps.\"{}\"]\n", app.name.replace('\\', r"\\").replace('"', r#"\""#));
            settings.extend(app.mode.iter().map(|mode| format!("mode = \"{mode}\"\n")));
            hosts.extend(app.hosts.iter().map(|host| format!("{host} {}\n", app.name)));
            if let Some(list) = &app.list {
                write(&format!("apps/{}.list", app.name), list);
            }
        }
        if let Some(default) = &self.default {
            write("default.list", default);
        }
        write("site.toml", settings.as_bytes());
        write("hosts", hosts.as_bytes());
    }
}

/// The first field and the rest.
fn field(value: &str) -> Result<(&str, &str), String> {
    let split = value.split_once(' ').filter(|(field, _)| !field.is_empty());
    split.ok_or_else(|| format!("{value:?} has too few fields"))
}

/// `ADDRESS DECISION LIST PREFIX LABEL`.
fn site_check(asked: Asked, value: &str) -> Result<SiteCheck, String> {
    let (address, rest) = field(value)?;
    let (decision, rest) = field(rest)?;
    let (list, rest) = field(rest)?;
    let list = match list {
        "app" | "default" => Some(list.to_owned()),
        "-" => None,
        _ => return Err(format!("{list:?} is none of app, default and -")),
    };
    Ok(SiteCheck { asked, list, check: check(&format!("{address} {decision} {rest}"))? })
}
