//! What changed keys make different.

use std::collections::BTreeSet;

use ipgate::site::AppName;

/// The settings and apps whose keys have changed since a statement was made of them.
#[derive(Debug, Default)]
pub(super) struct Touched {
    pub(super) default: bool,
    pub(super) mode: bool,
    pub(super) enforce: bool,
    pub(super) apps: BTreeSet<AppName>,
}

/// What a layout makes of a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It has one.
    Known,
    /// It has one; and the operator should know that of it.
    Remarked(String),
    /// Another layout may know it.
    Foreign,
}
