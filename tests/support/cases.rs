//! Reads the case files of `tests/cases/`, whose format the README there describes.
//!
//! Nothing here knows the library: the same reader serves the tests of the command.

// By its path, since tests of other packages take this file by its own.
#[path = "cases/site.rs"]
pub(crate) mod site;

use std::collections::HashSet;
use std::net::IpAddr;
use std::path::Path;

use site::SiteCase;

/// One case: what is given and what is expected.
#[derive(Debug, Clone, Default)]
pub(crate) struct Case {
    /// `FILE:LINE: NAME`, for messages.
    pub(crate) place: String,
    pub(crate) list: Option<Vec<u8>>,
    pub(crate) default: Option<Vec<u8>>,
    pub(crate) mode: Option<String>,
    pub(crate) enforce: Option<String>,
    pub(crate) now: Option<String>,
    pub(crate) options: Vec<String>,
    pub(crate) errors: Vec<Finding>,
    pub(crate) warnings: Vec<Finding>,
    pub(crate) rejected: bool,
    pub(crate) checks: Vec<Check>,
    pub(crate) canonical: Option<String>,
    pub(crate) format: Option<String>,
    pub(crate) mode_settings: Vec<(String, String)>,
    pub(crate) enforce_settings: Vec<(String, String)>,
    /// What it says of a site, where it is about one; `default`, `mode` and `enforce` are the site's then.
    pub(crate) site: Option<SiteCase>,
}

/// An expected error or warning.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// Line and column, both 0 where the whole text is meant.
    pub(crate) at: (u32, u32),
    pub(crate) code: String,
    pub(crate) token: Option<String>,
    pub(crate) suggest: Option<String>,
}

impl Finding {
    /// Whether a suggestion is the expected one: it holds the text in backticks, or, for an empty text, tells no
    /// entry to write.
    pub(crate) fn is_suggested(&self, suggestion: &str) -> bool {
        match self.suggest.as_deref() {
            None => true,
            Some("") => !suggestion.contains("write `"),
            Some(text) => suggestion.contains(&format!("`{text}`")),
        }
    }
}

/// An expected verdict.
#[derive(Debug, Clone)]
pub(crate) struct Check {
    pub(crate) address: String,
    pub(crate) allowed: bool,
    pub(crate) prefix: Option<String>,
    pub(crate) label: Option<String>,
    pub(crate) reason: Option<String>,
}

impl Case {
    pub(crate) fn has_option(&self, option: &str) -> bool {
        self.options.iter().any(|given| given == option)
    }

    /// The number behind an option such as `max-entries=`.
    pub(crate) fn limit(&self, option: &str) -> Option<usize> {
        let value = self.options.iter().find_map(|given| given.strip_prefix(option)?.strip_prefix('='))?;
        Some(value.parse().unwrap_or_else(|_| panic!("{}: bad option {value:?}", self.place)))
    }

    /// Whether the list must not be taken.
    pub(crate) fn is_rejected(&self) -> bool {
        self.rejected || (!self.errors.is_empty() && !self.has_option("lenient"))
    }

    fn add(&mut self, key: &str, value: &str) -> Result<(), String> {
        if let Some(site) = &mut self.site {
            if site.add(key, value)? {
                return Ok(());
            }
            if !matches!(key, "default" | "mode" | "enforce") {
                return Err(format!("{key:?} in a case of a site"));
            }
        }
        match key {
            "site" => self.site = Some(SiteCase::default()),
            "list" => self.list = Some(unescape(value)?),
            "default" => self.default = Some(unescape(value)?),
            "mode" => self.mode = Some(value.to_owned()),
            "enforce" => self.enforce = Some(value.to_owned()),
            "now" => self.now = Some(value.to_owned()),
            "options" => self.options = value.split(' ').map(option).collect::<Result<_, _>>()?,
            "error" => self.errors.push(finding(value)?),
            "warning" => self.warnings.push(finding(value)?),
            "rejected" => self.rejected = true,
            "check" => self.checks.push(check(value)?),
            "reason" => last(&mut self.checks)?.reason = Some(value.to_owned()),
            "canonical" => self.canonical = Some(unescape_utf8(value)?),
            "format" => self.format = Some(unescape_utf8(value)?),
            "mode-setting" => self.mode_settings.push(setting(value)?),
            "enforce-setting" => self.enforce_settings.push(setting(value)?),
            _ => return Err(format!("unknown key {key:?}")),
        }
        Ok(())
    }
}

/// The address as it is, and where it is IPv4 also as a mapped one.
pub(crate) fn spellings(address: IpAddr) -> Vec<IpAddr> {
    match address {
        IpAddr::V4(v4) => vec![address, IpAddr::V6(v4.to_ipv6_mapped())],
        IpAddr::V6(_) => vec![address],
    }
}

/// Every case of every `.case` file in a folder, in the order of their names.
pub(crate) fn read_all(folder: &Path) -> Vec<Case> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "case"));
    files.sort();
    assert!(!files.is_empty(), "no case files in {}", folder.display());
    files.iter().flat_map(|path| read(path)).collect()
}

