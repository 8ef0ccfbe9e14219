//! One address family compiled for longest-prefix match: the structure behind [`crate::Table`], for those who
//! bring prefixes and values of their own.
//!
//! A list becomes boundaries (`sweep`), the boundaries become two structures (`lines`, `flat`, `part`): the map
//! answers "which value" and "which entry", the set answers "allowed or not" with neighbours of equal decision
//! merged. Both are sections of one flat image (`image`), which is proved sound before anything is looked up in
//! it; `kernel` does the lookups over a `view` of it, in a version for each instruction set (`simd`, `gather`).

mod aligned;
mod bits;
mod flat;
#[cfg(target_arch = "x86_64")]
mod gather;
mod image;
mod kernel;
mod key;
mod lines;
mod part;
mod records;
mod simd;
mod sweep;
mod trace;
mod view;

use std::ops::Range;
use std::sync::Arc;

pub(crate) use aligned::{Aligned, Words, huge_vec};
use bits::build_bits;
use flat::build_flat;
use image::Decider;
pub use image::ImageError;
use kernel::{Kernels, kernels};
pub use key::Key;
use lines::build_lines;
pub use part::Engine;
use part::{Draft, LINE, NARROW_ROOT, NO_CODE, Source, TINY_KEYS, Width, build_tiny};
pub use simd::SimdLevel;
pub use sweep::Prefix;
pub(crate) use sweep::{MAX_PREFIXES, sorted_places};
use sweep::{NO_ENTRY, sweep};
use view::View;

/// The greatest value a prefix may have: two codes are kept for "no match"
/// and "look deeper".
pub const MAX_VALUE: u32 = u32::MAX - 2;

/// What [`Family::lookup_batch`] writes where no prefix covers an address.
pub const NO_MATCH: u32 = u32::MAX;

/// How to build. The default lets the list decide.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Engine of `lookup` and `matched`; not [`Engine::Bits`].
    pub map_engine: Option<Engine>,
    /// Engine of `is_allowed`.
    pub set_engine: Option<Engine>,
    /// Instruction set of the kernels, at most what the machine has.
    pub level: Option<SimdLevel>,
}

/// Why a list was not built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// More prefixes than a table takes.
    TooMany,
    /// A prefix at this place is longer than an address.
    Length(usize),
    /// A value at this place is greater than [`MAX_VALUE`].
    Value(usize),
    /// The forced engine cannot hold the list.
    Engine(Engine),
}

impl std::fmt::Display for BuildError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BuildError::TooMany => write!(f, "there are more than {MAX_PREFIXES} prefixes"),
            BuildError::Length(at) => write!(f, "prefix {at} is longer than an address"),
            BuildError::Value(at) => write!(f, "the value of prefix {at} is above {MAX_VALUE}"),
            BuildError::Engine(e) => write!(f, "the engine {e:?} cannot hold this list"),
        }
    }
}

impl std::error::Error for BuildError {}

/// An immutable table of prefixes, compiled for longest-prefix match.
#[derive(Clone)]
pub struct Family<K: Key> {
    map: View<K>,
    set: View<K>,
    map_kernels: Kernels<K, u32>,
    set_kernels: Kernels<K, bool>,
    level: SimdLevel,
    entries: usize,
    /// What the views point into; never changed, so that they stay valid.
    image: Arc<Aligned>,
    /// The family's part of it.
    range: Range<usize>,
}

impl<K: Key> std::fmt::Debug for Family<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Family")
            .field("entries", &self.entries)
            .field("map", &self.map.engine)
            .field("set", &self.set.engine)
            .field("level", &self.level)
            .field("bytes", &self.image().len())
            .finish()
    }
}

impl<K: Key> Family<K> {
    /// Compiles a list. Of equal prefixes the later one wins. O(n) for n prefixes.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names the prefix that cannot be taken.
    ///
    /// ```
    /// use ipgate::family::{Family, Prefix};
    /// let office = Prefix { key: 0x0a00_0100_u32, len: 24, allow: true, value: 7 };
    /// let family = Family::build(&[office])?;
    /// assert_eq!(family.lookup(0x0a00_0107), Some(7));
    /// assert!(!family.is_allowed(0x0a00_0207));
    /// # Ok::<(), ipgate::family::BuildError>(())
    /// ```
    pub fn build(list: &[Prefix<K>]) -> Result<Self, BuildError> {
        Self::build_with(list, Options::default())
    }

    /// Compiles a list with forced engines or instruction set.
    ///
    /// # Errors
    ///
    /// As [`Family::build`], and where the forced engine cannot hold the list.
    pub fn build_with(list: &[Prefix<K>], options: Options) -> Result<Self, BuildError> {
        let draft = FamilyDraft::with(list, options)?;
        let mut image = Aligned::new(draft.len());
        draft.write(image.bytes_mut());
        let whole = 0..image.bytes().len();
        Ok(Self::open(&Arc::new(image), whole, options.level)
            .expect("an image that was just written is sound"))
    }

