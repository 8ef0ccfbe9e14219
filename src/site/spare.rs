//! What a guard refuses, taken out of some changes, so that the rest comes into force.

use super::changes::Changes;
use super::description::{App, ListSlot};
use super::gate::SiteGate;
use super::guard::{SiteRefusal, SiteRefused};
use super::name::AppName;
use super::snapshot::{SiteSnapshot, described};

impl SiteGate {
    /// Brings into force what the guard lets pass of some changes: an app whose new list it refuses keeps the one that it has,
    /// and so does the default list, and where there is none its list is one that is to come; where too many apps would lose
    /// their lists, none does; `enforce` stays on. Returns the generation, and what was refused.
    ///
    /// # Errors
    ///
    /// [`SiteRefused`] where nothing comes into force: a host would be of two apps.
    ///
    /// ```
    /// use ipgate::List;
    /// use ipgate::site::{App, Changes, Site, SiteGate, SiteGuard};
    /// let list = |text: &str| text.parse::<List>().map(|list| App::new().with_list(list));
    /// let gate = SiteGate::new(&Site::new().with_app("shop".parse()?, list("10.0.0.0/8")?))?;
    /// gate.set_guard(SiteGuard::new().max_removed(0.0));
    /// let changes = Changes::new().without_app("shop".parse()?).with_app("blog".parse()?, list("192.0.2.7")?);
    /// let (generation, refusals) = gate.apply_allowed(changes)?;
    /// assert_eq!((generation, refusals.len()), (2, 1));
    /// assert!(gate.is_allowed("shop", "10.1.1.1".parse()?) && gate.is_allowed("blog", "192.0.2.7".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn apply_allowed(&self, mut changes: Changes) -> Result<(u64, Vec<SiteRefusal>), SiteRefused> {
        let mut refusals = Vec::new();
        loop {
            let refused = match self.apply(&changes) {
                Ok(generation) => return Ok((generation, refusals)),
                Err(refused) => refused,
            };
            let current = self.snapshot();
            for refusal in &refused.refusals {
                // What was taken out once is not refused again, so that this ends.
                if refusals.contains(refusal) || !changes.spare(refusal, &current) {
                    return Err(refused);
                }
            }
            refusals.extend(refused.refusals);
        }
    }
}

impl Changes {
    /// Takes out what is refused; whether that can be.
    fn spare(&mut self, refusal: &SiteRefusal, current: &SiteSnapshot) -> bool {
        match refusal {
            SiteRefusal::EnforceOff => self.enforce = None,
            // Not unset, which could let everyone in.
            SiteRefusal::Default(_) => {
                self.default = Some(ListSlot::Waiting).filter(|_| current.default_slot().is_unset());
            }
            SiteRefusal::App { app, .. } => self.keep_list(app, current, ListSlot::Waiting),
            SiteRefusal::Removal { .. } => {
                let had_list = current.apps.iter().filter(|(_, app)| app.list.is_some());
                had_list.for_each(|(_, app)| self.keep_removed(&app.about.name, current));
            }
            SiteRefusal::Host { .. } => return false,
        }
        true
    }

    /// Has an app keep the list that it has, or something else where it has none.
    fn keep_list(&mut self, name: &AppName, current: &SiteSnapshot, otherwise: ListSlot) {
        let list = Some(current.slot_of(name.as_str())).filter(|list| !list.is_unset()).unwrap_or(otherwise);
        if let Some(Some(app)) = self.apps.get_mut(name) {
            *app = std::mem::take(app).with_list(list);
        }
    }

    /// Has an app that would lose its list keep it, and be there.
    fn keep_removed(&mut self, name: &AppName, current: &SiteSnapshot) {
        match self.apps.get(name) {
            Some(Some(app)) if app.list().is_unset() => self.keep_list(name, current, ListSlot::Unset),
            Some(Some(_)) => {}
            None if !self.is_whole => {}
            Some(None) | None => {
                let app: Option<App> = current.state(name.as_str()).map(described);
                self.apps.insert(name.clone(), app);
            }
        }
    }
}
