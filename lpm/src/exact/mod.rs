//! Prefixes of one length in a hash table: one line for a host, wherever it lies.
//!
//! Lists are made of hosts and of networks that customers have, and to tell such a prefix from its neighbours takes all
//! bits that it has: an ordered structure goes through as many lines as the boundaries are crowded. Whether an address
//! *is* one of them is a question for a hash table (lookup by length: Waldvogel, Varghese, Turner, Plattner, "Scalable
//! High Speed IP Routing Lookups", SIGCOMM 1997). So the prefixes of up to three lengths, where a list has many of
//! them, become a *tier* each, which is asked before the engine that holds the rest; the longest tier that has the
//! address answers. A prefix stays with the rest where one inside it does, so that the order of the tiers is that of
//! the lengths.
//!
//! ```text
//! filter: a bit for each part of the space that has prefixes of a tier ── none here ──▶ the rest
//! hash(address & mask) ── upper bits ──▶ group, and with it the block ──▶ pilot (a byte)
//!                     └── lower bits ──▶ mixed with the pilot ──▶ bucket of the block
//! bucket, 64 bytes:   | 3 keys of 16 bytes, or 5 of 8, or 7 of 4 |  | a word for each: code + 1, or 0 |
//! ```
//!
//! There is one bucket in which a prefix can be, up to nine tenths of the slots are taken, and nothing is chained: for each
//! group of about four prefixes the builder looks for a pilot that sends all of them to buckets with room (after
//! Pibiri, Trani, "PTHash", SIGIR 2021, with buckets in place of single slots, which makes it easy). Groups and buckets come
//! in *blocks* of some thousand prefixes, so that building stays in the cache. What finds no place — it takes a list
//! that is made for it — goes to the rest.

mod build;
mod filter;
mod hash;
mod tier;
mod tiers;

pub(crate) use build::{Tiers, split};
pub(crate) use filter::Filter;
pub(crate) use hash::{bucket, group, hash};
pub(crate) use tier::{MOST_BITS, MOST_TIERS, Size, Tier, slots, words_at};
pub(crate) use tiers::Exact;
