//! What the files of the engine agree on: where codes stand, and what stands for a record.

use crate::sweep::NO_ENTRY;

/// Address bits that index the codes of whole /24s.
pub(super) const ROOT: u32 = 24;
/// What the image says instead where all addresses of /24s with records have codes, too: they follow those of the /24s.
pub(super) const WHOLE: u32 = 32;
/// So many /24s have them at the most: they take 4 MB, or 8 at width 2.
pub(super) const MOST_WHOLE: usize = 1 << 14;
/// Entry word of /24s with records, which no place in a list is.
pub(super) const INSIDE: u32 = NO_ENTRY - 1;

/// How many codes there are, for /24s and for what has codes inside them.
pub(super) fn codes(root_bits: u32, records: usize) -> usize {
    (1 << ROOT) + if root_bits == WHOLE { records << 8 } else { 0 }
}
