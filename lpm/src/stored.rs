//! A family in an image: 31 sections, the first of which says what the others are. Without prefixes all are empty.
//!
//! ```text
//! 0       bytes of an address, number of prefixes, the codes of the map from 1 up to this one allow (0: the set decides),
//!         0; then for map and set each: engine, width, root bits, names (`draft::Names`)
//! 1..16   the map: root, second, lines, leaves, bases, entries, groups, deep keys, deep codes, deep entries; then tiers,
//!         their filter, pilots, buckets, entries of slots (`exact`)
//! 16..31  the set: the same; all empty where the map decides, too
//! ```

use crate::Key;
use crate::code::Width;
use crate::draft::{Draft, Names};
use crate::engine::Engine;
use crate::image::{Image, ImageError, Sections, ensure};
use crate::view::{Claim, View};
use crate::words::u32_at;
use crate::{bits, deep, direct, flat, front, lines, tiny};

/// How many sections of an image a family takes.
pub const FAMILY_SECTIONS: usize = 1 + 2 * PART;
/// Sections of the map, and of the set.
const PART: usize = 15;
/// Numbers in the first section.
const HEAD: usize = 12;
/// Which of them stands for what.
const KEY_BYTES: usize = 0;
const PREFIXES: usize = 1;
const ALLOWED: usize = 2;
const MAP: usize = 4;
const SET: usize = 8;

/// What says whether an address is allowed.
pub(crate) enum Decider<K> {
    /// The map: its codes from 1 up to this one allow.
    Map(u32),
    /// A structure of decisions.
    Set(Box<Draft<K>>),
}

/// What was proved of a family.
pub(crate) struct Proved<K> {
    pub(crate) prefixes: u32,
    pub(crate) map: View<K>,
    /// What decides, which may be the map once more.
    pub(crate) set: View<K>,
}

/// Adds a family's sections to those of an image.
pub(crate) fn push_family<'a, K: Key + 'a>(
    prefixes: usize,
    mut map: Draft<K>,
    decider: Decider<K>,
    sections: &mut Sections<'a>,
) {
    if prefixes == 0 {
        return (0..FAMILY_SECTIONS).for_each(|_| sections.push_bytes(Vec::new()));
    }
    let names = map.names(true);
    if names == Names::Ranks {
        map.entries = Vec::new();
    }
    let (set, allowed) = match decider {
        Decider::Map(allowed) => (None, allowed),
        Decider::Set(set) => (Some(*set), 0),
    };
    let mut head = vec![0; HEAD];
    head[KEY_BYTES] = K::BYTES as u32;
    head[PREFIXES] = prefixes as u32;
    head[ALLOWED] = allowed;
    let mut describe = |at: usize, draft: &Draft<K>, names: Names| {
        let part = [draft.engine.tag(), draft.width.shift, draft.root_bits, names.tag()];
        head[at..at + part.len()].copy_from_slice(&part);
    };
    describe(MAP, &map, names);
    set.iter().for_each(|set| describe(SET, set, Names::None));
    sections.push_words(head);
    map.push_to(names, sections);
    match set {
        Some(set) => set.push_to(Names::None, sections),
        None => (0..PART).for_each(|_| sections.push_bytes(Vec::new())),
    }
}

/// Bytes of the map, of the set, and of the entry numbers of a family that begins at section `first`.
pub(crate) fn sizes(image: &Image, first: usize) -> (usize, usize, usize) {
    let of = |part: usize| {
        image.sections::<PART>(first + 1 + PART * part).map(<[u8]>::len).into_iter().enumerate()
    };
    // Bases, entries, deep entries and entries of slots name entries; the rest answers.
    let named: usize = of(0).filter(|(i, _)| matches!(i, 4 | 5 | 9 | 14)).map(|(_, len)| len).sum();
    let sum = |part: usize| of(part).map(|(_, len)| len).sum::<usize>();
    (sum(0) - named, sum(1), named)
}

/// Proves a family that begins at section `first`.
///
/// This is the only maker of a [`View`]: its invariant holds for arbitrary bytes, after one pass over roots, bases,
/// groups and codes.
pub(crate) fn validate<K: Key>(image: &Image, first: usize) -> Result<Proved<K>, ImageError> {
    let [about, map, set] = match K::BITS {
        32 => ["IPv4 header", "IPv4 map", "IPv4 set"],
        _ => ["IPv6 header", "IPv6 map", "IPv6 set"],
    };
    let [head] = image.sections(first);
    if head.is_empty() {
        let is_empty = image.sections::<FAMILY_SECTIONS>(first).iter().all(|section| section.is_empty());
        ensure(is_empty, about, "it is missing")?;
        let nothing = View::of(&Claim::nothing(), None);
        return Ok(Proved { prefixes: 0, map: nothing.clone(), set: nothing });
    }
    let number = |at: usize| u32_at(head, 4 * at);
    ensure(head.len() == 4 * HEAD, about, "it is cut")?;
    ensure(number(KEY_BYTES) as usize == K::BYTES, about, "it is of the other family")?;
    let part = |place: &'static str, at: usize, first: usize| {
        let damaged = |what| ImageError::damaged(place, what);
        let [
            root,
            second,
            lines,
            leaves,
            bases,
            entries,
            groups,
            deep_keys,
            deep_codes,
            deep_entries,
            tiers,
            filter,
            pilots,
            buckets,
            slot_entries,
        ] = image.sections::<PART>(first);
        let shift = number(at + 1);
        ensure(shift <= 2, place, "a code width is unknown")?;
        let claim = Claim {
            place,
            engine: Engine::from_tag(number(at)).ok_or(damaged("its engine is unknown"))?,
            width: Width { shift },
            root_bits: number(at + 2),
            names: Names::from_tag(number(at + 3)).ok_or(damaged("how it names entries is unknown"))?,
            decides: at == SET,
            root,
            second,
            lines,
            leaves,
            bases,
            entries,
            groups,
            deep_keys,
            deep_codes,
            deep_entries,
            tiers,
            filter,
            pilots,
            buckets,
            slot_entries,
        };
        // Only the map is asked for entries.
        claim.ensure(claim.names != Names::None || claim.decides, "it names no entries")?;
        prove::<K>(&claim)?;
        let exact = front::validate(&claim)?;
        Ok(View::of(&claim, exact))
    };
    let (map, prefixes) = (part(map, MAP, first + 1)?, number(PREFIXES));
    let set = match number(ALLOWED) {
        0 => part(set, SET, first + 1 + PART)?,
        allowed => View { allowed, ..map.clone() },
    };
    Ok(Proved { prefixes, map, set })
}

/// Proves a claim, each engine in its room.
fn prove<K: Key>(claim: &Claim<'_>) -> Result<(), ImageError> {
    deep::validate::<K>(claim)?;
    let ranked = matches!(claim.engine, Engine::Lines | Engine::Narrow);
    claim.ensure(claim.names != Names::Ranks || ranked, "its entries have no ranks")?;
    match claim.engine {
        Engine::Tiny => tiny::validate::<K>(claim),
        Engine::Lines | Engine::Narrow => lines::validate::<K>(claim),
        Engine::Flat => flat::validate::<K>(claim),
        Engine::Bits => bits::validate::<K>(claim),
        Engine::Direct => direct::validate::<K>(claim),
    }
}
