//! Two sets of nftables, one a family: replaced in one transaction by the command `nft`, and read back.

mod sets;

use std::io::{self, Write};
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

use ipgate::site::Site;

use super::state::Written;
use super::{allowed, spans};
use crate::config::NftConfig;
use sets::{Family, Ranges};

/// So much of what the command says is repeated in a message.
const SHOWN: usize = 300;

/// Two sets of a table of the family `inet`.
#[derive(Debug)]
pub(super) struct NftTarget {
    table: String,
    set: String,
    app: Option<String>,
}

impl NftTarget {
    pub(super) fn new(config: &NftConfig) -> NftTarget {
        let app = config.app.as_ref().map(ToString::to_string);
        NftTarget { table: config.table.clone(), set: config.set.clone(), app }
    }

    /// Brings the sets in step with the site where they are not, and reads them back.
    pub(super) fn write(&self, site: &Site, now: SystemTime) -> Result<Written, String> {
        let table = allowed::table(site, self.app.as_deref(), now);
        let wanted = Ranges::of(&spans::spans(&table));
        // Sets that are not there, or that nobody may read, are told by the transaction.
        if self.in_force().is_ok_and(|in_force| in_force == wanted) {
            return Ok(Written::of_table(false, wanted.bytes(), &table));
        }
        self.nft(&["-f", "-"], &wanted.script(&self.table, &self.set))?;
        match self.in_force()? == wanted {
            true => Ok(Written::of_table(true, wanted.bytes(), &table)),
            false => {
                Err(self
                    .said("they hold something else than was put there; does something else change them?"))
            }
        }
    }

    fn in_force(&self) -> Result<Ranges, String> {
        let read = |family: Family| {
            let name = family.set(&self.set);
            let listed = self.nft(&["-j", "list", "set", "inet", &self.table, &name], "")?;
            sets::read(family, &listed)
                .ok_or_else(|| self.said(&format!("what `nft` says of {name} cannot be read")))
        };
        Ok(Ranges { v4: read(Family::V4)?, v6: read(Family::V6)? })
    }

    /// What the command prints.
    fn nft(&self, arguments: &[&str], input: &str) -> Result<Vec<u8>, String> {
        let run = || -> io::Result<Output> {
            let mut command = Command::new("nft");
            command.args(arguments).env("LC_ALL", "C");
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn()?;
            // Where it does not read, it says why.
            let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
            child.wait_with_output()
        };
        let output = run().map_err(|error| {
            self.said(&format!("`nft` cannot be run: {error}; it comes with the package nftables"))
        })?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => {
                let said = String::from_utf8_lossy(&output.stderr);
                let said: String = said.lines().next().unwrap_or("nothing").chars().take(SHOWN).collect();
                Err(self.said(&format!("`nft` refused, and the sets stay as they are: {said}")))
            }
        }
    }

    fn said(&self, what: &str) -> String {
        format!("the sets {0}_v4 and {0}_v6 of the table inet {1}: {what}", self.set, self.table)
    }
}
