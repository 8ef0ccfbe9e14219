//! Changes of a site that come into force together.

use std::collections::BTreeMap;

use super::description::{App, ListSlot, Site};
use super::host::Host;
use super::name::AppName;
use crate::policy::Mode;

/// What is to be different in a site, all in one step; whatever is not named stays.
///
/// ```
/// use ipgate::List;
/// use ipgate::site::{App, Changes, Site, SiteGate};
/// let gate = SiteGate::new(&Site::new().with_enforce(true))?;
/// let shop = App::new().with_list("192.0.2.7:partner".parse::<List>()?);
/// let changes = Changes::new().with_default("10.0.0.0/8:corp".parse::<List>()?).with_app("shop".parse()?, shop);
/// assert_eq!(gate.apply(&changes)?, 2);
/// assert!(gate.check("shop", "192.0.2.7".parse()?).is_allowed());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "changes do nothing before they are applied"]
pub struct Changes {
    pub(super) default: Option<ListSlot>,
    pub(super) mode: Option<Mode>,
    pub(super) enforce: Option<bool>,
    /// What is to be there under a name; nothing where that is to go.
    pub(super) apps: BTreeMap<AppName, Option<App>>,
    /// Whether apps that are not named are to go.
    pub(super) is_whole: bool,
    pub(super) permits: Vec<Permit>,
}

/// What a [`SiteGuard`](super::SiteGuard) lets pass this once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Permit {
    /// More apps lose their lists than it allows.
    Removal,
    /// Lists are no longer required.
    EnforceOff,
}

impl Permit {
    /// The name by which it is given.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Permit::Removal => "removal",
            Permit::EnforceOff => "enforce-off",
        }
    }
}

impl From<Site> for Changes {
    /// As [`Changes::to`], for those who need the site no more.
    fn from(mut site: Site) -> Changes {
        let apps = site.take_apps().into_iter().map(|(name, app)| (name, Some(app))).collect();
        Changes::to_all(&site, apps)
    }
}

impl Changes {
    /// Nothing.
    pub fn new() -> Changes {
        Changes::default()
    }

    /// Everything as that site has it; apps that it does not name go.
    pub fn to(site: &Site) -> Changes {
        let apps = site.apps().iter().map(|(name, app)| (name.clone(), Some(app.clone()))).collect();
        Changes::to_all(site, apps)
    }

    /// These apps, and the rest as that site has it.
    fn to_all(site: &Site, apps: BTreeMap<AppName, Option<App>>) -> Changes {
        Changes {
            default: Some(site.default_list().clone()),
            mode: Some(site.mode()),
            enforce: Some(site.is_enforced()),
            apps,
            is_whole: true,
            permits: Vec::new(),
        }
    }

    /// The same, after which apps that are not named in it are gone.
    #[cfg(all(feature = "watch", feature = "site-text"))]
    pub(crate) fn of_whole(self) -> Changes {
        Changes { is_whole: true, ..self }
    }

    /// The same with that default list.
    pub fn with_default(self, list: impl Into<ListSlot>) -> Changes {
        Changes { default: Some(list.into()), ..self }
    }

    /// The same with that mode of the site.
    pub fn with_mode(self, mode: Mode) -> Changes {
        Changes { mode: Some(mode), ..self }
    }

    /// The same, where lists are required or not.
    pub fn with_enforce(self, enforce: bool) -> Changes {
        Changes { enforce: Some(enforce), ..self }
    }

    /// The same with that app, in the place of whatever has its name.
    pub fn with_app(mut self, name: AppName, app: App) -> Changes {
        self.apps.insert(name, Some(app));
        self
    }

    /// The same, where the app of that name, if it is to be there, has that host no more: for a host that another app has.
    ///
    /// ```
    /// use ipgate::site::{App, Changes, Site, SiteGate};
    /// let host = || "shop.example.com".parse().map(|host| App::new().with_host(host));
    /// let gate = SiteGate::new(&Site::new().with_app("shop".parse()?, host()?))?;
    /// let changes = Changes::new().with_app("copy".parse()?, host()?);
    /// assert!(gate.apply(&changes).is_err());
    /// gate.apply(&changes.without_host(&"copy".parse()?, &"shop.example.com".parse()?))?;
    /// assert_eq!(gate.snapshot().app_count(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn without_host(mut self, name: &AppName, host: &Host) -> Changes {
        if let Some(Some(app)) = self.apps.get_mut(name) {
            *app = std::mem::take(app).without_host(host);
        }
        self
    }

    /// The same without the app of that name: from then on it is one that the site does not name.
    pub fn without_app(mut self, name: AppName) -> Changes {
        self.apps.insert(name, None);
        self
    }

    /// The same, where the guard is to let that pass.
    pub fn permitting(mut self, permit: Permit) -> Changes {
        self.permits.push(permit);
        self
    }
}
