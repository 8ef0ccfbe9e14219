//! A validated structure as raw section pointers, ready for unchecked loads.

use super::Key;
use super::part::{Engine, LINE, NOTHING, Names, Width};
use super::simd::Simd;

/// Pointers into an image's sections with what the kernels need beside them.
///
/// Invariant (proved by `image::validate` before a view is made, and upheld
/// because images are immutable): every load a kernel does for any address
/// whatever lies inside the image. The fields are set only there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<K> {
    pub(crate) engine: Engine,
    pub(crate) width: Width,
    /// What shifts the root's bits down: those of an address for IPv4, of its upper half for IPv6.
    pub(crate) root_shift: u32,
    /// `Lines`: bits that index the root.
    pub(crate) root_bits: u32,
    /// One bit for each key of a line.
    pub(crate) key_mask: u32,
    /// Where the codes of a line begin.
    pub(crate) code_at: usize,
    /// Mask of a code, which is also the escape code.
    pub(crate) escape: u32,
    /// `Flat`: how far a four-byte load that ends with a code is to be shifted down.
    pub(crate) code_drop: u32,
    /// `Lines`: number of the last line.
    pub(crate) last_line: usize,
    /// Number of deep groups.
    pub(crate) groups_len: u32,
    /// How entries are named.
    pub(crate) names: Names,
    /// The codes from 1 up to this one allow; no other does.
    pub(crate) allowed: u32,
    pub(crate) root: *const u32,
    pub(crate) second: *const u32,
    pub(crate) lines: *const u8,
    pub(crate) leaves: *const u8,
    pub(crate) bases: *const u32,
    pub(crate) entries: *const u32,
    pub(crate) groups: *const u32,
    pub(crate) deep_keys: *const K,
    pub(crate) deep_codes: *const u32,
    pub(crate) deep_entries: *const u32,
}

// SAFETY: a view only reads immutable memory that its table owns.
unsafe impl<K: Key> Send for View<K> {}
// SAFETY: as above; there is no interior mutability behind the pointers.
unsafe impl<K: Key> Sync for View<K> {}

/// Loads a little-endian word.
///
/// # Safety
/// `at` must lie inside the section that `section` points to.
#[inline(always)]
pub(crate) unsafe fn word(section: *const u32, at: usize) -> u32 {
    // SAFETY: by the caller; sections of words are aligned.
    u32::from_le(unsafe { *section.add(at) })
}

impl<K: Key> View<K> {
    /// Loads the code at place `at` of an array of codes.
    ///
    /// # Safety
    /// The code must lie in an image section; each is followed by at least
    /// four bytes of the image, so a four-byte load of any width is inside.
    #[inline(always)]
    pub(crate) unsafe fn code(&self, codes: *const u8, at: usize) -> u32 {
        // SAFETY: by the caller.
        let raw = unsafe { codes.add(at << self.width.shift).cast::<u32>().read_unaligned() };
        u32::from_le(raw) & self.escape
    }

    /// The line of `key` in its slot: below as many separator lines as the slot word says. `None` where no prefix
    /// covers the slot.
    ///
    /// # Safety
    /// The view's invariant, the engine is one of lines, `slot` is of [`View::slot_of`], and the level of `S`.
    #[inline(always)]
    pub(crate) unsafe fn line_of<S: Simd>(&self, slot: u32, key: K) -> Option<*const u8> {
        let mut number = (slot >> 5) as usize;
        let depth = slot & 31;
        // Nearly always, and then the word itself is half the offset.
        if !K::SECOND && depth == 0 {
            return Some(self.lines.wrapping_add(LINE / 32 * slot as usize));
        }
        if slot == NOTHING {
            return None;
        }
        // Clusters make the depth of IPv6 slots as good as random. Two steps
        // that may be undone cost less than a mispredicted loop exit.
        let masked = if K::SECOND { 2 } else { 0 };
        for step in 0..masked {
            // SAFETY: `number` is a line; any line may be asked.
            let child = unsafe { self.child::<S>(number, key) };
            number = std::hint::select_unpredictable(depth > step, child, number);
        }
        for _ in masked..depth {
            // SAFETY: `number` is a line, at first because slots are
            // validated, then because `child` gives one.
            number = unsafe { self.child::<S>(number, key) };
        }
        Some(self.line(number))
    }

    /// The number of a line.
    #[inline(always)]
    pub(crate) fn number_of(&self, line: *const u8) -> usize {
        (line.addr() - self.lines.addr()) / LINE
    }

    /// The line below separator line `number` that holds `key`. Any line may
    /// be asked: the answer is limited to lines that exist.
    ///
    /// # Safety
    /// `number` must be a line, and the level of `S` available.
    #[inline(always)]
    pub(crate) unsafe fn child<S: Simd>(&self, number: usize, key: K) -> usize {
        // No line begins at the greatest window, but pads do.
        let window = key.window().min(u32::MAX - 1);
        let line = self.line(number);
        // SAFETY: a line has 64 bytes.
        unsafe {
            let first = word(line.cast(), 15) as usize;
            (first + S::at_most(line, window, 0x7fff)).min(self.last_line)
        }
    }

    /// The slot word of `key`: of the root, or for IPv6 of the second table. One branch for IPv6: where the root
    /// knows that there is nothing.
    ///
    /// # Safety
    /// The view's invariant, and the engine is `Lines`.
    #[inline(always)]
    pub(crate) unsafe fn slot_of(&self, key: K) -> u32 {
        // SAFETY: the root has `2^root_bits` words; for IPv6 each names slots
        // of the second table that exist (validated).
        unsafe {
            let slot = word(self.root, self.root_slot(key));
            if !K::SECOND || slot == NOTHING {
                return slot;
            }
            let left = key.left();
            let below = ((left << self.root_bits) >> 1) >> (slot & 31 ^ 63);
            word(self.second, (slot >> 5) as usize + below as usize)
        }
    }

    /// Which word of the root is the one of `key`.
    #[inline(always)]
    pub(crate) fn root_slot(&self, key: K) -> usize {
        if K::SECOND {
            (key.left() >> self.root_shift) as usize
        } else {
            (key.window() >> self.root_shift) as usize
        }
    }

    /// Address of line `number`.
    #[inline(always)]
    pub(crate) fn line(&self, number: usize) -> *const u8 {
        self.lines.wrapping_add(number * LINE)
    }

    /// Place in the deep arrays for `key` in `group`: a binary search.
    ///
    /// # Safety
    /// `group` must be less than `groups_len`.
    #[inline]
    pub(crate) unsafe fn deep(&self, group: u32, key: K) -> usize {
        // SAFETY: `groups` has one word more than there are groups, strictly
        // increasing up to the number of deep codes; `deep_keys` has one key
        // for each code but the first of a group (validated).
        unsafe {
            let first = word(self.groups, group as usize) as usize;
            let codes = word(self.groups, group as usize + 1) as usize - first;
            let keys = self.deep_keys.add(first - group as usize);
            let mut base = 0;
            let mut size = codes - 1;
            while size > 1 {
                let half = size / 2;
                base = if from_le(*keys.add(base + half - 1)) <= key { base + half } else { base };
                size -= half;
            }
            if size == 1 {
                base += usize::from(from_le(*keys.add(base)) <= key);
            }
            first + base
        }
    }
}

/// Keys are stored little-endian.
#[inline(always)]
fn from_le<K: Key>(key: K) -> K {
    if cfg!(target_endian = "little") {
        key
    } else if K::BITS == 32 {
        K::from_wide(u128::from((key.wide() as u32).swap_bytes()))
    } else {
        K::from_wide(key.wide().swap_bytes())
    }
}
