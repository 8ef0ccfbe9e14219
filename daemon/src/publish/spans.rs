//! Who is let in, as spans of addresses on one line of 128 bits.
//!
//! IPv4 stands on it where IPv6 maps it, `::ffff:0:0/96`, and nothing else does: there is no client there that is not IPv4. So
//! whatever is made of the spans says of every client, in either form, what the table says.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipgate::Table;
use ipgate::ipnet::{IpNet, Ipv6Net, Ipv6Subnets};

/// The first and the last place of IPv4.
const MAPPED: (u128, u128) = (0xffff_0000_0000, 0xffff_ffff_ffff);

/// Addresses that are let in, the first and the last of them included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span<'t> {
    pub(super) first: u128,
    pub(super) last: u128,
    /// Of the entry that lets them in, where that is asked for.
    pub(super) label: Option<&'t str>,
}

/// Everyone whom a table lets in: sorted, apart, and as few as there can be. O(n log n) for n entries.
pub(super) fn spans(table: &Table) -> Vec<Span<'_>> {
    cut(table, false)
}

/// The same, one label a span.
pub(super) fn labelled(table: &Table) -> Vec<Span<'_>> {
    cut(table, true)
}

/// Between two places where a prefix begins or has ended, all clients are decided alike.
fn cut(table: &Table, with_labels: bool) -> Vec<Span<'_>> {
    let mut starts = vec![0, MAPPED.0, MAPPED.1 + 1];
    for entry in table.entries() {
        let (first, last) = ends(entry.prefix());
        starts.extend(Some(first).into_iter().chain(last.checked_add(1)));
    }
    starts.sort_unstable();
    starts.dedup();
    let mut spans: Vec<Span<'_>> = Vec::new();
    let lasts = starts.iter().skip(1).map(|next| next - 1).chain([u128::MAX]);
    for (first, last) in starts.iter().copied().zip(lasts) {
        let decision = table.lookup(Ipv6Addr::from(first).to_canonical());
        if !decision.is_allowed() {
            continue;
        }
        let label = decision.label().filter(|_| with_labels);
        match spans.last_mut().filter(|before| before.last + 1 == first && before.label == label) {
            Some(before) => before.last = last,
            None => spans.push(Span { first, last, label }),
        }
    }
    spans
}

/// The first and the last place of a prefix. One of IPv6 that reaches over those of IPv4 says nothing of them.
fn ends(prefix: IpNet) -> (u128, u128) {
    let place = |address: IpAddr| match address {
        IpAddr::V4(address) => u128::from(address.to_ipv6_mapped()),
        IpAddr::V6(address) => u128::from(address),
    };
    (place(prefix.network()), place(prefix.broadcast()))
}

impl Span<'_> {
    /// The fewest prefixes that make it up.
    pub(super) fn prefixes(self) -> impl Iterator<Item = Ipv6Net> {
        Ipv6Subnets::new(self.first.into(), self.last.into(), 0)
    }

    /// What of it is IPv4: the first and the last.
    pub(super) fn v4(self) -> Option<(Ipv4Addr, Ipv4Addr)> {
        let (first, last) = within(self, MAPPED)?;
        let address = |place: u128| Ipv6Addr::from(place).to_ipv4_mapped();
        address(first).zip(address(last))
    }

    /// What of it is IPv6: before IPv4, and behind it.
    pub(super) fn v6(self) -> impl Iterator<Item = (Ipv6Addr, Ipv6Addr)> {
        let parts = [(0, MAPPED.0 - 1), (MAPPED.1 + 1, u128::MAX)];
        parts
            .into_iter()
            .filter_map(move |part| within(self, part))
            .map(|(first, last)| (first.into(), last.into()))
    }
}

