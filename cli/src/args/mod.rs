//! What can be asked of `ipgate`: its commands and options.

mod app;
mod before;
mod fleet;
mod fleet_diff;
mod groups;
mod log;
mod pair;

use std::path::PathBuf;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint};

pub(crate) use app::{AppAct, OldApp, OldEdit};
pub(crate) use fleet::{Expected, FleetAct, Routers};
pub(crate) use fleet_diff::FleetDiff;
pub(crate) use groups::{AppList, Around, Bound, Edited, Form, Lists, OfSite, Reading};
pub(crate) use log::LogForm;
pub(crate) use pair::Pair;

use crate::controller::Access;
use crate::stream::{Client, Input, Output, Place};

const EXIT_CODES: &str = "\
A command's options may stand before it too: `ipgate -l office.list check`. Each command's
help names those that it takes.

Exit codes:
  0  yes: every address is allowed, the lists are alike, nothing to complain of
  1  no: an address is denied (check, explain), the lists differ (diff),
     a file would change (fmt --check), a warning is denied (lint), an
     expiry ends nothing (add)
  2  an error: no answer can be trusted; standard error says why. No list to
     decide by, and no address to look up, are errors

Examples:
  ipgate --entries '10.0.1.0/24:office_ABC,212.121.212.121:client_YXZ' check 10.0.1.7
  ipgate -l office.list check < addresses.txt
  ipgate -l office.list explain 10.9.2.2
  ipgate lint office.list
  ipgate --site /etc/ipgate/site --host shop.example.com explain 10.9.2.2
  ipgate -l office.list add '192.0.2.7:partner;until=2027-03-31'
  ipgate -l office.list replay /var/log/nginx/access.log";

/// Filters clients by address: checks, explains, lints, formats, compares and edits lists such as
/// `10.0.1.0/24:office_ABC,!10.0.1.66:printer`
#[derive(Debug, Parser)]
#[command(name = "ipgate", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Args {
    /// For the help only: see [`before`].
    #[command(flatten)]
    _before: Lists,
    #[command(flatten)]
    pub(crate) form: Form,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Args {
    /// The parser as help and manual show it: an option that not every command takes is in the help of those
    /// that do.
    pub(crate) fn shown() -> clap::Command {
        let is_common = |id: &str| matches!(id, "json" | "help" | "version");
        Args::command()
            .mut_args(|arg| {
                let hidden = !is_common(arg.get_id().as_str());
                arg.hide(hidden)
            })
            // Not where the option is declared: before the command it stands without what may follow behind.
            .mut_subcommands(|command| {
                let is_bound = command.get_arguments().any(|arg| arg.get_id() == Bound::ID);
                if is_bound { command.mut_arg(Bound::ID, |arg| arg.requires("lenient")) } else { command }
            })
    }

    /// The process's arguments. Where they are wrong, or ask for help, that is told and the process ends.
    pub(crate) fn of_process() -> Args {
        let line = before::moved_behind(std::env::args_os().collect());
        let matches = Args::shown().get_matches_from(line);
        Args::from_arg_matches(&matches).unwrap_or_else(|error| {
            let mut parser = Args::shown();
            parser.build();
            let command = matches.subcommand_name().and_then(|name| parser.find_subcommand_mut(name));
            match command {
                Some(command) => error.format(command).exit(),
                None => error.exit(),
            }
        })
    }
}

/// The systems whose files can be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImportForm {
    /// The admin zone of DC/OS
    Dcos,
}

/// What to do.
// The groups stand last: their heading goes on to whatever follows.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say for each address whether it is allowed, by which prefix, and with which label
    #[command(after_help = "\
Writes a line for each address, with tabs between: address, `allow` or `deny`,
the matched prefix or `-`, its label or `-`. Blank lines of standard input, and
those that begin with `#`, are passed over.

Exit codes: 0 all are allowed, 1 any is denied, 2 an error. What is not an
address is denied, named on standard error, and makes the exit code 2; so does
a standard input without any address, and no list at all.")]
    Check {
        /// The addresses; standard input, one a line, where `-` stands or none is given
        #[arg(value_name = "ADDRESS")]
        addresses: Vec<Client>,
        #[command(flatten)]
        lists: Lists,
    },
    /// Show every entry that covers an address, which one decides, and why
    #[command(after_help = "\
