//! The two address families behind one trait.

/// An address as an integer: `u32` for IPv4, `u128` for IPv6, in host order.
///
/// Sealed: the image format knows these two families and no others.
///
/// ```
/// use ipgate_lpm::Key;
/// assert_eq!(0x0a00_0107_u32.masked(24), 0x0a00_0100);
/// assert_eq!(0x0a00_0107_u32.last(24), 0x0a00_01ff);
/// ```
pub trait Key:
    Copy + Ord + Eq + std::hash::Hash + Default + Send + Sync + std::fmt::Debug + private::Windowed + 'static
{
    /// Width of an address in bits.
    const BITS: u32;
    /// Bytes of an address.
    const BYTES: usize;
    /// The greatest address.
    const MAX: Self;

    /// The address as `u128`, right-aligned.
    fn wide(self) -> u128;
    /// The reverse of [`Key::wide`]; bits beyond the width are dropped.
    fn from_wide(wide: u128) -> Self;
    /// Reads a little-endian address at the start of `bytes`; zero where there are too few.
    fn read(bytes: &[u8]) -> Self;
    /// Writes the address little-endian to the start of `bytes`, if it has room there.
    fn write(self, bytes: &mut [u8]);

    /// The address with all bits after the first `len` cleared.
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
}

/// What the engines cut an address into.
mod private {
    pub trait Windowed {
        /// Leading bits that a line's 32-bit keys do not hold. Slots may share a line only while they agree in these
        /// bits.
        const ANCHOR: u32;
        /// Whether a second table, a part of it for each slot, lies between the root and the lines.
        const SECOND: bool;
        /// Bits after the window: what a line cannot tell apart.
        const BELOW: u32;

        /// The leading 64 bits, left-aligned.
        fn left(self) -> u64;
        /// The 32 bits after the anchor: what a line compares.
        fn window(self) -> u32;
        /// The bits that are set in `mask`, too.
        fn and(self, mask: Self) -> Self;
    }

    impl Windowed for u32 {
        const ANCHOR: u32 = 0;
        const BELOW: u32 = 0;
        const SECOND: bool = false;

        #[inline(always)]
        fn left(self) -> u64 {
            u64::from(self) << 32
        }
        #[inline(always)]
        fn window(self) -> u32 {
            self
        }
        #[inline(always)]
        fn and(self, mask: Self) -> Self {
            self & mask
        }
    }

    impl Windowed for u128 {
        const ANCHOR: u32 = 16;
        const BELOW: u32 = 80;
        const SECOND: bool = true;

        #[inline(always)]
        fn left(self) -> u64 {
            (self >> 64) as u64
        }
        #[inline(always)]
        fn window(self) -> u32 {
            (self >> 80) as u32
        }
        #[inline(always)]
        fn and(self, mask: Self) -> Self {
            self & mask
        }
    }
}

impl Key for u32 {
    const BITS: u32 = 32;
    const BYTES: usize = 4;
    const MAX: Self = u32::MAX;

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
    const BYTES: usize = 16;
    const MAX: Self = u128::MAX;

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
