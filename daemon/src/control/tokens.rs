//! Who may change which lists: the file of tokens.
//!
//! ```text
//! # token                                user    apps            role
//! 5f0c1a…                                anna    *               owner
//! sha256:9f86d081884c7d65…               ci      shop,shop-*     collaborator
//! ```
//!
//! A line each, with blanks between; a comment begins with `#` at the start of a line. A token stands there itself, or as its
//! SHA-256 in hexadecimal (`printf %s TOKEN | sha256sum`). Apps are names, or beginnings of names with `*` behind. A `reader` may
//! list, a `collaborator` may list and add, an `owner` may do everything. One token may have several lines.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use ipgate::ShownPath;
use ipgate::site::AppName;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tracing::{error, info, warn};

use crate::config::Sha256Sum;

/// What begins a token that stands as its digest.
const DIGEST: &str = "sha256:";
/// The shortest token that is taken.
const SHORTEST: usize = 16;

/// What a role may do, each what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Right {
    List,
    Add,
    /// And put another list in the place of one.
    Remove,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    digest: [u8; 32],
    user: String,
    apps: Vec<String>,
    right: Right,
}

/// All tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tokens {
    lines: Vec<Line>,
}

/// Somebody with a token.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) user: String,
    grants: Vec<(Vec<String>, Right)>,
}

impl Caller {
    pub(super) fn may(&self, right: Right, app: &AppName) -> bool {
        let fits = |pattern: &String| match pattern.strip_suffix('*') {
            Some(start) => app.as_str().starts_with(start),
            None => app.as_str() == pattern,
        };
        self.grants.iter().any(|(apps, granted)| *granted >= right && apps.iter().any(fits))
    }
}

impl Tokens {
    /// Reads the text of a file.
    ///
    /// # Errors
    ///
    /// What is wrong, with its line. No token stands in it.
    pub fn parse(text: &str) -> Result<Tokens, String> {
        let mut tokens = Tokens::default();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let read = Line::parse(line).map_err(|problem| format!("line {number}: {problem}"))?;
            let other =
                tokens.lines.iter().find(|other| other.digest == read.digest && other.user != read.user);
            if let Some(other) = other {
                let problem = format!(
                    "the token of {} is that of {}, too; give each a token of its own",
                    read.user, other.user
                );
                return Err(format!("line {number}: {problem}"));
            }
            tokens.lines.push(read);
        }
        Ok(tokens)
    }

    /// Who has a token, if it is one. Takes as long for one that is nearly right as for any other.
    pub(super) fn caller(&self, token: &str) -> Option<Caller> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        let mut caller: Option<Caller> = None;
        for line in &self.lines {
            if bool::from(line.digest.ct_eq(&digest)) {
                let caller = caller.get_or_insert(Caller { user: line.user.clone(), grants: Vec::new() });
                caller.grants.push((line.apps.clone(), line.right));
            }
        }
        caller
    }
}

impl Line {
    fn parse(line: &str) -> Result<Line, String> {
        let mut words = line.split_whitespace();
        let (Some(token), Some(user), Some(apps), Some(role), None) =
            (words.next(), words.next(), words.next(), words.next(), words.next())
        else {
            return Err(
                "it is not four words; write: TOKEN USER APPS ROLE, for example `… anna shop,blog owner`"
                    .to_owned(),
            );
        };
        let right = match role {
            "reader" => Right::List,
            "collaborator" => Right::Add,
            "owner" => Right::Remove,
            _ => return Err(format!("`{role}` is no role; write `reader`, `collaborator` or `owner`")),
        };
        let apps: Vec<String> = apps.split(',').map(str::to_owned).collect();
        for app in &apps {
            let start = app.strip_suffix('*').unwrap_or(app);
            if start.contains('*') || (AppName::new(app).is_err() && !start.is_empty()) || app.is_empty() {
                return Err(format!(
                    "`{app}` is no app; write a name, the beginning of names as `shop-*`, or `*`"
                ));
            }
        }
        let digest = match token.strip_prefix(DIGEST) {
            Some(digits) => digits.parse::<Sha256Sum>()?.bytes(),
            None if token.len() < SHORTEST => {
                return Err(format!(
                    "the token of {user} has fewer than {SHORTEST} characters, and can be guessed; `openssl rand -hex 24` makes one"
                ));
            }
            None => Sha256::digest(token).into(),
        };
        Ok(Line { digest, user: user.to_owned(), apps, right })
    }
}

/// The file of tokens, read again when it changes. One that is bad or gone leaves the tokens as they were, and is told.
#[derive(Debug)]
pub struct TokensFile {
    path: PathBuf,
    last: Mutex<Last>,
}

#[derive(Debug)]
struct Last {
    tokens: Arc<Tokens>,
    /// What tells one state of the file from another; none where it could not be read.
    seen: Option<Seen>,
}

