//! What the benchmarks share: lists, address mixes, ways of asking, figures, bars, and ipgate itself.
//!
//! This crate is compiled for the default CPU, so that ipgate is measured as its users get it, while the peers
//! beside it may be compiled for the native CPU. Nothing that looks up in ipgate's tables may therefore be
//! generic over what a benchmark brings: it would be compiled there.

pub mod bars;
pub mod contender;
pub mod data;
pub mod figures;
pub mod ours;
pub mod timer;
mod trace;
pub mod whole;
