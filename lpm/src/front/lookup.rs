//! Asks the tiers, then the room of the rest.

use std::hint::select_unpredictable;
use std::marker::PhantomData;

use crate::Key;
use crate::code::{Answer, LINE, NO_CODE};
use crate::exact::{Exact, Tier, bucket, group, hash, slots, words_at};
use crate::room::{GROUP, Room, prefetch};
use crate::simd::Simd;
use crate::sweep::NO_ENTRY;
use crate::view::View;

/// The lookups of a room with tiers before it; with `HOSTS` there is one tier, of hosts: the common case is spared the loop
/// and the masks.
pub(crate) struct Front<R, const HOSTS: bool>(PhantomData<R>);

/// The room of a rest without prefixes.
pub(crate) struct Nothing;

impl<K: Key> Room<K> for Nothing {
    #[inline(always)]
    unsafe fn code<S: Simd>(_: &View<K>, _: K) -> u32 {
        NO_CODE
    }

    #[inline(always)]
    unsafe fn entry<S: Simd>(_: &View<K>, _: K) -> u32 {
        NO_ENTRY
    }
}

/// A prefix in its bucket.
struct Found {
    /// What stands for it: its code plus one, or 0 where there is none.
    word: u32,
    /// Its slot among those of the tier.
    slot: usize,
}

// SAFETY contract of the methods: see `Room`.
impl<K: Key, R: Room<K>, const HOSTS: bool> Room<K> for Front<R, HOSTS> {
    #[inline(always)]
    unsafe fn code<S: Simd>(v: &View<K>, key: K) -> u32 {
        // SAFETY: by the caller.
        unsafe {
            let Some(exact) = v.exact.as_deref().filter(|exact| exact.filter.may_have(key)) else {
                return R::code::<S>(v, key);
            };
            // No branch on what is found: its misses overlap with those of the rest.
            let mut code = R::code::<S>(v, key);
            for tier in exact.tiers::<HOSTS>().iter().rev() {
                let word = found::<K, HOSTS>(tier, bucket_of::<K, HOSTS>(tier, key), key).word;
                code = select_unpredictable(word == 0, code, word.wrapping_sub(1));
            }
            code
        }
    }

    #[inline(always)]
    unsafe fn entry<S: Simd>(v: &View<K>, key: K) -> u32 {
        // SAFETY: by the caller; the map names an entry for every slot.
        unsafe {
            if let Some(exact) = v.exact.as_deref().filter(|exact| exact.filter.may_have(key)) {
                for tier in exact.tiers::<HOSTS>() {
                    let found = found::<K, HOSTS>(tier, bucket_of::<K, HOSTS>(tier, key), key);
                    if found.word != 0 {
                        return tier.slot_entries.word(found.slot);
                    }
                }
            }
            R::entry::<S>(v, key)
        }
    }

    #[inline(always)]
    unsafe fn answers<S: Simd, O: Answer>(v: &View<K>, keys: &[K], out: &mut [O]) {
        let count = keys.len().min(out.len());
        let (keys, out) = (&keys[..count], &mut out[..count]);
        // SAFETY: by the caller.
        unsafe {
            R::answers::<S, O>(v, keys, out);
            let Some(exact) = v.exact.as_deref() else { return };
            for (keys, out) in keys.chunks(GROUP).zip(out.chunks_mut(GROUP)) {
                hits::<K, O, HOSTS>(exact, keys, v.allowed, out);
            }
        }
    }
}

/// Answers for those of a group that a tier has; the misses of all overlap.
///
/// # Safety
/// As [`Room::answers`], with at most [`GROUP`] addresses and as many answers.
#[inline(always)]
unsafe fn hits<K: Key, O: Answer, const HOSTS: bool>(
    exact: &Exact<K>,
    keys: &[K],
    allowed: u32,
    out: &mut [O],
) {
    // SAFETY: by the caller.
    unsafe {
        // No branch: whether an address is listed is as good as random where it is not always the same.
        let (mut places, mut count) = ([0; GROUP], 0);
        for (place, &key) in keys.iter().enumerate() {
            places[count] = place;
            count += usize::from(exact.filter.may_have(key));
        }
        let places = &places[..count];
        for tier in exact.tiers::<HOSTS>().iter().rev() {
            let mut buckets = [0; GROUP];
            for (at, &place) in buckets.iter_mut().zip(places) {
                *at = bucket_of::<K, HOSTS>(tier, keys[place]);
                prefetch(tier.buckets.address(*at * LINE));
            }
            for (&at, &place) in buckets.iter().zip(places) {
                let word = found::<K, HOSTS>(tier, at, keys[place]).word;
                let hit = O::from_code(word.wrapping_sub(1), allowed);
                out[place] = select_unpredictable(word == 0, out[place], hit);
            }
        }
    }
}

/// The bucket in which the prefix of an address would be.
///
/// # Safety
/// The view's invariant.
#[inline(always)]
unsafe fn bucket_of<K: Key, const HOSTS: bool>(tier: &Tier<K>, key: K) -> usize {
    let hash = hash(tier.prefix::<HOSTS>(key));
    let group = group(hash, tier.groups);
    // SAFETY: a tier has a pilot for each of its groups (`validate`).
    let pilot = unsafe { tier.pilots.byte(group) };
    ((group >> tier.group_bits) << tier.bucket_bits) + bucket(hash, pilot, tier.bucket_bits)
}

/// The prefix of an address in a bucket. All slots are compared, without a branch: a handful of scalar comparisons is done
/// before vectors have made a mask.
///
/// # Safety
/// The view's invariant, and a bucket of [`bucket_of`].
#[inline(always)]
unsafe fn found<K: Key, const HOSTS: bool>(tier: &Tier<K>, at: usize, key: K) -> Found {
    let key = tier.prefix::<HOSTS>(key).wide();
    let (low, high) = (key as u64, (key >> 64) as u64);
    let line = at * LINE;
    // SAFETY: a tier has all of its buckets (`validate`), and the key of a slot lies in its line.
    unsafe {
        if K::BITS == 32 {
            first::<4, K>(tier, at, |slot| tier.buckets.loose(line + 4 * slot) == low as u32)
        } else if HOSTS || tier.is_whole {
            first::<16, K>(tier, at, |slot| {
                let [a, b] = [0, 8].map(|half| tier.buckets.long(line + 16 * slot + half));
                (a ^ low) | (b ^ high) == 0
            })
        } else {
            first::<8, K>(tier, at, |slot| tier.buckets.long(line + 8 * slot) == high)
        }
    }
}

/// The first of a bucket's slots that is the one.
///
/// # Safety
/// As [`found`], with the bytes of the tier's keys.
#[inline(always)]
unsafe fn first<const KEY_BYTES: usize, K: Key>(
    tier: &Tier<K>,
    at: usize,
    is_it: impl Fn(usize) -> bool,
) -> Found {
    let (slots, words_at) = const { (slots(KEY_BYTES), words_at(KEY_BYTES)) };
    let mut found = Found { word: 0, slot: at * slots };
    for slot in (0..slots).rev() {
        // SAFETY: the words of a bucket end with its line.
        let word = unsafe { tier.buckets.loose(at * LINE + words_at + 4 * slot) };
        let is_it = is_it(slot);
        found.word = select_unpredictable(is_it, word, found.word);
        found.slot = select_unpredictable(is_it, at * slots + slot, found.slot);
    }
    found
}
