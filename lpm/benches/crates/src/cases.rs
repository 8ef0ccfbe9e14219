//! The cases of the benchmark, as data.

use ipgate_lpm::Prefix;

use crate::lists::{self, Places, labelled};
use crate::mixes::Mix;
use crate::mixes::Mix::{Drawn, Near, NearZipf, Uniform, Zipf};
use crate::routes::{Routes, thinned};

/// What lists are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Of a routing table, each prefix with one of so many values.
    Routes(u32),
    /// Networks of one length anywhere.
    Random(u8),
    /// Networks of one length in clusters.
    Clustered(u8),
    /// Hosts, networks, wide ones and exceptions.
    Mixed,
    /// Networks, exceptions in them, hosts in those.
    Nested,
}

/// Values of lists that have labels.
const LABELS: u32 = 100;

/// Cases that differ in their size.
pub struct Group {
    /// What the names of its cases begin with: the family, and what the lists are.
    pub name: &'static str,
    /// A sentence's worth of what the lists are.
    pub about: &'static str,
    /// What its lists are made of.
    pub shape: Shape,
    /// The sizes, with their names.
    pub sizes: &'static [(&'static str, usize)],
    /// Who asks.
    pub mixes: &'static [Mix],
}

type Sizes = &'static [(&'static str, usize)];
const PARTS: Sizes = &[("10", 10), ("100", 100), ("1k", 1000), ("100k", 100_000), ("full", usize::MAX)];
const FULL: Sizes = &[("full", usize::MAX)];
const SIZES: Sizes = &[("10", 10), ("1k", 1000), ("100k", 100_000), ("1m", 1_000_000)];

const ROUTED: &[Mix] = &[Uniform, Drawn, Zipf];
const LISTED: &[Mix] = &[Drawn, Zipf, Near, NearZipf];
const ANY: &[Mix] = &[Uniform, Drawn, Zipf, Near, NearZipf];

/// Every case.
#[rustfmt::skip]
pub const GROUPS: &[Group] = &[
    group("v4-map", "routing table, 100 values", Shape::Routes(LABELS), PARTS, ROUTED),
    group("v4-set", "routing table, decisions alone", Shape::Routes(1), PARTS, ROUTED),
    group("v4-own", "routing table, a value for every prefix", Shape::Routes(u32::MAX), FULL, ROUTED),
    group("v4-hosts-random", "/32 anywhere", Shape::Random(32), SIZES, ANY),
    group("v4-hosts-clustered", "/32 in runs of 1,024 addresses", Shape::Clustered(32), SIZES, ANY),
    group("v4-24-random", "/24 anywhere", Shape::Random(24), SIZES, LISTED),
    group("v4-24-clustered", "/24 in /16s", Shape::Clustered(24), SIZES, LISTED),
    group("v4-mixed", "60 % /32, 30 % /24, 10 % wide, exceptions inside", Shape::Mixed, SIZES, ANY),
    group("v4-nested", "/22, an exception of /27 in it, a /32 in that", Shape::Nested, SIZES, LISTED),
    group("v6-map", "routing table, 100 values", Shape::Routes(LABELS), PARTS, ROUTED),
    group("v6-set", "routing table, decisions alone", Shape::Routes(1), PARTS, ROUTED),
    group("v6-own", "routing table, a value for every prefix", Shape::Routes(u32::MAX), FULL, ROUTED),
    group("v6-hosts-random", "/128 anywhere", Shape::Random(128), SIZES, ANY),
    group("v6-hosts-clustered", "/128 with small host parts in /64s", Shape::Clustered(128), SIZES, ANY),
    group("v6-64-random", "/64 anywhere", Shape::Random(64), SIZES, LISTED),
    group("v6-64-clustered", "/64 in the /48s of a few /32s", Shape::Clustered(64), SIZES, LISTED),
    group("v6-56-random", "/56 anywhere", Shape::Random(56), SIZES, LISTED),
    group("v6-56-clustered", "/56 in the /48s of a few /32s", Shape::Clustered(56), SIZES, LISTED),
    group("v6-mixed", "60 % /128, 30 % /64, 10 % wide, exceptions inside", Shape::Mixed, SIZES, LISTED),
    group("v6-nested", "/48, an exception of /64 in it, a /128 in that", Shape::Nested, SIZES, LISTED),
];

const fn group(
    name: &'static str,
    about: &'static str,
    shape: Shape,
    sizes: Sizes,
    mixes: &'static [Mix],
) -> Group {
    Group { name, about, shape, sizes, mixes }
}

impl Group {
    /// Whether only decisions are asked for: no prefix is labelled.
    #[must_use]
    pub fn decides(&self) -> bool {
        self.shape == Shape::Routes(1)
    }

    /// The name of its case of a size.
    #[must_use]
    pub fn case(&self, size: &str) -> String {
        format!("{}-{size}", self.name)
    }

    /// Its list of `n` entries, at most those of the routing table.
    #[must_use]
    pub fn list<K: Places>(&self, n: usize, routes: &Routes<K>) -> Vec<Prefix<K>> {
        match self.shape {
            Shape::Routes(labels) => {
                let allowed = |(key, len)| (key, len, true);
                labelled(thinned(routes, n).into_iter().map(allowed).collect(), labels)
            }
            Shape::Random(len) => labelled(lists::random(n, len), LABELS),
            Shape::Clustered(len) => labelled(lists::clustered(n, len), LABELS),
            Shape::Mixed => labelled(lists::mixed(n), LABELS),
            Shape::Nested => labelled(lists::nested(n), LABELS),
        }
    }
}

/// The group of a name.
#[must_use]
pub fn group_of(name: &str) -> Option<&'static Group> {
    GROUPS.iter().find(|group| group.name == name)
}
