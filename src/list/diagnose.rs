//! Why a piece of a list is no entry, and what to write instead: the explaining half of the grammar.
//!
//! Nothing here decides what is accepted. The rules run from the most specific mistake to the least, and
//! a text in backticks behind "write" is always an entry that the grammar accepts.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;
use std::str::Utf8Error;

use super::diagnostic::Code;
use super::grammar::{self, BLANKS};
use super::label::{self, LabelError};
use super::until::Until;
use crate::address::{parse_length, parse_v4, parse_v6};

/// What is wrong with a piece, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) code: Code,
    /// Bytes within the piece.
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) suggestion: Option<String>,
}

/// Explains a trimmed piece that [`grammar::item`] does not accept.
pub(super) fn diagnose(piece: &str) -> Problem {
    let problem = control_character(piece)
        .or_else(|| comment(piece))
        .or_else(|| negation(piece))
        .or_else(|| separator(piece))
        .or_else(|| attributes(piece))
        .or_else(|| blank(piece))
        .or_else(|| target_and_label(piece))
        .unwrap_or_else(|| not_an_address(Token::whole(piece)));
    let problem = if piece.starts_with('!') { problem.denied() } else { problem };
    problem.checked()
}

/// Explains bytes that are not UTF-8.
pub(super) fn invalid_utf8(piece: &[u8], error: Utf8Error) -> Problem {
    let start = error.valid_up_to();
    let end = error.error_len().map_or(piece.len(), |len| start + len);
    Problem {
        code: Code::InvalidUtf8,
        span: start..end,
        message: format!("{} is not UTF-8", piece.get(start..end).unwrap_or_default().escape_ascii()),
        suggestion: Some("save the list as UTF-8".to_owned()),
    }
}

/// Control characters have no place in a list, not even in comments; a tab is a blank.
pub(super) fn control_character(text: &str) -> Option<Problem> {
    let (start, character) = text.char_indices().find(|(_, c)| c.is_control() && *c != '\t')?;
    Some(Problem {
        code: Code::ControlCharacter,
        span: start..start + character.len_utf8(),
        message: format!("the control character U+{:04X} cannot stand in a list", u32::from(character)),
        suggestion: Some(match character {
            '\r' => "end lines with LF or CRLF".to_owned(),
            '\0' => "save the list as UTF-8, not as UTF-16".to_owned(),
            _ => "remove it".to_owned(),
        }),
    })
}

/// What to do where nothing better is known.
const EXAMPLE: &str = "write an entry such as `10.0.1.0/24:office`";

/// A part of a piece, which knows where it stands.
#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    text: &'a str,
    start: usize,
}

impl Problem {
    /// The same problem of a deny entry: what is to be written keeps its `!`.
    fn denied(self) -> Problem {
        let keep = |text: String| match text.strip_prefix("write `") {
            Some(entry) if !entry.starts_with('!') => format!("write `!{entry}"),
            _ => text,
        };
        Problem { suggestion: self.suggestion.map(keep), ..self }
    }

    /// The same problem; where a piece holds several mistakes, so that mending this one would not make it an
    /// entry, without what to write instead of it.
    fn checked(self) -> Problem {
        let is_accepted = |text: &String| match text.strip_prefix("write `").and_then(|t| t.split_once('`')) {
            Some((entries, _)) => entries.split(',').all(is_entry),
            None => true,
        };
        let suggestion = self.suggestion.filter(is_accepted);
        Problem { suggestion: suggestion.or_else(|| Some(EXAMPLE.to_owned())), ..self }
    }
}

