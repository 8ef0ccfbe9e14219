//! The whole configuration, and what is wrong with it as a whole.

use std::collections::BTreeSet;
use std::path::PathBuf;

use ipgate_sources::RouterId;
use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

use super::decide::DecideConfig;
use super::guard::GuardConfig;
use super::listen::Listen;
use super::publish::{PublishConfig, TargetConfig};
use super::source::SourceConfig;

/// Everything that can be set. Each key is described in [`DOCUMENT`](super::DOCUMENT).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Bad entries are left out of lists, and told.
    pub lenient: bool,
    /// What is in force is kept there for a restart.
    pub state: Option<PathBuf>,
    /// What this router is called where it says what is in force; else as its host.
    pub id: Option<RouterId>,
    /// What is followed, in the order of their word.
    #[serde(rename = "source")]
    pub sources: Vec<SourceConfig>,
    /// Changes that are refused.
    pub guard: GuardConfig,
    /// The site as a file or a folder.
    pub publish: PublishConfig,
    /// The filters of proxies.
    pub publish_to: Vec<TargetConfig>,
    /// Decisions for proxies.
    pub decide: Vec<DecideConfig>,
    /// Health, metrics, report.
    pub admin: AdminConfig,
    /// Changes by HTTP.
    pub control: ControlConfig,
    /// What is logged, and how.
    pub log: LogConfig,
}

/// Health, metrics, report.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminConfig {
    /// Where it listens.
    pub listen: Option<Listen>,
}

/// Changes by HTTP.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ControlConfig {
    /// Where it listens.
    pub listen: Option<Listen>,
    /// Who may change what.
    pub tokens: Option<PathBuf>,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// How a line looks.
    pub format: LogFormat,
    /// What is logged.
    pub level: String,
}

impl Default for LogConfig {
    fn default() -> LogConfig {
        LogConfig { format: LogFormat::Text, level: "info".to_owned() }
    }
}

impl LogConfig {
    /// What is logged. Who changed what is logged at every level.
    ///
    /// # Errors
    ///
    /// A sentence where the level means nothing.
    pub fn filter(&self) -> Result<EnvFilter, String> {
        EnvFilter::try_new(format!("audit=info,{}", self.level)).map_err(|error| {
            let level = &self.level;
            format!("`log.level` is `{level}`, which means nothing ({error}); write for example `info`, or `warn,ipgated=debug`")
        })
    }
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// An object a line.
    Json,
}

impl Config {
    /// What is wrong with it as a whole; each sentence names a key and what to write.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.guard.problems();
        let mut say = |sentence: String| problems.push(sentence);
        if self.sources.is_empty() {
            say("there is nothing to follow; name a source, for example `--site /etc/ipgate/site`, or `[[source]]` in the file".to_owned());
        }
        self.sources.iter().flat_map(SourceConfig::problems).for_each(&mut say);
        self.decide.iter().flat_map(DecideConfig::problems).for_each(&mut say);
        if self.control.listen.is_some() && self.control.tokens.is_none() {
            say("`control.listen` is set and `control.tokens` is not; changes need a file that says who may make them".to_owned());
        }
        if self.control.listen.is_none() && self.control.tokens.is_some() {
            say("`control.tokens` is set and `control.listen` is not; write for example `listen = \"127.0.0.1:9181\"` below `[control]`".to_owned());
        }
        self.same_port().into_iter().for_each(&mut say);
        if let Some(path) = &self.publish.path
            && self.sources.iter().any(|source| source.folder() == Some(path))
        {
            say(format!(
                "`publish.path` is {}, which is followed itself; publish somewhere else",
                path.display()
            ));
        }
        self.publish_to.iter().filter_map(TargetConfig::problem).for_each(&mut say);
        let mut places = BTreeSet::new();
        for place in self.publish_to.iter().map(TargetConfig::place) {
            if places.contains(&place) {
                say(format!("two of `publish_to` are {place}; give each a place of its own"));
            }
            places.insert(place);
        }
        problems.extend(self.log.filter().err());
        problems
    }

    /// What is taken, and lets somebody say who they are unless a proxy is set up for it; a sentence each.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.decide.iter().flat_map(DecideConfig::warnings).collect()
    }

    /// Two listeners that cannot be at one address.
    fn same_port(&self) -> Option<String> {
        let decide = self.decide.iter().map(|decide| ("decide.listen", Some(decide.listen)));
        let named = [("admin.listen", self.admin.listen), ("control.listen", self.control.listen)];
        let mut seen: Vec<(&str, Listen)> = Vec::new();
        for (key, listen) in named.into_iter().chain(decide) {
            let Some(listen) = listen.filter(|listen| listen.address().port() != 0) else { continue };
            if let Some((other, _)) = seen.iter().find(|(_, other)| *other == listen) {
                return Some(format!("`{other}` and `{key}` are both {listen}; give each a port of its own"));
            }
            seen.push((key, listen));
        }
        None
    }
}
