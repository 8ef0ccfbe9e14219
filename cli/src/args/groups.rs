//! Options that several commands take, in the groups in which they take them.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint, value_parser};
use ipgate::Mode;
use ipgate::list::Parser;
use ipgate::site::AppName;

use crate::output::Failure;
use crate::site;
use crate::source::Source;
use crate::stream::{Input, Place};

/// The list.
#[derive(Debug, Args)]
#[command(next_help_heading = "Lists and policy")]
pub(crate) struct AppList {
    /// The list, as a file; `-` is standard input
    #[arg(short, long, value_name = "FILE", conflicts_with = "entries", value_hint = ValueHint::FilePath)]
    list: Option<Input>,
    /// The list, as text instead of a file: entries separated by commas or line breaks
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    entries: Option<String>,
}

impl AppList {
    /// Where the list comes from, where one is given.
    pub(crate) fn source(&self) -> Option<Source<'_>> {
        let file = self.list.as_ref().map(Source::Input);
        file.or(self.entries.as_deref().map(Source::Entries))
    }

    pub(super) fn inputs(&self) -> impl Iterator<Item = Place<'_>> {
        self.list.iter().map(|input| Place::new("--list", input))
    }
}

/// What makes a policy around the list.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Lists and policy")]
pub(crate) struct Around {
    /// The default list, which the list extends, overrides or precedes; `-` is standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) default: Option<Input>,
    /// How the list and the default list combine: `extend`, `override` or `precede` (the list where it covers the address)
    #[arg(long, value_name = "MODE", default_value_t)]
    pub(crate) mode: Mode,
    /// Deny everyone where no list is given, which is an error otherwise
    #[arg(long)]
    pub(crate) enforce: bool,
}

impl Around {
    pub(super) fn inputs(&self) -> impl Iterator<Item = Place<'_>> {
        self.default.iter().map(|input| Place::new("--default", input))
    }
}

/// An app of a site, in the place of lists.
#[derive(Debug, Args)]
#[command(next_help_heading = "Lists and policy")]
pub(crate) struct OfSite {
    /// A site, as a folder, in the place of lists: site.toml, default.list, apps/NAME.list, hosts
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath, conflicts_with_all = ["list", "entries"])]
    pub(crate) site: Option<PathBuf>,
    /// The app of the site; one that the site does not name has no list of its own
    #[arg(long, value_name = "NAME", conflicts_with = "host")]
    pub(crate) app: Option<AppName>,
    /// The app of the site that a request with this host is for
    #[arg(long, value_name = "HOST")]
    pub(crate) host: Option<String>,
}

impl OfSite {
    /// The folder, where one is given. An app without its site is a mistake.
    pub(crate) fn folder(&self) -> Result<Option<&Path>, Failure> {
        let option = if self.app.is_some() { "--app" } else { "--host" };
        match &self.site {
            Some(folder) => Ok(Some(folder)),
            None if self.app.is_none() && self.host.is_none() => Ok(None),
            None => Err(site::without_site(option)),
        }
    }
}

/// How lists are read.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Lists and policy")]
pub(crate) struct Reading {
    /// Leave bad entries out and report them, instead of rejecting the whole list
    #[arg(long)]
    pub(crate) lenient: bool,
    #[command(flatten)]
    pub(crate) bound: Bound,
}

impl Reading {
    /// Every list as a whole, or not at all: what a router takes.
    pub(crate) const STRICT: Reading =
        Reading { lenient: false, bound: Bound { max_bad_percent: Parser::DEFAULT_MAX_BAD_PERCENT } };
}

/// How much a lenient reading leaves out.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Lists and policy")]
pub(crate) struct Bound {
    /// With --lenient, refuse a list of whose pieces more than N percent are bad, 1 to 100: it is some other file
    #[arg(
        long,
        value_name = "N",
        default_value_t = Parser::DEFAULT_MAX_BAD_PERCENT,
        value_parser = value_parser!(u8).range(1..=100),
    )]
    pub(crate) max_bad_percent: u8,
}

impl Bound {
    /// The name of its option among the parser's.
    pub(super) const ID: &str = "max_bad_percent";
}

/// A whole policy: what a command that decides goes by.
#[derive(Debug, Args)]
pub(crate) struct Lists {
    #[command(flatten)]
    pub(crate) app: AppList,
    #[command(flatten)]
    pub(crate) around: Around,
    #[command(flatten)]
    pub(crate) site: OfSite,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

impl Lists {
    pub(super) fn inputs(&self) -> impl Iterator<Item = Place<'_>> {
        self.app.inputs().chain(self.around.inputs())
    }
}

/// A list file that is edited in its place.
#[derive(Debug, Args)]
pub(crate) struct Edited {
    /// The list's file
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) list: Input,
}

/// The form of what is written.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Form {
    /// Write one JSON object a line
    #[arg(long, global = true)]
    pub(crate) json: bool,
}
