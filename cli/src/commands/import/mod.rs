//! `import`: lists out of what other systems have.

mod dcos;

use std::io::Write;

use ipgate::list::{Linter, Parser};

use crate::args::ImportForm;
use crate::output::{self, Exit, Outcome};
use crate::render;
use crate::source::Text;
use crate::stream::Input;

/// Prints the list that a file of another system means.
pub(crate) fn run(from: ImportForm, file: &Input) -> Outcome {
    let text = Text::read(file)?;
    let list = match from {
        ImportForm::Dcos => dcos::list(&text.bytes).map_err(|why| format!("{file}: {why}"))?,
    };
    // It is a list that the grammar takes, or it is none; what it warns of is to be known.
    let parsed = Parser::new().lint(Linter::new()).source(&file.to_string()).parse(&list);
    let parsed = parsed.map_err(|rejected| format!("{file}: {rejected}"))?;
    parsed.report.warnings().for_each(|warning| output::complain(render::line(&file.to_string(), warning)));
    let mut out = output::stdout();
    out.write_all(list.as_bytes())?;
    out.flush()?;
    Ok(Exit::Yes)
}
