//! An older system: its settings and apps, each value as both read it.

use ipgate::Mode;
use ipgate::site::ListSlot;

use super::read::Read;
use super::values::Values;

/// All of it.
pub(super) struct System {
    pub(super) enforce: Read<bool>,
    /// None where ipgate cannot read it.
    pub(super) mode: Read<Option<Mode>>,
    pub(super) default: Read<ListSlot>,
    pub(super) apps: Vec<OldApp>,
    /// What it means that nginx refuses its configuration, as a part of a sentence.
    pub(super) stuck_means: &'static str,
}

/// An app.
pub(super) struct OldApp {
    pub(super) name: String,
    pub(super) list: Read<ListSlot>,
    /// Why no request gets to it, where that is so.
    pub(super) unrouted: Option<String>,
}

impl System {
    /// The places of all values that nginx refuses. What is not routed is not in its configuration, and neither is a default
    /// list that every app overrides.
    pub(super) fn refused(&self) -> Vec<&str> {
        let routed = || self.apps.iter().filter(|app| app.unrouted.is_none());
        let default =
            Some(&self.default).filter(|list| list.is_refused() && routed().any(|app| self.has_default(app)));
        let lists = routed().map(|app| &app.list).filter(|list| list.is_refused());
        default.into_iter().chain(lists).map(|list| list.place.as_str()).collect()
    }

    /// Whether the default list stands in the configuration of an app.
    fn has_default(&self, app: &OldApp) -> bool {
        app.list.old.is_unset() || self.mode.old != Some(Mode::Override)
    }

    /// Whether nginx refuses a value that stands in the configuration of an app.
    pub(super) fn is_culprit(&self, app: &OldApp) -> bool {
        app.list.is_refused() || self.is_default_refused(app)
    }

    /// Whether that is the default list.
    pub(super) fn is_default_refused(&self, app: &OldApp) -> bool {
        self.default.is_refused() && self.has_default(app)
    }

    /// What the old router goes by, and what ipgate does, for an app with such a list.
    pub(super) fn values(&self, list: &Read<ListSlot>) -> [Values; 2] {
        let old = Values {
            enforce: self.enforce.old,
            mode: self.mode.old,
            default: self.default.old.clone(),
            list: list.old.clone(),
        };
        let new = Values {
            enforce: self.enforce.new,
            mode: self.mode.new,
            default: self.default.new.clone(),
            list: list.new.clone(),
        };
        [old, new]
    }
}
