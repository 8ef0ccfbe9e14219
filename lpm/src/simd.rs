//! The two operations that differ between instruction sets: comparing sixteen
//! keys at once and counting bits.

/// Instruction sets of the lookup kernels, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SimdLevel {
    /// What every target has.
    Portable,
    /// x86-64 with AVX2, BMI and POPCNT.
    Avx2,
    /// x86-64 with AVX-512 F, BW, DQ, VL and VPOPCNTDQ.
    Avx512,
}

impl SimdLevel {
    /// The best level of the running machine.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            let avx2 = has!("avx2") && has!("popcnt") && has!("bmi1") && has!("bmi2") && has!("lzcnt");
            let avx512 = has!("avx512f")
                && has!("avx512bw")
                && has!("avx512dq")
                && has!("avx512vl")
                && has!("avx512vpopcntdq");
            if avx2 && avx512 {
                return SimdLevel::Avx512;
            }
            if avx2 {
                return SimdLevel::Avx2;
            }
        }
        SimdLevel::Portable
    }

    /// The levels that the running machine can execute, worst first.
    pub fn available() -> impl Iterator<Item = Self> {
        let best = Self::detect();
        [SimdLevel::Portable, SimdLevel::Avx2, SimdLevel::Avx512]
            .into_iter()
            .filter(move |&level| level <= best)
    }
}

/// What a kernel needs from an instruction set. All methods are
/// `inline(always)`, so that they compile inside the kernel's
/// `target_feature` function.
///
/// # Safety
/// The methods may be called only where the instruction set is available.
pub(crate) trait Simd {
    /// Number of the keys that are at most `key` among the sixteen words at
    /// `keys` whose bit is set in `mask`.
    ///
    /// # Safety
    /// See the trait.
    unsafe fn at_most(keys: &[u8; 64], key: u32, mask: u32) -> usize;
    /// The same for the 32 half words at `keys`.
    ///
    /// # Safety
    /// See the trait.
    unsafe fn at_most_narrow(keys: &[u8; 64], key: u16, mask: u32) -> usize;
    /// Number of the keys that are at most `key` among the eight double words at `keys`.
    ///
    /// # Safety
    /// See the trait.
    #[inline(always)]
    unsafe fn at_most_wide(keys: &[u8; 64], key: u64) -> usize {
        // Added up, which the compiler does for several at once; it does not for `filter().count()`.
        keys.as_chunks().0.iter().fold(0, |count, k| count + usize::from(u64::from_le_bytes(*k) <= key))
    }
    /// Number of set bits.
    ///
    /// # Safety
    /// See the trait.
    unsafe fn ones(bits: u64) -> u32;
}

pub(crate) struct Portable;

