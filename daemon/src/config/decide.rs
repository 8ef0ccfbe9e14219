//! Listeners for proxies that ask for each request whether it may pass.

use std::path::PathBuf;

use ipgate::List;
use ipgate::client::Header;
use ipgate::list::Action;
use ipgate::site::AppName;
use serde::{Deserialize, Serialize};

use super::listen::Listen;
use super::profile::Profile;
use super::seconds::Seconds;

/// A listener for proxies of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecideConfig {
    /// Where it listens.
    pub listen: Listen,
    /// Who asks.
    pub profile: Profile,
    /// The proxies, as a list.
    pub trusted_proxies: Option<String>,
    /// The same, as a file that is followed.
    pub trusted_proxies_file: Option<PathBuf>,
    /// The header that names the client, where it is not that of the profile.
    pub client_header: Option<String>,
    /// The app that is asked for, always.
    pub app: Option<String>,
    /// The header that names the app.
    pub app_header: Option<String>,
    /// The path that names the app.
    pub app_path: Option<String>,
    /// At most so many connections.
    #[serde(default = "max_connections")]
    pub max_connections: usize,
    /// At most so many bytes of a request's line and headers.
    #[serde(default = "max_header_bytes")]
    pub max_header_bytes: usize,
    /// For so long a connection waits for a request to be whole.
    #[serde(default = "timeout")]
    pub timeout: Seconds,
}

fn max_connections() -> usize {
    4096
}

fn max_header_bytes() -> usize {
    16 << 10
}

/// Longer than proxies keep idle connections, or they would ask on one that is about to be closed.
fn timeout() -> Seconds {
    Seconds::from_millis(150_000)
}

impl DecideConfig {
    /// What stands for the app in `app_path`.
    pub const APP: &str = "{app}";
    /// The least that `max_header_bytes` may be.
    const MIN_HEADER_BYTES: usize = 8 << 10;
    /// The proxies that are trusted unless some are named: those of this machine.
    const LOOPBACK: &str = "127.0.0.0/8,::1";

    /// A listener with nothing set beside.
    #[must_use]
    pub fn new(listen: Listen, profile: Profile) -> DecideConfig {
        DecideConfig {
            listen,
            profile,
            trusted_proxies: None,
            trusted_proxies_file: None,
            client_header: None,
            app: None,
            app_header: None,
            app_path: None,
            max_connections: max_connections(),
            max_header_bytes: max_header_bytes(),
            timeout: timeout(),
        }
    }

    /// The one header that names the client.
    ///
    /// # Errors
    ///
    /// A sentence where it is no header's name.
    pub fn header(&self) -> Result<Header, String> {
        let name = self.client_header.as_deref().unwrap_or(self.profile.client_header());
        name.parse().map_err(|error| format!("`client_header`: {error}"))
    }

    /// The proxies that may ask, as far as they stand here or in the file now.
    ///
    /// # Errors
    ///
    /// A sentence where they are no list.
    pub fn trusted(&self) -> Result<List, String> {
        match &self.trusted_proxies_file {
            Some(path) => List::read(path).map_err(|error| format!("`trusted_proxies_file`: {error}")),
            None => {
                let text = self.trusted_proxies.as_deref().unwrap_or(DecideConfig::LOOPBACK);
                text.parse().map_err(|error| format!("`trusted_proxies`: {error}"))
            }
        }
    }

    /// What is wrong with it.
    pub(super) fn problems(&self) -> Vec<String> {
        let header = self.header();
        let mut problems = Vec::new();
        let mut say = |sentence: String| problems.push(sentence);
        match &header {
            Ok(header) => self.profile.problem_of(header).into_iter().for_each(&mut say),
            Err(sentence) => say(sentence.clone()),
        }
        if self.trusted_proxies.is_some() && self.trusted_proxies_file.is_some() {
            say("`trusted_proxies` and `trusted_proxies_file` are both set; one of them says who may ask"
                .to_owned());
        }
        if self.trusted_proxies.is_none() && self.trusted_proxies_file.is_none() && !self.listen.is_loopback()
        {
            say(format!(
                "{} is reached by others than this machine, and `trusted_proxies` does not say which of them are proxies",
                self.listen
            ));
        }
        // A file is read when the daemon starts, and is followed.
        if self.trusted_proxies_file.is_none() {
            match self.trusted() {
                Ok(trusted) if shortest_prefix(&trusted, 0, 0) => say("`trusted_proxies` holds every address, so that clients would name their own; name your proxies".to_owned()),
                Ok(_) => {}
                Err(sentence) => say(sentence),
            }
        }
        let named = [&self.app, &self.app_header, &self.app_path];
        if named.into_iter().flatten().count() > 1 {
            say("more than one of `app`, `app_header` and `app_path` is set; one of them says whose list is asked".to_owned());
        }
        if let Some(Err(error)) = self.app.as_deref().map(AppName::new) {
            say(error.to_string());
        }
        if let Some(Err(error)) = self.app_header.as_deref().map(str::parse::<Header>) {
            say(format!("`app_header`: {error}"));
        }
        if let Some(path) = self.app_path.as_ref().filter(|path| !is_pattern(path)) {
            say(format!(
                "`app_path` is `{path}`; write a path with `{{app}}` in the place of one segment, for example `/decide/{{app}}`"
            ));
        }
        if self.max_connections == 0 {
            say("`max_connections` is 0, with which nobody could ask".to_owned());
        }
        if self.max_header_bytes < DecideConfig::MIN_HEADER_BYTES {
            say(format!(
                "`max_header_bytes` is {}; {} is the least",
                self.max_header_bytes,
                DecideConfig::MIN_HEADER_BYTES
            ));
        }
        if self.timeout.duration().is_zero() {
            say("`timeout` is 0s, in which no request can be read".to_owned());
        }
        problems.into_iter().map(|problem| self.told(&problem)).collect()
    }

    /// What lets a client say who it is, or whose list is asked, unless the proxy is set up for it.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<String> =
            self.header().ok().and_then(|header| self.profile.warning_of(&header)).into_iter().collect();
        if self.trusted().is_ok_and(|trusted| shortest_prefix(&trusted, 7, 15)) {
            warnings.push("the trusted proxies hold a prefix shorter than /8, or than /16 in IPv6: a client within it names its own address".to_owned());
        }
        if let Some(header) = &self.app_header {
            warnings.push(format!("clients can send `{header}` themselves, and so choose whose list is asked; the proxy has to set it on every request"));
        }
        if self.app_path.is_some() && self.profile.is_path_of_client() {
            warnings.push("the path is the client's here, below a prefix: that prefix has to hold all of `app_path`, or clients choose whose list is asked".to_owned());
        }
        warnings.into_iter().map(|warning| self.told(&warning)).collect()
    }

    fn told(&self, sentence: &str) -> String {
        format!("`decide` at {}, profile {}: {sentence}", self.listen, self.profile)
    }
}

/// Whether an entry that lets in has a prefix of at most that many bits.
fn shortest_prefix(list: &List, v4: u8, v6: u8) -> bool {
    list.entries().iter().any(|entry| {
        let prefix = entry.prefix();
        entry.action() == Action::Allow
            && prefix.prefix_len() <= if prefix.addr().is_ipv4() { v4 } else { v6 }
    })
}

/// Whether it is a path, of which one segment stands for the app.
fn is_pattern(path: &str) -> bool {
    path.starts_with('/') && path.split('/').filter(|segment| *segment == DecideConfig::APP).count() == 1
}
