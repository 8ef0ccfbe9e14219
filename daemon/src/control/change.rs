//! A change of a list where it is kept: read, edited and written, again where somebody else was faster, so that neither's
//! change is lost.

use std::time::Duration;

use axum::http::StatusCode;
use ipgate_sources::{StoreError, Stored};
use tokio::time::sleep;
use tracing::{info, warn};

use super::answer::Refusal;
use super::asked::Asked;
use super::edit::Edited;
use super::effect;
use super::tokens::Right;

/// How often it is tried.
const ATTEMPTS: u32 = 32;

/// What came of it.
pub(super) struct Done {
    pub(super) edited: Edited,
    /// What an operator should know of it.
    pub(super) notice: Option<String>,
}

impl Asked {
    /// Makes a change, and writes a line of who made it.
    pub(super) async fn change(
        &self,
        right: Right,
        edit: impl Fn(&Stored) -> Result<Edited, Refusal>,
    ) -> Result<Done, Refusal> {
        for attempt in 1..=ATTEMPTS {
            let stored = self.read(right).await?;
            let edited = edit(&stored)?;
            if edited.text == stored.text {
                return Ok(Done { edited, notice: stored.caution });
            }
            match self.store.write(&self.app, edited.text.as_deref(), &stored).await {
                Ok(()) => return Ok(self.written(edited, stored.caution)),
                Err(StoreError::Conflict) => sleep(Duration::from_millis(u64::from(attempt))).await,
                Err(StoreError::Unreachable(why)) => {
                    let sentence =
                        format!("{why}; the change may have come to pass: list before you try again");
                    return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, sentence));
                }
                Err(error) => return Err(error.into()),
            }
        }
        let sentence =
            format!("the list of {} was changed by others {ATTEMPTS} times meanwhile; try again", self.app);
        Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, sentence))
    }

    /// Who would be affected by a change that is not made.
    pub(super) async fn would(
        &self,
        right: Right,
        edit: impl Fn(&Stored) -> Result<Edited, Refusal>,
    ) -> Result<serde_json::Value, Refusal> {
        let stored = self.read(right).await?;
        let edited = edit(&stored)?;
        let parser = &self.parser;
        let before =
            stored.text.as_deref().and_then(|text| parser.parse(text).ok()).map(|parsed| parsed.list);
        let state = self.control.in_force.gate().snapshot();
        let opened = edited.text.is_none().then(|| effect::without_list(&state, &self.app));
        let notice = joined([opened, stored.caution]);
        let addresses = edited.addresses();
        let after = edited.text.is_some().then_some(edited.list);
        let app = self.app.clone();
        let work = move || effect::of_change(&state, &app, &effect::slot(before), &effect::slot(after));
        let effect = tokio::task::spawn_blocking(work).await;
        let effect =
            effect.map_err(|error| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
        Ok(serde_json::json!({ "dry_run": true, "addresses": addresses, "effect": effect, "notice": notice }))
    }

    fn written(&self, edited: Edited, caution: Option<String>) -> Done {
        let (user, app) = (self.caller.user.as_str(), self.app.as_str());
        let from = self.from.map(|from| from.to_string()).unwrap_or_default();
        let (added, deleted) = (edited.added.join(","), edited.removed.join(","));
        let state = self.control.in_force.gate().snapshot();
        let opened = edited.text.is_none().then(|| effect::without_list(&state, &self.app));
        let store = self.store.name();
        info!(target: "audit", user, app, added, deleted, from, store, "{user} {}", what(&added, &deleted));
        if let Some(opened) = &opened {
            warn!(user, app, "the last entry was removed: {opened}");
        }
        Done { edited, notice: joined([opened, caution]) }
    }
}

/// What there is to know, as one text.
fn joined(notices: [Option<String>; 2]) -> Option<String> {
    let notices: Vec<String> = notices.into_iter().flatten().collect();
    (!notices.is_empty()).then(|| notices.join("; "))
}

/// In the words of the old controller.
fn what(added: &str, deleted: &str) -> String {
    match (added, deleted) {
        ("", "") => "changed comments or layout".to_owned(),
        (added, "") => format!("added {added}"),
        ("", deleted) => format!("deleted {deleted}"),
        (added, deleted) => format!("added {added}, deleted {deleted}"),
    }
}
