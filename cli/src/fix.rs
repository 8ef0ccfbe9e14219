//! All fixes of a list, made again until none is left, and held against the list as it was.

use std::collections::HashSet;
use std::time::SystemTime;

use ipgate::list::{Diagnostic, Edit, Linter, Parsed, Parser, Rejected, Report, apply_edits};
use ipgate::{Content, List};

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

/// Of each kind of finding as many are kept; of a file of millions of bad lines nobody reads more.
pub(crate) const SHOWN: usize = 100;

/// What there is to say of a text: the first findings of each kind, and how many there are.
pub(crate) fn report(text: &[u8], now: SystemTime) -> Report {
    let parsed = parser(now).parse(text);
    parsed.map_or_else(|rejected| rejected.report().clone(), |parsed| parsed.report)
}

/// Shows everything that there is to say of a text as it is found; nothing of it is kept.
pub(crate) fn each(text: &[u8], now: SystemTime, each: &mut dyn FnMut(&Diagnostic)) {
    drop(parser(now).max_of_a_kind(0).parse_each(Content::from(text), each));
}

fn parser(now: SystemTime) -> Parser {
    Parser::new().at(now).max_diagnostics(usize::MAX).max_of_a_kind(SHOWN).lint(Linter::new())
}

/// The fixes that are offered for a text, each once, without what was said with them.
type Fixes = HashSet<Vec<Edit>>;

fn lint(text: &[u8], now: SystemTime) -> Result<(Parsed, Fixes), Rejected> {
    let mut fixes = Fixes::new();
    let parsed = parser(now).parse_each(Content::from(text), &mut |found| {
        if !found.fix().is_empty() {
            fixes.insert(found.fix().to_vec());
        }
    })?;
    Ok((parsed, fixes))
}

/// Makes every fix that is offered. A list that is rejected has none.
pub(crate) fn all(text: &Text, now: SystemTime) -> Result<Fixed, Failure> {
    let mut bytes = text.bytes.to_vec();
    let (Parsed { list: old, mut report }, mut fixes) = match lint(&bytes, now) {
        Ok(parsed) => parsed,
        Err(rejected) => {
            return Ok(Fixed { bytes, count: 0, report: rejected.report().clone(), is_empty: false });
        }
    };
    let (mut new, mut count): (Option<List>, usize) = (None, 0);
    loop {
        let next = apply_edits(&bytes, fixes.iter().flatten());
        if next == bytes {
            break;
        }
        count += fixes.len();
        bytes = next;
        drop(new.take()); // freed before the next one is read
        let (parsed, more) = lint(&bytes, now).map_err(|_| unchanged(text))?;
        (new, report, fixes) = (Some(parsed.list), parsed.report, more);
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
