//! The routers of a fleet in a cluster: a Lease for each, in one namespace.

use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Error};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::access::KubernetesAccess;
use super::kept::Kept;
use super::refused;
use crate::failure::Failure;
use crate::roster::{LEASE, Roster, Router, RouterId, RouterReport};

/// Leases in one answer.
const PAGE: u32 = 500;
/// The label of the Leases that are routers; its value is `true`.
const ROUTER: &str = "ipgate.dev/router";
/// The annotation with the digest of the site that is in force; empty where nothing is.
const DIGEST: &str = "ipgate.dev/digest";
/// The annotation with all else that a router says.
const REPORT: &str = "ipgate.dev/report";

/// The Leases (`coordination.k8s.io/v1`) of a namespace with the label `ipgate.dev/router: "true"`: a router each, with the
/// digest of what it enforces in the annotation `ipgate.dev/digest`.
///
/// One whose time is over stays there as silent until somebody deletes it. Who says something needs the verbs `patch`,
/// `create` and `delete` of leases in that namespace, who reads that `list`.
///
/// ```no_run
/// use ipgate_sources::{Failure, KubernetesAccess, KubernetesRoster, Roster};
/// # async fn read() -> Result<(), Failure> {
/// let roster = KubernetesRoster::new(KubernetesAccess::in_cluster());
/// let silent = roster.all().await?.into_iter().filter(|router| router.is_silent).count();
/// println!("{silent} routers are silent");
/// # Ok(())
/// # }
/// ```
pub struct KubernetesRoster {
    kept: Kept,
    namespace: Option<String>,
    lease: Duration,
}

impl KubernetesRoster {
    /// The Leases in the namespace of the pod that this runs in, or of the kubeconfig's context.
    #[must_use]
    pub fn new(access: KubernetesAccess) -> KubernetesRoster {
        KubernetesRoster { kept: Kept::new(access), namespace: None, lease: LEASE }
    }

    /// The same in that namespace.
    #[must_use]
    pub fn with_namespace(self, name: impl Into<String>) -> KubernetesRoster {
        KubernetesRoster { namespace: Some(name.into()), ..self }
    }

    /// The same, where a router that is not heard for that long is silent: 30 s unless set, in whole seconds.
    #[must_use]
    pub fn with_lease(self, lease: Duration) -> KubernetesRoster {
        KubernetesRoster { lease: Duration::from_secs(lease.as_secs().max(1)), ..self }
    }

    async fn leases(&self) -> Result<Api<Lease>, Failure> {
        let client = self.kept.client().await?;
        let namespace = self.namespace.clone().unwrap_or_else(|| client.default_namespace().to_owned());
        Ok(Api::namespaced(client, &namespace))
    }

    /// An answer in the words of sources.
    async fn heard<T>(&self, answer: kube::Result<T>) -> Result<T, Failure> {
        self.kept.heard(answer).await.map_err(|error| refused::failure(&error))
    }

    /// What is to stand in the Lease now.
    fn change(&self, name: &str, id: &RouterId, report: &RouterReport) -> Value {
        let rest = RouterReport { digest: None, ..report.clone() };
        let annotations =
            json!({ DIGEST: report.digest.as_deref().unwrap_or_default(), REPORT: rest.to_json() });
        json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": { "name": name, "labels": { ROUTER: "true" }, "annotations": annotations },
            "spec": {
                "holderIdentity": id.as_str(),
                "leaseDurationSeconds": self.lease.as_secs(),
                "renewTime": MicroTime(Timestamp::now()),
            },
        })
    }
}

impl Roster for KubernetesRoster {
    fn name(&self) -> String {
        let namespace = self.namespace.iter().map(|namespace| format!(" namespace {namespace}"));
        namespace.fold(format!("kubernetes {}", self.kept.access().name()), |name, part| name + &part)
    }

    fn lease(&self) -> Duration {
        self.lease
    }

