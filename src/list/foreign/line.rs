//! Formats that show in single lines.

use memchr::memchr;

use super::kind::Kind;
use crate::list::grammar::{self, Target};
use crate::list::label::BLANKS;

/// A line that is longer is of no format.
pub(super) const LONGEST: usize = 1024;

/// The bytes of the line that begins at `offset`, without its end, and no more of them than a line of any format has.
pub(super) fn bytes_at(text: &[u8], offset: usize) -> &[u8] {
    let rest = text.get(offset..).unwrap_or_default();
    let rest = rest.get(..=LONGEST).unwrap_or(rest);
    let line = memchr(b'\n', rest).and_then(|end| rest.get(..end)).unwrap_or(rest);
    line.trim_ascii_end()
}

/// The line that begins at `offset`, blanks around it trimmed; `None` where it is too long or not UTF-8.
pub(super) fn at(text: &[u8], offset: usize) -> Option<&str> {
    let bytes = bytes_at(text, offset);
    let line = std::str::from_utf8(bytes).ok().filter(|_| bytes.len() <= LONGEST)?;
    Some(line.trim_matches(BLANKS))
}

/// The first bytes of a line, whole characters of UTF-8.
pub(super) fn start_of(line: &[u8], most: usize) -> &[u8] {
    let most = most.min(line.len());
    let is_inside = |at: &usize| line.get(*at).is_some_and(|byte| byte & 0xc0 == 0x80);
    let end = match std::str::from_utf8(line) {
        Ok(_) => (0..=most).rev().find(|at| !is_inside(at)).unwrap_or(most),
        Err(_) => most,
    };
    line.get(..end).unwrap_or_default()
}

/// What a line with an error is, where it is of a format that is known.
pub(super) fn kind(line: &str) -> Option<Kind> {
    if access(line).is_some() {
        return Some(Kind::NginxAccess);
    }
    type Test = (Kind, fn(&str) -> bool);
    let tests: [Test; 12] = [
        (Kind::Spamhaus, is_spamhaus),
        (Kind::NginxGeo, is_geo),
        (Kind::Ipset, is_ipset),
        (Kind::Apache, is_apache),
        (Kind::Dat, is_dat),
        (Kind::HostsAllow, is_hosts_allow),
        (Kind::P2p, is_p2p),
        (Kind::Wildcards, is_wildcard),
        (Kind::AsNumbers, is_as_number),
        (Kind::Yaml, is_yaml),
        (Kind::Quotes, is_quoted),
        (Kind::Csv, is_quoted_csv),
    ];
    let test = tests.iter().find(|(_, is)| is(line)).map(|(kind, _)| *kind);
    test.or_else(|| stray_character(line).map(|(.., kind)| kind))
}

/// Whether a line with an error belongs to a text of that format, where others show what it is.
pub(super) fn belongs(kind: Kind, line: &str) -> bool {
    let ends = |marks: [char; 3]| line.ends_with(marks);
    let more = match kind {
        Kind::NginxAccess | Kind::NginxGeo => ends([';', '{', '}']),
        Kind::Ipset => line.starts_with("create "),
        Kind::Apache => line.starts_with('<'),
        Kind::Spamhaus => line.starts_with(';'),
        Kind::Yaml => line == "---" || line.starts_with("- ") || line.ends_with(':'),
        _ => false,
    };
    more || self::kind(line) == Some(kind)
}

/// Whether a word is written with what addresses, prefixes and ranges are written with.
pub(super) fn is_address(word: &str) -> bool {
    let is_written_so = |b: u8| b.is_ascii_hexdigit() || matches!(b, b'.' | b':' | b'/' | b'-' | b'[' | b']');
    let begins = word.starts_with(|c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '['));
    begins && word.contains(['.', ':']) && word.bytes().all(is_written_so)
}

/// An entry that is nothing but addresses.
fn is_bare(text: &str) -> bool {
    grammar::item(text).is_some_and(|item| item.label.is_none() && item.until.is_none() && !item.deny)
}

/// What is left of a line before its comment.
fn code(line: &str) -> &str {
    line.split('#').next().unwrap_or(line).trim_matches(BLANKS)
}

