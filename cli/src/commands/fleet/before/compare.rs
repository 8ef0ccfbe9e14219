//! What the values of an older system come to for each app, with its own router and with ipgate.

use ipgate::space::Space;

use super::system::{OldApp, System};
use super::values::{Access, Values};

/// What the old router does for an app.
pub(super) enum Before {
    Unrouted,
    /// What was in force last, which is not known; and what would be, where its own values do not stand in the way.
    Stuck(Option<Access>),
    Does(Access),
}

/// An app, compared.
pub(super) struct Compared<'s> {
    pub(super) name: &'s str,
    pub(super) before: Before,
    pub(super) after: Access,
    /// Whether the same is known to be enforced.
    pub(super) is_same: bool,
    /// Who is let in, and was not; and the other way round. Nobody where what is enforced is not known.
    pub(super) gained: Space,
    pub(super) lost: Space,
    pub(super) why: Vec<String>,
}

/// All apps of a system, compared one by one.
pub(super) struct Comparison<'s> {
    system: &'s System,
    /// Where the values stand that nginx refuses.
    pub(super) refused: Vec<&'s str>,
    /// What all apps have in common that have no list of their own: most apps are such.
    unlisted: Option<Both>,
}

/// Who is let in before and after, and which settings make the difference where there is one.
#[derive(Clone)]
struct Both {
    before: Access,
    after: Access,
    why: Vec<String>,
}

impl<'s> Comparison<'s> {
    pub(super) fn new(system: &'s System) -> Comparison<'s> {
        Comparison { system, refused: system.refused(), unlisted: None }
    }

    /// What becomes of an app.
    pub(super) fn compare(&mut self, app: &'s OldApp) -> Compared<'s> {
        let Both { before, after, why: of_settings } = self.both(app);
        let name = app.name.as_str();
        let (gained, lost) = Default::default();
        if let Some(why) = &app.unrouted {
            let (before, why) = (Before::Unrouted, vec![why.clone()]);
            return Compared { name, before, after, is_same: true, gained, lost, why };
        }
        let is_culprit = self.system.is_culprit(app);
        let is_same = before.space == after.space && !is_culprit;
        let notes = app.list.note.iter().cloned().chain(of_settings).filter(|_| !is_same);
        let Some(first) = self.refused.first() else {
            let (gained, lost) =
                (after.space.difference(&before.space), before.space.difference(&after.space));
            let (before, why) = (Before::Does(before), notes.collect());
            return Compared { name, before, after, is_same, gained, lost, why };
        };
        let more = match self.refused.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let of_others = format!("nginx refuses the configuration because of {first}{more}");
        let why = Some(of_others).filter(|_| !is_culprit).into_iter().chain(notes).collect();
        let before = Before::Stuck(Some(before).filter(|_| !is_culprit));
        Compared { name, before, after, is_same: false, gained, lost, why }
    }

    fn both(&mut self, app: &OldApp) -> Both {
        let is_unlisted = app.list.old.is_unset() && app.list.new.is_unset();
        if let (true, Some(both)) = (is_unlisted, &self.unlisted) {
            return both.clone();
        }
        let [old, new] = self.system.values(&app.list);
        let (before, after) = (old.access(), new.access());
        let is_refused = self.system.is_default_refused(app);
        let why = match before.space == after.space && !is_refused {
            true => Vec::new(),
            false => self.settings(&old, &new, is_refused),
        };
        let both = Both { before, after, why };
        if is_unlisted {
            self.unlisted = Some(both.clone());
        }
        both
    }

    /// The settings that were read in two ways and make a difference.
    fn settings(&self, old: &Values, new: &Values, is_default_refused: bool) -> Vec<String> {
        type Take = fn(&mut Values, &Values);
        let System { enforce, mode, default, .. } = self.system;
        let settings: [(&Option<String>, bool, Take); 3] = [
            (&enforce.note, false, |values, others| values.enforce = others.enforce),
            (&mode.note, false, |values, others| values.mode = others.mode),
            (&default.note, is_default_refused, |values, others| values.default = others.default.clone()),
        ];
        let matters = |values: &Values, others: &Values, take: Take| {
            let mut taken = values.clone();
            take(&mut taken, others);
            taken.access().space != values.access().space
        };
        let told = settings.into_iter().filter(|(note, is_told, take)| {
            note.is_some() && (*is_told || matters(old, new, *take) || matters(new, old, *take))
        });
        told.filter_map(|(note, ..)| note.clone()).collect()
    }
}
