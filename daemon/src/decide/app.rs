//! Whose list a request asks.

use axum::http::header::HeaderName;
use axum::http::request::Parts;
use ipgate::site::Sought;

use super::cause::Cause;
use crate::config::DecideConfig;

/// How a request says whose list it asks. What names no app of the site, or nothing, is decided by the site's rule for apps
/// that it does not know.
#[derive(Debug)]
pub(super) enum App {
    /// Always this one.
    Named(Box<str>),
    /// By the host that the proxy's client has asked for.
    Host(HeaderName),
    /// By a header that the proxy sets.
    Header(HeaderName),
    /// By the segment of a path between these two.
    Path { before: Box<str>, behind: Box<str> },
}

impl App {
    /// As it is configured.
    pub(super) fn new(config: &DecideConfig) -> Result<App, String> {
        let header = |name: &str| {
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("`{name}` is no name of a header"))
        };
        Ok(match (&config.app, &config.app_header, &config.app_path) {
            (Some(app), ..) => App::Named(app.as_str().into()),
            (_, Some(name), _) => App::Header(header(name)?),
            (.., Some(path)) => {
                let (before, behind) = path.split_once(DecideConfig::APP).unwrap_or((path, ""));
                App::Path { before: before.into(), behind: behind.into() }
            }
            _ => App::Host(header(config.profile.host_header())?),
        })
    }

    /// Whose list that request asks.
    pub(super) fn sought<'r>(&'r self, head: &'r Parts) -> Result<Sought<'r>, Cause> {
        Ok(match self {
            App::Named(name) => Sought::Name(name.as_bytes()),
            // No proxy writes a host into the target; whoever does means something else than the header says.
            App::Host(_) if head.uri.authority().is_some() => return Err(Cause::SeveralApps),
            App::Host(name) => Sought::Host(only(head, name)?),
            App::Header(name) => Sought::Name(only(head, name)?),
            App::Path { before, behind } => Sought::Name(segment(head.uri.path(), before, behind).as_bytes()),
        })
    }
}

/// The one line of a header; nothing where it has none.
fn only<'r>(head: &'r Parts, name: &HeaderName) -> Result<&'r [u8], Cause> {
    let mut lines = head.headers.get_all(name).iter();
    match (lines.next(), lines.next()) {
        (line, None) => Ok(line.map(|line| line.as_bytes()).unwrap_or_default()),
        (_, Some(_)) => Err(Cause::SeveralApps),
    }
}

/// The segment between two parts of a path, as it stands there. What follows may be a client's own path.
fn segment<'p>(path: &'p str, before: &str, behind: &str) -> &'p str {
    let Some(rest) = path.strip_prefix(before) else { return "" };
    let (segment, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let ends = rest.strip_prefix(behind).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if ends { segment } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_segment_of_a_path() {
        for (path, expected) in [
            ("/decide/shop", "shop"),
            ("/decide/shop/", "shop"),
            ("/decide/shop/cart", "shop"),
            ("/decide/", ""),
            ("/decide", ""),
            ("//decide/shop", ""),
            ("/decide/../shop", ".."),
            ("/other/shop", ""),
        ] {
            assert_eq!(segment(path, "/decide/", ""), expected, "{path}");
        }
        assert_eq!(segment("/a/shop/check", "/a/", "/check"), "shop");
        assert_eq!(segment("/a/shop/checked", "/a/", "/check"), "");
        assert_eq!(segment("/a/shop", "/a/", "/check"), "");
    }
}