impl<'a> Token<'a> {
    fn whole(piece: &'a str) -> Token<'a> {
        Token { text: piece, start: 0 }
    }

    /// The part of `piece` that `text`, a slice of it, is.
    fn within(piece: &str, text: &'a str) -> Token<'a> {
        Token { text, start: (text.as_ptr() as usize).saturating_sub(piece.as_ptr() as usize) }
    }

    fn problem(self, code: Code, message: impl Into<String>, suggestion: impl Into<String>) -> Problem {
        Problem {
            code,
            span: self.start..self.start + self.text.len(),
            message: message.into(),
            suggestion: Some(suggestion.into()),
        }
    }
}

fn write(entry: impl std::fmt::Display) -> String {
    format!("write `{entry}`")
}

fn is_entry(text: &str) -> bool {
    grammar::item(text).is_some()
}

/// `10.0.0.0/8#office`: a `#` that begins no comment.
fn comment(piece: &str) -> Option<Problem> {
    let at = piece.find('#')?;
    let (entry, comment) = piece.split_at(at);
    let token = Token { text: comment, start: at };
    if entry.is_empty() {
        return Some(token.problem(
            Code::CommentNeedsBlank,
            "`#` right behind a comma begins no comment",
            "put a blank or a line break before it",
        ));
    }
    is_entry(entry).then(|| {
        token.problem(
            Code::CommentNeedsBlank,
            "`#` right behind an entry begins no comment",
            "put a blank before it",
        )
    })
}

fn negation(piece: &str) -> Option<Problem> {
    let rest = piece.strip_prefix('!')?;
    let entry = rest.trim_start_matches(['!', ' ', '\t']);
    if entry.len() == rest.len() && !rest.is_empty() {
        return None;
    }
    let token = Token { text: piece.split_at(piece.len() - entry.len()).0, start: 0 };
    let suggestion =
        if is_entry(entry) { write(format_args!("!{entry}")) } else { "write `!10.9.0.0/16`".to_owned() };
    Some(token.problem(Code::Negation, "one `!` stands right before the prefix that it denies", suggestion))
}

/// Two entries with something other than a comma between them.
fn separator(piece: &str) -> Option<Problem> {
    for (at, mark) in piece.char_indices().filter(|(_, c)| matches!(c, ' ' | '\t' | '|' | ';')) {
        let (left, right) =
            (piece.get(..at)?.trim_end_matches(BLANKS), piece.get(at + 1..)?.trim_start_matches(BLANKS));
        if left.is_empty() || !is_entry(left) || !begins_with_address(right) {
            continue;
        }
        if let Some(problem) = netmask_behind(piece, left, right) {
            return Some(problem);
        }
        let name = match mark {
            ' ' | '\t' => "a blank".to_owned(),
            mark => format!("`{mark}`"),
        };
        let next = right.split([' ', '\t', '|', ';']).next().unwrap_or(right);
        let token = Token { text: piece.get(at..at + 1)?, start: at };
        let suggestion = match is_entry(next) {
            true => write(format_args!("{left},{next}")),
            false => "write a comma or a line break between entries".to_owned(),
        };
        return Some(token.problem(Code::Separator, format!("{name} does not separate entries"), suggestion));
    }
    None
}

/// `10.0.0.0 255.0.0.0`, as routers write it.
fn netmask_behind(piece: &str, left: &str, right: &str) -> Option<Problem> {
    let mask = right.split(BLANKS).next()?;
    let (address, length) = (parse_v4(left.trim_start_matches('!'))?, netmask_length(mask)?);
    (mask.starts_with("255.") || mask == "0.0.0.0").then(|| {
        let not = if left.starts_with('!') { "!" } else { "" };
        Token::within(piece, mask).problem(
            Code::Netmask,
            format!("`{mask}` is a netmask, not an entry"),
            write(format_args!("{not}{address}/{length}")),
        )
    })
}

/// The prefix length that a contiguous IPv4 netmask stands for.
fn netmask_length(mask: &str) -> Option<u32> {
    let bits = u32::from(parse_v4(mask)?);
    let length = bits.leading_ones();
    (bits.checked_shl(length).unwrap_or(0) == 0).then_some(length)
}

/// Whether the first word of a text is an address, a prefix or `!` and one of them.
fn begins_with_address(text: &str) -> bool {
    let word = text.split([' ', '\t', '|', ';', ',', '/']).next().unwrap_or(text).trim_start_matches('!');
    let word = word.trim_start_matches('[').trim_end_matches(']');
    let before_label = word.split(':').next().unwrap_or(word);
    parse_v4(word).is_some() || parse_v4(before_label).is_some() || parse_v6(word).is_some()
}

/// An address inside a label, where a separator other than a comma was probably meant as one: the address,
/// and what to do if it is meant as an entry.
pub(super) fn address_in_label<'a>(piece: &'a str, label: &'a str) -> Option<(&'a str, String)> {
    let at = label.find([' ', '|'])?;
    let (name, rest) = (label.get(..at)?.trim_end(), label.get(at..)?.trim_start_matches([' ', '|']));
    if !begins_with_address(rest) {
        return None;
    }
    let before = Token::within(piece, label).start;
    let suggestion = match is_entry(rest) {
        true => format!("if it is meant as one, write `{}{name},{rest}`", piece.get(..before)?),
        false => "if it is meant as one, put a comma before it".to_owned(),
    };
    Some((rest, suggestion))
}

/// What stands behind `;`, once what stands before it is an entry.
fn attributes(piece: &str) -> Option<Problem> {
    let (entry, rest) = piece.split_once(';')?;
    let entry = entry.trim_end_matches(BLANKS);
    if !is_entry(entry) {
        return None;
    }
    let mut has_until = false;
    for attribute in rest.split(';').map(|a| a.trim_matches(BLANKS)) {
        let token = Token::within(piece, attribute);
        let Some(value) = attribute.strip_prefix("until=") else {
            return Some(unknown_attribute(token, entry));
        };
        if let Err(error) = value.parse::<Until>() {
            return Some(Token::within(piece, value).problem(
                Code::Until,
                error.to_string(),
                write(format_args!("{entry};until=2026-12-31")),
            ));
        }
        if has_until {
            return Some(token.problem(
                Code::AttributeTwice,
                "an entry has one `until=`",
                write(format_args!("{entry};{attribute}")),
            ));
        }
        has_until = true;
    }
    None
}

fn unknown_attribute(token: Token<'_>, entry: &str) -> Problem {
    if token.text.is_empty() {
        let message = "an attribute follows `;`, and here is none";
        return token.problem(Code::Attribute, message, write(entry));
    }
    let message = format!("`{}` is no attribute; `until=` is the only one", token.text);
    let value = token.text.split_once('=').map(|(_, value)| value.trim_matches(BLANKS));
    let suggestion = match value.filter(|value| value.parse::<Until>().is_ok()) {
        Some(value) => write(format_args!("{entry};until={value}")),
        None => format!("write `{entry};until=2026-12-31`, or a comma where a new entry was meant"),
    };
    token.problem(Code::Attribute, message, suggestion)
}

/// A blank inside a prefix or before a label.
fn blank(piece: &str) -> Option<Problem> {
    let at = piece.find(BLANKS)?;
    let (left, right) = (piece.get(..at)?, piece.get(at..)?.trim_start_matches(BLANKS));
    if grammar::item(left).is_some_and(|item| item.label.is_some()) {
        return None; // the blank belongs to the label
    }
    let token = Token { text: piece.get(at..at + 1)?, start: at };
    let joined = format!("{left}{right}");
    if let Some(after) = right.strip_prefix('-') {
        let range = format!("{left}-{}", after.trim_start_matches(BLANKS));
        if is_entry(&range) {
            return Some(token.problem(Code::Blank, "a range has no blanks in it", write(range)));
        }
    }
    if is_entry(&joined) && !begins_with_digit_pair(left, right) {
        return Some(token.problem(
            Code::Blank,
            "a blank cannot stand inside an entry before its label",
            write(joined),
        ));
    }
    let labelled = format!("{left}:{right}");
    let in_brackets = format!("[{left}]:{right}");
    if is_entry(left) && !left.contains(':') && is_entry(&labelled) {
        return Some(token.problem(Code::Blank, "a label stands behind a colon", write(labelled)));
    }
    if is_entry(left) && parse_v6(left).is_some() && is_entry(&in_brackets) {
        return Some(token.problem(Code::Blank, "a label stands behind a colon", write(in_brackets)));
    }
    None
}

/// Whether joining two texts would run one number into another: `1.2.3.4 5` is not `1.2.3.45`.
fn begins_with_digit_pair(left: &str, right: &str) -> bool {
    left.ends_with(|c: char| c.is_ascii_hexdigit()) && right.starts_with(|c: char| c.is_ascii_hexdigit())
}

/// The prefix alone, and then the label.
fn target_and_label(piece: &str) -> Option<Problem> {
    let head = piece.split(';').next().unwrap_or(piece).trim_end_matches(BLANKS);
    let body = Token::within(piece, head.strip_prefix('!').unwrap_or(head));
    if body.text.is_empty() {
        return Some(Token::whole(piece).problem(
            Code::NotAnAddress,
            "an entry begins with an address",
            "write `10.0.0.0/8`",
        ));
    }
    let (target, label) = split_label(body);
    target_problem(target, label).or_else(|| mixed_range(body)).or_else(|| label_problem(label?))
}

/// The target and the label behind it, by the colon that separates them.
fn split_label(body: Token<'_>) -> (Token<'_>, Option<Token<'_>>) {
    let text = body.text;
    let colon = if text.starts_with('[') {
        text.find(']').and_then(|close| text.get(close..)?.find(':').map(|at| close + at))
    } else if looks_like_ipv6(text) {
        text.find('/').and_then(|slash| text.get(slash..)?.find(':').map(|at| slash + at))
    } else {
        text.find(':')
    };
    match colon.and_then(|at| text.split_at_checked(at)) {
        Some((target, label)) => {
            let label = label.get(1..).unwrap_or_default();
            (
                Token { text: target, ..body },
                Some(Token { text: label, start: body.start + target.len() + 1 }),
            )
        }
        None => (body, None),
    }
}

/// Whether a text begins like IPv6: at least two colons, the first groups hexadecimal.
fn looks_like_ipv6(text: &str) -> bool {
    let start = text.split('/').next().unwrap_or(text);
    let mut groups = start.split(':');
    let is_group = |group: &str| group.len() <= 5 && group.chars().all(|c| c.is_ascii_hexdigit());
    start.matches(':').count() >= 2 && groups.by_ref().take(2).all(is_group)
}

fn label_problem(label: Token<'_>) -> Option<Problem> {
    let trimmed = label.text.trim_matches(BLANKS);
    let error = label::check(trimmed).err().filter(|error| *error != LabelError::Empty)?;
    Some(Token { text: trimmed, start: label.start }.problem(
        Code::Label,
        error.to_string(),
        "choose another label",
    ))
}

fn target_problem(target: Token<'_>, label: Option<Token<'_>>) -> Option<Problem> {
    zone(target)
        .or_else(|| brackets(target))
        .or_else(|| range(target))
        .or_else(|| length(target))
        .or_else(|| ipv6(target))
        .or_else(|| ipv4(target))
        .or_else(|| word(target, label))
}

fn zone(target: Token<'_>) -> Option<Problem> {
    let (address, zone) = target.text.split_once('%')?;
    parse_v6(address.trim_start_matches('['))?;
    let message =
        format!("`%{}` names an interface of one host, which a list cannot hold", zone.trim_end_matches(']'));
    Some(target.problem(Code::ZoneId, message, write(address.trim_start_matches('['))))
}

fn brackets(target: Token<'_>) -> Option<Problem> {
    if !target.text.contains(['[', ']']) {
        return None;
    }
    let plain: String = target.text.chars().filter(|c| !matches!(c, '[' | ']')).collect();
    let message = "brackets stand around one IPv6 address or prefix, as in [2001:db8::1]:office";
    let suggestion = match (is_entry(&plain), plain.split_once('/')) {
        (true, _) => write(&plain),
        (false, Some((address, rest))) if parse_v6(address).is_some() && rest.contains('/') => {
            "give the length once, inside the brackets or behind them".to_owned()
        }
        _ => write("[2001:db8::1]"),
    };
    Some(target.problem(Code::Brackets, message, suggestion))
}

fn range(target: Token<'_>) -> Option<Problem> {
    let (first, last) = target.text.split_once('-')?;
    let address = |text: &str| parse_v4(text).map(IpAddr::V4).or_else(|| parse_v6(text).map(IpAddr::V6));
    let bare = |text| str::split(text, '/').next().unwrap_or_default();
    let (low, high) = match (address(bare(first)), address(bare(last))) {
        (Some(low), Some(high)) => (low, high),
        (Some(low @ IpAddr::V6(_)), None) => {
            let (end, name) = last
                .rmatch_indices(':')
                .find_map(|(at, _)| Some((parse_v6(last.get(..at)?)?, last.get(at + 1..)?)))?;
            let message = "an IPv6 range cannot carry a label: its end could not be told from it";
            let first_prefix = ipnet::Ipv6Subnets::new(as_v6(low)?, end, 0).next()?;
            let example = if first_prefix.prefix_len() == 128 {
                format!("[{}]:{name}", first_prefix.addr())
            } else {
                format!("{first_prefix}:{name}")
            };
            return Some(target.problem(
                Code::LabelNeedsBrackets,
                message,
                format!("write its prefixes one by one, from `{example}` on"),
            ));
        }
        _ => return None,
    };
    Some(if low.is_ipv4() != high.is_ipv4() {
        target.problem(
            Code::Range,
            "a range has both ends in one family",
            "write one range for IPv4 and one for IPv6",
        )
    } else if bare(first) != first || bare(last) != last {
        target.problem(
            Code::Range,
            "a range has addresses at its ends, without lengths",
            write(format_args!("{}-{}", low.min(high), low.max(high))),
        )
    } else {
        target.problem(
            Code::Range,
            "a range runs from the lower address to the higher",
            write(format_args!("{high}-{low}")),
        )
    })
}

/// A range from IPv4 to IPv6, whose colons look like that of a label.
fn mixed_range(body: Token<'_>) -> Option<Problem> {
    let (first, last) = body.text.split_once('-')?;
    (parse_v4(first).is_some() && parse_v6(last).is_some()).then(|| range(body)).flatten()
}

fn as_v6(address: IpAddr) -> Option<std::net::Ipv6Addr> {
    match address {
        IpAddr::V6(v6) => Some(v6),
        IpAddr::V4(_) => None,
    }
}

/// What stands behind `/`, once what stands before it is an address.
fn length(target: Token<'_>) -> Option<Problem> {
    let (address, length) = target.text.split_once('/')?;
    let max = match (parse_v4(address), parse_v6(address)) {
        (Some(_), _) => 32,
        (_, Some(_)) => 128,
        _ => return None,
    };
    if parse_length(length, max).is_some() {
        return None;
    }
    let token = Token { text: length, start: target.start + address.len() + 1 };
    if let Some(bits) = netmask_length(length).filter(|_| max == 32) {
        return Some(token.problem(
            Code::Netmask,
            "a prefix has a length, not a netmask",
            write(format_args!("{address}/{bits}")),
        ));
    }
    let digits = length.trim_start_matches(['+', '0']);
    let (code, message) = match length.strip_prefix('0') {
        Some(rest) if rest.bytes().all(|b| b.is_ascii_digit()) => {
            (Code::LeadingZero, format!("the length `/{length}` has a leading zero"))
        }
        _ => (Code::PrefixLength, format!("`/{length}` is no length from 0 to {max}")),
    };
    let meant = if digits.is_empty() && length.starts_with('0') { "0" } else { digits };
    let suggestion = match parse_length(meant, max) {
        Some(length) => write(format_args!("{address}/{length}")),
        None => write(format_args!("{address}/{}", if max == 32 { 24 } else { 64 })),
    };
    Some(token.problem(code, message, suggestion))
}

fn ipv6(target: Token<'_>) -> Option<Problem> {
    let text = target.text;
    if text.matches(':').count() < 2 {
        return None;
    }
    let labelled = text.rmatch_indices(':').find_map(|(at, _)| {
        let (address, label) = (text.get(..at)?, text.get(at + 1..)?);
        parse_v6(address).map(|_| (address, label))
    });
    let meant_whole = |label: &str| {
        let is_dotted = label.contains('.') && label.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let is_groups = text.bytes().all(|b| b.is_ascii_hexdigit() || b == b':');
        is_dotted || is_groups && (text.contains(":::") || text.matches("::").count() > 1)
    };
    if let Some((address, label)) = labelled.filter(|(_, label)| !meant_whole(label)) {
        if label.is_empty() {
            return Some(target.problem(
                Code::NotAnAddress,
                format!("`{text}` ends in a colon"),
                write(address),
            ));
        }
        let message =
            format!("an IPv6 address with a label stands in brackets, or `{label}` could be part of it");
        return Some(target.problem(
            Code::LabelNeedsBrackets,
            message,
            write(format_args!("[{address}]:{label}")),
        ));
    }
    let wrong = text.split(['/', ':']).find(|g| {
        g.len() > 4 && !g.contains('.') || g.contains(|c: char| !c.is_ascii_hexdigit() && c != '.')
    });
    let message = match wrong {
        Some(group) => format!("`{group}` is no group of an IPv6 address: up to four hexadecimal digits"),
        None if text.contains(":::") || text.matches("::").count() > 1 => {
            format!("`{text}` has more than one `::`")
        }
        None => format!("`{text}` is no IPv6 address: eight groups, or fewer with one `::`"),
    };
    Some(target.problem(
        Code::NotAnAddress,
        message,
        "write an address such as `2001:db8::1` or a prefix such as `2001:db8::/32`",
    ))
}

fn ipv4(target: Token<'_>) -> Option<Problem> {
    let (address, length) = match target.text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (target.text, None),
    };
    let token = Token { text: address, ..target };
    let is_number = |octet: &str| !octet.is_empty() && octet.bytes().all(|b| b.is_ascii_digit());
    let is_hex = |octet: &str| {
        octet
            .strip_prefix("0x")
            .or_else(|| octet.strip_prefix("0X"))
            .is_some_and(|h| !h.is_empty() && h.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    let octets: Vec<&str> = address.split('.').collect();
    let suffix =
        length.filter(|l| parse_length(l, 32).is_some()).map_or_else(String::new, |l| format!("/{l}"));
    if octets.iter().any(|o| is_hex(o)) && octets.iter().all(|o| is_hex(o) || is_number(o)) {
        let value = |o: &&str| match o.get(2..) {
            Some(hex) if is_hex(o) => u32::from_str_radix(hex, 16).ok(),
            _ => o.parse().ok(),
        };
        let numbers: Option<Vec<u32>> = octets.iter().map(value).collect();
        let decimal = match numbers.as_deref() {
            Some([number]) => Some(Ipv4Addr::from(*number)),
            Some([a, b, c, d]) => octet_address([*a, *b, *c, *d]),
            _ => None,
        };
        let suggestion = decimal.map_or_else(|| write("10.0.0.0/8"), |a| write(format_args!("{a}{suffix}")));
        return Some(token.problem(
            Code::HexIpv4,
            "IPv4 is written in decimal octets, not in hexadecimal",
            suggestion,
        ));
    }
    if !octets.iter().all(|o| is_number(o) || o.is_empty()) || !address.contains(|c: char| c.is_ascii_digit())
    {
        return None;
    }
    if octets.len() > 4 {
        let message = format!("`{address}` has {} octets, an IPv4 address has four", octets.len());
        return Some(token.problem(
            Code::NotAnAddress,
            message,
            "write a comma where two addresses ran together",
        ));
    }
    if octets.contains(&"") {
        return Some(token.problem(
            Code::NotAnAddress,
            format!("`{address}` has an empty octet"),
            write("10.0.1.0/24"),
        ));
    }
    if let Some(large) =
        octets.iter().find(|o| o.trim_start_matches('0').len() > 3 || o.parse().is_ok_and(|n: u32| n > 255))
        && octets.len() > 1
    {
        let token = Token::within(target.text, large);
        let token = Token { start: target.start + token.start, ..token };
        return Some(token.problem(
            Code::OctetRange,
            format!("`{large}` is beyond 255"),
            "write four octets from 0 to 255",
        ));
    }
    if octets.len() < 4 {
        return Some(short_ipv4(token, &octets, length));
    }
    let plain = octets.iter().map(|o| o.parse().ok()).collect::<Option<Vec<u32>>>()?;
    let decimal = octet_address(plain.try_into().ok()?)?;
    let zeroed = octets.iter().find(|o| o.len() > 1 && o.starts_with('0'))?;
    let message = format!("the octet `{zeroed}` has a leading zero, which some programs read as octal");
    Some(token.problem(Code::LeadingZero, message, write(format_args!("{decimal}{suffix}"))))
}

fn octet_address(octets: [u32; 4]) -> Option<Ipv4Addr> {
    let mut bytes = [0; 4];
    for (byte, octet) in bytes.iter_mut().zip(octets) {
        *byte = u8::try_from(octet).ok()?;
    }
    Some(Ipv4Addr::from(bytes))
}

/// `10.1` and `10/8`: the missing octets are a guess, which we leave to the person who writes.
fn short_ipv4(token: Token<'_>, octets: &[&str], length: Option<&str>) -> Problem {
    let mut filled: Vec<&str> = octets
        .iter()
        .map(|o| o.trim_start_matches('0'))
        .map(|o| if o.is_empty() { "0" } else { o })
        .collect();
    filled.resize(4, "0");
    let length = length.and_then(|l| parse_length(l, 32)).map_or(octets.len() * 8, usize::from);
    let message = format!("`{}` has {} of four octets", token.text, octets.len());
    let entry = format!("{}/{length}", filled.join("."));
    token.problem(Code::ShortIpv4, message, if is_entry(&entry) { write(entry) } else { write("10.0.0.0/8") })
}

/// Words: other spellings of `all`, and host names.
fn word(target: Token<'_>, label: Option<Token<'_>>) -> Option<Problem> {
    let text = target.text;
    if ["all", "any", "*", "everyone", "everybody", "world"].iter().any(|w| text.eq_ignore_ascii_case(w)) {
        if text == "all" {
            return None;
        }
        let entry = label.map_or_else(|| "all".to_owned(), |label| format!("all:{}", label.text));
        let suggestion = if is_entry(&entry) { write(entry) } else { write("all") };
        return Some(target.problem(
            Code::NotAnAddress,
            format!("`{text}` is not a word that lists know"),
            suggestion,
        ));
    }
    let name = text.split('/').next().unwrap_or(text).trim_end_matches('.');
    let is_host = text.eq_ignore_ascii_case("localhost") || name.contains('.');
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '*');
    (is_host && name.chars().all(plain) && name.contains(|c: char| c.is_ascii_alphabetic())).then(|| {
        let message = format!("`{name}` is a host name, and names are not looked up");
        target.problem(Code::Hostname, message, "write the addresses it stands for")
    })
}

fn not_an_address(token: Token<'_>) -> Problem {
    let message = format!("`{}` is no address, prefix, range or `all`", token.text.escape_debug());
    token.problem(Code::NotAnAddress, message, EXAMPLE)
}
