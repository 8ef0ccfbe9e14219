//! The layouts that there are, and where their keys stand.

use std::time::Duration;

/// Which keys below the prefix are read, and what they mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Layout {
    /// Those of [`Layout::Deis`] and of [`Layout::Plain`]: no key belongs to both. Where both have a list for one app, the
    /// plain one has the word; lists are required where either says so.
    #[default]
    Auto,
    /// The keys of Deis v1: `router/enforceWhitelist`, `router/controller/whitelist`, `config/APP/deis_whitelist`,
    /// `domains/DOMAIN`, `controller/subdomain`.
    Deis,
    /// `enforce`, `mode`, `default`, `apps/NAME/list`, `apps/NAME/mode`, `apps/NAME/hosts`.
    Plain,
}

impl Layout {
    /// How long something has to be gone before that may open a gate: a deploy of Deis v1 deletes the directory of its app and
    /// writes it again, within 58 ms as measured with sixty keys.
    pub(crate) fn settle(self) -> Duration {
        match self {
            Layout::Auto | Layout::Deis => Duration::from_secs(2),
            Layout::Plain => Duration::ZERO,
        }
    }

    /// The nodes below the prefix that hold the lists of apps, where keys are in directories.
    #[cfg(feature = "etcd-v2")]
    pub(crate) fn list_nodes(self) -> &'static [&'static str] {
        match self {
            Layout::Auto => &["config", "apps"],
            Layout::Deis => &["config"],
            Layout::Plain => &["apps"],
        }
    }

    /// The nodes that say what else there is.
    #[cfg(feature = "etcd-v2")]
    pub(crate) fn setting_nodes(self) -> &'static [&'static str] {
        match self {
            Layout::Auto => &["router", "domains", "controller/subdomain", "enforce", "mode", "default"],
            Layout::Deis => &["router", "domains", "controller/subdomain"],
            Layout::Plain => &["enforce", "mode", "default"],
        }
    }

    pub(crate) fn has_deis(self) -> bool {
        matches!(self, Layout::Auto | Layout::Deis)
    }

    pub(crate) fn has_plain(self) -> bool {
        matches!(self, Layout::Auto | Layout::Plain)
    }
}
