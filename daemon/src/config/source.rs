//! What can be followed, and how each is reached.

use std::path::{Path, PathBuf};

use ipgate::site::AppName;
use serde::{Deserialize, Serialize};

use super::seconds::Seconds;
use super::sum::Sha256Sum;

/// A place where lists are kept. `crate::sources` makes a source of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum SourceConfig {
    /// The folder of a site, or its image.
    Folder(FolderConfig),
    /// The keys of etcd, by its v3 API.
    Etcd(EtcdConfig),
    /// The keys of an older etcd, by its v2 API.
    EtcdV2(EtcdConfig),
    /// The annotations of a Kubernetes cluster.
    Kubernetes(Box<KubernetesConfig>),
    /// A list, or a site, at an address on the web.
    Http(HttpConfig),
    /// Whom a CrowdSec Local API bans.
    #[serde(rename = "crowdsec")]
    CrowdSec(CrowdSecConfig),
}

/// The folder of a site, or its image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderConfig {
    /// Where it is.
    pub path: PathBuf,
}

/// The servers of an etcd, and who asks them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EtcdConfig {
    /// Their addresses.
    pub endpoints: Vec<String>,
    /// What the keys begin with.
    pub prefix: Option<String>,
    /// What the keys mean.
    pub layout: LayoutConfig,
    /// Who asks.
    pub user: Option<String>,
    /// The file with the password of that user.
    pub password_file: Option<PathBuf>,
    /// The file with a token, in the place of a user.
    pub token_file: Option<PathBuf>,
    /// The file with the certificates that are trusted.
    pub ca: Option<PathBuf>,
    /// The file with the certificate that is shown.
    pub cert: Option<PathBuf>,
    /// The file with its key.
    pub key: Option<PathBuf>,
    /// What is in force is said there, too; by the v3 API alone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub confirm: bool,
}

/// What the keys of an etcd mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LayoutConfig {
    /// Both.
    #[default]
    Auto,
    /// Those of Deis v1.
    Deis,
    /// `enforce`, `mode`, `default`, `apps/NAME/list`, and so on.
    Plain,
}

/// A Kubernetes cluster, and what is looked at in it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KubernetesConfig {
    /// How it is reached.
    pub kubeconfig: Option<PathBuf>,
    /// Which context of that.
    pub context: Option<String>,
    /// The namespaces whose apps are looked at; none are all.
    pub namespaces: Vec<String>,
    /// The domain below which hosts without a dot are.
    pub platform_domain: Option<String>,
    /// Changes are written in the form of the older router alone.
    pub older_form: bool,
    /// What is in force is said there, too.
    pub confirm: bool,
    /// The kinds of objects that are looked at; none are all.
    pub objects: Vec<ObjectConfig>,
    /// The Deployment with the settings, as `NAMESPACE/NAME`.
    pub router: Option<String>,
    /// What annotations and labels are called.
    #[cfg(feature = "kubernetes")]
    pub names: ipgate_sources::KubernetesNames,
}

/// A kind of objects in a Kubernetes cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectConfig {
    /// The Deployment of the router, with the settings.
    Router,
    /// Services, each of which is an app.
    Services,
    /// Ingresses with a list.
    Ingresses,
    /// HTTPRoutes of the Gateway API with a list.
    HttpRoutes,
}

/// An address on the web.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// The address.
    pub url: String,
    /// The app whose list it is, where it is not the default list.
    pub app: Option<String>,
    /// How often it is asked.
    pub interval: Option<Seconds>,
    /// The digest of what is taken.
    pub sha256: Option<Sha256Sum>,
    /// The file with the bearer token.
    pub token_file: Option<PathBuf>,
    /// The file with the certificates that are trusted.
    pub ca: Option<PathBuf>,
}

/// A CrowdSec Local API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrowdSecConfig {
    /// The address.
    pub url: String,
    /// The file with the key of this router.
    pub key_file: PathBuf,
    /// How often it is asked.
    pub interval: Option<Seconds>,
    /// The file with the certificates that are trusted.
    pub ca: Option<PathBuf>,
}

impl SourceConfig {
    /// The folder of a site, or its image.
    #[must_use]
    pub fn of_folder(path: PathBuf) -> SourceConfig {
        SourceConfig::Folder(FolderConfig { path })
    }

    /// A list, or the image of a site, at an address on the web.
    #[must_use]
    pub fn of_url(url: &str) -> SourceConfig {
        let url = url.to_owned();
        let (app, interval, sha256) = (None, None, None);
        SourceConfig::Http(HttpConfig { url, app, interval, sha256, token_file: None, ca: None })
    }

