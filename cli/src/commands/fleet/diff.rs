//! `fleet diff`: what would change in what routers enforce.

use ipgate::List;
use ipgate::site::{App, AppName, Site, SiteParser};

use super::in_force;
use super::router::{self, Router, State};
use crate::args::{FleetDiff, Form, Reading, Routers};
use crate::commands::diff::compare_sites;
use crate::output::{Exit, Failure, Outcome, complain};
use crate::site;
use crate::source::Source;
use crate::stream::Input;

pub(super) fn run(asked: &FleetDiff, routers: &Routers, form: Form) -> Outcome {
    let named = routers.routers.iter().chain(&routers.fleet);
    let Some(first) = named.into_iter().next() else {
        return Err(Failure::Told("no router is named; see --router".to_owned()));
    };
    let now = in_force::ask(first)?;
    let new = new_site(asked, &now.site, first)?;
    let compared = compare_sites([&now.site, &new], asked.access, form)?;
    Ok(compared.max(tell_others(first, &now.digest, routers)))
}

/// What the router would enforce.
fn new_site(asked: &FleetDiff, now: &Site, router: &str) -> Result<Site, Failure> {
    let FleetDiff { new, app, default, .. } = asked;
    let default = default.as_ref().map(list).transpose()?;
    let with_default = |site: Site| default.clone().into_iter().fold(site, Site::with_default);
    match (new, app) {
        (None, _) => Ok(with_default(now.clone())),
        (Some(new), Some(name)) => Ok(with_default(with_list(now, name, list(new)?, router))),
        (Some(_), None) if default.is_some() => Err(Failure::Told(
            "NEW is a whole site, its default list included; leave --default out, or name the app whose list NEW is with --app"
                .to_owned(),
        )),
        (Some(Input::File(path)), None) if SiteParser::is_site(path) => site::read_whole(path, Reading::STRICT),
        (Some(other), None) => Err(Failure::Told(format!(
            "{other} is no site; name the app whose list it is with --app, or give it as the default list with --default"
        ))),
    }
}

/// The same with that list of that app, whose mode and hosts stay.
fn with_list(now: &Site, name: &AppName, list: List, router: &str) -> Site {
    let app = now.apps().get(name);
    if app.is_none() {
        complain(format_args!("{router} enforces a site that names no app {name}; it would be new"));
    }
    let app: App = app.cloned().unwrap_or_default();
    now.clone().with_app(name.clone(), app.with_list(list))
}

/// A list, as strict as a router is.
fn list(input: &Input) -> Result<List, Failure> {
    if let Some(site) = Source::Input(input).site() {
        let site = ipgate::ShownPath(site);
        return Err(Failure::Told(format!(
            "{site} is a site, and the list of one app or the default list is needed"
        )));
    }
    Source::Input(input).list(Reading::STRICT)
}

/// Tells each router to which the comparison does not apply.
fn tell_others(first: &str, digest: &str, routers: &Routers) -> Exit {
    let judge = |router: &Router| {
        let name = router.name();
        match router.state {
            _ if router.has(Some(digest)) => return Exit::Yes,
            State::Away => {
                let why = router.problems.join("; ");
                complain(format_args!("{name} cannot be asked what it enforces: {why}"));
                return Exit::Error;
            }
            State::Closed => {
                complain(format_args!("nothing is in force at {name}, so that everyone is denied there"));
            }
            State::Silent => {
                complain(format_args!("{name} is silent, so that nobody knows what it enforces"))
            }
            State::Ready => complain(format_args!(
                "{name} enforces another site than {first}; what would change there says `ipgate fleet diff` with the address of its `ipgated`"
            )),
        }
        Exit::No
    };
    let others =
        Routers { routers: routers.routers.iter().skip(1).cloned().collect(), fleet: routers.fleet.clone() };
    router::ask(&others).iter().map(judge).max().unwrap_or(Exit::Yes)
}
