//! What the layer lets through, what it denies, and what it says of it.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use ipgate::client::{ClientRule, Found, Header, NoClient, NoSource, NotAnAddress};
use ipgate::site::{self, Site, SiteGate};
use ipgate::{Gate, List, Reason};
use ipgate_tower::{Admission, App, CLIENT, ENTRY, GENERATION, GateLayer, LABEL, Proxied, Refusal, Respond};
use support::{Echo, Echoed, request, send};
use tower_layer::Layer;

fn gate(list: &str) -> Gate {
    Gate::new(&list.parse::<List>().unwrap())
}

/// A default list, and two apps with hosts of their own.
fn site() -> SiteGate {
    let app = |list: &str, host: &str| {
        site::App::new().with_list(list.parse::<List>().unwrap()).with_host(host.parse().unwrap())
    };
    let site = Site::new()
        .with_default("10.0.0.0/8:corp".parse::<List>().unwrap())
        .with_app("shop".parse().unwrap(), app("192.0.2.7:partner", "*.shop.example"))
        .with_app("blog".parse().unwrap(), app("!10.9.0.0/16:lab", "blog.example"));
    SiteGate::new(&site).unwrap()
}

fn status<D: Respond<Echoed> + Clone>(layer: &GateLayer<D>, request: Request<()>) -> StatusCode {
    send(&mut layer.layer(Echo), request).status()
}

/// The request as the service gets it.
fn passed<D: Respond<Echoed> + Clone>(layer: &GateLayer<D>, request: Request<()>) -> Request<()> {
    send(&mut layer.layer(Echo), request).into_body().expect("it has passed")
}

fn with(mut request: Request<()>, name: &'static str, value: &str) -> Request<()> {
    request.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
    request
}

#[test]
fn the_list_decides_and_a_swap_is_in_force_with_the_next_request() {
    let gate = gate("10.0.1.0/24:office");
    let mut service = GateLayer::new(gate.clone()).layer(Echo);
    let mut other = service.clone();
    assert_eq!(send(&mut service, request("10.0.1.7", "a")).status(), 200);
    let denied = send(&mut service, request("10.0.2.7", "a"));
    assert_eq!((denied.status(), denied.body().is_none()), (StatusCode::FORBIDDEN, true));
    gate.replace(&"10.0.2.0/24".parse().unwrap()).unwrap();
    for service in [&mut service, &mut other] {
        assert_eq!(send(service, request("10.0.1.7", "a")).status(), 403);
        assert_eq!(send(service, request("::ffff:10.0.2.7", "a")).status(), 200);
    }
}

#[test]
fn a_request_without_a_peer_is_denied_whatever_the_list_says() {
    let layer = GateLayer::new(gate("all"));
    let mut unknown = request("10.0.1.7", "a");
    unknown.extensions_mut().clear();
    assert_eq!(status(&layer, unknown.clone()), 403);
    assert_eq!(status(&layer.clone().client(ClientRule::peer()), unknown.clone()), 403);
    assert_eq!(
        status(&layer.clone().peer_in(|peer: &u8| Some([10, 0, 0, *peer].into())), unknown.clone()),
        403
    );
    unknown.extensions_mut().insert(7_u8);
    assert_eq!(status(&layer.peer_in(|peer: &u8| Some([10, 0, 0, *peer].into())), unknown), 200);
}

#[test]
fn the_peer_is_where_the_server_leaves_it() {
    let layer = GateLayer::new(gate("10.0.0.7")).peer_by(|head| {
        assert_eq!((head.method, head.uri.path()), (&Method::GET, "/shop/cart"));
        Some([10, 0, 0, 7].into())
    });
    assert_eq!(status(&layer, request("192.0.2.1", "a")), 200);
}

