//! `fleet`: what many routers enforce, what would change there, and what their site leaves open.

mod audit;
mod before;
mod diff;
mod in_force;
mod report;
mod router;
mod status;

use std::io::Write;
use std::path::Path;

use ipgate::site::{Site, SiteParser};

use crate::args::{FleetAct, Form};
use crate::output::{self, Exit, Failure, Outcome};

pub(crate) fn run(act: &FleetAct, form: Form) -> Outcome {
    match act {
        FleetAct::Status { routers } => status::run(routers, form),
        FleetAct::Wait { digest, site, timeout, routers } => {
            let digest = match site {
                Some(site) => Some(whole_site(site)?.digest().to_string()),
                None => digest.clone(),
            };
            status::wait(routers, digest.as_deref(), *timeout)
        }
        FleetAct::Digest { site } => {
            let mut out = output::stdout();
            writeln!(out, "{}", whole_site(site)?.digest())?;
            out.flush()?;
            Ok(Exit::Yes)
        }
        FleetAct::Diff { asked, routers } => diff::run(asked, routers, form),
        FleetAct::Audit { before: Some(before), .. } => before::run(before, form),
        FleetAct::Audit { site: None, .. } => Err(Failure::Told("a site is needed: --site PATH".to_owned())),
        FleetAct::Audit { site: Some(site), controller, no_controller, .. } => {
            let controllers = match (*no_controller, controller.as_slice()) {
                (true, _) => audit::Controllers::None,
                (false, []) => audit::Controllers::OfDeis,
                (false, named) => audit::Controllers::Named(named),
            };
            audit::run(site, controllers, form)
        }
    }
}

/// A site of which every list was taken.
fn whole_site(path: &Path) -> Result<Site, Failure> {
    let parsed = SiteParser::new().read(path).and_then(ipgate::site::ParsedSite::whole);
    parsed.map(|parsed| parsed.site).map_err(|error| Failure::Told(error.to_string()))
}
