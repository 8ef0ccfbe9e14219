//! The engine of large IPv4 maps: 2^18 slots of 64 /24s each.
//!
//! A slot names a record: 64 bits that mark the /24s at which the code changes (the first is always set), and a code for
//! each mark. Slots with one code share one record for each code, so most of the address space is answered out of a few
//! hot lines.
//!
//! Boundaries inside a /24 cannot be told at this granularity: such a block is an escape to a deep group. The table takes
//! this engine only where that is rare.

mod build;
mod lookup;
mod records;
mod validate;

pub(crate) use build::build;
pub(crate) use lookup::Flat;
pub(crate) use validate::validate;
