//! Changes over HTTP: every code of the Deis controller, tokens and rights, and two writers at once.

mod common;

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::thread;

use common::{Answer, Daemon, Place, ask};
use ipgate::whole_file::Edit;
use serde_json::{Value, json};

const ANNA: &str = "anna-owns-everything";
const BOB: &str = "bob-helps-with-the-shop";
const EVE: &str = "eve-reads-the-blog";

const TOKENS: &str = "\
anna-owns-everything     anna  *     owner
bob-helps-with-the-shop  bob   shop  collaborator
eve-reads-the-blog       eve   blog  reader
";

fn place() -> Place {
    let place = Place::new().with_site();
    place.write("site/apps/deis/deis-controller.list", "198.51.100.1\n");
    place.write("site/hosts", "blog.example blog\n");
    let tokens = place.write("tokens", TOKENS);
    fs::set_permissions(tokens, fs::Permissions::from_mode(0o600)).unwrap();
    place
}

fn start(place: &Place) -> Daemon {
    let listen = "127.0.0.1:0";
    let (site, tokens) = (place.path("site"), place.path("tokens"));
    let daemon =
        Daemon::start(arguments!["--site", site, "--control", listen, "--tokens", tokens, "--admin", listen]);
    daemon.wait_until_ready();
    daemon
}

/// Somebody who sends requests.
struct Client {
    address: SocketAddr,
    token: Option<&'static str>,
}

impl Client {
    fn of(daemon: &Daemon, token: &'static str) -> Client {
        Client { address: daemon.address("control"), token: Some(token) }
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let authorization = self.token.map(|token| format!("token {token}"));
        let mut headers = headers.to_vec();
        headers.extend(authorization.as_deref().map(|value| ("Authorization", value)));
        let answer = ask(self.address, method, path, &headers, body);
        assert_eq!(answer.headers.get("deis_api_version").map(String::as_str), Some("2.3"), "{answer:?}");
        answer
    }

    fn addresses(&self, method: &str, app: &str, addresses: &[&str]) -> Answer {
        let body = json!({ "addresses": addresses }).to_string();
        self.send(method, &format!("/v2/apps/{app}/whitelist/"), &[], &body)
    }

    fn list(&self, app: &str) -> Value {
        self.send("GET", &format!("/v2/apps/{app}/whitelist/"), &[], "").json()["addresses"].clone()
    }
}

fn detail(answer: &Answer) -> String {
    answer.json()["detail"].as_str().unwrap_or_else(|| panic!("no detail in {answer:?}")).to_owned()
}

/// Each code of the old controller, and the body that its client reads.
#[test]
fn it_answers_as_the_controller_did() {
    let place = place();
    let daemon = start(&place);
    let anna = Client::of(&daemon, ANNA);

    assert_eq!(anna.list("shop"), json!(["192.0.2.7:partner"]));
    assert_eq!(anna.list("blog"), json!([]), "an app without a list has an empty array");
    assert_eq!(anna.list("deis%2Fdeis-controller"), json!(["198.51.100.1"]));

    let added = anna.addresses("POST", "shop", &["10.0.1.0/24", "192.0.2.7:partner", "10.0.1.0/24"]);
    assert_eq!(
        (added.code, added.json()),
        (201, json!({ "addresses": ["192.0.2.7:partner", "10.0.1.0/24"] }))
    );
    let text = fs::read_to_string(place.path("site/apps/shop.list")).unwrap();
    assert_eq!(text, "# partners\n192.0.2.7:partner\n10.0.1.0/24\n", "what was there stays as it was");
    let nothing = anna.addresses("POST", "shop", &["10.0.1.0/24"]);
    assert_eq!((nothing.code, nothing.json()), (409, json!({ "detail": "anna changed nothing" })));

    let missing = anna.addresses("DELETE", "shop", &["10.0.1.0/24", "10.0.1.0"]);
    assert_eq!(missing.code, 422);
    assert!(detail(&missing).contains("10.0.1.0 is not in the list, and nothing was removed"), "{missing:?}");
    assert_eq!(anna.list("shop").as_array().unwrap().len(), 2);
    let removed = anna.addresses("DELETE", "shop", &["10.0.1.0/24"]);
    assert_eq!((removed.code, removed.body.as_str()), (204, ""));
    assert_eq!(anna.list("shop"), json!(["192.0.2.7:partner"]));

    for (address, told) in [
        ("256.1.1.1", "`256.1.1.1` is no address"),
        ("example.com", "`example.com` is no address"),
        ("10.0.0.0/255.0.0.0", "10.0.0.0/8"),
        ("1.2.3.4,5.6.7.8", "is not one address"),
        ("1.2.3.4 # mine", "is not one address"),
        ("", "is not one address"),
        ("1.2.3.4:a-label-that-makes-this-longer-than-50-characters", "more than 50 characters"),
    ] {
        let bad = anna.addresses("POST", "shop", &["192.0.2.9", address]);
        assert_eq!(bad.code, 400, "{address}: {bad:?}");
        assert!(detail(&bad).contains(told), "{address}: {bad:?}");
    }
    for body in ["", "{}", "[]", "{\"addresses\": \"1.2.3.4\"}"] {
        let bad = anna.send("POST", "/v2/apps/shop/whitelist/", &[], body);
        assert_eq!(bad.code, 400, "{body}: {bad:?}");
        assert!(detail(&bad).starts_with("send {\"addresses\""), "{bad:?}");
    }
    assert_eq!(anna.list("shop"), json!(["192.0.2.7:partner"]), "none of this changed anything");

    for (method, path, code) in [
        ("GET", "/v2/apps/nobody/whitelist/", 404),
        ("POST", "/v2/apps/nobody/whitelist/", 404),
        ("GET", "/v2/apps/..%2F..%2Fsite/whitelist/", 404),
        ("GET", "/v2/apps/shop/", 404),
        ("PATCH", "/v2/apps/shop/whitelist/", 405),
        ("GET", "/v2/", 200),
    ] {
        let answer = anna.send(method, path, &[], "{\"addresses\": [\"1.2.3.4\"]}");
        assert_eq!(answer.code, code, "{method} {path}: {answer:?}");
        assert!(code == 200 || !detail(&answer).is_empty());
    }
    for token in [None, Some("somebody-without-any"), Some("")] {
        let nobody = Client { address: anna.address, token };
        for path in ["/v2/", "/v2/apps/shop/whitelist/", "/v2/apps/nobody/whitelist/"] {
            let answer = nobody.send("GET", path, &[], "");
            assert_eq!(answer.code, 401, "{path}");
            assert!(detail(&answer).contains("token"), "{answer:?}");
        }
    }
}

