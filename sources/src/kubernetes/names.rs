//! What the annotations and labels are called.

use serde::{Deserialize, Serialize};

/// The names of annotations and labels; those of Deis Workflow and of ingress-nginx unless set.
///
/// ```
/// use ipgate_sources::KubernetesNames;
/// let mut names = KubernetesNames::default();
/// names.list = "example.com/allowed".into();
/// assert_eq!(names.whitelist, "router.deis.io/whitelist");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct KubernetesNames {
    /// A list in the grammar of lists, of whatever object it stands at; it has the word over the older annotations there.
    pub list: String,
    /// Service: the list of its app.
    pub whitelist: String,
    /// Service: the hosts of its app, separated by commas.
    pub domains: String,
    /// Label of the Services that are apps; its value there is `true`.
    pub routable: String,
    /// Label that names the app.
    pub app: String,
    /// Router: whether lists are required, `true` or `false`.
    pub enforce: String,
    /// Router: the default list.
    pub default: String,
    /// Router: how an app's list and the default list combine.
    pub mode: String,
    /// Router: the domain below which hosts without a dot are.
    pub platform_domain: String,
    /// Ingress and HTTPRoute: who may come in. Where several are there, they have to agree.
    pub allow_ranges: Vec<String>,
    /// Ingress and HTTPRoute: who may not.
    pub deny_ranges: Vec<String>,
}

impl Default for KubernetesNames {
    fn default() -> KubernetesNames {
        let deis = |name: &str| format!("router.deis.io/{name}");
        let ingress = |name: &str| format!("nginx.ingress.kubernetes.io/{name}");
        KubernetesNames {
            list: "ipgate.dev/list".into(),
            whitelist: deis("whitelist"),
            domains: deis("domains"),
            routable: deis("routable"),
            app: "app".into(),
            enforce: deis("nginx.enforceWhitelists"),
            default: deis("nginx.defaultWhitelist"),
            mode: deis("nginx.whitelistMode"),
            platform_domain: deis("nginx.platformDomain"),
            allow_ranges: vec![ingress("whitelist-source-range"), ingress("allowlist-source-range")],
            deny_ranges: vec![ingress("denylist-source-range")],
        }
    }
}

impl KubernetesNames {
    /// Whether an annotation is one of these; objects have others, and longer ones, that nobody here needs.
    pub(super) fn has_annotation(&self, name: &str) -> bool {
        let single = [
            &self.list,
            &self.whitelist,
            &self.domains,
            &self.enforce,
            &self.default,
            &self.mode,
            &self.platform_domain,
        ];
        single.into_iter().chain(&self.allow_ranges).chain(&self.deny_ranges).any(|known| known == name)
    }
}
