//! The patterns by which the router of Deis Workflow takes or ignores annotations.

use std::net::Ipv6Addr;

use regex_lite::Regex;

/// Both, ready to be asked.
pub(super) struct Patterns {
    list: Regex,
    domains: Regex,
}

impl Patterns {
    /// Pieces stand one behind the other: the comma between them may be missing.
    pub(super) fn new() -> Result<Patterns, String> {
        let octet = "(?:[0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])";
        let address = format!(r"(?:{octet}\.){{3}}{octet}(?:/(?:[0-9]|[1-2][0-9]|3[0-2]))?");
        let label = "[a-z0-9]+(?:-*[a-z0-9]+)*";
        let last = "[a-z0-9]+(?:-*[a-z0-9]+)+";
        let domain = format!(r"(?:{label}|(?:(?:\*\.)?{label}\.)+{last})");
        // What Go calls a blank.
        let pieces = |piece: &str| format!(r"^(?:{piece}(?:[\t\n\f\r ]*,[\t\n\f\r ]*)?)+$");
        let compiled = |text: &str| Regex::new(text).map_err(|error| error.to_string());
        let (list, domains) = (pieces(&address), format!("(?i){}", pieces(&domain)));
        Ok(Patterns { list: compiled(&list)?, domains: compiled(&domains)? })
    }

    /// Whether a list is taken; otherwise why it counts as absent, as a part of a sentence.
    pub(super) fn list(&self, value: &str) -> Result<(), String> {
        if self.list.is_match(value) { Ok(()) } else { Err(why_absent(value)) }
    }

    /// Whether the hosts of an app are taken.
    pub(super) fn has_domains(&self, value: &str) -> bool {
        self.domains.is_match(value)
    }
}

/// The first thing that keeps a list from being one.
fn why_absent(value: &str) -> String {
    if value.trim().is_empty() {
        return "it is empty".to_owned();
    }
    let pieces = value.split(',').map(str::trim);
    if let Some(why) = pieces.clone().filter(|piece| !piece.is_empty()).find_map(strange) {
        return why;
    }
    let is_blank = |end: Option<char>| end.is_some_and(char::is_whitespace);
    if is_blank(value.chars().next()) {
        return "it begins with a blank".to_owned();
    }
    // A blank at the end is none where a comma stands before it.
    if is_blank(value.chars().last()) && !value.trim_end().ends_with(',') {
        return "it ends with a blank".to_owned();
    }
    "a piece is empty".to_owned()
}

/// What a piece holds that an IPv4 address or prefix does not.
fn strange(piece: &str) -> Option<String> {
    let (address, length) = piece.split_once('/').unwrap_or((piece, ""));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let octets: Vec<&str> = address.split('.').collect();
    let has_zero = |number: &&str| number.len() > 1 && number.starts_with('0');
    let what = if address.parse::<Ipv6Addr>().is_ok() || piece.starts_with('[') {
        "it holds IPv6"
    } else if piece.contains(':') {
        "it holds a label"
    } else if piece == "all" {
        "it holds `all`"
    } else if piece.starts_with('!') {
        "it holds a denial"
    } else if octets.len() != 4 || !octets.iter().all(|octet| is_number(octet)) {
        "it holds what is no IPv4 address"
    } else if octets.iter().any(has_zero) || has_zero(&length) {
        "it holds a leading zero"
    } else if octets.iter().any(|octet| octet.parse::<u8>().is_err()) {
        "it holds a number above 255"
    } else if piece.contains('/') && length.parse::<u8>().map_or(true, |length| length > 32) {
        "it holds a prefix that is none"
    } else {
        return None;
    };
    Some(if piece == "all" { what.to_owned() } else { format!("{what} (`{}`)", super::read::shown(piece)) })
}
