//! Where the client's address stands in an access log, and the host.

use std::num::NonZeroUsize;

use clap::Args;

/// How the lines of a log are read.
#[derive(Debug, Args)]
pub(crate) struct LogForm {
    /// The field that holds the client's address, counted from 1
    #[arg(long, value_name = "N", default_value = "1", value_parser = from_the_left)]
    pub(crate) client_field: NonZeroUsize,
    /// The character between fields, `\t` for a tab; blanks, any number of them, where it is left out
    #[arg(long, value_name = "CHAR", value_parser = delimiter)]
    pub(crate) delimiter: Option<u8>,
    /// A field may begin with a quote or a square bracket, and then goes on to the closing one, as in the
    /// combined log format and in CSV
    #[arg(long)]
    pub(crate) quoted: bool,
    /// The lines are JSON objects, and the address is under this key; `request.remote_ip` is a key in an object
    #[arg(long, value_name = "KEY", conflicts_with_all = ["client_field", "delimiter", "quoted"])]
    pub(crate) json_key: Option<String>,
    /// Of several addresses with commas between, as in X-Forwarded-For, or elements of Forwarded (RFC 7239), take the
    /// N-th from the right; `last` is 1. Further left than your own proxies write, anyone can write: see below
    #[arg(long, value_name = "last|N", value_parser = from_the_right)]
    pub(crate) forwarded: Option<NonZeroUsize>,
    /// The field that holds the host that was asked for, counted from 1: it names the app of --site whose lists decide
    #[arg(long, value_name = "N", value_parser = from_the_left, conflicts_with_all = ["app", "host", "json_key"])]
    pub(crate) host_field: Option<NonZeroUsize>,
}

impl LogForm {
    /// What a line needs to be of use.
    pub(crate) fn needed(&self) -> &'static str {
        if self.host_field.is_some() { "usable address and host" } else { "usable address" }
    }
}

/// One ASCII character, or its escape.
fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        br"\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r') => Ok(*byte),
        _ => Err(r"write one ASCII character, or `\t` for a tab".to_owned()),
    }
}

fn from_the_left(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "write a number counted from the left, from 1 on".to_owned())
}

fn from_the_right(text: &str) -> Result<NonZeroUsize, String> {
    match text {
        "last" => Ok(NonZeroUsize::MIN),
        _ => {
            text.parse().map_err(|_| "write `last`, or a number counted from the right, from 1 on".to_owned())
        }
    }
}