#[test]
fn the_app_is_that_of_the_host() {
    let layer = GateLayer::site(site());
    for (peer, host, expected) in [
        ("192.0.2.7", "EU.shop.example:443", 200),
        ("10.1.1.1", "eu.shop.example", 200),
        ("192.0.2.7", "blog.example", 403),
        ("10.9.1.1", "blog.example", 403),
        ("10.9.1.1", "other.example", 200),
        ("192.0.2.7", "other.example", 403),
        ("192.0.2.7", "", 403),
    ] {
        assert_eq!(status(&layer, request(peer, host)), expected, "{peer} {host}");
    }
    // HTTP/2, and targets as proxies get them, have it in the target.
    let in_target = |host: Option<&str>, target: &'static str| {
        let mut request = request("192.0.2.7", host.unwrap_or("-"));
        if host.is_none() {
            request.headers_mut().remove("host");
        }
        *request.uri_mut() = Uri::from_static(target);
        status(&layer, request)
    };
    assert_eq!(in_target(None, "https://eu.shop.example/"), 200);
    assert_eq!(in_target(None, "https://user@eu.shop.example:443/"), 200);
    assert_eq!(in_target(None, "https://blog.example/"), 403);
    assert_eq!(in_target(Some("EU.shop.example"), "https://eu.shop.example/"), 200);
    assert_eq!(in_target(None, "/"), 403);
}

/// The service may go by the other one.
#[test]
fn a_request_for_two_hosts_is_denied_whatever_their_lists_say() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let see = Arc::clone(&seen);
    let layer = GateLayer::site(site())
        .on_denied(move |admission, _| see.lock().unwrap().push(admission.client().err()));
    let two_lines = with(request("10.1.1.1", "eu.shop.example"), "host", "other.example");
    let mut two_places = request("10.1.1.1", "eu.shop.example");
    *two_places.uri_mut() = Uri::from_static("https://other.example/");
    for request in [two_lines, two_places] {
        assert_eq!(status(&layer, request), 403);
    }
    assert_eq!(*seen.lock().unwrap(), [Some(Refusal::SeveralHosts); 2]);
}

#[test]
fn the_app_is_whoever_else_the_request_names() {
    let shop = |app: App| GateLayer::site(site()).app(app);
    let partner = || request("192.0.2.7", "a"); // its path is /shop/cart
    let header = || App::by_header(HeaderName::from_static("x-app"));
    assert_eq!(status(&shop(header()), with(partner(), "x-app", "shop")), 200);
    assert_eq!(status(&shop(header()), with(partner(), "x-app", "blog")), 403);
    assert_eq!(status(&shop(header()), partner()), 403);
    let twice = with(with(partner(), "x-app", "shop"), "x-app", "shop");
    assert_eq!(status(&shop(header()), twice), 403, "several lines name nothing");
    assert_eq!(status(&shop(App::by_path()), partner()), 200);
    assert_eq!(status(&shop(App::by(|head| head.uri.path().strip_prefix("/shop/"))), partner()), 403);
    assert_eq!(status(&shop(App::by(|head| head.uri.path().get(1..5))), partner()), 200);
    assert_eq!(status(&shop(App::named("shop")), partner()), 200);
    assert_eq!(status(&shop(App::named("blog")), partner()), 403);
    assert_eq!(
        status(&GateLayer::new(gate("192.0.2.7")).app(App::named("blog")), partner()),
        200,
        "one gate"
    );
}

#[test]
fn behind_proxies_the_client_is_whom_they_name() {
    let rule = ClientRule::behind(gate("10.0.0.0/24:lb"), Header::XForwardedFor);
    let layer = GateLayer::new(gate("203.0.113.9:partner,10.0.0.0/8")).client(rule).with_admission();
    let from = |peer: &str, lines: &[&str]| {
        lines.iter().fold(request(peer, "a"), |request, line| with(request, "x-forwarded-for", line))
    };
    let request = passed(&layer, from("10.0.0.1", &["6.6.6.6, 203.0.113.9", "10.0.0.2"]));
    let admission = request.extensions().get::<Admission>().unwrap();
    let client = admission.client().unwrap();
    assert_eq!(
        (client.address().to_string(), client.found()),
        ("203.0.113.9".to_owned(), Found::Element { nth: 2 })
    );
    assert_eq!((admission.label(), client.peer().to_string()), (Some("partner"), "10.0.0.1".to_owned()));
    assert_eq!(status(&layer, from("10.0.0.1", &["203.0.113.9, 6.6.6.6"])), 403);
    assert_eq!(status(&layer, from("10.0.0.1", &["203.0.113.9, unknown"])), 403, "the proxy is on the list");
    assert_eq!(status(&layer, from("192.0.2.1", &["203.0.113.9"])), 403, "no proxy of ours");
    assert_eq!(status(&layer, from("10.0.0.1", &[])), 200, "a proxy that speaks for itself");
}

