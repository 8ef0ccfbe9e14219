//! Changes that are refused although everything in them is valid.

use std::net::IpAddr;

use ipgate::gate::Guard;
use ipgate::site::SiteGuard;
use serde::{Deserialize, Serialize};

/// What must not happen to the site by mistake.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GuardConfig {
    /// At most that part of the apps may lose their lists at once, in percent.
    pub max_removed: Option<f64>,
    /// Lists go on to be required.
    pub keep_enforced: bool,
    /// For the default list.
    pub default: ListGuardConfig,
    /// For the list of each app.
    pub apps: ListGuardConfig,
}

/// What must not happen to a list by mistake.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListGuardConfig {
    /// At most that part of its addresses or entries may go at once, in percent.
    pub max_shrink: Option<f64>,
    /// It may not become empty.
    pub refuse_empty: bool,
    /// The shortest prefix length of IPv4 that may be added.
    pub widest_v4: Option<u8>,
    /// The same of IPv6.
    pub widest_v6: Option<u8>,
    /// These are let in, whatever changes.
    pub must_allow: Vec<IpAddr>,
}

impl GuardConfig {
    /// As a gate takes it.
    #[must_use]
    pub fn site_guard(&self) -> SiteGuard {
        let guard = SiteGuard::new()
            .keep_enforced(self.keep_enforced)
            .of_default(self.default.guard())
            .of_apps(self.apps.guard());
        self.max_removed.into_iter().fold(guard, SiteGuard::max_removed)
    }

    /// What is wrong with it.
    pub(super) fn problems(&self) -> Vec<String> {
        let percents = [
            ("guard.max_removed", self.max_removed),
            ("guard.default.max_shrink", self.default.max_shrink),
            ("guard.apps.max_shrink", self.apps.max_shrink),
        ];
        let lengths = [
            ("guard.default.widest_v4", self.default.widest_v4, 32),
            ("guard.default.widest_v6", self.default.widest_v6, 128),
            ("guard.apps.widest_v4", self.apps.widest_v4, 32),
            ("guard.apps.widest_v6", self.apps.widest_v6, 128),
        ];
        let percents = percents.into_iter().filter_map(|(key, value)| {
            let value = value.filter(|value| !(0.0..=100.0).contains(value))?;
            Some(format!("`{key}` is {value}; it is a part in percent, from 0 to 100"))
        });
        let lengths = lengths.into_iter().filter_map(|(key, value, longest)| {
            let value = value.filter(|value| *value > longest)?;
            Some(format!("`{key}` is {value}; it is a prefix length, from 0 to {longest}"))
        });
        percents.chain(lengths).collect()
    }
}

impl ListGuardConfig {
    fn guard(&self) -> Guard {
        let guard = Guard::new().refuse_empty(self.refuse_empty).must_allow(self.must_allow.iter().copied());
        let guard = self.max_shrink.into_iter().fold(guard, Guard::max_shrink);
        match (self.widest_v4, self.widest_v6) {
            (None, None) => guard,
            (v4, v6) => guard.widest(v4.unwrap_or(0), v6.unwrap_or(0)),
        }
    }
}
