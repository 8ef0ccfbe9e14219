//! What the router logs.

use std::io::Write;

use ipgate::watch::Outcome;
use serde_json::{Value, json};

pub(crate) fn log_outcome(outcome: Outcome) {
    let mut record = json!({ "event": "list", "message": outcome.to_string() });
    let (event, generation) = match outcome {
        Outcome::Swapped { generation, entries, .. } => {
            record["entries"] = json!(entries);
            ("list-swapped", Some(generation))
        }
        Outcome::Unchanged { generation, .. } => ("list-unchanged", Some(generation)),
        Outcome::Expired { generation, .. } => ("list-expired", Some(generation)),
        Outcome::Compacted { generation, .. } => ("list-compacted", Some(generation)),
        Outcome::Refused { .. } => ("list-refused", None),
        _ => ("list", None),
    };
    record["event"] = json!(event);
    record["generation"] = json!(generation);
    log(record);
}

/// One JSON object a line on standard output; nothing else is written there.
pub(crate) fn log(mut record: Value) {
    record["time"] = json!(jiff::Timestamp::now().to_string());
    let _ = writeln!(std::io::stdout(), "{record}"); // a log that nobody reads stops no request
}
