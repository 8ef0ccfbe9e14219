//! The formats that are known.

/// What a text is that is no list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Compressed data, by the name of its program.
    Compressed(&'static str),
    /// Text of 16 or 32 bits a character, by the name that `iconv` has for it.
    Wide(&'static str),
    Html,
    Xml,
    Json,
    /// Columns, with quotes or below a header.
    Csv,
    Yaml,
    /// `allow 10.0.0.0/8;`
    NginxAccess,
    /// `10.0.0.0/8 1;`
    NginxGeo,
    /// `add NAME 10.0.0.0/8`
    Ipset,
    /// `Require ip 10.0.0.0/8`
    Apache,
    /// `ALL: 10.0.0.0/255.0.0.0`
    HostsAllow,
    /// `1.10.16.0/20 ; SBL256894`
    Spamhaus,
    /// `name:1.2.4.0-1.2.4.255`
    P2p,
    /// `001.002.004.000 - 001.002.004.255 , 000 , name`
    Dat,
    /// `10.0.0.*` and `10.0.0.1-40`
    Wildcards,
    /// `AS64500`
    AsNumbers,
    /// `"10.0.0.0/8"`
    Quotes,
    /// A dash that is no hyphen.
    Dash(char),
    /// A character that looks like a blank, or like nothing.
    Blank(char),
}

impl Kind {
    /// How many lines of it a text must have: what stands once is a mistake in one entry, and is explained there.
    pub(super) fn fewest_lines(self) -> usize {
        if matches!(self, Kind::AsNumbers | Kind::Blank(_)) { 1 } else { 2 }
    }

    /// How much of its first line is shown, in bytes.
    pub(super) fn shown_bytes(self) -> usize {
        if matches!(self, Kind::Compressed(_) | Kind::Wide(_)) { 2 } else { 80 }
    }
}
