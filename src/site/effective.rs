//! What decides for an app, where lists that are to come have their say, too.

use super::description::{App, ListSlot, Site};
use crate::policy::{Mode, Policy};

impl Site {
    /// The policy that a gate enforces for an app, named or not. That is [`Site::policy`], and where a list is
    /// [`ListSlot::Waiting`], a policy that admits nobody for whom that list may decide. O(n) for n entries of lists that come
    /// compiled.
    ///
    /// ```
    /// use ipgate::site::{ListSlot, Site};
    /// use ipgate::Table;
    /// let site = Site::new().with_default(ListSlot::Waiting);
    /// assert!(site.policy("shop").is_none());
    /// assert!(Table::from_policy(&site.effective_policy("shop")).allowed_space().is_empty());
    /// ```
    #[must_use]
    pub fn effective_policy(&self, app: &str) -> Policy {
        let nobody = || Policy::new().with_enforce(true);
        let named = self.apps().get(app);
        let mode = named.and_then(App::mode).unwrap_or(self.mode());
        match (self.default_list(), named.map(App::list)) {
            (_, Some(ListSlot::Waiting)) => nobody(),
            // Where the app's own list does not decide, nobody does.
            (ListSlot::Waiting, Some(own)) if mode != Mode::Extend && own.has_list() => {
                let policy = Policy::new().with_mode(mode).with_enforce(self.is_enforced());
                own.list().into_iter().fold(policy, Policy::with_app)
            }
            (ListSlot::Waiting, _) => nobody(),
            _ => self.policy(app).unwrap_or_else(nobody),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::List;
    use crate::site::SiteGate;
    use crate::table::Table;

    /// Of all that can stand in the place of the two lists, the policy decides as the gate does.
    #[test]
    fn it_is_what_the_gate_enforces() {
        let list = |text: &str| ListSlot::from(text.parse::<List>().unwrap());
        let defaults = [ListSlot::Unset, ListSlot::Waiting, list("10.0.0.0/8,!10.9.0.0/16"), list("")];
        let owns =
            [ListSlot::Unset, ListSlot::Waiting, list("10.9.1.0/24,!10.1.1.1,2001:db8::/32"), list("")];
        let clients = ["10.1.1.1", "10.1.1.2", "10.9.1.1", "10.9.2.2", "192.0.2.1", "2001:db8::1", "::1"];
        let mut compared = 0;
        for default in &defaults {
            for own in &owns {
                for mode in [Mode::Extend, Mode::Override, Mode::Precede] {
                    for enforce in [false, true] {
                        let app = App::new().with_list(own.clone()).with_mode(mode);
                        let site = Site::new()
                            .with_default(default.clone())
                            .with_enforce(enforce)
                            .with_app("shop".parse().unwrap(), app);
                        let gate = SiteGate::new(&site).unwrap();
                        for name in ["shop", "other"] {
                            let table = Table::from_policy(&site.effective_policy(name));
                            for client in clients {
                                let client = client.parse().unwrap();
                                let decided = table.is_allowed(client);
                                assert_eq!(
                                    decided,
                                    gate.is_allowed(name, client),
                                    "{site:?} {name} {client}"
                                );
                                compared += 1;
                            }
                        }
                    }
                }
            }
        }
        assert_eq!(compared, 4 * 4 * 3 * 2 * 2 * 7);
    }
}
