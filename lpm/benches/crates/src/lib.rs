//! What the benchmarks share: lists, address mixes, ways of asking, figures, bars, and ipgate itself.
//!
//! This crate is compiled for the default CPU, so that ipgate is measured as its users get it, while the peers
//! beside it may be compiled for the native CPU. Nothing that looks up in ipgate's tables may therefore be
//! generic over what a benchmark brings: it would be compiled there.

pub mod bars;
pub mod cases;
pub mod cells;
pub mod contender;
pub mod figures;
pub mod lists;
pub mod mixes;
pub mod ours;
pub mod reference;
pub mod report;
mod rng;
pub mod routes;
pub mod timer;
mod trace;
pub mod whole;
