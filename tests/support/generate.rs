//! Generators of lists as people have them: clusters, lists of hosts, nested chains, the lengths of real
//! routing tables, the ends of the address space, mapped addresses, and labels with odd characters.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipgate::ipnet::{IpNet, Ipv4Net, Ipv6Net};
use ipgate::{Action, Entry, List, list::Until};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::texts::NOW;

/// Bits of an IPv4 address: mostly a few neighbourhoods, so that prefixes meet.
fn v4_bits() -> impl Strategy<Value = u32> {
    prop_oneof![
        4 => (0u32..1024).prop_map(|low| 0x0a00_0000 | low),
        4 => any::<u16>().prop_map(|low| 0x0a09_0000 | u32::from(low)),
        3 => (0u32..8, any::<u8>()).prop_map(|(net, host)| 0xc000_0200 + (net << 8) + u32::from(host)),
        2 => any::<u32>(),
        1 => select(vec![0, 1, u32::MAX, u32::MAX - 1, 1 << 31, (1 << 31) - 1]),
    ]
}

fn v6_bits() -> impl Strategy<Value = u128> {
    const DOC: u128 = 0x2001_0db8 << 96;
    prop_oneof![
        4 => (0u128..1024).prop_map(|low| DOC | low),
        3 => (0u128..16, any::<u8>()).prop_map(|(net, host)| DOC | net << 80 | u128::from(host)),
        2 => any::<u16>().prop_map(|low| DOC | u128::from(low) << 64),
        1 => any::<u128>(),
        1 => any::<u32>().prop_map(|v4| (0xfffe << 32) | u128::from(v4)),
        1 => any::<u32>().prop_map(|v4| (0x2002 << 112) | (u128::from(v4) << 80)),
        1 => select(vec![0, 1, u128::MAX, u128::MAX - 1, 1 << 127, (1 << 127) - 1, 0x1_0000_0000_0000, 0xffff_0000_0000 - 1]),
    ]
}

fn v4_length() -> impl Strategy<Value = u8> {
    prop_oneof![5 => Just(32u8), 4 => Just(24u8), 4 => 20u8..=24, 3 => 25u8..=31, 2 => 8u8..20, 1 => 0u8..8]
}

fn v6_length() -> impl Strategy<Value = u8> {
    prop_oneof![5 => Just(128u8), 4 => select(vec![32u8, 40, 44, 48, 56, 64]), 3 => 112u8..128, 2 => 29u8..112, 1 => 0u8..29]
}

/// A canonical prefix, or one that `Entry::new` will make canonical.
pub(crate) fn prefix() -> impl Strategy<Value = IpNet> {
    prop_oneof![
        6 => (v4_bits(), v4_length()).prop_map(|(bits, length)| v4_net(bits, length)),
        4 => (v6_bits(), v6_length()).prop_map(|(bits, length)| v6_net(bits, length)),
        1 => (v4_bits(), v4_length())
            .prop_map(|(bits, length)| v6_net((0xffff << 32) | u128::from(bits), 96 + length)),
    ]
}

fn v4_net(bits: u32, length: u8) -> IpNet {
    Ipv4Net::new(Ipv4Addr::from(bits), length).unwrap().trunc().into()
}

fn v6_net(bits: u128, length: u8) -> IpNet {
    Ipv6Net::new(Ipv6Addr::from(bits), length).unwrap().trunc().into()
}

/// Labels that try to be taken for something else; all of them follow the rules.
pub(crate) fn label() -> impl Strategy<Value = String> {
    let odd = vec![
        ":",
        "::",
        "a:b",
        "#1",
        "a#b",
        "-",
        "!x",
        "all",
        "10.0.0.1",
        "/24",
        "::1",
        "beef",
        "untilled=2026-01-01",
        "[::1]",
        "a  b",
        "büro",
        "事務所",
        "🏢",
        "\u{a0}",
        "\u{3000}",
        "e\u{301}",
        "\\n",
        "\"",
        "a|b",
        "=",
    ];
    prop_oneof![
        6 => "[a-z]{1,3}",
        3 => select(odd).prop_map(str::to_owned),
        1 => "[^,;\\p{Cc}\\p{Default_Ignorable_Code_Point}\\p{Zl}\\p{Zp}\u{fff9}-\u{fffb}]{1,12}".prop_filter(
            "blanks around, or a comment",
            |label| !label.starts_with(' ') && !label.ends_with(' ') && !label.contains(" #"),
        ),
        1 => (1usize..=255).prop_map(|bytes| "x".repeat(bytes)),
    ]
}

