//! What a layer decides by, shared by its services.

use std::fmt;
use std::sync::Arc;

use http::header::HeaderName;
use ipgate::client::{Client, ClientRule, NoClient};
use ipgate::site::{SiteGate, Sought};
use ipgate::{Address, Gate};

use crate::admission::{Admission, Judged, Refusal};
use crate::app::App;
use crate::head::Head;
use crate::peer::{Peer, Proxied};

/// Who is shown each request that the lists deny.
pub(crate) type OnDenied = Arc<dyn Fn(&Admission, Head<'_>) + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Rules {
    pub(crate) asked: Asked,
    pub(crate) client: ClientRule,
    /// The name of the header that `client` believes.
    header: Option<HeaderName>,
    pub(crate) peer: Peer,
    pub(crate) is_dry_run: bool,
    pub(crate) with_admission: bool,
    pub(crate) with_headers: bool,
    pub(crate) on_denied: Option<OnDenied>,
}

/// Who decides.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    Gate(Gate),
    Site(SiteGate, App),
}

impl Rules {
    pub(crate) fn new(asked: Asked) -> Rules {
        Rules {
            asked,
            client: ClientRule::peer(),
            header: None,
            peer: Peer::SocketAddr,
            is_dry_run: false,
            with_admission: false,
            with_headers: false,
            on_denied: None,
        }
    }

    pub(crate) fn set_client(&mut self, rule: ClientRule) {
        self.header = rule.header().and_then(|header| HeaderName::from_bytes(header.name().as_bytes()).ok());
        // A name that is too long for a request is one that no request has.
        self.client = if self.header.is_some() { rule } else { rule.require_header(true) };
    }

    /// Whether the lists let a client in and nobody wants to know more: nearly every request, at the least cost.
    #[inline(always)]
    pub(crate) fn passes(&self, head: Head<'_>, client: Result<Client, NoClient>) -> bool {
        let Ok(client) = client else { return false };
        match &self.asked {
            _ if self.with_admission || self.with_headers => false,
            Asked::Gate(gate) => gate.is_allowed(client.address()),
            Asked::Site(site, app) => {
                app.sought(head).is_ok_and(|app| site.allows(app, Address::from(client)))
            }
        }
    }

    /// What the lists say of a client's request.
    pub(crate) fn decide(&self, head: Head<'_>, client: Result<Client, NoClient>) -> Admission {
        let client = client.map_err(Refusal::NoClient);
        match &self.asked {
            Asked::Gate(gate) => {
                let verdict = match client {
                    Ok(client) => gate.check(client.address()),
                    Err(_) => gate.check_without_address(),
                };
                Admission { judged: Judged::Gate(verdict), client }
            }
            Asked::Site(site, app) => {
                let (app, client) = match app.sought(head) {
                    Ok(app) => (app, client),
                    Err(_) => (Sought::Name(b""), Err(Refusal::SeveralHosts)),
                };
                let verdict = site.check_sought(app, client.ok().map(Address::from));
                Admission { judged: Judged::Site(verdict), client }
            }
        }
    }

    /// Whose request it is.
    #[inline(always)]
    pub(crate) fn find(&self, head: Head<'_>) -> Result<Client, NoClient> {
        let peer = self.peer.of(head);
        if let Some(name) = &self.header {
            return self.client.find(peer, &head.headers.get_all(name));
        }
        if self.client.is_proxy_protocol()
            && let Some(Proxied(source)) = head.extensions.get()
        {
            return self.client.find_proxied(peer, *source);
        }
        self.client.find(peer, &[""; 0]) // nothing is believed beside the peer, or it is missing
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("asked", &self.asked)
            .field("client", &self.client)
            .field("peer", &self.peer)
            .field("is_dry_run", &self.is_dry_run)
            .field("with_admission", &self.with_admission)
            .field("with_headers", &self.with_headers)
            .field("on_denied", &self.on_denied.is_some())
            .finish()
    }
}
