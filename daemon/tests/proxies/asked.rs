//! What every proxy does, whoever it is.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::arguments;
use crate::common::{Daemon, Place};
use crate::program::{Program, Proxy, free_port};
use crate::upstream::{self, Answer, ask};

/// A daemon, a proxy that asks it, and a service behind.
struct Stage {
    place: Place,
    profile: &'static str,
    decide: SocketAddr,
    daemon: Option<Daemon>,
    proxy: Proxy,
}

impl Stage {
    fn new(program: Program) -> Stage {
        let place = Place::new();
        place.write("site/site.toml", "enforce = true\n");
        place.write("site/apps/shop.list", "127.0.0.7:office\n::1/128:six\n");
        place.write("site/hosts", "shop.example shop\n");
        let decide = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let proxy = program.start(decide, upstream::start());
        let mut stage = Stage { place, profile: program.profile, decide, daemon: None, proxy };
        stage.begin();
        stage
    }

    fn begin(&mut self) {
        let site = self.place.path("site");
        let daemon = Daemon::start(arguments![
            "--site",
            site,
            "--admin",
            "127.0.0.1:0",
            "--decide",
            self.decide.to_string(),
            "--profile",
            self.profile,
            "--trusted-proxies",
            "127.0.0.1:proxy",
        ]);
        daemon.wait_until_ready();
        self.daemon = Some(daemon);
    }

    fn daemon(&self) -> &Daemon {
        self.daemon.as_ref().unwrap()
    }

    fn ask(&self, from: &str, headers: &[&str]) -> Answer {
        ask(self.proxy.port, from, "shop.example", headers)
    }
}

pub(crate) fn lists_decide(program: Program) {
    let stage = Stage::new(program);
    let allowed = stage.ask("127.0.0.7", &[]);
    assert_eq!(allowed.code, 200);
    assert_eq!(allowed.lines("x-ipgate-client"), ["127.0.0.7"]);
    assert_eq!(allowed.lines("x-ipgate-label"), ["office"]);
    assert_eq!(allowed.lines("x-ipgate-entry"), ["127.0.0.7:office"]);
    assert_eq!(allowed.lines("x-ipgate-generation").len(), 1);
    let six = stage.ask("::1", &[]);
    assert_eq!((six.code, six.lines("x-ipgate-label")), (200, vec!["six"]));
    assert_eq!(stage.ask("127.0.0.8", &[]).code, 403);
    let told = stage.daemon().wait_for("denied");
    for (key, expected) in [
        ("client", "127.0.0.8"),
        ("peer", "127.0.0.1"),
        ("app", "shop"),
        ("reason", "no-entry"),
        ("entry", "-"),
        ("label", "-"),
        ("found", "element 1 from the right"),
        ("profile", stage.profile),
    ] {
        assert_eq!(told[key], expected, "{told}");
    }
    let metrics = stage.daemon().get("/metrics").body;
    let counted = format!(
        "ipgated_decisions_total{{profile=\"{}\",app=\"shop\",result=\"allow\",reason=\"allow-entry\"}} 2",
        stage.profile
    );
    assert!(metrics.lines().any(|line| line == counted), "{metrics}");
    assert!(!metrics.contains("127.0.0"), "{metrics}");
}

/// Headers in which somebody may say who they are.
const CLAIMS: [&str; 10] = [
    "X-Forwarded-For: {}",
    "X-Forwarded-For: {}, {}",
    "X-Real-IP: {}",
    "Forwarded: for={}",
    "Forwarded: for={};proto=https, for={}",
    "X-Ipgate-Client: {}",
    "X_Ipgate_Client: {}",
    "CF-Connecting-IP: {}",
    "True-Client-IP: {}",
    "X-Envoy-External-Address: {}",
];

