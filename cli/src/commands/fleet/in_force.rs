//! The site that a router enforces, as its daemon gives it.

use std::time::Duration;

use ipgate::site::Site;
use ipgate::{Content, Limits};
use ureq::Agent;
use ureq::http::header::ETAG;

use crate::output::Failure;

/// How long a router may take: an image of ten thousand apps has some megabytes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A site with its digest, in the words of the router.
pub(super) struct InForce {
    pub(super) site: Site,
    pub(super) digest: String,
}

/// Asks a router.
pub(super) fn ask(router: &str) -> Result<InForce, Failure> {
    let agent: Agent =
        Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build().into();
    let url = format!("{}/site", router.trim_end_matches('/'));
    let failed =
        |why: &dyn std::fmt::Display| Failure::Told(format!("{router} cannot be asked for its site: {why}"));
    let mut answer = agent.get(&url).call().map_err(|error| failed(&error))?;
    let tag = answer
        .headers()
        .get(ETAG)
        .and_then(|tag| tag.to_str().ok())
        .map(|tag| tag.trim_matches('"').to_owned());
    match (answer.status().as_u16(), tag) {
        (200, Some(digest)) => {
            let content = Content::read(answer.body_mut().as_reader(), Limits::default());
            let site = Site::from_content(content.map_err(|error| failed(&error))?);
            let strange = |error| failed(&format_args!("it gives what is no site: {error}"));
            Ok(InForce { site: site.map_err(strange)?, digest })
        }
        (503, _) => Err(failed(&"nothing is in force there, so that everyone is denied")),
        (404 | 200, _) => Err(failed(
            &"it has none to give; is it the admin address of an `ipgated`, and not an older one?",
        )),
        (status, _) => Err(failed(&format_args!("it answers {status}"))),
    }
}