#[test]
fn rights_are_by_token_and_app() {
    let place = place();
    let daemon = start(&place);
    let (bob, eve) = (Client::of(&daemon, BOB), Client::of(&daemon, EVE));
    for (client, method, app, code) in [
        (&bob, "GET", "shop", 200),
        (&bob, "POST", "shop", 201),
        (&bob, "DELETE", "shop", 403),
        (&bob, "PUT", "shop", 403),
        (&bob, "GET", "blog", 403),
        (&eve, "GET", "blog", 200),
        (&eve, "POST", "blog", 403),
        (&eve, "GET", "shop", 403),
    ] {
        let answer = client.addresses(method, app, &["192.0.2.77"]);
        assert_eq!(answer.code, code, "{method} {app}: {answer:?}");
        if code == 403 {
            assert!(detail(&answer).contains("may not"), "{answer:?}");
        }
    }
    let explain = eve.send("GET", "/v2/apps/shop/explain?address=10.1.1.1", &[], "");
    assert_eq!(explain.code, 403);
}

#[test]
fn each_change_says_who_made_it() {
    let place = place();
    let daemon = start(&place);
    let anna = Client::of(&daemon, ANNA);
    assert_eq!(anna.addresses("POST", "blog", &["192.0.2.1", "192.0.2.2"]).code, 201);
    assert_eq!(anna.addresses("DELETE", "blog", &["192.0.2.1"]).code, 204);
    let told = daemon.wait_for("anna added 192.0.2.1,192.0.2.2");
    assert_eq!(
        (&told["target"], &told["user"], &told["app"]),
        (&json!("audit"), &json!("anna"), &json!("blog"))
    );
    assert!(told["from"].as_str().unwrap().starts_with("127.0.0.1:"), "{told}");
    assert_eq!(daemon.wait_for("anna deleted 192.0.2.1")["deleted"], "192.0.2.1");
    let log = serde_json::to_string(&daemon.log()).unwrap();
    assert!(!log.contains(ANNA), "no token is in the log");
}

#[test]
fn a_change_comes_into_force() {
    let place = place();
    let daemon = start(&place);
    let anna = Client::of(&daemon, ANNA);
    let explained =
        |address: &str| anna.send("GET", &format!("/v2/apps/blog/explain?address={address}"), &[], "").json();
    assert_eq!(explained("192.0.2.1")["allowed"], false);
    assert_eq!(anna.addresses("POST", "blog", &["192.0.2.0/24:press"]).code, 201);
    daemon.until("it is in force", || explained("192.0.2.1")["allowed"] == true);
    let why = explained("192.0.2.1");
    assert_eq!((&why["label"], &why["covering"][0]["list"]), (&json!("press"), &json!("app")), "{why}");
    assert_eq!(why["covering"][0]["entry"], "192.0.2.0/24:press");
    assert_eq!(explained("10.1.1.1")["covering"][0]["list"], "default");
    for bad in ["", "?address=foobar", "?addr=10.1.1.1"] {
        assert_eq!(anna.send("GET", &format!("/v2/apps/blog/explain{bad}"), &[], "").code, 400, "{bad}");
    }
}