pub(crate) fn until() -> impl Strategy<Value = Until> {
    let texts = vec![
        "0000-01-01T00:00:00.000001Z",
        "1969-12-31T23:59:59Z",
        "2030-06-14",
        "2030-06-15T11:59:59.999999Z",
        NOW,
        "2030-06-15T12:00:00.000001Z",
        "2030-06-15",
        "9999-12-31",
    ];
    select(texts).prop_map(|text| text.parse().unwrap())
}

pub(crate) fn entry() -> impl Strategy<Value = Entry> {
    let action = prop_oneof![3 => Just(Action::Allow), 1 => Just(Action::Deny)];
    let until = prop_oneof![5 => Just(None), 1 => until().prop_map(Some)];
    (prefix(), action, proptest::option::of(label()), until).prop_map(|(prefix, action, label, until)| {
        let mut entry = Entry::new(prefix, action);
        if let Some(label) = label {
            entry = entry.with_label(label.parse().unwrap());
        }
        if let Some(until) = until {
            entry = entry.with_until(until);
        }
        entry
    })
}

/// Prefixes that nest around one address, the longest first, with actions in turn.
fn chain() -> impl Strategy<Value = Vec<Entry>> {
    (prefix(), vec(0u8..12, 1..6), any::<bool>()).prop_map(|(start, steps, mut deny)| {
        let mut net = start;
        let mut entries = Vec::new();
        for step in steps {
            let action = if deny { Action::Deny } else { Action::Allow };
            entries
                .push(Entry::new(net, action).with_label(format!("/{}", net.prefix_len()).parse().unwrap()));
            deny = !deny;
            net = IpNet::new(net.addr(), net.prefix_len().saturating_sub(step + 1)).unwrap().trunc();
        }
        entries
    })
}

/// Entries of which none both allows and denies a prefix: each prefix keeps its first action.
pub(crate) fn entries() -> impl Strategy<Value = Vec<Entry>> {
    (vec(entry(), 0..24), vec(chain(), 0..3), any::<bool>()).prop_map(|(single, chains, chains_first)| {
        let chains = chains.into_iter().flatten();
        let all: Vec<Entry> = match chains_first {
            true => chains.chain(single).collect(),
            false => single.into_iter().chain(chains).collect(),
        };
        let mut actions = HashMap::new();
        all.into_iter()
            .map(|entry| {
                let action = *actions.entry(entry.prefix()).or_insert(entry.action());
                with_action(&entry, action)
            })
            .collect()
    })
}

fn with_action(entry: &Entry, action: Action) -> Entry {
    let mut copy = Entry::new(entry.prefix(), action);
    if let Some(label) = entry.label() {
        copy = copy.with_label(label.clone());
    }
    if let Some(until) = entry.until() {
        copy = copy.with_until(until);
    }
    copy
}

pub(crate) fn list() -> impl Strategy<Value = List> {
    entries().prop_map(|entries| List::from_entries(entries).unwrap())
}

/// Addresses at and around the edges of entries, in both spellings of IPv4, and some others.
pub(crate) fn probes<'a>(entries: impl IntoIterator<Item = &'a Entry>, others: &[IpAddr]) -> Vec<IpAddr> {
    let mut probes = Vec::new();
    for entry in entries {
        match entry.prefix() {
            IpNet::V4(net) => {
                let (first, last) = (u32::from(net.network()), u32::from(net.broadcast()));
                let edges =
                    [first.wrapping_sub(1), first, first + (last - first) / 2, last, last.wrapping_add(1)];
                probes.extend(edges.map(|bits| IpAddr::V4(bits.into())));
            }
            IpNet::V6(net) => {
                let (first, last) = (u128::from(net.network()), u128::from(net.broadcast()));
                let edges =
                    [first.wrapping_sub(1), first, first + (last - first) / 2, last, last.wrapping_add(1)];
                probes.extend(edges.map(|bits| IpAddr::V6(bits.into())));
            }
        }
    }
    probes.extend(others);
    let mapped = |address: &IpAddr| match address {
        IpAddr::V4(v4) => Some(IpAddr::V6(v4.to_ipv6_mapped())),
        IpAddr::V6(_) => None,
    };
    let compatible = |address: &IpAddr| match address {
        IpAddr::V4(v4) => Some(IpAddr::V6(u128::from(u32::from(*v4)).into())),
        IpAddr::V6(_) => None,
    };
    let more: Vec<IpAddr> =
        probes.iter().filter_map(mapped).chain(probes.iter().filter_map(compatible)).collect();
    probes.extend(more);
    probes
}