Exit codes: 0 all are allowed, 1 any is denied, 2 an error. What is not an
address is denied, named on standard error, and makes the exit code 2; so does
a standard input without any address, and no list at all.")]
    Explain {
        /// The addresses; `-` is standard input, one a line
        #[arg(required = true, value_name = "ADDRESS")]
        addresses: Vec<Client>,
        #[command(flatten)]
        lists: Lists,
    },
    /// Find errors, and what is legal in a list but probably not meant
    #[command(after_help = "\
--fix removes what decides nothing (duplicates, entries that others repeat or cover
whole, expired ones) and spells out what has one reading, in the file itself: no
address changes its verdict, label or expiry, comments and layout stay, and what is
left is told. A file with errors is not fixed. This goes by the list alone: where it
extends a default list, an entry that only repeats a wider one may still be an
exception to the default list; `ipgate explain` and `diff` show what decides.

Exit codes: 0 no errors (and no warnings, where they are denied), 1 warnings
where they are denied, 2 errors. With --fix they are about what is left.")]
    Lint {
        /// The lists, and folders of sites, of which all files are looked at; `-` is standard input
        #[arg(required = true, value_name = "FILE", value_hint = ValueHint::AnyPath)]
        files: Vec<Input>,
        /// Exit with 1 for warnings
        #[arg(long)]
        deny_warnings: bool,
        /// Mend what can be mended without changing any verdict; the text of standard input goes to standard output
        #[arg(long)]
        fix: bool,
        /// Show every finding; otherwise the first 100 of each kind are shown, and the others counted
        #[arg(long)]
        all: bool,
    },
    /// Write a list in canonical form: an entry a line, comments kept
    #[command(after_help = "\
With --lenient, what is no entry stays in the text, on a line of its own: the file is
as bad as before, and says the same. A file without a good entry is refused all the
same, and so is one of which more than --max-bad-percent is bad.

Exit codes: 0 done (with --check: nothing would change), 1 a file would change
(--check), 2 an error.")]
    Fmt {
        /// The lists; `-` is standard input
        #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
        files: Vec<Input>,
        /// Name the files that would change, and write nothing
        #[arg(long, conflicts_with = "write")]
        check: bool,
        /// Write the files back, each of them whole or not at all; not for standard input
        #[arg(long)]
        write: bool,
        /// Keep what is no entry as it is written, and report it, instead of refusing the file
        #[arg(long)]
        lenient: bool,
        #[command(flatten)]
        bound: Bound,
    },
    /// Compare two lists, or two sites: entries added, removed, relabelled, and the addresses gained and lost
    #[command(after_help = "\
OLD and NEW are each a file, `-` for standard input, or --entries TEXT, in the
order in which they are written: `diff --entries TEXT NEW`, `diff OLD --entries TEXT`.

Both may be the folders of sites (site.toml, default.list, apps/NAME.list, hosts). Then
settings, lists, apps and hosts are compared, and below `access of` stands who gains and
loses what where: by the list of the app, the default list, mode and enforce together.
Apps that change alike stand there once, and where they are many, those without a list of
their own are counted. Of a mode, `-` is that of the site; of a host, that it is of no app.
Every list of both has to be taken.

With --access only addresses gained and lost are compared and shown, now and at every
instant at which an entry expires: labels, spelling and order make no difference.

Exit codes: 0 lists or sites say the same (with --access: allow the same addresses), 1
they differ, 2 an error.")]
    Diff {
        #[command(flatten)]
        pair: Pair,
        /// Compare who is allowed, now and later, and not what is written
        #[arg(long)]
        access: bool,
        #[command(flatten)]
        reading: Reading,
    },
    /// Compile a list, a policy over two, or a site, into an image that loads in milliseconds
    #[command(after_help = "\
The image can stand for --list FILE of check, explain and replay, and in libipgate
and nginx. It holds the whole policy: --default, --mode and --enforce belong to this
command then. The image of a site stands for its folder wherever that can stand.
A list that it is made of is never written over, under any name; what else is there
and is not an image, only with --force.