    /// Takes an image that [`Family::image`] gave. Everything the unchecked lookups rely on is verified; a
    /// damaged image may give wrong answers (protect it with a checksum), never a fault.
    ///
    /// # Errors
    ///
    /// [`ImageError`] says what is wrong.
    pub fn from_image(bytes: &[u8]) -> Result<Self, ImageError> {
        let mut image = Aligned::new(bytes.len());
        image.bytes_mut().copy_from_slice(bytes);
        Self::open(&Arc::new(image), 0..bytes.len(), None)
    }

    /// The family whose image is `range` of a larger one, which it keeps alive.
    pub(crate) fn open(
        image: &Arc<Aligned>,
        range: Range<usize>,
        level: Option<SimdLevel>,
    ) -> Result<Self, ImageError> {
        let (entries, [map, set]) = image::validate(image.bytes().get(range.clone()).unwrap_or_default())?;
        let level = SimdLevel::usable(level);
        Ok(Family {
            map_kernels: kernels(map.engine, level),
            set_kernels: kernels(set.engine, level),
            map,
            set,
            level,
            entries,
            image: Arc::clone(image),
            range,
        })
    }

    /// The table as bytes, the same on every machine.
    pub fn image(&self) -> &[u8] {
        self.image.bytes().get(self.range.clone()).unwrap_or_default()
    }

    /// The same table with the kernels of another instruction set.
    pub fn at_level(&self, level: SimdLevel) -> Self {
        let level = SimdLevel::usable(Some(level));
        Family {
            map_kernels: kernels(self.map.engine, level),
            set_kernels: kernels(self.set.engine, level),
            level,
            ..self.clone()
        }
    }

    /// The value of the longest match.
    #[inline]
    pub fn lookup(&self, address: K) -> Option<u32> {
        // SAFETY: the kernel fits the view, whose invariant was validated.
        let code = unsafe { (self.map_kernels.one)(&self.map, address) };
        code.checked_sub(1)
    }

    /// Whether the longest match allows the address.
    #[inline]
    pub fn is_allowed(&self, address: K) -> bool {
        // SAFETY: as in `lookup`.
        unsafe {
            // The common engine of large lists needs no instruction set, so
            // it is worth a branch to have it inlined.
            if self.set.engine == Engine::Bits {
                return kernel::bits(&self.set, address) != NO_CODE;
            }
            (self.set_kernels.one)(&self.set, address).wrapping_sub(1) < self.set.allowed
        }
    }

    /// Place in the list of the longest match.
    #[inline]
    pub fn matched(&self, address: K) -> Option<usize> {
        // SAFETY: as in `lookup`; the map keeps entries.
        let entry = unsafe { (self.map_kernels.entry)(&self.map, address) } as usize;
        (entry < self.entries).then_some(entry)
    }

    /// The values of many addresses; [`NO_MATCH`] where there is none.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn lookup_batch(&self, addresses: &[K], values: &mut [u32]) {
        assert_eq!(addresses.len(), values.len(), "one value for each address");
        // SAFETY: as in `lookup`; equal lengths.
        unsafe { (self.map_kernels.many)(&self.map, addresses, values) }
    }

    /// The decisions of many addresses.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn are_allowed(&self, addresses: &[K], allowed: &mut [bool]) {
        assert_eq!(addresses.len(), allowed.len(), "one decision for each address");
        // SAFETY: as in `lookup_batch`.
        unsafe { (self.set_kernels.many)(&self.set, addresses, allowed) }
    }

    /// Number of prefixes in the list.
    pub fn len(&self) -> usize {
        self.entries
    }

    /// Whether the list was empty.
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Bytes of the structures behind `lookup` and `is_allowed`, and of the
    /// entry numbers that only `matched` (and the way to an escape) reads.
    pub fn bytes(&self) -> (usize, usize, usize) {
        image::sizes(self.image())
    }

    /// Number of distinct 64-byte lines of the image that a lookup of
    /// `address` reads: `is_allowed` if `decision`, else `lookup`.
    pub fn cache_lines(&self, address: K, decision: bool) -> usize {
        let view = if decision { &self.set } else { &self.map };
        trace::lines_read(view, self.image(), address)
    }

    /// The engines of `lookup` and `is_allowed`.
    pub fn engines(&self) -> (Engine, Engine) {
        (self.map.engine, self.set.engine)
    }

    /// The instruction set of the kernels.
    pub fn level(&self) -> SimdLevel {
        self.level
    }
}

/// A compiled family on its way into an image.
pub(crate) struct FamilyDraft<K: Key>(image::Parts<K>);

