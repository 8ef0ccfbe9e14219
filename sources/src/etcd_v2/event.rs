//! What an event does to the keys that are known.

use super::answer::{Event, Node};
use crate::layout::Keys;

/// Takes an event that came while a node was watched. It may be about a directory above, which took the node with it; of
/// other nodes it then says nothing, since they have events of their own, in another order.
pub(super) fn take(keys: &mut Keys, watched: &str, event: &Event) {
    let Node { key, value, dir, .. } = &event.node;
    match event.action.as_str() {
        "delete" | "expire" | "compareAndDelete" => {
            let gone = if is_at_or_below(watched, key) { watched } else { key };
            keys.remove(gone.as_bytes());
            keys.remove_below(gone);
        }
        // A directory that is made, or lives longer; a key of that name may have made place for it.
        _ if *dir => keys.remove(key.as_bytes()),
        _ => keys.put(key.as_bytes(), value.as_deref().unwrap_or_default().as_bytes()),
    }
}

fn is_at_or_below(key: &str, directory: &str) -> bool {
    key.strip_prefix(directory.trim_end_matches('/'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
