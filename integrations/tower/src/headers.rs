//! Headers that tell an upstream what was decided.

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

use crate::admission::Admission;

/// The label of the entry that decided.
pub static LABEL: HeaderName = HeaderName::from_static("x-ipgate-label");
/// The entry that decided, such as `10.0.1.0/24:office`.
pub static ENTRY: HeaderName = HeaderName::from_static("x-ipgate-entry");
/// The generation of the gate, or of the site.
pub static GENERATION: HeaderName = HeaderName::from_static("x-ipgate-generation");
/// The client's address.
pub static CLIENT: HeaderName = HeaderName::from_static("x-ipgate-client");

/// What all of the names begin with.
const START: &[u8] = b"x-ipgate-";
/// What stands for nothing: a header that is missing might be the client's own further on.
const NOTHING: HeaderValue = HeaderValue::from_static("-");

/// Removes what the client has sent under these names, and others that begin as they do.
#[inline]
pub(crate) fn strip(headers: &mut HeaderMap) {
    // A look at the names costs less than to look for four that are not there.
    if headers.keys().any(is_ours) {
        remove(headers);
    }
}

#[cold]
fn remove(headers: &mut HeaderMap) {
    let claims: Vec<HeaderName> = headers.keys().filter(|name| is_ours(name)).cloned().collect();
    for claim in claims {
        headers.remove(claim);
    }
}

/// Whether some program behind takes it for one of these: to CGI and what came after it, `X_Ipgate_Label` is `X-Ipgate-Label`.
#[inline]
fn is_ours(name: &HeaderName) -> bool {
    let name = name.as_str().as_bytes();
    let is_same = |(byte, expected): (&u8, &u8)| byte == expected || (*byte, *expected) == (b'_', b'-');
    name.len() > START.len() && name.iter().zip(START).all(is_same)
}

/// Says what was decided, in the place of whatever stands there.
pub(crate) fn set(headers: &mut HeaderMap, admission: &Admission) {
    let client = admission.client().ok().map(|client| value(client.address().to_string()));
    headers.insert(&LABEL, admission.label().map_or(NOTHING, value));
    headers.insert(&ENTRY, admission.entry().map_or(NOTHING, |entry| value(entry.to_string())));
    headers.insert(&GENERATION, admission.generation().into());
    headers.insert(&CLIENT, client.unwrap_or(NOTHING));
}

/// A text as it is, in UTF-8. Labels hold no control characters.
fn value(text: impl AsRef<str>) -> HeaderValue {
    HeaderValue::from_bytes(text.as_ref().as_bytes()).unwrap_or(NOTHING)
}
