//! Reasons: why a client is allowed or denied.

use std::fmt;

/// Why a client is allowed or denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
#[repr(u8)] // numbers that never change: `Reason::code`
pub enum Reason {
    /// Denied: the client has no usable address.
    NoAddress = 1,
    /// Denied: a list is required, and none is set.
    NoList = 2,
    /// Denied: no entry covers the address.
    NoEntry = 3,
    /// Denied: a deny entry decides, in general that of the longest prefix that covers the address.
    DenyEntry = 4,
    /// Allowed: an allow entry decides, in general that of the longest prefix that covers the address.
    AllowEntry = 5,
    /// Allowed: no list is set, and none is required.
    NoGate = 6,
}

impl Reason {
    /// All of them, by their numbers: that of the first is 1. A later version may have more.
    ///
    /// ```
    /// use ipgate::Reason;
    /// assert!((1..).zip(Reason::ALL).all(|(code, reason)| reason.code() == code));
    /// ```
    pub const ALL: &'static [Reason] = &[
        Reason::NoAddress,
        Reason::NoList,
        Reason::NoEntry,
        Reason::DenyEntry,
        Reason::AllowEntry,
        Reason::NoGate,
    ];

    /// Whether this lets the client in.
    #[inline]
    #[must_use]
    pub fn is_allowed(self) -> bool {
        matches!(self, Reason::AllowEntry | Reason::NoGate)
    }

    /// A stable number, never 0: that of `ipgate_reason` in C.
    ///
    /// ```
    /// assert_eq!(ipgate::Reason::NoEntry.code(), 3);
    /// ```
    #[inline]
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// A stable name, such as `no-entry`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::NoAddress => "no-address",
            Reason::NoList => "no-list",
            Reason::NoEntry => "no-entry",
            Reason::DenyEntry => "deny-entry",
            Reason::AllowEntry => "allow-entry",
            Reason::NoGate => "no-gate",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
