//! Reports for C: what a program enforces and has decided, as JSON and as figures for Prometheus.

// The header has the types and functions in this order.
mod given;

mod maker;

mod address;
mod counts;
mod document;
mod exposition;
mod list;
mod metrics;
mod site;
mod state;
mod time;

pub use given::*;
pub use maker::*;

#[cfg(test)]
mod tests;
