//! The engine of lines: a direct root (IPv6: and a second table), then one 64-byte line whose keys are compared at once.
//!
//! A slot word is `line << 5 | d`. Neighbouring slots whose boundaries fit one line share it (`d` is 0), so lines are
//! full however the boundaries are spread. Above the lines of a slot with more boundaries stand `d` levels of separator
//! lines: fifteen keys of 32 bits and, as sixteenth word, the first of sixteen neighbouring lines. A slot that no prefix
//! covers says so itself (`slot::NOTHING`). A root word of IPv6 is `slot << 5 | k`: the next `k` address bits are added to
//! `slot` in the second table.
//!
//! A line's keys are the 32 bits after the anchor. A unit of this grain with a boundary inside is an escape to a deep
//! group. Long IPv4 lists have narrow lines: where slots agree in sixteen bits, the other sixteen are keys enough, and a
//! line holds nearly twice as many.

mod build;
mod lookup;
mod slot;
mod validate;

pub(crate) use build::build;
pub(crate) use lookup::Lines;
pub(crate) use slot::NARROW_ROOT;
pub(crate) use validate::validate;
