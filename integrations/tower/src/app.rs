//! For which app a request asks.

use std::fmt;
use std::sync::Arc;

use http::header::{self, HeaderName};
use ipgate::site::Sought;

use crate::head::Head;

/// How a request says for which app of a site it asks. What names no app of the site, or nothing, is decided by the site's
/// rule for apps that it does not know.
#[derive(Clone)]
pub struct App(By);

#[derive(Clone)]
enum By {
    Host,
    Header(HeaderName),
    Fixed(Arc<str>),
    Closure(Arc<Find>),
}

/// Finds the name of an app in a request.
type Find = dyn for<'r> Fn(Head<'r>) -> Option<&'r str> + Send + Sync;

/// A request that names two hosts. Which of them the service answers for is not known here, so it is denied.
#[derive(Debug)]
pub(crate) struct SeveralHosts;

impl App {
    /// By the host that is asked for: that of the target, or of the one `Host` line. In any case, with or without a port; the
    /// site says whose host it is.
    #[must_use]
    pub fn by_host() -> App {
        App(By::Host)
    }

    /// By the name in a header, which something in front sets: clients can send any. Several lines name nothing.
    #[must_use]
    pub fn by_header(name: HeaderName) -> App {
        App(By::Header(name))
    }

    /// By the first segment of the path: `shop` of `/shop/cart`, as it stands there. `/%73hop/` and `//shop/` name no app: for
    /// a service that reads them as the same, what the site says of apps that it does not know must let in nobody else.
    #[must_use]
    pub fn by_path() -> App {
        App::by(|head| head.uri.path().strip_prefix('/')?.split('/').next())
    }

    /// By whatever a closure finds in the request: a piece of it, such as the part of a path.
    ///
    /// ```
    /// use ipgate_tower::App;
    /// let app = App::by(|head| head.uri.path().strip_prefix("/apps/")?.split('/').next());
    /// ```
    #[must_use]
    pub fn by(find: impl for<'r> Fn(Head<'r>) -> Option<&'r str> + Send + Sync + 'static) -> App {
        App(By::Closure(Arc::new(find)))
    }

    /// Always this one.
    #[must_use]
    pub fn named(name: &str) -> App {
        App(By::Fixed(name.into()))
    }

    /// What the request asks for.
    #[inline]
    pub(crate) fn sought<'s>(&'s self, head: Head<'s>) -> Result<Sought<'s>, SeveralHosts> {
        let name = |name: Option<&'s [u8]>| Sought::Name(name.unwrap_or_default());
        Ok(match &self.0 {
            By::Host => Sought::Host(host(head)?),
            By::Header(header) => name(only(head, header).ok().flatten()),
            By::Fixed(fixed) => name(Some(fixed.as_bytes())),
            By::Closure(find) => name(find(head).map(str::as_bytes)),
        })
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            By::Host => f.write_str("App::by_host"),
            By::Header(name) => f.debug_tuple("App::by_header").field(name).finish(),
            By::Fixed(name) => f.debug_tuple("App::named").field(name).finish(),
            By::Closure(_) => f.write_str("App::by"),
        }
    }
}

/// The host that a request asks for; empty where it names none.
fn host(head: Head<'_>) -> Result<&[u8], SeveralHosts> {
    let line = only(head, &header::HOST)?;
    match (head.uri.authority(), line) {
        (None, line) => Ok(line.unwrap_or_default()),
        (Some(target), None) => Ok(without_user(target.as_str()).as_bytes()),
        // Proxies and clients write both, alike.
        (Some(target), Some(line)) if without_user(target.as_str()).as_bytes().eq_ignore_ascii_case(line) => {
            Ok(line)
        }
        (Some(_), Some(_)) => Err(SeveralHosts),
    }
}

fn without_user(authority: &str) -> &str {
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// The one line of a header, where it has one.
#[inline]
fn only<'r>(head: Head<'r>, name: &HeaderName) -> Result<Option<&'r [u8]>, SeveralHosts> {
    let mut lines = head.headers.get_all(name).iter();
    match (lines.next(), lines.next()) {
        (line, None) => Ok(line.map(|line| line.as_bytes())),
        (_, Some(_)) => Err(SeveralHosts),
    }
}
