//! Two lists of a policy that are asked one after the other: which of them decides.

use crate::policy::Mode;
use crate::reason::Reason;
use crate::table::{EntryRef, Origin};
use crate::verdict::Judgement;

/// The judgement of two layers together.
///
/// A gate that waits for a list (`NoList`) denies wherever it may have a say, whatever the other list says: what it would
/// have denied is not known. One that needs none (`NoGate`) is a list that is not set.
#[inline(always)]
pub(crate) fn combined<'r>(default: Judgement<'r>, app: Judgement<'r>, mode: Mode) -> Judgement<'r> {
    use Reason::{AllowEntry, DenyEntry, NoGate, NoList};
    let app_decides = match (mode, default.reason(), app.reason()) {
        (Mode::Override, _, of_app) => of_app != NoGate,
        (Mode::Precede, _, AllowEntry | DenyEntry | NoList) => true,
        (Mode::Precede, NoGate, of_app) => of_app != NoGate,
        (Mode::Precede, _, _) => false,
        (Mode::Extend, NoList, _) => false,
        (Mode::Extend, _, NoList) => true,
        (Mode::Extend, AllowEntry | DenyEntry, AllowEntry | DenyEntry) => is_as_long(app, default),
        (Mode::Extend, AllowEntry | DenyEntry, _) => false,
        (Mode::Extend, _, of_app) => of_app != NoGate, // where neither has an entry, a list that is set says so
    };
    if app_decides { app } else { default }
}

/// Whether the app list's prefix is no shorter. Out of line, since few clients are in both lists.
#[inline(never)]
fn is_as_long(app: Judgement<'_>, default: Judgement<'_>) -> bool {
    let length = |judgement: Judgement<'_>| judgement.entry().map(|entry| entry.prefix().prefix_len());
    length(app) >= length(default)
}

/// The entries of both that cover an address, given in the order in which they decide, in the order in which they do
/// together.
pub(crate) fn covering<'s>(
    default: impl Iterator<Item = (Origin, EntryRef<'s>)>,
    app: impl Iterator<Item = (Origin, EntryRef<'s>)>,
    mode: Mode,
) -> Vec<(Origin, EntryRef<'s>)> {
    let (mut default, mut app) = (default.peekable(), app.peekable());
    let length = |(_, entry): &(Origin, EntryRef<'_>)| entry.prefix().prefix_len();
    std::iter::from_fn(|| match (app.peek(), default.peek()) {
        (Some(of_app), Some(of_default)) if mode == Mode::Extend && length(of_app) < length(of_default) => {
            default.next()
        }
        (Some(_), _) => app.next(),
        (None, _) => default.next(),
    })
    .collect()
}
