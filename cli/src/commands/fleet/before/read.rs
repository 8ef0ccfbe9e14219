//! Values of an older system, as its router read them and as ipgate reads them.

use ipgate::list::Parser;
use ipgate::site::ListSlot;
use ipgate::{Action, Entry, List, Shown};

use super::nginx;

/// How many characters of a value are shown.
const SHOWN: usize = 80;

/// A value as both read it.
pub(super) struct Read<T> {
    /// Where it stands.
    pub(super) place: String,
    /// What the old router makes of it. A list that nginx refuses is one that is to come.
    pub(super) old: T,
    pub(super) new: T,
    /// What makes these two, where they are two.
    pub(super) note: Option<String>,
}

/// What the old router makes of the text of a list.
pub(super) enum Old {
    List(List),
    /// It counts as absent: why, as a part of a sentence.
    Absent(String),
    /// Nginx refuses the whole configuration: why, as a part of a sentence.
    Refused(String),
}

/// The text of a list, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stated<'t> {
    pub(super) place: String,
    pub(super) text: &'t str,
}

impl Old {
    /// Of the arguments of `allow`, each of which nginx takes or not.
    pub(super) fn of_pieces<'p>(pieces: impl IntoIterator<Item = Result<&'p str, String>>) -> Old {
        let mut entries = Vec::new();
        for piece in pieces {
            match piece.and_then(nginx::allowed) {
                Ok(prefixes) => {
                    entries.extend(prefixes.into_iter().map(|prefix| Entry::new(prefix, Action::Allow)))
                }
                Err(why) => return Old::Refused(why),
            }
        }
        // Entries that all allow contradict each other in nothing.
        List::from_entries(entries).map_or_else(|error| Old::Refused(error.to_string()), Old::List)
    }
}

impl Read<ListSlot> {
    /// A list that both know by one text, or by two; and how the old router reads its own.
    pub(super) fn list(
        place: &str,
        old: Option<&Stated<'_>>,
        new: Result<Option<&Stated<'_>>, String>,
        read: impl Fn(&str) -> Old,
    ) -> Read<ListSlot> {
        let (there, said) = match old.map(|stated| (stated, read(stated.text))) {
            None => (ListSlot::Unset, None),
            Some((_, Old::List(list))) => (list.into(), None),
            Some((stated, Old::Absent(why))) => {
                (ListSlot::Unset, Some(format!("{stated}: there it counts as absent, since {why}")))
            }
            Some((stated, Old::Refused(why))) => {
                (ListSlot::Waiting, Some(format!("{stated}: nginx refuses it, since {why}")))
            }
        };
        let (here, says) = match new {
            Err(why) => (ListSlot::Waiting, Some(format!("{why}, so that ipgate lets nobody in"))),
            Ok(None) => (ListSlot::Unset, None),
            Ok(Some(new)) => {
                let is_same = old == Some(new);
                let (slot, says) = here(new);
                let about = match (is_same, &said) {
                    (true, Some(_)) => Some(format!("ipgate {says}")),
                    (true, None) if slot == ListSlot::Waiting => Some(format!("{new}: ipgate {says}")),
                    (true, None) => None,
                    (false, _) => Some(format!("{new}, which counts for ipgate alone: it {says}")),
                };
                (slot, about)
            }
        };
        let note: Vec<String> = said.into_iter().chain(says).collect();
        let note = (!note.is_empty()).then(|| note.join("; "));
        Read { place: place.to_owned(), old: there, new: here, note }
    }

    /// Whether nginx refuses it.
    pub(super) fn is_refused(&self) -> bool {
        self.old == ListSlot::Waiting
    }
}

impl std::fmt::Display for Stated<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is `{}`", self.place, shown(self.text))
    }
}

/// What ipgate makes of a list that it has never seen a good one of.
fn here(stated: &Stated<'_>) -> (ListSlot, String) {
    match Parser::new().source(&stated.place).parse(stated.text) {
        Ok(parsed) => {
            let says = match parsed.list.is_empty() {
                true => "takes it for a list without entries, which nobody matches",
                false => "takes it",
            };
            (parsed.list.into(), says.to_owned())
        }
        Err(rejected) => {
            let why = rejected.report().errors().next().map(|error| format!(" ({})", error.message()));
            let says = format!("rejects it{}, and lets nobody in until it is good", why.unwrap_or_default());
            (ListSlot::Waiting, says)
        }
    }
}

/// As much of a value as a line has room for.
pub(super) fn shown(value: &str) -> String {
    let mut chars = value.chars();
    let first: String = chars.by_ref().take(SHOWN).collect();
    let rest = if chars.next().is_some() { "…" } else { "" };
    format!("{}{rest}", Shown(&first))
}
