//! Sets as `nft` takes them, and as it lists them.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipgate::ipnet::IpNet;
use serde_json::Value;

use super::super::spans::Span;

/// So many elements stand in one command; all commands are one transaction.
const BATCH: usize = 1_000;

/// One of the two sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    /// What its set is called.
    pub(super) fn set(self, name: &str) -> String {
        match self {
            Family::V4 => format!("{name}_v4"),
            Family::V6 => format!("{name}_v6"),
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Family::V4 => "ipv4_addr",
            Family::V6 => "ipv6_addr",
        }
    }
}

/// Who is let in: sorted ranges of which none touches another, the ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ranges {
    pub(super) v4: Vec<(IpAddr, IpAddr)>,
    pub(super) v6: Vec<(IpAddr, IpAddr)>,
}

impl Ranges {
    /// Those of spans that are sorted and apart.
    pub(super) fn of(spans: &[Span<'_>]) -> Ranges {
        let v4 = spans.iter().filter_map(|span| span.v4());
        let v6 = spans.iter().flat_map(|span| span.v6());
        Ranges {
            v4: v4.map(|(first, last)| (first.into(), last.into())).collect(),
            v6: v6.map(|(first, last)| (first.into(), last.into())).collect(),
        }
    }

    /// How many bytes they take in the kernel, at least.
    pub(super) fn bytes(&self) -> usize {
        self.v4.len() * 2 * size_of::<Ipv4Addr>() + self.v6.len() * 2 * size_of::<Ipv6Addr>()
    }

    /// One transaction that makes the sets where they are missing, and puts these into them in the place of all there is.
    pub(super) fn script(&self, table: &str, name: &str) -> String {
        let mut script = format!("add table inet {table}\n");
        for (family, ranges) in [(Family::V4, &self.v4), (Family::V6, &self.v6)] {
            let (set, kind) = (family.set(name), family.kind());
            // A text has room for everything, so that none of these fails.
            let _ = writeln!(script, "add set inet {table} {set} {{ type {kind}; flags interval; }}");
            let _ = writeln!(script, "flush set inet {table} {set}");
            for batch in ranges.chunks(BATCH) {
                let elements: Vec<String> = batch.iter().map(element).collect();
                let _ = writeln!(script, "add element inet {table} {set} {{ {} }}", elements.join(", "));
            }
        }
        script
    }
}

fn element((first, last): &(IpAddr, IpAddr)) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}

/// The ranges of a set as `nft -j` lists it, with those made one that touch. `None` where it says anything that is not known.
pub(super) fn read(family: Family, listed: &[u8]) -> Option<Vec<(IpAddr, IpAddr)>> {
    let listed: Value = serde_json::from_slice(listed).ok()?;
    let set = listed.get("nftables")?.as_array()?.iter().find_map(|item| item.get("set"))?;
    if set.get("type")?.as_str()? != family.kind() {
        return None;
    }
    // An empty set has none.
    let elements =
        set.get("elem").map_or(Some(&[][..]), |elements| elements.as_array().map(Vec::as_slice))?;
    let mut ranges: Vec<(IpAddr, IpAddr)> = elements.iter().map(range).collect::<Option<_>>()?;
    ranges.sort_unstable();
    let mut apart: Vec<(IpAddr, IpAddr)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match apart.last_mut().filter(|before| next(before.1) == Some(first)) {
            Some(before) => before.1 = last,
            None => apart.push((first, last)),
        }
    }
    Some(apart)
}

/// An address, a prefix or a range, alone or with more about it.
fn range(element: &Value) -> Option<(IpAddr, IpAddr)> {
    let address = |value: &Value| value.as_str()?.parse::<IpAddr>().ok();
    if let Some(address) = address(element) {
        return Some((address, address));
    }
    if let Some(prefix) = element.get("prefix") {
        let length = u8::try_from(prefix.get("len")?.as_u64()?).ok()?;
        let prefix = IpNet::new(address(prefix.get("addr")?)?, length).ok()?;
        return Some((prefix.network(), prefix.broadcast()));
    }
    if let Some([first, last]) = element.get("range").and_then(Value::as_array).map(Vec::as_slice) {
        return Some((address(first)?, address(last)?));
    }
    // With a counter or a comment. One with a timeout is gone before long, so that it is none of ours.
    let inner = element.get("elem").filter(|inner| inner.get("timeout").is_none())?;
    inner.get("val").and_then(range)
}

