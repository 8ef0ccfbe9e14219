//! What a listener decides by.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::header::HeaderName;
use axum::http::request::Parts;
use ipgate::client::{Client, ClientRule, Found};
use ipgate::site::SiteVerdict;
use ipgate::watch::Outcome;
use ipgate::{Address, Gate, List, Watch, Watcher};
use tracing::{error, info, warn};

use super::app::App;
use super::cause::Cause;
use super::denials::Denials;
use super::tally::Tally;
use crate::config::{DecideConfig, Profile};
use crate::in_force::InForce;

/// What a listener decides by.
#[derive(Debug)]
pub struct Rules {
    profile: Profile,
    client: ClientRule,
    /// The name of the header that `client` believes.
    header: HeaderName,
    app: App,
    in_force: Arc<InForce>,
    tally: Arc<Tally>,
    denials: Denials,
    /// Follows the file of the proxies.
    _watcher: Option<Watcher>,
}

/// What was decided of a request.
#[derive(Debug)]
pub(super) struct Decision {
    pub(super) cause: Cause,
    /// Who asks, and for whom, as far as that is known.
    pub(super) client: Option<Client>,
    /// What the lists say, where they were asked.
    pub(super) verdict: Option<SiteVerdict<'static>>,
    /// The generation of the site.
    pub(super) generation: u64,
}

impl Rules {
    /// As they are configured. A file of proxies is followed from then on.
    ///
    /// # Errors
    ///
    /// A sentence where that file cannot be read.
    pub fn new(config: &DecideConfig, in_force: &Arc<InForce>) -> Result<Rules, String> {
        let header = config.header()?;
        let name = HeaderName::from_bytes(header.name().as_bytes())
            .map_err(|_| format!("`{header}` is too long for the name of a header"))?;
        let trusted = Gate::new(&List::new());
        let watcher = match &config.trusted_proxies_file {
            Some(path) => {
                let sentence = |error| format!("the trusted proxies cannot be followed: {error}");
                let watch = Watch::new(&trusted).app(path).on_outcome({
                    let profile = config.profile;
                    move |outcome| match outcome {
                        Outcome::Swapped { .. } => info!(%profile, "trusted proxies: {outcome}"),
                        _ => warn!(%profile, "trusted proxies: {outcome}"),
                    }
                });
                config.trusted()?; // what is bad at the start is an error, and not a list that trusts nobody
                Some(watch.start().map_err(sentence)?)
            }
            None => {
                trusted.replace(&config.trusted()?).map_err(|refused| refused.to_string())?;
                None
            }
        };
        Ok(Rules {
            profile: config.profile,
            client: ClientRule::behind(trusted, header).require_header(true),
            header: name,
            app: App::new(config)?,
            in_force: Arc::clone(in_force),
            tally: Arc::new(Tally::new(config.profile)),
            denials: Denials::new(),
            _watcher: watcher,
        })
    }

    /// What they have decided so far.
    #[must_use]
    pub fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.tally)
    }

    /// Decides, counts, and tells of a denial. Neither waits nor fails.
    pub(super) fn decide(&self, peer: IpAddr, head: &Parts) -> Decision {
        let decision = self.decided(peer, head);
        let app = decision.verdict.as_ref().and_then(SiteVerdict::app);
        self.tally.count(app, decision.cause);
        if !decision.is_allowed() {
            self.tell(peer, app, &decision);
        }
        decision
    }

    fn decided(&self, peer: IpAddr, head: &Parts) -> Decision {
        let gate = self.in_force.gate();
        let refused =
            |cause, client| Decision { cause, client, verdict: None, generation: gate.generation() };
        if !self.in_force.is_ready() {
            return refused(Cause::NotReady, None);
        }
        let client = match self.client.find(peer, &head.headers.get_all(&self.header)) {
            // It asks for others, so that its own address says nothing of who they are.
            Ok(client) if client.found() == Found::Peer => return refused(Cause::NoProxy, None),
            Ok(client) => client,
            Err(why) => return refused(Cause::NoClient(why), None),
        };
        match self.app.sought(head) {
            Ok(app) => {
                let verdict = gate.check_sought(app, Address::from(client));
                let (cause, generation) = (Cause::Lists(verdict.reason()), verdict.site_generation());
                Decision { cause, client: Some(client), verdict: Some(verdict), generation }
            }
            Err(cause) => refused(cause, Some(client)),
        }
    }

    #[cold]
    fn tell(&self, peer: IpAddr, app: Option<&str>, denied: &Decision) {
        let client = denied.client.map(Client::address);
        let Some(untold) = self.denials.note(&(client.unwrap_or(peer), app, denied.cause.as_str())) else {
            return;
        };
        let entry = denied.verdict.as_ref().and_then(SiteVerdict::entry);
        let label = denied.verdict.as_ref().and_then(SiteVerdict::label);
        let (profile, generation) = (self.profile, denied.generation);
        let show = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let found = show(denied.client.map(|client| client.found().to_string()));
        let client = show(client.map(|client| client.to_string()));
        let (app, label) = (app.unwrap_or("-"), label.unwrap_or("-"));
        let entry = show(entry.map(|entry| entry.to_string()));
        let reason = denied.cause.as_str();
        match denied.cause {
            Cause::Lists(_) => {
                info!(%profile, %peer, client, found, app, reason, entry, label, generation, untold, "denied");
            }
            Cause::NoClient(why) => {
                let (header, advice) = (&self.header, profile.advice());
                error!(%profile, %peer, %header, reason, generation, untold, "denied, since nobody knows who the client is: {why}; {advice}");
            }
            cause => error!(%profile, %peer, client, reason, generation, untold, "denied: {cause}"),
        }
    }
}

impl Decision {
    pub(super) fn is_allowed(&self) -> bool {
        matches!(self.cause, Cause::Lists(reason) if reason.is_allowed())
    }
}
