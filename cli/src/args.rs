//! What can be asked of `ipgate`: its commands and options.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use ipgate::Mode;

const EXIT_CODES: &str = "\
Exit codes:
  0  yes: every address is allowed, the lists are alike, nothing to complain of
  1  no: an address is denied (check, explain), the lists differ (diff),
     a file would change (fmt --check), a warning is denied (lint)
  2  an error: no answer can be trusted; standard error says why

Examples:
  ipgate --entries '10.0.1.0/24:office_ABC,212.121.212.121:client_YXZ' check 10.0.1.7
  ipgate -l office.list check < addresses.txt
  ipgate -l office.list explain 10.9.2.2
  ipgate lint office.list
  ipgate -l office.list add '192.0.2.7:partner;until=2027-03-31'
  ipgate -l office.list replay /var/log/nginx/access.log";

/// Filters clients by address: checks, explains, lints, formats, compares and edits lists such as
/// `10.0.1.0/24:office_ABC,!10.0.1.66:printer`
#[derive(Debug, Parser)]
#[command(name = "ipgate", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The lists, the policy, and the form of the output.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Lists and policy")]
pub(crate) struct Global {
    /// The list, as a file; `-` is standard input
    #[arg(short, long, value_name = "FILE", global = true)]
    pub(crate) list: Option<PathBuf>,
    /// The list, as text instead of a file: entries separated by commas or line breaks
    #[arg(long = "entries", value_name = "TEXT", global = true, allow_hyphen_values = true)]
    pub(crate) text: Option<String>,
    /// The default list, which the list extends or overrides
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) default: Option<PathBuf>,
    /// How the list and the default list combine: `extend` or `override`
    #[arg(long, value_name = "MODE", global = true, default_value_t)]
    pub(crate) mode: Mode,
    /// Where no list is given, deny everyone instead of allowing everyone
    #[arg(long, global = true)]
    pub(crate) enforce: bool,
    /// Leave bad entries out and report them, instead of rejecting the whole list
    #[arg(long, global = true)]
    pub(crate) lenient: bool,
    /// Write one JSON object a line
    #[arg(long, global = true, help_heading = "Output")]
    pub(crate) json: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say for each address whether it is allowed, by which prefix, and with which label
    #[command(after_help = "\
Writes a line for each address, with tabs between: address, `allow` or `deny`,
the matched prefix or `-`, its label or `-`.

Exit codes: 0 all are allowed, 1 any is denied, 2 an error. What is not an
address is denied, named on standard error, and makes the exit code 2.")]
    Check {
        /// The addresses; standard input, one a line, where none is given
        addresses: Vec<String>,
    },
    /// Show every entry that covers an address, which one decides, and why
    #[command(after_help = "Exit codes: 0 the address is allowed, 1 it is denied, 2 an error.")]
    Explain {
        /// The address
        address: String,
    },
    /// Find errors, and what is legal in a list but probably not meant
    #[command(after_help = "\
Exit codes: 0 no errors (and no warnings, where they are denied), 1 warnings
where they are denied, 2 errors.")]
    Lint {
        /// The lists; `-` is standard input
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Exit with 1 for warnings
        #[arg(long)]
        deny_warnings: bool,
    },
    /// Write a list in canonical form: an entry a line, comments kept
    #[command(after_help = "\
Exit codes: 0 done (with --check: nothing would change), 1 a file would change
(--check), 2 an error.")]
    Fmt {
        /// The lists; `-` is standard input
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Name the files that would change, and write nothing
        #[arg(long, conflicts_with = "write")]
        check: bool,
        /// Write the files back, each of them whole or not at all
        #[arg(long)]
        write: bool,
    },
    /// Compare two lists: entries added, removed, relabelled, and the addresses gained and lost
    #[command(after_help = "Exit codes: 0 the lists say the same, 1 they differ, 2 an error.")]
    Diff {
        /// The list as it was; `-` is standard input
        old: PathBuf,
        /// The list as it would be; `-` is standard input
        new: PathBuf,
    },
    /// Compile a list, or a policy over two, into an image that loads in milliseconds
    #[command(after_help = "\
The image can stand wherever --list FILE is read, also by libipgate and nginx. It
holds the whole policy: --default, --mode and --enforce belong to this command then.

