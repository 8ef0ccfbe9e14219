//! A list in the words of the older router, as far as those reach: IPv4, no labels, nothing denied, no end.

use ipgate::Shown;
use ipgate::ipnet::IpNet;
use ipgate::list::{Action, Entry, List};

/// What a list is in the older form.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Older {
    /// The same.
    Same(String),
    /// It cannot say that: why, and what it can say that admits nobody whom the list does not. `None` where that is nobody,
    /// for which there is no older form either: an empty one counts as none there, and opens the app.
    Narrower { why: String, text: Option<String> },
}

/// The older form of a list.
pub(super) fn older(list: &List) -> Older {
    let denials = || list.entries().iter().filter(|entry| entry.action() == Action::Deny);
    let is_clear = |entry: &Entry| {
        let prefix = entry.prefix();
        denials().map(Entry::prefix).all(|denied| !denied.contains(&prefix) && !prefix.contains(&denied))
    };
    let is_sayable = |entry: &&Entry| {
        entry.action() == Action::Allow && is_ipv4(entry) && entry.until().is_none() && is_clear(entry)
    };
    let prefixes: Vec<String> =
        list.entries().iter().filter(is_sayable).map(|entry| plain(entry).to_string()).collect();
    let text = (!prefixes.is_empty()).then(|| prefixes.join(","));
    match (list.entries().iter().find_map(unsayable), text) {
        (None, Some(text)) => Older::Same(text),
        (None, None) => Older::Narrower { why: "an empty list counts as none there".into(), text: None },
        (Some(why), text) => Older::Narrower { why, text },
    }
}

/// Why an entry cannot be said.
fn unsayable(entry: &Entry) -> Option<String> {
    let shown = entry.to_string();
    let shown = Shown(&shown);
    let why = match entry {
        entry if entry.action() == Action::Deny => "denies",
        entry if !is_ipv4(entry) => "is IPv6",
        entry if entry.label().is_some() => "has a label",
        entry if entry.until().is_some() => "has an end",
        _ => return None,
    };
    Some(format!("`{shown}` {why}"))
}

fn is_ipv4(entry: &Entry) -> bool {
    matches!(entry.prefix(), IpNet::V4(_))
}

/// The prefix alone, an address as one.
fn plain(entry: &Entry) -> Entry {
    Entry::new(entry.prefix(), Action::Allow)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Older {
        older(&text.parse().unwrap())
    }

    #[test]
    fn what_it_can_say_is_the_same() {
        assert_eq!(of("10.0.1.0/24,121.212.121.212"), Older::Same("10.0.1.0/24,121.212.121.212".into()));
    }

    #[test]
    fn what_it_cannot_say_is_narrower() {
        for (list, why, text) in [
            ("10.0.0.0/8:corp,192.0.2.1", "`10.0.0.0/8:corp` has a label", Some("10.0.0.0/8,192.0.2.1")),
            ("192.0.2.1,2001:db8::/32", "`2001:db8::/32` is IPv6", Some("192.0.2.1")),
            ("10.0.0.0/8,192.0.2.1,!10.9.0.0/16", "`!10.9.0.0/16` denies", Some("192.0.2.1")),
            ("10.9.1.0/24,192.0.2.1,!10.9.0.0/16", "`!10.9.0.0/16` denies", Some("192.0.2.1")),
            ("2001:db8::/32", "`2001:db8::/32` is IPv6", None),
            ("", "an empty list counts as none there", None),
        ] {
            assert_eq!(
                of(list),
                Older::Narrower { why: why.into(), text: text.map(str::to_owned) },
                "{list}"
            );
        }
    }
}
