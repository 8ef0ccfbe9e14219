//! What is told of keys, once for each.

use std::collections::BTreeMap;

/// The remark on each key that has one.
#[derive(Debug, Default)]
pub(super) struct Remarks {
    by_key: BTreeMap<Box<str>, String>,
    new: Vec<String>,
}

impl Remarks {
    /// What there is to say of a key now, if there is anything; the same is not told twice in a row.
    pub(super) fn note(&mut self, key: &str, remark: Option<String>) {
        match remark {
            None => drop(self.by_key.remove(key)),
            Some(remark) if self.by_key.get(key) == Some(&remark) => {}
            Some(remark) => {
                self.new.push(format!("{key}: {remark}"));
                self.by_key.insert(key.into(), remark);
            }
        }
    }

    /// Whether there is a remark on any key.
    pub(super) fn has_any(&self) -> bool {
        !self.by_key.is_empty()
    }

    /// Whether anything has not been told yet.
    pub(super) fn has_new(&self) -> bool {
        !self.new.is_empty()
    }

    /// What has not been told yet.
    pub(super) fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.new)
    }
}
