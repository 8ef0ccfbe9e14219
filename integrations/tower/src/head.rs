//! What of a request is looked at.

use http::{Extensions, HeaderMap, Method, Request, Uri, Version};

/// A request without its body, borrowed.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Head<'r> {
    /// The method.
    pub method: &'r Method,
    /// The target: with a host in HTTP/2, and where a client takes this for a proxy.
    pub uri: &'r Uri,
    /// The version.
    pub version: Version,
    /// The headers.
    pub headers: &'r HeaderMap,
    /// What others have left with the request, such as the peer's address.
    pub extensions: &'r Extensions,
}

impl<'r> Head<'r> {
    /// Of a request.
    #[inline]
    #[must_use]
    pub fn of<B>(request: &'r Request<B>) -> Head<'r> {
        Head {
            method: request.method(),
            uri: request.uri(),
            version: request.version(),
            headers: request.headers(),
            extensions: request.extensions(),
        }
    }
}
