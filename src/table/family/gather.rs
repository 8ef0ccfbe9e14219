//! AVX-512 batches for the two flat engines: sixteen addresses in a vector.

use super::Key;
use super::kernel::{Answer, escaped, flat_deep};
use super::view::View;
use std::arch::x86_64::*;

/// Sixteen IPv4 addresses. The flat engines are IPv4 engines; for any other
/// family this is never reached (an image that says otherwise is refused).
#[inline(always)]
unsafe fn load<K: Key>(keys: &[K; 16]) -> __m512i {
    debug_assert_eq!(K::BITS, 32);
    // SAFETY: 16 four-byte addresses are 64 bytes.
    unsafe { _mm512_loadu_si512(keys.as_ptr().cast()) }
}

/// One group function over whole slices: groups of sixteen, the last padded.
/// A macro, because a closure would not inherit the caller's target features.
macro_rules! each_group {
    ($group:ident, $v:expr, $keys:expr, $out:expr) => {{
        let (groups, rest) = $keys.as_chunks::<16>();
        let (outs, out_rest) = $out.as_chunks_mut::<16>();
        for (keys, out) in groups.iter().zip(outs) {
            $group($v, keys, out);
        }
        if !rest.is_empty() {
            let mut padded = [K::default(); 16];
            padded[..rest.len()].copy_from_slice(rest);
            let mut answers = [O::from_code(0, 0); 16];
            $group($v, &padded, &mut answers);
            out_rest.copy_from_slice(&answers[..out_rest.len()]);
        }
    }};
}

/// Numbers of the codes of eight addresses, as `flat_rank` counts them.
///
/// # Safety
/// As [`flat_many`]; `record` holds offsets of records.
#[inline(always)]
unsafe fn ranks<K: Key>(v: &View<K>, record: __m256i, after: __m256i) -> __m256i {
    // SAFETY: by the caller.
    unsafe {
        let marks = _mm512_i32gather_epi64::<1>(record, v.leaves.cast());
        let marks = _mm512_sllv_epi64(marks, _mm512_cvtepu32_epi64(after));
        _mm512_cvtepi64_epi32(_mm512_popcnt_epi64(marks))
    }
}

/// Records, marks and codes by a gather each, ranks by a vector population count.
///
/// # Safety
/// The view's invariant, engine `Flat`, AVX-512 with VPOPCNTDQ.
#[inline(always)]
pub(crate) unsafe fn flat_many<K: Key, O: Answer>(v: &View<K>, keys: &[K], out: &mut [O]) {
    // SAFETY: by the caller.
    unsafe { each_group!(flat_group, v, keys, out) }
}

/// # Safety
/// As [`flat_many`].
#[inline(always)]
unsafe fn flat_group<K: Key, O: Answer>(v: &View<K>, keys: &[K; 16], out: &mut [O; 16]) {
    // SAFETY: the gathers are the loads of `flat`, lane by lane; offsets of records are below 2^31.
    unsafe {
        let escape = _mm512_set1_epi32(v.escape as i32);
        let shift = _mm_cvtsi32_si128(v.width.shift as i32);
        let drop = _mm_cvtsi32_si128(v.code_drop as i32);
        let address = load(keys);
        let record = _mm512_i32gather_epi32::<4>(_mm512_srli_epi32::<14>(address), v.root.cast());
        let after = _mm512_andnot_si512(_mm512_srli_epi32::<8>(address), _mm512_set1_epi32(63));
        let low = ranks(v, _mm512_castsi512_si256(record), _mm512_castsi512_si256(after));
        let high = ranks(v, _mm512_extracti64x4_epi64::<1>(record), _mm512_extracti64x4_epi64::<1>(after));
        let rank = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high);
        let at = _mm512_add_epi32(record, _mm512_sll_epi32(rank, shift));
        let raw = _mm512_i32gather_epi32::<1>(at, v.leaves.add(4).cast());
        let code = _mm512_srl_epi32(raw, drop);
        let mut codes = [0u32; 16];
        _mm512_storeu_si512(codes.as_mut_ptr().cast(), code);
        let mut escapes = _mm512_cmpeq_epi32_mask(code, escape);
        if escapes != 0 {
            let mut ranks = [0u32; 16];
            _mm512_storeu_si512(ranks.as_mut_ptr().cast(), rank);
            while escapes != 0 {
                let i = escapes.trailing_zeros() as usize;
                escapes &= escapes - 1;
                codes[i] = flat_deep(v, keys[i], ranks[i] as usize);
            }
        }
        for i in 0..16 {
            out[i] = O::from_code(codes[i], v.allowed);
        }
    }
}

/// Pattern numbers by one gather, the pattern's 32-bit half by another.
///
/// # Safety
/// The view's invariant, engine `Bits`, AVX-512.
#[inline(always)]
pub(crate) unsafe fn bits_many<K: Key, O: Answer>(v: &View<K>, keys: &[K], out: &mut [O]) {
    // SAFETY: by the caller.
    unsafe { each_group!(bits_group, v, keys, out) }
}

/// # Safety
/// As [`bits_many`].
#[inline(always)]
unsafe fn bits_group<K: Key, O: Answer>(v: &View<K>, keys: &[K; 16], out: &mut [O; 16]) {
    // SAFETY: the gathers are the loads of `bits`, lane by lane; a four-byte
    // load of a two-byte number may read into the bytes behind the section.
    unsafe {
        let groups = _mm512_set1_epi32(v.groups_len as i32);
        let shift = _mm_cvtsi32_si128(v.width.shift as i32);
        let mask = _mm512_set1_epi32(v.escape as i32);
        let address = load(keys);
        let slot = _mm512_srli_epi32::<14>(address);
        let number =
            _mm512_and_si512(_mm512_i32gather_epi32::<1>(_mm512_sll_epi32(slot, shift), v.root.cast()), mask);
        // Word of the pattern: bit 13 of the address picks the half.
        let half = _mm512_and_si512(_mm512_srli_epi32::<13>(address), _mm512_set1_epi32(1));
        let at = _mm512_add_epi32(_mm512_add_epi32(number, number), half);
        let pattern = _mm512_i32gather_epi32::<4>(at, v.lines.cast());
        let bit = _mm512_and_si512(_mm512_srli_epi32::<8>(address), _mm512_set1_epi32(31));
        let code = _mm512_and_si512(_mm512_srlv_epi32(pattern, bit), _mm512_set1_epi32(1));
        let mut codes = [0u32; 16];
        _mm512_storeu_si512(codes.as_mut_ptr().cast(), code);
        let mut escapes = _mm512_cmplt_epu32_mask(number, groups);
        if escapes != 0 {
            let mut numbers = [0u32; 16];
            _mm512_storeu_si512(numbers.as_mut_ptr().cast(), number);
            while escapes != 0 {
                let i = escapes.trailing_zeros() as usize;
                escapes &= escapes - 1;
                codes[i] = escaped(v, numbers[i], keys[i]);
            }
        }
        for i in 0..16 {
            out[i] = O::from_code(codes[i], v.allowed);
        }
    }
}
