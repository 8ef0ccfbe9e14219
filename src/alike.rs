//! Whether two lists decide alike: every address, now and later.

use std::time::SystemTime;

use ipnet::IpNet;

use crate::list::{Entry, List};

impl List {
    /// Whether two lists give every address the same verdict, label and expiry, at `now` and at every time after it.
    /// By which prefix they do so makes no difference.
    ///
    /// O(n log n) for n entries of both, and O(d) more an entry for d entries that nest around it and end one after
    /// the other.
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use ipgate::List;
    /// let list: List = "10.0.0.0/8:corp,10.1.0.0/16:corp,10.2.0.0/16".parse()?;
    /// let alike = |text: &str| Ok::<_, ipgate::list::Rejected>(list.decides_as(&text.parse()?, SystemTime::now()));
    /// assert!(alike("10.0.0.0/8:corp,10.2.0.0/16")?);
    /// assert!(!alike("10.0.0.0/8:corp")?, "10.2.0.0/16 has no label");
    /// # Ok::<(), ipgate::list::Rejected>(())
    /// ```
    #[must_use]
    pub fn decides_as(&self, other: &List, now: SystemTime) -> bool {
        let (ours, others) = (stretches(self, now), stretches(other, now));
        ours.iter().zip(&others).all(|(one, other)| one.start == other.start && say_the_same(one, other))
            && ours.len() == others.len()
    }
}

/// What a list says of the addresses from one on, up to the start of the next stretch.
struct Stretch<'l> {
    /// IPv4 addresses are numbers below 2^32; they come before those of IPv6.
    start: (Family, u128),
    /// The entry that decides now, then the one that decides where that has ended, and so on.
    said: Vec<&'l Entry>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    V4,
    V6,
}

fn say_the_same(one: &Stretch<'_>, other: &Stretch<'_>) -> bool {
    let same = |one: &Entry, other: &Entry| {
        one.action() == other.action() && one.label() == other.label() && one.until() == other.until()
    };
    one.said.len() == other.said.len()
        && one.said.iter().zip(&other.said).all(|(one, other)| same(one, other))
}

/// The stretches of both families, neighbours different.
fn stretches(list: &List, now: SystemTime) -> Vec<Stretch<'_>> {
    let mut live: Vec<&Entry> = list.entries().iter().filter(|entry| entry.is_live(now)).collect();
    live.sort_by_key(|entry| entry.prefix()); // those of one prefix keep their order
    let mut walk = Walk::default();
    for same_prefix in live.chunk_by(|one, other| one.prefix() == other.prefix()) {
        walk.enter(same_prefix);
    }
    while walk.leave() {}
    walk.stretches
        .dedup_by(|next, previous| next.start.0 == previous.start.0 && say_the_same(next, previous));
    walk.stretches
}

/// A prefix around the current place, its last address, and what is said inside it.
struct Open<'l> {
    prefix: IpNet,
    last: (Family, u128),
    said: Vec<&'l Entry>,
}

/// One walk over nested prefixes in order.
#[derive(Default)]
struct Walk<'l> {
    open: Vec<Open<'l>>,
    stretches: Vec<Stretch<'l>>,
}

