//! A structure in an image: as the image claims it, and as the kernels see it once the claim is proved.

use std::sync::Arc;

use crate::Key;
use crate::code::{DECISIONS_ALLOWED, Width};
use crate::draft::Names;
use crate::engine::Engine;
use crate::exact::Exact;
use crate::image::{ImageError, ensure};
use crate::unchecked::Unchecked;
use crate::words::words;

/// What an image says of one structure, of which nothing is believed yet.
pub(crate) struct Claim<'i> {
    /// The part of the image, for errors.
    pub(crate) place: &'static str,
    pub(crate) engine: Engine,
    pub(crate) width: Width,
    pub(crate) root_bits: u32,
    pub(crate) names: Names,
    /// Whether it is a set, whose codes are 0 (deny) and 1 (allow).
    pub(crate) decides: bool,
    pub(crate) root: &'i [u8],
    pub(crate) second: &'i [u8],
    pub(crate) lines: &'i [u8],
    pub(crate) leaves: &'i [u8],
    pub(crate) bases: &'i [u8],
    pub(crate) entries: &'i [u8],
    pub(crate) groups: &'i [u8],
    pub(crate) deep_keys: &'i [u8],
    pub(crate) deep_codes: &'i [u8],
    pub(crate) deep_entries: &'i [u8],
    pub(crate) tiers: &'i [u8],
    pub(crate) filter: &'i [u8],
    pub(crate) pilots: &'i [u8],
    pub(crate) buckets: &'i [u8],
    pub(crate) slot_entries: &'i [u8],
}

impl Claim<'_> {
    /// That there is nothing at all.
    pub(crate) fn nothing() -> Self {
        Claim {
            place: "no prefixes",
            engine: Engine::Tiny,
            width: Width { shift: 0 },
            root_bits: 0,
            names: Names::Words,
            decides: false,
            root: &[],
            second: &[],
            lines: &[],
            leaves: &[],
            bases: &[],
            entries: &[],
            groups: &[],
            deep_keys: &[],
            deep_codes: &[],
            deep_entries: &[],
            tiers: &[],
            filter: &[],
            pilots: &[],
            buckets: &[],
            slot_entries: &[],
        }
    }

    /// `Ok` where something is sound, and the damage otherwise.
    pub(crate) fn ensure(&self, sound: bool, what: &'static str) -> Result<(), ImageError> {
        ensure(sound, self.place, what)
    }

    /// The greatest code that a builder writes, apart from the escape of a structure that has escapes. What no builder
    /// writes is refused: lookups are then free to tell the codes that they expect apart in whatever way is fastest.
    pub(crate) fn greatest_code(&self) -> u32 {
        if self.decides { DECISIONS_ALLOWED } else { self.width.mask() - 1 }
    }

    /// Whether the codes of few keys, each with its entry, all say that there is no prefix.
    fn has_no_codes(&self) -> bool {
        let width = 1 << self.width.shift;
        self.leaves.chunks(2 * width).all(|pair| pair.iter().take(width).all(|byte| *byte == 0))
    }

    /// Proves that all of these are codes of values or decisions.
    pub(crate) fn ensure_codes(&self, mut codes: impl Iterator<Item = u32>) -> Result<(), ImageError> {
        let greatest = self.greatest_code();
        self.ensure(codes.all(|code| code <= greatest), "it has a code that stands for nothing")
    }
}

/// Sections of a structure with what the kernels need beside them.
///
/// Invariant (proved by the `validate` of the engine's room before a view is made, and upheld because images are
/// immutable): every load that a kernel of the engine does, for any address whatever, lies inside the image.
#[derive(Clone, Debug)]
pub(crate) struct View<K> {
    pub(crate) engine: Engine,
    pub(crate) width: Width,
    /// What shifts the root's bits down: those of an address for IPv4, of its upper half for IPv6.
    pub(crate) root_shift: u32,
    /// `Lines`: bits that index the root. `Tiny`: bits of a key.
    pub(crate) root_bits: u32,
    /// One bit for each key of a line.
    pub(crate) key_mask: u32,
    /// Where the codes of a line begin.
    pub(crate) code_at: u32,
    /// Bits of the codes of a line that stand before another.
    pub(crate) code_bits: u32,
    /// Mask of a code, which is also the escape code.
    pub(crate) escape: u32,
    /// `Flat`: how far a four-byte load that ends with a code is to be shifted down.
    pub(crate) code_drop: u32,
    /// `Lines`: number of the last line.
    pub(crate) last_line: u32,
    /// `Lines` of IPv6: whether a slot has separator lines.
    pub(crate) has_separators: bool,
    /// `Tiny`: number of groups of eight keys.
    pub(crate) tiny_groups: u32,
    /// Number of deep groups.
    pub(crate) groups_len: u32,
    /// How entries are named.
    pub(crate) names: Names,
    /// The codes from 1 up to this one allow; no other does.
    pub(crate) allowed: u32,
    pub(crate) root: Unchecked<u32>,
    pub(crate) second: Unchecked<u32>,
    pub(crate) lines: Unchecked<u8>,
    pub(crate) leaves: Unchecked<u8>,
    pub(crate) bases: Unchecked<u32>,
    pub(crate) entries: Unchecked<u32>,
    pub(crate) groups: Unchecked<u32>,
    pub(crate) deep_keys: Unchecked<K>,
    pub(crate) deep_codes: Unchecked<u32>,
    pub(crate) deep_entries: Unchecked<u32>,
    /// Whether the engine holds no prefix.
    pub(crate) is_empty: bool,
    /// What is asked before the engine, if anything. Beside the view, because few lists have it and views are many.
    pub(crate) exact: Option<Arc<Exact<K>>>,
}

impl<K: Key> View<K> {
    /// The view of a claim that the engine's room has proved, and of its tiers, which are proved as well.
    pub(crate) fn of(claim: &Claim<'_>, exact: Option<Exact<K>>) -> View<K> {
        let Claim { engine, width, root_bits, names, .. } = *claim;
        let cap = width.cap(engine.key_bytes());
        View {
            engine,
            width,
            root_shift: K::BITS.min(64).saturating_sub(root_bits),
            root_bits,
            key_mask: (1 << cap) - 1,
            code_at: (engine.key_bytes() * cap) as u32,
            code_bits: ((8 * cap) << width.shift) as u32,
            escape: width.mask(),
            code_drop: 32 - (8 << width.shift),
            last_line: (claim.lines.len() / crate::code::LINE).saturating_sub(1) as u32,
            // 31 says that no prefix covers the slot.
            has_separators: words(claim.second).any(|slot| (1..31).contains(&(slot & 31))),
            tiny_groups: (claim.lines.len() / (root_bits as usize).max(1)) as u32,
            groups_len: (claim.groups.len() / 4).saturating_sub(1) as u32,
            names,
            allowed: DECISIONS_ALLOWED,
            root: Unchecked::new(claim.root),
            second: Unchecked::new(claim.second),
            lines: Unchecked::new(claim.lines),
            leaves: Unchecked::new(claim.leaves),
            bases: Unchecked::new(claim.bases),
            entries: Unchecked::new(claim.entries),
            groups: Unchecked::new(claim.groups),
            deep_keys: Unchecked::new(claim.deep_keys),
            deep_codes: Unchecked::new(claim.deep_codes),
            deep_entries: Unchecked::new(claim.deep_entries),
            is_empty: engine == Engine::Tiny && claim.has_no_codes(),
            exact: exact.map(Arc::new),
        }
    }
}
