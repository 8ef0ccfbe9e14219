//! What is open in a site and probably not meant to be.

use std::fmt;

use super::description::{App, ListSlot, Site};
use super::name::AppName;
use crate::diff::Diff;
use crate::list::List;

/// Something that a site leaves open, or keeps closed by mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The app through which all others are changed has no list of its own, or the site does not name it.
    OpenController {
        /// The app.
        app: AppName,
        /// Whether the site names it.
        is_named: bool,
    },
    /// Lists are not required, there is no default list, and these apps have none: everyone is let in there, and into whatever
    /// the site does not name.
    Open {
        /// The apps, by name.
        apps: Vec<AppName>,
    },
    /// A list allows every address of a family.
    AdmitsEveryone {
        /// Whose list it is; nobody's is the default list.
        app: Option<AppName>,
        /// The prefix that is allowed whole.
        prefix: &'static str,
    },
    /// A list never was good: everyone is denied for whom it may decide.
    Waiting {
        /// Whose list it is; nobody's is the default list.
        app: Option<AppName>,
    },
}

impl Finding {
    /// A short name, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Finding::OpenController { .. } => "open-controller",
            Finding::Open { .. } => "open",
            Finding::AdmitsEveryone { .. } => "admits-everyone",
            Finding::Waiting { .. } => "waiting",
        }
    }

    /// The apps that it is about.
    #[must_use]
    pub fn apps(&self) -> &[AppName] {
        match self {
            Finding::OpenController { app, .. } => std::slice::from_ref(app),
            Finding::Open { apps } => apps,
            Finding::AdmitsEveryone { app, .. } | Finding::Waiting { app } => app.as_slice(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// So many apps are named.
        const SHOWN: usize = 5;
        match self {
            Finding::OpenController { app, is_named: true } => write!(
                f,
                "the controller {app} has no list of its own: whoever may reach any app may reach it, too; give it a list of those who deploy"
            ),
            Finding::OpenController { app, is_named: false } => write!(
                f,
                "the site does not name the controller {app}, which has no list then; give it a list of those who deploy"
            ),
            Finding::Open { apps } if apps.is_empty() => f.write_str(
                "lists are not required (`enforce`), and there is no default list: everyone is let into whatever the site does not name",
            ),
            Finding::Open { apps } => {
                write!(f, "lists are not required (`enforce`), and there is no default list: everyone is let into ")?;
                let names: Vec<&str> = apps.iter().take(SHOWN).map(AppName::as_str).collect();
                f.write_str(&names.join(", "))?;
                match apps.len().saturating_sub(SHOWN) {
                    0 => f.write_str(", and into whatever the site does not name"),
                    more => write!(f, ", {more} more apps, and whatever the site does not name"),
                }
            }
            Finding::AdmitsEveryone { app, prefix } => {
                write_list(f, app.as_ref())?;
                write!(f, " allows everyone ({prefix})")
            }
            Finding::Waiting { app } => {
                write_list(f, app.as_ref())?;
                f.write_str(" is bad or missing and never was good: everyone is denied for whom it may decide")
            }
        }
    }
}

fn write_list(f: &mut fmt::Formatter<'_>, app: Option<&AppName>) -> fmt::Result {
    match app {
        Some(app) => write!(f, "the list of the app {app}"),
        None => f.write_str("the default list"),
    }
}

impl Site {
    /// What is open in the site and probably not meant to be. `controllers` are the apps through which others are changed: each
    /// should have a list of its own. O(n log n) for n entries.
    ///
    /// ```
    /// use ipgate::List;
    /// use ipgate::site::{App, Finding, Site};
    /// let everyone = App::new().with_list("0.0.0.0/0".parse::<List>()?);
    /// let site = Site::new().with_app("shop".parse()?, everyone).with_app("blog".parse()?, App::new());
    /// let found: Vec<_> = site.audit(&["deis/deis-controller".parse()?]).iter().map(Finding::code).collect();
    /// assert_eq!(found, ["open-controller", "open", "admits-everyone"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn audit(&self, controllers: &[AppName]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for name in controllers {
            let app = self.apps().get(name);
            if app.is_none_or(|app| app.list().is_unset()) {
                findings.push(Finding::OpenController { app: name.clone(), is_named: app.is_some() });
            }
        }
        if !self.is_enforced() && self.default_list().is_unset() {
            let open = self.apps().iter().filter(|(_, app)| app.list().is_unset());
            findings.push(Finding::Open { apps: open.map(|(name, _)| name.clone()).collect() });
        }
        let of_apps = self.apps().iter().map(|(name, app)| (Some(name), App::list(app)));
        for (app, slot) in std::iter::once((None, self.default_list())).chain(of_apps) {
            let app = app.cloned();
            if *slot == ListSlot::Waiting {
                findings.push(Finding::Waiting { app });
            } else if let Some(prefix) = slot.list().and_then(|list| whole_family(&list)) {
                findings.push(Finding::AdmitsEveryone { app, prefix });
            }
        }
        findings
    }
}

/// The family of which a list allows every address.
fn whole_family(list: &List) -> Option<&'static str> {
    let diff = Diff::between(&List::new(), list);
    let allows = |whole: &str| diff.gained().prefixes().any(|prefix| prefix.to_string() == whole);
    ["0.0.0.0/0", "::/0"].into_iter().find(|whole| allows(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> List {
        text.parse().unwrap()
    }

    fn name(name: &str) -> AppName {
        name.parse().unwrap()
    }

    #[test]
    fn a_site_that_requires_lists_and_has_them_is_fine() {
        let app = || App::new().with_list(list("10.0.0.0/8:corp"));
        let site =
            Site::new().with_enforce(true).with_app(name("controller"), app()).with_app(name("shop"), app());
        assert_eq!(site.audit(&[name("controller")]), []);
    }

    #[test]
    fn everyone_is_who_is_allowed_by_all_entries_together() {
        let of = |text: &str| Site::new().with_default(list(text)).audit(&[]);
        let everyone = |prefix| vec![Finding::AdmitsEveryone { app: None, prefix }];
        assert_eq!(of("0.0.0.0/1,128.0.0.0/1"), everyone("0.0.0.0/0"));
        assert_eq!(of("::/0"), everyone("::/0"));
        assert_eq!(of("all"), everyone("0.0.0.0/0"));
        assert_eq!(of("0.0.0.0/0,!192.0.2.7"), []);
    }

    #[test]
    fn many_open_apps_are_counted() {
        let open = |apps: u32| {
            (0..apps).fold(Site::new(), |site, n| site.with_app(name(&format!("app{n}")), App::new()))
        };
        let said = |apps| open(apps).audit(&[]).first().map(ToString::to_string).unwrap_or_default();
        assert!(said(0).ends_with("let into whatever the site does not name"), "{}", said(0));
        assert!(said(2).contains("into app0, app1, and"), "{}", said(2));
        assert!(said(9).contains("app4, 4 more apps"), "{}", said(9));
    }
}
