//! What is said of a configuration, and that the printed one is the default.

mod common;

use common::{Place, said};

/// Each bad configuration, and what is said of it.
#[test]
fn errors_name_the_place_and_what_to_write() {
    let cases = [
        ("colour = 1\n", ":1:1: there is no key `colour` here; the keys are `lenient`, `state`"),
        (
            "[publish]\n\npaht = \"x\"\n",
            ":3:1: there is no key `paht` here; the keys are `path`, `interval`, `check`; `ipgated --print-config`",
        ),
        ("lenient = \"yes\"\n", ":1:11: invalid type: string \"yes\", expected a boolean"),
        ("[admin\n", ":1:7: "),
        (
            "[admin]\nlisten = \"localhost:9180\"\n",
            ":2:10: `localhost:9180` is no address and port to listen at; write for example `127.0.0.1:9180`",
        ),
        ("[publish]\ninterval = \"soon\"\n", ":2:12: `soon` is no length of time; write for example `250ms`"),
        ("[log]\nformat = \"xml\"\n", ":2:10: `xml` is none of `text`"),
        ("[log]\nlevel = \"ipgated=loud\"\n", "`log.level` is `ipgated=loud`, which means nothing"),
        ("[[source]]\nkind = \"carrier-pigeon\"\n", ":2:8: `carrier-pigeon` is none of `folder`, `etcd`"),
        ("[[source]]\nkind = \"folder\"\n", ":1:1: the key `path` is missing"),
        (
            "[[source]]\nkind = \"folder\"\npath = \"/x\"\nprefix = \"/deis\"\n",
            ":1:1: there is no key `prefix` here; the keys are `path`",
        ),
        (
            "[[source]]\nkind = \"etcd\"\n",
            "a source of kind `etcd`: `endpoints` is missing; write for example",
        ),
        (
            "[[source]]\nkind = \"etcd-v2\"\nendpoints = [\"http://user:SECRET@host:2379\"]\n",
            "a source of kind `etcd-v2`: an address holds a user before `@`; secrets are read from files",
        ),
        (
            "[[source]]\nkind = \"etcd\"\nendpoints = [\"127.0.0.1:2379\"]\nuser = \"router\"\n",
            "`127.0.0.1:2379` is no address; it begins with `http://` or `https://`",
        ),
        (
            "[[source]]\nkind = \"etcd\"\nendpoints = [\"http://h:1\"]\nuser = \"router\"\n",
            "`user` and `password_file` belong together",
        ),
        (
            "[[source]]\nkind = \"kubernetes\"\nrouter = \"deis-router\"\n",
            "`router` is `deis-router`; write the namespace and the name",
        ),
        (
            "[[source]]\nkind = \"kubernetes\"\nobjects = [\"pods\"]\n",
            ":1:1: `pods` is none of `router`, `services`, `ingresses`, `httproutes`",
        ),
        (
            "[[source]]\nkind = \"kubernetes\"\n[source.names]\nlst = \"x\"\n",
            ":1:1: there is no key `lst` here; the keys are `list`",
        ),
        (
            "[[source]]\nkind = \"etcd-v2\"\nendpoints = [\"http://h:1\"]\nconfirm = true\n",
            "a source of kind `etcd-v2`: `confirm` is there, and what a router enforces is said by the v3 API",
        ),
        ("id = \"rack 1/edge\"\n", ":1:6: \"rack 1/edge\" is no name of a router"),
        (
            "[[source]]\nkind = \"http\"\nurl = \"ftp://h/x\"\n",
            "`ftp://h/x` is no address; it begins with `http://`",
        ),
        (
            "[[source]]\nkind = \"http\"\nurl = \"http://h/x\"\nsha256 = \"SECRET\"\n",
            "a SHA-256 is 64 hexadecimal digits",
        ),
        (
            "[[source]]\nkind = \"crowdsec\"\nurl = \"127.0.0.1:8080\"\nkey_file = \"/x\"\n",
            "a source of kind `crowdsec`: `127.0.0.1:8080` is no address; it begins with `http://`",
        ),
        ("[guard]\nmax_removed = 120\n", "`guard.max_removed` is 120; it is a part in percent"),
        (
            "[guard.apps]\nwidest_v4 = 33\n",
            "`guard.apps.widest_v4` is 33; it is a prefix length, from 0 to 32",
        ),
        ("[control]\nlisten = \"127.0.0.1:9181\"\n", "`control.listen` is set and `control.tokens` is not"),
        ("", "there is nothing to follow; name a source, for example `--site /etc/ipgate/site`"),
        (
            "[[publish_to]]\nkind = \"haproxy\"\nsocket = \"/s\"\n",
            "`publish_to` of kind `haproxy` has either `acl` or `map`",
        ),
        (
            "[[publish_to]]\nkind = \"haproxy\"\nsocket = \"/s\"\nacl = \"/a;b\"\n",
            "its socket cannot be told of a file `/a;b`",
        ),
        (
            "[[publish_to]]\nkind = \"nft\"\ntable = \"my table\"\nset = \"shop\"\n",
            "`table` is `my table`; it is a name of at most 28 letters",
        ),
        (
            "[[publish_to]]\nkind = \"nft\"\ntable = \"t\"\nset = \"s\"\n[[publish_to]]\nkind = \"nft\"\ntable = \"t\"\nset = \"s\"\n",
            "two of `publish_to` are the set s_v4 of t; give each a place of its own",
        ),
        (
            "[[source]]\nkind = \"folder\"\npath = \"/x\"\n[publish]\npath = \"/x\"\n",
            "`publish.path` is /x, which is followed itself",
        ),
    ];
    for (text, expected) in cases {
        let place = Place::new();
        let file = place.write("ipgated.toml", text);
        let (code, out, err) = said([&"--check-config".into(), &"--config".into(), &file.into_os_string()]);
        assert_eq!((code, out.as_str()), (2, ""), "{text}: {err}");
        assert!(!err.contains("SECRET"), "{err}");
        assert!(err.contains(expected), "{text}\n  says {err}\n  and not {expected}");
        if expected.starts_with(':') {
            assert!(err.contains("ipgated.toml:"), "{text}: {err}");
        }
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let (code, _, err) = said(["--config", "/nowhere/ipgated.toml", "--check-config"]);
    assert_eq!(
        (code, err.as_str()),
        (
            2,
            "/nowhere/ipgated.toml: the configuration cannot be read: No such file or directory (os error 2)\n"
        )
    );
}

#[test]
fn what_is_printed_is_taken() {
    let place = Place::new().with_site();
    let (code, printed, _) = said(["--print-config"]);
    assert_eq!(code, 0);
    let file = place.write("ipgated.toml", &printed);
    let site = place.path("site");
    let arguments = arguments!["--config", &file, "--check-config", "--site", &site];
    let (code, out, err) = said(arguments);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "the configuration is good\n", ""));
}

#[test]
fn flags_stand_above_the_file() {
    let place = Place::new().with_site();
    let file = place.write(
        "ipgated.toml",
        "[[source]]\nkind = \"folder\"\npath = \"/nowhere\"\n[admin]\nlisten = \"127.0.0.1:1\"\n",
    );
    let site = place.path("site");
    let daemon =
        common::Daemon::start(arguments!["--config", &file, "--site", &site, "--admin", "127.0.0.1:0"]);
    daemon.wait_until_ready();
    assert_ne!(daemon.address("admin").port(), 1);
    let report = daemon.report();
    assert_eq!(report["sources"].as_array().unwrap().len(), 1);
    assert_eq!(report["sources"][0]["name"], format!("folder {}", site.display()));
}
