//! The client: TLS, credentials, and what its errors mean.

use std::fs;
use std::path::Path;
use std::time::Duration;

use reqwest::{Certificate, Client};

use crate::failure::Failure;

/// A client whose servers' certificates are of the system's authorities, or of those in a file alone.
pub(super) fn build(authority: Option<&Path>, timeout: Duration) -> Result<Client, Failure> {
    // Whoever embeds this may have chosen a provider before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .timeout(timeout)
        .connect_timeout(timeout.min(Duration::from_secs(10)))
        .user_agent(concat!("ipgate/", env!("CARGO_PKG_VERSION")));
    if let Some(file) = authority {
        let unreadable = |error: String| Failure::Unreadable(format!("{}: {error}", file.display()));
        let pem = fs::read(file).map_err(|error| unreadable(error.to_string()))?;
        let certificates =
            Certificate::from_pem_bundle(&pem).map_err(|error| unreadable(error.to_string()))?;
        if certificates.is_empty() {
            return Err(unreadable("there is no certificate in it".into()));
        }
        builder = builder.tls_certs_only(certificates);
    }
    builder.build().map_err(|error| Failure::Unreadable(sentence(&error)))
}

/// The token that a file holds, read anew each time since it may change.
pub(super) fn token(file: &Path) -> Result<String, Failure> {
    let text = fs::read_to_string(file).map_err(|error| {
        Failure::Denied(format!("the token in {} cannot be read: {error}", file.display()))
    })?;
    Ok(text.trim().to_owned())
}

/// What an error means for whoever follows.
pub(super) fn failure(error: reqwest::Error) -> Failure {
    let is_of_content = error.is_body() || error.is_decode() || error.is_redirect();
    let said = sentence(&error.without_url());
    if is_of_content { Failure::Unreadable(said) } else { Failure::Unreachable(said) }
}

/// An error with what caused it; without the address, which may hold a secret.
fn sentence(error: &reqwest::Error) -> String {
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let text = error.to_string();
        if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
        cause = error.source();
    }
    said
}
