//! The ways of filtering that are compared: each a configuration around the same location.

use ipgate_nginx_tests::Site;

use crate::lists::Prefixes;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filter {
    None,
    Allow,
    Geo,
    GeoRanges,
    Text,
    Image,
    Site,
}

/// Apps of a site beside the one that is asked for, and entries of each.
const OTHER_APPS: u32 = 9_999;
const OTHER_ENTRIES: u32 = 10;

impl Filter {
    pub(crate) const ALL: [Filter; 7] = [
        Filter::None,
        Filter::Allow,
        Filter::Geo,
        Filter::GeoRanges,
        Filter::Text,
        Filter::Image,
        Filter::Site,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Filter::None => "no filter",
            Filter::Allow => "allow/deny",
            Filter::Geo => "geo",
            Filter::GeoRanges => "geo ranges",
            Filter::Text => "ipgate text",
            Filter::Image => "ipgate image",
            Filter::Site => "ipgate $app",
        }
    }

    /// Whether it can be waited for at that size.
    pub(crate) fn is_bearable(self, entries: u32) -> bool {
        self != Filter::Allow || entries <= 1_000
    }

    pub(crate) fn site(self, prefixes: &Prefixes) -> Site {
        let (file, before, location) = match self {
            Filter::None => (None, "", ""),
            Filter::Allow => (Some(("allow", prefixes.allow())), "", "include allow;"),
            Filter::Geo => (
                Some(("geo", prefixes.geo())),
                "geo $listed { default 0; include geo; }",
                "if ($listed = 0) { return 403; }",
            ),
            Filter::GeoRanges => (
                Some(("geo", prefixes.ranges())),
                "geo $listed { ranges; default 0; include geo; }",
                "if ($listed = 0) { return 403; }",
            ),
            Filter::Text => (
                Some(("a.list", prefixes.list("group"))),
                "ipgate_list office file=a.list;",
                "ipgate office; ipgate_log_level off;",
            ),
            Filter::Image => (
                Some(("a.text", prefixes.list("group"))),
                "ipgate_list office file=a.image;",
                "ipgate office; ipgate_log_level off;",
            ),
            Filter::Site => (
                Some(("fleet/apps/asked.list", prefixes.list("group"))),
                "ipgate_site fleet path=fleet.image;",
                "ipgate_site fleet; ipgate $server_name; ipgate_log_level off;",
            ),
        };
        let server = format!(
            "server_name asked; keepalive_requests 1000000000; location / {{ {location} empty_gif; }} location /report {{ ipgate_report; }}"
        );
        let mut site = Site::new().server(before, &server).quiet();
        if let Some((name, text)) = file {
            site.write(name, text);
        }
        if self == Filter::Site {
            for app in 0..OTHER_APPS {
                let list: String =
                    (0..OTHER_ENTRIES).map(|n| format!("10.{n}.{}.{}\n", app >> 8, app & 255)).collect();
                site.write(&format!("fleet/apps/app{app}.list"), list);
            }
            crate::measure::compile_site(&site.path("fleet"), &site.path("fleet.image"));
        }
        if self == Filter::Image {
            crate::measure::compile(&site.path("a.text"), &site.path("a.image"));
        }
        if self == Filter::None {
            site = site.without_modules();
        }
        site
    }
}