fn within(span: Span<'_>, (first, last): (u128, u128)) -> Option<(u128, u128)> {
    let (first, last) = (first.max(span.first), last.min(span.last));
    (first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ipgate::{List, Policy};

    use super::*;

    fn table(text: &str) -> Table {
        Table::new(&text.parse::<List>().unwrap())
    }

    fn shown(spans: &[Span<'_>]) -> Vec<String> {
        spans
            .iter()
            .flat_map(|span| span.prefixes().map(|prefix| format!("{prefix} {:?}", span.label)))
            .collect()
    }

    #[test]
    fn exceptions_are_cut_out_and_neighbours_are_one() {
        assert_eq!(
            shown(&spans(&table("192.0.2.0/25:a,192.0.2.128/25:b,!192.0.2.64/26,2001:db8::/32"))),
            ["::ffff:192.0.2.0/122 None", "::ffff:192.0.2.128/121 None", "2001:db8::/32 None"]
        );
        assert_eq!(
            shown(&labelled(&table("192.0.2.0/25:a,192.0.2.128/25:b"))),
            ["::ffff:192.0.2.0/121 Some(\"a\")", "::ffff:192.0.2.128/121 Some(\"b\")"]
        );
    }

    #[test]
    fn everyone_is_one_prefix_and_nobody_is_none() {
        let policy = Policy::new();
        assert_eq!(shown(&spans(&Table::from_policy(&policy))), ["::/0 None"]);
        assert!(spans(&Table::from_policy(&policy.with_enforce(true))).is_empty());
        assert!(spans(&table("")).is_empty());
    }

    /// `::/0` is every client of IPv6, and none of IPv4.
    #[test]
    fn the_families_stay_apart() {
        let [all_of_v6, all_of_v4] = ["::/0", "0.0.0.0/0"].map(table);
        let spans = spans(&all_of_v6);
        assert!(spans.iter().all(|span| span.v4().is_none()));
        let v6: Vec<_> =
            spans.iter().flat_map(|span| span.v6()).map(|(first, last)| format!("{first} {last}")).collect();
        assert_eq!(v6, [":: ::fffe:ffff:ffff", "::1:0:0:0 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]);
        assert_eq!(shown(&super::spans(&all_of_v4)), ["::ffff:0.0.0.0/96 None"]);
    }

    /// Random lists with exceptions, and random clients: the spans and the table agree, on the label, too.
    #[test]
    fn they_say_what_the_table_says() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        };
        for round in 0..60 {
            let mut entries = BTreeMap::new();
            for _ in 0..random(60) {
                let (sign, label) = (["", "", "!"][random(3) as usize], random(4));
                let (address, length) = match random(3) {
                    0 => (
                        format!("2001:db8:{:x}::{:x}", random(4), random(9)),
                        [0, 32, 48, 127, 128][random(5) as usize],
                    ),
                    _ => (format!("10.0.{}.{}", random(3), random(256)), random(33)),
                };
                let prefix: IpNet = format!("{address}/{length}").parse().unwrap();
                entries.insert(prefix.trunc(), format!("{sign}{}:l{label}\n", prefix.trunc()));
            }
            let text: String = entries.into_values().collect();
            let table = table(&text);
            let (plain, labelled) = (spans(&table), labelled(&table));
            for _ in 0..3_000 {
                let client: IpAddr = match random(3) {
                    0 => format!("2001:db8:{:x}::{:x}", random(5), random(12)).parse().unwrap(),
                    1 => Ipv4Addr::from(random(1 << 32) as u32).into(),
                    _ => format!("10.0.{}.{}", random(4), random(256)).parse().unwrap(),
                };
                let (place, _) = ends(client.into());
                let find = |spans: &[Span<'_>]| {
                    spans
                        .iter()
                        .find(|span| span.first <= place && place <= span.last)
                        .map(|span| span.label.map(str::to_owned))
                };
                let decision = table.lookup(client);
                let expected = decision.is_allowed().then(|| decision.label().map(str::to_owned));
                assert_eq!(find(&labelled), expected, "round {round}: {client} by\n{text}");
                assert_eq!(find(&plain).is_some(), expected.is_some(), "round {round}: {client} by\n{text}");
            }
            assert!(plain.windows(2).all(|pair| pair[0].last + 1 < pair[1].first));
        }
    }
}