#[test]
fn the_last_entry_says_what_goes_with_it() {
    let place = place();
    let daemon = start(&place);
    let anna = Client::of(&daemon, ANNA);
    let path = "/v2/apps/shop/whitelist/?dry_run=true";
    let body = "{\"addresses\": [\"192.0.2.7:partner\"]}";
    let dry = anna.send("DELETE", path, &[], body);
    assert_eq!(dry.code, 200, "{dry:?}");
    assert!(dry.json()["notice"].as_str().unwrap().contains("the default list decides"), "{dry:?}");
    assert_eq!(dry.json()["effect"]["lost"]["prefixes"], json!(["192.0.2.7/32"]));
    assert_eq!(anna.list("shop"), json!(["192.0.2.7:partner"]), "nothing has changed");

    let gone = anna.addresses("DELETE", "shop", &["192.0.2.7:partner"]);
    assert_eq!(gone.code, 204);
    assert!(
        gone.headers["ipgate-notice"].contains("shop has no list of its own then; the default list decides")
    );
    assert!(!place.path("site/apps/shop.list").exists());
    daemon.wait_for("the last entry was removed");

    // Without a default list and without `enforce`, that opens the app.
    place.write("site/site.toml", "enforce = false\n");
    fs::remove_file(place.path("site/default.list")).unwrap();
    let controller = "/v2/apps/deis%2Fdeis-controller/whitelist/?dry_run=true";
    let dry = || anna.send("DELETE", controller, &[], "{\"addresses\": [\"198.51.100.1\"]}").json();
    daemon.until("it is open", || dry()["notice"].as_str().unwrap().contains("EVERYONE is let in"));
    assert_eq!(dry()["effect"]["gained"]["ipv4"], "4294967295");
}

#[test]
fn a_dry_run_says_who_is_affected() {
    let place = place();
    let daemon = start(&place);
    let anna = Client::of(&daemon, ANNA);
    let dry = |method: &str, addresses: &[&str], headers: &[(&str, &str)]| {
        let body = json!({ "addresses": addresses }).to_string();
        let answer = anna.send(method, "/v2/apps/shop/whitelist/?dry_run=true", headers, &body);
        assert_eq!(answer.code, 200, "{answer:?}");
        answer.json()
    };
    let add = dry("POST", &["192.0.2.0/30", "10.1.0.0/16"], &[]);
    // What the default list lets in already gains nothing, and neither does what the list has.
    assert_eq!(add["effect"]["gained"]["prefixes"], json!(["192.0.2.0/30"]), "{add}");
    assert_eq!(add["effect"]["added"], json!(["10.1.0.0/16", "192.0.2.0/30"]), "{add}");
    let set = dry("PUT", &["!10.9.0.0/16:lab"], &[("If-Match", "*")]);
    assert_eq!(set["effect"]["lost"]["prefixes"], json!(["10.9.0.0/16", "192.0.2.7/32"]), "{set}");
    assert_eq!(anna.list("shop"), json!(["192.0.2.7:partner"]));
    let slip =
        anna.send("POST", "/v2/apps/shop/whitelist/?dryrun=true", &[], "{\"addresses\": [\"192.0.2.1\"]}");
    assert_eq!(slip.code, 400, "what was meant to be dry is not done: {slip:?}");
    assert_eq!(anna.list("shop"), json!(["192.0.2.7:partner"]));
}

#[test]
fn a_whole_list_is_put_over_the_one_that_was_read() {
    let place = place();
    let daemon = start(&place);
    let anna = Client::of(&daemon, ANNA);
    let path = "/v2/apps/shop/whitelist/";
    let read = anna.send("GET", path, &[("Accept", "text/plain")], "");
    assert_eq!(read.body, "# partners\n192.0.2.7:partner\n");
    let version = read.headers["etag"].clone();
    let plain = ("Content-Type", "text/plain");
    let put = |version: &str, text: &str| anna.send("PUT", path, &[plain, ("If-Match", version)], text);

    assert_eq!(anna.send("PUT", path, &[plain], "192.0.2.9\n").code, 428);
    assert_eq!(put("\"another\"", "192.0.2.9\n").code, 412);
    let bad = put(&version, "192.0.2.9\nfoobar\n");
    assert_eq!(bad.code, 400);
    assert!(detail(&bad).contains("foobar"), "{bad:?}");
    assert_eq!(fs::read_to_string(place.path("site/apps/shop.list")).unwrap(), read.body);

    let done = put(&version, "# friends\n192.0.2.9:friend\n");
    assert_eq!((done.code, done.json()["addresses"].clone()), (200, json!(["192.0.2.9:friend"])));
    assert_eq!(
        fs::read_to_string(place.path("site/apps/shop.list")).unwrap(),
        "# friends\n192.0.2.9:friend\n"
    );
    assert_eq!(put(&version, "192.0.2.10\n").code, 412, "the version was of the list before");
    daemon.wait_for("anna added 192.0.2.9:friend, deleted 192.0.2.7:partner");
    let addresses = anna.send("PUT", path, &[("If-Match", "*")], "{\"addresses\": [\"192.0.2.1\", \"::1\"]}");
    assert_eq!(addresses.code, 200, "{addresses:?}");
    assert_eq!(fs::read_to_string(place.path("site/apps/shop.list")).unwrap(), "192.0.2.1\n::1\n");
}

