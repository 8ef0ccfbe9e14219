//! `compile`, and images in the place of lists.

mod common;

use common::Dir;

#[test]
fn an_image_answers_as_its_lists_do() {
    let dir = Dir::with("base.list", "10.0.0.0/8:corp\n!10.9.0.0/16:lab\n");
    dir.write("app.list", "10.9.1.0/24:ci\n2001:db8::/32:v6\n");
    let policy = ["--default", "base.list", "--mode", "extend"];
    let compiled = dir.run(&[&["compile", "app.list", "-o", "x.image"], &policy[..]].concat());
    assert_eq!((compiled.code, compiled.err.as_str()), (0, ""));
    assert!(compiled.out.starts_with("x.image: 4 entries, "), "{}", compiled.out);
    let clients = ["10.1.1.1", "10.9.2.2", "10.9.1.1", "2001:db8::1", "11.0.0.1", "::ffff:10.1.1.1"];
    let text = dir.run(&[&["-l", "app.list", "check"], &policy[..], &clients[..]].concat());
    let image = dir.run(&[&["-l", "x.image", "check"], &clients[..]].concat());
    assert_eq!((image.code, &image.out), (1, &text.out));
    assert_eq!(
        image.out.lines().take(3).collect::<Vec<_>>(),
        [
            "10.1.1.1\tallow\t10.0.0.0/8\tcorp",
            "10.9.2.2\tdeny\t10.9.0.0/16\tlab",
            "10.9.1.1\tallow\t10.9.1.0/24\tci"
        ]
    );
    let explained = dir.run(&["-l", "x.image", "explain", "10.9.1.1"]);
    assert!(explained.out.contains("The table is the image x.image (4 entries)."), "{}", explained.out);
    assert!(explained.out.contains("base.list:2"), "{}", explained.out);
}

