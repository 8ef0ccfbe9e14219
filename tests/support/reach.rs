//! What a text that is no entry names at most, by brute force: every address that stands anywhere in it, with every
//! length and netmask that stands anywhere in it. An independent bound for what is told to be written.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipgate::{Action, List, canonical_address};
use ipnet::IpNet;

/// Characters of the longest address.
const LONGEST: usize = 45;

pub(crate) struct Reach {
    addresses: Vec<IpAddr>,
    /// Those with `!` before them.
    pub(crate) denied: Vec<IpAddr>,
    lengths: Vec<u8>,
    everyone: bool,
    pub(crate) expires: bool,
}

impl Reach {
    pub(crate) fn of(piece: &str) -> Reach {
        let joined = piece.replace([' ', '\t', '[', ']'], "");
        let mut found: Vec<(IpAddr, bool)> =
            addresses(piece).chain(addresses(&joined).map(|(address, _)| (address, false))).collect();
        found.sort();
        found.dedup();
        let mut lengths = Vec::new();
        for text in [piece, &joined] {
            for (at, _) in text.match_indices('/') {
                let behind = text[at + 1..].trim_start_matches(['+', ' ', '\t']);
                let digits = &behind[..behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len())];
                lengths.extend(digits.parse::<u8>().ok());
            }
        }
        lengths.extend(found.iter().filter_map(|(address, _)| netmask(*address)));
        let everyone = ["all", "any", "*", "everyone", "everybody", "world"];
        let words = |text: &str| -> Vec<String> {
            text.split(|c: char| !c.is_alphanumeric() && c != '*').map(str::to_lowercase).collect()
        };
        let expires = words(piece).windows(2).any(|pair| pair[0] == "until" && pair[1].starts_with("20"))
            && piece.to_lowercase().contains("until=");
        Reach {
            everyone: found.is_empty() && words(piece).iter().any(|word| everyone.contains(&word.as_str())),
            denied: found.iter().filter(|(_, deny)| *deny).map(|(address, _)| *address).collect(),
            addresses: found.into_iter().map(|(address, _)| address).collect(),
            lengths,
            expires,
        }
    }

    /// Whether a list lets in nobody but whom the text names.
    pub(crate) fn holds(&self, list: &List) -> bool {
        list.entries().iter().all(|entry| {
            let net = entry.prefix();
            let is_allow = entry.action() == Action::Allow;
            let is_denied = self.denied.iter().any(|address| net.contains(&canonical_address(*address)));
            let is_answered =
                |deny: &ipgate::Entry| deny.action() == Action::Deny && net.contains(&deny.prefix());
            self.names(net) && (!is_allow || !is_denied || list.entries().iter().any(is_answered))
        })
    }

    fn names(&self, net: IpNet) -> bool {
        let (first, last) = (net.network(), net.broadcast());
        let is_in = |outer: IpNet| outer.contains(&first) && outer.contains(&last);
        let of_length = |address: &IpAddr| {
            let host = if address.is_ipv4() { 32 } else { 128 };
            let nets =
                self.lengths.iter().chain([&host]).filter_map(|length| IpNet::new(*address, *length).ok());
            let mut nets = nets.map(|net| match net {
                IpNet::V6(v6) if v6.prefix_len() >= 96 => match v6.addr().to_ipv4_mapped() {
                    Some(v4) => IpNet::new(v4.into(), v6.prefix_len() - 96).expect("at most 32"),
                    None => net,
                },
                _ => net,
            });
            nets.any(|net| is_in(net.trunc()))
        };
        let ends: Vec<IpAddr> = self.addresses.iter().map(|address| canonical_address(*address)).collect();
        let in_range = || {
            let of_family = || ends.iter().filter(|end| end.is_ipv4() == first.is_ipv4());
            of_family().any(|end| *end <= first) && of_family().any(|end| *end >= last)
        };
        self.addresses.iter().any(of_length) || in_range() || net.prefix_len() == 0 && self.everyone
    }
}

/// Every address that begins anywhere in a text, and whether `!` stands before it.
fn addresses(text: &str) -> impl Iterator<Item = (IpAddr, bool)> {
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let mut found = Vec::new();
    for &start in &starts {
        let is_denied = text[..start].trim_end_matches(['[', ' ', '\t']).ends_with('!');
        if text[..start].ends_with(|c: char| c.is_ascii_alphanumeric()) {
            continue;
        }
        let first = found.len();
        for (at, c) in text[start..].char_indices().take(LONGEST) {
            let part = &text[start..start + at + c.len_utf8()];
            let is_cut = text[start + part.len()..].starts_with('/');
            let is_v4 = is_cut || part.contains(['x', 'X']) || part.split('.').count() == 4;
            found.extend(v4(part).filter(|_| is_v4).map(|v4| (IpAddr::V4(v4), false)));
            let filled = (is_cut && part.contains(':')).then(|| format!("{part}::").parse().ok()).flatten();
            let v6: Option<Ipv6Addr> = part.parse().ok().or(filled);
            found.extend(v6.map(|v6| (IpAddr::V6(v6), false)));
        }
        // The longest is the one that is written; a shorter one may have a label behind it.
        let is_cut = text[start..]
            .split('/')
            .next()
            .is_some_and(|part| v4(part).is_some() && part.split('.').count() < 4);
        if let Some(longest) =
            found.get_mut(first..).and_then(<[_]>::last_mut).filter(|_| is_denied && !is_cut)
        {
            longest.1 = true;
        }
    }
    found.into_iter()
}

/// Four octets in decimal or hexadecimal with any zeros before them, the last of them missing or not.
fn v4(text: &str) -> Option<Ipv4Addr> {
    let number = |text: &str| match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten(),
    };
    let numbers: Vec<u32> = text.split('.').map(number).collect::<Option<_>>()?;
    if let [whole] = *numbers.as_slice()
        && text.contains(['x', 'X'])
    {
        return Some(whole.into());
    }
    let mut octets = numbers.iter().map(|number| u8::try_from(*number).ok()).collect::<Option<Vec<u8>>>()?;
    octets.resize(4, 0);
    (numbers.len() <= 4).then(|| <[u8; 4]>::try_from(octets).ok().map(Ipv4Addr::from))?
}

/// The length of a netmask, upright or inverted.
fn netmask(address: IpAddr) -> Option<u8> {
    let IpAddr::V4(v4) = address else { return None };
    let bits = v4.to_bits();
    (1..=32).find(|length| {
        let mask = u32::MAX << (32 - length);
        bits == mask || bits == !mask
    })
}
