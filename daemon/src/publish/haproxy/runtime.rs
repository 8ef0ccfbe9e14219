//! HAProxy's runtime socket: one command, or several, a connection. Its errors are nothing but text, so that every answer is
//! held against the only one that means success.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long HAProxy may be silent.
const PATIENCE: Duration = Duration::from_secs(10);
/// So many bytes of commands are sent at once: HAProxy's own buffer takes 16 KiB unless it is told otherwise.
const BATCH: usize = 8 << 10;
/// So much of an answer is repeated in a message.
const SHOWN: usize = 200;

/// Which commands are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Acl,
    Map,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Kind::Acl => "acl",
            Kind::Map => "map",
        }
    }
}

/// One list of an HAProxy that runs.
#[derive(Debug)]
pub(super) struct Runtime {
    socket: PathBuf,
    kind: Kind,
    /// What HAProxy calls the list.
    name: String,
}

impl Runtime {
    pub(super) fn new(socket: &Path, kind: Kind, file: &Path) -> Runtime {
        Runtime { socket: socket.to_owned(), kind, name: file.display().to_string() }
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// Brings these lines into force where others are, and reads them back. Whether others were.
    ///
    /// # Errors
    ///
    /// A sentence. What was in force stays, unless the commit itself was not answered.
    pub(super) fn replace(&self, lines: &[String]) -> Result<bool, String> {
        let mut wanted: Vec<&str> = lines.iter().map(String::as_str).collect();
        wanted.sort_unstable();
        let stays = |why: String| format!("{why}; what is in force there stays");
        if is_same(&self.in_force().map_err(stays)?, &wanted) {
            return Ok(false);
        }
        let version = self.prepare().map_err(stays)?;
        let added = self.add(&version, lines).and_then(|()| self.compare(&version, &wanted));
        if let Err(why) = added {
            // Nobody is asked about a version that was not committed; where it cannot be cleared, the next commit does that.
            let _ = self.ask(&self.command("clear", &version));
            return Err(format!("{why}; it was not committed, and the list in force stays"));
        }
        self.expect(&self.command("commit", &version), "\n")?;
        match is_same(&self.in_force()?, &wanted) {
            true => Ok(true),
            false => Err(self
                .said("it has something else in force than was committed; does something else change it?")),
        }
    }

    /// A new version, empty, as `@7`.
    fn prepare(&self) -> Result<String, String> {
        let answer = self.ask(&format!("prepare {} {}", self.kind.as_str(), self.name))?;
        let number = answer.strip_prefix("New version created: ").and_then(|rest| rest.strip_suffix("\n\n"));
        let number = number.filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
        number.map(|number| format!("@{number}")).ok_or_else(|| self.refused("prepare", &answer))
    }

    fn add(&self, version: &str, lines: &[String]) -> Result<(), String> {
        let begin = self.command("add", version);
        match self.kind {
            // One command takes one entry, and each is answered by an empty line.
            Kind::Acl => {
                let commands: Vec<String> = lines.iter().map(|line| format!("{begin} {line}")).collect();
                batches(&commands)
                    .try_for_each(|batch| self.expect(&batch.join(";"), &"\n".repeat(batch.len())))
            }
            // Labels may hold what ends a word, which lines of a payload do not mind.
            Kind::Map => batches(lines)
                .try_for_each(|batch| self.expect(&format!("{begin} <<\n{}\n", batch.join("\n")), "\n")),
        }
    }

    /// Whether a version that is not committed has these lines, all of them and no others.
    fn compare(&self, version: &str, wanted: &[&str]) -> Result<(), String> {
        let shown = self.show(&self.command("show", version))?;
        match is_same(&shown, wanted) {
            true => Ok(()),
            false => {
                let (has, wants) = (shown.len(), wanted.len());
                Err(self
                    .said(&format!("its new list has {has} entries, and not the {wants} that were added")))
            }
        }
    }

    fn in_force(&self) -> Result<Vec<String>, String> {
        self.show(&format!("show {} {}", self.kind.as_str(), self.name))
    }

    /// The entries, sorted. Each comes behind its address in HAProxy's memory; an empty line is the end.
    fn show(&self, command: &str) -> Result<Vec<String>, String> {
        let answer = self.ask(command)?;
        let lines = answer.strip_suffix("\n").filter(|rest| rest.is_empty() || rest.ends_with('\n'));
        let entry = |line: &str| {
            line.strip_prefix("0x").and_then(|line| line.split_once(' ')).map(|(_, entry)| entry.to_owned())
        };
        let entries: Option<Vec<String>> = lines.and_then(|lines| lines.lines().map(entry).collect());
        let mut entries = entries.ok_or_else(|| self.refused("show", &answer))?;
        entries.sort_unstable();
        Ok(entries)
    }

    fn command(&self, word: &str, version: &str) -> String {
        format!("{word} {} {version} {}", self.kind.as_str(), self.name)
    }

    /// Gives a command that has one good answer.
    fn expect(&self, command: &str, good: &str) -> Result<(), String> {
        let answer = self.ask(command)?;
        match answer == good {
            true => Ok(()),
            false => Err(self.refused(command.split(' ').next().unwrap_or_default(), &answer)),
        }
    }

    /// Gives a line of commands, and takes everything that is answered.
    fn ask(&self, command: &str) -> Result<String, String> {
        let ask = || -> io::Result<String> {
            let mut stream = UnixStream::connect(&self.socket)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            stream.write_all(command.as_bytes())?;
            stream.write_all(b"\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            let _ = stream.shutdown(Shutdown::Both);
            Ok(answer)
        };
        ask().map_err(|error| {
            let why = match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "no answer within 10 s".to_owned(),
                _ => error.to_string(),
            };
            format!("HAProxy cannot be asked at {}: {why}", self.socket.display())
        })
    }

    fn refused(&self, word: &str, answer: &str) -> String {
        let said = answer.lines().find(|line| !line.trim().is_empty()).unwrap_or("nothing");
        let said: String = said.chars().take(SHOWN).collect();
        let kind = self.kind.as_str();
        let help = match said.starts_with("Unknown ") {
            true => format!(
                "; its configuration has to name that {kind}, and `level admin` belongs to the socket"
            ),
            false => String::new(),
        };
        self.said(&format!("`{word} {kind}` was answered by `{said}`{help}"))
    }

    fn said(&self, what: &str) -> String {
        format!("HAProxy at {}, {} {}: {what}", self.socket.display(), self.kind.as_str(), self.name)
    }
}

fn is_same(shown: &[String], wanted: &[&str]) -> bool {
    shown.iter().map(String::as_str).eq(wanted.iter().copied())
}

/// Texts in their order, so many at once as one line of commands holds.
fn batches(texts: &[String]) -> impl Iterator<Item = &[String]> {
    let mut rest = texts;
    std::iter::from_fn(move || {
        let mut size = 0;
        let fits = rest.iter().take_while(|text| {
            size += text.len() + 1;
            size <= BATCH
        });
        let count = fits.count().max(1).min(rest.len());
        let (batch, behind) = rest.split_at(count);
        rest = behind;
        (!batch.is_empty()).then_some(batch)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_in_order_and_not_too_long() {
        let texts: Vec<String> = (0..3_000).map(|n| format!("entry {n}")).collect();
        let batches: Vec<&[String]> = batches(&texts).collect();
        assert!(batches.len() > 1 && batches.iter().all(|batch| batch.join(";").len() <= BATCH));
        assert_eq!(batches.concat(), texts);
        assert_eq!(super::batches(&[]).count(), 0);
        assert_eq!(super::batches(&["x".repeat(BATCH * 2)]).count(), 1);
    }
}
