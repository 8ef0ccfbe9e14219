//! The lookups of tiers (`exact`) before the room of the rest, and their validation.

mod lookup;
mod validate;

pub(crate) use lookup::{Front, Nothing};
pub(crate) use validate::validate;
