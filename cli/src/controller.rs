//! The control service of a fleet, asked as the old client asked the Deis controller.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueHint};
use serde::{Deserialize, Serialize};
use ureq::http::{Method, Request, Response};
use ureq::{Agent, Body};

use crate::output::Failure;

/// Where the service is, and who asks.
#[derive(Debug, Args)]
#[command(next_help_heading = "Control service")]
pub(crate) struct Access {
    /// The control service of an `ipgated`
    #[arg(long, value_name = "URL", env = "IPGATE_CONTROLLER", default_value = "http://127.0.0.1:9181")]
    controller: String,
    /// A file with the token; without one the token is taken from IPGATE_TOKEN
    #[arg(long, value_name = "FILE", env = "IPGATE_TOKEN_FILE", value_hint = ValueHint::FilePath)]
    token_file: Option<PathBuf>,
}

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// An open way to the service.
pub(crate) struct Controller {
    agent: Agent,
    url: String,
    token: String,
}

/// The list of an app, as the service has it.
pub(crate) struct Listed {
    pub(crate) addresses: Vec<String>,
    /// What changes with every write.
    pub(crate) tag: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Addresses {
    addresses: Vec<String>,
}

#[derive(Deserialize)]
struct Detail {
    detail: String,
}

impl Controller {
    pub(crate) fn new(access: &Access) -> Result<Controller, Failure> {
        let url = access.controller.trim_end_matches('/').to_owned();
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(Failure::Told(format!(
                "`{url}` is no address of a control service; it begins with http:// or https://"
            )));
        }
        let token = match &access.token_file {
            Some(file) => token_of(file)?,
            None => std::env::var("IPGATE_TOKEN").map_err(|_| {
                "a token is needed: name a file with --token-file, or set IPGATE_TOKEN".to_owned()
            })?,
        };
        // Answers that are no success are read for what they say.
        let agent = Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE));
        Ok(Controller { agent: agent.build().into(), url, token })
    }

    /// The list of an app.
    pub(crate) fn list(&self, app: &str) -> Result<Listed, Failure> {
        let mut answer = self.ask(Method::GET, app, &[], String::new())?;
        let tag = answer.headers().get("etag").and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        let Addresses { addresses } = self.expect(app, &mut answer, 200, read)?;
        Ok(Listed { addresses, tag })
    }

    /// Adds addresses.
    pub(crate) fn add(&self, app: &str, addresses: &[String]) -> Result<(), Failure> {
        let mut answer = self.ask(Method::POST, app, &[], body(addresses)?)?;
        self.expect(app, &mut answer, 201, |_| Ok(()))
    }

    /// Removes addresses: all of them, or none.
    pub(crate) fn remove(&self, app: &str, addresses: &[String]) -> Result<(), Failure> {
        let mut answer = self.ask(Method::DELETE, app, &[], body(addresses)?)?;
        self.expect(app, &mut answer, 204, |_| Ok(()))
    }

    /// Puts a text in the place of the list that was read.
    pub(crate) fn set(&self, app: &str, text: &str, read: &Listed) -> Result<(), Failure> {
        let tag = read.tag.iter().map(|tag| ("if-match", tag.as_str()));
        let headers: Vec<_> = tag.chain([("content-type", "text/plain; charset=utf-8")]).collect();
        let mut answer = self.ask(Method::PUT, app, &headers, text.to_owned())?;
        self.expect(app, &mut answer, 200, |_| Ok(()))
    }

    fn ask(
        &self,
        method: Method,
        app: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Response<Body>, Failure> {
        let url = format!("{}/v2/apps/{}/whitelist/", self.url, escaped(app));
        let request = Request::builder().method(method).uri(url);
        let request = request.header("authorization", format!("token {}", self.token));
        let request = match headers {
            [] => request.header("content-type", "application/json"),
            headers => headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)),
        };
        // The token stands in no message: neither the address nor an error has it.
        let request = request.body(body).map_err(|error| self.unreachable(&error))?;
        // DELETE has a body in the old service's interface.
        let request = self.agent.configure_request(request).allow_non_standard_methods(true).build();
        self.agent.run(request).map_err(|error| self.unreachable(&error))
    }

    fn unreachable(&self, error: &dyn std::fmt::Display) -> Failure {
        Failure::Told(format!(
            "the control service at {} cannot be asked: {error}; see --controller",
            self.url
        ))
    }

    /// What an answer says, where it is the one that was hoped for; otherwise why it is not.
    fn expect<T>(
        &self,
        app: &str,
        answer: &mut Response<Body>,
        status: u16,
        read: impl Fn(&str) -> Result<T, serde_json::Error>,
    ) -> Result<T, Failure> {
        let got = answer.status().as_u16();
        let text = answer.body_mut().read_to_string().map_err(|error| self.unreachable(&error))?;
        if got == status {
            return read(&text).map_err(|error| {
                Failure::Told(format!("{} answers what is no list of {app}: {error}", self.url))
            });
        }
        let detail = serde_json::from_str::<Detail>(&text).map_or(text, |said| said.detail);
        Err(Failure::Told(match got {
            401 => format!("{} does not know the token; see --token-file and IPGATE_TOKEN", self.url),
            403 => format!("the token may not do that to {app}: {detail}"),
            404 => format!("there is no app {app} at {}", self.url),
            409 if detail.ends_with("changed nothing") => detail,
            409 | 412 => format!("the list of {app} has been changed meanwhile; look at it and try again"),
            _ => format!("{} answers {got}: {detail}", self.url),
        }))
    }
}

fn read(text: &str) -> Result<Addresses, serde_json::Error> {
    serde_json::from_str(text)
}

fn body(addresses: &[String]) -> Result<String, Failure> {
    Ok(serde_json::to_string(&Addresses { addresses: addresses.to_vec() })?)
}

fn token_of(file: &Path) -> Result<String, Failure> {
    let text = fs::read_to_string(file)
        .map_err(|error| Failure::Told(format!("the token in {} cannot be read: {error}", file.display())))?;
    Ok(text.trim().to_owned())
}

/// The name of an app as one part of a path.
fn escaped(app: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let escape = |byte: u8| match is_plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    app.bytes().map(escape).collect()
}
