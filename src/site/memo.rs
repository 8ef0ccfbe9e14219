//! Where apps were found by their names, which requests ask for again and again.

use super::apps::AppState;
use super::snapshot::SiteSnapshot;

/// How many names it knows, one for each value of a byte.
const NAMES: usize = 1 << u8::BITS;

/// Numbers of apps by the byte that their names come to. A number is believed where the app that has it now has that very
/// name, so that it does not matter of which state of which site it is.
#[derive(Debug)]
pub(super) struct Memo(Box<[u32; NAMES]>);

impl Default for Memo {
    fn default() -> Memo {
        Memo(Box::new([0; NAMES]))
    }
}

impl Memo {
    /// The number and the state of an app by its name, as [`SiteSnapshot::app`], for about half the time where the name was
    /// asked for before.
    #[inline(always)]
    pub(super) fn find<'s>(&mut self, name: &[u8], site: &'s SiteSnapshot) -> Option<(u32, &'s AppState)> {
        let place = self.0.get_mut(usize::from(byte(name)))?;
        let known = site.numbered(*place).filter(|(_, app)| app.about.name.as_str().as_bytes() == name);
        if known.is_some() { known } else { look_up(name, site, place) }
    }
}

/// Looks a name up that is not known, and takes note of its number.
#[inline(never)]
fn look_up<'s>(name: &[u8], site: &'s SiteSnapshot, place: &mut u32) -> Option<(u32, &'s AppState)> {
    let found = site.app(name)?;
    *place = found.0;
    Some(found)
}

/// What a name comes to: all bits of its first and last bytes, as far as it has them, and of its length. Names that come to
/// the same one take each other's place, which takes no longer than not to know them.
#[inline]
fn byte(name: &[u8]) -> u8 {
    let ends = match (name.first_chunk::<4>(), name.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
        }
        _ => name.iter().fold(0, |ends, byte| ends << 8 | u64::from(*byte)),
    };
    let mixed = (ends ^ name.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 56) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::{App, Changes, Site, SiteGate};

    fn found(memo: &mut Memo, gate: &SiteGate, name: &str) -> Option<String> {
        let site = gate.snapshot();
        memo.find(name.as_bytes(), &site).map(|(_, app)| app.about.name.to_string())
    }

    /// Of many names, most take each other's place; numbers are given again when apps are gone.
    #[test]
    fn it_finds_what_the_site_finds_whatever_has_changed() {
        let name = |number: u32| format!("app{number}");
        let with = |site: Site, number| site.with_app(name(number).parse().unwrap(), App::new());
        let gate = SiteGate::new(&(0..1000).fold(Site::new(), with)).unwrap();
        let mut memo = Memo::default();
        let all = |memo: &mut Memo| {
            (0..1500).filter(|number| found(memo, &gate, &name(*number)) == Some(name(*number))).count()
        };
        assert_eq!((all(&mut memo), all(&mut memo)), (1000, 1000));
        let without = |changes: Changes, number| changes.without_app(name(number).parse().unwrap());
        let with = |changes: Changes, number| changes.with_app(name(number).parse().unwrap(), App::new());
        gate.apply(&(1200..1300).fold((0..200).fold(Changes::new(), without), with)).unwrap();
        assert_eq!((all(&mut memo), all(&mut memo)), (900, 900));
        let other = SiteGate::new(&Site::new().with_app("app1299".parse().unwrap(), App::new())).unwrap();
        assert_eq!(found(&mut memo, &other, "app1299").as_deref(), Some("app1299"));
        assert!(
            ["", "a", "app", "app1", "app12999"].iter().all(|name| found(&mut memo, &other, name).is_none())
        );
    }
}
