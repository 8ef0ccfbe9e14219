//! Codes: what the structures store for a value, in as few bytes as the list needs.

/// The greatest value a prefix may have: two codes are kept for "no match" and "look deeper".
pub const MAX_VALUE: u32 = u32::MAX - 2;

/// What [`Family::lookup_many`](crate::Family::lookup_many) writes where no prefix covers an address.
pub const NO_MATCH: u32 = u32::MAX;

/// Code of "no prefix covers the address". A value `v` has the code `v + 1`.
pub(crate) const NO_CODE: u32 = 0;
/// Of the codes of decisions the greatest that allows: the only one.
pub(crate) const DECISIONS_ALLOWED: u32 = 1;
/// Bytes of a cache line, and of a line of keys and codes.
pub(crate) const LINE: usize = 64;

/// Width of a stored code in bytes, and what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Width {
    /// log2 of the bytes of a code.
    pub(crate) shift: u32,
}

impl Width {
    /// The narrowest width that holds codes up to `max` and the escape code.
    pub(crate) fn for_max(max: u32) -> Self {
        let shift = match max {
            0..0xff => 0,
            0xff..0xffff => 1,
            _ => 2,
        };
        Width { shift }
    }

    /// All ones in the width: the escape code, and the mask of a load.
    pub(crate) fn mask(self) -> u32 {
        match self.shift {
            0 => 0xff,
            1 => 0xffff,
            _ => u32::MAX,
        }
    }

    /// Keys per line: so many keys, and one code more, fill it.
    pub(crate) fn cap(self, key_bytes: usize) -> usize {
        let code_bytes = 1 << self.shift;
        (LINE - code_bytes) / (key_bytes + code_bytes)
    }

    /// Appends one code.
    pub(crate) fn put(self, out: &mut Vec<u8>, code: u32) {
        out.extend_from_slice(&code.to_le_bytes()[..1 << self.shift]);
    }
}

/// What a lookup makes of a code.
pub(crate) trait Answer: Copy {
    /// The answer for a code, where the codes from 1 up to `allowed` are those that allow.
    fn from_code(code: u32, allowed: u32) -> Self;
}

impl Answer for u32 {
    /// The value, or `NO_MATCH` (all ones) for no code.
    #[inline(always)]
    fn from_code(code: u32, _: u32) -> u32 {
        code.wrapping_sub(1)
    }
}

impl Answer for bool {
    /// Whether it is one of the codes that allow.
    #[inline(always)]
    fn from_code(code: u32, allowed: u32) -> bool {
        code.wrapping_sub(1) < allowed
    }
}