/// Through two listeners, and beside a program that edits the file itself, as `ipgate add` does.
#[test]
fn writers_at_once_lose_nothing() {
    const EACH: usize = 25;
    let place = place();
    let daemons = [start(&place), start(&place)];
    let file = place.path("site/apps/shop.list");
    thread::scope(|scope| {
        for (writer, daemon) in daemons.iter().flat_map(|daemon| [daemon, daemon]).enumerate() {
            scope.spawn(move || {
                let anna = Client::of(daemon, ANNA);
                for n in 0..EACH {
                    let address = format!("10.{writer}.{n}.0/24");
                    while anna.addresses("POST", "shop", &[&address]).code == 503 {} // others were faster 32 times
                }
            });
        }
        scope.spawn(|| {
            for n in 0..EACH {
                let edit = Edit::of(&file).unwrap();
                let mut text = fs::read_to_string(edit.path()).unwrap();
                text += &format!("10.99.{n}.0/24\n");
                edit.write(text.as_bytes()).unwrap();
            }
        });
    });
    let text = fs::read_to_string(&file).unwrap();
    let all = (0..EACH).flat_map(|n| [0, 1, 2, 3, 99].map(|writer| format!("10.{writer}.{n}.0/24")));
    let lost: Vec<String> = all.filter(|line| !text.lines().any(|other| other == line)).collect();
    assert_eq!(lost, Vec::<String>::new());
    assert_eq!(text.lines().count(), 2 + 5 * EACH);
}

#[test]
fn tokens_are_read_again_when_they_change() {
    let place = place();
    let daemon = start(&place);
    let late = Client::of(&daemon, "late-but-long-enough");
    let code = || late.send("GET", "/v2/", &[], "").code;
    assert_eq!(code(), 401);
    place.write("tokens", &format!("{TOKENS}late-but-long-enough late shop owner\n"));
    assert_eq!(code(), 200);
    daemon.wait_for("may read the tokens in it; `chmod 600");
    place.write("tokens", "nonsense\n");
    assert_eq!(code(), 200, "the tokens from before go on to hold");
    let told = daemon.wait_for("the tokens from before go on to hold");
    assert!(told["message"].as_str().unwrap().contains("line 1: it is not four words"), "{told}");
    place.write("tokens", TOKENS);
    assert_eq!(code(), 401);
}

#[test]
fn changes_go_where_the_configuration_says() {
    let place = place();
    place.write("other/apps/shop.list", "198.51.100.7\n");
    let source = |name: &str| format!("[[source]]\nkind = \"folder\"\npath = {:?}\n", place.path(name));
    let control = format!("[control]\nlisten = \"127.0.0.1:0\"\ntokens = {:?}\n", place.path("tokens"));
    let file = place.write("ipgated.toml", &(source("site") + &control));
    let daemon = Daemon::start(arguments!["--config", &file, "--admin", "127.0.0.1:0"]);
    daemon.wait_until_ready();
    let anna = Client::of(&daemon, ANNA);
    assert_eq!(anna.list("shop"), json!(["192.0.2.7:partner"]));
    place.write("ipgated.toml", &(source("other") + &control));
    daemon.signal("HUP");
    daemon.wait_for("the configuration was read anew");
    assert_eq!(anna.list("shop"), json!(["198.51.100.7"]));
    assert_eq!(anna.addresses("POST", "shop", &["198.51.100.8"]).code, 201);
    assert_eq!(
        fs::read_to_string(place.path("other/apps/shop.list")).unwrap(),
        "198.51.100.7\n198.51.100.8\n"
    );
}

#[test]
fn a_bad_file_of_tokens_is_found_by_the_check() {
    let place = place();
    place.write("tokens", "short anna * owner\n");
    let (site, tokens) = (place.path("site"), place.path("tokens"));
    let arguments =
        arguments!["--site", site, "--control", "127.0.0.1:0", "--tokens", &tokens, "--check-config"];
    let (code, _, err) = common::said(arguments);
    assert_eq!(code, 2);
    assert!(err.contains("tokens: line 1: the token of anna has fewer than 16 characters"), "{err}");
}