/// `allow` or `deny`, and of whom, in a line of nginx's access module.
pub(super) fn access(line: &str) -> Option<(&str, &str)> {
    let (verb, whom) = code(line).strip_suffix(';')?.split_once(BLANKS)?;
    let whom = whom.trim_matches(BLANKS);
    let is_whom = is_address(whom) || matches!(whom, "all" | "unix:");
    (matches!(verb, "allow" | "deny") && is_whom).then_some((verb, whom))
}

/// `10.0.0.0/8 1;`
fn is_geo(line: &str) -> bool {
    let words = code(line).strip_suffix(';').and_then(|body| body.split_once(BLANKS));
    words.is_some_and(|(address, value)| {
        let value = value.trim_matches(BLANKS);
        is_address(address) && !value.is_empty() && !value.contains([' ', '\t', ';']) && !is_address(value)
    })
}

/// `add NAME 10.0.0.0/8 timeout 300`
fn is_ipset(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    matches!(words.next(), Some("add" | "-A"))
        && words.next().is_some()
        && words.next().is_some_and(is_address)
}

/// `Require ip 10.0.0.0/8` and what there was before it: `Allow from 10.0.0.0/8`.
fn is_apache(line: &str) -> bool {
    let words: Vec<String> = line.split_ascii_whitespace().take(3).map(str::to_ascii_lowercase).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["require", "ip", word] => word.starts_with(|c: char| c.is_ascii_hexdigit() || c == ':'),
        ["require", "not", "ip" | "host"] | ["require", "all", "granted" | "denied"] => true,
        ["allow" | "deny", "from", word] => word == "all" || is_address(word),
        ["order", ..] => line.contains(','),
        _ => false,
    }
}

/// The addresses of a line that is `Require ip` and nothing else.
pub(super) fn is_plain_require(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let mut is = |name: &str| words.next().is_some_and(|word| word.eq_ignore_ascii_case(name));
    is("require") && is("ip") && words.all(is_address)
}

/// `ALL: 10.0.0.0/255.0.0.0`
fn is_hosts_allow(line: &str) -> bool {
    const SERVICES: [&str; 14] = [
        "all",
        "sshd",
        "ftpd",
        "in.ftpd",
        "vsftpd",
        "proftpd",
        "telnetd",
        "in.telnetd",
        "portmap",
        "rpcbind",
        "slapd",
        "sendmail",
        "mountd",
        "dovecot",
    ];
    line.split_once(':').is_some_and(|(services, clients)| {
        let mut services = services.split([',', ' ', '\t']).filter(|service| !service.is_empty());
        let known = |service: &str| SERVICES.iter().any(|known| service.eq_ignore_ascii_case(known));
        let mut clients = clients.split([',', ' ', '\t', ':']).filter(|client| !client.is_empty());
        services.next().is_some_and(known)
            && services.all(known)
            && clients
                .next()
                .is_some_and(|client| is_address(client) || client.starts_with('.') || client == "ALL")
    })
}

/// `1.10.16.0/20 ; SBL256894`
fn is_spamhaus(line: &str) -> bool {
    line.split_once(';').is_some_and(|(prefix, listing)| {
        let number = listing.trim_matches(BLANKS).strip_prefix("SBL");
        is_bare(prefix.trim_matches(BLANKS))
            && number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
    })
}

/// Whether a text is two IPv4 addresses with a hyphen between them, leading zeros or not.
fn is_range(text: &str) -> bool {
    let is_padded = |address: &str| {
        let address = address.trim_matches(BLANKS);
        let is_octet = |o: &str| (1..=3).contains(&o.len()) && o.bytes().all(|b| b.is_ascii_digit());
        address.split('.').count() == 4 && address.split('.').all(is_octet)
    };
    text.split_once('-').is_some_and(|(first, last)| is_padded(first) && is_padded(last))
}

/// `name:1.2.4.0-1.2.4.255`
fn is_p2p(line: &str) -> bool {
    line.rsplit_once(':')
        .is_some_and(|(name, range)| !name.is_empty() && !is_address(name) && is_range(range))
}

/// `001.002.004.000 - 001.002.004.255 , 000 , name`
fn is_dat(line: &str) -> bool {
    let mut columns = line.splitn(3, ',');
    let is_level = |level: &str| level.trim_matches(BLANKS).parse::<u8>().is_ok();
    columns.next().is_some_and(is_range) && columns.next().is_some_and(is_level) && columns.next().is_some()
}

