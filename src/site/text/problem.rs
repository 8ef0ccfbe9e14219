//! What is wrong with the text of a site, and where.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::shown::{Shown, ShownPath};

/// One thing that is wrong, in one file of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    path: PathBuf,
    /// Line and column, counted from 1.
    position: Option<(u32, u32)>,
    message: String,
}

impl Problem {
    pub(crate) fn new(path: &Path, message: impl Into<String>) -> Problem {
        Problem { path: path.to_owned(), position: None, message: message.into() }
    }

    /// The same at a byte of the file's text.
    pub(super) fn at(self, text: &str, offset: usize) -> Problem {
        let before = text.get(..offset).unwrap_or(text);
        let narrow = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Problem { position: Some((narrow(line), narrow(column))), ..self }
    }

    /// The file, or the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Line and column, counted from 1, where it stands in a text.
    #[must_use]
    pub fn position(&self) -> Option<(u32, u32)> {
        self.position
    }

    /// What is wrong, and what to do about it.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Problem {
    /// `site.toml:3:1: …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", ShownPath(&self.path))?;
        if let Some((line, column)) = self.position {
            write!(f, "{line}:{column}:")?;
        }
        write!(f, " {}", Shown(&self.message))
    }
}

/// The text of a site that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteTextError {
    problems: Vec<Problem>,
}

impl SiteTextError {
    pub(crate) fn new(problems: Vec<Problem>) -> SiteTextError {
        SiteTextError { problems }
    }

    /// Everything that is wrong, at least one thing.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl From<Problem> for SiteTextError {
    fn from(problem: Problem) -> SiteTextError {
        SiteTextError { problems: vec![problem] }
    }
}

impl fmt::Display for SiteTextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            let separator = if i == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SiteTextError {}
