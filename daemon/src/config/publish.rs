//! What is handed on to whom.

use std::path::{Path, PathBuf};

use ipgate::site::AppName;
use serde::{Deserialize, Serialize};

use super::seconds::Seconds;

/// The site as a file or a folder, and what holds for every place where it is published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PublishConfig {
    /// The image where it ends in `.image`, else the folder.
    pub path: Option<PathBuf>,
    /// It is written at most that often.
    pub interval: Seconds,
    /// What a proxy has in force is read that often.
    pub check: Seconds,
}

impl Default for PublishConfig {
    fn default() -> PublishConfig {
        let (interval, check) = (Seconds::from_millis(50), Seconds::from_millis(10_000));
        PublishConfig { path: None, interval, check }
    }
}

/// A proxy with a filter of its own, and the app whose clients it lets in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum TargetConfig {
    /// An ACL or a map of HAProxy.
    HaProxy(HaProxyConfig),
    /// Two sets of nftables.
    Nft(NftConfig),
}

/// An ACL or a map of HAProxy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HaProxyConfig {
    /// Its runtime socket, with `level admin`.
    pub socket: PathBuf,
    /// The file of an ACL, as HAProxy's configuration names it.
    pub acl: Option<PathBuf>,
    /// The file of a map, in the place of one.
    pub map: Option<PathBuf>,
    /// The app; none is any that the site does not name.
    pub app: Option<AppName>,
}

/// Two sets of nftables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NftConfig {
    /// The table, of the family `inet`.
    pub table: String,
    /// What the names of the sets begin with; `_v4` and `_v6` follow.
    pub set: String,
    /// The app; none is any that the site does not name.
    pub app: Option<AppName>,
}

impl TargetConfig {
    /// What is wrong with it.
    pub(super) fn problem(&self) -> Option<String> {
        match self {
            TargetConfig::HaProxy(haproxy) => haproxy.problem(),
            TargetConfig::Nft(nft) => nft.problem(),
        }
    }

    /// What no two of them may share.
    pub(super) fn place(&self) -> String {
        match self {
            TargetConfig::HaProxy(haproxy) => haproxy.file().display().to_string(),
            TargetConfig::Nft(nft) => format!("the set {}_v4 of {}", nft.set, nft.table),
        }
    }
}

impl HaProxyConfig {
    /// The file of the ACL or the map.
    pub(crate) fn file(&self) -> &Path {
        self.acl.as_deref().or(self.map.as_deref()).unwrap_or(Path::new(""))
    }

    fn problem(&self) -> Option<String> {
        if self.acl.is_some() == self.map.is_some() {
            return Some("`publish_to` of kind `haproxy` has either `acl` or `map`; write the file that HAProxy's configuration names, for example `acl = \"/etc/haproxy/shop.acl\"`".to_owned());
        }
        // A blank or one of these ends a word or a command at the socket.
        let is_cut = |c: char| c.is_whitespace() || c.is_control() || matches!(c, ';' | '\\' | '@');
        let file = self.file().to_str().filter(|file| !file.contains(is_cut) && !file.is_empty());
        file.is_none().then(|| {
            let file = self.file().display();
            format!("`publish_to` of kind `haproxy`: its socket cannot be told of a file `{file}`; name one without blanks, `;`, `\\` and `@`")
        })
    }
}

impl NftConfig {
    fn problem(&self) -> Option<String> {
        let is_name = |name: &str| {
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
            name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.chars().all(is_part)
                && name.len() <= 28
        };
        let bad = [("table", &self.table), ("set", &self.set)].into_iter().find(|(_, name)| !is_name(name));
        bad.map(|(key, name)| {
            format!("`publish_to` of kind `nft`: `{key}` is `{name}`; it is a name of at most 28 letters, digits and `_`, that begins with a letter")
        })
    }
}
