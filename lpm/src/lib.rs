//! Longest-prefix match for IPv4 and IPv6: prefixes and numbers in, the longest match out, in a few nanoseconds and
//! without a branch on the data.
//!
//! ```
//! use ipgate_lpm::{Family, Prefix};
//!
//! let routes = [
//!     Prefix { key: 0x0a00_0000_u32, len: 8, allow: true, value: 1 },  // 10.0.0.0/8
//!     Prefix { key: 0x0a09_0000_u32, len: 16, allow: false, value: 2 }, // 10.9.0.0/16
//! ];
//! let family = Family::build(&routes)?;
//! assert_eq!(family.lookup(0x0a01_0101), Some(1));
//! assert_eq!(family.lookup(0x0a09_0202), Some(2)); // the longest prefix
//! assert!(!family.is_allowed(0x0a09_0202));
//! assert_eq!(family.lookup(0x0b00_0000), None);
//! # Ok::<(), ipgate_lpm::BuildError>(())
//! ```
//!
//! Read from top to bottom, a lookup's path is: [`Family::lookup`] → `dispatch` (a function for engine and instruction
//! set) → the engine's room (`tiny`, `lines`, `flat`, `bits`, `direct`), and `deep` where that cannot tell addresses apart. A
//! list's path is: [`Prefix`] → `sweep` (boundaries) → `build` (which engine) → the room's `build` → `stored` (sections
//! of an [`image`]) → the room's `validate` → a `view` that kernels read.
//!
//! All unsafe code of ipgate's tables is here: unchecked loads (`unchecked`), instruction sets (`simd`, `dispatch`) and
//! memory (`memory`, `image`).

mod bits;
mod build;
mod code;
mod cursor;
mod deep;
mod direct;
mod dispatch;
mod draft;
mod engine;
mod error;
mod exact;
mod family;
mod flat;
mod front;
pub mod image;
mod key;
mod lines;
pub mod memory;
mod quick;
mod room;
mod simd;
mod stored;
mod sweep;
mod tiny;
mod unchecked;
mod view;
pub mod words;

pub use build::{BuildError, FamilyDraft, Options};
pub use code::{MAX_VALUE, NO_MATCH};
pub use engine::Engine;
pub use error::{ImageError, ImageErrorKind};
pub use family::Family;
pub use key::Key;
pub use simd::SimdLevel;
pub use stored::FAMILY_SECTIONS;
pub use sweep::{MAX_PREFIXES, Prefix, sorted_places};

/// The README's program is compiled and run as a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
