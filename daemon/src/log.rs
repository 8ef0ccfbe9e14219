//! What is told on standard error: a line for each thing, for people or for machines.

use std::io;

use ipgate_sources::Notice;
use tracing::{error, info, warn};
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogConfig, LogFormat};

/// Where systemd says that standard error is the journal, which knows the time itself.
const JOURNAL: &str = "JOURNAL_STREAM";

/// The part that lines about sources are of.
const SOURCES: &str = "ipgated::sources";

/// Begins to log. Once a process.
///
/// # Errors
///
/// A sentence where the level means nothing.
pub fn begin(config: &LogConfig) -> Result<(), String> {
    let logged = tracing_subscriber::fmt().with_env_filter(config.filter()?).with_writer(io::stderr);
    let begun = match config.format {
        LogFormat::Json => logged.json().flatten_event(true).finish().try_init(),
        LogFormat::Text if std::env::var_os(JOURNAL).is_some() => {
            logged.without_time().with_ansi(false).finish().try_init()
        }
        LogFormat::Text => logged.with_ansi(false).finish().try_init(),
    };
    begun.map_err(|error| error.to_string())
}

/// What a runner tells, a line each: what has to be looked into is a warning, and what denies somebody for a reason that nobody
/// meant is an error.
pub(crate) fn notice(source: Option<&str>, notice: &Notice) {
    let source = source.unwrap_or("site");
    let told = notice.to_string().trim_end().replace('\n', "; ");
    match notice {
        Notice::Bad { has_good: false, .. } => error!(target: SOURCES, source, "{told}"),
        Notice::Swapped { generation, apps } => info!(target: SOURCES, source, generation, apps, "{told}"),
        notice if notice.is_problem() => warn!(target: SOURCES, source, "{told}"),
        _ => info!(target: SOURCES, source, "{told}"),
    }
}