impl<K: Key> FamilyDraft<K> {
    /// Compiles a list with the engines that suit it.
    pub(crate) fn new(list: &[Prefix<K>]) -> Result<Self, BuildError> {
        Self::with(list, Options::default())
    }

    fn with(list: &[Prefix<K>], options: Options) -> Result<Self, BuildError> {
        if list.len() > MAX_PREFIXES {
            return Err(BuildError::TooMany);
        }
        let mut greatest = 0;
        for (place, p) in list.iter().enumerate() {
            if u32::from(p.len) > K::BITS {
                return Err(BuildError::Length(place));
            }
            if p.value > MAX_VALUE {
                return Err(BuildError::Value(place));
            }
            greatest = greatest.max(p.value + 1);
        }
        let named = sweep(list);
        let code = |&entry: &u32| if entry == NO_ENTRY { NO_CODE } else { list[entry as usize].value + 1 };
        let codes: Vec<u32> = named.entries.iter().map(code).collect();
        let src = Source::new(&named, &codes, Width::for_max(greatest), true);
        let engine = options.map_engine.unwrap_or_else(|| choose(&src, false));
        if engine == Engine::Bits {
            return Err(BuildError::Engine(engine));
        }
        let map = draft(engine, &src)?;
        let decision = |entry: u32| u32::from(entry != NO_ENTRY && list[entry as usize].allow);
        // Where next to nothing is merged, the map decides as fast, and a second structure would be a copy of it.
        let alike = || choose(&src, true) == engine && 4 * named.merged_len(decision) >= 3 * named.len();
        let decider = match allowed_codes(list).filter(|_| options.set_engine.is_none() && alike()) {
            Some(allowed) => Decider::Map(allowed),
            None => {
                let merged = named.merged(decision);
                let decisions = Source::new(&merged, &merged.entries, Width { shift: 0 }, false);
                let engine = options.set_engine.unwrap_or_else(|| choose(&decisions, true));
                Decider::Set(Box::new(draft(engine, &decisions)?))
            }
        };
        Ok(FamilyDraft(image::Parts::new(list.len(), map, decider)))
    }

    /// Bytes of its image.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Writes its image into zeroed bytes, as many as [`FamilyDraft::len`] said.
    pub(crate) fn write(self, out: &mut [u8]) {
        self.0.write(out);
    }
}

/// The greatest code that allows, where the ones up to it are those that do.
fn allowed_codes<K>(list: &[Prefix<K>]) -> Option<u32> {
    let greatest = list.iter().filter(|p| p.allow).map(|p| p.value).max()?;
    let least_denied = list.iter().filter(|p| !p.allow).map(|p| p.value).min();
    least_denied.is_none_or(|denied| greatest < denied).then_some(greatest + 1)
}

/// The engine for a list: the smallest structure that is exact enough.
fn choose<K: Key>(src: &Source<'_, K>, decisions: bool) -> Engine {
    let boundaries = src.len() - 1;
    if boundaries <= TINY_KEYS {
        return Engine::Tiny;
    }
    if K::BITS == 32 {
        // The flat engines see one /24 at a time: they need a list whose
        // boundaries lie between /24s, all but one in sixteen.
        let fine = src.starts.iter().filter(|s| s.window() & 255 != 0).count();
        let lines = boundaries * LINE / src.width.cap(Engine::Lines.key_bytes()) * 5 / 4;
        let flat = (4 << 18) + boundaries + (boundaries << src.width.shift);
        let enough = if decisions { boundaries >= 1 << 14 } else { lines > flat };
        if enough && fine <= boundaries / 16 {
            return if decisions { Engine::Bits } else { Engine::Flat };
        }
        // Narrow lines are not shared beyond the addresses that agree in sixteen bits, of which the last line is
        // half empty: they suit lists that have many boundaries there.
        let blocks = src.starts.chunk_by(|a, b| a.window() >> 16 == b.window() >> 16).count();
        let narrow = blocks / 2 + boundaries / src.width.cap(Engine::Narrow.key_bytes());
        if boundaries >= 1 << NARROW_ROOT && narrow < boundaries / src.width.cap(Engine::Lines.key_bytes()) {
            return Engine::Narrow;
        }
    }
    Engine::Lines
}

fn draft<K: Key>(engine: Engine, src: &Source<'_, K>) -> Result<Draft<K>, BuildError> {
    match engine {
        Engine::Tiny if src.len() - 1 <= TINY_KEYS => Ok(build_tiny(src)),
        Engine::Lines => Ok(build_lines(engine, src)),
        Engine::Narrow if K::BITS == 32 => Ok(build_lines(engine, src)),
        Engine::Flat if K::BITS == 32 => Ok(build_flat(src)),
        Engine::Bits if K::BITS == 32 => Ok(build_bits(src)),
        _ => Err(BuildError::Engine(engine)),
    }
}
