//! The layer, and its settings.

use std::net::IpAddr;
use std::sync::Arc;

use http::Response;
use ipgate::Gate;
use ipgate::client::ClientRule;
use ipgate::site::SiteGate;
use tower_layer::Layer;

use crate::admission::Admission;
use crate::app::App;
use crate::head::Head;
use crate::peer::Peer;
use crate::respond::Forbidden;
use crate::rules::{Asked, Rules};
use crate::service::GateService;

/// Puts a gate in front of a service. `D` makes the response for whoever is denied.
///
/// The gate that it is given stays the user's: what is swapped there is in force with the next request.
///
/// ```
/// use ipgate::client::{ClientRule, Header};
/// use ipgate::site::{Site, SiteGate};
/// use ipgate::{Gate, List};
/// use ipgate_tower::{App, GateLayer};
///
/// let site = SiteGate::new(&Site::new().with_default("10.0.0.0/8:corp".parse::<List>()?))?;
/// let proxies = Gate::new(&"10.0.0.1:lb".parse::<List>()?);
/// let layer = GateLayer::site(site)
///     .app(App::by_host())
///     .client(ClientRule::behind(proxies, Header::XForwardedFor))
///     .with_headers();
/// # let _ = layer;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct GateLayer<D = Forbidden> {
    rules: Rules,
    deny: D,
}

impl GateLayer {
    /// One gate for all requests.
    #[must_use]
    pub fn new(gate: Gate) -> GateLayer {
        GateLayer { rules: Rules::new(Asked::Gate(gate)), deny: Forbidden }
    }

    /// The lists of many apps; the app is that of the request's host, unless [`GateLayer::app`] says otherwise.
    #[must_use]
    pub fn site(site: SiteGate) -> GateLayer {
        GateLayer { rules: Rules::new(Asked::Site(site, App::by_host())), deny: Forbidden }
    }
}

impl<D> GateLayer<D> {
    /// How a request says for which app it asks. A single gate has none, and is asked the same.
    #[must_use]
    pub fn app(mut self, app: App) -> GateLayer<D> {
        if let Asked::Site(_, by) = &mut self.rules.asked {
            *by = app;
        }
        self
    }

    /// Who the client is behind proxies. Unless it is set, the peer is the client and no header is read.
    #[must_use]
    pub fn client(mut self, rule: ClientRule) -> GateLayer<D> {
        self.rules.set_client(rule);
        self
    }

    /// The extension in which the server leaves the peer's address. Unless it is set, that is `SocketAddr`. A request without
    /// it is denied.
    ///
    /// ```
    /// use std::net::SocketAddr;
    /// use axum::extract::ConnectInfo;
    /// use ipgate::{Gate, List};
    /// use ipgate_tower::GateLayer;
    /// let layer = GateLayer::new(Gate::new(&List::new()))
    ///     .peer_in(|ConnectInfo(peer): &ConnectInfo<SocketAddr>| Some(peer.ip()));
    /// ```
    #[must_use]
    pub fn peer_in<T: Send + Sync + 'static>(
        self,
        read: impl Fn(&T) -> Option<IpAddr> + Send + Sync + 'static,
    ) -> GateLayer<D> {
        self.peer_by(move |head| read(head.extensions.get::<T>()?))
    }

    /// The peer's address, wherever a closure finds it. A request without one is denied. Headers are for
    /// [`GateLayer::client`], which believes them of proxies alone.
    ///
    /// ```
    /// use ipgate::{Gate, List};
    /// use ipgate_tower::GateLayer;
    /// let layer = GateLayer::new(Gate::new(&List::new()));
    /// # let accepted = "192.0.2.7".parse()?;
    /// let of_this_connection = layer.clone().peer_by(move |_| Some(accepted));
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    #[must_use]
    pub fn peer_by(
        mut self,
        find: impl Fn(Head<'_>) -> Option<IpAddr> + Send + Sync + 'static,
    ) -> GateLayer<D> {
        self.rules.peer = Peer::Closure(Arc::new(find));
        self
    }

    /// What whoever is denied reads, in the place of an empty 403. A gRPC client wants a status of its own:
    /// `Status::permission_denied("…").into_http()`.
    ///
    /// ```
    /// use http::{Response, StatusCode};
    /// use ipgate::{Gate, List};
    /// use ipgate_tower::{Admission, GateLayer};
    /// let layer = GateLayer::new(Gate::new(&List::new())).deny_with(|_: &Admission| {
    ///     let mut response = Response::new("no such page\n".to_owned());
    ///     *response.status_mut() = StatusCode::NOT_FOUND;
    ///     response
    /// });
    /// ```
    #[must_use]
    pub fn deny_with<B, F: Fn(&Admission) -> Response<B>>(self, respond: F) -> GateLayer<F> {
        GateLayer { rules: self.rules, deny: respond }
    }

    /// Everyone passes, and what would be denied is told to [`GateLayer::on_denied`], by extension and by headers: to see what
    /// a list does before it does it.
    #[must_use]
    pub fn dry_run(mut self, dry_run: bool) -> GateLayer<D> {
        self.rules.is_dry_run = dry_run;
        self
    }

    /// Who is shown each request that the lists deny, in a dry run, too. It is called before the response, by the thread that
    /// serves the request: it should not wait.
    #[must_use]
    pub fn on_denied(mut self, see: impl Fn(&Admission, Head<'_>) + Send + Sync + 'static) -> GateLayer<D> {
        self.rules.on_denied = Some(Arc::new(see));
        self
    }

    /// Leaves the [`Admission`] with the request, as an extension. The crate `http` allocates for each extension.
    #[must_use]
    pub fn with_admission(mut self) -> GateLayer<D> {
        self.rules.with_admission = true;
        self
    }

    /// Says in headers of the request what was decided, for an upstream: [`LABEL`](crate::LABEL), [`ENTRY`](crate::ENTRY),
    /// [`GENERATION`](crate::GENERATION) and [`CLIENT`](crate::CLIENT), `-` for nothing. What a client has sent
    /// under names that begin with `X-Ipgate-` (or `X_Ipgate_`) is removed in any case, also without this.
    #[must_use]
    pub fn with_headers(mut self) -> GateLayer<D> {
        self.rules.with_headers = true;
        self
    }
}

impl<S, D: Clone> Layer<S> for GateLayer<D> {
    type Service = GateService<S, D>;

    fn layer(&self, inner: S) -> GateService<S, D> {
        GateService::new(inner, self.rules.clone(), self.deny.clone())
    }
}
