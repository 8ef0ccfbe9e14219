//! What the words of the root say.

use crate::code::LINE;

/// The least root bits of the narrow engine: its keys are the bits after them.
pub(crate) const NARROW_ROOT: u32 = 16;

/// Keys of a separator line, which has a line more below it; the number of the first of those stands behind them.
pub(super) const SEPARATORS: usize = LINE / 4 - 1;

/// Slot word where no prefix covers the slot: there is no line to read. No other word has 31 levels.
pub(crate) const NOTHING: u32 = 31;
