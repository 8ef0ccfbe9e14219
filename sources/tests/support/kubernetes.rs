//! A real API server over a real etcd, for as long as a test program runs: on free ports of 127.0.0.1, in a folder of its own.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::GroupVersionKind;
use kube::{Client, Config};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The token of somebody who may do everything.
const ADMIN: &str = "admin-token";

/// A program that is ended with what holds it.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The two servers.
pub(crate) struct Kubernetes {
    folder: TempDir,
    program: PathBuf,
    _etcd: Process,
    etcd_port: u16,
    server: Mutex<Process>,
    port: u16,
    client: Client,
    names: AtomicUsize,
}

impl Kubernetes {
    /// Starts them, or says why they cannot be had on this machine.
    pub(crate) async fn start() -> Result<Kubernetes, String> {
        for program in ["etcd", "etcdctl", "kubectl", "openssl", "setpriv"] {
            if Command::new(program).arg("--version").output().is_err() {
                return Err(format!(
                    "there is no {program} (apt-get install etcd-server etcd-client kubernetes-client openssl)"
                ));
            }
        }
        let program = apiserver()?;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("tokens"), format!("{ADMIN},admin,admin,system:masters\n")).unwrap();
        run(Command::new("openssl").args(["genrsa", "-out"]).arg(at("sa.key")).arg("2048"));
        run(Command::new("openssl")
            .args(["rsa", "-pubout", "-in"])
            .arg(at("sa.key"))
            .arg("-out")
            .arg(at("sa.pub")));
        let (etcd, etcd_port) = started(
            |port| etcd(folder.path(), port),
            |port| {
                let url = format!("http://127.0.0.1:{port}");
                let asked = Command::new("etcdctl")
                    .env("ETCDCTL_API", "3")
                    .args(["--endpoints", &url, "endpoint", "health"])
                    .output();
                asked.unwrap().status.success()
            },
        );
        let (server, port) = started(
            |port| server(&program, folder.path(), etcd_port, port),
            |port| {
                let kubeconfig = write_kubeconfig(folder.path(), "admin", port, &json!({ "token": ADMIN }));
                kubectl(&kubeconfig).args(["get", "--raw", "/readyz"]).output().unwrap().status.success()
            },
        );
        let client = client(&at("admin.kubeconfig")).await;
        let server = Mutex::new(server);
        let names = AtomicUsize::new(0);
        let cluster = Kubernetes { folder, program, _etcd: etcd, etcd_port, server, port, client, names };
        // Where the older router is.
        cluster.put("", "v1", "Namespace", json!({ "metadata": { "name": "deis" } })).await;
        Ok(cluster)
    }

    /// A client of somebody who may do everything.
    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// A name that nothing has.
    pub(crate) fn unused(&self, name: &str) -> String {
        format!("{name}-{}", self.names.fetch_add(1, Ordering::Relaxed))
    }

    /// A namespace that was not there.
    pub(crate) async fn namespace(&self, name: &str) -> String {
        let name = self.unused(name);
        self.put("", "v1", "Namespace", json!({ "metadata": { "name": name } })).await;
        name
    }

    /// Objects of a kind; all namespaces' where that is empty.
    pub(crate) fn api(&self, group: &str, version: &str, kind: &str, namespace: &str) -> Api<DynamicObject> {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        match namespace {
            "" => Api::all_with(self.client(), &resource),
            namespace => Api::namespaced_with(self.client(), namespace, &resource),
        }
    }

    pub(crate) fn services(&self, namespace: &str) -> Api<DynamicObject> {
        self.api("", "v1", "Service", namespace)
    }

    /// Creates an object.
    pub(crate) async fn put(&self, group: &str, version: &str, kind: &str, mut object: Value) {
        object["apiVersion"] =
            if group.is_empty() { version.into() } else { format!("{group}/{version}").into() };
        object["kind"] = kind.into();
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
        let object = serde_json::from_value(object).unwrap();
        self.api(group, version, kind, &namespace).create(&PostParams::default(), &object).await.unwrap();
    }

    /// Creates a Service that is an app; the name of its label is its own.
    pub(crate) async fn service(&self, namespace: &str, name: &str, annotations: Value) {
        let labels = json!({ "router.deis.io/routable": "true", "app": name });
        let metadata =
            json!({ "namespace": namespace, "name": name, "labels": labels, "annotations": annotations });
        self.put("", "v1", "Service", json!({ "metadata": metadata, "spec": { "ports": [{ "port": 80 }] } }))
            .await;
    }

    /// Creates the Deployment of a router.
    pub(crate) async fn router(&self, namespace: &str, annotations: Value) {
        let labels = json!({ "app": "deis-router" });
        let metadata = json!({ "namespace": namespace, "name": "deis-router", "annotations": annotations });
        let pod = json!({ "metadata": { "labels": labels }, "spec": { "containers": [{ "name": "r", "image": "r" }] } });
        let spec = json!({ "selector": { "matchLabels": labels }, "template": pod });
        self.put("apps", "v1", "Deployment", json!({ "metadata": metadata, "spec": spec })).await;
    }

    /// Changes annotations or labels (`null` removes one) of a Service.
    pub(crate) async fn change_service(&self, namespace: &str, name: &str, metadata: Value) {
        let patch = Patch::Merge(json!({ "metadata": metadata }));
        self.services(namespace).patch(name, &PatchParams::default(), &patch).await.unwrap();
    }

    pub(crate) async fn delete_service(&self, namespace: &str, name: &str) {
        self.services(namespace).delete(name, &DeleteParams::default()).await.unwrap();
    }

    /// What kubectl does as that user; it has to succeed.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        let output = kubectl(&self.folder.path().join("admin.kubeconfig")).args(arguments).output().unwrap();
        assert!(output.status.success(), "kubectl {arguments:?}: {}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// A service account that may do that: rules of a role, in all namespaces.
    pub(crate) async fn account(&self, namespace: &str, name: &str, rules: Value) {
        self.put("", "v1", "ServiceAccount", json!({ "metadata": { "namespace": namespace, "name": name } }))
            .await;
        let (rbac, full) = ("rbac.authorization.k8s.io", format!("{namespace}-{name}"));
        self.put(rbac, "v1", "ClusterRole", json!({ "metadata": { "name": full }, "rules": rules })).await;
        self.bind(namespace, name).await;
    }

    /// Gives an account its role.
    pub(crate) async fn bind(&self, namespace: &str, name: &str) {
        let (rbac, full) = ("rbac.authorization.k8s.io", format!("{namespace}-{name}"));
        let subject = json!({ "kind": "ServiceAccount", "namespace": namespace, "name": name });
        let role = json!({ "apiGroup": rbac, "kind": "ClusterRole", "name": full });
        let binding = json!({ "metadata": { "name": full }, "roleRef": role, "subjects": [subject] });
        self.put(rbac, "v1", "ClusterRoleBinding", binding).await;
    }

    /// Waits until the server knows that an account may do something: it takes a moment for new roles.
    pub(crate) async fn until_may(&self, namespace: &str, name: &str, verb: &str, resource: &str) {
        let user = format!("--as=system:serviceaccount:{namespace}:{name}");
        let namespace = format!("--namespace={namespace}");
        let can = [&namespace, "auth", "can-i", verb, resource, &user];
        while !kubectl(&self.admin()).args(can).output().unwrap().status.success() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Takes its role from it.
    pub(crate) async fn unbind(&self, namespace: &str, name: &str) {
        let bindings = self.api("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "");
        bindings.delete(&format!("{namespace}-{name}"), &DeleteParams::default()).await.unwrap();
    }

    /// Changes what a role may.
    pub(crate) async fn set_rules(&self, namespace: &str, name: &str, rules: Value) {
        let roles = self.api("rbac.authorization.k8s.io", "v1", "ClusterRole", "");
        let patch = Patch::Merge(json!({ "rules": rules }));
        roles.patch(&format!("{namespace}-{name}"), &PatchParams::default(), &patch).await.unwrap();
    }

    /// A token of an account, good for an hour.
    pub(crate) async fn token(&self, namespace: &str, name: &str) -> String {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client(), namespace);
        let request = TokenRequest {
            spec: Some(TokenRequestSpec { expiration_seconds: Some(3600), ..TokenRequestSpec::default() }),
            ..TokenRequest::default()
        };
        let made = accounts.create_token_request(name, &PostParams::default(), &request).await.unwrap();
        made.status.unwrap().token.unwrap()
    }

    /// A token of an account that ends in so many seconds: the server makes none for less than ten minutes.
    pub(crate) async fn short_token(&self, namespace: &str, name: &str, seconds: u64) -> String {
        let account = self.api("", "v1", "ServiceAccount", namespace).get(name).await.unwrap();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let issuer = "https://kubernetes.default.svc";
        let of = json!({ "namespace": namespace, "serviceaccount": { "name": name, "uid": account.metadata.uid } });
        let claims = json!({
            "iss": issuer, "aud": [issuer], "iat": now, "nbf": now, "exp": now + seconds,
            "sub": format!("system:serviceaccount:{namespace}:{name}"), "kubernetes.io": of,
        });
        let parts = [json!({ "alg": "RS256" }), claims].map(|part| base64url(part.to_string().as_bytes()));
        let text = self.folder.path().join(self.unused("claims"));
        fs::write(&text, parts.join(".")).unwrap();
        let key = self.folder.path().join("sa.key");
        let signed = run(Command::new("openssl").args(["dgst", "-sha256", "-sign"]).arg(key).arg(text));
        format!("{}.{}", parts.join("."), base64url(&signed.stdout))
    }

    /// A kubeconfig for somebody.
    pub(crate) fn kubeconfig(&self, user: Value) -> PathBuf {
        write_kubeconfig(self.folder.path(), &self.unused("user"), self.port, &user)
    }

    /// A kubeconfig of somebody who may do everything.
    pub(crate) fn admin(&self) -> PathBuf {
        self.folder.path().join("admin.kubeconfig")
    }

    /// The same, who reaches the server at another port of this machine.
    pub(crate) fn admin_at(&self, port: u16) -> PathBuf {
        write_kubeconfig(self.folder.path(), &self.unused("admin"), port, &json!({ "token": ADMIN }))
    }

    /// Where the server listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A path for a file of a test.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(self.unused(name))
    }

    /// Kills the API server (SIGKILL).
    pub(crate) fn kill(&self) {
        let mut server = self.server.lock().unwrap();
        server.0.kill().unwrap();
        server.0.wait().unwrap();
    }

    /// Starts it again, where it was.
    pub(crate) fn restart(&self) {
        let start = || server(&self.program, self.folder.path(), self.etcd_port, self.port);
        let mut process = start();
        let kubeconfig = self.admin();
        while !kubectl(&kubeconfig).args(["get", "--raw", "/readyz"]).output().unwrap().status.success() {
            if process.0.try_wait().unwrap().is_some() {
                process = start(); // somebody had the port for a moment
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        *self.server.lock().unwrap() = process;
    }

    /// Forgets what came before, in etcd.
    pub(crate) fn compact(&self) {
        let url = format!("http://127.0.0.1:{}", self.etcd_port);
        let etcdctl = |arguments: &[&str]| {
            run(Command::new("etcdctl").env("ETCDCTL_API", "3").args(["--endpoints", &url]).args(arguments))
                .stdout
        };
        let status: Value = serde_json::from_slice(&etcdctl(&["endpoint", "status", "-w", "json"])).unwrap();
        let revision = status[0]["Status"]["header"]["revision"].to_string();
        etcdctl(&["compact", &revision]);
    }
}

/// The program, which is built once a machine.
fn apiserver() -> Result<PathBuf, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/kube-apiserver");
    let output = Command::new(script).stderr(Stdio::inherit()).output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).unwrap().trim().into()),
        false => Err("there is no kube-apiserver (scripts/kube-apiserver says why)".into()),
    }
}

