//! The program that says whether Prometheus can read something.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::skipped::skipped;

/// Whether `promtool check metrics` has nothing to say about a text; says that it was skipped where there is none.
///
/// # Panics
///
/// Where it has, with what it says.
pub fn promtool_agrees(text: &[u8]) {
    let Some(promtool) = promtool() else { return };
    let mut command = Command::new(promtool);
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("promtool runs");
    child.stdin.take().expect("its standard input").write_all(text).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && said.trim().is_empty(), "{said}\n{}", String::from_utf8_lossy(text));
}

fn promtool() -> Option<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/promtool");
    let output = Command::new(script).stderr(Stdio::inherit()).output().expect("scripts/promtool runs");
    if !output.status.success() {
        skipped("metrics are not checked without promtool (scripts/promtool says why)");
        return None;
    }
    Some(String::from_utf8_lossy(&output.stdout).trim().into())
}
