//! The operations that differ between instruction sets: comparing many keys at once and counting bits.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

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
    /// Number of the words in `N` groups of eight that are greater than `key`.
    ///
    /// # Safety
    /// See the trait.
    #[inline(always)]
    unsafe fn above_words<const N: usize>(groups: &[[u8; 32]; N], key: u32) -> usize {
        let keys = groups.as_flattened().as_chunks().0.iter().map(|k| u32::from_le_bytes(*k));
        keys.fold(0, |count, k| count + usize::from(k > key))
    }
    /// The same for double words, signed.
    ///
    /// # Safety
    /// See the trait.
    #[inline(always)]
    unsafe fn above_halves<const N: usize>(groups: &[[u8; 64]; N], key: i64) -> usize {
        let keys = groups.as_flattened().as_chunks().0.iter().map(|k| i64::from_le_bytes(*k));
        keys.fold(0, |count, k| count + usize::from(k > key))
    }
    /// The same for keys of two double words, of which each group has the upper ones first: those with an upper half that
    /// is greater than `upper` once it is increased where the lower one is greater than `lower`. One comparison fewer than
    /// looking for ties, and exact for all keys whose upper half can be increased.
    ///
    /// # Safety
    /// See the trait.
    #[inline(always)]
    unsafe fn above_wide<const N: usize>(groups: &[[[u8; 64]; 2]; N], upper: i64, lower: i64) -> usize {
        let keys =
            groups.iter().flat_map(|[uppers, lowers]| uppers.as_chunks().0.iter().zip(lowers.as_chunks().0));
        keys.fold(0, |count, (u, l)| {
            let carry = i64::from(i64::from_le_bytes(*l) > lower);
            count + usize::from(i64::from_le_bytes(*u).wrapping_add(carry) > upper)
        })
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

/// How many of the words of at most four groups are all ones; the others are zero.
///
/// # Safety
/// AVX2 and POPCNT are available.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn count<const N: usize>(groups: [__m256i; N]) -> usize {
    const { assert!(N <= 4) };
    // SAFETY: by the caller. Packing mixes the order, which does not matter to a number.
    unsafe {
        let mut all = [_mm256_setzero_si256(); 4];
        all[..N].copy_from_slice(&groups);
        if N == 1 {
            return (_mm256_movemask_ps(_mm256_castsi256_ps(all[0])) as u32).count_ones() as usize;
        }
        let halves = [_mm256_packs_epi32(all[0], all[1]), _mm256_packs_epi32(all[2], all[3])];
        (_mm256_movemask_epi8(_mm256_packs_epi16(halves[0], halves[1])) as u32).count_ones() as usize
    }
}

