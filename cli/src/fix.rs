//! All fixes of a list, made again until none is left, and held against the list as it was.

use std::collections::HashSet;
use std::time::SystemTime;

use ipgate::List;
use ipgate::list::{Edit, Linter, Parsed, Parser, Rejected, Report, apply_edits};

use crate::output::Failure;
use crate::source::Text;

/// A text with all its fixes made.
pub(crate) struct Fixed {
    pub(crate) bytes: Vec<u8>,
    /// How many fixes were made.
    pub(crate) count: usize,
    /// What is left.
    pub(crate) report: Report,
    /// Whether no entry is left.
    pub(crate) is_empty: bool,
}

/// Everything that there is to say of a text.
pub(crate) fn report(text: &[u8], now: SystemTime) -> Report {
    lint(text, now).map_or_else(|rejected| rejected.report().clone(), |parsed| parsed.report)
}

fn lint(text: &[u8], now: SystemTime) -> Result<Parsed, Rejected> {
    Parser::new().at(now).max_diagnostics(usize::MAX).lint(Linter::new()).parse(text)
}

/// Makes every fix that is offered. A list that is rejected has none.
pub(crate) fn all(text: &Text) -> Result<Fixed, Failure> {
    let now = SystemTime::now();
    let mut bytes = text.bytes.to_vec();
    let Parsed { list: old, mut report } = match lint(&bytes, now) {
        Ok(parsed) => parsed,
        Err(rejected) => {
            return Ok(Fixed { bytes, count: 0, report: rejected.report().clone(), is_empty: false });
        }
    };
    let (mut new, mut count): (Option<List>, usize) = (None, 0);
    loop {
        let fixes: HashSet<&[Edit]> = report.diagnostics().iter().map(|found| found.fix()).collect();
        let edits = fixes.iter().copied().flatten();
        let next = apply_edits(&bytes, edits);
        if next == bytes {
            break;
        }
        count += fixes.iter().filter(|fix| !fix.is_empty()).count();
        bytes = next;
        let parsed = lint(&bytes, now).map_err(|_| unchanged(text))?;
        (new, report) = (Some(parsed.list), parsed.report);
    }
    let list = new.as_ref().unwrap_or(&old);
    if !old.decides_as(list, now) {
        return Err(unchanged(text));
    }
    Ok(Fixed { bytes, count, report, is_empty: list.is_empty() })
}

/// What should never have to be said: the fixes would change what the list decides.
fn unchanged(text: &Text) -> Failure {
    let sentence = "would decide otherwise with its fixes, which is a fault of ipgate; it is unchanged";
    Failure::Told(format!("{} {sentence}", text.name))
}
