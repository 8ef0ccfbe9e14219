//! The lines of a log, counted by app and client.

use std::collections::HashMap;
use std::io::Read;
use std::net::IpAddr;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::judge::Policies;
use crate::args::LogForm;
use crate::client::Trouble;
use crate::lines::{Line, Lines};
use crate::output::{Failure, complain};
use crate::source::cannot_read;

/// How many lines without a usable address are named.
pub(super) const NAMED: u64 = 5;

/// How many lines each client has.
pub(super) type Clients = HashMap<IpAddr, u64>;

pub(super) struct Tally {
    /// By the numbers that the policies give their apps; a single policy is number 0.
    pub(super) apps: Vec<Clients>,
    pub(super) lines: u64,
    /// Also those without a host, where one is needed.
    pub(super) without_address: u64,
}

impl Tally {
    /// Reads a log to its end. `length` is for those who watch.
    pub(super) fn read(
        name: &str,
        log: impl Read,
        length: Option<u64>,
        form: &LogForm,
        policies: &Policies,
    ) -> Result<Tally, Failure> {
        let progress = progress(length);
        let mut lines = Lines::new(progress.wrap_read(log));
        let apps = vec![Clients::new(); policies.count()];
        let mut tally = Tally { apps, lines: 0, without_address: 0 };
        while let Some(line) = lines.next().map_err(|error| cannot_read(name, &error))? {
            tally.add(&line, form, policies);
        }
        progress.finish_and_clear();
        Ok(tally)
    }

    /// Whether no line was of any use.
    pub(super) fn is_empty(&self) -> bool {
        self.apps.iter().all(Clients::is_empty)
    }

    fn add(&mut self, line: &Line<'_>, form: &LogForm, policies: &Policies) {
        self.lines += 1;
        if line.cut {
            let max = Lines::<&[u8]>::MAX;
            return self
                .without(|| format!("line {} is longer than {max} bytes and is not looked at", line.number));
        }
        match client_and_app(line.bytes, form, policies) {
            Ok((address, app)) => {
                if let Some(clients) = self.apps.get_mut(app) {
                    *clients.entry(address).or_default() += 1;
                }
            }
            Err(trouble) => self.without(|| trouble.sentence(line.number, form)),
        }
    }

    fn without(&mut self, sentence: impl FnOnce() -> String) {
        self.without_address += 1;
        if self.without_address <= NAMED {
            complain(sentence());
        }
    }
}

/// Whose line it is, and the number of the policy that decides.
fn client_and_app<'l>(
    line: &'l [u8],
    form: &'l LogForm,
    policies: &Policies,
) -> Result<(IpAddr, usize), Trouble<'l>> {
    let address = form.client(line)?;
    Ok(match form.host_field {
        Some(field) => (address, policies.of_host(form.host(line, field)?)),
        None => (address, 0),
    })
}

/// A bar on standard error where that is a terminal, and nothing elsewhere.
fn progress(length: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
    let template = match length {
        Some(_) => "{wide_bar} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta}",
        None => "{spinner} {bytes} {binary_bytes_per_sec}",
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar, // its own style will do
    }
}
