//! Address space: which addresses something comes to, and how many.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};

use crate::list::Action;

/// A set of addresses of both families.
///
/// ```
/// use ipgate::{List, Table};
/// let space = |text: &str| Ok::<_, ipgate::list::Rejected>(Table::new(&text.parse::<List>()?).allowed_space());
/// let lost = space("10.0.0.0/8")?.difference(&space("10.0.0.0/9")?);
/// assert_eq!(lost.prefixes().map(|p| p.to_string()).collect::<Vec<_>>(), ["10.128.0.0/9"]);
/// assert_eq!(lost.v4_count().to_string(), "8388608");
/// # Ok::<(), ipgate::list::Rejected>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Space {
    v4: Vec<Span>,
    v6: Vec<Span>,
}

/// First and last address; the spans of a space are sorted, disjoint and not adjacent. IPv4 addresses are
/// numbers below 2^32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    first: u128,
    last: u128,
}

const V4_MAX: u128 = u32::MAX as u128;

impl Space {
    /// Every address of both families.
    #[must_use]
    pub fn everything() -> Space {
        Space { v4: vec![Span { first: 0, last: V4_MAX }], v6: vec![Span { first: 0, last: u128::MAX }] }
    }

    /// What distinct prefixes, sorted, allow by longest match.
    pub(crate) fn allowed(prefixes: impl Iterator<Item = (IpNet, Action)>) -> Space {
        let (mut v4, mut v6) = (Sweep::default(), Sweep::default());
        for (prefix, action) in prefixes {
            let sweep = if matches!(prefix, IpNet::V4(_)) { &mut v4 } else { &mut v6 };
            sweep.enter(span(prefix), action == Action::Allow);
        }
        Space { v4: v4.finish(), v6: v6.finish() }
    }

    /// Puts addresses of one family behind those that are there, all of which come before them.
    pub(crate) fn push(&mut self, first: IpAddr, last: IpAddr) {
        match (first, last) {
            (IpAddr::V4(first), IpAddr::V4(last)) => {
                push(&mut self.v4, Span { first: first.to_bits().into(), last: last.to_bits().into() });
            }
            (IpAddr::V6(first), IpAddr::V6(last)) => {
                push(&mut self.v6, Span { first: first.into(), last: last.into() });
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => {
                debug_assert!(false, "{first} and {last} are of two families");
            }
        }
    }

    /// The addresses of this space that are not in the other.
    #[must_use]
    pub fn difference(&self, other: &Space) -> Space {
        Space { v4: difference(&self.v4, &other.v4), v6: difference(&self.v6, &other.v6) }
    }

    /// Whether there is no address in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// The fewest prefixes that make up the space, IPv4 first.
    pub fn prefixes(&self) -> impl Iterator<Item = IpNet> {
        let v4 = self.v4.iter().flat_map(|span| {
            let address = |number| Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX));
            Ipv4Subnets::new(address(span.first), address(span.last), 0).map(IpNet::V4)
        });
        let v6 = self.v6.iter().flat_map(|span| {
            Ipv6Subnets::new(Ipv6Addr::from(span.first), Ipv6Addr::from(span.last), 0).map(IpNet::V6)
        });
        v4.chain(v6)
    }

    /// The number of IPv4 addresses.
    #[must_use]
    pub fn v4_count(&self) -> AddressCount {
        AddressCount::of(&self.v4)
    }

    /// The number of IPv6 addresses.
    #[must_use]
    pub fn v6_count(&self) -> AddressCount {
        AddressCount::of(&self.v6)
    }
}

/// A number of addresses, from none to 2^128.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressCount(Option<u128>);

impl AddressCount {
    fn of(spans: &[Span]) -> AddressCount {
        let sizes = spans.iter().map(|span| (span.last - span.first).checked_add(1));
        AddressCount(sizes.sum())
    }

    /// The number, or `None` for 2^128, which needs one bit more.
    #[must_use]
    pub fn exact(self) -> Option<u128> {
        self.0
    }

    /// The nearest floating-point number.
    #[must_use]
    pub fn approximate(self) -> f64 {
        self.0.map_or(2f64.powi(128), |count| count as f64)
    }
}

impl fmt::Display for AddressCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(count) => count.fmt(f),
            None => f.write_str("340282366920938463463374607431768211456"),
        }
    }
}

/// Puts a span behind sorted ones that all end before it.
fn push(spans: &mut Vec<Span>, span: Span) {
    match spans.last_mut().filter(|previous| previous.last.checked_add(1) == Some(span.first)) {
        Some(previous) => previous.last = span.last,
        None => spans.push(span),
    }
}