#[test]
fn behind_the_proxy_protocol_the_client_is_whom_its_header_names() {
    let rule = ClientRule::behind_proxy_protocol(gate("10.0.0.1"));
    let layer = GateLayer::new(gate("203.0.113.9,10.0.0.1")).client(rule);
    let from = |peer: &str, said: Option<Proxied>| {
        let mut request = request(peer, "a");
        if let Some(said) = said {
            request.extensions_mut().insert(said);
        }
        with(request, "x-forwarded-for", "203.0.113.9")
    };
    let named = |address: [u8; 4]| Some(Proxied(Ok(address.into())));
    assert_eq!(status(&layer, from("10.0.0.1", named([203, 0, 113, 9]))), 200);
    assert_eq!(status(&layer, from("10.0.0.1", named([203, 0, 113, 8]))), 403);
    assert_eq!(status(&layer, from("10.0.0.1", Some(Proxied(Err(NoSource::Local))))), 403);
    assert_eq!(status(&layer, from("10.0.0.1", None)), 403, "nobody has read it");
    assert_eq!(status(&layer, from("192.0.2.1", named([203, 0, 113, 9]))), 403, "no proxy of ours");
    let unasked = GateLayer::new(gate("203.0.113.9"));
    assert_eq!(
        status(&unasked, from("10.0.0.1", named([203, 0, 113, 9]))),
        403,
        "not what the rule believes"
    );
}

#[test]
fn a_denial_reads_as_it_was_set() {
    let layer = GateLayer::site(site()).deny_with(|denied: &Admission| {
        assert_eq!((denied.app(), denied.reason()), (Some("blog"), Reason::DenyEntry));
        let mut response = Response::new(None);
        *response.status_mut() = StatusCode::NOT_FOUND;
        response
    });
    assert_eq!(status(&layer, request("10.9.1.1", "blog.example")), 404);
}

#[test]
fn in_a_dry_run_everyone_passes_and_denials_are_seen() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let layer = GateLayer::new(gate("10.0.0.0/8"))
        .on_denied(move |admission, head| {
            assert_eq!((admission.is_allowed(), head.uri.path()), (false, "/shop/cart"));
            counted.fetch_add(1, Ordering::Relaxed);
        })
        .with_admission();
    let dry = layer.clone().dry_run(true);
    assert_eq!(status(&dry, request("10.1.1.1", "a")), 200);
    let request_of_denied = passed(&dry, request("192.0.2.1", "a"));
    let admission = request_of_denied.extensions().get::<Admission>().unwrap();
    assert_eq!((admission.is_allowed(), admission.reason()), (false, Reason::NoEntry));
    assert_eq!(count.load(Ordering::Relaxed), 1);
    assert_eq!(status(&layer, request("192.0.2.1", "a")), 403);
    assert_eq!(count.load(Ordering::Relaxed), 2);
}

/// The lines of each of the four headers.
fn told(request: &Request<()>) -> [Vec<String>; 4] {
    [&LABEL, &ENTRY, &GENERATION, &CLIENT].map(|name| {
        let lines = request.headers().get_all(name).iter();
        lines.map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned()).collect()
    })
}