Exit codes: 0 written, 2 an error, and the output file is unchanged.")]
    Compile {
        /// The list, or the folder of a site; `-` is standard input
        #[arg(value_name = "LIST", value_hint = ValueHint::AnyPath, required_unless_present = "site")]
        input: Option<Input>,
        /// The site, as a folder, in the place of a list
        #[arg(
            long,
            value_name = "FOLDER",
            value_hint = ValueHint::DirPath,
            conflicts_with_all = ["input", "default", "mode", "enforce", "generation"],
            help_heading = "Lists and policy",
        )]
        site: Option<PathBuf>,
        /// The image, replaced whole or not at all; `-` is standard output, unless that is a terminal
        #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        output: Output,
        /// Replace a file that is not an image
        #[arg(long)]
        force: bool,
        /// The generation to write into the image's header
        #[arg(long, value_name = "N", default_value_t = 1)]
        generation: u64,
        #[command(flatten)]
        around: Around,
        #[command(flatten)]
        reading: Reading,
    },
    /// Add entries to the file of --list
    #[command(after_help = "\
The file is replaced whole or stays as it is; comments and layout are kept.
What is there already is said and left alone. Below each entry stands what it
changes for its addresses, compared with the file before: newly allowed, newly
denied, another label, or nothing, and which entries go on to decide.

An entry with `until=` is added also where another entry goes on to allow its
addresses (or to deny them) when it expires. Standard error names that entry, and
the exit code is 1: access does not end when the entry says.

Exit codes: 0 every entry is in the list now, 1 so it is, but an expiry ends
nothing, 2 an error, and the file is unchanged.")]
    Add {
        /// The entries, such as 10.0.1.0/24:office or '!10.0.1.66;until=2027-03-31'
        #[arg(required = true, value_name = "ENTRY")]
        entries: Vec<String>,
        #[command(flatten)]
        file: Edited,
    },
    /// Remove entries from the file of --list
    #[command(after_help = "\
An entry is removed where everything that is written here fits: a prefix or
range, `!` or none, and the label and expiry where they are given. What stands
there twice is removed twice. Comments and layout are kept. Below each entry
stands what becomes of its addresses: who is denied now, who is newly allowed, and
who still gets in, by which entry on which line of the file as it is now.

Exit codes: 0 removed, 2 an error (an entry is not there), and the file is unchanged.")]
    Remove {
        /// The entries, such as 10.0.1.0/24 or '!10.0.1.66:printer'
        #[arg(required = true, value_name = "ENTRY")]
        entries: Vec<String>,
        #[command(flatten)]
        file: Edited,
    },
    /// Print the entries of a list in canonical form, or the apps of a site
    #[command(after_help = "\
With --apps, writes a line for each app, with tabs between: name, number of entries
(`-` without a list of its own, `rejected` for one that is not taken), mode, hosts.

Exit codes: 0 done, 2 an error.")]
    List {
        /// Group the entries by label, with their numbers
        #[arg(long, conflicts_with = "apps")]
        labels: bool,
        /// Print the apps of --site, and not the list of one
        #[arg(long, conflicts_with_all = ["app", "host"])]
        apps: bool,
        #[command(flatten)]
        list: AppList,
        #[command(flatten)]
        site: OfSite,
        #[command(flatten)]
        reading: Reading,
    },
    /// Show what the lists would do to the clients of an access log
    #[command(after_help = "\
Writes totals in lines that begin with `#`, then a line for each denied client,
the most frequent first, with tabs between: address, number of lines, the
matched prefix or `-`, its label or `-`. Lines without a usable address are
counted, and the first few are named on standard error.

An address may stand in quotes or brackets and have a port, as in 192.0.2.7:4711 or
[2001:db8::1]:443.

Of a field such as X-Forwarded-For (client, proxy, ...), trust what your own proxies
have written. Each one appends the address of whoever called it, so that the last
element was written by the proxy before the server that logs, and --forwarded last is
right where there is one; behind N proxies of yours, --forwarded N. What stands
further left came with the request, and anyone can write it. Of an element of Forwarded,
such as for=\"[2001:db8::1]:4711\";proto=https, the `for` counts.

With --site FOLDER --host-field N, the lists of the app decide whose host stands in that
field of the line (in any case, with or without a port), and those for an app without a
list where no app has that host. After the totals stands for each app what is allowed
and denied, the one of which the most lines are denied first; the lines of its denied
clients begin with its name, or `-`, and a tab. Every list of the site has to be taken.