/// Starts a program at a free port, and waits until it serves; one whose port was taken in between has another go.
fn started(start: impl Fn(u16) -> Process, serves: impl Fn(u16) -> bool) -> (Process, u16) {
    loop {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut process = start(port);
        while process.0.try_wait().unwrap().is_none() {
            if serves(port) {
                return (process, port);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Ends with this program, however that ends.
fn spawn(program: &Path, log: &Path, arguments: &[String]) -> Process {
    let log = fs::File::options().create(true).append(true).open(log).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program).args(arguments);
    Process(command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap())
}

fn etcd(folder: &Path, port: u16) -> Process {
    let url = format!("http://127.0.0.1:{port}");
    let data = folder.join(format!("etcd-{port}"));
    let arguments = [
        format!("--data-dir={}", data.display()),
        format!("--listen-client-urls={url}"),
        format!("--advertise-client-urls={url}"),
        "--listen-peer-urls=http://127.0.0.1:0".into(),
        "--unsafe-no-fsync".into(),
    ];
    spawn(Path::new("etcd"), &folder.join("etcd.log"), &arguments)
}

fn server(program: &Path, folder: &Path, etcd_port: u16, port: u16) -> Process {
    let at = |name: &str| folder.join(name).display().to_string();
    let arguments = [
        format!("--etcd-servers=http://127.0.0.1:{etcd_port}"),
        format!("--secure-port={port}"),
        "--bind-address=127.0.0.1".into(),
        "--advertise-address=127.0.0.1".into(),
        format!("--cert-dir={}", at("certificates")),
        format!("--token-auth-file={}", at("tokens")),
        "--service-account-issuer=https://kubernetes.default.svc".into(),
        format!("--service-account-signing-key-file={}", at("sa.key")),
        format!("--service-account-key-file={}", at("sa.pub")),
        "--service-cluster-ip-range=10.96.0.0/16".into(),
        "--authorization-mode=RBAC".into(),
        "--disable-admission-plugins=ServiceAccount".into(),
        // Ingresses are watched in etcd itself, so that its compaction is felt.
        "--watch-cache-sizes=ingresses.networking.k8s.io#0".into(),
    ];
    spawn(program, &folder.join("kube-apiserver.log"), &arguments)
}

fn kubectl(kubeconfig: &Path) -> Command {
    let mut command = Command::new("kubectl");
    command.arg("--kubeconfig").arg(kubeconfig);
    command
}

fn write_kubeconfig(folder: &Path, name: &str, port: u16, user: &Value) -> PathBuf {
    let authority = folder.join("certificates/apiserver.crt");
    let cluster =
        json!({ "server": format!("https://127.0.0.1:{port}"), "certificate-authority": authority });
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "test",
        "clusters": [{ "name": "test", "cluster": cluster }],
        "users": [{ "name": "test", "user": user }],
        "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test" } }],
    });
    let path = folder.join(format!("{name}.kubeconfig"));
    fs::write(&path, kubeconfig.to_string()).unwrap();
    path
}

async fn client(kubeconfig: &Path) -> Client {
    let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    Client::try_from(config).unwrap()
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", said(&output));
    output
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// RFC 4648, section 5, without padding.
fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        text.extend((0..=chunk.len()).map(|at| LETTERS[(bits >> (18 - 6 * at) & 63) as usize] as char));
    }
    text
}
