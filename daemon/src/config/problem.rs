//! What is wrong with a configuration, for somebody who is called at night.

use std::fmt;
use std::path::{Path, PathBuf};

use ipgate::ShownPath;

/// Everything that is wrong with a configuration, a sentence each. Nothing of it is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    problems: Vec<Problem>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem {
    /// The file, and line and column in it, where it has a place in one.
    file: Option<PathBuf>,
    position: Option<(usize, usize)>,
    sentence: String,
}

impl ConfigError {
    /// Sentences about the whole, of which most may stand in that file.
    #[must_use]
    pub fn of_whole(file: Option<&Path>, sentences: Vec<String>) -> ConfigError {
        let problem = |sentence| Problem { file: file.map(Path::to_owned), position: None, sentence };
        ConfigError { problems: sentences.into_iter().map(problem).collect() }
    }

    /// A sentence about a file.
    pub(super) fn of_file(file: &Path, sentence: String) -> ConfigError {
        ConfigError { problems: vec![Problem { file: Some(file.to_owned()), position: None, sentence }] }
    }

    /// A sentence about a place in a file's text.
    pub(super) fn at(file: &Path, text: &str, offset: Option<usize>, sentence: String) -> ConfigError {
        let position = offset.and_then(|offset| text.get(..offset)).map(|before| {
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            (line, column)
        });
        ConfigError { problems: vec![Problem { file: Some(file.to_owned()), position, sentence }] }
    }
}

impl fmt::Display for ConfigError {
    /// A line each, as `/etc/ipgate/ipgated.toml:3:1: …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Problem { file, position, sentence }) in self.problems.iter().enumerate() {
            f.write_str(if number == 0 { "" } else { "\n" })?;
            if let Some(file) = file {
                write!(f, "{}:", ShownPath(file))?;
                if let Some((line, column)) = position {
                    write!(f, "{line}:{column}:")?;
                }
                f.write_str(" ")?;
            }
            f.write_str(sentence)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
