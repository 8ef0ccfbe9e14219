//! What can be asked of `ipgated` on the command line, and how that stands above the file.

use std::path::PathBuf;

use clap::{Args as Group, Parser, ValueHint};
use ipgate_sources::RouterId;

use crate::config::{
    Config, ConfigError, DecideConfig, EtcdConfig, KubernetesConfig, Listen, LogFormat, Profile, SourceConfig,
};

const AFTER: &str = "\
Flags stand above the file; a source that is named here stands in the place of all
sources of the file. Secrets are read from files that the configuration names, and
never from here.

Signals:
  SIGHUP            reads the configuration anew; a bad one changes nothing, and is told
  SIGTERM, SIGINT   stop: what is in force is published and kept, requests end

Exit codes:
  0  stopped as asked, or the configuration is good
  2  an error; standard error says why

Examples:
  ipgated --site /etc/ipgate/site --publish /run/ipgated/site.image --admin 127.0.0.1:9180
  ipgated --etcd http://127.0.0.1:2379 --prefix /deis --publish /run/ipgated/site.image
  ipgated --site /etc/ipgate/site --decide 127.0.0.1:9182 --profile caddy
  ipgated --etcd http://127.0.0.1:2379 --confirm --id edge-1 --admin 127.0.0.1:9180
  ipgated --config /etc/ipgate/ipgated.toml --check-config
  ipgated --print-config > /etc/ipgate/ipgated.toml";

/// Follows the lists of a site where they are kept, and hands what is in force on: as files, and over HTTP
#[derive(Debug, Clone, Parser)]
#[command(name = "ipgated", version, after_help = AFTER, max_term_width = 100)]
pub struct Args {
    /// Read the configuration from this file; every key has its description in --print-config
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Check the configuration and the files that it names, and say what is wrong; nothing is started
    #[arg(long, conflicts_with = "print_config")]
    pub check_config: bool,
    /// Print every key of the configuration with its default and its meaning
    #[arg(long)]
    pub print_config: bool,
    /// Keep what is in force in this folder, for a restart while the sources are away
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    state: Option<PathBuf>,
    /// Leave bad entries out of lists, and tell of them; otherwise a list with one is refused
    #[arg(long)]
    lenient: bool,
    /// How a line of the log looks
    #[arg(long, value_name = "FORMAT", value_enum)]
    log_format: Option<LogFormat>,
    // The groups stand last: their heading goes on to whatever follows.
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    results: Results,
}

/// Where the lists are kept.
#[derive(Debug, Clone, Group)]
#[command(next_help_heading = "Sources, in the order of their word where several name an app")]
struct Sources {
    /// Follow the folder of a site, or its image
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    site: Vec<PathBuf>,
    /// Follow the keys of an etcd, by its v3 API
    #[arg(long, value_name = "URL[,URL]")]
    etcd: Option<String>,
    /// Follow the keys of an older etcd, by its v2 API
    #[arg(long, value_name = "URL[,URL]")]
    etcd_v2: Option<String>,
    /// What the keys begin with, of --etcd and --etcd-v2; `/deis` unless given
    #[arg(long, value_name = "KEY")]
    prefix: Option<String>,
    /// Follow the annotations of a Kubernetes cluster: that of the pod this runs in, or kubectl's
    #[arg(long)]
    kubernetes: bool,
    /// Reach the cluster by this kubeconfig
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "kubernetes")]
    kubeconfig: Option<PathBuf>,
    /// Look at the apps of this namespace alone; may be given several times
    #[arg(long, value_name = "NAME", requires = "kubernetes")]
    namespace: Vec<String>,
    /// Follow a list, or the image of a site, at an address on the web
    #[arg(long, value_name = "URL")]
    url: Vec<String>,
}

