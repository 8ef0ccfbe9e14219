//! Who is let in by one app of a site, at an instant, with everything resolved that a proxy's filter does not know.

use std::time::SystemTime;

use ipgate::Table;
use ipgate::site::Site;

/// The table that decides for an app's clients at `now`: both lists as its mode combines them, without what has expired. Without
/// an app it is that of every app which the site does not name. O(n) for n entries.
///
/// A list that is to come lets nobody in for whom it may decide, as in the gate.
pub(super) fn table(site: &Site, app: Option<&str>, now: SystemTime) -> Table {
    // No app has an empty name.
    Table::from_policy_at(&site.effective_policy(app.unwrap_or_default()), now)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use ipgate::site::{App, ListSlot, SiteGate};
    use ipgate::{List, Mode};

    use super::*;

    /// Every default, list, mode and `enforce`: it decides as the gate of the site.
    #[test]
    fn it_decides_as_the_site() {
        let list = |text: &str| ListSlot::from(text.parse::<List>().unwrap());
        let defaults = [ListSlot::Unset, ListSlot::Waiting, list(""), list("10.0.0.0/8:corp,10.9.3.0/24")];
        let lists = [ListSlot::Unset, ListSlot::Waiting, list(""), list("192.0.2.7:partner,!10.9.0.0/16")];
        let modes = [None, Some(Mode::Extend), Some(Mode::Override), Some(Mode::Precede)];
        for (default, enforce) in defaults.iter().flat_map(|default| [(default, false), (default, true)]) {
            for (list, mode) in lists.iter().flat_map(|list| modes.map(|mode| (list, mode))) {
                let app = mode.into_iter().fold(App::new().with_list(list.clone()), App::with_mode);
                let site = Site::new().with_default(default.clone()).with_enforce(enforce);
                let site = site.with_app("shop".parse().unwrap(), app);
                let gate = SiteGate::new(&site).unwrap();
                for (asked, app) in [("shop", Some("shop")), ("other", None)] {
                    let table = table(&site, app, SystemTime::now());
                    for client in ["10.1.1.1", "10.9.1.1", "10.9.3.1", "192.0.2.7", "198.51.100.1", "::1"] {
                        let client: IpAddr = client.parse().unwrap();
                        assert_eq!(
                            table.is_allowed(client),
                            gate.is_allowed(asked, client),
                            "{default:?} {list:?} {mode:?} {enforce} {asked} {client}"
                        );
                    }
                }
            }
        }
    }
}
