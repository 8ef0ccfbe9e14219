//! What to write instead, held to what was written: advice is followed blindly, so none may let in more
//! than the text that it mends, nor drop its `!` or its expiry.

use std::fmt;

use super::expiry::{self, Mention};
use super::parts::Parts;
use super::reach::Reach;

use crate::list::grammar::{self, Item, Target};
use crate::list::label::Label;

/// What to do about a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::list) enum Advice {
    /// Entries in the place of the whole piece.
    Write(String),
    /// What stands between `!` and `;` in the place of what stood there.
    Body(String),
    /// A target in the place of the one that was written.
    Target(String),
    /// What to do, in words.
    Say(String),
}

/// Bytes of the longest piece that a correction is looked for: one that is longer holds more than one mistake.
const LONGEST: usize = 1000;

impl Advice {
    /// What to do where nothing better is known.
    pub(super) fn example() -> Advice {
        Advice::Say("write an entry such as `10.0.1.0/24:office`".to_owned())
    }

    /// What to do about an expiry that cannot be read.
    pub(super) fn expiry() -> Advice {
        Advice::Say("write an expiry as in `;until=2026-12-31`".to_owned())
    }

    /// The same for an entry with a label.
    pub(super) fn with_label(self, label: Option<&str>) -> Advice {
        let Advice::Target(text) = self else { return self };
        match grammar::item(&text) {
            Some(Item { target, .. }) => Advice::Body(labelled(&text, target, label)),
            None => Advice::example(),
        }
    }

    /// The advice on a whole piece, with the mark and the expiry that stand in it; what is no list, or says more
    /// than the piece does, is left unsaid.
    pub(super) fn on(self, piece: &str) -> Advice {
        let entries = match self {
            Advice::Say(_) => return self,
            _ if piece.len() > LONGEST => return Advice::example(),
            Advice::Write(entries) => Some(entries),
            Advice::Body(body) | Advice::Target(body) => whole(piece, &body),
        };
        let is_safe = |entries: &String| Reach::of(piece).holds(entries);
        entries.filter(is_safe).map_or_else(Advice::example, Advice::Write)
    }
}

/// A target as it was written with a label behind it, in brackets where the label asks for them.
fn labelled(text: &str, target: Target, label: Option<&str>) -> String {
    let Some(label) = label.map(str::trim).filter(|label| !label.is_empty()) else { return text.to_owned() };
    let needs_brackets =
        matches!(target, Target::Prefix { bare: true, .. } | Target::RangeV6 { bare: true, .. });
    if needs_brackets && text.contains(':') {
        return format!("{}:{label}", target.text(true));
    }
    format!("{text}:{label}")
}

/// A body with the mark and the expiry of a piece; `None` where the expiry cannot be read.
fn whole(piece: &str, body: &str) -> Option<String> {
    let parts = Parts::of(piece);
    let not = if parts.deny { "!" } else { "" };
    match expiry::of_attributes(parts.attributes)? {
        Some(until) => Some(format!("{not}{body};until={until}")),
        // What is no attribute may have been meant as another entry.
        None => parts.attributes.trim().is_empty().then(|| format!("{not}{body}")),
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Advice::Write(text) | Advice::Body(text) | Advice::Target(text) => write!(f, "write `{text}`"),
            Advice::Say(words) => f.write_str(words),
        }
    }
}

/// An item with an expiry that was written where a label stands or would stand: the item with what stands before it
/// as its label, and the expiry where it belongs.
pub(super) fn with_expiry(item: Item<'_>, mention: Mention<'_>) -> Advice {
    let label = Some(mention.before).filter(|before| !before.is_empty());
    match (expiry::read(mention.value), item.until) {
        (Some(until), None) if label.is_none_or(is_plain_label) => {
            Advice::Write(Item { label, until: Some(until), ..item }.to_string())
        }
        _ => Advice::expiry(),
    }
}

/// Whether a text may stand as a label where one is suggested: it breaks no rule, and is no leftover of
/// something else.
pub(super) fn is_plain_label(text: &str) -> bool {
    Label::new(text).is_ok() && super::label::looks_like(text).is_none() && text.contains(char::is_alphabetic)
}
