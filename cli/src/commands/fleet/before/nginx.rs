//! What nginx takes for an address in `allow`: more than ipgate does, and in one place less. IPv6 is left out, of which the
//! older routers let nothing through to it.

use std::net::Ipv4Addr;

use ipgate::ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// What stands around a word.
const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];
/// What nginx's own parser gives back for text that is no address, so that it refuses the address, too.
const NO_ADDRESS: Ipv4Addr = Ipv4Addr::BROADCAST;

/// Who is let in by `allow`, and this text and a `;` behind it.
///
/// # Errors
///
/// Why nginx refuses the whole configuration, as a part of a sentence.
pub(super) fn allowed(text: &str) -> Result<Vec<IpNet>, String> {
    let text = text.trim_matches(BLANKS);
    if text.contains(';') {
        return Err(format!("what stands behind `;` in `{text}` is read as configuration"));
    }
    let word = ['"', '\''].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote));
    let word = word.unwrap_or(text);
    match word {
        "" => Err("a piece is empty".to_owned()),
        "all" => Ok(vec![IpNet::V4(Ipv4Net::default()), IpNet::V6(Ipv6Net::default())]),
        _ if word.contains(BLANKS) => Err(format!("there is no comma in `{word}`")),
        _ => match prefix(word) {
            Some(prefix) => Ok(vec![IpNet::V4(prefix)]),
            None => Err(format!("`{word}` is no address")),
        },
    }
}

fn prefix(word: &str) -> Option<Ipv4Net> {
    let (address, length) =
        word.split_once('/').map_or((word, None), |(address, length)| (address, Some(length)));
    let length = match length {
        Some("") => return None,
        Some(length) => u8::try_from(number(length, 32)?).ok()?,
        None => 32,
    };
    Ipv4Net::new(self::address(address)?, length).ok().map(|prefix| prefix.trunc())
}

/// Four numbers, with any number of zeros before them; one that is not written is 0.
fn address(text: &str) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        *octet = u8::try_from(number(parts.next()?, 255)?).ok()?;
    }
    let address = Ipv4Addr::from(octets);
    (parts.next().is_none() && address != NO_ADDRESS).then_some(address)
}

/// Digits, up to a greatest number.
fn number(digits: &str, greatest: u32) -> Option<u32> {
    digits.chars().try_fold(0, |number: u32, digit| {
        let number = 10 * number + digit.to_digit(10)?;
        (number <= greatest).then_some(number)
    })
}
