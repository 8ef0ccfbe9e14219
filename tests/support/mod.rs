//! What the tests share: the golden model, the reader of case files, generators of lists.
//!
//! Each test binary uses a part of it.
#![allow(dead_code)]

pub(crate) mod bgp;
pub(crate) mod cases;
pub(crate) mod fixes;
pub(crate) mod generate;
pub(crate) mod golden;
pub(crate) mod reach;
pub(crate) mod site;
pub(crate) mod texts;
