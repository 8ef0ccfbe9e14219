//! The values that decide for one app, and who is let in by them.

use ipgate::site::{App, AppName, ListSlot, Site};
use ipgate::space::Space;
use ipgate::{List, Mode, Policy, Table};

/// Whatever the app is called, the same is decided.
const APP: &str = "app";

/// What one of the two routers goes by.
#[derive(Debug, Clone)]
pub(super) struct Values {
    pub(super) enforce: bool,
    /// None where it is bad, and never was good: then there is no saying what the default list decides.
    pub(super) mode: Option<Mode>,
    pub(super) default: ListSlot,
    pub(super) list: ListSlot,
}

/// Who is let in.
#[derive(Debug, Clone)]
pub(super) struct Access {
    pub(super) gate: Gate,
    pub(super) space: Space,
}

/// How it comes that they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    /// There is none, so that everyone is.
    Open,
    /// Nobody is.
    Closed,
    /// By so many entries.
    List(usize),
}

impl Values {
    pub(super) fn access(&self) -> Access {
        let policy = self.policy();
        let space = Table::from_policy(&policy).allowed_space();
        let (default, own) = (policy.default_list(), policy.app_list());
        let decides = |_: &&List| own.is_none() || policy.mode() != Mode::Override;
        let gate = match (default, own) {
            (None, None) if !policy.is_enforced() => Gate::Open,
            _ if space.is_empty() => Gate::Closed,
            _ => Gate::List(default.filter(decides).into_iter().chain(own).map(List::len).sum()),
        };
        Access { gate, space }
    }

    fn policy(&self) -> Policy {
        let default = if self.mode.is_some() { self.default.clone() } else { ListSlot::Waiting };
        let site = Site::new()
            .with_default(default)
            .with_mode(self.mode.unwrap_or_default())
            .with_enforce(self.enforce);
        let app = App::new().with_list(self.list.clone());
        let site = AppName::new(APP).into_iter().fold(site, |site, name| site.with_app(name, app.clone()));
        site.effective_policy(APP)
    }
}
