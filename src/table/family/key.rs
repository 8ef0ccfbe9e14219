//! The two address families behind one trait.

mod sealed {
    pub trait Sealed {}
    impl Sealed for u32 {}
    impl Sealed for u128 {}
}

/// An address as an integer: `u32` for IPv4, `u128` for IPv6.
///
/// Sealed: the image format knows these two families and no others.
pub trait Key:
    Copy + Ord + Eq + std::hash::Hash + Default + Send + Sync + std::fmt::Debug + sealed::Sealed + 'static
{
    /// Width of an address in bits.
    const BITS: u32;
    /// The greatest address.
    const MAX: Self;
    /// Leading bits that a line's 32-bit keys do not hold. Slots may share a
    /// line only while they agree in these bits.
    const ANCHOR: u32;
    /// Whether a second, per-slot table lies between the root and the lines.
    const SECOND: bool;
    /// Family tag in an image: the number of bytes of an address.
    const BYTES: usize;

    /// The leading 64 bits, left-aligned.
    fn left(self) -> u64;
    /// The 32-bit window after the anchor: what a line compares.
    fn window(self) -> u32;
    /// The address as `u128`, right-aligned.
    fn wide(self) -> u128;
    /// The reverse of [`Key::wide`]; bits beyond the width are dropped.
    fn from_wide(wide: u128) -> Self;
    /// Reads a little-endian address at the start of `bytes`; zero where there are too few.
    fn read(bytes: &[u8]) -> Self;
    /// Writes the address little-endian to the start of `bytes`.
    fn write(self, bytes: &mut [u8]);

    /// The key with all bits after the first `len` cleared.
    fn masked(self, len: u8) -> Self {
        let host = Self::BITS - u32::from(len);
        if host >= 128 {
            return Self::default();
        }
        Self::from_wide(self.wide() >> host << host)
    }

    /// The last address of the prefix `self/len`.
    fn last(self, len: u8) -> Self {
        let host = Self::BITS - u32::from(len);
        let ones = if host >= 128 { u128::MAX } else { (1u128 << host) - 1 };
        Self::from_wide(self.wide() | ones)
    }

    /// Bits after the window: what a line cannot tell apart.
    const BELOW: u32 = Self::BITS - Self::ANCHOR - 32;
}

impl Key for u32 {
    const BITS: u32 = 32;
    const MAX: Self = u32::MAX;
    const ANCHOR: u32 = 0;
    const SECOND: bool = false;
    const BYTES: usize = 4;

    #[inline(always)]
    fn left(self) -> u64 {
        u64::from(self) << 32
    }
    #[inline(always)]
    fn window(self) -> u32 {
        self
    }
    #[inline(always)]
    fn masked(self, len: u8) -> Self {
        self & u32::MAX.checked_shl(32 - u32::from(len)).unwrap_or(0)
    }
    #[inline(always)]
    fn last(self, len: u8) -> Self {
        self | u32::MAX.checked_shr(u32::from(len)).unwrap_or(0)
    }
    #[inline(always)]
    fn wide(self) -> u128 {
        u128::from(self)
    }
    #[inline(always)]
    fn from_wide(wide: u128) -> Self {
        wide as u32
    }
    #[inline(always)]
    fn read(bytes: &[u8]) -> Self {
        bytes.first_chunk().map_or(0, |le| u32::from_le_bytes(*le))
    }
    #[inline(always)]
    fn write(self, bytes: &mut [u8]) {
        if let Some(to) = bytes.first_chunk_mut() {
            *to = self.to_le_bytes();
        }
    }
}

impl Key for u128 {
    const BITS: u32 = 128;
    const MAX: Self = u128::MAX;
    const ANCHOR: u32 = 16;
    const SECOND: bool = true;
    const BYTES: usize = 16;

    #[inline(always)]
    fn left(self) -> u64 {
        (self >> 64) as u64
    }
    #[inline(always)]
    fn window(self) -> u32 {
        (self >> 80) as u32
    }
    #[inline(always)]
    fn wide(self) -> u128 {
        self
    }
    #[inline(always)]
    fn from_wide(wide: u128) -> Self {
        wide
    }
    #[inline(always)]
    fn read(bytes: &[u8]) -> Self {
        bytes.first_chunk().map_or(0, |le| u128::from_le_bytes(*le))
    }
    #[inline(always)]
    fn write(self, bytes: &mut [u8]) {
        if let Some(to) = bytes.first_chunk_mut() {
            *to = self.to_le_bytes();
        }
    }
}
