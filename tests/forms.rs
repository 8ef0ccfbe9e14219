//! Files of other formats, small ones made as real ones are: each is named in one message, and what the message says
//! to run makes a list of it that says the same. `tests/forms/` holds them.
#![cfg(unix)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ipgate::list::{Code, Parser, Rejected, Report};
use proptest::prelude::*;
use support::cases::read_all;
use support::texts::{check_bytes, check_suggestions};

/// What the message says to do.
enum Advice {
    /// A command that makes a list; this is its canonical text, by hand.
    Makes(&'static str),
    /// Words, because no command would say what the file says.
    Says(&'static str),
}
use Advice::{Makes, Says};

const LIST: &str = "10.0.0.0/8:office\n192.0.2.7\n";

/// File; line and column; a part of the message; the advice.
const FORMS: [(&str, (u32, u32), &str, Advice); 34] = [
    (
        "nginx-allow.conf",
        (2, 1),
        "`allow` and `deny` lines of nginx",
        Makes("10.0.1.0/24\n212.121.212.121\n2001:db8::/32\n!0.0.0.0/0\n!::/0\n"),
    ),
    ("nginx-open.conf", (1, 1), "lines of nginx", Makes("10.0.1.0/24\n192.0.2.7\n")),
    (
        "nginx-deny.conf",
        (1, 1),
        "lines of nginx",
        Makes("!192.0.2.0/24\n!198.51.100.7\n!2001:db8:bad::/48\n"),
    ),
    ("nginx-mixed.conf", (2, 5), "lines of nginx", Says("the first line that matches")),
    ("nginx-geo.conf", (3, 5), "nginx's `geo`", Says("each that may not behind `!`")),
    ("ipset.save", (2, 1), "`ipset save`", Says("what has `nomatch` is the opposite, and a `timeout`")),
    ("apache.conf", (2, 1), "Apache", Makes("10.0.0.0/8\n192.0.2.7\n2001:db8::/32\n")),
    ("apache-mixed.conf", (2, 5), "Apache", Says("each that is kept out behind `!`")),
    ("hosts.allow", (2, 1), "hosts.allow", Says("/8 for /255.0.0.0")),
    (
        "spamhaus-drop.txt",
        (3, 1),
        "Spamhaus, of networks to keep out",
        Makes("!1.10.16.0/20:SBL256894\n!1.19.0.0/16:SBL434604\n!2001:678:738::/48:SBL635837\n"),
    ),
    (
        "p2p.txt",
        (3, 1),
        "P2P list",
        Makes("!1.2.4.0/24:Some Company\n!1.2.8.8/31:China Internet Information Center (CNNIC)\n"),
    ),
    ("ipfilter.dat", (1, 1), "ipfilter.dat", Makes("!1.2.4.0/24\n!1.2.8.8/31\n!10.0.0.0/8\n")),
    (
        "wildcards.txt",
        (1, 1),
        "no wildcards",
        Makes(
            "10.0.0.0/24:office\n10.1.0.0/16\n!11.0.0.0/8\n192.0.2.4/30:pool;until=2099-12-31\n198.51.100.8/31\n",
        ),
    ),
    ("as-numbers.txt", (2, 1), "an AS number is no address", Says("the prefixes that the AS announces")),
    ("quoted.csv", (1, 1), "CSV", Says("its label behind a colon")),
    ("header.csv", (1, 1), "CSV", Says("each address on a line of its own")),
    ("quotes.txt", (1, 1), "no quotes", Makes("10.0.0.0/8:office\n192.0.2.7\n!10.9.0.0/16\n")),
    ("plain.yaml", (3, 1), "YAML", Makes("10.0.0.0/8\n192.0.2.7\n2001:db8::/32\n")),
    ("keys.yaml", (2, 3), "YAML", Says("each that may not behind `!`")),
    ("array.json", (1, 1), "JSON", Says("addresses on lines of their own")),
    ("object.json", (1, 1), "JSON", Says("addresses on lines of their own")),
    ("feed.xml", (1, 1), "XML", Says("addresses on lines of their own")),
    ("page.html", (1, 1), "an HTML page", Says("an error or a login")),
    (
        "en-dash.txt",
        (1, 13),
        "U+2013, an en dash",
        Makes(
            "192.168.1.1\n192.168.1.2/31\n192.168.1.4/30\n192.168.1.8/31\n10.0.0.1:office\n10.0.0.2:office\n192.0.2.7\n",
        ),
    ),
    ("no-break-space.txt", (1, 11), "U+00A0, a no-break space", Makes("10.0.0.0/8\n192.0.2.7\n")),
    ("zero-width-space.txt", (2, 10), "U+200B, a zero-width space", Makes("10.0.0.0/8\n192.0.2.7\n")),
    ("bom-inside.txt", (2, 1), "U+FEFF, a byte-order mark", Makes("10.0.0.0/8\n192.0.2.0/24\n")),
    ("list.gz", (1, 1), "gzip data", Makes(LIST)),
    ("list.xz", (1, 1), "xz data", Makes(LIST)),
    ("list.bz2", (1, 1), "bzip2 data", Makes(LIST)),
    ("list.zst", (1, 1), "zstd data", Makes(LIST)),
    ("utf-16-bom.txt", (1, 1), "UTF-16", Makes(LIST)),
    ("utf-16-le.txt", (1, 1), "UTF-16", Makes(LIST)),
    ("utf-16-be.txt", (1, 1), "UTF-16", Makes(LIST)),
];

fn path(file: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/forms")).join(file)
}

fn rejected(text: &[u8]) -> Rejected {
    Parser::new().parse(text).expect_err("it is no list")
}

/// The command of a suggestion, the first text in backticks that names a file.
fn command(report: &Report) -> Option<String> {
    let suggestion = report.errors().next()?.suggestion()?;
    let (command, _) = suggestion.strip_prefix('`')?.split_once('`')?;
    command.contains("FILE").then(|| command.to_owned())
}

/// What a command makes of a file; `None` where its program is not installed.
fn run(command: &str, file: &Path, locale: &str) -> Option<Vec<u8>> {
    let program = command.split(' ').next().unwrap_or_default();
    let mut shell = Command::new("sh");
    let script = command.replace("FILE", "\"$FILE\"");
    shell.args(["-c", &script]).env("FILE", file).env("LC_ALL", locale);
    let output = shell.output().unwrap();
    if output.status.code() == Some(127) {
        println!("SKIPPED: {program} is not installed, so its command is not run");
        return None;
    }
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

#[test]
fn each_is_named_in_one_message() {
    for (file, place, message, advice) in &FORMS {
        let text = fs::read(path(file)).unwrap();
        let rejected = rejected(&text);
        let errors: Vec<_> = rejected.report().errors().collect();
        let [error] = errors[..] else { panic!("{file}: not one message: {rejected}") };
        assert_eq!(error.code(), Code::Format, "{file}: {error}");
        let at = error.position().unwrap();
        assert_eq!((at.line, at.column), *place, "{file}: {error}");
        assert!(error.message().contains(message), "{file}: {error}");
        let command = command(rejected.report());
        match advice {
            Makes(_) => assert!(command.is_some(), "{file}: {error}"),
            Says(what) => {
                assert_eq!(command, None, "{file}");
                assert!(error.suggestion().unwrap().contains(what), "{file}: {error}");
            }
        }
    }
}

#[test]
fn what_the_messages_say_to_run_makes_the_same_list() {
    for (file, .., advice) in &FORMS {
        let Makes(expected) = advice else { continue };
        let path = path(file);
        let command = command(rejected(&fs::read(&path).unwrap()).report()).unwrap();
        for locale in ["C", "C.UTF-8"] {
            let Some(made) = run(&command, &path, locale) else { continue };
            let list =
                Parser::new().parse(&made).unwrap_or_else(|error| panic!("{file}: {command}: {error}"));
            assert_eq!(list.list.to_string(), *expected, "{file}: {command}");
        }
    }
}

/// With line ends of Windows, and without one at the end.
#[test]
fn line_ends_change_nothing() {
    for (file, place, message, advice) in &FORMS {
        let Ok(text) = String::from_utf8(fs::read(path(file)).unwrap()) else { continue };
        if text.contains('\0') {
            continue;
        }
        let directory = tempfile::tempdir().unwrap();
        for text in [text.replace('\n', "\r\n"), text.trim_end().to_owned()] {
            let rejected = rejected(text.as_bytes());
            let error = rejected.report().errors().next().unwrap();
            let at = error.position().unwrap();
            assert_eq!(
                (error.code(), at.line, at.column),
                (Code::Format, place.0, place.1),
                "{file}: {error}"
            );
            assert!(error.message().contains(message), "{file}: {error}");
            let Makes(expected) = advice else { continue };
            let path = directory.path().join("x");
            fs::write(&path, &text).unwrap();
            let Some(made) = run(&command(rejected.report()).unwrap(), &path, "C") else { continue };
            let made = Parser::new().parse(&made).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert_eq!(made.list.to_string(), *expected, "{file}");
        }
    }
}

/// A command converts what it knows and nothing else: what it would have to lose stays, and is refused.
#[test]
fn commands_lose_nothing() {
    let foreign = [
        ("nginx-open.conf", "deny 10.1.0.0/16;"),
        ("nginx-open.conf", "allow 10.1.0.0/16; deny 10.2.0.0/16;"),
        ("nginx-allow.conf", "deny 10.1.0.0/16;"),
        ("nginx-allow.conf", "satisfy any;"),
        ("nginx-deny.conf", "allow 192.0.2.7;"),
        ("apache.conf", "Require not ip 10.9.0.0/16"),
        ("apache.conf", "Require all denied"),
        ("spamhaus-drop.txt", "10.0.0.0/8 ; office"),
        ("p2p.txt", "Foo, 10.0.0.0/8:1.2.4.0-1.2.4.255"),
        ("p2p.txt", "Foo;until=2027-01-01:1.2.4.0-1.2.4.255"),
        ("ipfilter.dat", "010.000.000.000 - 010.255.255.255 , 200 , let in"),
        ("wildcards.txt", "10.0.*"),
        ("wildcards.txt", "10.0.0.1-40-50"),
        ("quotes.txt", "\"10.0.0.0/8\",\"deny\""),
        ("plain.yaml", "deny:"),
        ("en-dash.txt", "10.0.0.1\u{2013}9"),
        ("zero-width-space.txt", "10.0.0.1\u{200b}0"),
    ];
    let directory = tempfile::tempdir().unwrap();
    for (file, line) in foreign {
        let (text, path) = (fs::read(path(file)).unwrap(), directory.path().join("x"));
        let command = command(rejected(&text).report()).unwrap();
        fs::write(&path, [text, format!("{line}\n").into_bytes()].concat()).unwrap();
        let made = run(&command, &path, "C").unwrap();
        assert!(
            Parser::new().parse(&made).is_err(),
            "{file} with {line}: {}",
            String::from_utf8_lossy(&made)
        );
    }
}

/// nginx goes by the first line that matches: only where that makes no difference is there a command.
#[test]
fn an_order_that_matters_is_not_converted() {
    for (text, is_converted) in [
        ("allow 10.0.0.0/8;\nallow 192.0.2.7;\n", true),
        ("allow 10.0.0.0/8;\nallow 192.0.2.7;\ndeny all;\n", true),
        ("deny 10.0.0.0/8;\ndeny 192.0.2.7;\n", true),
        ("deny 10.0.0.0/8;\ndeny all;\n", true),
        ("deny all;\nallow 10.0.0.0/8;\n", false),
        ("deny 10.0.0.0/8;\nallow 10.1.0.0/16;\ndeny all;\n", false),
        ("allow 10.0.0.0/8;\ndeny 10.1.0.0/16;\ndeny all;\n", false),
        ("allow 10.0.0.0/8;\nallow 192.0.2.7;\n198.51.100.7\n", false),
        ("location / {\nallow 10.0.0.0/8;\nallow 192.0.2.7;\n}\n", false),
    ] {
        let rejected = rejected(text.as_bytes());
        assert_eq!(rejected.report().errors().next().unwrap().code(), Code::Format, "{text}");
        assert_eq!(command(rejected.report()).is_some(), is_converted, "{text}{rejected}");
    }
}

/// What the message does not explain is told as ever; and what is not told is counted.
#[test]
fn other_errors_stay() {
    let rejected = rejected(b"10.1\n10.0.0.*\n10.0.1.*\n10.0.2.*\n192.0.2.0/33\n10.0.0.0/8\n");
    let found: Vec<_> = rejected.report().errors().map(|e| (e.code(), e.position().unwrap().line)).collect();
    assert_eq!(found, [(Code::Format, 2), (Code::ShortIpv4, 1), (Code::PrefixLength, 5)]);
    assert_eq!((rejected.report().error_count(), rejected.report().omitted()), (5, 2));
}

/// However few diagnostics are kept, and however long a line is.
#[test]
fn limits() {
    let text = "10.0.0.*\n".repeat(1000);
    for keep in [0, 1, 5, 100, usize::MAX] {
        let rejected = Parser::new().max_diagnostics(keep).parse(&text).unwrap_err();
        let report = rejected.report();
        assert_eq!((report.error_count(), report.errors().count()), (1000, keep.min(1)), "{keep}");
    }
    let long = format!("allow {};\nallow 10.0.0.0/8;\nallow 10.0.0.0/8;\n", "1.".repeat(1 << 20));
    assert_eq!(rejected(long.as_bytes()).report().errors().next().unwrap().code(), Code::Format);
}

/// Recognition accepts nothing: a file of another format is rejected leniently too, where more of it is bad than good.
#[test]
fn lenient_parsing_takes_no_other_format() {
    for (file, ..) in &FORMS {
        let text = fs::read(path(file)).unwrap();
        let taken = Parser::new().lenient(true).parse(&text);
        // Here most lines are entries, and the others are left out.
        let is_mostly_list = matches!(
            *file,
            "no-break-space.txt" | "en-dash.txt" | "zero-width-space.txt" | "bom-inside.txt" | "list.bz2"
        );
        match taken {
            Ok(parsed) => {
                assert!(is_mostly_list, "{file}: {}", parsed.list);
                assert_eq!(parsed.report.errors().next().unwrap().code(), Code::Format, "{file}");
                assert_eq!(parsed.list.left_out(), parsed.report.error_count(), "{file}");
            }
            Err(rejected) => assert!(rejected.why_not_leniently().is_some(), "{file}"),
        }
    }
}

/// No list is taken for anything else, and a mistake in one entry is explained as one.
#[test]
fn lists_are_lists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let cases = read_all(&root.join("tests/cases"));
    for case in cases {
        let expected = case.errors.iter().filter(|error| error.code == "format").count();
        for text in [case.list, case.default].into_iter().flatten() {
            let found = match Parser::new().parse(&text) {
                Ok(_) => 0,
                Err(rejected) => rejected.report().errors().filter(|e| e.code() == Code::Format).count(),
            };
            assert!(found <= expected, "{}: {}", case.place, rejected(&text));
        }
    }
    for text in [
        "office:\n10.0.0.0/8\n",
        "[2001:db8::1]:office\n[2001:db8::2]:lab\n10.1\n",
        "[\n",
        "10.0.0.0/8:add office\n10.1\n",
        "allow\ndeny\n",
        "10.0.0.1:all 10.0.0.2\n10.1\n",
        "!10.0.0.0/8\n- 10.0.0.0/8\n",
        "10.0.0.0/8:\u{2013}\n192.0.2.7:a\u{a0}b\n10.1\n",
        "10.0.0.1#a\n10.0.0.2#b\n",
        "10.0.0.0/8,office\n192.0.2.7,lab\n",
        "10.0.0.0 netmask 255.0.0.0\n10.0.0.0 netmask 255.0.0.0\n",
    ] {
        if let Err(rejected) = Parser::new().parse(text) {
            assert!(
                rejected.report().errors().all(|error| error.code() != Code::Format),
                "{text}: {rejected}"
            );
        }
    }
}

/// Positions, counts and suggestions hold for whatever part of such a file there is.
#[test]
fn files_cut_off_keep_the_rules() {
    for (file, ..) in &FORMS {
        let text = fs::read(path(file)).unwrap();
        for end in 0..=text.len() {
            check_bytes(&text[..end]);
        }
        check_suggestions(&text);
    }
}

/// Lines of all formats, in any order, among entries.
fn mixed() -> impl Strategy<Value = Vec<u8>> {
    let files = FORMS.iter().flat_map(|(file, ..)| {
        let text = fs::read(path(file)).unwrap();
        text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>()
    });
    let mut lines: Vec<Vec<u8>> = files.collect();
    lines.extend(
        ["10.0.0.0/8:corp\n", "!10.9.0.0/16\n", "\n", "192.0.2.7#a\n", "\u{feff}"]
            .map(|l| l.as_bytes().to_vec()),
    );
    prop::collection::vec(prop::sample::select(lines), 0..12).prop_map(|lines| lines.concat())
}

proptest! {
    #[test]
    fn formats_mixed_keep_the_rules(text in mixed()) {
        check_bytes(&text);
        check_suggestions(&text);
    }
}
