//! Any prefixes, any engine: every way to ask says what a linear scan says.
#![no_main]

use arbitrary::Arbitrary;
use ipgate_lpm::{Engine, Family, Key, NO_MATCH, Options, Prefix, SimdLevel};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input {
    v6: bool,
    engine: Option<Forced>,
    tiers: Option<bool>,
    /// Whether more /24s have hosts than `Direct` has codes for each address of.
    many: bool,
    /// Where prefixes meet: all addresses share these bits, as far as their own do not reach.
    home: u128,
    prefixes: Vec<Written>,
    addresses: Vec<(u128, u8)>,
}

#[derive(Debug, Arbitrary)]
enum Forced {
    Tiny,
    Lines,
    Narrow,
    Flat,
    Bits,
    Direct,
}

#[derive(Debug, Arbitrary)]
struct Written {
    bits: u128,
    /// How many leading bits are the home's.
    shared: u8,
    len: u8,
    allow: bool,
    value: u32,
    /// Whether the value is one that needs another width.
    wide: u8,
}

fuzz_target!(|input: Input| match input.v6 {
    true => check::<u128>(&input),
    false => check::<u32>(&input),
});

fn key<K: Key>(home: u128, bits: u128, shared: u8) -> K {
    let own = u128::MAX.checked_shr(u32::from(shared) % (K::BITS + 1)).unwrap_or(0);
    K::from_wide((home & !own | bits & own) >> (128 - K::BITS))
}

fn check<K: Key>(input: &Input) {
    let prefix = |written: &Written| Prefix {
        key: key::<K>(input.home, written.bits, written.shared),
        len: (u32::from(written.len) % (K::BITS + 1)) as u8,
        allow: written.allow,
        value: match written.wide {
            0..200 => written.value % 5,
            200..240 => written.value % 70_000,
            _ => written.value.min(ipgate_lpm::MAX_VALUE),
        },
    };
    let mut list: Vec<Prefix<K>> = input.prefixes.iter().map(prefix).collect();
    if input.many && matches!(input.engine, Some(Forced::Direct)) && !input.v6 {
        // Before the others, so that those decide where they are equal.
        let host = |i: u32| Prefix {
            key: K::from_wide((i * 0x3f1).into()),
            len: 32,
            allow: i % 3 > 0,
            value: i % 5,
        };
        list.splice(0..0, (1..18_000).map(host));
    }
    let engine = input.engine.as_ref().map(|forced| match forced {
        Forced::Tiny => Engine::Tiny,
        Forced::Lines => Engine::Lines,
        Forced::Narrow => Engine::Narrow,
        Forced::Flat => Engine::Flat,
        Forced::Bits => Engine::Bits,
        Forced::Direct => Engine::Direct,
    });
    let map_engine = engine.filter(|engine| *engine != Engine::Bits);
    let options = Options { map_engine, set_engine: engine, tiers: input.tiers, level: None };
    let Ok(family) = Family::build_with(&list, options) else { return };

    let mut addresses: Vec<K> =
        input.addresses.iter().map(|(bits, shared)| key::<K>(input.home, *bits, *shared)).collect();
    for prefix in list.iter().rev().take(input.prefixes.len() + 9) {
        let (first, last) = (prefix.key.masked(prefix.len).wide(), prefix.key.last(prefix.len).wide());
        addresses.extend([first, last, first.wrapping_sub(1), last.wrapping_add(1)].map(K::from_wide));
    }
    let expected: Vec<Option<usize>> = addresses.iter().map(|address| scan(&list, *address)).collect();
    for level in SimdLevel::available() {
        let family = family.at_level(level);
        let (mut values, mut allowed) = (vec![0; addresses.len()], vec![false; addresses.len()]);
        family.lookup_many(&addresses, &mut values);
        family.are_allowed(&addresses, &mut allowed);
        for (i, &address) in addresses.iter().enumerate() {
            let value = expected[i].map(|place| list[place].value);
            let allow = expected[i].is_some_and(|place| list[place].allow);
            assert_eq!(
                (family.lookup(address), family.matched(address)),
                (value, expected[i]),
                "{address:x?}"
            );
            assert_eq!((family.is_allowed(address), allowed[i]), (allow, allow), "{address:x?}");
            assert_eq!(values[i], value.unwrap_or(NO_MATCH), "{address:x?}");
        }
    }
}

/// The longest prefix that covers, the later of equal ones.
fn scan<K: Key>(list: &[Prefix<K>], address: K) -> Option<usize> {
    let covers = |p: &&(usize, &Prefix<K>)| address.masked(p.1.len) == p.1.key.masked(p.1.len);
    let numbered: Vec<_> = list.iter().enumerate().collect();
    numbered.iter().filter(covers).max_by_key(|(place, p)| (p.len, *place)).map(|(place, _)| *place)
}