fn next(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => address.to_bits().checked_add(1).map(|bits| Ipv4Addr::from(bits).into()),
        IpAddr::V6(address) => address.to_bits().checked_add(1).map(|bits| Ipv6Addr::from(bits).into()),
    }
}

#[cfg(test)]
mod tests {
    use ipgate::{List, Policy, Table};

    use super::super::super::spans::spans;
    use super::*;

    fn ranges(text: &str) -> Ranges {
        Ranges::of(&spans(&Table::new(&text.parse::<List>().unwrap())))
    }

    #[test]
    fn a_script_replaces_both_sets() {
        let script =
            ranges("192.0.2.0/24,!192.0.2.128/25,198.51.100.7,2001:db8::/32").script("ipgate", "shop");
        assert_eq!(
            script.lines().collect::<Vec<_>>(),
            [
                "add table inet ipgate",
                "add set inet ipgate shop_v4 { type ipv4_addr; flags interval; }",
                "flush set inet ipgate shop_v4",
                "add element inet ipgate shop_v4 { 192.0.2.0-192.0.2.127, 198.51.100.7 }",
                "add set inet ipgate shop_v6 { type ipv6_addr; flags interval; }",
                "flush set inet ipgate shop_v6",
                "add element inet ipgate shop_v6 { 2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff }",
            ]
        );
        assert!(!ranges("").script("ipgate", "shop").contains("element"));
    }

    #[test]
    fn everyone_is_every_address_of_both() {
        let everyone = Ranges::of(&spans(&Table::from_policy(&Policy::new())));
        assert_eq!(everyone.v4.iter().map(element).collect::<Vec<_>>(), ["0.0.0.0-255.255.255.255"]);
        assert_eq!(
            everyone.v6.iter().map(element).collect::<Vec<_>>(),
            ["::-::fffe:ffff:ffff", "::1:0:0:0-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]
        );
    }

    /// As nft 1.0.6 lists a set.
    #[test]
    fn what_is_listed_is_read() {
        let listed = |elements: &str| {
            format!(
                r#"{{"nftables": [{{"metainfo": {{"version": "1.0.6"}}}}, {{"set": {{"family": "inet", "name": "shop_v4", "table": "ipgate", "type": "ipv4_addr", "handle": 1, "flags": ["interval"]{elements}}}}}]}}"#
            )
        };
        let read = |elements: &str| read(Family::V4, listed(elements).as_bytes());
        let texts = |ranges: Vec<(IpAddr, IpAddr)>| ranges.iter().map(element).collect::<Vec<_>>();
        let several = r#", "elem": ["1.2.3.4", {"range": ["10.0.0.0", "10.0.2.255"]}, {"prefix": {"addr": "192.0.2.0", "len": 25}}, {"elem": {"val": {"range": ["192.0.2.128", "192.0.2.130"]}, "comment": "x"}}, "255.255.255.255"]"#;
        let expected = ["1.2.3.4", "10.0.0.0-10.0.2.255", "192.0.2.0-192.0.2.130", "255.255.255.255"];
        assert_eq!(read(several).map(texts).unwrap(), expected);
        assert_eq!(read(""), Some(Vec::new()));
        assert_eq!(read(r#", "elem": [{"concat": ["1.2.3.4", 80]}]"#), None);
        assert_eq!(read(r#", "elem": [{"elem": {"val": "1.2.3.4", "timeout": 60}}]"#), None);
        assert_eq!(super::read(Family::V6, listed("").as_bytes()), None);
    }
}
