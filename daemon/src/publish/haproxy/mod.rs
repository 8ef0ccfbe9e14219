//! An ACL or a map of HAProxy: a file for its next start, and the list in force by its runtime socket.
//!
//! A list is prepared beside the one in force, read back, and only committed where it is whole: HAProxy commits an empty one
//! without a word, and would deny everyone. IPv4 is written as IPv6 maps it. HAProxy asks IPv4 entries about 6to4 addresses
//! (`2002::/16`) and those of `::/96`, too, and IPv6 entries about IPv4 clients; in mapped form each client is asked for as itself.

mod runtime;

use std::path::PathBuf;
use std::time::SystemTime;

use ipgate::Table;
use ipgate::site::Site;

use super::state::Written;
use super::{allowed, file, spans};
use crate::config::HaProxyConfig;
use runtime::{Kind, Runtime};

/// What begins the file.
const HEAD: &str = "# Written by ipgated; changes here are lost.\n";
/// The value of a client whose entry has no label: HAProxy's maps have no empty ones.
const NO_LABEL: &str = "-";

/// An ACL or a map.
#[derive(Debug)]
pub(super) struct HaProxyTarget {
    file: PathBuf,
    app: Option<String>,
    runtime: Runtime,
}

impl HaProxyTarget {
    pub(super) fn new(config: &HaProxyConfig) -> HaProxyTarget {
        let file = config.file().to_owned();
        let kind = if config.map.is_some() { Kind::Map } else { Kind::Acl };
        let runtime = Runtime::new(&config.socket, kind, &file);
        HaProxyTarget { file, app: config.app.as_ref().map(ToString::to_string), runtime }
    }

    /// Brings the file and what is in force in step with the site, where either is not, and reads both back.
    pub(super) fn write(&self, site: &Site, now: SystemTime) -> Result<Written, String> {
        let table = allowed::table(site, self.app.as_deref(), now);
        let lines = lines(&table, self.runtime.kind());
        let text: String =
            [HEAD].into_iter().chain(lines.iter().flat_map(|line| [line.as_str(), "\n"])).collect();
        // First, so that a process that is started meanwhile has the newest.
        let is_new = file::put_where_it_differs(&self.file, text.as_bytes())?;
        let is_other = self.runtime.replace(&lines).map_err(|why| {
            format!("{why}; {} has the new list for HAProxy's next start", self.file.display())
        })?;
        Ok(Written::of_table(is_new || is_other, text.len(), &table))
    }
}

/// A line a prefix, as the file and the socket have it.
fn lines(table: &Table, kind: Kind) -> Vec<String> {
    match kind {
        Kind::Acl => spans::spans(table)
            .iter()
            .flat_map(|span| span.prefixes())
            .map(|prefix| prefix.to_string())
            .collect(),
        Kind::Map => {
            let spans = spans::labelled(table).into_iter();
            let lines = spans.flat_map(|span| span.prefixes().map(move |prefix| (prefix, span.label)));
            lines.map(|(prefix, label)| format!("{prefix} {}", label.unwrap_or(NO_LABEL))).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use ipgate::{List, Policy};

    use super::*;

    #[test]
    fn an_acl_has_prefixes_and_a_map_has_labels() {
        let table =
            Table::new(&"192.0.2.0/24:our partner,!192.0.2.128/25,2001:db8::/32".parse::<List>().unwrap());
        assert_eq!(lines(&table, Kind::Acl), ["::ffff:192.0.2.0/121", "2001:db8::/32"]);
        assert_eq!(lines(&table, Kind::Map), ["::ffff:192.0.2.0/121 our partner", "2001:db8::/32 -"]);
    }

    #[test]
    fn everyone_and_nobody_are_said() {
        assert_eq!(lines(&Table::from_policy(&Policy::new()), Kind::Acl), ["::/0"]);
        assert_eq!(lines(&Table::from_policy(&Policy::new().with_enforce(true)), Kind::Map), [""; 0]);
    }
}
