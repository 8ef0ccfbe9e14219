//! A default list that is too large for one key of etcd: in parts, which count once a last key says so.
//!
//! ```text
//!   default/parts/DIGEST/0001 …    the text, cut anywhere between two characters
//!   default/split                  `COUNT DIGEST`: how many parts, and the SHA-256 of the whole text
//! ```
//!
//! The parts of another text are other keys: whoever writes one touches nothing that is in force, and one key brings all of it
//! into force.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::text::Text;

/// The key below the prefix that says which parts count.
pub(crate) const SPLIT: &str = "default/split";
/// What the keys of parts begin with.
pub(crate) const PARTS: &str = "default/parts/";
/// Bytes of a part; a request to etcd may have 1.5 MiB.
pub(crate) const PART_BYTES: usize = 1 << 20;

/// Which parts a text has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Split {
    count: usize,
    /// In hexadecimal digits.
    digest: String,
}

impl Split {
    /// A text in parts, each with its key. O(n) for n bytes.
    pub(crate) fn of(text: &str) -> (Split, Vec<(String, &str)>) {
        let digest = digest([text]);
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let is_between = |at: &usize| rest.is_char_boundary(*at);
            let end = (1..=PART_BYTES.min(rest.len())).rev().find(is_between).unwrap_or(rest.len());
            let (part, after) = rest.split_at(end);
            parts.push((key(&digest, parts.len() + 1), part));
            rest = after;
        }
        (Split { count: parts.len(), digest }, parts)
    }

    /// What the keys of its parts begin with.
    pub(crate) fn directory(&self) -> String {
        format!("{PARTS}{}/", self.digest)
    }

    /// The text, of the values of keys below the prefix; or what is wrong with them. O(n) for n bytes.
    pub(super) fn joined(&self, parts: &BTreeMap<Box<str>, Text>) -> Result<Arc<str>, String> {
        let part = |number| match parts.get(key(&self.digest, number).as_str()) {
            Some(Ok(text)) => Ok(&**text),
            Some(Err(not_text)) => Err(format!("part {number} of {}: {not_text}", self.count)),
            None => Err(format!("part {number} of {} is missing", self.count)),
        };
        let parts: Vec<&str> = (1..=self.count).map(part).collect::<Result<_, _>>()?;
        let found = digest(parts.iter().copied());
        if found != self.digest {
            return Err(format!("the SHA-256 of its parts is {found}, and {} is needed", self.digest));
        }
        Ok(parts.concat().into())
    }

    /// The text, of keys and values as they were read.
    pub(crate) fn text<'k>(
        &self,
        prefix: &str,
        keys: impl IntoIterator<Item = (&'k [u8], &'k [u8])>,
    ) -> Result<Arc<str>, String> {
        let path = |key: &'k [u8]| std::str::from_utf8(key).ok()?.strip_prefix(prefix);
        let parts =
            keys.into_iter().filter_map(|(key, value)| Some((path(key)?.into(), super::text::text(value))));
        self.joined(&parts.collect())
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.count, self.digest)
    }
}

impl FromStr for Split {
    type Err = String;

    fn from_str(text: &str) -> Result<Split, String> {
        let is_digest = |digest: &str| {
            digest.len() == 64 && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let split = text.trim().split_once(' ').filter(|(_, digest)| is_digest(digest));
        let count = split.and_then(|(count, _)| count.parse().ok());
        let split = count.zip(split).map(|(count, (_, digest))| Split { count, digest: digest.to_owned() });
        split.ok_or_else(|| {
            "it is not `COUNT SHA256`: the number of the parts and the digest of them all".into()
        })
    }
}

fn key(digest: &str, number: usize) -> String {
    format!("{PARTS}{digest}/{number:04}")
}

fn digest<'t>(parts: impl IntoIterator<Item = &'t str>) -> String {
    let mut hash = Sha256::new();
    parts.into_iter().for_each(|part| hash.update(part.as_bytes()));
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_make_the_text_again_and_nothing_else() {
        // A character lies across the end of the first part.
        let text = format!("{}é{}", "a".repeat(PART_BYTES - 1), "b".repeat(PART_BYTES));
        let (split, parts) = Split::of(&text);
        assert_eq!(
            parts.iter().map(|(_, part)| part.len()).collect::<Vec<_>>(),
            [PART_BYTES - 1, PART_BYTES, 2]
        );
        assert_eq!(split.to_string().parse(), Ok(split.clone()));
        let keys = |parts: &[(String, &str)]| -> BTreeMap<Box<str>, Text> {
            parts.iter().map(|(key, part)| (key.as_str().into(), Ok(Arc::from(*part)))).collect()
        };
        assert_eq!(split.joined(&keys(&parts)).as_deref(), Ok(text.as_str()));
        let two = split.joined(&keys(&parts[..2]));
        assert_eq!(two, Err("part 3 of 3 is missing".into()));
        let mut changed = parts.clone();
        changed[2].1 = "bc";
        assert!(split.joined(&keys(&changed)).unwrap_err().contains("the SHA-256 of its parts is"));
        for text in ["", "3", "3 abc", &format!("x {}", "0".repeat(64)), &format!("3 {}", "A".repeat(64))] {
            assert!(text.parse::<Split>().is_err(), "{text}");
        }
    }
}
