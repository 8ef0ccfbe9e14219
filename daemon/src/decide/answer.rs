//! What a proxy is answered: 200 or 403, and always the same four headers.

use std::fmt::{self, Write};
use std::net::IpAddr;

use axum::http::header::{HeaderName, HeaderValue};
use axum::http::{Response, StatusCode};
use bytes::{BufMut, Bytes, BytesMut};
use http_body_util::Full;
use ipgate::client::Client;
use ipgate::site::SiteVerdict;

use super::rules::Decision;

/// The label of the entry that decided.
const LABEL: HeaderName = HeaderName::from_static("x-ipgate-label");
/// The entry that decided.
const ENTRY: HeaderName = HeaderName::from_static("x-ipgate-entry");
/// The generation of the site.
const GENERATION: HeaderName = HeaderName::from_static("x-ipgate-generation");
/// The client's address.
const CLIENT: HeaderName = HeaderName::from_static("x-ipgate-client");

/// What stands for nothing: where an answer lacks a header, proxies hand on what their client has sent by that name.
const NOTHING: HeaderValue = HeaderValue::from_static("-");

/// Room for the values of one answer; a buffer of some answers is allocated at once.
const ROOM: usize = 1 << 10;

/// Where values are written: each is a piece of one buffer.
#[derive(Debug, Default)]
pub(super) struct Values(BytesMut);

/// Writes text as a header's value: what is not visible ASCII, and `%`, as `%` and two digits.
struct Escaped<'b>(&'b mut BytesMut);

impl Values {
    /// The answer to a request.
    pub(super) fn answer(&mut self, decision: &Decision) -> Response<Full<Bytes>> {
        self.0.reserve(ROOM);
        let is_allowed = decision.is_allowed();
        let body = if is_allowed { "" } else { decision.cause.as_str() };
        let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
        if !is_allowed {
            *response.status_mut() = StatusCode::FORBIDDEN;
        }
        let verdict = decision.verdict.as_ref();
        let label = verdict.and_then(SiteVerdict::label).map(|label| self.text(label));
        let entry = verdict.and_then(SiteVerdict::entry).map(|entry| self.text(entry));
        let client = decision.client.map(|client| self.address(client));
        let headers = response.headers_mut();
        headers.insert(LABEL, label.unwrap_or(NOTHING));
        headers.insert(ENTRY, entry.unwrap_or(NOTHING));
        headers.insert(GENERATION, self.text(decision.generation));
        headers.insert(CLIENT, client.unwrap_or(NOTHING));
        response
    }

    fn address(&mut self, client: Client) -> HeaderValue {
        let address: IpAddr = client.address();
        self.text(address)
    }

    fn text(&mut self, text: impl fmt::Display) -> HeaderValue {
        let is_whole = write!(Escaped(&mut self.0), "{text}").is_ok();
        let written = self.0.split().freeze();
        match &written[..] {
            b"-" => HeaderValue::from_static("%2D"), // nothing is written so
            _ if is_whole => HeaderValue::from_maybe_shared(written).unwrap_or(NOTHING),
            _ => NOTHING,
        }
    }
}

/// Whether a byte stands for itself.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'%'
}

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.bytes().all(is_plain) {
            self.0.put_slice(text.as_bytes());
            return Ok(());
        }
        text.bytes().try_for_each(|byte| match is_plain(byte) {
            true => self.0.write_char(char::from(byte)),
            false => write!(self.0, "%{byte:02X}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_safe_in_headers() {
        let mut values = Values::default();
        for (text, expected) in [
            ("office", "office"),
            ("a b", "a b"),
            ("100%", "100%25"),
            ("Büro", "B%C3%BCro"),
            ("a\r\nb\u{7f}", "a%0D%0Ab%7F"),
            ("-", "%2D"),
            ("", ""),
        ] {
            assert_eq!(values.text(text), expected);
        }
    }
}