#[cfg(target_arch = "x86_64")]
impl Simd for Avx2 {
    #[inline(always)]
    unsafe fn above_words<const N: usize>(groups: &[[u8; 32]; N], key: u32) -> usize {
        // SAFETY: AVX2 by the trait's contract, the loads are the 32 bytes.
        unsafe {
            let key = _mm256_set1_epi32(key as i32);
            let mut at_most = [_mm256_setzero_si256(); N];
            // No closures: they would not inherit the target features.
            for (at_most, group) in at_most.iter_mut().zip(groups) {
                let keys = _mm256_loadu_si256(group.as_ptr().cast());
                *at_most = _mm256_cmpeq_epi32(_mm256_min_epu32(keys, key), keys);
            }
            8 * N - count(at_most)
        }
    }
    #[inline(always)]
    unsafe fn above_halves<const N: usize>(groups: &[[u8; 64]; N], key: i64) -> usize {
        // SAFETY: AVX2 by the trait's contract, the loads lie inside the 64 bytes.
        unsafe {
            let key = _mm256_set1_epi64x(key);
            let mut above = [_mm256_setzero_si256(); N];
            for (above, group) in above.iter_mut().zip(groups) {
                let low = _mm256_loadu_si256(group.as_ptr().cast());
                let high = _mm256_loadu_si256(group.as_ptr().add(32).cast());
                *above = _mm256_packs_epi32(_mm256_cmpgt_epi64(low, key), _mm256_cmpgt_epi64(high, key));
            }
            count(above)
        }
    }
    #[inline(always)]
    unsafe fn above_wide<const N: usize>(groups: &[[[u8; 64]; 2]; N], upper: i64, lower: i64) -> usize {
        // SAFETY: AVX2 by the trait's contract, the loads lie inside the 64 bytes.
        unsafe {
            let (upper, lower) = (_mm256_set1_epi64x(upper), _mm256_set1_epi64x(lower));
            let mut above = [_mm256_setzero_si256(); N];
            for (above, [uppers, lowers]) in above.iter_mut().zip(groups) {
                let mut halves = [_mm256_setzero_si256(); 2];
                for (i, half) in halves.iter_mut().enumerate() {
                    let uppers = _mm256_loadu_si256(uppers.as_ptr().add(32 * i).cast());
                    let lowers = _mm256_loadu_si256(lowers.as_ptr().add(32 * i).cast());
                    // All ones are one less than zero.
                    let carried = _mm256_sub_epi64(uppers, _mm256_cmpgt_epi64(lowers, lower));
                    *half = _mm256_cmpgt_epi64(carried, upper);
                }
                *above = _mm256_packs_epi32(halves[0], halves[1]);
            }
            count(above)
        }
    }
    #[inline(always)]
    unsafe fn at_most(keys: &[u8; 64], key: u32, mask: u32) -> usize {
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
    unsafe fn above_words<const N: usize>(groups: &[[u8; 32]; N], key: u32) -> usize {
        // SAFETY: AVX-512 by the trait's contract, the loads are those of two groups or one.
        unsafe {
            let (pairs, last) = groups.as_chunks::<2>();
            let (all, mut count) = (_mm512_set1_epi32(key as i32), 0);
            for pair in pairs {
                let keys = _mm512_loadu_si512(pair.as_ptr().cast());
                count += _mm512_cmpgt_epu32_mask(keys, all).count_ones();
            }
            for group in last {
                let keys = _mm256_loadu_si256(group.as_ptr().cast());
                count += _mm256_cmpgt_epu32_mask(keys, _mm512_castsi512_si256(all)).count_ones();
            }
            count as usize
        }
    }
    #[inline(always)]
    unsafe fn above_halves<const N: usize>(groups: &[[u8; 64]; N], key: i64) -> usize {
        // SAFETY: AVX-512 by the trait's contract, the loads are the 64 bytes.
        unsafe {
            let (key, mut count) = (_mm512_set1_epi64(key), 0);
            for group in groups {
                let keys = _mm512_loadu_si512(group.as_ptr().cast());
                count += _mm512_cmpgt_epi64_mask(keys, key).count_ones();
            }
            count as usize
        }
    }
    #[inline(always)]
    unsafe fn above_wide<const N: usize>(groups: &[[[u8; 64]; 2]; N], upper: i64, lower: i64) -> usize {
        // SAFETY: AVX-512 by the trait's contract, the loads are the 64 bytes.
        unsafe {
            let (upper, lower) = (_mm512_set1_epi64(upper), _mm512_set1_epi64(lower));
            let (one, mut count) = (_mm512_set1_epi64(1), 0);
            for [uppers, lowers] in groups {
                let uppers = _mm512_loadu_si512(uppers.as_ptr().cast());
                let lowers = _mm512_loadu_si512(lowers.as_ptr().cast());
                let carry = _mm512_cmpgt_epi64_mask(lowers, lower);
                let carried = _mm512_mask_add_epi64(uppers, carry, uppers, one);
                count += _mm512_cmpgt_epi64_mask(carried, upper).count_ones();
            }
            count as usize
        }
    }
    #[inline(always)]
    unsafe fn at_most(keys: &[u8; 64], key: u32, mask: u32) -> usize {
        // SAFETY: AVX-512 by the trait's contract, the load is the 64 bytes.
        unsafe {
            let keys = _mm512_loadu_si512(keys.as_ptr().cast());
            let key = _mm512_set1_epi32(key as i32);
            (u32::from(_mm512_cmple_epu32_mask(keys, key)) & mask).count_ones() as usize
        }
    }
    #[inline(always)]
    unsafe fn at_most_narrow(keys: &[u8; 64], key: u16, mask: u32) -> usize {
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
