//! The C ABI of ipgate. Its documentation is the header, `include/ipgate.h`, which is made from this crate.
//!
//! An entry point takes references that may be absent, checks them, and runs inside `boundary`, which
//! turns panics into failures; the few places that read or write through raw pointers are in `raw`.

#![allow(non_camel_case_types)] // types have the names that C knows them by

// The header has the types and functions in this order.
mod status;

mod error;

mod diagnostic;

mod options;

mod list;

mod policy;

mod writer;

mod gate;

mod guard;

mod poll;

mod follow;

mod stats;

mod check;

mod reader;

mod verdict;

mod entry;

mod print;

mod site;

mod report;

mod address;
mod boundary;
mod failure;
mod fault;
mod file;
mod fork;
mod job;
mod load;
mod memory;
mod raw;
mod threads;

pub use check::*;
pub use diagnostic::*;
pub use entry::*;
pub use error::*;
pub use follow::*;
pub use gate::*;
pub use guard::*;
pub use list::*;
pub use options::*;
pub use policy::*;
pub use poll::*;
pub use print::*;
pub use reader::*;
pub use report::*;
pub use site::*;
pub use stats::*;
pub use status::*;
pub use verdict::*;
pub use writer::*;
