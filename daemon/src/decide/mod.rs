//! Decisions for proxies that load nothing: each request is asked about over HTTP, and let through by 200 alone.
//!
//! ```text
//!  client ──▶ proxy ──▶ upstream              question ─▶ who is the client, whose list ─▶ what the lists say ─▶ answer
//!               │ ▲                             (rules)     (ipgate::client)  (app)          (what is in force)    │
//!               ▼ │ 200 or 403                                                                                     ▼
//!             ipgated                                                                        counted, logged, four headers
//! ```
//!
//! A listener has a profile ([`Profile`](crate::config::Profile)), which says what of a request is its proxy's word and not the
//! client's. Whatever is missing, doubled or in doubt denies; so does a peer that is none of the trusted proxies, since it asks
//! for others and its own address says nothing.

mod answer;
mod app;
mod cause;
mod connections;
mod denials;
mod rules;
mod server;
mod tally;

pub use cause::Cause;
pub use rules::Rules;
pub use server::Decider;
pub use tally::{Counted, Tally};
