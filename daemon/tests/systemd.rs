//! The unit for systemd is one, and as closed as it says.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// How much the unit may be exposed, in tenths (`systemd-analyze security`): 1.5 is below what systemd calls OK.
const EXPOSED: &str = "15";

/// The unit with the program that was built, in a folder of its own; nothing where systemd's tools are not there.
fn analyze(arguments: &[&str]) -> Option<Output> {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        println!("SKIPPED: the unit is not checked without systemd-analyze (apt-get install systemd)");
        return None;
    }
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/systemd/ipgated.service");
    let text = fs::read_to_string(unit).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let built = folder.path().join("ipgated.service");
    fs::write(&built, text.replace("/usr/local/bin/ipgated", env!("CARGO_BIN_EXE_ipgated"))).unwrap();
    Some(Command::new("systemd-analyze").args(arguments).arg(&built).output().unwrap())
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn the_unit_is_valid() {
    let Some(output) = analyze(&["verify", "--man=no"]) else { return };
    let said = said(&output);
    assert!(output.status.success() && !said.contains("ipgated.service:"), "{said}");
}

#[test]
fn the_unit_is_closed() {
    let threshold = format!("--threshold={EXPOSED}");
    let Some(output) = analyze(&["security", "--offline=true", "--no-pager", &threshold]) else { return };
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    println!("{}", said.lines().last().unwrap_or_default());
}
