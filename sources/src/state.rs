//! The state folder: what each source said last, for a restart while it is away.
//!
//! A source has one file, whose name is made of the source's name, so that another source does not take it for its own. It is
//! written beside, synced and renamed over what was there ([`whole_file`]): whoever is killed in between leaves the state
//! before or the one after, and what is in it is of one moment.
//!
//! ```text
//!   ipgate state 1 DIGEST    the SHA-256 of all that follows
//!   {"mode":…,"values":…}    what the image does not say: JSON, a line
//!   …                        the image of the site
//! ```

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ipgate::site::Site;
use ipgate::whole_file;
use ipgate::{Content, List};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::bookmark::Bookmark;
use crate::kept::Kept;

/// What the first line begins with.
const MAGIC: &str = "ipgate state 1 ";

/// A folder of states.
#[derive(Debug, Clone)]
pub struct StateFolder {
    path: PathBuf,
}

/// The second line.
#[derive(Debug, Serialize, Deserialize)]
struct Line<'l> {
    mode: bool,
    enforce: bool,
    denials: Option<String>,
    place: Option<Cow<'l, str>>,
    values: BTreeMap<Cow<'l, str>, Cow<'l, str>>,
}

impl StateFolder {
    /// The folder at that path, which is made where it is missing. What writers left in it that were killed is removed.
    ///
    /// # Errors
    ///
    /// It cannot be made.
    pub fn open(path: impl Into<PathBuf>) -> io::Result<StateFolder> {
        let path = path.into();
        fs::create_dir_all(&path)?;
        let _ = whole_file::sweep(&path); // where that cannot be done, it is in nobody's way
        Ok(StateFolder { path })
    }

    /// The file of a source.
    #[must_use]
    pub fn file(&self, source: &str) -> PathBuf {
        self.path.join(file_name(source))
    }

    /// What a source said last; nothing where it never was kept. A sentence where there is a file that cannot be read or is
    /// damaged.
    pub(crate) fn load(&self, source: &str) -> Result<Option<Kept>, String> {
        let path = self.file(source);
        let bad = |why: String| format!("{}: {why}", path.display());
        match fs::read(&path) {
            Ok(bytes) => decoded(&bytes).map(Some).map_err(bad),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(bad(error.to_string())),
        }
    }

    /// Keeps what a source says. O(n) for the bytes of its image and its values, and waits for the disk. After a failure, what
    /// was kept before is still there.
    pub(crate) fn save(&self, source: &str, kept: &Kept) -> Result<(), String> {
        whole_file::write(self.file(source), &encoded(kept)?).map_err(|error| error.to_string())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn encoded(kept: &Kept) -> Result<Vec<u8>, String> {
    let values = kept.bookmark.iter().flat_map(|bookmark| &bookmark.values);
    let line = Line {
        mode: kept.is_mode_stated,
        enforce: kept.is_enforce_stated,
        denials: kept.denials.as_ref().map(|list| list.to_string()),
        place: kept.bookmark.as_ref().map(|bookmark| bookmark.place.as_str().into()),
        values: values.filter_map(|(key, value)| Some(((&**key).into(), value.as_deref()?.into()))).collect(),
    };
    let mut rest = serde_json::to_vec(&line).map_err(|error| error.to_string())?;
    rest.push(b'\n');
    rest.extend(kept.site.to_image().map_err(|refused| refused.to_string())?);
    let mut bytes = format!("{MAGIC}{}\n", hex(&Sha256::digest(&rest))).into_bytes();
    bytes.append(&mut rest);
    Ok(bytes)
}

fn decoded(bytes: &[u8]) -> Result<Kept, String> {
    let damaged = || "the state is damaged, or is none".to_owned();
    let (first, rest) = split_line(bytes).ok_or_else(damaged)?;
    if first != format!("{MAGIC}{}", hex(&Sha256::digest(rest))).as_bytes() {
        return Err(damaged());
    }
    let (second, image) = split_line(rest).ok_or_else(damaged)?;
    let line: Line<'_> = serde_json::from_slice(second).map_err(|error| error.to_string())?;
    let values = line.values.into_iter().map(|(key, value)| (Arc::from(key), Some(Arc::from(value))));
    let denials = line.denials.map(|text| text.parse::<List>()).transpose();
    Ok(Kept {
        site: Site::from_content(Content::from(image)).map_err(|error| error.to_string())?,
        is_mode_stated: line.mode,
        is_enforce_stated: line.enforce,
        denials: denials.map_err(|rejected| rejected.to_string())?.map(Arc::new),
        bookmark: line.place.map(|place| Bookmark { place: place.into_owned(), values: values.collect() }),
    })
}

/// The first line, and what follows it.
fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What begins like the source's name, and is different for different sources.
fn file_name(source: &str) -> String {
    let is_plain = |character: &char| character.is_ascii_alphanumeric() || *character == '-';
    let start: String = source.chars().map(|c| if is_plain(&c) { c } else { '_' }).take(60).collect();
    let digest = Sha256::digest(source.as_bytes());
    format!("{start}-{}.state", hex(digest.get(..6).unwrap_or_default()))
}