    fn say<'r>(&'r self, id: &'r RouterId, report: &'r RouterReport) -> BoxFuture<'r, Result<(), Failure>> {
        Box::pin(async move {
            let (leases, name) = (self.leases().await?, lease_name(id));
            let change = self.change(&name, id, report);
            let patched = leases.patch(&name, &PatchParams::default(), &Patch::Merge(&change)).await;
            let answer = match patched {
                Err(Error::Api(status)) if status.code == 404 => {
                    let lease = serde_json::from_value(change).map_err(Error::SerdeError);
                    match lease {
                        Ok(lease) => leases.create(&PostParams::default(), &lease).await,
                        Err(error) => Err(error),
                    }
                }
                patched => patched,
            };
            self.heard(answer).await.map(drop)
        })
    }

    fn leave<'r>(&'r self, id: &'r RouterId) -> BoxFuture<'r, Result<(), Failure>> {
        Box::pin(async move {
            let deleted = self.leases().await?.delete(&lease_name(id), &DeleteParams::default()).await;
            match deleted {
                Err(Error::Api(status)) if status.code == 404 => Ok(()), // it never said anything
                deleted => self.heard(deleted).await.map(drop),
            }
        })
    }

    fn all(&self) -> BoxFuture<'_, Result<Vec<Router>, Failure>> {
        Box::pin(async move {
            let leases = self.leases().await?;
            let mut page = ListParams::default().labels(&format!("{ROUTER}=true")).limit(PAGE);
            let mut routers = Vec::new();
            loop {
                let listed = self.heard(leases.list(&page).await).await?;
                let now = SystemTime::now();
                routers.extend(listed.items.iter().map(|lease| router(lease, now)));
                match listed.metadata.continue_.filter(|next| !next.is_empty()) {
                    Some(next) => page = page.continue_token(&next),
                    None => return Ok(routers),
                }
            }
        })
    }
}

/// A router, as its Lease has it.
fn router(lease: &Lease, now: SystemTime) -> Router {
    let metadata = &lease.metadata;
    let spec = lease.spec.as_ref();
    let renewed = spec.and_then(|spec| spec.renew_time.as_ref()).map(|time| SystemTime::from(time.0));
    let heard = renewed.map(|renewed| now.duration_since(renewed).unwrap_or_default());
    let seconds = spec.and_then(|spec| spec.lease_duration_seconds).unwrap_or_default();
    let lease = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    let annotation = |name| metadata.annotations.as_ref().and_then(|all| all.get(name)).map(String::as_str);
    let digest = annotation(DIGEST).filter(|digest| !digest.is_empty()).map(str::to_owned);
    let report = RouterReport::from_json(annotation(REPORT).unwrap_or_default().as_bytes());
    let holder = spec.and_then(|spec| spec.holder_identity.clone());
    Router {
        id: holder.or_else(|| metadata.name.clone()).unwrap_or_default(),
        heard,
        is_silent: heard.is_none_or(|heard| heard > lease),
        report: report.map(|report| RouterReport { digest, ..report }),
    }
}

/// The name of a router's Lease: `ipgate-ID`, where that may be a name (RFC 1123). Elsewhere what may not is replaced, and a
/// part of the digest of the true name keeps it apart from others.
fn lease_name(id: &RouterId) -> String {
    /// With the longest of what stands around it, a name is within 253 bytes.
    const LONGEST: usize = 200;
    let is_end = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_label = |label: &str| {
        let bytes = label.as_bytes();
        [bytes.first(), bytes.last()].into_iter().all(|end| end.copied().is_some_and(is_end))
            && bytes.iter().all(|byte| is_end(*byte) || *byte == b'-')
    };
    let id = id.as_str();
    if id.len() <= LONGEST && id.split('.').all(is_label) {
        return format!("ipgate-{id}");
    }
    let plain = |letter: char| {
        let letter = letter.to_ascii_lowercase();
        if letter.is_ascii_lowercase() || letter.is_ascii_digit() { letter } else { '-' }
    };
    let replaced: String = id.chars().take(LONGEST).map(plain).collect();
    let digest = Sha256::digest(id.as_bytes());
    let digest: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("ipgate-{replaced}-{digest}")
}

#[cfg(test)]
mod tests {
    use super::lease_name;

    #[test]
    fn every_id_has_a_name_that_may_be_one_and_no_two_the_same() {
        let name = |id: &str| lease_name(&id.parse().unwrap());
        assert_eq!(name("edge-1.example.com"), "ipgate-edge-1.example.com");
        // sha256sum of the text begins so.
        assert_eq!(name("Edge_1"), "ipgate-edge-1-1631b428");
        let odd =
            ["Edge_1", "edge_1", "edge-1", "-", "a..b", ".", "a-.b", &"x".repeat(253), &"y".repeat(253)];
        let names: Vec<String> = odd.iter().map(|id| name(id)).collect();
        for (number, name) in names.iter().enumerate() {
            assert!(name.len() <= 253 && !names[..number].contains(name), "{names:?}");
            assert!(
                !name.contains("..") && name.ends_with(|end: char| end.is_ascii_alphanumeric()),
                "{name}"
            );
        }
    }
}
