//! Headers on their way from one connection to the next: what stays behind, and what a client may not claim.

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::http::uri::{Authority, Scheme};
use hyper::{StatusCode, Version};
use ipgate::client::Client;

/// Why headers cannot be passed on: the status if they are a client's, and a sentence for whoever sent them.
pub(crate) type Bad = (StatusCode, &'static str);

const fn bad(sentence: &'static str) -> Bad {
    (StatusCode::BAD_REQUEST, sentence)
}

/// The host that a request is for: its target's, or that of its one Host line (RFC 9112, 3.2). An HTTP/1.0 request may
/// name none.
pub(crate) fn host(request: &Parts) -> Result<Option<HeaderValue>, Bad> {
    let mut lines = request.headers.get_all(header::HOST).iter();
    let line = match (lines.next(), lines.next()) {
        (None, _) if request.version == Version::HTTP_10 => None,
        (None, _) => return Err(bad("A request of HTTP/1.1 has a Host line.\n")),
        (Some(_), Some(_)) => return Err(bad("A request has one Host line.\n")),
        (Some(line), None) => Some(line.clone()),
    };
    if line.as_ref().is_some_and(|line| !is_host(line.as_bytes())) {
        return Err(bad("A Host line is a host, and a port if need be.\n"));
    }
    match (request.uri.authority(), request.uri.scheme()) {
        (None, _) => Ok(line),
        (Some(target), Some(scheme)) if *scheme == Scheme::HTTP && is_host(target.as_str().as_bytes()) => {
            Ok(HeaderValue::from_str(target.as_str()).ok())
        }
        _ => Err(bad("A target is a path, or http:// with host and path.\n")),
    }
}

/// Whether this is `host` or `host:port`, without user and password.
fn is_host(text: &[u8]) -> bool {
    let Ok(authority) = Authority::try_from(text) else { return false };
    let (host, all) = (authority.host(), authority.as_str());
    let port = all.strip_prefix(host).and_then(|rest| rest.strip_prefix(':')).unwrap_or_default();
    let is_port = port.is_empty() || port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok();
    !host.is_empty() && is_port && !all.contains('@')
}

/// What concerns one connection only, whether Connection names it or not (RFC 9110, 7.6.1). `Expect` is answered by the
/// server of this connection.
const HOP_BY_HOP: [&str; 10] = [
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What is meant for all recipients: by naming it in Connection, a client would have a request lose its credentials, its
/// conditions or its host on the way. A sender must not do that (RFC 9110, 7.6.1).
fn is_end_to_end(name: &HeaderName) -> bool {
    let families = ["accept", "access-control-", "content-", "if-", "sec-", "x-forwarded"];
    let names = [
        header::AGE,
        header::AUTHORIZATION,
        header::CACHE_CONTROL,
        header::COOKIE,
        header::DATE,
        header::ETAG,
        header::EXPIRES,
        header::FORWARDED,
        header::FROM,
        header::HOST,
        header::LAST_MODIFIED,
        header::LOCATION,
        header::MAX_FORWARDS,
        header::ORIGIN,
        header::PRAGMA,
        header::RANGE,
        header::REFERER,
        header::SET_COOKIE,
        header::STRICT_TRANSPORT_SECURITY,
        header::USER_AGENT,
        header::VARY,
        header::VIA,
        header::WWW_AUTHENTICATE,
    ];
    names.contains(name) || *name == "x-real-ip" || families.iter().any(|f| name.as_str().starts_with(f))
}

/// Removes what concerns one connection only, and says how the body goes on: chunked, or as Content-Length says.
pub(crate) fn remove_hop_by_hop(headers: &mut HeaderMap) -> Result<(), Bad> {
    let mut named = Vec::new();
    for value in headers.get_all(header::CONNECTION) {
        let options = value.to_str().map_err(|_| bad("Connection is a list of names.\n"))?.split(',');
        for option in options.map(str::trim).filter(|option| !option.is_empty()) {
            let name: HeaderName = option.parse().map_err(|_| bad("Connection is a list of names.\n"))?;
            if is_end_to_end(&name) {
                return Err(bad("Connection names a field that is for all recipients.\n"));
            }
            named.push(name);
        }
    }
    let codings: Vec<_> = headers.get_all(header::TRANSFER_ENCODING).iter().collect();
    let is_chunked = !codings.is_empty();
    if is_chunked && !matches!(codings[..], [coding] if coding.as_bytes().eq_ignore_ascii_case(b"chunked")) {
        return Err((StatusCode::NOT_IMPLEMENTED, "The only transfer coding here is chunked.\n"));
    }
    for name in named {
        headers.remove(name);
    }
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
    if is_chunked {
        headers.remove(header::CONTENT_LENGTH); // would contradict it (RFC 9112, 6.3)
        headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    Ok(())
}

/// Replaces what is said of addresses by what is known. X-Real-IP is the client; X-Forwarded-For keeps what it had, with the
/// address of this connection as its last element, for whoever walks it from the right.
pub(crate) fn set_client(headers: &mut HeaderMap, client: Client) -> Result<(), Bad> {
    let name = HeaderName::from_static("x-forwarded-for");
    let (client, peer) = (client.address().to_string(), client.peer().to_string());
    let mut way: Vec<&[u8]> = headers.get_all(&name).iter().map(HeaderValue::as_bytes).collect();
    way.push(peer.as_bytes());
    let way = HeaderValue::from_bytes(&way.join(b", ".as_slice())).map_err(|_| unwritable())?;
    let client = HeaderValue::from_str(&client).map_err(|_| unwritable())?;
    let claims: Vec<HeaderName> = headers.keys().filter(|name| is_claim(name)).cloned().collect();
    for claim in claims {
        headers.remove(claim);
    }
    headers.insert(name, way);
    headers.insert(HeaderName::from_static("x-real-ip"), client);
    Ok(())
}

fn unwritable() -> Bad {
    bad("X-Forwarded-For is a list of addresses.\n")
}

/// Whether some program behind us takes this for the word of a proxy. Names with other characters than letters, digits
/// and hyphens are, too: to CGI and what came after it, `X_Real_IP` is `X-Real-IP`.
fn is_claim(name: &HeaderName) -> bool {
    let names = [
        "cf-connecting-ip",
        "cf-connecting-ipv6",
        "client-ip",
        "fastly-client-ip",
        "forwarded",
        "forwarded-for",
        "remote-addr",
        "true-client-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-envoy-external-address",
        "x-original-forwarded-for",
        "x-real-ip",
        "x-remote-addr",
        "x-remote-ip",
    ];
    let name = name.as_str();
    names.contains(&name)
        || name.starts_with("x-forwarded")
        || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