Exit codes: 0 written, 2 an error, and the output file is unchanged.")]
    Compile {
        /// The list; `-` is standard input
        #[arg(value_name = "LIST")]
        input: PathBuf,
        /// The image, replaced whole or not at all
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// The generation to write into the image's header
        #[arg(long, value_name = "N", default_value_t = 1)]
        generation: u64,
    },
    /// Add entries to the file of --list
    #[command(after_help = "\
The file is replaced whole or stays as it is; comments and layout are kept.
What is there already is said and left alone.

Exit codes: 0 every entry is in the list now, 2 an error, and the file is unchanged.")]
    Add {
        /// The entries, such as 10.0.1.0/24:office or '!10.0.1.66;until=2027-03-31'
        #[arg(required = true, value_name = "ENTRY")]
        entries: Vec<String>,
    },
    /// Remove entries from the file of --list
    #[command(after_help = "\
An entry is removed where everything that is written here fits: a prefix or
range, `!` or none, and the label and expiry where they are given. What stands
there twice is removed twice. Comments and layout are kept.

Exit codes: 0 removed, 2 an error (an entry is not there), and the file is unchanged.")]
    Remove {
        /// The entries, such as 10.0.1.0/24 or '!10.0.1.66:printer'
        #[arg(required = true, value_name = "ENTRY")]
        entries: Vec<String>,
    },
    /// Print the entries of a list in canonical form
    #[command(after_help = "Exit codes: 0 done, 2 an error.")]
    List {
        /// Group the entries by label, with their numbers
        #[arg(long)]
        labels: bool,
    },
    /// Show what the lists would do to the clients of an access log
    #[command(after_help = "\
Writes totals in lines that begin with `#`, then a line for each denied client,
the most frequent first, with tabs between: address, number of lines, the
matched prefix or `-`, its label or `-`. Lines without a usable address are
counted, and the first few are named on standard error.

Exit codes: 0 done, 2 an error (also where no line has a usable address).")]
    Replay {
        /// The field that holds the client's address, counted from 1
        #[arg(long, value_name = "N", default_value = "1")]
        client_field: std::num::NonZeroUsize,
        /// The character between fields, `\t` for a tab; blanks, any number of them, where it is left out
        #[arg(long, value_name = "CHAR", value_parser = delimiter)]
        delimiter: Option<u8>,
        /// The log; `-` is standard input
        #[arg(value_name = "ACCESS_LOG")]
        log: PathBuf,
    },
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write the pages of all commands into a directory
    Man {
        /// The directory
        #[arg(value_name = "DIR")]
        directory: Option<PathBuf>,
    },
}

/// One ASCII character, or its escape.
fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        br"\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r') => Ok(*byte),
        _ => Err(r"write one ASCII character, or `\t` for a tab".to_owned()),
    }
}

/// The global options that a command makes use of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Uses {
    /// All of them.
    Policy,
    /// The policy around a list that is named otherwise.
    Around,
    /// One list from anywhere.
    List,
    /// A list file to edit.
    File,
    /// None, but for `--lenient`.
    Lenient,
    /// None.
    Nothing,
}

impl Command {
    fn uses(&self) -> Uses {
        match self {
            Command::Check { .. } | Command::Explain { .. } | Command::Replay { .. } => Uses::Policy,
            Command::Compile { .. } => Uses::Around,
            Command::List { .. } => Uses::List,
            Command::Add { .. } | Command::Remove { .. } => Uses::File,
            Command::Diff { .. } => Uses::Lenient,
            Command::Lint { .. }
            | Command::Fmt { .. }
            | Command::Completions { .. }
            | Command::Man { .. } => Uses::Nothing,
        }
    }
}

impl Args {
    /// The global options that were given and that the command would have to ignore.
    pub(crate) fn unused(&self) -> Vec<&'static str> {
        let uses = self.command.uses();
        let Global { list, text, default, mode, enforce, lenient, json: _ } = &self.global;
        let one_list = matches!(uses, Uses::Policy | Uses::List);
        let policy = matches!(uses, Uses::Policy | Uses::Around);
        let given = [
            ("--list", list.is_some() && !one_list && uses != Uses::File),
            ("--entries", text.is_some() && !one_list),
            ("--default", default.is_some() && !policy),
            ("--mode", *mode != Mode::default() && !policy),
            ("--enforce", *enforce && !policy),
            ("--lenient", *lenient && !one_list && !policy && uses != Uses::Lenient),
        ];
        given.into_iter().filter(|(_, unused)| *unused).map(|(name, _)| name).collect()
    }
}
