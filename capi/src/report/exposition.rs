//! The text format of Prometheus, version 0.0.4.

use std::fmt::{Display, Write as _};

/// The two kinds that there are here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
}

/// A label's name and its value.
pub(super) type Label<'d> = (&'static str, &'d str);

/// A text that is being written. Each sample has the worker that it is of.
#[derive(Debug)]
pub(super) struct Exposition {
    text: String,
    worker: u64,
}

impl Exposition {
    pub(super) fn new(worker: u64) -> Exposition {
        Exposition { text: String::new(), worker }
    }

    /// Writes a metric with all its samples; nothing where there are none. Its help has neither backslashes nor ends
    /// of lines.
    pub(super) fn metric<'d, L: AsRef<[Label<'d>]>, V: Display>(
        &mut self,
        name: &str,
        kind: Kind,
        help: &str,
        samples: impl IntoIterator<Item = (L, V)>,
    ) {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return;
        }
        let kind = if kind == Kind::Counter { "counter" } else { "gauge" };
        // A text has room for everything, so that this cannot fail.
        let _ = writeln!(self.text, "# HELP ipgate_{name} {help}\n# TYPE ipgate_{name} {kind}");
        for (labels, value) in samples {
            let _ = write!(self.text, "ipgate_{name}{{worker=\"{}\"", self.worker);
            for (label, text) in labels.as_ref() {
                let _ = write!(self.text, ",{label}=\"");
                text.chars().for_each(|c| self.push(c));
                self.text.push('"');
            }
            let _ = writeln!(self.text, "}} {value}");
        }
    }

    /// A character of a label's value.
    fn push(&mut self, c: char) {
        match c {
            '\\' => self.text.push_str("\\\\"),
            '"' => self.text.push_str("\\\""),
            '\n' => self.text.push_str("\\n"),
            c => self.text.push(c),
        }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}
