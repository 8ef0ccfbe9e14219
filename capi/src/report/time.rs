//! Instants in reports.

use serde::{Serialize, Serializer};

/// Microseconds since 1970 UTC; 0 is never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time(pub(super) i64);

impl Time {
    /// Seconds since 1970 UTC; none for never.
    pub(super) fn seconds(self) -> Option<f64> {
        // Exact to the microsecond until the year 2255.
        (self.0 != 0).then(|| self.0 as f64 / 1e6)
    }
}

impl Serialize for Time {
    /// As RFC 3339 has it, to the microsecond; null for never, and for what no calendar has.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(at) if self.0 != 0 => serializer.collect_str(&format_args!("{at:.6}")),
            _ => serializer.serialize_none(),
        }
    }
}