pub(crate) fn whoever_claims_to_be_somebody_else_is_not(program: Program) {
    let stage = Stage::new(program);
    for (client, claimed, code) in [("127.0.0.8", "127.0.0.7", 403), ("127.0.0.7", "127.0.0.8", 200)] {
        for claim in CLAIMS {
            let line = claim.replace("{}", claimed);
            for lines in [vec![line.as_str()], vec![line.as_str(), line.as_str()]] {
                assert_eq!(stage.ask(client, &lines).code, code, "{client}: {lines:?}");
            }
        }
        let all = CLAIMS.map(|claim| claim.replace("{}", claimed));
        assert_eq!(stage.ask(client, &all.each_ref().map(String::as_str)).code, code, "{client}: all");
    }
    // Hosts, too: what the client claims is not whose list is asked.
    stage.place.write("site/apps/open.list", "0.0.0.0/0\n");
    stage.place.write("site/hosts", "shop.example shop\nopen.example open\n");
    stage
        .daemon()
        .until("the app is there", || ask(stage.proxy.port, "127.0.0.8", "open.example", &[]).code == 200);
    assert_eq!(stage.ask("127.0.0.8", &["X-Forwarded-Host: open.example"]).code, 403);
    assert_eq!(stage.ask("127.0.0.8", &["Forwarded: host=open.example"]).code, 403);
}

pub(crate) fn forged_labels_do_not_pass(program: Program) {
    let stage = Stage::new(program);
    stage.place.write("site/apps/shop.list", "127.0.0.0/8\n");
    stage.daemon().until("there is an entry without a label", || stage.ask("127.0.0.9", &[]).code == 200);
    let forged = [
        "X-Ipgate-Label: boss",
        "X-Ipgate-Entry: 0.0.0.0/0:boss",
        "X-Ipgate-Generation: 999",
        "X-Ipgate-Client: 6.6.6.6",
        "X_Ipgate_Label: boss", // the same to CGI, and to what came after it
    ];
    let answer = stage.ask("127.0.0.9", &forged);
    assert_eq!(answer.code, 200);
    assert_eq!(answer.lines("x-ipgate-label"), ["-"]);
    assert_eq!(answer.lines("x-ipgate-entry"), ["127.0.0.0/8"]);
    assert_eq!(answer.lines("x-ipgate-client"), ["127.0.0.9"]);
    assert_ne!(answer.lines("x-ipgate-generation"), ["999"]);
    assert!(!answer.shown.contains("boss"), "{}", answer.shown);
}

pub(crate) fn an_unknown_host_is_decided_by_the_site(program: Program) {
    let stage = Stage::new(program);
    assert_eq!(ask(stage.proxy.port, "127.0.0.7", "nobody.example", &[]).code, 403);
    stage.place.write("site/default.list", "127.0.0.7:anywhere\n");
    stage.daemon().until("the default list is asked", || {
        ask(stage.proxy.port, "127.0.0.7", "nobody.example", &[]).lines("x-ipgate-label") == ["anywhere"]
    });
    assert_eq!(ask(stage.proxy.port, "127.0.0.8", "nobody.example", &[]).code, 403);
}

pub(crate) fn swaps_under_load(program: Program) {
    let stage = Stage::new(program);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let answer = stage.ask("127.0.0.7", &[]);
                    assert_eq!(answer.code, 200, "{answer:?}");
                    // Both of one answer are of one table.
                    let (label, entry) = (answer.lines("x-ipgate-label"), answer.lines("x-ipgate-entry"));
                    assert_eq!(entry, [format!("127.0.0.7:{}", label[0])]);
                    assert_eq!(stage.ask("127.0.0.8", &[]).code, 403);
                }
            });
        }
        for label in ["red", "green", "blue", "red", "green", "blue"] {
            stage.place.write("site/apps/shop.list", &format!("127.0.0.7:{label}\n"));
            stage
                .daemon()
                .until("it is in force", || stage.ask("127.0.0.7", &[]).lines("x-ipgate-label") == [label]);
        }
        is_over.store(true, Ordering::Relaxed);
    });
}

pub(crate) fn a_daemon_that_is_away_lets_nobody_in(program: Program) {
    let mut stage = Stage::new(program);
    assert_eq!(stage.ask("127.0.0.7", &[]).code, 200);
    stage.daemon.take().unwrap().kill();
    for _ in 0..5 {
        let answer = stage.ask("127.0.0.7", &[]);
        assert!(answer.code >= 400, "{answer:?}");
        assert!(!answer.shown.contains("get /page"), "the service was reached: {answer:?}");
    }
    stage.begin();
    stage.daemon().until("it lets in again", || stage.ask("127.0.0.7", &[]).code == 200);
    assert_eq!(stage.ask("127.0.0.8", &[]).code, 403);
}
