//! The proxies that ask for decisions, and what can be believed of what each of them hands on.

use std::fmt;

use ipgate::client::Header;
use serde::{Deserialize, Serialize};

/// A kind of proxies. It says which header names the client and which one the host; no request can loosen that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// nginx with `auth_request`, which hands on every header as its client has sent it.
    Nginx,
    /// Caddy with `forward_auth`.
    Caddy,
    /// Traefik with `forwardAuth`.
    Traefik,
    /// APISIX with `forward-auth`.
    Apisix,
    /// Envoy with `ext_authz` over HTTP.
    EnvoyHttp,
    /// Whatever has the filter `ExternalAuth` of the Gateway API, over HTTP.
    GatewayApi,
    /// HAProxy with `haproxy-auth-request`, which hands on every header as its client has sent it.
    Haproxy,
}

impl Profile {
    /// The header that nginx and HAProxy set, unless another one is named.
    pub const OWN_HEADER: &str = "X-Ipgate-Client";

    /// Its name in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Profile::Nginx => "nginx",
            Profile::Caddy => "caddy",
            Profile::Traefik => "traefik",
            Profile::Apisix => "apisix",
            Profile::EnvoyHttp => "envoy-http",
            Profile::GatewayApi => "gateway-api",
            Profile::Haproxy => "haproxy",
        }
    }

    /// The header in which it names its client, unless another one is set.
    #[must_use]
    pub fn client_header(self) -> &'static str {
        if self.hands_on_everything() { Profile::OWN_HEADER } else { "X-Forwarded-For" }
    }

    /// The header in which it names the host that its client has asked for.
    #[must_use]
    pub fn host_header(self) -> &'static str {
        match self {
            Profile::Caddy | Profile::Traefik | Profile::Apisix => "x-forwarded-host",
            Profile::Nginx | Profile::EnvoyHttp | Profile::GatewayApi | Profile::Haproxy => "host",
        }
    }

    /// What to do where a request comes without the header that names the client.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Profile::Nginx => "set it with `proxy_set_header` where `auth_request` leads to",
            Profile::Haproxy => "set it with `http-request set-header` before `auth-intercept`",
            Profile::Caddy | Profile::Traefik | Profile::Apisix => "is it this proxy that asks?",
            Profile::EnvoyHttp => "name it in `authorization_request.allowed_headers`",
            Profile::GatewayApi => "name it in `allowedHeaders` of the filter `ExternalAuth`",
        }
    }

    /// Why that header must not name the client here.
    pub(super) fn problem_of(self, header: &Header) -> Option<String> {
        let own = Profile::OWN_HEADER;
        let is_list = !matches!(header, Header::Single(_));
        match self {
            Profile::Nginx | Profile::Haproxy if is_list => {
                Some(format!("`{header}` comes from the client unchanged there; have the proxy set `{own}`"))
            }
            Profile::Caddy | Profile::Traefik | Profile::Apisix if *header != Header::XForwardedFor => {
                Some(format!(
                    "`{header}` comes from the client unchanged there; `X-Forwarded-For` alone is the proxy's"
                ))
            }
            Profile::EnvoyHttp if *header == Header::Forwarded => Some(
                "`forwarded` comes from the client unchanged there; `X-Forwarded-For` is Envoy's".to_owned(),
            ),
            _ => None,
        }
    }

    /// How a client could name its own address by that header.
    pub(super) fn warning_of(self, header: &Header) -> Option<String> {
        match (self, header) {
            (Profile::Nginx | Profile::Haproxy, Header::Single(_))
                if !header.name().eq_ignore_ascii_case(Profile::OWN_HEADER) =>
            {
                Some(format!(
                    "clients can send `{header}` themselves: whoever is asked through a place that does not set it names its own address; `{}` is what nobody sends by habit",
                    Profile::OWN_HEADER
                ))
            }
            (Profile::EnvoyHttp | Profile::GatewayApi, Header::Single(_)) if header.name() == "x-envoy-external-address" => {
                Some("`x-envoy-external-address` is Envoy's with `use_remote_address: true` alone; without it clients name their own address".to_owned())
            }
            (Profile::EnvoyHttp | Profile::GatewayApi, Header::Single(_) | Header::Forwarded) => Some(format!(
                "clients can send `{header}` themselves: the proxy has to set or remove it on every request"
            )),
            _ => None,
        }
    }

    /// Whether the client names the app where the path or a header of its request does.
    pub(super) fn is_path_of_client(self) -> bool {
        matches!(self, Profile::EnvoyHttp | Profile::GatewayApi | Profile::Haproxy)
    }

    fn hands_on_everything(self) -> bool {
        matches!(self, Profile::Nginx | Profile::Haproxy)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
