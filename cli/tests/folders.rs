//! Files that cannot be replaced, for what their directory or mount is: the message names that, and not a temporary
//! file. Mounts are made in a namespace of their own, which ends with the command.
#![cfg(target_os = "linux")]

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use common::Dir;

const LIST: &str = "10.0.0.0/8:corp\n";

/// Runs a script in a directory, `$0` being the command; `None`, said loudly, where the first words before it are not
/// allowed here.
fn run(dir: &Dir, before: &[&str], script: &str) -> Option<Output> {
    let run = |script: &str| {
        let words: Vec<&str> = before.iter().copied().chain(["sh", "-c", script]).collect();
        let program = dir.path("ipgate");
        Command::new(words[0]).args(&words[1..]).arg(program).current_dir(dir.path(".")).output()
    };
    match run("exit 0") {
        Ok(output) if output.status.success() => Some(run(script).unwrap()),
        other => {
            println!("SKIPPED: {before:?} is not allowed here: {other:?}");
            None
        }
    }
}

/// A directory with a list, and the command, which another user may run.
fn dir() -> Dir {
    let dir = Dir::with("a.list", LIST);
    fs::copy(env!("CARGO_BIN_EXE_ipgate"), dir.path("ipgate")).unwrap();
    fs::set_permissions(dir.path("."), Permissions::from_mode(0o755)).unwrap();
    dir
}

#[track_caller]
fn check(output: &Output, sentence: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]), "{said}");
    assert!(said.contains(sentence), "{said}");
    assert!(!said.contains(".ipgate-") && !said.contains('"'), "{said}");
}

#[test]
fn a_file_that_is_mounted_by_itself() {
    let dir = dir();
    let script = "mount --bind a.list a.list || exit 99; exec \"$0\" -l a.list add 192.0.2.7";
    let Some(output) = run(&dir, &["unshare", "--mount"], script) else { return };
    if output.status.code() == Some(99) {
        println!("SKIPPED: nothing may be mounted here");
        return;
    }
    let folder = dir.path(".").canonicalize().unwrap();
    check(&output, &format!("mount its directory, {}, instead", folder.display()));
    assert_eq!(dir.read("a.list"), LIST);
    assert_eq!(dir.names(), ["a.list", "ipgate"]);
}

#[test]
fn a_full_disk() {
    let dir = dir();
    fs::create_dir(dir.path("small")).unwrap();
    let script = "mount -t tmpfs -o size=16k none small || exit 99; cp a.list small/a.list; \
        dd if=/dev/zero of=small/full bs=1k count=64 2>/dev/null; \
        \"$0\" -l small/a.list add 192.0.2.7 || { code=$?; ls -A small >&2; cmp a.list small/a.list || exit 98; exit $code; }";
    let Some(output) = run(&dir, &["unshare", "--mount"], script) else { return };
    if output.status.code() == Some(99) {
        println!("SKIPPED: nothing may be mounted here");
        return;
    }
    let folder = dir.path("small").canonicalize().unwrap();
    check(&output, &format!("no space is left in {}\n", folder.display()));
    assert!(
        String::from_utf8_lossy(&output.stderr).ends_with("\na.list\nfull\n"),
        "nothing else is left there"
    );
}

#[test]
fn a_directory_without_permission() {
    let dir = dir();
    fs::create_dir(dir.path("closed")).unwrap();
    fs::write(dir.path("closed/a.list"), LIST).unwrap();
    fs::set_permissions(dir.path("closed"), Permissions::from_mode(0o555)).unwrap();
    let folder = dir.path("closed").canonicalize().unwrap();
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    let before = if is_root { &nobody[..] } else { &["env"] };
    for (script, folder) in [
        ("exec \"$0\" -l closed/a.list add 192.0.2.7", folder.display().to_string()),
        ("exec \"$0\" compile a.list -o closed/a.image", "closed".to_owned()),
        ("cd closed; exec \"$0\" compile a.list -o a.image", "the current directory".to_owned()),
    ] {
        let Some(output) = run(&dir, before, script) else { return };
        check(&output, &format!("you have no permission to make and replace files in {folder}\n"));
    }
    assert_eq!(fs::read_dir(dir.path("closed")).unwrap().count(), 1);
    fs::set_permissions(dir.path("closed"), Permissions::from_mode(0o755)).unwrap();
}
