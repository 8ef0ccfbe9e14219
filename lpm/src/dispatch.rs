//! Picks the lookups of an engine for an instruction set.

use crate::Key;
use crate::bits::Bits;
use crate::code::Answer;
use crate::direct::Direct;
use crate::engine::Engine;
use crate::flat::Flat;
use crate::front::{Front, Nothing};
use crate::lines::Lines;
use crate::room::Room;
use crate::simd::{self, SimdLevel};
use crate::tiny::Tiny;
use crate::view::View;

/// The lookups of one engine at one level.
///
/// # Safety
/// Each may be called only with a view of that engine, whose invariant holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kernels<K, O> {
    /// The code of an address.
    pub(crate) code: unsafe fn(&View<K>, K) -> u32,
    /// The entry that decides for an address.
    pub(crate) entry: unsafe fn(&View<K>, K) -> u32,
    /// Answers for as many addresses as the shorter slice has.
    pub(crate) answers: unsafe fn(&View<K>, &[K], &mut [O]),
}

/// The three functions of a level, which carry its target features; the bodies of a room are inlined into them. They are
/// worth a pointer because they compare a line of keys at once: `make bench` names each level (`avx2`, `portable`).
macro_rules! level {
    ($name:ident, $simd:ty $(, $features:literal)?) => {
        mod $name {
            use super::*;

            // SAFETY of all three: the caller vouches for view and engine, `at_level` for the instruction set.
            $(#[target_feature(enable = $features)])?
            unsafe fn code<K: Key, R: Room<K>>(v: &View<K>, key: K) -> u32 {
                // SAFETY: as above.
                unsafe { R::code::<$simd>(v, key) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn entry<K: Key, R: Room<K>>(v: &View<K>, key: K) -> u32 {
                // SAFETY: as above.
                unsafe { R::entry::<$simd>(v, key) }
            }
            $(#[target_feature(enable = $features)])?
            unsafe fn answers<K: Key, R: Room<K>, O: Answer>(v: &View<K>, keys: &[K], out: &mut [O]) {
                // SAFETY: as above.
                unsafe { R::answers::<$simd, O>(v, keys, out) }
            }

            pub(super) fn kernels<K: Key, R: Room<K>, O: Answer>() -> Kernels<K, O> {
                Kernels { code: code::<K, R>, entry: entry::<K, R>, answers: answers::<K, R, O> }
            }
        }
    };
}

level!(portable, simd::Portable);
#[cfg(target_arch = "x86_64")]
level!(avx2, simd::Avx2, "avx2,popcnt,bmi1,bmi2,lzcnt");
#[cfg(target_arch = "x86_64")]
level!(
    avx512,
    simd::Avx512,
    "avx2,popcnt,bmi1,bmi2,lzcnt,avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq"
);

/// The lookups of a view's engine, and of its tiers if it has any, at `level` or at the best level that the machine has.
pub(crate) fn kernels<K: Key, O: Answer>(v: &View<K>, level: SimdLevel) -> Kernels<K, O> {
    match v.engine {
        Engine::Tiny if v.exact.is_some() => with_tiers::<K, Tiny<0, 0>, O>(v, level),
        Engine::Tiny if v.is_empty => at_level::<K, Nothing, O>(level),
        Engine::Tiny => tiny::<K, O>(v, level),
        Engine::Lines => with_tiers::<K, Lines<false>, O>(v, level),
        Engine::Narrow => with_tiers::<K, Lines<true>, O>(v, level),
        Engine::Flat => with_tiers::<K, Flat, O>(v, level),
        Engine::Bits => with_tiers::<K, Bits, O>(v, level),
        Engine::Direct => with_tiers::<K, Direct, O>(v, level),
    }
}

/// The lookups of a list of a few entries, for its number of keys and their bits: known, they cost no branches. Codes that
/// need more than a byte are rare.
fn tiny<K: Key, O: Answer>(v: &View<K>, level: SimdLevel) -> Kernels<K, O> {
    let groups = if v.width.shift == 0 { v.tiny_groups } else { 0 };
    match (groups, v.root_bits) {
        (1, 32) => at_level::<K, Tiny<1, 32>, O>(level),
        (2, 32) => at_level::<K, Tiny<2, 32>, O>(level),
        (3, 32) => at_level::<K, Tiny<3, 32>, O>(level),
        (4, 32) => at_level::<K, Tiny<4, 32>, O>(level),
        (1, 64) => at_level::<K, Tiny<1, 64>, O>(level),
        (2, 64) => at_level::<K, Tiny<2, 64>, O>(level),
        (3, 64) => at_level::<K, Tiny<3, 64>, O>(level),
        (4, 64) => at_level::<K, Tiny<4, 64>, O>(level),
        (1, 128) => at_level::<K, Tiny<1, 128>, O>(level),
        (2, 128) => at_level::<K, Tiny<2, 128>, O>(level),
        (3, 128) => at_level::<K, Tiny<3, 128>, O>(level),
        (4, 128) => at_level::<K, Tiny<4, 128>, O>(level),
        _ => at_level::<K, Tiny<0, 0>, O>(level),
    }
}

fn with_tiers<K: Key, R: Room<K>, O: Answer>(v: &View<K>, level: SimdLevel) -> Kernels<K, O> {
    match &v.exact {
        None => at_level::<K, R, O>(level),
        Some(exact) => match (v.is_empty, exact.has_hosts_alone()) {
            (true, true) => at_level::<K, Front<Nothing, true>, O>(level),
            (true, false) => at_level::<K, Front<Nothing, false>, O>(level),
            (false, true) => at_level::<K, Front<R, true>, O>(level),
            (false, false) => at_level::<K, Front<R, false>, O>(level),
        },
    }
}

fn at_level<K: Key, R: Room<K>, O: Answer>(level: SimdLevel) -> Kernels<K, O> {
    match level.min(SimdLevel::detect()) {
        SimdLevel::Portable => portable::kernels::<K, R, O>(),
        #[cfg(target_arch = "x86_64")]
        SimdLevel::Avx2 => avx2::kernels::<K, R, O>(),
        #[cfg(target_arch = "x86_64")]
        SimdLevel::Avx512 => avx512::kernels::<K, R, O>(),
        #[cfg(not(target_arch = "x86_64"))]
        _ => portable::kernels::<K, R, O>(),
    }
}