type Seen = (SystemTime, u64, u64);

impl TokensFile {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// A sentence, where it cannot be read or is bad.
    pub fn open(path: &Path) -> Result<TokensFile, String> {
        let (tokens, seen) = read(path)?;
        Ok(TokensFile {
            path: path.to_owned(),
            last: Mutex::new(Last { tokens: Arc::new(tokens), seen: Some(seen) }),
        })
    }

    /// The tokens as they are now. One look at the file.
    #[must_use]
    pub fn tokens(&self) -> Arc<Tokens> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = fs::metadata(&self.path).ok().map(|metadata| seen(&metadata));
        if now != last.seen {
            match read(&self.path) {
                Ok((tokens, seen)) => {
                    info!(tokens = tokens.lines.len(), "the file of tokens was read anew");
                    *last = Last { tokens: Arc::new(tokens), seen: Some(seen) };
                }
                Err(sentence) => {
                    error!("{sentence}; the tokens from before go on to hold");
                    last.seen = now;
                }
            }
        }
        Arc::clone(&last.tokens)
    }
}

fn read(path: &Path) -> Result<(Tokens, Seen), String> {
    let said = |error: &dyn std::fmt::Display| format!("the file of tokens {}: {error}", ShownPath(path));
    let metadata = fs::metadata(path).map_err(|error| said(&error))?;
    let text = fs::read_to_string(path).map_err(|error| said(&error))?;
    let tokens = Tokens::parse(&text).map_err(|error| said(&error))?;
    if is_open(&metadata) {
        let path = ShownPath(path);
        warn!("others than the owner of {path} may read the tokens in it; `chmod 600 {path}` ends that");
    }
    Ok((tokens, seen(&metadata)))
}

#[cfg(unix)]
fn seen(metadata: &Metadata) -> Seen {
    use std::os::unix::fs::MetadataExt;
    (metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), metadata.len(), metadata.ino())
}

#[cfg(unix)]
fn is_open(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.mode() & 0o077 != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef0123";

    fn may(text: &str, token: &str, right: Right, app: &str) -> Option<bool> {
        let tokens = Tokens::parse(text).unwrap();
        tokens.caller(token).map(|caller| caller.may(right, &app.parse().unwrap()))
    }

    #[test]
    fn roles_and_apps() {
        let text = format!(
            "# c\n\n{TOKEN} anna shop,web-* owner\n{TOKEN} anna blog collaborator\n{TOKEN}x bob * reader\n"
        );
        for (app, rights) in
            [("shop", [true; 3]), ("web-1", [true; 3]), ("blog", [true, true, false]), ("shops", [false; 3])]
        {
            for (right, expected) in [Right::List, Right::Add, Right::Remove].into_iter().zip(rights) {
                assert_eq!(may(&text, TOKEN, right, app), Some(expected), "{app} {right:?}");
            }
        }
        assert_eq!(may(&text, &format!("{TOKEN}x"), Right::List, "any/app"), Some(true));
        assert_eq!(may(&text, &format!("{TOKEN}x"), Right::Add, "shop"), Some(false));
        for token in ["", "0123456789abcdef012", "#", "anna"] {
            assert_eq!(may(&text, token, Right::List, "shop"), None, "{token}");
        }
    }

    #[test]
    fn a_token_may_stand_as_its_digest() {
        let digest: String = Sha256::digest(TOKEN).iter().map(|byte| format!("{byte:02x}")).collect();
        let text = format!("sha256:{digest} ci shop owner");
        assert_eq!(may(&text, TOKEN, Right::Remove, "shop"), Some(true));
        assert_eq!(may(&text, &format!("sha256:{digest}"), Right::List, "shop"), None);
    }

    #[test]
    fn what_is_bad_is_told_without_the_token() {
        for (line, told) in [
            ("SECRETSECRETSECRET anna shop", "line 1: it is not four words"),
            ("SECRETSECRETSECRET anna shop owner x", "line 1: it is not four words"),
            ("SECRETSECRETSECRET anna shop admin", "`admin` is no role; write `reader`"),
            ("SECRET anna shop owner", "fewer than 16 characters"),
            ("sha256:SECRET anna shop owner", "64 hexadecimal digits"),
            ("SECRETSECRETSECRET anna a*b owner", "`a*b` is no app"),
            ("SECRETSECRETSECRET anna shop, owner", "`` is no app"),
            ("SECRETSECRETSECRET anna ../x owner", "`../x` is no app"),
            (
                "SECRETSECRETSECRET a shop owner\nSECRETSECRETSECRET b shop owner",
                "line 2: the token of b is that of a",
            ),
        ] {
            let error = Tokens::parse(line).unwrap_err();
            assert!(error.contains(told) && !error.contains("SECRET"), "{line}: {error}");
        }
    }
}
