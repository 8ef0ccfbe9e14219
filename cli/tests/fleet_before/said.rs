//! What the command says.

use serde_json::Value;

use crate::common::{Dir, Run};

pub(crate) fn audit(dump: &str) -> Run {
    Dir::new().run_with(&["fleet", "audit", "--before", "-"], dump.as_bytes())
}

pub(crate) fn audit_json(dump: &str) -> (i32, Vec<Value>) {
    let run = Dir::new().run_with(&["--json", "fleet", "audit", "--before", "-"], dump.as_bytes());
    (run.code, run.json())
}

/// Before and after of one app, and why.
pub(crate) fn columns(run: &Run, app: &str) -> [String; 3] {
    let mut lines = run.out.lines().filter_map(|line| line.strip_prefix(&format!("{app}\t")));
    let line = lines.next().unwrap_or_else(|| panic!("{run:?}"));
    assert!(lines.next().is_none(), "{run:?}");
    let columns: Vec<String> = line.split('\t').map(str::to_owned).collect();
    columns.try_into().unwrap_or_else(|columns| panic!("{columns:?}"))
}

/// Short for a column: the number of entries of a list.
pub(crate) fn short(column: &str) -> String {
    match column.strip_prefix("list: ") {
        Some(rest) => format!("list {}", rest.split(' ').next().unwrap()),
        None => column.to_owned(),
    }
}