pub(crate) fn addresses() -> impl Strategy<Value = Vec<IpAddr>> {
    let address = prop_oneof![
        v4_bits().prop_map(|bits| IpAddr::V4(bits.into())),
        v6_bits().prop_map(|bits| IpAddr::V6(bits.into())),
    ];
    vec(address, 0..8)
}

/// How an entry is written, where there is more than one way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spelling {
    /// First and last address.
    range: bool,
    length: bool,
    brackets: u8,
    capitals: bool,
    mapped: bool,
    blanks: bool,
}

pub(crate) fn spelling() -> impl Strategy<Value = Spelling> {
    let range = proptest::bool::weighted(0.2);
    (range, any::<bool>(), 0u8..4, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(range, length, brackets, capitals, mapped, blanks)| Spelling {
            range,
            length,
            brackets,
            capitals,
            mapped,
            blanks,
        },
    )
}

/// An entry in some spelling that means the same.
pub(crate) fn spell(entry: &Entry, how: Spelling) -> String {
    let (prefix, labelled) = (entry.prefix(), entry.label().is_some());
    let (mut address, mut length) = (prefix.addr().to_string(), prefix.prefix_len());
    if let (IpAddr::V4(v4), true) = (prefix.addr(), how.mapped) {
        (address, length) = (v4.to_ipv6_mapped().to_string(), 96 + length);
    }
    let is_v6 = address.contains(':');
    let whole = length == if is_v6 { 128 } else { 32 };
    if how.capitals {
        address = address.to_uppercase();
    }
    let mut last = prefix.broadcast();
    // A range does not end among the IPv4-mapped addresses where it begins before them.
    let is_range = how.range && Entry::new(last.into(), Action::Allow).prefix().addr() == last;
    if let (IpAddr::V4(v4), true) = (last, how.mapped) {
        last = v4.to_ipv6_mapped().into();
    }
    let target = match (how.brackets, whole && !how.length) {
        (1, _) if is_range && is_v6 => format!("[{address}-{last}]"),
        (0, _) if is_range && is_v6 => format!("[{address}]-[{last}]"),
        _ if is_range && is_v6 && labelled => format!("[{address}]-[{last}]"),
        _ if is_range => format!("{address}-{last}"),
        (0, true) if is_v6 => format!("[{address}]"),
        (0, false) if is_v6 => format!("[{address}]/{length}"),
        (1, false) if is_v6 => format!("[{address}/{length}]"),
        (_, true) if is_v6 && labelled => format!("[{address}]"),
        (_, true) => address,
        (_, false) => format!("{address}/{length}"),
    };
    let blank = if how.blanks { "\t " } else { "" };
    let mut text = if entry.action() == Action::Deny { format!("!{target}") } else { target };
    if let Some(label) = entry.label() {
        // A blank before `#` would begin a comment.
        let before = if label.as_str().starts_with('#') { "" } else { blank };
        text = format!("{text}:{before}{label}{blank}");
    }
    if let Some(until) = entry.until() {
        text = format!("{text}{blank};{blank}until={until}{blank}");
    }
    text
}

/// What may stand between two entries.
pub(crate) fn separator() -> impl Strategy<Value = String> {
    let texts = vec![
        ",",
        ", ",
        "\n",
        "\r\n",
        ",\n",
        " ,\t",
        "\n\n",
        ",,",
        " # note\n",
        "\t#\n",
        "\n# a, b\n",
        "\r\n \r\n",
        "\n  # 事務所\r\n",
    ];
    select(texts).prop_map(str::to_owned)
}

/// Entries and a text that says them in some way.
pub(crate) fn written() -> impl Strategy<Value = (Vec<Entry>, String)> {
    (entries(), vec((spelling(), separator()), 64), any::<bool>()).prop_map(|(entries, how, mark)| {
        let mut text = if mark { "\u{feff}".to_owned() } else { String::new() };
        for (entry, (spelling, separator)) in entries.iter().zip(&how) {
            text.push_str(&spell(entry, *spelling));
            text.push_str(separator);
        }
        (entries, text)
    })
}
