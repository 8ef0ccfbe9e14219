//! Several sources as one site: for each app, and for each setting, the first source that has a word on it.

use ipgate::Mode;
use ipgate::site::{App, AppName, Changes, ListSlot};

use crate::keeper::Keeper;

/// What is to be different in the gate.
pub(crate) fn changes<'n>(
    keepers: &[Keeper],
    settings: bool,
    apps: impl IntoIterator<Item = &'n AppName>,
) -> Changes {
    let changes = if settings { self::settings(keepers, Changes::new()) } else { Changes::new() };
    apps.into_iter().fold(changes, |changes, name| match app(keepers, name) {
        Some(app) => changes.with_app(name.clone(), app),
        None => changes.without_app(name.clone()),
    })
}

fn settings(keepers: &[Keeper], changes: Changes) -> Changes {
    let mut default = keepers.iter().map(Keeper::default_list).find(|list| !list.is_unset());
    let first = keepers.iter().find(|keeper| keeper.mode().is_some() || keeper.is_mode_unknown());
    if first.is_some_and(Keeper::is_mode_unknown) {
        default = Some(&ListSlot::Waiting); // how the lists combine is not known
    }
    let mode: Option<Mode> = first.and_then(Keeper::mode);
    let enforce = keepers.iter().find_map(Keeper::enforce);
    changes
        .with_default(default.cloned().unwrap_or_default())
        .with_mode(mode.unwrap_or_default())
        .with_enforce(enforce.unwrap_or_default())
}

fn app(keepers: &[Keeper], name: &AppName) -> Option<App> {
    keepers.iter().find_map(|keeper| keeper.app(name))
}
