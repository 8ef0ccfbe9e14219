//! The door: one address family compiled for longest-prefix match.

use crate::build::{BuildError, FamilyDraft, Options};
use crate::code::{Answer, DECISIONS_ALLOWED, NO_MATCH};
use crate::dispatch::{Kernels, kernels};
use crate::image::{Contents, Image, NOTE, Sections};
use crate::room::Room;
use crate::stored::{FAMILY_SECTIONS, Proved, sizes, validate};
use crate::view::View;
use crate::{Engine, ImageError, Key, Prefix, SimdLevel, bits, simd};

/// An immutable table of prefixes, compiled for longest-prefix match. Cheap to clone.
///
/// It is `Send` and `Sync`; no lookup allocates, waits, panics or loops on data.
///
/// ```
/// use ipgate_lpm::{Family, Prefix};
/// let office = Prefix { key: 0x0a00_0100_u32, len: 24, allow: true, value: 7 };
/// let family = Family::build(&[office])?;
/// assert_eq!(family.lookup(0x0a00_0107), Some(7));
/// assert!(!family.is_allowed(0x0a00_0207));
/// # Ok::<(), ipgate_lpm::BuildError>(())
/// ```
#[derive(Clone)]
pub struct Family<K: Key> {
    map: View<K>,
    set: View<K>,
    map_kernels: Kernels<K, u32>,
    set_kernels: Kernels<K, bool>,
    level: SimdLevel,
    prefixes: u32,
    /// Whether `set` is of engine `Bits`, with nothing that is asked before.
    is_bits_alone: bool,
    /// What the views point into; never changed, so that they stay valid.
    image: Image,
    /// The first of the family's sections in it.
    first: u32,
}

impl<K: Key> std::fmt::Debug for Family<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Family")
            .field("prefixes", &self.prefixes)
            .field("map", &self.map.engine)
            .field("set", &self.set.engine)
            .field("level", &self.level)
            .field("bytes", &self.bytes())
            .finish()
    }
}

impl<K: Key> Family<K> {
    /// Compiles a list. Of equal prefixes the later one wins. O(n) for n prefixes.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names the prefix that cannot be taken.
    pub fn build(list: &[Prefix<K>]) -> Result<Self, BuildError> {
        Self::build_with(list, Options::default())
    }

    /// Compiles a list with forced engines or instruction set.
    ///
    /// # Errors
    ///
    /// As [`Family::build`], and where the forced engine cannot hold the list.
    pub fn build_with(list: &[Prefix<K>], options: Options) -> Result<Self, BuildError> {
        let mut sections = Sections::new();
        FamilyDraft::with(list, options)?.push_to(&mut sections);
        let image = sections.write(Self::CONTENTS, &[0; NOTE]);
        let family = Self::open(&image, 0).expect("an image that was just written is sound");
        Ok(options.level.map_or(family.clone(), |level| family.at_level(level)))
    }

    const CONTENTS: Contents = if K::BITS == 32 { Contents::V4 } else { Contents::V6 };

