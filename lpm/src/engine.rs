//! The engines, by name.

/// How a list is laid out for its lookups. Which engine serves a list is decided by [`Family`](crate::Family).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// At most 32 boundaries, all compared at once. No root.
    Tiny,
    /// Direct root, then one 64-byte line of 32-bit keys and their values.
    Lines,
    /// IPv4: the same with 16-bit keys, under a root of at least 2^16 slots.
    Narrow,
    /// IPv4: 2^18 slots, each naming a record of 64 bits, one bit per /24, and its values.
    Flat,
    /// IPv4 decisions: 2^18 references to distinct 64-bit decision patterns.
    Bits,
    /// IPv4: a code for each /24, 20 MB, or 36 where there are more than 254 values; never chosen by a list. Values up
    /// to 65,533 only.
    Direct,
}

impl Engine {
    /// The number that stands for it in an image.
    pub(crate) fn tag(self) -> u32 {
        match self {
            Engine::Tiny => 0,
            Engine::Lines => 1,
            Engine::Flat => 2,
            Engine::Bits => 3,
            Engine::Narrow => 4,
            Engine::Direct => 5,
        }
    }

    pub(crate) fn from_tag(tag: u32) -> Option<Self> {
        [Engine::Tiny, Engine::Lines, Engine::Flat, Engine::Bits, Engine::Narrow, Engine::Direct]
            .get(tag as usize)
            .copied()
    }

    /// Bytes of a key in a line.
    pub(crate) fn key_bytes(self) -> usize {
        if self == Engine::Narrow { 2 } else { 4 }
    }
}