Exit codes: 0 done, 2 an error (also no list at all, and no line with a usable
address and, where it is needed, a host).")]
    Replay {
        #[command(flatten)]
        form: LogForm,
        /// The log; `-` is standard input
        #[arg(value_name = "ACCESS_LOG", value_hint = ValueHint::FilePath)]
        log: Input,
        #[command(flatten)]
        lists: Lists,
    },
    /// Make a list of what another system has
    #[command(after_help = "\
The list goes to standard output, and what it warns of to standard error.

  dcos  AdminLocation of a CloudFormation template of DC/OS, or of a parameters file

Exit codes: 0 done, 2 an error: it is no such file, or says what no list can say.")]
    Import {
        /// What the file is of
        #[arg(long, value_name = "FORMAT")]
        from: ImportForm,
        /// The file; `-` is standard input
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: Input,
    },
    /// Show or change the list of an app, through the control service of a fleet
    #[command(after_help = "\
The entries stand where the fleet keeps them (etcd, Kubernetes, a folder), and are in
force in every router within a second. Nothing is lost where two change a list at once.

Exit codes: 0 done, 2 an error, and nothing has changed.")]
    App {
        /// The app
        #[arg(short, long, value_name = "NAME")]
        app: String,
        #[command(subcommand)]
        act: AppAct,
        #[command(flatten)]
        access: Access,
    },
    /// Look at many routers: what each enforces, who is behind, what their site leaves open, what a change would do
    Fleet {
        #[command(subcommand)]
        act: FleetAct,
    },
    /// Show the list of an app, as `deis whitelist` did
    #[command(visible_alias = "whitelist:list")]
    Whitelist {
        #[command(flatten)]
        of: OldApp,
    },
    /// Add to the list of an app, as `deis whitelist:add` did
    #[command(name = "whitelist:add")]
    WhitelistAdd {
        #[command(flatten)]
        edit: OldEdit,
    },
    /// Remove from the list of an app, as `deis whitelist:remove` did
    #[command(name = "whitelist:remove")]
    WhitelistRemove {
        #[command(flatten)]
        edit: OldEdit,
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

impl Command {
    /// What the command reads, by the names of its options and arguments.
    pub(crate) fn inputs(&self) -> Vec<Place<'_>> {
        match self {
            Command::Check { lists, addresses } if addresses.is_empty() => {
                let stdin = Place::new("the addresses", &Input::Stdin);
                lists.inputs().chain([stdin]).collect()
            }
            Command::Check { lists, addresses } | Command::Explain { lists, addresses } => {
                let is_stdin = |client: &Client| matches!(client, Client::Stdin);
                let numbered = (1..).zip(addresses).filter(|(_, client)| is_stdin(client));
                let stdin = numbered.map(|(n, _)| Place::new(format!("ADDRESS {n}"), &Input::Stdin));
                lists.inputs().chain(stdin).collect()
            }
            Command::Lint { files, .. } | Command::Fmt { files, .. } => {
                (1..).zip(files).map(|(n, file)| Place::new(format!("FILE {n}"), file)).collect()
            }
            Command::Diff { pair, .. } => pair.inputs().collect(),
            Command::Compile { around, input, .. } => {
                let list = input.iter().map(|input| Place::new("LIST", input));
                list.chain(around.inputs()).collect()
            }
            Command::Add { file, .. } | Command::Remove { file, .. } => {
                vec![Place::new("--list", &file.list)]
            }
            Command::List { list, .. } => list.inputs().collect(),
            Command::Replay { lists, log, .. } => {
                lists.inputs().chain([Place::new("ACCESS_LOG", log)]).collect()
            }
            Command::Import { file, .. } => vec![Place::new("FILE", file)],
            Command::App { act: AppAct::Set { list, .. }, .. } => vec![Place::new("FILE", list)],
            Command::Fleet { act: FleetAct::Diff { asked, .. } } => asked.inputs().collect(),
            Command::Fleet { act: FleetAct::Audit { before: Some(before), .. } } => {
                vec![Place::new("--before", before)]
            }
            Command::App { .. }
            | Command::Fleet { .. }
            | Command::Whitelist { .. }
            | Command::WhitelistAdd { .. }
            | Command::WhitelistRemove { .. }
            | Command::Completions { .. }
            | Command::Man { .. } => Vec::new(),
        }
    }

    /// The file that the command writes, where that is not the one that it edits.
    pub(crate) fn output(&self) -> Option<&Output> {
        match self {
            Command::Compile { output, .. } => Some(output),
            _ => None,
        }
    }
}