#[test]
fn what_was_left_out_is_counted() {
    let dir = Dir::with("a.list", "10.0.0.0/8:a\n10.1\n192.0.2.7\n");
    dir.write("d.list", "198.51.100.0/24\nfoobar\n");
    let run = dir.run(&["--json", "--lenient", "compile", "a.list", "--default", "d.list", "-o", "a.image"]);
    assert_eq!((run.code, &run.json()[0]["left_out"], &run.json()[0]["entries"]), (0, &2.into(), &3.into()));
    for sentence in [
        "a.list: 2 entries are taken; what has errors is left out: 1 error\n",
        "d.list: 1 entry is taken; what has errors is left out: 1 error\n",
    ] {
        assert!(run.err.contains(sentence), "{}", run.err);
    }
    dir.write("a.list", "<html>\n<pre>\n10.0.0.0/8\n</pre>\n</html>\n");
    let run = dir.run(&["--lenient", "compile", "a.list", "-o", "b.image"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(run.err.contains("a.list:1:1: error: this is an HTML page"), "{}", run.err);
    let sentence = "the list is rejected: 4 errors, 3 of them not shown; 4 of 5 pieces are no entries, \
        and at most 50 % may be left out\n";
    assert!(run.err.ends_with(sentence), "{}", run.err);
    assert!(!dir.path("b.image").exists());
    dir.write("a.list", "10.0.0.0/8\n");
    let run = dir.run(&["--json", "compile", "a.list", "-o", "a.image"]);
    assert_eq!((run.code, run.err.as_str(), &run.json()[0]["left_out"]), (0, "", &0.into()));
}

#[test]
fn an_image_is_no_list_and_holds_its_policy() {
    const IS_IMAGE: &str = "a.image is a compiled image, which only `check`, `explain` and `replay` read";
    let dir = Dir::with("a.list", "10.0.0.0/8\n");
    assert_eq!(dir.run(&["compile", "a.list", "-o", "a.image"]).code, 0);
    for (args, sentence) in [
        (&["-l", "a.image", "--enforce", "check", "10.0.0.1"][..], "which holds its policy"),
        (&["-l", "a.image", "list"], IS_IMAGE),
        (&["compile", "a.image", "-o", "b.image"], IS_IMAGE),
        (&["-l", "a.image", "add", "10.0.0.1"], IS_IMAGE),
        (&["-l", "a.image", "remove", "10.0.0.0/8"], IS_IMAGE),
        (&["lint", "a.image"], IS_IMAGE),
        (&["fmt", "a.image"], IS_IMAGE),
        (&["fmt", "--write", "a.image"], IS_IMAGE),
        (&["diff", "a.list", "a.image"], IS_IMAGE),
        (&["--default", "a.image", "-l", "a.list", "check", "10.0.0.1"], IS_IMAGE),
        (&["-l", "a.list", "compile", "a.list", "-o", "b.image"], "unexpected argument '--list'"),
    ] {
        let run = dir.run(args);
        assert_eq!(run.code, 2, "{args:?}: {}", run.out);
        assert!(run.err.contains(sentence), "{args:?}: {}", run.err);
        assert!(sentence != IS_IMAGE || run.err.lines().count() == 1, "{args:?}: {}", run.err);
    }
    assert!(!dir.path("b.image").exists());
}

#[test]
fn a_bad_list_leaves_the_image_and_a_damaged_image_is_refused() {
    let dir = Dir::with("a.list", "10.0.0.0/8\n");
    assert_eq!(dir.run(&["compile", "a.list", "-o", "a.image"]).code, 0);
    let before = std::fs::read(dir.path("a.image")).unwrap();
    dir.write("a.list", "10.1\n");
    assert_eq!(dir.run(&["compile", "a.list", "-o", "a.image"]).code, 2);
    assert_eq!(std::fs::read(dir.path("a.image")).unwrap(), before);
    let mut damaged = before;
    *damaged.last_mut().unwrap() ^= 1;
    dir.write("a.image", &damaged);
    let run = dir.run(&["-l", "a.image", "check", "10.0.0.1"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(run.err.contains("checksum") && run.err.contains("compile the list again"), "{}", run.err);
}

/// Under any name: an image in the place of the list that it is made of would lose the list.
#[test]
#[cfg(unix)]
fn no_list_is_written_over_by_what_is_made_of_it() {
    const LISTS: [(&str, &str); 2] = [("a.list", "10.0.0.0/8:a\n"), ("d.list", "192.0.2.0/24:d\n")];
    let dir = Dir::new();
    LISTS.iter().for_each(|(name, text)| dir.write(name, text));
    std::fs::create_dir(dir.path("sub")).unwrap();
    for (name, target) in [("a.link", "a.list"), ("d.link", "d.list")] {
        std::os::unix::fs::symlink(target, dir.path(name)).unwrap();
    }
    std::fs::hard_link(dir.path("a.list"), dir.path("a.hard")).unwrap();
    let absolute = dir.path("a.list").to_str().unwrap().to_owned();
    for (input, output, name) in [
        ("a.list", "a.list", "LIST"),
        ("a.list", "./sub/../a.list", "LIST"),
        ("a.list", &absolute, "LIST"),
        ("a.list", "a.link", "LIST"),
        ("a.link", "a.list", "LIST"),
        ("a.list", "a.hard", "LIST"),
        ("a.list", "d.list", "--default"),
        ("a.list", "d.link", "--default"),
    ] {
        for force in [&[][..], &["--force"]] {
            let args = ["compile", input, "--default", "d.list", "-o", output];
            let run = dir.run(&[&args[..], force].concat());
            assert_eq!((run.code, run.out.as_str()), (2, ""), "{args:?}");
            let sentence = format!("{name} (");
            assert!(run.err.contains(&sentence) && run.err.contains("written over"), "{args:?}: {}", run.err);
            LISTS.iter().for_each(|(name, text)| assert_eq!(dir.read(name), *text, "{args:?}"));
        }
    }
}

#[test]
fn only_images_are_replaced_unless_forced() {
    let dir = Dir::with("a.list", "10.0.0.0/8:a\n");
    for text in ["192.0.2.0/24:other\n", "", "notes", "IPG"] {
        dir.write("there", text);
        let args = ["compile", "a.list", "-o", "there"];
        let refused = dir.run(&args);
        assert_eq!((refused.code, refused.out.as_str()), (2, ""), "{text:?}");
        let sentence = "ipgate: there exists and is not an image; give --force to replace it\n";
        assert_eq!((refused.err.as_str(), dir.read("there").as_str()), (sentence, text));
        assert_eq!(dir.run(&[&args[..], &["--force"]].concat()).code, 0, "{text:?}");
        assert_eq!(dir.run(&args).code, 0, "an image is replaced by another");
        assert_eq!(dir.run(&["-l", "there", "check", "10.0.0.1"]).code, 0);
    }
    assert_eq!(dir.names(), ["a.list", "there"]);
}

#[test]
fn an_image_on_standard_output() {
    use std::process::Stdio;
    let dir = Dir::with("a.list", "10.0.0.0/8:a\n");
    assert_eq!(dir.run(&["compile", "a.list", "-o", "a.image"]).code, 0);
    let mut command = common::command(&dir.path("."), &["compile", "a.list", "-o", "-"]);
    let written = command.stdin(Stdio::null()).output().unwrap();
    assert!(written.status.success());
    // Two images of a list differ in the time at which they were made.
    assert_eq!(written.stdout.len(), std::fs::read(dir.path("a.image")).unwrap().len(), "nothing else");
    dir.write("b.image", &written.stdout);
    assert_eq!(
        dir.run(&["-l", "b.image", "check", "10.0.0.1"]).out,
        "10.0.0.1	allow	10.0.0.0/8	a
"
    );
    let told = String::from_utf8(written.stderr).unwrap();
    assert!(told.starts_with("ipgate: <stdout>: 1 entry, "), "{told}");
    let json = dir.run(&["compile", "a.list", "-o", "-", "--json"]);
    assert_eq!((json.code, json.out.as_str()), (2, ""));
}

/// A new image is as private as whatever else the user makes; an old one stays as it is.
#[test]
#[cfg(unix)]
fn images_follow_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    for (umask, mode) in [("077", 0o600), ("027", 0o640), ("022", 0o644), ("000", 0o666)] {
        let dir = Dir::with("a.list", "10.0.0.0/8:a\n");
        let compile = || {
            let script = format!("umask {umask}; exec \"$0\" compile a.list -o a.image");
            let mut shell = std::process::Command::new("sh");
            shell.args(["-c", &script, env!("CARGO_BIN_EXE_ipgate")]).current_dir(dir.path("."));
            assert!(shell.output().unwrap().status.success());
            std::fs::metadata(dir.path("a.image")).unwrap().permissions().mode() & 0o7777
        };
        assert_eq!(compile(), mode, "umask {umask}");
        std::fs::set_permissions(dir.path("a.image"), std::fs::Permissions::from_mode(0o604)).unwrap();
        assert_eq!(compile(), 0o604, "umask {umask}");
    }
}
