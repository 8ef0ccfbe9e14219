//! Where the servers of a source are, and how they know who asks: addresses, credentials, certificates.
//!
//! Secrets are named by their files, which are read at each connection, and once a minute while there is one: what is there
//! now counts. They are in no message and in no `Debug`.

use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Where the servers of an etcd are, and how they know who asks.
///
/// ```
/// use ipgate_sources::EtcdAccess;
/// let access = EtcdAccess::new(["https://etcd-1:2379", "https://etcd-2:2379"])
///     .user("router", "/run/secrets/etcd-password")
///     .ca("/etc/ssl/etcd/ca.pem");
/// assert_eq!(access.to_string(), "https://etcd-1:2379,https://etcd-2:2379");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct EtcdAccess {
    endpoints: Vec<String>,
    user: Option<(String, PathBuf)>,
    token: Option<PathBuf>,
    ca: Option<PathBuf>,
    identity: Option<(PathBuf, PathBuf)>,
}

impl EtcdAccess {
    /// The servers of one cluster at these addresses, as `http://127.0.0.1:2379`; `https://` makes it TLS.
    pub fn new<E: Into<String>>(endpoints: impl IntoIterator<Item = E>) -> EtcdAccess {
        let endpoints = endpoints.into_iter().map(Into::into).collect();
        EtcdAccess { endpoints, user: None, token: None, ca: None, identity: None }
    }

    /// As that user, with the password in that file. A line break at its end is not part of it.
    #[must_use]
    pub fn user(self, name: impl Into<String>, password_file: impl Into<PathBuf>) -> EtcdAccess {
        EtcdAccess { user: Some((name.into(), password_file.into())), ..self }
    }

    /// With the token in that file (a JWT that the servers of the v3 API trust), in place of a user.
    #[must_use]
    pub fn token(self, file: impl Into<PathBuf>) -> EtcdAccess {
        EtcdAccess { token: Some(file.into()), ..self }
    }

    /// Trusting the certificates in that PEM file, in place of those that the system trusts.
    #[must_use]
    pub fn ca(self, file: impl Into<PathBuf>) -> EtcdAccess {
        EtcdAccess { ca: Some(file.into()), ..self }
    }

    /// Showing that certificate with that key, both PEM.
    #[must_use]
    pub fn identity(self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> EtcdAccess {
        EtcdAccess { identity: Some((certificate.into(), key.into())), ..self }
    }

    /// The addresses.
    #[must_use]
    pub fn endpoints(&self) -> &[String] {
        &self.endpoints
    }

    /// Whether the servers speak TLS: where an address says so, or a certificate is given and none says otherwise.
    pub(crate) fn is_tls(&self) -> Result<bool, Failure> {
        let has_certificates = self.ca.is_some() || self.identity.is_some();
        if has_certificates && self.endpoints.iter().any(|endpoint| endpoint.starts_with("http://")) {
            return Err(Failure::Denied(format!(
                "{self}: certificates are given, and not all addresses are `https://`"
            )));
        }
        Ok(has_certificates || self.endpoints.iter().any(|endpoint| endpoint.starts_with("https://")))
    }

    /// What the files hold now.
    pub(crate) fn material(&self) -> Result<Material, Failure> {
        let pair = |(certificate, key): &(PathBuf, PathBuf)| Ok((bytes(certificate)?, bytes(key)?));
        Ok(Material {
            user: self.user.as_ref().map(|(name, file)| Ok((name.clone(), line(file)?))).transpose()?,
            token: self.token.as_deref().map(line).transpose()?,
            ca: self.ca.as_deref().map(bytes).transpose()?,
            identity: self.identity.as_ref().map(pair).transpose()?,
        })
    }
}

impl std::fmt::Debug for EtcdAccess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("EtcdAccess").field(&self.to_string()).finish()
    }
}

/// Without what may stand before an `@`: that could be a password.
impl std::fmt::Display for EtcdAccess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (number, endpoint) in self.endpoints.iter().enumerate() {
            let (scheme, rest) = endpoint.split_once("://").unwrap_or(("http", endpoint));
            let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
            write!(f, "{}{scheme}://{}", if number == 0 { "" } else { "," }, host.trim_end_matches('/'))?;
        }
        Ok(())
    }
}

/// Addresses with commas between them.
impl From<&str> for EtcdAccess {
    fn from(endpoints: &str) -> EtcdAccess {
        EtcdAccess::new(endpoints.split(',').map(str::trim).filter(|endpoint| !endpoint.is_empty()))
    }
}

impl<E: Into<String>> From<Vec<E>> for EtcdAccess {
    fn from(endpoints: Vec<E>) -> EtcdAccess {
        EtcdAccess::new(endpoints)
    }
}

impl<E: Into<String>, const N: usize> From<[E; N]> for EtcdAccess {
    fn from(endpoints: [E; N]) -> EtcdAccess {
        EtcdAccess::new(endpoints)
    }
}

/// What the files of an access hold. It is shown to nobody.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Material {
    pub(crate) user: Option<(String, String)>,
    pub(crate) token: Option<String>,
    pub(crate) ca: Option<Vec<u8>>,
    pub(crate) identity: Option<(Vec<u8>, Vec<u8>)>,
}

fn bytes(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|error| Failure::Denied(format!("{}: {error}", file.display())))
}

fn line(file: &Path) -> Result<String, Failure> {
    let text = String::from_utf8(bytes(file)?)
        .map_err(|_| Failure::Denied(format!("{}: it is not text", file.display())))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