/// The cases of one file.
fn read(path: &Path) -> Vec<Case> {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut cases: Vec<Case> = Vec::new();
    let mut names = HashSet::new();
    let mut is_first = false; // of its case
    // Which of error and warning a `token` or `suggest` line is about.
    let mut about_error = true;
    for (index, line) in text.lines().enumerate() {
        let place = format!("{file}:{}", index + 1);
        assert!(line.len() <= 1000, "{place}: the line has {} bytes", line.len());
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once(':').unwrap_or_else(|| panic!("{place}: a line is `key: value`"));
        let value = match value.strip_prefix(' ') {
            Some(value) => value,
            None => {
                assert!(value.is_empty(), "{place}: one blank follows the colon");
                value
            }
        };
        if key == "case" {
            assert!(names.insert(value.to_owned()), "{place}: a second case of that name");
            cases.push(Case { place: format!("{place}: {value}"), ..Case::default() });
            is_first = true;
            continue;
        }
        assert!(key != "site" || is_first, "{place}: `site` is the first line of its case");
        is_first = false;
        let case = cases.last_mut().unwrap_or_else(|| panic!("{place}: a line before the first case"));
        about_error = (about_error || key == "error") && key != "warning";
        let found = if about_error { &mut case.errors } else { &mut case.warnings };
        let added = match key {
            "token" => last_text(found, value, |finding| &mut finding.token),
            "suggest" => last_text(found, value, |finding| &mut finding.suggest),
            _ => case.add(key, value),
        };
        added.unwrap_or_else(|problem| panic!("{place}: {problem}"));
    }
    assert!(!cases.is_empty(), "{file}: no cases");
    cases.iter().for_each(check_whole);
    cases
}

/// A case must expect something, and nothing that contradicts itself.
fn check_whole(case: &Case) {
    if let Some(site) = &case.site {
        assert!(case.default.is_some() || !site.is_default_rejected, "{}: no default list", case.place);
        return assert_eq!(site.problem(), None, "{}", case.place);
    }
    let settings = case.mode_settings.len() + case.enforce_settings.len();
    let given = case.list.is_some() || case.default.is_some() || settings > 0 || !case.checks.is_empty();
    assert!(given, "{}: says nothing", case.place);
    let about_taken =
        case.checks.len() + usize::from(case.canonical.is_some()) + usize::from(case.format.is_some());
    assert!(!case.is_rejected() || about_taken == 0, "{}: expects answers of a rejected list", case.place);
}

fn last<T>(items: &mut [T]) -> Result<&mut T, String> {
    items.last_mut().ok_or_else(|| "follows nothing that it could be about".to_owned())
}

/// Sets a text of the finding that a line is about.
fn last_text(
    found: &mut [Finding],
    value: &str,
    field: impl Fn(&mut Finding) -> &mut Option<String>,
) -> Result<(), String> {
    *field(last(found)?) = Some(unescape_utf8(value)?);
    Ok(())
}

fn option(text: &str) -> Result<String, String> {
    let name = text.split_once('=').map_or(text, |(name, _)| name);
    match name {
        "lenient" | "lint" | "deny-warnings" | "max-entries" | "max-bytes" => Ok(text.to_owned()),
        _ => Err(format!("unknown option {text:?}")),
    }
}

fn finding(value: &str) -> Result<Finding, String> {
    let number = |text: &str| text.parse().map_err(|_| format!("{text:?} is no number"));
    let [line, column, code] = fields(value)?;
    Ok(Finding { at: (number(line)?, number(column)?), code: code.to_owned(), token: None, suggest: None })
}

fn check(value: &str) -> Result<Check, String> {
    let [address, decision, prefix, label] = fields(value)?;
    let allowed = match decision {
        "allow" => true,
        "deny" => false,
        _ => return Err(format!("{decision:?} is neither allow nor deny")),
    };
    let prefix = (prefix != "-").then(|| prefix.to_owned());
    let label = if label == "-" { None } else { Some(unescape_utf8(label)?) };
    Ok(Check { address: address.to_owned(), allowed, prefix, label, reason: None })
}

fn setting(value: &str) -> Result<(String, String), String> {
    let [spelling, result] = fields(value)?;
    Ok((spelling.to_owned(), result.to_owned()))
}

/// Exactly `N` fields with one blank between them; the last may hold blanks.
fn fields<const N: usize>(value: &str) -> Result<[&str; N], String> {
    let fields: Vec<&str> = value.splitn(N, ' ').collect();
    let whole = fields.iter().all(|field| !field.is_empty());
    fields.try_into().ok().filter(|_| whole).ok_or_else(|| format!("{value:?} has not {N} fields"))
}

fn unescape_utf8(value: &str) -> Result<String, String> {
    String::from_utf8(unescape(value)?).map_err(|error| error.to_string())
}

fn unescape(value: &str) -> Result<Vec<u8>, String> {
    let bad = || format!("bad escape in {value:?}");
    let mut bytes = value.bytes();
    let mut out = Vec::with_capacity(value.len());
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        out.push(match bytes.next().ok_or_else(bad)? {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'0' => 0,
            b's' => b' ',
            b'\\' => b'\\',
            b'x' => {
                let mut digit = || (bytes.next()? as char).to_digit(16);
                let value = digit().zip(digit()).map(|(high, low)| high * 16 + low);
                u8::try_from(value.ok_or_else(bad)?).map_err(|_| bad())?
            }
            _ => return Err(bad()),
        });
    }
    Ok(out)
}