    /// The word by which it is named.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            SourceConfig::Folder(_) => "folder",
            SourceConfig::Etcd(_) => "etcd",
            SourceConfig::EtcdV2(_) => "etcd-v2",
            SourceConfig::Kubernetes(_) => "kubernetes",
            SourceConfig::Http(_) => "http",
            SourceConfig::CrowdSec(_) => "crowdsec",
        }
    }

    /// Whether what is in force is said there, too.
    #[must_use]
    pub fn confirms(&self) -> bool {
        match self {
            SourceConfig::Etcd(etcd) => etcd.confirm,
            SourceConfig::Kubernetes(kubernetes) => kubernetes.confirm,
            _ => false,
        }
    }

    /// Has what is in force said there, too, where that can be.
    pub(crate) fn confirm(&mut self) {
        match self {
            SourceConfig::Etcd(etcd) => etcd.confirm = true,
            SourceConfig::Kubernetes(kubernetes) => kubernetes.confirm = true,
            _ => {}
        }
    }

    /// The folder that is followed, where it is one.
    pub(super) fn folder(&self) -> Option<&Path> {
        match self {
            SourceConfig::Folder(folder) => Some(&folder.path),
            _ => None,
        }
    }

    /// What is wrong with it.
    pub(super) fn problems(&self) -> Vec<String> {
        let kind = self.kind();
        let problems = match self {
            SourceConfig::Folder(_) => Vec::new(),
            SourceConfig::Kubernetes(kubernetes) => kubernetes.problems(),
            SourceConfig::Etcd(etcd) => etcd.problems(),
            SourceConfig::EtcdV2(etcd) => {
                let confirm = etcd.confirm.then(|| {
                    "`confirm` is there, and what a router enforces is said by the v3 API; set it at a source of kind `etcd`".to_owned()
                });
                etcd.problems().into_iter().chain(confirm).collect()
            }
            SourceConfig::Http(http) => http.problems(),
            SourceConfig::CrowdSec(crowdsec) => problem_of_url(&crowdsec.url).into_iter().collect(),
        };
        problems.into_iter().map(|problem| format!("a source of kind `{kind}`: {problem}")).collect()
    }
}

impl EtcdConfig {
    fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = self.endpoints.iter().filter_map(|url| problem_of_url(url)).collect();
        let mut say = |is_wrong: bool, sentence: &str| {
            if is_wrong {
                problems.push(sentence.to_owned());
            }
        };
        say(
            self.endpoints.is_empty(),
            "`endpoints` is missing; write for example `endpoints = [\"http://127.0.0.1:2379\"]`",
        );
        say(
            self.user.is_some() != self.password_file.is_some(),
            "`user` and `password_file` belong together",
        );
        say(self.cert.is_some() != self.key.is_some(), "`cert` and `key` belong together");
        say(
            self.user.is_some() && self.token_file.is_some(),
            "there are `user` and `token_file`; one of them says who asks",
        );
        problems
    }
}

impl KubernetesConfig {
    /// Namespace and name of the Deployment with the settings, where they are set.
    pub(crate) fn router(&self) -> Option<(&str, &str)> {
        self.router.as_deref()?.split_once('/')
    }

    /// Whether that kind of objects is looked at.
    pub(crate) fn looks_at(&self, kind: ObjectConfig) -> bool {
        self.objects.is_empty() || self.objects.contains(&kind)
    }

    fn problems(&self) -> Vec<String> {
        let is_name = |part: &str| !part.is_empty() && !part.contains('/');
        let is_good = |(namespace, name): (&str, &str)| is_name(namespace) && is_name(name);
        let router = self.router.as_deref().filter(|_| !self.router().is_some_and(is_good));
        let sentence = |router| {
            format!(
                "`router` is `{router}`; write the namespace and the name of its Deployment, for example `deis/deis-router`"
            )
        };
        router.into_iter().map(sentence).collect()
    }
}

impl HttpConfig {
    fn problems(&self) -> Vec<String> {
        let app = self.app.as_deref().and_then(|app| AppName::new(app).err()).map(|error| error.to_string());
        problem_of_url(&self.url).into_iter().chain(app).collect()
    }
}

fn problem_of_url(url: &str) -> Option<String> {
    let Some(rest) = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")) else {
        return Some(format!("`{url}` is no address; it begins with `http://` or `https://`"));
    };
    let host = rest.split('/').next().unwrap_or_default();
    // What stands before `@` may be a secret: it is not repeated.
    host.contains('@').then(|| "an address holds a user before `@`; secrets are read from files, which `ipgated --print-config` names".to_owned())
}
