//! Options of `fleet diff`: what would be new.

use clap::Args;
use clap::ValueHint;
use ipgate::site::AppName;

use crate::stream::{Input, Place};

pub(super) const HELP: &str = "\
Compares with the site that the first router enforces now, and writes what `ipgate diff` of
two sites writes: settings, lists, apps and hosts, and below `access of` who gains and loses
what where. A list that a router waits for lets nobody in until it comes.

  ipgate fleet diff --router URL SITE                 a whole site: a folder, or an image
  ipgate fleet diff --router URL -a APP FILE          the list of one app
  ipgate fleet diff --router URL --default FILE       the default list

Of several routers, those that enforce something else than the first are told: what is
written is not what would change there.

Exit codes: 0 nothing would change (with --access: for nobody), 1 something would, or a
router enforces something else than the first, 2 an error.";

/// What would be new.
#[derive(Debug, Args)]
pub(crate) struct FleetDiff {
    /// The site as it would be, as a folder or an image; with --app, the app's list. `-` is standard input
    #[arg(value_name = "NEW", value_hint = ValueHint::AnyPath, required_unless_present = "default")]
    pub(crate) new: Option<Input>,
    /// The app whose list is NEW
    #[arg(short, long, value_name = "NAME", requires = "new")]
    pub(crate) app: Option<AppName>,
    /// The default list as it would be; `-` is standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) default: Option<Input>,
    /// Compare who is allowed, now and later, and not what is written
    #[arg(long)]
    pub(crate) access: bool,
}

impl FleetDiff {
    pub(super) fn inputs(&self) -> impl Iterator<Item = Place<'_>> {
        let new = self.new.iter().map(|input| Place::new("NEW", input));
        new.chain(self.default.iter().map(|input| Place::new("--default", input)))
    }
}
