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
fn an_image_is_no_list_and_holds_its_policy() {
    let dir = Dir::with("a.list", "10.0.0.0/8\n");
    assert_eq!(dir.run(&["compile", "a.list", "-o", "a.image"]).code, 0);
    for (args, sentence) in [
        (&["-l", "a.image", "--enforce", "check", "10.0.0.1"][..], "which holds its policy"),
        (&["-l", "a.image", "list"], "a.image is an image; give the list"),
        (&["compile", "a.image", "-o", "b.image"], "a.image is an image; give the list"),
        (&["--default", "a.image", "-l", "a.list", "check", "10.0.0.1"], "a.image is an image"),
        (&["-l", "a.list", "compile", "a.list", "-o", "b.image"], "--list has no effect"),
    ] {
        let run = dir.run(args);
        assert_eq!(run.code, 2, "{args:?}: {}", run.out);
        assert!(run.err.contains(sentence), "{args:?}: {}", run.err);
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
