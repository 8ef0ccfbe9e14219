//! The committed header is the one that the crate makes. `IPGATE_BLESS=1 cargo test -p ipgate-capi` writes it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The rules and the example as one comment.
fn preamble() -> String {
    let indented = |line: &str| if line.is_empty() { String::new() } else { format!("    {line}") };
    // A comment cannot hold one.
    let example = read("examples/check.c").replace("/*", "//").replace(" */", "");
    let example: Vec<String> = example.lines().map(indented).collect();
    let text = read("preamble.txt")
        .replace("@VERSION@", env!("CARGO_PKG_VERSION"))
        .replace("@EXAMPLE@", &example.join("\n"));
    let mut comment = String::from("/*\n");
    for line in text.lines() {
        let separator = if line.is_empty() { "" } else { " " };
        writeln!(comment, " *{separator}{line}").unwrap();
    }
    comment + " *\n * Made from the Rust sources by cbindgen; see capi/README.md.\n */"
}

/// Includes and the numbers of this version, which come from Cargo.toml.
fn includes() -> String {
    let macros = [
        ("IPGATE_VERSION", format!("\"{}\"", env!("CARGO_PKG_VERSION"))),
        ("IPGATE_VERSION_MAJOR", env!("CARGO_PKG_VERSION_MAJOR").to_owned()),
        ("IPGATE_VERSION_MINOR", env!("CARGO_PKG_VERSION_MINOR").to_owned()),
        ("IPGATE_VERSION_PATCH", env!("CARGO_PKG_VERSION_PATCH").to_owned()),
        ("IPGATE_ABI_VERSION", env!("CARGO_PKG_VERSION_MAJOR").to_owned()),
    ];
    let macros: String = macros.iter().map(|(name, value)| format!("#define {name} {value}\n")).collect();
    format!("#include <stddef.h>\n#include <stdint.h>\n#include <sys/socket.h>\n\n{macros}")
}

const INITIALISERS: &str = "\
// Initialisers for the structs that carry their size.
#define IPGATE_OPTIONS_INIT { sizeof(ipgate_options), 0, 0, 0, 0, NULL, 0, 0, 0 }
#define IPGATE_GUARD_INIT { sizeof(ipgate_guard), -1.0, 0, 0, 0, 0, NULL }
#define IPGATE_VERDICT_INIT { sizeof(ipgate_verdict), IPGATE_WANT_ENTRY, 0, 0, 0, 0, \"\", 0, 0, { 0, 0, { 0 } }, { 0 }, NULL, 0, 0 }
#define IPGATE_ENTRY_INIT { sizeof(ipgate_entry), 0, 0, \"\", 0, \"\", 0, 0, 0, { 0, 0, { 0 } }, { 0 } }
#define IPGATE_COUNT_INIT { sizeof(ipgate_count), 0, 0, \"\", 0, 0, 0 }
#define IPGATE_DIAGNOSTIC_INIT { sizeof(ipgate_diagnostic), 0, 0, 0, 0, NULL, NULL, NULL, NULL }
#define IPGATE_STATS_INIT { sizeof(ipgate_stats), 0, 0, 0, 0, 0, 0, 0, { 0 } }
#define IPGATE_SITE_GUARD_INIT { sizeof(ipgate_site_guard), -1.0, 0, 0, NULL, NULL }
#define IPGATE_APP_SETTINGS_INIT { sizeof(ipgate_app_settings), IPGATE_MODE_OF_SITE, 0, NULL, 0, NULL, 0 }
#define IPGATE_SITE_STATS_INIT { sizeof(ipgate_site_stats), 0, 0, 0, 0, 0, 0, 0, 0 }
#define IPGATE_APP_STATS_INIT { sizeof(ipgate_app_stats), NULL, 0, 0, 0, 0, 0, 0 }
#define IPGATE_APP_COUNTS_INIT { sizeof(ipgate_app_counts), 0, 0, { 0 } }
#define IPGATE_REPORT_PROGRAM_INIT { sizeof(ipgate_report_program), NULL, NULL, 0, 0, 0, 0 }
#define IPGATE_REPORT_SOURCE_INIT { sizeof(ipgate_report_source), NULL, 0, NULL, 0, 0 }
#define IPGATE_REPORT_LISTS_INIT { sizeof(ipgate_report_lists), NULL, 0, NULL, 0, 0, 0, 0 }
#define IPGATE_REPORT_PAGE_INIT { sizeof(ipgate_report_page), NULL, 0, 0, 100 }
";

fn generated() -> String {
    let mut config = cbindgen::Config::from_file(path("cbindgen.toml")).expect("cbindgen.toml is in order");
    config.header = Some(preamble());
    config.after_includes = Some(includes());
    config.trailer = Some(INITIALISERS.to_owned());
    let bindings = cbindgen::Builder::new()
        .with_crate(env!("CARGO_MANIFEST_DIR"))
        .with_config(config)
        .generate()
        .expect("the crate's interface can be said in C");
    let mut header = Vec::new();
    bindings.write(&mut header);
    let header = String::from_utf8(header).expect("the header is UTF-8");
    // What Rust has to be told of unsafe functions, C is told once, at the top.
    let without_safety = header.replace("\n//\n// # Safety\n//\n// The rules at the top of the header.", "");
    without_safety.replace("struct struct sockaddr", "struct sockaddr")
}

#[test]
fn the_committed_header_is_up_to_date() {
    let (name, header) = ("include/ipgate.h", generated());
    if std::env::var_os("IPGATE_BLESS").is_some() {
        fs::write(path(name), &header).expect("the header can be written");
    }
    assert!(
        fs::read_to_string(path(name)).is_ok_and(|committed| committed == header),
        "capi/include/ipgate.h is not what the crate makes: run IPGATE_BLESS=1 cargo test -p ipgate-capi"
    );
}

#[test]
fn the_header_numbers_agree_with_the_library() {
    assert_eq!(ipgate_capi::ipgate_abi_version().to_string(), env!("CARGO_PKG_VERSION_MAJOR"));
}
