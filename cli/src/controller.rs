//! The control service of a fleet, asked as the old client asked the Deis controller.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueHint};
use serde::{Deserialize, Serialize};
use ureq::http::{Method, Request, Response};
use ureq::{Agent, Body};

use crate::output::{Failure, complain};

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

const JSON: (&str, &str) = ("content-type", "application/json");
const TEXT: (&str, &str) = ("content-type", "text/plain; charset=utf-8");
/// A list has no more bytes than that.
const MAX_ANSWER: u64 = 1 << 30;
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

#[derive(Deserialize)]
struct Notice {
    notice: Option<String>,
}

#[derive(Deserialize)]
struct Would {
    effect: Effect,
    notice: Option<String>,
}

/// Whether a change is made, or only looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Done,
    Dry,
}

/// What a change would do.
#[derive(Serialize, Deserialize)]
pub(crate) struct Effect {
    /// Entries that would be new, and that would be gone.
    pub(crate) added: Vec<String>,
    pub(crate) removed: Vec<String>,
    /// Addresses that would be let in, and that would be denied; nothing where a list is to come.
    pub(crate) gained: Option<Addressed>,
    pub(crate) lost: Option<Addressed>,
}

/// Some addresses.
#[derive(Serialize, Deserialize)]
pub(crate) struct Addressed {
    /// The first prefixes of them.
    pub(crate) prefixes: Vec<String>,
    /// How many prefixes are not named.
    pub(crate) more: usize,
    /// How many addresses, as text.
    pub(crate) ipv4: String,
    pub(crate) ipv6: String,
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
        let answer = self.ask(Method::GET, app, How::Done, &[], String::new())?;
        let tag = answer.headers().get("etag").and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        let text = self.expect(app, answer, 200)?;
        let Addresses { addresses } = self.read(app, &text)?;
        Ok(Listed { addresses, tag })
    }

    /// The text of the list, as it is kept.
    pub(crate) fn text(&self, app: &str) -> Result<String, Failure> {
        let answer = self.ask(Method::GET, app, How::Done, &[("accept", "text/plain")], String::new())?;
        self.expect(app, answer, 200)
    }

    /// Adds addresses, or says what that would do.
    pub(crate) fn add(&self, app: &str, addresses: &[String], how: How) -> Result<Option<Effect>, Failure> {
        self.change(Method::POST, app, how, &[JSON], body(addresses)?, 201)
    }

    /// Removes addresses, all of them or none, or says what that would do.
    pub(crate) fn remove(
        &self,
        app: &str,
        addresses: &[String],
        how: How,
    ) -> Result<Option<Effect>, Failure> {
        self.change(Method::DELETE, app, how, &[JSON], body(addresses)?, 204)
    }

    /// Puts a text in the place of the list that was read, or says what that would do.
    pub(crate) fn set(
        &self,
        app: &str,
        text: &str,
        read: &Listed,
        how: How,
    ) -> Result<Option<Effect>, Failure> {
        let tag = ("if-match", read.tag.as_deref().unwrap_or("*"));
        self.change(Method::PUT, app, how, &[tag, TEXT], text.to_owned(), 200)
    }

    fn change(
        &self,
        method: Method,
        app: &str,
        how: How,
        headers: &[(&str, &str)],
        body: String,
        status: u16,
    ) -> Result<Option<Effect>, Failure> {
        let answer = self.ask(method, app, how, headers, body)?;
        let notice = answer.headers().get("ipgate-notice").and_then(|notice| notice.to_str().ok());
        notice.iter().for_each(complain);
        match how {
            How::Dry => {
                let text = self.expect(app, answer, 200)?;
                let would: Would = self.read(app, &text)?;
                would.notice.iter().for_each(complain);
                Ok(Some(would.effect))
            }
            How::Done => {
                let text = self.expect(app, answer, status)?;
                let said = serde_json::from_str::<Notice>(&text).ok();
                said.and_then(|said| said.notice).iter().for_each(complain);
                Ok(None)
            }
        }
    }

    fn ask(
        &self,
        method: Method,
        app: &str,
        how: How,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Response<Body>, Failure> {
        let query = if how == How::Dry { "?dry_run=true" } else { "" };
        let url = format!("{}/v2/apps/{}/whitelist/{query}", self.url, escaped(app));
        let request = Request::builder().method(method).uri(url);
        let request = request.header("authorization", format!("token {}", self.token));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        // The token stands in no message: neither the address nor an error has it.
        let request = request.body(body).map_err(|error| self.unreachable(&error))?;
        // DELETE has a body in the old service's interface.
        let request = self.agent.configure_request(request).allow_non_standard_methods(true).build();
        self.agent.run(request).map_err(|error| self.unreachable(&error))
    }

    fn read<'t, T: Deserialize<'t>>(&self, app: &str, text: &'t str) -> Result<T, Failure> {
        serde_json::from_str(text).map_err(|error| {
            Failure::Told(format!("{} answers what is nothing about {app}: {error}", self.url))
        })
    }

    fn unreachable(&self, error: &dyn std::fmt::Display) -> Failure {
        Failure::Told(format!(
            "the control service at {} cannot be asked: {error}; see --controller",
            self.url
        ))
    }

    /// What an answer says, where it is the one that was hoped for; otherwise why it is not.
    fn expect(&self, app: &str, mut answer: Response<Body>, status: u16) -> Result<String, Failure> {
        let got = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(MAX_ANSWER);
        let text = body.read_to_string().map_err(|error| self.unreachable(&error))?;
        if got == status {
            return Ok(text);
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
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let escape = |byte: u8| match is_plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    app.bytes().map(escape).collect()
}
