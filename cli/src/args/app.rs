//! Options of `app` and of the old client's `whitelist`.

use clap::{Args, Subcommand, ValueHint};

use crate::controller::Access;
use crate::stream::Input;

/// What to do with the list of an app.
#[derive(Debug, Subcommand)]
pub(crate) enum AppAct {
    /// Show the list: an entry a line
    List {
        /// Show the text as it is kept, with comments
        #[arg(long)]
        text: bool,
    },
    /// Add entries
    Add {
        /// The entries, separated by commas
        #[arg(required = true, value_name = "ENTRY[,ENTRY…]")]
        addresses: Vec<String>,
        /// Say who would gain or lose access, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Remove entries: all that are named, or none
    Remove {
        /// The entries as the list shows them, separated by commas
        #[arg(required = true, value_name = "ENTRY[,ENTRY…]")]
        addresses: Vec<String>,
        /// Say who would gain or lose access, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Put a list in the place of the one that is there, unless somebody changes that meanwhile
    Set {
        /// The list; `-` is standard input
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        list: Input,
        /// Say who would gain or lose access, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
}

/// An app and entries, as the old client took them.
#[derive(Debug, Args)]
pub(crate) struct OldEdit {
    /// The entries, separated by commas
    #[arg(required = true, value_name = "ENTRY[,ENTRY…]")]
    pub(crate) addresses: Vec<String>,
    #[command(flatten)]
    pub(crate) of: OldApp,
}

/// An app, as the old client took it.
#[derive(Debug, Args)]
pub(crate) struct OldApp {
    /// The app
    #[arg(short, long, value_name = "NAME")]
    pub(crate) app: String,
    #[command(flatten)]
    pub(crate) access: Access,
}
