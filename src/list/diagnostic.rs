//! What parsing and linting have to say about a list: where, what, and what to write instead.

use std::fmt;

use super::edit::Edit;

/// How much a diagnostic weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Severity {
    /// Does not reject a list unless warnings are denied.
    Warning,
    /// Rejects the list (strict), or the entry (lenient).
    Error,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $severity:ident;)*) => {
        /// What a diagnostic is about: a stable name for programs, next to the sentence for people.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* #[cfg_attr(feature = "serde", serde(rename = $name))] $variant,)*
        }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The stable name, such as `leading-zero`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }

            /// Whether this rejects a list by itself.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Code::$variant => Severity::$severity,)* }
            }
        }
    };
}

codes! {
    /// The text, or many of its lines, are of another format.
    Format = "format", Error;
    /// The token is no address, prefix, range or `all`.
    NotAnAddress = "not-an-address", Error;
    /// A host name where an address belongs.
    Hostname = "hostname", Error;
    /// An octet, prefix length or group with a leading zero.
    LeadingZero = "leading-zero", Error;
    /// An IPv4 address with fewer than four octets.
    ShortIpv4 = "short-ipv4", Error;
    /// An octet beyond 255.
    OctetRange = "octet-range", Error;
    /// A hexadecimal octet or number in IPv4 text.
    HexIpv4 = "hex-ipv4", Error;
    /// A prefix length that is no plain decimal or is longer than the address.
    PrefixLength = "prefix-length", Error;
    /// A netmask where a prefix length belongs.
    Netmask = "netmask", Error;
    /// A zone id (`%eth0`).
    ZoneId = "zone-id", Error;
    /// An IPv6 address with a label, without brackets or length.
    LabelNeedsBrackets = "label-needs-brackets", Error;
    /// Brackets around something that is not IPv6, or not closed.
    Brackets = "brackets", Error;
    /// A range that runs backwards, mixes families, or has a length.
    Range = "range", Error;
    /// Two addresses with something other than a comma or a line break between them.
    Separator = "separator", Error;
    /// A blank inside a prefix, or before its label.
    Blank = "blank", Error;
    /// `!` without a prefix right behind it.
    Negation = "negation", Error;
    /// A label that breaks a rule for labels.
    Label = "label", Error;
    /// `all` with an address for its label: everyone would be let in.
    AllWithAddress = "all-with-address", Error;
    /// `;` with something behind it that is no attribute.
    Attribute = "attribute", Error;
    /// An attribute given twice.
    AttributeTwice = "attribute-twice", Error;
    /// `until=` without an RFC 3339 date or date-time.
    Until = "until", Error;
    /// A control character or NUL.
    ControlCharacter = "control-character", Error;
    /// Bytes that are not UTF-8.
    InvalidUtf8 = "invalid-utf-8", Error;
    /// `#` that neither begins a line nor follows a blank.
    CommentNeedsBlank = "comment-needs-blank", Error;
    /// One prefix both allowed and denied.
    Conflict = "conflict", Error;
    /// More entries than the limit.
    TooManyEntries = "too-many-entries", Error;
    /// More bytes of text than the limit.
    TooLong = "too-long", Error;
    /// `#` right behind an entry, which a lenient parser takes for the start of a comment.
    CommentBehindEntry = "comment-behind-entry", Warning;
    /// A label with characters that nobody sees, without which a lenient parser takes the entry.
    LabelDropped = "label-dropped", Warning;
    /// A comment that holds what would be an entry, after a comma.
    EntryInComment = "entry-in-comment", Warning;
    /// A label that holds an address: a separator other than a comma was probably meant as one.
    AddressInLabel = "address-in-label", Warning;
    /// A label that could be the number of a port.
    PortInLabel = "port-in-label", Warning;
    /// A label that holds an expiry, which expires nothing there.
    ExpiryInLabel = "expiry-in-label", Warning;
    /// An IPv6 address whose end could be meant as a label.
    AmbiguousLabel = "ambiguous-label", Warning;
    /// An IPv6 prefix that covers `::ffff:0:0/96`, without effect on IPv4 clients.
    CoversMapped = "covers-mapped", Warning;
    /// Bits set beyond the prefix length.
    HostBits = "host-bits", Warning;
    /// An entry written twice.
    Duplicate = "duplicate", Warning;
    /// One prefix with two labels.
    TwoLabels = "two-labels", Warning;
    /// An entry inside another of the same action that already says the same.
    Redundant = "redundant", Warning;
    /// An entry that more specific entries cover whole: it decides for no address.
    Shadowed = "shadowed", Warning;
    /// A prefix wider than /8 (IPv4) or /16 (IPv6).
    WidePrefix = "wide-prefix", Warning;
    /// A label with letters of several scripts, some of which look alike.
    MixedScripts = "mixed-scripts", Warning;
    /// Entries of one address family only.
    OneFamily = "one-family", Warning;
    /// An entry whose `until=` has passed.
    Expired = "expired", Warning;
    /// An entry that expires soon.
    ExpiresSoon = "expires-soon", Warning;
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where something stands in a list's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Position {
    /// The line, counted from 1.
    pub line: u32,
    /// The column in characters, counted from 1.
    pub column: u32,
    /// Bytes from the start of the text.
    pub offset: u32,
    /// Bytes of the token.
    pub len: u32,
}

impl Position {
    /// ` on line 3`, and the column too where something else that a sentence names stands on that line.
    pub(super) fn beside(self, other: Option<Position>) -> String {
        match other.is_some_and(|other| other.line == self.line) {
            true => format!(" on line {}, column {}", self.line, self.column),
            false => format!(" on line {}", self.line),
        }
    }
}

/// One error or warning, with its place in the text and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Diagnostic {
    pub(crate) severity: Severity,
    pub(crate) code: Code,
    pub(crate) position: Option<Position>,
    pub(crate) token: String,
    pub(crate) message: String,
    pub(crate) suggestion: Option<String>,
    #[cfg_attr(feature = "serde", serde(default))]
    pub(crate) fix: Vec<Edit>,
}

impl Diagnostic {
    /// Error or warning.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// What it is about, as a stable name.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// Where the token stands; `None` where the entry did not come from text.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// The text it is about, as written (invalid UTF-8 replaced).
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// What is wrong, as a sentence without its place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do or to write instead.
    #[must_use]
    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }

    /// The edits of the list's text that mend this without changing what the list decides; none where there is no
    /// such way. All fixes of one report, or any of them, made by [`apply_edits`](super::apply_edits), leave every
    /// address with the verdict, label and expiry that it has, from the time of the report on.
    #[must_use]
    pub fn fix(&self) -> &[Edit] {
        &self.fix
    }
}

impl fmt::Display for Diagnostic {
    /// `line 3, column 5: message: suggestion`, on one line whatever the token holds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = self.position {
            write!(f, "line {}, column {}: ", at.line, at.column)?;
        }
        f.write_str(&self.message)?;
        match &self.suggestion {
            Some(suggestion) => write!(f, "; {suggestion}"),
            None => Ok(()),
        }
    }
}
