//! What an answer holds: a list, the image of one, or a site.

use ipgate::site::{AppName, ListSlot, Site};
use ipgate::{Content, Table};
use sha2::{Digest, Sha256};

use crate::failure::Failure;
use crate::folder;
use crate::statement::{Stated, StatedApp, StatedList, Statement};

/// The statement that bytes make: of a site all of it, of a list that one.
pub(super) fn statement(
    url: &str,
    body: &[u8],
    app: Option<&AppName>,
    pinned: Option<&[u8; 32]>,
) -> Result<Statement, Failure> {
    let digest: [u8; 32] = Sha256::digest(body).into();
    if pinned.is_some_and(|pinned| *pinned != digest) {
        let digest = hex(&digest);
        return Err(Failure::Unreadable(format!(
            "its SHA-256 is {digest}, which is not the one that is pinned"
        )));
    }
    let damaged = |error: &dyn std::fmt::Display| Failure::Unreadable(error.to_string());
    let revision = Some(hex(&digest));
    if Site::is_image(body) {
        let site = Site::from_content(Content::from(body)).map_err(|error| damaged(&error))?;
        return Ok(Statement { revision, ..folder::statement(&site) });
    }
    let list = if Table::is_image(body) {
        let table = Table::from_content(Content::from(body)).map_err(|error| damaged(&error))?;
        let slot = ListSlot::of_table(table);
        let slot =
            slot.ok_or_else(|| damaged(&"it is the image of a policy, and that of one list is needed"))?;
        Stated::Set(StatedList::Ready(slot))
    } else {
        match std::str::from_utf8(body) {
            Ok(text) => Stated::Set(StatedList::text(url, text)),
            Err(error) => Stated::Bad(format!("{url}: it is no text: {error}")),
        }
    };
    let whole = Statement { revision, ..Statement::whole() };
    Ok(match app {
        Some(app) => whole.with_app(app.clone(), Some(StatedApp { list, ..StatedApp::default() })),
        None => Statement { default: Some(list), ..whole },
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
