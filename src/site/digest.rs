//! The digest of a site: whether two routers enforce the same.

use std::fmt;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::description::{ListSlot, Site};
use crate::table::Origin;

/// What tells sites apart that say different things: SHA-256 over settings, apps, hosts and entries.
///
/// Where a list was read, in which order its lines stood and how they were spelled makes no difference, so that a router that
/// follows a folder and one that follows an image of it have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SiteDigest([u8; 32]);

impl SiteDigest {
    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for SiteDigest {
    /// 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Site {
    /// The digest of the site. O(n) for n entries; what is not compiled yet is, for that.
    ///
    /// ```
    /// use ipgate::List;
    /// use ipgate::site::{App, Site};
    /// let shop = |list: &str| -> Result<Site, Box<dyn std::error::Error>> {
    ///     Ok(Site::new().with_app("shop".parse()?, App::new().with_list(list.parse::<List>()?)))
    /// };
    /// let site = shop("192.0.2.7:partner\n10.0.0.0/8")?;
    /// assert_eq!(site.digest(), shop("# moved\n10.0.0.0/8, 192.0.2.7:partner")?.digest());
    /// assert_eq!(site.digest(), Site::from_image(&site.to_image()?)?.digest());
    /// assert_ne!(site.digest(), shop("10.0.0.0/8")?.digest());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn digest(&self) -> SiteDigest {
        let now = SystemTime::now();
        // A line each; no name, host or entry has a line break in it.
        let mut lines = Lines(Sha256::new());
        lines.push(format_args!("ipgate site 1 {} {}", self.mode(), self.is_enforced()));
        lines.push_slot(self.default_list(), Origin::Default, now);
        for (name, app) in self.apps() {
            lines.push(format_args!("app {name}"));
            if let Some(mode) = app.mode() {
                lines.push(format_args!("mode {mode}"));
            }
            let mut hosts: Vec<_> = app.hosts().iter().collect();
            hosts.sort_unstable();
            hosts.dedup();
            for host in hosts {
                lines.push(format_args!("host {host}"));
            }
            lines.push_slot(app.list(), Origin::App, now);
        }
        SiteDigest(lines.0.finalize().into())
    }
}

/// Lines that are digested.
struct Lines(Sha256);

impl Lines {
    fn push(&mut self, line: fmt::Arguments<'_>) {
        self.0.update(line.to_string());
        self.0.update("\n");
    }

    fn push_slot(&mut self, slot: &ListSlot, origin: Origin, now: SystemTime) {
        match slot {
            ListSlot::Unset => self.push(format_args!("unset")),
            ListSlot::Waiting => self.push(format_args!("waiting")),
            ListSlot::List(_) | ListSlot::Table(_) => {
                self.push(format_args!("list"));
                for entry in slot.compiled(origin, now).table().whole().entries() {
                    self.push(format_args!("{entry}"));
                }
            }
        }
    }
}
