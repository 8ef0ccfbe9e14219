//! Options of `fleet`: the routers, and what they should have.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueHint};
use ipgate::site::AppName;

use super::fleet_diff::FleetDiff;
use crate::stream::Input;

/// What to do with a fleet.
#[derive(Debug, Subcommand)]
pub(crate) enum FleetAct {
    /// Show what each router enforces, and who is behind
    #[command(after_help = "\
Writes a line for each router, with tabs between: router, `ready`, `closed` (nothing is
in force, so that everyone is denied), `silent` (it was not heard for longer than what
it says counts) or `away`, the generation, the first digits of the digest, the apps, the
age of the oldest answer of its sources in seconds (with --fleet, of those that do not
answer), and `ok` or what is not as it should be.

Exit codes: 0 all routers enforce the same and nothing is wrong, 1 not so, 2 an error.")]
    Status {
        #[command(flatten)]
        routers: Expected,
    },
    /// Wait until all routers enforce the same, or a given site
    #[command(after_help = "\
Without a digest and a site, that is what most routers enforce.

Exit codes: 0 all have it, 1 not all within --timeout, 2 an error.")]
    Wait {
        /// The digest of the site, as `fleet status --json` and `fleet digest` write it
        #[arg(value_name = "DIGEST", conflicts_with = "site")]
        digest: Option<String>,
        /// The site, as a folder or an image
        #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
        site: Option<PathBuf>,
        /// How long to wait, in seconds
        #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
        timeout: Duration,
        #[command(flatten)]
        routers: Expected,
    },
    /// Print the digest of a site
    Digest {
        /// The site, as a folder or an image
        #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
        site: PathBuf,
    },
    /// Say what a new site, or a new list, would change for whom, before it is rolled out
    #[command(after_help = super::fleet_diff::HELP)]
    Diff {
        #[command(flatten)]
        asked: FleetDiff,
        #[command(flatten)]
        routers: Routers,
    },
    /// Find what a site leaves open and probably should not, or what taking over an older system would change
    #[command(after_help = "\
Of a site, finds: the controller has no list of its own (open-controller), lists are not required
and these apps have none (open), a list admits everyone (admits-everyone), a list never
was good, so that everyone is denied for whom it may decide (waiting).

With --before, writes a line for each app of an older system, with tabs between: app, what
its router enforces, what ipgate will enforce of the same values, and why these differ, or
`-`. Both are `open`, `nobody`, or `list: N entries, N IPv4, N IPv6` (addresses); of the
router also `stuck` (nginx refuses the configuration: no change of any app is in force) with
what would be in force otherwise, and `unrouted` (no request gets to the app). FILE is known
by what it holds:

  kubectl get deployments,services --all-namespaces -o json        (Deis Workflow)
  curl -s 'http://127.0.0.1:2379/v2/keys/deis?recursive=true'      (Deis v1)

Exit codes: 0 nothing found, or ipgate will enforce the same for all; 1 something found, or
something differs or is stuck; 2 an error.")]
    Audit {
        /// The site, as a folder or an image: what an `ipgated` publishes
        #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath, required_unless_present = "before")]
        site: Option<PathBuf>,
        /// What an older system has, as JSON, in the place of a site; `-` is standard input
        #[arg(
            long,
            value_name = "FILE",
            value_hint = ValueHint::FilePath,
            conflicts_with_all = ["site", "controller", "no_controller"],
        )]
        before: Option<Input>,
        /// The app through which others are changed, and which should have a list of its own; that of Deis unless given
        #[arg(long, value_name = "NAME")]
        controller: Vec<AppName>,
        /// The site has no such app
        #[arg(long, conflicts_with = "controller")]
        no_controller: bool,
    },
}

/// The routers of a fleet: those that are named, and those that confirm.
#[derive(Debug, Args)]
pub(crate) struct Routers {
    /// The admin address of a router's `ipgated`; once for each router
    #[arg(
        long = "router",
        value_name = "URL",
        required_unless_present = "fleet",
        env = "IPGATE_ROUTERS",
        value_delimiter = ','
    )]
    pub(crate) routers: Vec<String>,
    /// The admin address of one `ipgated` with --confirm: all routers that say there what they enforce
    #[arg(long, value_name = "URL", env = "IPGATE_FLEET")]
    pub(crate) fleet: Option<String>,
}

/// The routers of a fleet, and how many there should be.
#[derive(Debug, Args)]
pub(crate) struct Expected {
    #[command(flatten)]
    pub(crate) routers: Routers,
    /// So many routers there have to be; etcd forgets those that are not heard any more
    #[arg(long, value_name = "COUNT")]
    pub(crate) at_least: Option<usize>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| format!("`{text}` is no number of seconds"))?;
    Duration::try_from_secs_f64(seconds).map_err(|_| format!("`{text}` is no number of seconds"))
}