    /// Takes an image that [`Family::to_image`] gave, with one copy. Everything that lookups rely on is verified: no
    /// bytes whatever can cause a panic, an access out of bounds or a hang. O(n) for n bytes.
    ///
    /// # Errors
    ///
    /// [`ImageError`] says what is wrong.
    ///
    /// ```
    /// use ipgate_lpm::{Family, Prefix};
    /// let host = Prefix { key: 0x2001_0db8_u128 << 96, len: 128, allow: true, value: 7 };
    /// let image = Family::build(&[host])?.to_image();
    /// assert_eq!(Family::<u128>::from_image(&image)?.lookup(host.key), Some(7));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_image(bytes: &[u8]) -> Result<Self, ImageError> {
        Self::open(&Image::from_bytes(bytes, Self::CONTENTS, FAMILY_SECTIONS)?, 0)
    }

    /// The table as bytes, the same on every machine.
    #[must_use]
    pub fn to_image(&self) -> Vec<u8> {
        self.image.to_bytes(self.image.note())
    }

    /// The family whose sections begin at number `first` of an image, which it keeps alive. For those who keep more in
    /// one image than a family. O(n) for n bytes.
    ///
    /// # Errors
    ///
    /// [`ImageError`] says what is wrong.
    pub fn open(image: &Image, first: usize) -> Result<Self, ImageError> {
        let Proved { prefixes, map, set } = validate(image, first)?;
        let level = SimdLevel::detect();
        Ok(Family {
            map_kernels: kernels(&map, level),
            set_kernels: kernels(&set, level),
            is_bits_alone: set.engine == Engine::Bits && set.exact.is_none(),
            map,
            set,
            level,
            prefixes,
            image: image.clone(),
            first: first as u32, // of at most as many as an image may have
        })
    }

    /// The same table with the kernels of another instruction set, or of the best that the machine has below it.
    #[must_use]
    pub fn at_level(&self, level: SimdLevel) -> Self {
        let level = level.min(SimdLevel::detect());
        Family {
            map_kernels: kernels(&self.map, level),
            set_kernels: kernels(&self.set, level),
            level,
            ..self.clone()
        }
    }

    /// The value of the longest match.
    #[inline]
    pub fn lookup(&self, address: K) -> Option<u32> {
        // SAFETY: the kernel fits the view's engine, and the view's invariant was proved.
        let code = unsafe { (self.map_kernels.code)(&self.map, address) };
        code.checked_sub(1)
    }

    /// Whether the longest match allows the address.
    #[inline]
    pub fn is_allowed(&self, address: K) -> bool {
        // SAFETY: as in `lookup`.
        unsafe {
            // The common engine of large lists needs no instruction set, so it is worth a branch to have it inlined; and
            // so is what one load tells.
            if self.is_bits_alone {
                let code = <bits::Bits as Room<K>>::code::<simd::Portable>(&self.set, address);
                return bool::from_code(code, DECISIONS_ALLOWED);
            }
            bool::from_code((self.set_kernels.code)(&self.set, address), self.set.allowed)
        }
    }

    /// Place in the list of the longest match.
    #[inline]
    pub fn matched(&self, address: K) -> Option<usize> {
        // SAFETY: as in `lookup`; the map keeps entries.
        let entry = unsafe { (self.map_kernels.entry)(&self.map, address) };
        (entry < self.prefixes).then_some(entry as usize)
    }

    /// The values of many addresses, [`NO_MATCH`] where there is none: as [`Family::lookup`] of each, with the cache
    /// misses of several at a time. What is beyond the addresses becomes [`NO_MATCH`]; addresses that find no room are
    /// not looked up.
    ///
    /// ```
    /// use ipgate_lpm::{Family, NO_MATCH, Prefix};
    /// let family = Family::build(&[Prefix { key: 10u32 << 24, len: 8, allow: true, value: 7 }])?;
    /// let mut values = [0; 2];
    /// family.lookup_many(&[0x0a00_0001, 0x0b00_0001], &mut values);
    /// assert_eq!(values, [7, NO_MATCH]);
    /// # Ok::<(), ipgate_lpm::BuildError>(())
    /// ```
    pub fn lookup_many(&self, addresses: &[K], values: &mut [u32]) {
        // SAFETY: as in `lookup`.
        unsafe { (self.map_kernels.answers)(&self.map, addresses, values) }
        values.get_mut(addresses.len()..).into_iter().for_each(|rest| rest.fill(NO_MATCH));
    }

    /// The decisions of many addresses, as [`Family::is_allowed`] of each. What is beyond the addresses is denied.
    ///
    /// ```
    /// use ipgate_lpm::{Family, Prefix};
    /// let family = Family::build(&[Prefix { key: 10u32 << 24, len: 8, allow: true, value: 7 }])?;
    /// let mut allowed = [false; 2];
    /// family.are_allowed(&[0x0a00_0001, 0x0b00_0001], &mut allowed);
    /// assert_eq!(allowed, [true, false]);
    /// # Ok::<(), ipgate_lpm::BuildError>(())
    /// ```
    pub fn are_allowed(&self, addresses: &[K], allowed: &mut [bool]) {
        // SAFETY: as in `lookup`.
        unsafe { (self.set_kernels.answers)(&self.set, addresses, allowed) }
        allowed.get_mut(addresses.len()..).into_iter().for_each(|rest| rest.fill(false));
    }

    /// Number of prefixes in the list.
    #[must_use]
    pub fn len(&self) -> usize {
        self.prefixes as usize
    }

    /// Whether the list was empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.prefixes == 0
    }

    /// Bytes of the structures behind `lookup` and `is_allowed`, and of the entry numbers that only `matched` (and the
    /// way to an escape) reads.
    #[must_use]
    pub fn bytes(&self) -> (usize, usize, usize) {
        sizes(&self.image, self.first as usize)
    }

    /// The image that holds it, and the number of its first section there (what they are: `stored.rs`). For those who
    /// look at how a lookup goes through memory.
    #[must_use]
    pub fn image(&self) -> (&Image, usize) {
        (&self.image, self.first as usize)
    }

    /// The engines of `lookup` and `is_allowed`.
    #[must_use]
    pub fn engines(&self) -> (Engine, Engine) {
        (self.map.engine, self.set.engine)
    }

    /// The instruction set of the kernels.
    #[must_use]
    pub fn level(&self) -> SimdLevel {
        self.level
    }
}