fn span(prefix: IpNet) -> Span {
    match prefix {
        IpNet::V4(net) => {
            Span { first: u32::from(net.network()).into(), last: u32::from(net.broadcast()).into() }
        }
        IpNet::V6(net) => Span { first: net.network().into(), last: net.broadcast().into() },
    }
}

/// Walks nested prefixes in order and collects what is allowed.
#[derive(Default)]
struct Sweep {
    /// Prefixes around the current position, the innermost last.
    open: Vec<(Span, bool)>,
    allowed: Vec<Span>,
    /// The first address whose decision has not been collected.
    position: Option<u128>,
}

impl Sweep {
    fn enter(&mut self, span: Span, allow: bool) {
        while let Some(&(outer, _)) = self.open.last()
            && outer.last < span.first
        {
            self.leave();
        }
        if let Some(before) = span.first.checked_sub(1) {
            self.advance(before);
        }
        self.position = Some(span.first);
        self.open.push((span, allow));
    }

    fn leave(&mut self) {
        if let Some(&(span, _)) = self.open.last() {
            self.advance(span.last);
            self.open.pop();
        }
    }

    /// Collects everything up to `last` under the innermost open prefix.
    fn advance(&mut self, last: u128) {
        let (Some(first), Some(&(_, allow))) = (self.position, self.open.last()) else { return };
        if first > last {
            return;
        }
        if allow {
            push(&mut self.allowed, Span { first, last });
        }
        self.position = last.checked_add(1);
    }

    fn finish(mut self) -> Vec<Span> {
        while !self.open.is_empty() {
            self.leave();
        }
        self.allowed
    }
}

fn difference(from: &[Span], without: &[Span]) -> Vec<Span> {
    let mut rest = Vec::new();
    let mut holes = without.iter().copied().peekable();
    for &span in from {
        let mut first = Some(span.first);
        while let Some(&hole) = holes.peek()
            && hole.first <= span.last
        {
            if let Some(start) = first.filter(|&start| start < hole.first) {
                rest.push(Span { first: start, last: hole.first - 1 });
            }
            first = match first {
                Some(start) if hole.last >= start => hole.last.checked_add(1),
                unchanged => unchanged,
            };
            if hole.last > span.last {
                break; // it may reach into the next span
            }
            holes.next();
        }
        if let Some(start) = first.filter(|&start| start <= span.last) {
            rest.push(Span { first: start, last: span.last });
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{List, Table};

    fn space(text: &str) -> Space {
        Table::new(&text.parse::<List>().unwrap()).allowed_space()
    }

    fn prefixes(space: &Space) -> Vec<String> {
        space.prefixes().map(|prefix| prefix.to_string()).collect()
    }

    #[test]
    fn longest_match_decides_what_is_allowed() {
        assert_eq!(
            prefixes(&space("10.0.0.0/30,!10.0.0.1,!10.0.0.2/31,10.0.0.3")),
            ["10.0.0.0/32", "10.0.0.3/32"]
        );
        assert_eq!(space("all"), Space::everything());
        assert_eq!(
            prefixes(&space("!::/0,8000::/1,!ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"))[0],
            "8000::/2"
        );
        assert_eq!(prefixes(&space("10.0.0.0/25,10.0.0.128/25")), ["10.0.0.0/24"]);
    }

    #[test]
    fn differences() {
        let minus = |a: &str, b: &str| prefixes(&space(a).difference(&space(b)));
        assert_eq!(minus("10.0.0.0/24", "10.0.0.0/25,10.0.0.192/26"), ["10.0.0.128/26"]);
        assert_eq!(minus("10.0.0.0/24,10.0.2.0/24", "10.0.0.0/22"), Vec::<String>::new());
        assert_eq!(minus("10.0.0.0/24,10.0.2.0/24", "10.0.1.0/24"), ["10.0.0.0/24", "10.0.2.0/24"]);
        assert_eq!(minus("all", "0.0.0.0/0"), ["::/0"]);
        assert_eq!(minus("::/0", "8000::/1"), ["::/1"]);
    }

    #[test]
    fn counts_reach_two_to_the_128() {
        assert_eq!(Space::everything().v4_count().exact(), Some(1 << 32));
        assert_eq!(Space::everything().v6_count().to_string(), "340282366920938463463374607431768211456");
        assert_eq!(Space::default().v6_count().exact(), Some(0));
    }
}
