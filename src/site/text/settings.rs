//! `site.toml`: whether lists are required, and how they combine.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Problem;
use crate::policy::{Mode, parse_enforce};
use crate::site::name::AppName;

/// What the file says.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) mode: Mode,
    pub(crate) enforce: bool,
    /// Of apps that have one of their own; none for an app that is only named.
    pub(crate) modes: BTreeMap<AppName, Option<Mode>>,
}

/// Reads it. Everything that is wrong is told, and no key is passed over: one that is misspelled could open the gate.
pub(crate) fn parse(path: &Path, text: &str) -> Result<Settings, Vec<Problem>> {
    let table = DeTable::parse(text).map_err(|error| {
        let problem = Problem::new(path, format!("it is no TOML: {}", error.message()));
        vec![error.span().map_or(problem.clone(), |span| problem.at(text, span.start))]
    })?;
    let mut reading = Reading { path, text, problems: Vec::new() };
    let mut settings = Settings::default();
    for (key, value) in table.get_ref() {
        match &**key.get_ref() {
            "enforce" => settings.enforce = reading.enforce(value).unwrap_or_default(),
            "mode" => settings.mode = reading.mode(value).unwrap_or_default(),
            "apps" => settings.modes = reading.apps(value),
            _ => reading.unknown(key, "`enforce`, `mode` and `apps`"),
        }
    }
    if reading.problems.is_empty() { Ok(settings) } else { Err(reading.problems) }
}

/// A file that is being read.
struct Reading<'t> {
    path: &'t Path,
    text: &'t str,
    problems: Vec<Problem>,
}

impl Reading<'_> {
    fn problem<T>(&mut self, at: &Spanned<T>, message: impl Into<String>) {
        self.problems.push(Problem::new(self.path, message).at(self.text, at.span().start));
    }

    fn unknown(&mut self, key: &Spanned<std::borrow::Cow<'_, str>>, known: &str) {
        self.problem(key, format!("there is no setting `{}`; the settings are {known}", key.get_ref()));
    }

    /// `true` or `false`, also as a string in any case, as the older systems have it.
    fn enforce(&mut self, value: &Spanned<DeValue<'_>>) -> Option<bool> {
        let read = match value.get_ref() {
            DeValue::Boolean(enforce) => return Some(*enforce),
            DeValue::String(text) => parse_enforce(text).map_err(|error| error.to_string()),
            other => Err(format!("`enforce` is {}", article(other))),
        };
        self.or_problem(
            value,
            read.map_err(|error| format!("{error}; write `enforce = true` or `enforce = false`")),
        )
    }

    fn mode(&mut self, value: &Spanned<DeValue<'_>>) -> Option<Mode> {
        let read = match value.get_ref() {
            DeValue::String(text) => {
                text.parse().map_err(|error: crate::policy::SettingError| error.to_string())
            }
            other => Err(format!("`mode` is {}", article(other))),
        };
        self.or_problem(
            value,
            read.map_err(|error| format!("{error}; write for example `mode = \"extend\"`")),
        )
    }

    fn apps(&mut self, value: &Spanned<DeValue<'_>>) -> BTreeMap<AppName, Option<Mode>> {
        let DeValue::Table(apps) = value.get_ref() else {
            self.problem(value, "`apps` is no table; write `[apps.\"NAME\"]`, and `mode = …` below it");
            return BTreeMap::new();
        };
        let mut modes = BTreeMap::new();
        for (key, value) in apps {
            let name = AppName::new(key.get_ref()).map_err(|error| error.to_string());
            let Some(name) = self.or_problem(key, name) else { continue };
            let DeValue::Table(settings) = value.get_ref() else {
                self.problem(value, format!("what is said of the app {name} is no table; write `[apps.\"{name}\"]`, and `mode = …` below it"));
                continue;
            };
            let mut mode = None;
            for (key, value) in settings {
                match &**key.get_ref() {
                    "mode" => mode = self.mode(value),
                    "list" => self.problem(
                        key,
                        format!("the list of an app stands in a file of its own, apps/{name}.list"),
                    ),
                    "hosts" | "host" => self.problem(
                        key,
                        format!("hosts of apps stand in the file `hosts`, a line each: host, blank, {name}"),
                    ),
                    "enforce" => self.problem(
                        key,
                        "`enforce` is of the whole site; an app with a list, also an empty one, needs it not",
                    ),
                    _ => self.unknown(key, "`mode`"),
                }
            }
            modes.insert(name, mode);
        }
        modes
    }

    fn or_problem<T, U>(&mut self, at: &Spanned<T>, read: Result<U, String>) -> Option<U> {
        read.map_err(|message| self.problem(at, message)).ok()
    }
}

/// What a value is, in a sentence.
fn article(value: &DeValue<'_>) -> String {
    match value.type_str() {
        kind @ ("integer" | "array") => format!("an {kind}"),
        kind => format!("a {kind}"),
    }
}
