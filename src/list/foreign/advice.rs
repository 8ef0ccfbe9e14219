//! What is said about a file of another format: what it is, and what to do.
//!
//! A command is offered only where it says what the file said. It changes nothing but lines of the form that it
//! knows, so that the list's parser refuses whatever else there is; it never loses a deny line, an order, a length or
//! an end.

use super::kind::Kind;
use super::line;
use crate::invisible;
use crate::list::scan;

/// Ends the advice where all that comes of it denies.
const DENY_ALONE: &str = "deny entries alone let nobody in";

/// The message and the suggestion.
pub(super) fn of(kind: Kind, text: &[u8]) -> (String, String) {
    let lines = || PlainLines::of(text);
    let (message, suggestion) = match kind {
        Kind::Compressed(program) => return compressed(program),
        Kind::Wide(encoding) => return wide(encoding),
        Kind::Dash(character) => return dash(character),
        Kind::Blank(character) => return blank(character),
        Kind::Html => (
            "this is an HTML page, not a list",
            "see what the page says: a server may have answered with an error or a login; `curl --fail` keeps no \
             error pages"
                .to_owned(),
        ),
        Kind::Xml => ("this is XML, not a list", "put its addresses on lines of their own".to_owned()),
        Kind::Json => (
            "this is JSON, not a list",
            "put its addresses on lines of their own, which `jq -r` does once it is told where they are".to_owned(),
        ),
        Kind::Csv => (
            "this is CSV, not a list: a comma separates entries here, not columns",
            "put each address on a line of its own, its label behind a colon, its end as `;until=`".to_owned(),
        ),
        Kind::Yaml => ("this is YAML, not a list", yaml(lines())),
        Kind::NginxAccess => ("these are `allow` and `deny` lines of nginx, not entries", access(text)),
        Kind::NginxGeo => (
            "these are lines of nginx's `geo`, whose values mean what its configuration makes of them",
            "put each address that may come in on a line of its own, and each that may not behind `!`".to_owned(),
        ),
        Kind::Ipset => (
            "these are lines of `ipset save`, which does not say whether the set is let in or kept out",
            "put each address on a line of its own, behind `!` if the set is kept out; what has `nomatch` is the \
             opposite, and a `timeout` becomes `;until=`"
                .to_owned(),
        ),
        Kind::Apache => ("these are lines of Apache's configuration, not entries", apache(lines())),
        Kind::HostsAllow => (
            "these are lines of hosts.allow, which are about services and go by the first that matches",
            "put each address on a line of its own, with a length for a mask, /8 for /255.0.0.0, and what `EXCEPT` names \
             behind `!`"
                .to_owned(),
        ),
        Kind::Spamhaus => (
            "this is a list of Spamhaus, of networks to keep out",
            format!(
                "`sed -E 's/^([0-9A-Fa-f.:]+\\/[0-9]+)[[:blank:]]*;[[:blank:]]*(SBL[0-9]+)[[:space:]]*$/!\\1:\\2/; \
                 s/^;/#/' FILE` makes deny entries of it; {DENY_ALONE}"
            ),
        ),
        Kind::P2p => (
            "these are lines of a P2P list, `name:first-last`, of addresses to keep out",
            format!(
                "`sed -E 's/^([^#!,;:][^#,;:]*):([0-9.]+-[0-9.]+)[[:space:]]*$/!\\2:\\1/' FILE` makes deny entries of \
                 them; {DENY_ALONE}"
            ),
        ),
        Kind::Dat => ("these are lines of an ipfilter.dat, of addresses to keep out", dat()),
        Kind::Wildcards => (
            "a list has prefixes and whole ranges, no wildcards",
            "`sed -E 's#^(!?[0-9]+\\.[0-9]+\\.[0-9]+)\\.\\*#\\1.0/24#; s#^(!?[0-9]+\\.[0-9]+)\\.\\*\\.\\*#\\1.0.0/16#; \
             s#^(!?[0-9]+)\\.\\*\\.\\*\\.\\*#\\1.0.0.0/8#; \
             s#^(!?([0-9]+\\.[0-9]+\\.[0-9]+)\\.[0-9]+)-([0-9]+)([^0-9.]|$)#\\1-\\2.\\3\\4#' FILE` writes them out"
                .to_owned(),
        ),
        Kind::AsNumbers => (
            "an AS number is no address, and is not looked up",
            "list the prefixes that the AS announces".to_owned(),
        ),
        Kind::Quotes => (
            "an entry has no quotes around it",
            "`sed -E \"s/^([\\\"'])([^\\\"',]+)\\1,?([[:space:]]*)$/\\2\\3/\" FILE` takes them off".to_owned(),
        ),
    };
    (message.to_owned(), suggestion)
}

fn compressed(program: &str) -> (String, String) {
    let command = if program == "zip" { "unzip -p".to_owned() } else { format!("{program} -dc") };
    (format!("this is {program} data, not text"), format!("`{command} FILE` unpacks it"))
}

fn wide(encoding: &str) -> (String, String) {
    let name = if encoding.starts_with("UTF-16") { "UTF-16" } else { encoding };
    (
        format!("this is {name}, and a list is UTF-8"),
        format!("`iconv -f {encoding} -t UTF-8 FILE` converts it"),
    )
}

