//! Chooses the engines of a list and builds its structures.

use crate::code::{LINE, MAX_VALUE, NO_CODE, Width};
use crate::draft::{Draft, Source};
use crate::image::Sections;
use crate::lines::NARROW_ROOT;
use crate::stored::{Decider, push_family};
use crate::sweep::{Boundaries, MAX_PREFIXES, NO_ENTRY, Prefix, sweep};
use crate::{Engine, Key, SimdLevel, bits, direct, exact, flat, lines, tiny};

/// How to build. The default lets the list decide.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Engine of `lookup` and `matched`; not [`Engine::Bits`].
    pub map_engine: Option<Engine>,
    /// Engine of `is_allowed`.
    pub set_engine: Option<Engine>,
    /// Whether the prefixes of the commonest lengths, hosts above all, go into hash tables that are asked before the map
    /// and the set. By default they do unless an engine is forced.
    pub tiers: Option<bool>,
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

/// A compiled list on its way into an image.
pub struct FamilyDraft<K: Key> {
    prefixes: usize,
    map: Draft<K>,
    decider: Decider<K>,
}

impl<K: Key> FamilyDraft<K> {
    /// Compiles a list with the engines that suit it. O(n) for n prefixes.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names the prefix that cannot be taken.
    pub fn new(list: &[Prefix<K>]) -> Result<Self, BuildError> {
        Self::with(list, Options::default())
    }

    /// Compiles a list with forced engines.
    ///
    /// # Errors
    ///
    /// As [`FamilyDraft::new`], and where the forced engine cannot hold the list.
    pub fn with(list: &[Prefix<K>], options: Options) -> Result<Self, BuildError> {
        let greatest = check(list)?;
        // A forced engine takes the whole list.
        let forced = options.map_engine.is_some() || options.set_engine.is_some();
        let split = match options.tiers {
            Some(true) => exact::split(list, true),
            None if !forced => exact::split(list, false),
            _ => None,
        };
        let (tiers, rest) = split.unwrap_or_default();
        let named = if tiers.is_empty() { sweep(list) } else { sweep_of(list, &rest) };
        let code = |&entry: &u32| if entry == NO_ENTRY { NO_CODE } else { list[entry as usize].value + 1 };
        let codes: Vec<u32> = named.entries.iter().map(code).collect();
        let src = Source::new(&named, &codes, Width::for_max(greatest), true);
        let engine = options.map_engine.unwrap_or_else(|| choose(&src, false));
        if engine == Engine::Bits {
            return Err(BuildError::Engine(engine));
        }
        let mut map = draft(engine, &src)?;
        let decision = |entry: u32| u32::from(entry != NO_ENTRY && list[entry as usize].allow);
        // Where next to nothing is merged, the map decides as fast, and a second structure would be a copy of it: of its
        // tiers in any case. So does a map of a few entries that takes as many comparisons as the set would.
        let mostly_tiers = !tiers.is_empty() && 2 * rest.len() <= list.len();
        let alike = || {
            let merged = named.merged_len(decision);
            let is_as_tiny = engine == Engine::Tiny && tiny::is_as_fast(map.width, named.len(), merged);
            mostly_tiers || is_as_tiny || choose(&src, true) == engine && 4 * merged >= 3 * named.len()
        };
        let decider = match allowed_codes(list).filter(|_| options.set_engine.is_none() && alike()) {
            Some(allowed) => Decider::Map(allowed),
            None => {
                let merged = named.merged(decision);
                let decisions = Source::new(&merged, &merged.entries, Width { shift: 0 }, false);
                let engine = options.set_engine.unwrap_or_else(|| choose(&decisions, true));
                let mut set = draft(engine, &decisions)?;
                set.tiers = tiers.recoded::<K>(|place| u32::from(list[place].allow));
                Decider::Set(Box::new(set))
            }
        };
        map.tiers = tiers;
        Ok(FamilyDraft { prefixes: list.len(), map, decider })
    }

    /// Adds its [`FAMILY_SECTIONS`](crate::FAMILY_SECTIONS) sections to those of an image.
    pub fn push_to<'a>(self, sections: &mut Sections<'a>)
    where
        K: 'a,
    {
        push_family(self.prefixes, self.map, self.decider, sections);
    }
}

/// The boundaries of the prefixes at some places of a list.
fn sweep_of<K: Key>(list: &[Prefix<K>], places: &[u32]) -> Boundaries<K> {
    let rest: Vec<Prefix<K>> = places.iter().map(|&place| list[place as usize]).collect();
    let mut boundaries = sweep(&rest);
    for entry in &mut boundaries.entries {
        *entry = places.get(*entry as usize).copied().unwrap_or(NO_ENTRY);
    }
    boundaries
}

/// The greatest code of a list that can be taken.
fn check<K: Key>(list: &[Prefix<K>]) -> Result<u32, BuildError> {
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
    Ok(greatest)
}

/// The greatest code that allows, where the ones up to it are those that do.
fn allowed_codes<K>(list: &[Prefix<K>]) -> Option<u32> {
    if list.is_empty() {
        return Some(1); // which nothing has
    }
    let greatest = list.iter().filter(|p| p.allow).map(|p| p.value).max()?;
    let least_denied = list.iter().filter(|p| !p.allow).map(|p| p.value).min();
    least_denied.is_none_or(|denied| greatest < denied).then_some(greatest + 1)
}

/// The engine for a list: the smallest structure that is exact enough.
fn choose<K: Key>(src: &Source<'_, K>, decisions: bool) -> Engine {
    let boundaries = src.len() - 1;
    if tiny::holds(src) {
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
        Engine::Tiny if tiny::holds(src) => Ok(tiny::build(src)),
        Engine::Lines => Ok(lines::build(engine, src)),
        Engine::Narrow if K::BITS == 32 => Ok(lines::build(engine, src)),
        Engine::Flat if K::BITS == 32 => Ok(flat::build(src)),
        Engine::Bits if K::BITS == 32 => Ok(bits::build(src)),
        // With codes of four bytes it would take 68 MB, which no cache holds.
        Engine::Direct if K::BITS == 32 && src.width.shift < 2 => Ok(direct::build(src)),
        _ => Err(BuildError::Engine(engine)),
    }
}