/// What is made of them.
#[derive(Debug, Clone, Group)]
#[command(next_help_heading = "Results")]
struct Results {
    /// Write the site there whenever it changes: an image where it ends in `.image`, else a folder of lists
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    publish: Option<PathBuf>,
    /// Answer proxies there whether a request may pass
    #[arg(long, value_name = "ADDRESS:PORT")]
    decide: Option<Listen>,
    /// Who asks at --decide; nginx unless given
    #[arg(long, value_name = "NAME", value_enum, requires = "decide")]
    profile: Option<Profile>,
    /// The proxies that may ask at --decide, as a list; those of this machine unless given
    #[arg(long, value_name = "LIST", requires = "decide")]
    trusted_proxies: Option<String>,
    /// The one header that names the client at --decide, where it is not that of the profile
    #[arg(long, value_name = "NAME", requires = "decide")]
    client_header: Option<String>,
    /// Take changes of lists there, as the Deis controller does; needs --tokens
    #[arg(long, value_name = "ADDRESS:PORT")]
    control: Option<Listen>,
    /// The file that says who may change which lists: a line each of token, user, apps and role
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    tokens: Option<PathBuf>,
    /// Answer there for health, metrics, the report, and what all routers say with --confirm
    #[arg(long, value_name = "ADDRESS:PORT")]
    admin: Option<Listen>,
    /// Say where the lists are kept what is in force here, for `ipgate fleet`: in etcd, or in Kubernetes
    #[arg(long)]
    confirm: bool,
    /// What this router is called there; its host name unless given
    #[arg(long, value_name = "NAME")]
    id: Option<RouterId>,
}

impl Args {
    /// The configuration that they come to, file and all.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn configuration(&self) -> Result<Config, ConfigError> {
        let file = self.config.as_deref().map(Config::read).transpose()?;
        let config = self.over(file.unwrap_or_default());
        let mut problems = config.problems();
        problems.extend(self.sources.problem());
        if self.results.confirm && !config.sources.iter().any(SourceConfig::confirms) {
            problems.push("--confirm is of sources in etcd (v3) and Kubernetes, and none is there; ask routers one by one with `ipgate fleet status --router`".to_owned());
        }
        match problems.is_empty() {
            true => Ok(config),
            false => Err(ConfigError::of_whole(self.config.as_deref(), problems)),
        }
    }

    /// A configuration with what they say in its place.
    fn over(&self, mut config: Config) -> Config {
        let sources = self.sources.named();
        if !sources.is_empty() {
            config.sources = sources;
        }
        let Results {
            publish,
            decide,
            profile,
            trusted_proxies,
            client_header,
            control,
            tokens,
            admin,
            confirm,
            id,
        } = &self.results;
        config.publish.path = publish.clone().or(config.publish.path);
        if let Some(listen) = *decide {
            config.decide = vec![DecideConfig {
                trusted_proxies: trusted_proxies.clone(),
                client_header: client_header.clone(),
                ..DecideConfig::new(listen, profile.unwrap_or(Profile::Nginx))
            }];
        }
        config.control.listen = control.or(config.control.listen);
        config.control.tokens = tokens.clone().or(config.control.tokens);
        config.admin.listen = admin.or(config.admin.listen);
        config.id = id.clone().or(config.id);
        if *confirm {
            config.sources.iter_mut().for_each(SourceConfig::confirm);
        }
        config.state = self.state.clone().or(config.state);
        config.lenient |= self.lenient;
        config.log.format = self.log_format.unwrap_or(config.log.format);
        config
    }
}

impl Sources {
    fn named(&self) -> Vec<SourceConfig> {
        let etcd = |urls: &String| EtcdConfig {
            endpoints: urls.split(',').map(|url| url.trim().to_owned()).collect(),
            prefix: self.prefix.clone(),
            ..EtcdConfig::default()
        };
        let kubernetes = self.kubernetes.then(|| KubernetesConfig {
            kubeconfig: self.kubeconfig.clone(),
            namespaces: self.namespace.clone(),
            ..KubernetesConfig::default()
        });
        let folders = self.site.iter().cloned().map(SourceConfig::of_folder);
        folders
            .chain(self.etcd.iter().map(etcd).map(SourceConfig::Etcd))
            .chain(self.etcd_v2.iter().map(etcd).map(SourceConfig::EtcdV2))
            .chain(kubernetes.map(|kubernetes| SourceConfig::Kubernetes(Box::new(kubernetes))))
            .chain(self.url.iter().map(|url| SourceConfig::of_url(url)))
            .collect()
    }

    /// What is wrong with them together.
    fn problem(&self) -> Option<String> {
        let is_lost = self.prefix.is_some() && self.etcd.is_none() && self.etcd_v2.is_none();
        is_lost.then(|| "--prefix is of --etcd and --etcd-v2, and neither is there; in the file it is `prefix` of a source".to_owned())
    }
}
