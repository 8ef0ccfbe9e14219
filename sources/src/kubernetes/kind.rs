//! The kinds of objects that are read.

use std::fmt;

use kube::core::ApiResource;
use kube::core::gvk::GroupVersionKind;

/// A kind of objects. Their order is that in which objects of one app count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The Deployment of the router, with the settings of the site.
    Router,
    Service,
    Ingress,
    Route,
}

impl Kind {
    pub(super) const ALL: [Kind; 4] = [Kind::Router, Kind::Service, Kind::Ingress, Kind::Route];

    /// Group, version, kind and the name in addresses.
    fn words(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Kind::Router => ("apps", "v1", "Deployment", "deployments"),
            Kind::Service => ("", "v1", "Service", "services"),
            Kind::Ingress => ("networking.k8s.io", "v1", "Ingress", "ingresses"),
            Kind::Route => ("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"),
        }
    }

    pub(super) fn resource(self) -> ApiResource {
        let (group, version, kind, plural) = self.words();
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural)
    }

    /// What RBAC calls it.
    pub(super) fn plural(self) -> &'static str {
        self.words().3
    }

    /// The kind of that name in addresses.
    pub(super) fn of_plural(plural: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.plural() == plural)
    }

    /// Whether a cluster may do without it: kinds that came with a later version, or by an add-on.
    pub(super) fn may_be_absent(self) -> bool {
        matches!(self, Kind::Ingress | Kind::Route)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words().2)
    }
}
