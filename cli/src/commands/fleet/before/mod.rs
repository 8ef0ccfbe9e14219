//! `fleet audit --before`: what an older system really enforces for each app, and what ipgate will of the same values.
//!
//! ```text
//!   JSON ─┬─▶ workflow ─ pattern ─┐
//!         └─▶ v1 ─────────────────┴─▶ read ─ nginx ─▶ system ─▶ compare ─ values ─▶ line
//! ```
//!
//! Each value is read twice: as the old router reads it, with what nginx makes of that, and as ipgate does. For each app both
//! readings become a site, and who is let in by one is compared with who is by the other.

mod compare;
mod line;
mod nginx;
mod pattern;
mod read;
mod system;
mod v1;
mod values;
mod workflow;

use std::io::Write;

use serde::Deserialize;

use crate::args::Form;
use crate::output::{self, Exit, Failure, Outcome, complain};
use crate::source::Text;
use crate::stream::Input;
use compare::Comparison;
use system::System;

/// So many values are named on standard error.
const NAMED: usize = 4;

/// What may be in the file.
#[derive(Deserialize)]
struct Dump {
    /// Of Kubernetes.
    items: Option<Vec<workflow::Object>>,
    /// Of etcd.
    node: Option<v1::Node>,
    /// Of either, where it has refused to answer.
    message: Option<String>,
}

pub(super) fn run(file: &Input, form: Form) -> Outcome {
    let system = system(&Text::read(file)?.bytes).map_err(|why| Failure::Told(format!("{file}: {why}")))?;
    let mut comparison = Comparison::new(&system);
    let mut out = output::stdout();
    let mut is_same = true;
    for app in &system.apps {
        let compared = comparison.compare(app);
        is_same &= compared.is_same;
        match form.json {
            true => line::write_json(&mut out, &compared)?,
            false => line::write_text(&mut out, &compared)?,
        }
    }
    out.flush()?;
    let refused = &comparison.refused;
    if !refused.is_empty() {
        let named = refused.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        let more = match refused.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        complain(format_args!(
            "nginx refuses the configuration because of {named}{more}: {}; what is in force is what was before, and not what the values say",
            system.stuck_means
        ));
    }
    Ok(Exit::of(is_same))
}

fn system(bytes: &[u8]) -> Result<System, String> {
    let sources = "take it with `kubectl get deployments,services --all-namespaces -o json`, or of Deis v1 with `curl -s 'http://…:2379/v2/keys/deis?recursive=true'`";
    let dump: Dump = serde_json::from_slice(bytes)
        .map_err(|error| format!("it is not what is needed ({error}); {sources}"))?;
    match dump {
        Dump { items: Some(objects), .. } => workflow::system(&objects),
        Dump { node: Some(node), .. } => v1::system(&node),
        Dump { message: Some(message), .. } => Err(format!("it is the answer that there is none: {message}")),
        Dump { .. } => Err(format!("it has neither objects of Kubernetes nor keys of etcd; {sources}")),
    }
}
