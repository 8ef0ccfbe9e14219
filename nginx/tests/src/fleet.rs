//! A small site of apps, as ipgate knows them: what the tests of `ipgate_site` have in common.

use crate::site::Site;

/// The default list lets 10.0.0.0/8 in, everywhere but at `bank`.
const FILES: [(&str, &str); 6] = [
    ("fleet/site.toml", "enforce = true\n[apps.\"bank\"]\nmode = \"override\"\n"),
    ("fleet/default.list", "10.0.0.0/8:corp\n"),
    ("fleet/apps/shop.list", "192.0.2.0/24:partner,!10.9.0.0/16:lab\n"),
    ("fleet/apps/bank.list", "198.51.100.0/24:teller\n"),
    ("fleet/apps/team/wiki.list", "203.0.113.0/24:writer\n"),
    ("fleet/hosts", "shop.example.com shop\n*.shop.example.com shop\nbank.example.com bank\n"),
];

impl Site {
    /// The same with a folder `fleet`: the apps `shop`, `bank` and `team/wiki`.
    pub fn with_fleet(self) -> Site {
        FILES.iter().fold(self, |site, (name, content)| site.file(name, content))
    }

    /// The usual http block, with that folder as the site `fleet`, which is looked at often.
    pub fn fleet_server(self, options: &str, before: &str, server: &str) -> Site {
        let fleet = format!("ipgate_site fleet path=fleet interval=40ms {options};");
        self.with_fleet().server(&format!("{fleet}\n{before}"), server)
    }
}
