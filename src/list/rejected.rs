//! A list that was not taken, and why.

use std::fmt;

use super::report::Report;

/// A list that was not taken, and everything that was found in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Rejected {
    pub(crate) report: Report,
    pub(crate) too_little: Option<TooLittle>,
}

/// Why a list was not taken leniently either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TooLittle {
    /// No entry was left that holds.
    Nothing,
    /// More pieces were bad than may be left out.
    MostlyBad { bad: usize, pieces: usize, most: u8 },
}

impl fmt::Display for TooLittle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TooLittle::Nothing => f.write_str("without what is wrong no entry is left"),
            TooLittle::MostlyBad { bad, pieces, most } => {
                write!(f, "{bad} of {pieces} pieces are no entries, and at most {most} % may be left out")
            }
        }
    }
}

impl Rejected {
    /// Every error and warning.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Why a lenient parser has not taken what is left either, as a part of a sentence; `None` where that was not the
    /// question.
    #[must_use]
    pub fn why_not_leniently(&self) -> Option<String> {
        self.too_little.map(|why| why.to_string())
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        match (self.report.error_count(), self.report.warning_count()) {
            (0, warnings) => {
                write!(f, "list rejected: {} and warnings are denied", count(warnings, "warning"))?
            }
            (errors, _) => write!(f, "list rejected: {}", count(errors, "error"))?,
        }
        if let Some(why) = self.too_little {
            write!(f, "; {why}")?;
        }
        write!(f, "\n{}", self.report)
    }
}

impl fmt::Debug for Rejected {
    /// The same sentences as for display: `unwrap` and `main` show this to people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Rejected {}
