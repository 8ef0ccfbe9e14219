//! What the layer adds to a request that it lets through, over the same service without it. Passes are interleaved, and the
//! least of each way counts: a busy machine only adds.
//!
//! `cargo bench -p ipgate-tower`; with `-- --test` once and briefly, for the answers.

#[path = "../tests/support/mod.rs"]
mod support;

use std::convert::Infallible;
use std::hint::black_box;
use std::time::Instant;

use http::{HeaderValue, Request, Response};
use ipgate::client::{ClientRule, Header};
use ipgate::site::{App, Site, SiteGate};
use ipgate::{Gate, List};
use ipgate_tower::GateLayer;
use support::{Echo, Echoed, request, send};
use tower_layer::Layer;
use tower_service::Service;

/// Apps of the site, each with a list and a host.
const APPS: usize = 1_000;

/// Nanoseconds a request, of so many that go through the service one after the other. The request that comes back with the
/// response is the next one's, so that none is made or freed.
fn pass<S>(service: &mut S, request: &mut Option<Request<()>>, requests: u32) -> f64
where
    S: Service<Request<()>, Response = Response<Echoed>, Error = Infallible>,
{
    let mut next = request.take();
    let began = Instant::now();
    for _ in 0..requests {
        let response = send(service, black_box(next).expect("the last one has passed"));
        next = response.into_body();
    }
    let took = began.elapsed();
    *request = next;
    took.as_nanos() as f64 / f64::from(requests)
}

fn main() {
    let (passes, requests) = if std::env::args().any(|arg| arg == "--test") { (1, 10) } else { (60, 20_000) };
    let list = || "10.0.0.0/8:corp,203.0.113.9:partner,2001:db8::/32:office".parse::<List>().expect("a list");
    let site = (0..APPS).fold(Site::new().with_default(list()), |site, number| {
        let app = App::new()
            .with_list(list())
            .with_host(format!("app{number}.example.com").parse().expect("a host"));
        site.with_app(format!("app{number}").parse().expect("a name"), app)
    });
    let site = SiteGate::new(&site).expect("a site");
    let proxies = Gate::new(&"10.0.0.0/24:lb".parse::<List>().expect("a list"));
    let rule = ClientRule::behind(proxies, Header::XForwardedFor);
    let by_host = GateLayer::site(site);

    let plain = || request("10.1.1.1", "app17.example.com");
    let proxied = || {
        let mut request = request("10.0.0.1", "app17.example.com");
        let line = HeaderValue::from_static("203.0.113.9, 10.0.0.3, 10.0.0.2");
        request.headers_mut().insert("x-forwarded-for", line);
        request
    };
    let mut ways = [
        ("one gate", GateLayer::new(Gate::new(&list())).layer(Echo), Some(plain())),
        ("app by host", by_host.layer(Echo), Some(plain())),
        ("app by host, X-Forwarded-For of three", by_host.clone().client(rule).layer(Echo), Some(proxied())),
        ("app by host, admission as extension", by_host.clone().with_admission().layer(Echo), Some(plain())),
        ("app by host, headers to an upstream", by_host.with_headers().layer(Echo), Some(plain())),
    ];
    let (mut bare, mut without, mut least) = (Some(plain()), f64::INFINITY, [f64::INFINITY; 5]);
    for _ in 0..passes {
        without = without.min(pass(&mut Echo, &mut bare, requests));
        for ((_, service, request), least) in ways.iter_mut().zip(&mut least) {
            *least = least.min(pass(service, request, requests));
        }
    }
    println!("{:<40} ns a request  over it", "service");
    println!("{:<40} {without:12.1}", "alone");
    for ((name, ..), least) in ways.iter().zip(least) {
        println!("{name:<40} {least:12.1}  {:7.1}", least - without);
    }
}
