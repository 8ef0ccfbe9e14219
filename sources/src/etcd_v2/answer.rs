//! What the v2 API answers.

use serde::Deserialize;

/// An answer that could be read, with the headers that tell of which store it is.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) body: Body,
    /// The index of the store when it answered.
    pub(super) index: u64,
    pub(super) cluster: String,
}

/// What it says.
#[derive(Debug)]
pub(super) enum Body {
    Event(Event),
    Error(ApiError),
    /// A poll that has waited for as long as the server lets it.
    Nothing,
}

/// What was done to a node, or `get`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Event {
    pub(super) action: String,
    pub(super) node: Node,
}

/// A key, or a directory of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Node {
    pub(super) key: String,
    pub(super) value: Option<String>,
    pub(super) dir: bool,
    pub(super) nodes: Vec<Node>,
    pub(super) modified_index: u64,
}

/// Why nothing was done.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApiError {
    pub(super) error_code: u32,
    pub(super) message: String,
}

impl ApiError {
    pub(super) const NOT_FOUND: u32 = 100;
    pub(super) const COMPARE_FAILED: u32 = 101;
    pub(super) const EXISTS: u32 = 105;
    /// The changes since that index are not kept any more: only the last thousand of the whole store are.
    pub(super) const CLEARED: u32 = 401;
}

impl Node {
    /// The keys at and below it.
    pub(super) fn leaves<'n>(&'n self, into: &mut Vec<(&'n str, &'n str)>) {
        if !self.dir {
            into.push((&self.key, self.value.as_deref().unwrap_or_default()));
        }
        for node in &self.nodes {
            node.leaves(into);
        }
    }
}
