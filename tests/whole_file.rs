//! Files written whole or not at all, seen from outside: what is there afterwards, and what stays.
#![cfg(feature = "whole-file")]

use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use ipgate::whole_file::{self, Edit, WriteError};

/// The names in a directory: nothing temporary is to be left there.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_is_made_and_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a");
    for bytes in [&b"one"[..], b"", &[0; 100_000]] {
        whole_file::write(&path, bytes).unwrap();
        assert!(fs::read(&path).unwrap() == bytes);
    }
    assert_eq!(names(directory.path()), ["a"]);
}

#[test]
fn what_cannot_be_replaced_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("no");
    assert!(matches!(Edit::of(&missing), Err(WriteError::Missing { .. })));
    assert!(matches!(whole_file::write(directory.path(), b""), Err(WriteError::NotAFile { .. })));
    let error = whole_file::write(missing.join("a"), b"").unwrap_err();
    let WriteError::Unchanged { error: cause, .. } = &error else { panic!("{error:?}") };
    assert_eq!(cause.kind(), io::ErrorKind::NotFound);
    assert!(error.to_string().contains("a cannot be written; nothing has changed: "), "{error}");
    assert_eq!(names(directory.path()), <[String; 0]>::default());
}

#[test]
fn a_file_that_vanished_under_an_edit_is_not_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a");
    fs::write(&path, "old").unwrap();
    let edit = Edit::of(&path).unwrap();
    fs::remove_file(&path).unwrap();
    assert!(matches!(edit.write(b"new"), Err(WriteError::Unchanged { .. })));
    assert_eq!(names(directory.path()), <[String; 0]>::default());
}

/// Every byte of a file is that of one writer, whenever it is read.
#[test]
fn readers_see_whole_files_only() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a");
    whole_file::write(&path, &[0; 70_000]).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for byte in 1..=50_u8 {
                whole_file::write(&path, &vec![byte; 70_000 + usize::from(byte)]).unwrap();
            }
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) {
            let bytes = fs::read(&path).unwrap();
            let first = bytes[0];
            assert_eq!(bytes.len(), 70_000 + usize::from(first));
            assert!(bytes.iter().all(|byte| *byte == first));
        }
    });
}

/// Read, add one, write: without the lock some of these would be lost.
#[test]
fn edits_of_one_directory_wait_for_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a");
    fs::write(&path, "").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let edit = Edit::of(&path).unwrap();
                    assert!(edit.not_locked().is_none());
                    let mut bytes = fs::read(edit.path()).unwrap();
                    bytes.push(b'x');
                    edit.write(&bytes).unwrap();
                }
            });
        }
    });
    assert_eq!(fs::read_to_string(&path).unwrap(), "x".repeat(40));
}

/// The same of a file that is not there at first, and that each tenth writer removes.
#[test]
fn whoever_makes_a_file_loses_nothing_of_another() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a");
    let removed = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for n in 0..20 {
                    let edit = Edit::at(&path).unwrap();
                    let mut bytes = if edit.exists() { fs::read(edit.path()).unwrap() } else { Vec::new() };
                    match n % 10 {
                        9 => {
                            removed.fetch_add(bytes.len(), Ordering::Relaxed);
                            edit.remove().unwrap();
                        }
                        _ => {
                            bytes.push(b'x');
                            edit.write(&bytes).unwrap();
                        }
                    }
                }
            });
        }
    });
    let left = fs::read(&path).map_or(0, |bytes| bytes.len());
    assert_eq!(left + removed.into_inner(), 4 * 18);
}

/// What is being written stays while others sweep.
#[test]
fn sweeping_leaves_the_living_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a");
    for name in [".ipgate-a1B2c3", ".ipgate-longer-than-that", ".ipgate-a.b2c3", "b"] {
        fs::write(directory.path().join(name), "").unwrap();
    }
    std::thread::scope(|scope| {
        scope.spawn(|| (0..100).for_each(|_| whole_file::write(&path, &[0; 70_000]).unwrap()));
        scope.spawn(|| {
            for _ in 0..100 {
                whole_file::sweep(directory.path()).unwrap();
            }
        });
    });
    assert_eq!(names(directory.path()), [".ipgate-a.b2c3", ".ipgate-longer-than-that", "a", "b"]);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    #[test]
    fn mode_owner_and_link_stay_and_the_file_is_another() {
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("a"), directory.path().join("link"));
        for mode in [0o600, 0o640, 0o444, 0o664] {
            fs::write(directory.path().join("fresh"), "old").unwrap();
            fs::rename(directory.path().join("fresh"), &file).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let _ = fs::remove_file(&link);
            symlink("a", &link).unwrap();
            let before = fs::metadata(&file).unwrap();
            whole_file::write(&link, b"new").unwrap();
            let after = fs::metadata(&file).unwrap();
            assert!(link.is_symlink());
            assert_eq!(after.mode() & 0o7777, mode);
            assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
            assert_ne!(after.ino(), before.ino(), "replaced, not written over");
            assert_eq!(fs::read(&link).unwrap(), b"new");
        }
    }

    #[test]
    fn a_link_to_nothing_stays_one() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("link");
        symlink("nothing", &link).unwrap();
        assert!(matches!(whole_file::write(&link, b""), Err(WriteError::DanglingLink { .. })));
        assert!(link.is_symlink());
        assert_eq!(names(directory.path()), ["link"]);
    }
}