impl Simd for Portable {
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn at_most(keys: &[u8; 64], key: u32, mask: u32) -> usize {
        use std::arch::x86_64::*;
        // SAFETY: SSE2 belongs to x86-64; the loads lie inside the 64 bytes.
        unsafe {
            // Signed compare: flip the top bit of both sides.
            let flip = _mm_set1_epi32(i32::MIN);
            let key = _mm_xor_si128(_mm_set1_epi32(key as i32), flip);
            let [a, b, c, d] = [0, 16, 32, 48].map(|i| {
                let v = _mm_loadu_si128(keys.as_ptr().add(i).cast());
                _mm_cmpgt_epi32(_mm_xor_si128(v, flip), key)
            });
            let (low, high) = (_mm_packs_epi32(a, b), _mm_packs_epi32(c, d));
            let above = _mm_movemask_epi8(_mm_packs_epi16(low, high)) as u32;
            // Counted, not looked for from one end: in a damaged image, whose keys may not ascend, every level
            // shall give the same answer.
            (!above & mask).count_ones() as usize
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn at_most_narrow(keys: &[u8; 64], key: u16, mask: u32) -> usize {
        use std::arch::x86_64::*;
        // SAFETY: SSE2 belongs to x86-64; the loads lie inside the 64 bytes.
        unsafe {
            let (key, zero) = (_mm_set1_epi16(key as i16), _mm_setzero_si128());
            // What is at most the key leaves nothing when the key is taken off.
            let [a, b, c, d] = [0, 16, 32, 48].map(|i| {
                _mm_cmpeq_epi16(_mm_subs_epu16(_mm_loadu_si128(keys.as_ptr().add(i).cast()), key), zero)
            });
            let low = _mm_movemask_epi8(_mm_packs_epi16(a, b)) as u32;
            let high = _mm_movemask_epi8(_mm_packs_epi16(c, d)) as u32;
            ((low | high << 16) & mask).count_ones() as usize
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    #[inline(always)]
    unsafe fn at_most_narrow(keys: &[u8; 64], key: u16, mask: u32) -> usize {
        let numbered = keys.as_chunks().0.iter().enumerate();
        numbered.filter(|(i, k)| u16::from_le_bytes(**k) <= key && mask >> i & 1 == 1).count()
    }

    #[cfg(not(target_arch = "x86_64"))]
    #[inline(always)]
    unsafe fn at_most(keys: &[u8; 64], key: u32, mask: u32) -> usize {
        let numbered = keys.as_chunks().0.iter().enumerate();
        numbered.filter(|(i, k)| u32::from_le_bytes(**k) <= key && mask >> i & 1 == 1).count()
    }

    #[inline(always)]
    unsafe fn ones(bits: u64) -> u32 {
        bits.count_ones()
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) struct Avx2;

#[cfg(target_arch = "x86_64")]
impl Simd for Avx2 {
    #[inline(always)]
    unsafe fn at_most_wide(keys: &[u8; 64], key: u64) -> usize {
        use std::arch::x86_64::*;
        // SAFETY: AVX2 by the trait's contract, the loads lie inside the 64 bytes.
        unsafe {
            // Signed compare: flip the top bit of both sides.
            let flip = _mm256_set1_epi64x(i64::MIN);
            let key = _mm256_xor_si256(_mm256_set1_epi64x(key as i64), flip);
            let mut above = 0;
            // No closures: they would not inherit the target features.
            for at in [0, 32] {
                let keys = _mm256_xor_si256(_mm256_loadu_si256(keys.as_ptr().add(at).cast()), flip);
                let greater = _mm256_castsi256_pd(_mm256_cmpgt_epi64(keys, key));
                above += (_mm256_movemask_pd(greater) as u32).count_ones();
            }
            8 - above as usize
        }
    }
    #[inline(always)]
    unsafe fn at_most(keys: &[u8; 64], key: u32, mask: u32) -> usize {
        use std::arch::x86_64::*;
        // SAFETY: AVX2 by the trait's contract, the loads lie inside the 64 bytes.
        unsafe {
            let key = _mm256_set1_epi32(key as i32);
            let low = _mm256_loadu_si256(keys.as_ptr().cast());
            let high = _mm256_loadu_si256(keys.as_ptr().add(32).cast());
            let low = _mm256_cmpeq_epi32(_mm256_min_epu32(low, key), low);
            let high = _mm256_cmpeq_epi32(_mm256_min_epu32(high, key), high);
            let low = _mm256_movemask_ps(_mm256_castsi256_ps(low)) as u32;
            let high = _mm256_movemask_ps(_mm256_castsi256_ps(high)) as u32;
            ((low | high << 8) & mask).count_ones() as usize
        }
    }
    #[inline(always)]
    unsafe fn at_most_narrow(keys: &[u8; 64], key: u16, mask: u32) -> usize {
        use std::arch::x86_64::*;
        // SAFETY: AVX2 by the trait's contract, the loads lie inside the 64 bytes.
        unsafe {
            let key = _mm256_set1_epi16(key as i16);
            let low = _mm256_loadu_si256(keys.as_ptr().cast());
            let high = _mm256_loadu_si256(keys.as_ptr().add(32).cast());
            let low = _mm256_cmpeq_epi16(_mm256_min_epu16(low, key), low);
            let high = _mm256_cmpeq_epi16(_mm256_min_epu16(high, key), high);
            // Packing takes halves of the vectors in turn; this puts them in order.
            let packed = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi16(low, high));
            (_mm256_movemask_epi8(packed) as u32 & mask).count_ones() as usize
        }
    }
    #[inline(always)]
    unsafe fn ones(bits: u64) -> u32 {
        bits.count_ones()
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) struct Avx512;

#[cfg(target_arch = "x86_64")]
impl Simd for Avx512 {
    #[inline(always)]
    unsafe fn at_most_wide(keys: &[u8; 64], key: u64) -> usize {
        use std::arch::x86_64::*;
        // SAFETY: AVX-512 by the trait's contract, the load is the 64 bytes.
        unsafe {
            let keys = _mm512_loadu_si512(keys.as_ptr().cast());
            _mm512_cmple_epu64_mask(keys, _mm512_set1_epi64(key as i64)).count_ones() as usize
        }
    }
    #[inline(always)]
    unsafe fn at_most(keys: &[u8; 64], key: u32, mask: u32) -> usize {
        use std::arch::x86_64::*;
        // SAFETY: AVX-512 by the trait's contract, the load is the 64 bytes.
        unsafe {
            let keys = _mm512_loadu_si512(keys.as_ptr().cast());
            let key = _mm512_set1_epi32(key as i32);
            (u32::from(_mm512_cmple_epu32_mask(keys, key)) & mask).count_ones() as usize
        }
    }
    #[inline(always)]
    unsafe fn at_most_narrow(keys: &[u8; 64], key: u16, mask: u32) -> usize {
        use std::arch::x86_64::*;
        // SAFETY: AVX-512 by the trait's contract, the load is the 64 bytes.
        unsafe {
            let keys = _mm512_loadu_si512(keys.as_ptr().cast());
            (_mm512_cmple_epu16_mask(keys, _mm512_set1_epi16(key as i16)) & mask).count_ones() as usize
        }
    }
    #[inline(always)]
    unsafe fn ones(bits: u64) -> u32 {
        bits.count_ones()
    }
}