impl<'l> Walk<'l> {
    /// The entries of one prefix, of which the last decides as long as it holds.
    fn enter(&mut self, entries: &[&'l Entry]) {
        let Some(prefix) = entries.first().map(|entry| entry.prefix()) else { return };
        while self.open.last().is_some_and(|outer| !outer.prefix.contains(&prefix)) {
            self.leave();
        }
        let outer = self.open.last().map_or(&[][..], |outer| &outer.said);
        let mut said: Vec<&Entry> = Vec::with_capacity(1);
        for entry in entries.iter().rev().chain(outer) {
            let ends_later = |last: &&Entry| match (last.until(), entry.until()) {
                (Some(last), Some(until)) => until > last,
                (Some(_), None) => true,
                (None, _) => false,
            };
            if said.last().is_none_or(ends_later) {
                said.push(entry);
            }
        }
        let (first, last) = ends(prefix);
        self.say(first, said.clone());
        self.open.push(Open { prefix, last, said });
    }

    /// Goes behind the innermost prefix; false where there is none.
    fn leave(&mut self) -> bool {
        let Some(Open { last: (family, last), .. }) = self.open.pop() else { return false };
        let end = if family == Family::V4 { u32::MAX.into() } else { u128::MAX };
        if last < end {
            let said = self.open.last().map_or_else(Vec::new, |outer| outer.said.clone());
            self.say((family, last + 1), said);
        }
        true
    }

    /// What is said from an address on, in the place of what was said there before.
    fn say(&mut self, start: (Family, u128), said: Vec<&'l Entry>) {
        while self.stretches.last().is_some_and(|last| last.start == start) {
            self.stretches.pop();
        }
        self.stretches.push(Stretch { start, said });
    }
}

/// The first and the last address of a prefix.
fn ends(prefix: IpNet) -> ((Family, u128), (Family, u128)) {
    match prefix {
        IpNet::V4(net) => {
            let number = |address| (Family::V4, u128::from(u32::from(address)));
            (number(net.network()), number(net.broadcast()))
        }
        IpNet::V6(net) => {
            let number = |address: std::net::Ipv6Addr| (Family::V6, address.into());
            (number(net.network()), number(net.broadcast()))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use crate::list::Parser;

    /// 2030-01-01.
    const NOW: u64 = 1_893_456_000;

    fn alike(one: &str, other: &str) -> bool {
        let now = UNIX_EPOCH + Duration::from_secs(NOW);
        let list = |text: &str| Parser::new().at(now).parse(text).unwrap().list;
        let (one, other) = (list(one), list(other));
        assert_eq!(one.decides_as(&other, now), other.decides_as(&one, now));
        one.decides_as(&other, now)
    }

    #[test]
    fn the_prefix_makes_no_difference() {
        for (one, other) in [
            ("", ""),
            ("10.0.0.0/8", "10.0.0.0/9,10.128.0.0/9"),
            ("all", "0.0.0.0/1,128.0.0.0/1,::/1,8000::/1"),
            ("10.0.0.0/8,10.0.0.0/9,10.128.0.0/9", "10.0.0.0/8"),
            ("10.0.0.0/8:a,10.1.0.0/16", "10.1.0.0/16,10.0.0.0/8:a"),
            ("192.0.2.0/24:a,192.0.2.0/24:b", "192.0.2.0/24:b"),
            ("192.0.2.1;until=2029-12-30,::1", "::1"),
            ("255.255.255.255,::", "::/128,255.255.255.255/32"),
            ("10.0.0.0/8:a;until=2031-01-01,10.0.0.0/8:b;until=2032-01-01", "10.0.0.0/8:b;until=2032-01-01"),
        ] {
            assert!(alike(one, other), "{one} {other}");
        }
    }

    #[test]
    fn verdict_label_and_expiry_do() {
        for (one, other) in [
            ("", "10.0.0.0/8"),
            ("", "0.0.0.0/0"),
            ("10.0.0.0/8", "!10.0.0.0/8"),
            ("all", "0.0.0.0/0"),
            ("0.0.0.0", "::"),
            ("10.0.0.0/8", "10.0.0.0/8,11.0.0.0/8"),
            ("10.0.0.0/8:a", "10.0.0.0/8:b"),
            ("10.0.0.0/8:a,10.1.0.0/16", "10.0.0.0/8:a"),
            ("10.0.0.0/8,!10.0.0.0/9", "10.0.0.0/8"),
            ("10.0.0.0/8,10.0.0.0/9;until=2031-01-01", "10.0.0.0/8"),
            ("10.0.0.0/8:b,10.0.0.0/8:a;until=2031-01-01", "10.0.0.0/8:a;until=2031-01-01"),
            (
                "10.0.0.0/8:b,10.0.0.0/9:a;until=2031-01-01,10.0.0.0/9:c",
                "10.0.0.0/8:b,10.0.0.0/9:a;until=2031-01-01",
            ),
        ] {
            assert!(!alike(one, other), "{one} {other}");
        }
    }
}
