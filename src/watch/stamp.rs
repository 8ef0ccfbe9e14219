//! What tells one state of a file from another without reading it.

use std::fs::Metadata;
use std::time::{Duration, SystemTime};

/// A file's identity, size and times. Two equal stamps, with time for the clock to tick between them, are
/// the same content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    identity: Identity,
    size: u64,
    modified: Option<SystemTime>,
    /// Seconds and nanoseconds at which anything about the file changed: also renames over it, and writes
    /// by programs that set the modification time back. Zeros where the system has no such time.
    changed: (i64, i64),
}

/// Device and number of a file or directory: another one at the same path has another identity. Zeros
/// where the system has none.
pub(super) type Identity = (u64, u64);

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Stamp {
        Stamp {
            identity: identity(metadata),
            size: metadata.len(),
            modified: metadata.modified().ok(),
            changed: changed(metadata),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// For how long the file has been as it is; zero where its times lie in the future.
    pub(super) fn age(&self, now: SystemTime) -> Duration {
        let since = |time: SystemTime| now.duration_since(time).unwrap_or_default();
        let changed = match self.changed {
            (0, 0) => None,
            (seconds, nanos) => Some(Duration::new(
                u64::try_from(seconds).unwrap_or_default(),
                u32::try_from(nanos).unwrap_or_default(),
            )),
        };
        let ages = [self.modified, changed.map(|changed| SystemTime::UNIX_EPOCH + changed)];
        ages.into_iter().flatten().map(since).min().unwrap_or_default()
    }
}

#[cfg(unix)]
pub(super) fn identity(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(unix)]
fn changed(metadata: &Metadata) -> (i64, i64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.ctime(), metadata.ctime_nsec())
}

#[cfg(not(unix))]
pub(super) fn identity(_: &Metadata) -> Identity {
    (0, 0)
}

#[cfg(not(unix))]
fn changed(_: &Metadata) -> (i64, i64) {
    (0, 0)
}
