//! What the words of the root say.

/// The least root bits of the narrow engine: its keys are the bits after them.
pub(crate) const NARROW_ROOT: u32 = 16;

/// Slot word where no prefix covers the slot: there is no line to read. No other word has 31 levels.
pub(crate) const NOTHING: u32 = 31;
