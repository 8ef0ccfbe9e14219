//! All that a report says.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::counts::Counts;
use super::list::ListReport;
use super::site::SiteReport;
use super::time::Time;

#[derive(Debug, Serialize)]
pub(super) struct Document {
    pub(super) version: &'static str,
    #[serde(flatten)]
    pub(super) program: Program,
    pub(super) time: Time,
    /// The decisions that no list took part in.
    pub(super) unlisted: Counts,
    pub(super) lists: Vec<ListReport>,
    pub(super) sites: Vec<SiteReport>,
}

impl Document {
    pub(super) fn list(&mut self, name: &str) -> Option<&mut ListReport> {
        self.lists.iter_mut().find(|list| list.source.name == name)
    }

    pub(super) fn site(&mut self, name: &str) -> Option<&mut SiteReport> {
        self.sites.iter_mut().find(|site| site.source.name == name)
    }
}

/// Who reports: a process of a program, whose version has the program's name.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) pid: i64,
    pub(super) worker: u64,
    pub(super) is_exiting: bool,
}

impl Serialize for Program {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(&self.name, &self.version)?;
        map.serialize_entry("pid", &self.pid)?;
        map.serialize_entry("worker", &self.worker)?;
        map.serialize_entry("exiting", &self.is_exiting)?;
        map.end()
    }
}
