//! serde for lists, entries, labels, expiries, verdicts and reports (feature `serde`).
//!
//! What comes in is held to the rules of list text: a bad label, a prefix with bits beyond its length or a
//! prefix that is both allowed and denied is an error, never a smaller list. Where an entry stood in its text is
//! not part of what it means, and is left out.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::address::{canonical_prefix, parse_length, parse_v4, parse_v6};
use crate::list::{Action, Entry, Label, List, Until};
use crate::reason::Reason;
use crate::shown::Shown;
use crate::table::Origin;
use crate::verdict::Verdict;

/// The type's text, both ways.
macro_rules! as_text {
    ($type:ty) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <Cow<'de, str>>::deserialize(deserializer)?.parse().map_err(Error::custom)
            }
        }
    };
}

as_text!(Label);
as_text!(Until);

/// An entry's fields as they are written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryRecord<'a> {
    prefix: Cow<'a, str>,
    action: Action,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<Label>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Until>,
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let prefix = Cow::Owned(self.prefix().to_string());
        EntryRecord { prefix, action: self.action(), label: self.label().cloned(), until: self.until() }
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Entry, D::Error> {
        let record = EntryRecord::deserialize(deserializer)?;
        let mut entry = Entry::new(prefix(&record.prefix).map_err(Error::custom)?, record.action);
        if let Some(label) = record.label {
            entry = entry.with_label(label);
        }
        if let Some(until) = record.until {
            entry = entry.with_until(until);
        }
        Ok(entry)
    }
}

/// Reads `address/length` or an address alone, by the rules of list text.
fn prefix(text: &str) -> Result<IpNet, String> {
    let (address, length) = text.split_once('/').map_or((text, None), |(a, length)| (a, Some(length)));
    let parsed = parse_v4(address).map(IpAddr::V4).or_else(|| parse_v6(address).map(IpAddr::V6));
    let canonical = parsed.and_then(|address| {
        let max = if address.is_ipv4() { 32 } else { 128 };
        let length = length.map_or(Some(max), |length| parse_length(length, max))?;
        IpNet::new(address, length).ok().map(canonical_prefix)
    });
    match canonical {
        Some(canonical) if canonical.host_bits => Err(format!(
            "`{text}` has bits set beyond its length: write `{}` for the whole network or `{address}` for the one address",
            canonical.prefix
        )),
        Some(canonical) => Ok(canonical.prefix),
        None => Err(format!("`{}` is no prefix: write one such as `10.0.1.0/24`", Shown(text))),
    }
}

impl Serialize for List {
    /// The entries in their order.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.entries())
    }
}

impl<'de> Deserialize<'de> for List {
    /// A sequence of entries, or a string of list text (strict).
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<List, D::Error> {
        deserializer.deserialize_any(ListVisitor)
    }
}

struct ListVisitor;

impl<'de> Visitor<'de> for ListVisitor {
    type Value = List;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence of entries or a string of list text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<List, E> {
        text.parse().map_err(Error::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List, A::Error> {
        let mut entries: Vec<Entry> = Vec::new(); // no capacity from outside
        while let Some(entry) = seq.next_element()? {
            entries.push(entry);
        }
        List::from_entries(entries).map_err(Error::custom)
    }
}

/// A [`Verdict`] that holds on to no table: what it serialises to, and what can be read back.
///
/// ```
/// use ipgate::{Gate, VerdictRecord};
/// let gate = Gate::new(&"10.0.1.0/24:office_ABC".parse()?);
/// let record = VerdictRecord::from(&gate.check("10.0.1.7".parse()?));
/// let text = serde_json::to_string(&record)?;
/// assert_eq!(
///     text,
///     r#"{"address":"10.0.1.7","allowed":true,"reason":"allow-entry","entry":{"prefix":"10.0.1.0/24","action":"allow","label":"office_ABC"},"list":"app","line":1,"generation":1}"#
/// );
/// assert_eq!(serde_json::from_str::<VerdictRecord>(&text)?, record);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "VerdictFields", into = "VerdictFields")]
pub struct VerdictRecord {
    /// The canonical address; `None` for a client without a usable one.
    pub address: Option<IpAddr>,
    /// Why, which says also whether the client may pass.
    pub reason: Reason,
    /// The entry that decided.
    pub entry: Option<Entry>,
    /// Which list of the policy the entry comes from.
    pub list: Option<Origin>,
    /// The name of that list, usually a file.
    pub source: Option<String>,
    /// The line of the entry in its list's text, counted from 1.
    pub line: Option<u32>,
    /// The generation of the table that decided.
    pub generation: u64,
}

impl VerdictRecord {
    /// Whether the client may pass.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.reason.is_allowed()
    }

    /// The label of the entry that decided, if one did and it has one.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.entry.as_ref()?.label().map(Label::as_str)
    }
}

impl From<&Verdict<'_>> for VerdictRecord {
    fn from(verdict: &Verdict<'_>) -> VerdictRecord {
        let entry = verdict.entry();
        VerdictRecord {
            address: verdict.address(),
            reason: verdict.reason(),
            entry: entry.map(|entry| entry.to_entry()),
            list: verdict.origin(),
            source: entry.and_then(|entry| entry.source()).map(str::to_owned),
            line: entry.and_then(|entry| entry.line()),
            generation: verdict.generation(),
        }
    }
}

impl Serialize for Verdict<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        VerdictRecord::from(self).serialize(serializer)
    }
}

/// The fields of a verdict as they are written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VerdictFields {
    address: Option<IpAddr>,
    allowed: bool,
    reason: Reason,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entry: Option<Entry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    list: Option<Origin>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    generation: u64,
}

impl From<VerdictRecord> for VerdictFields {
    fn from(record: VerdictRecord) -> VerdictFields {
        let allowed = record.is_allowed();
        let VerdictRecord { address, reason, entry, list, source, line, generation } = record;
        VerdictFields { address, allowed, reason, entry, list, source, line, generation }
    }
}

impl TryFrom<VerdictFields> for VerdictRecord {
    type Error = &'static str;

    /// The decision, the reason and the entry must say one thing.
    fn try_from(fields: VerdictFields) -> Result<VerdictRecord, &'static str> {
        let VerdictFields { address, allowed, reason, entry, list, source, line, generation } = fields;
        let expected_action = match reason {
            Reason::AllowEntry => Some(Action::Allow),
            Reason::DenyEntry => Some(Action::Deny),
            _ => None,
        };
        if allowed != reason.is_allowed() || entry.as_ref().map(Entry::action) != expected_action {
            return Err("the decision of a verdict, its reason and its entry contradict each other");
        }
        if address.is_none() != (reason == Reason::NoAddress) {
            return Err("a verdict without an address has the reason `no-address`, and no other has");
        }
        Ok(VerdictRecord { address, reason, entry, list, source, line, generation })
    }
}
