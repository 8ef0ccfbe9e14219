//! The C ABI of ipgate. Its documentation is the header, `include/ipgate.h`, which is made from this crate.
//!
//! An entry point takes references that may be absent, checks them, and runs inside [`boundary`], which
//! turns panics into failures; the few places that read or write through raw pointers are in [`raw`].

#![allow(non_camel_case_types)] // types have the names that C knows them by

mod boundary;
mod diagnostic;
mod error;
mod file;
mod gate;
mod guard;
mod job;
mod layers;
mod list;
mod load;
mod options;
mod policy;
mod poll;
mod raw;
mod reader;
mod signals;
mod stats;
mod status;
mod verdict;

pub use diagnostic::*;
pub use error::*;
pub use gate::*;
pub use guard::*;
pub use list::*;
pub use options::*;
pub use policy::*;
pub use poll::*;
pub use reader::*;
pub use stats::*;
pub use status::*;
pub use verdict::*;
