//! The image of a site: `compile --site`, and the image wherever a folder can stand.

mod common;

use std::fs;

use common::Dir;

fn site() -> Dir {
    let dir = Dir::new();
    fs::create_dir_all(dir.path("fleet/apps/deis")).unwrap();
    dir.write("fleet/site.toml", "enforce = true\n[apps.early]\nmode = \"precede\"\n");
    dir.write("fleet/default.list", "10.0.0.0/8:corp\n!10.9.0.0/16:lab\n");
    dir.write("fleet/apps/shop.list", "192.0.2.7:partner\n");
    dir.write("fleet/apps/deis/controller.list", "198.51.100.0/24:ops\n");
    dir.write("fleet/apps/early.list", "10.8.0.0/15:office\n");
    dir.write("fleet/hosts", "shop.example.com shop\n");
    dir
}

#[test]
fn an_image_stands_for_its_folder() {
    let dir = site();
    let run = dir.run(&["compile", "--site", "fleet", "-o", "fleet.image"]);
    let bytes = fs::metadata(dir.path("fleet.image")).unwrap().len();
    let said = format!("fleet.image: 3 apps, 5 entries, {bytes} bytes\n");
    assert_eq!((run.out, run.err.as_str(), run.code), (said, "", 0));
    // The folder as the list that is to be compiled, and JSON.
    let run = dir.run(&["compile", "fleet", "-o", "other.image", "--json"]);
    let said =
        format!("{{\"file\":\"other.image\",\"apps\":3,\"entries\":5,\"left_out\":0,\"bytes\":{bytes}}}\n");
    assert_eq!((run.out, run.err.as_str(), run.code), (said, "", 0));

    for (of, client, code, said) in [
        (["--app", "shop"], "192.0.2.7", 0, "allow\t192.0.2.7/32\tpartner"),
        (["--app", "shop"], "10.9.1.1", 1, "deny\t10.9.0.0/16\tlab"),
        (["--app", "early"], "10.9.1.1", 0, "allow\t10.8.0.0/15\toffice"),
        (["--host", "SHOP.example.com:443"], "192.0.2.7", 0, "allow\t192.0.2.7/32\tpartner"),
        (["--host", "other.example.com"], "192.0.2.7", 1, "deny\t-\t-"),
    ] {
        let run = dir.run(&["--site", "fleet.image", of[0], of[1], "check", client]);
        assert_eq!((run.out, run.err.as_str(), run.code), (format!("{client}\t{said}\n"), "", code));
    }
    let explained = dir.run(&["--site", "fleet.image", "--app", "early", "explain", "10.9.1.1"]).out;
    assert!(explained.contains("The app is early of the site fleet.image.\n"), "{explained}");
    let run = dir.run(&["--site", "fleet.image", "list", "--apps"]);
    assert_eq!(
        run.out,
        "deis/controller\t1\textend\t-\nearly\t1\tprecede\t-\nshop\t1\textend\tshop.example.com\n"
    );
    assert_eq!(dir.run(&["diff", "fleet", "fleet.image"]).code, 0);
    dir.write("fleet/apps/shop.list", "192.0.2.8:partner\n");
    assert_eq!(dir.run(&["diff", "fleet.image", "fleet"]).code, 1);
    dir.write("log", "192.0.2.7 shop.example.com\n192.0.2.8 shop.example.com\n");
    let replayed = dir.run(&["--site", "fleet.image", "replay", "--host-field", "2", "log"]);
    let said = "# app shop: allowed: 1 line of 1 client; denied: 1 line of 1 client\n";
    assert!(replayed.out.contains(said), "{} {}", replayed.out, replayed.err);
}

#[test]
fn what_cannot_be_compiled_leaves_the_file_as_it_is() {
    let dir = site();
    dir.write("kept", "somebody's");
    let refused = |args: &[&str], said: &str| {
        let run = dir.run(&[&["compile"], args].concat());
        assert_eq!(run.code, 2, "{args:?}: {}", run.err);
        assert!(run.err.contains(said), "{args:?}: {}", run.err);
    };
    refused(
        &["--site", "fleet", "-o", "kept"],
        "kept exists and is not an image; give --force to replace it",
    );
    assert_eq!(fs::read_to_string(dir.path("kept")).unwrap(), "somebody's");
    refused(&["--site", "fleet", "-o", "fleet/apps/new.list"], "is in the folder of the site fleet");
    refused(&["--site", "nowhere", "-o", "x"], "nowhere: No such file or directory");
    refused(&["--site", "fleet", "--enforce", "-o", "x"], "cannot be used with");
    refused(
        &["fleet", "--enforce", "-o", "x"],
        "fleet is a site, which says --default, --mode and --enforce itself",
    );
    refused(&["-o", "x"], "required");
    dir.write("fleet/apps/shop.list", "10.0.0.0/33\n");
    refused(&["--site", "fleet", "-o", "x"], "1 list is rejected, which `ipgate lint fleet` shows");
    assert!(!dir.path("x").exists());

    // An image is no text.
    dir.write("fleet/apps/shop.list", "192.0.2.7:partner\n");
    assert_eq!(dir.run(&["compile", "--site", "fleet", "-o", "fleet.image"]).code, 0);
    let run = dir.run(&["lint", "fleet.image"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("give the folder that it was compiled from"), "{}{}", run.out, run.err);
    // Cut, it decides nothing.
    let image = fs::read(dir.path("fleet.image")).unwrap();
    fs::write(dir.path("fleet.image"), &image[..image.len() - 16]).unwrap();
    let run = dir.run(&["--site", "fleet.image", "--app", "shop", "check", "192.0.2.7"]);
    assert_eq!((run.out.as_str(), run.code), ("", 2), "{}", run.err);
}