#[test]
fn an_upstream_is_told_what_was_decided_and_never_what_a_client_claims() {
    let forged = |mut request: Request<()>| {
        for name in [&LABEL, &ENTRY, &GENERATION, &CLIENT] {
            request.headers_mut().append(name, HeaderValue::from_static("admin"));
            request.headers_mut().append(name, HeaderValue::from_static("root"));
        }
        with(with(request, "x_ipgate_label", "admin"), "x-ipgate-other", "admin")
    };
    let names = |request: &Request<()>| {
        request.headers().keys().filter(|name| name.as_str().contains("ipgate")).count()
    };
    let silent = GateLayer::new(gate("10.0.0.0/8:bureau_é,192.0.2.1"));
    assert_eq!(told(&passed(&silent, forged(request("10.1.1.1", "a")))), [[""; 0]; 4]);
    assert_eq!(told(&passed(&silent.clone().dry_run(true), forged(request("6.6.6.6", "a")))), [[""; 0]; 4]);
    assert_eq!(
        names(&passed(&silent, forged(request("10.1.1.1", "a")))),
        0,
        "nor what CGI takes for one of them"
    );
    let layer = silent.with_headers();
    assert_eq!(names(&passed(&layer, forged(request("10.1.1.1", "a")))), 4);
    let label = ["bureau_é", "10.0.0.0/8:bureau_é", "1", "10.1.1.1"].map(|told| [told]);
    assert_eq!(told(&passed(&layer, forged(request("10.1.1.1", "a")))), label);
    let no_label = ["-", "192.0.2.1", "1", "192.0.2.1"].map(|told| [told]);
    assert_eq!(told(&passed(&layer, forged(request("192.0.2.1", "a")))), no_label);
    let dry = layer.dry_run(true);
    let nothing = ["-", "-", "1", "6.6.6.6"].map(|told| [told]);
    assert_eq!(told(&passed(&dry, forged(request("6.6.6.6", "a")))), nothing);
    let mut nobody = forged(request("6.6.6.6", "a"));
    nobody.extensions_mut().clear();
    assert_eq!(told(&passed(&dry, nobody)), ["-", "-", "1", "-"].map(|told| [told]));
    // The header from which the client is taken is read before it is removed.
    let rule = ClientRule::behind(gate("10.0.0.1"), "X-Ipgate-Client".parse().unwrap());
    let behind = dry.client(rule);
    let request = with(request("10.0.0.1", "a"), "x-ipgate-client", "192.0.2.1");
    assert_eq!(told(&passed(&behind, request)), no_label);
}

#[test]
fn an_admission_says_all_of_it() {
    let proxies = gate("10.0.0.1:lb");
    let layer = GateLayer::site(site())
        .client(ClientRule::behind(proxies, Header::Forwarded))
        .dry_run(true)
        .with_admission();
    let admission = |line: &str| {
        let request = with(request("10.0.0.1", "eu.shop.example"), "forwarded", line);
        passed(&layer, request).extensions().get::<Admission>().unwrap().clone()
    };
    let partner = admission("for=192.0.2.7");
    assert_eq!((partner.app(), partner.label(), partner.generation()), (Some("shop"), Some("partner"), 1));
    assert_eq!(partner.entry().map(|entry| entry.to_string()), Some("192.0.2.7:partner".to_owned()));
    assert_eq!(
        partner.to_string(),
        "192.0.2.7 allow 192.0.2.7:partner (app shop, app list of generation 1, site 1), client by element 1 from the right"
    );
    let nobody = admission("for=unknown");
    assert_eq!((nobody.app(), nobody.reason()), (Some("shop"), Reason::NoAddress));
    let why = NotAnAddress::Unknown;
    assert_eq!(nobody.client(), Err(Refusal::NoClient(NoClient::Element { nth: 1, why })));
    assert!(
        nobody.to_string().ends_with("no client address: element 1 from the right is `unknown`"),
        "{nobody}"
    );
}

/// What the types promise: whatever runs a service may move it and its futures between threads.
#[test]
fn layers_services_and_admissions_go_anywhere() {
    fn anywhere<T: Send + Sync + 'static>(_: &T) {}
    let layer = GateLayer::new(gate("all")).with_admission();
    anywhere(&layer);
    anywhere(&layer.layer(Echo));
    let request = passed(&layer, request("10.0.0.1", "a"));
    let admission = request.extensions().get::<Admission>().unwrap().clone();
    std::thread::spawn(move || assert!(admission.is_allowed())).join().unwrap();
}
