//! The client of sources on the web: TLS, credentials, answers, and what errors mean.

use std::fs;
use std::path::Path;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Response, Url};

use crate::failure::{Failure, with_causes};

/// A client whose servers' certificates are of the system's authorities, or of those in a file alone. It goes where an answer
/// leads only where that is asked for: a header with a key would go there, too.
pub(crate) fn build(
    authority: Option<&Path>,
    timeout: Duration,
    redirects: Policy,
) -> Result<Client, Failure> {
    // Whoever embeds this may have chosen a provider before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .timeout(timeout)
        .redirect(redirects)
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
    builder.build().map_err(|error| Failure::Unreadable(with_causes(&error)))
}

/// An address, `http` or `https`.
pub(crate) fn address(url: &str) -> Result<Url, String> {
    let parsed = Url::parse(url).map_err(|error| format!("`{url}` is no address: {error}"))?;
    match parsed.scheme() {
        "http" | "https" => Ok(parsed),
        _ => Err(format!("`{url}` is no address of the web; it begins with http:// or https://")),
    }
}

/// An address without what may hold a secret.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let _ = (url.set_username(""), url.set_password(None));
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

/// The whole answer, and no more of it than that many bytes.
pub(crate) async fn body(mut answer: Response, limit: usize) -> Result<Vec<u8>, Failure> {
    let too_large = || Failure::Unreadable(format!("the answer has more than {limit} bytes"));
    if answer.content_length().is_some_and(|length| length > limit as u64) {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(failure)? {
        if body.len() + piece.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// The token that a file holds, read anew each time since it may change.
pub(crate) fn token(file: &Path) -> Result<String, Failure> {
    let text = fs::read_to_string(file).map_err(|error| {
        Failure::Denied(format!("the token in {} cannot be read: {error}", file.display()))
    })?;
    Ok(text.trim().to_owned())
}

/// What an error means for whoever follows.
pub(crate) fn failure(error: reqwest::Error) -> Failure {
    let is_of_content = error.is_body() || error.is_decode() || error.is_redirect();
    let said = with_causes(&error.without_url());
    if is_of_content { Failure::Unreadable(said) } else { Failure::Unreachable(said) }
}