/// `10.0.0.*` and `10.0.0.1-40`, with a label or without.
fn is_wildcard(line: &str) -> bool {
    let line = line.strip_prefix('!').unwrap_or(line);
    let target = line.split([':', ';', ',', ' ', '\t']).next().unwrap_or(line);
    let is_octet = |octet: &str| octet.parse::<u8>().is_ok();
    let (address, last) = target.split_once('-').map_or((target, None), |(a, l)| (a, Some(l)));
    let octets: Vec<&str> = address.split('.').collect();
    let numbers = octets.iter().take_while(|octet| is_octet(octet)).count();
    match last {
        Some(last) => octets.len() == 4 && numbers == 4 && is_octet(last),
        None => {
            octets.len() == 4 && (1..4).contains(&numbers) && octets.iter().skip(numbers).all(|o| *o == "*")
        }
    }
}

/// `AS64500`
fn is_as_number(line: &str) -> bool {
    let word = line.split([':', ';', ',', ' ', '\t']).next().unwrap_or(line);
    let digits = word.get(..2).filter(|start| start.eq_ignore_ascii_case("as")).and_then(|_| word.get(2..));
    digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// `- 10.0.0.0/8`
fn is_yaml(line: &str) -> bool {
    line.strip_prefix("- ").is_some_and(|item| is_address(code(item).trim_matches(['"', '\''])))
}

/// `- 10.0.0.0/8` without quotes.
pub(super) fn is_plain_yaml(line: &str) -> bool {
    line.strip_prefix("- ").is_some_and(|item| is_bare(code(item)))
}

/// `"10.0.0.0/8"`, perhaps with a comma behind it.
fn is_quoted(line: &str) -> bool {
    let line = line.strip_suffix(',').unwrap_or(line);
    let inside = ['"', '\''].iter().find_map(|&quote| line.strip_prefix(quote)?.strip_suffix(quote));
    inside.is_some_and(|entry| !entry.contains(['"', '\'', ',']) && grammar::item(entry).is_some())
}

/// `"10.0.0.0/8","office"`
fn is_quoted_csv(line: &str) -> bool {
    let separators = ["\",", "\";", "\"\t"];
    line.split_once('"').is_some_and(|(before, _)| before.is_empty() || before.ends_with([',', ';', '\t']))
        && separators.iter().any(|separator| line.contains(separator))
        && line.split([',', ';', '\t']).any(|field| is_address(field.trim_matches(['"', ' '])))
}

/// A character before an entry's label that looks like a hyphen, like a blank, or like nothing; and where it stands.
pub(super) fn stray_character(line: &str) -> Option<(usize, char, Kind)> {
    let pieces = line.split(',').map(|piece| piece.trim_matches(BLANKS));
    pieces.filter(|piece| grammar::item(piece).is_none()).find_map(|piece| {
        let (at, character, kind) = piece.char_indices().find_map(|(at, c)| Some((at, c, look_alike(c)?)))?;
        let before = grammar::item(piece.get(..at)?.trim_matches(BLANKS));
        let is_address = |item: &grammar::Item<'_>| matches!(item.target, Target::Prefix { bare: true, .. });
        let fits = match kind {
            Kind::Dash(_) => before.is_some_and(|item| item.label.is_none() && is_address(&item)),
            _ => before.is_none_or(|item| item.label.is_none()) && !begins_label(piece.get(..at)?),
        };
        let start = (piece.as_ptr() as usize).checked_sub(line.as_ptr() as usize)?;
        fits.then_some((start + at, character, kind))
    })
}

/// Whether a text is an entry up to the colon at its end, so that what follows is a label.
fn begins_label(text: &str) -> bool {
    text.trim_end_matches(BLANKS).strip_suffix(':').is_some_and(|entry| grammar::item(entry).is_some())
}

/// What a character is taken for. Labels may not hold those that show nothing, comments may hold any.
fn look_alike(c: char) -> Option<Kind> {
    match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}' => Some(Kind::Dash(c)),
        '\u{a0}' | '\u{ad}' | '\u{1680}' | '\u{180e}' | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}' => {
            Some(Kind::Blank(c))
        }
        '\u{205f}'..='\u{2064}' | '\u{3000}' | '\u{feff}' => Some(Kind::Blank(c)),
        _ => None,
    }
}