fn dash(character: char) -> (String, String) {
    let name = match character {
        '\u{2010}' | '\u{2011}' => "a hyphen of another kind",
        '\u{2013}' => "an en dash",
        '\u{2014}' => "an em dash",
        '\u{2212}' => "a minus sign",
        _ => "a dash",
    };
    let message = format!("U+{:04X}, {name}, stands where a range has a hyphen", u32::from(character));
    (message, format!("`sed 's/ *{} */-/g' FILE` puts hyphens there", escaped(character)))
}

fn blank(character: char) -> (String, String) {
    let name = match character {
        '\u{a0}' => "a no-break space",
        _ => invisible::kind(character).unwrap_or("a blank of another kind"),
    };
    let message =
        format!("U+{:04X}, {name}, stands in an entry, where it cannot be seen", u32::from(character));
    (message, format!("`sed 's/{}/ /g' FILE` puts blanks there", escaped(character)))
}

/// A character as sed reads it in any locale: a message does not hold what cannot be seen.
fn escaped(character: char) -> String {
    let mut buffer = [0; 4];
    character.encode_utf8(&mut buffer).bytes().map(|byte| format!("\\x{byte:02x}")).collect()
}

/// nginx goes by the first line that matches, a list by the longest prefix: the same only where all lines but a last
/// `deny all` do the same.
fn access(text: &[u8]) -> String {
    let (mut allows, mut denies, mut is_closed, mut is_plain) = (false, false, false, true);
    for line in PlainLines::of(text).0 {
        match line.map(line::access) {
            Some(Some(("deny", "all"))) if !denies => (is_plain, is_closed) = (is_plain && !is_closed, true),
            Some(Some(("allow", _))) => (is_plain, allows) = (is_plain && !is_closed, true),
            Some(Some(_)) => denies = true,
            _ => is_plain = false,
        }
    }
    const ALLOW: &str = r"s/^[[:blank:]]*allow[[:blank:]]+([^;,[:blank:]]+)[[:blank:]]*;/\1/";
    const CLOSE: &str = r"s/^[[:blank:]]*deny[[:blank:]]+all[[:blank:]]*;/!all/";
    const DENY: &str = r"s/^[[:blank:]]*deny[[:blank:]]+([^;,[:blank:]]+)[[:blank:]]*;/!\1/";
    match (is_plain, allows, denies, is_closed) {
        (true, true, false, true) => format!("`sed -E '{ALLOW}; {CLOSE}' FILE` makes entries of them"),
        (true, true, false, false) => format!(
            "`sed -E '{ALLOW}' FILE` makes entries of them; whom no line names comes in there, and is denied here"
        ),
        (true, false, _, _) => format!("`sed -E '{DENY}' FILE` makes deny entries of them; {DENY_ALONE}"),
        _ => "put each address on a line of its own, what is denied behind `!`; nginx goes by the first line that \
              matches, a list by the longest prefix, so leave out what an earlier line decides"
            .to_owned(),
    }
}

fn apache(lines: PlainLines<'_>) -> String {
    match lines.are_all(line::is_plain_require) {
        true => "`awk 'tolower($1) == \"require\" && tolower($2) == \"ip\" { for (i = 3; i <= NF; i++) print $i; next } \
                 { print }' FILE` makes entries of them"
            .to_owned(),
        false => "put each address that `Require ip` lets in on a line of its own, with zeros and a length for missing \
                  octets, and each that is kept out behind `!`"
            .to_owned(),
    }
}

fn yaml(lines: PlainLines<'_>) -> String {
    match lines.are_all(|line| line == "---" || line::is_plain_yaml(line)) {
        true => "`sed -E 's/^[[:blank:]]*- +//; /^---[[:space:]]*$/d' FILE` makes entries of it".to_owned(),
        false => "put each address that may come in on a line of its own, and each that may not behind `!`"
            .to_owned(),
    }
}

/// Levels from 128 on are let in there.
fn dat() -> String {
    const ADDRESS: &str = r"0*([0-9]+)\.0*([0-9]+)\.0*([0-9]+)\.0*([0-9]+)";
    format!(
        "`sed -E 's/^{ADDRESS} *- *{ADDRESS} *, *(0?[0-9]?[0-9]|1[01][0-9]|12[0-7]) *,.*/!\\1.\\2.\\3.\\4-\\5.\\6.\\7.\\8/' \
         FILE` makes deny entries of them, without their names; {DENY_ALONE}"
    )
}

/// The lines of a text that say something; `None` for one that is too long or not UTF-8.
struct PlainLines<'t>(Box<dyn Iterator<Item = Option<&'t str>> + 't>);

impl<'t> PlainLines<'t> {
    fn of(text: &'t [u8]) -> PlainLines<'t> {
        let lines = scan::lines(text).map(move |line| line::at(text, line.offset));
        PlainLines(Box::new(lines.filter(|line| line.is_none_or(|l| !l.is_empty() && !l.starts_with('#')))))
    }

    fn are_all(self, is: impl Fn(&str) -> bool) -> bool {
        self.0.into_iter().all(|line| line.is_some_and(&is))
    }
}
