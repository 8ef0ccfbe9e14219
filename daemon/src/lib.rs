//! The parts of `ipgated`: follows the lists of a site where they are kept, and hands what is in force on.
//!
//! ```text
//!   configuration ─▶ sources ─▶ what is in force ─┬─▶ files (publish)
//!                       ▲                         ├─▶ answers for proxies (decide)
//!                       │                         ├─▶ health, metrics, report (admin)
//!                       └── changes (control)     └─▶ said to the fleet (confirming)
//! ```

#![forbid(unsafe_code)]

pub mod admin;
pub mod args;
pub mod config;
pub mod confirming;
pub mod control;
pub mod daemon;
pub mod decide;
pub mod following;
pub mod in_force;
pub mod listen;
pub mod log;
mod notify;
pub mod publish;
pub mod sources;
