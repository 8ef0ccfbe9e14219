//! A request of whoever is let in costs no allocation.

#[allow(dead_code, reason = "other tests use more of it")]
#[path = "../../../tests/support/counting.rs"]
mod counting;
mod support;

use counting::{Counting, allocations};
use http::{HeaderValue, Request};
use ipgate::client::{ClientRule, Header};
use ipgate::site::{App, Site, SiteGate};
use ipgate::{Gate, List};
use ipgate_tower::GateLayer;
use support::{Echo, request, send};
use tower_layer::Layer;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often the second of two requests allocates; the first of a thread makes what is kept.
fn count(layer: &GateLayer, make: impl Fn() -> Request<()>) -> usize {
    let mut service = layer.layer(Echo);
    let (first, second) = (make(), make());
    assert_eq!(send(&mut service, first).status(), 200);
    allocations(|| send(&mut service, second))
}

#[test]
fn nothing_is_allocated_for_whoever_is_let_in() {
    let list = || "10.0.0.0/8:corp,203.0.113.9:partner".parse::<List>().unwrap();
    let shop = App::new().with_list(list()).with_host("*.shop.example".parse().unwrap());
    let site = SiteGate::new(&Site::new().with_app("shop".parse().unwrap(), shop)).unwrap();
    let proxies = Gate::new(&"10.0.0.0/24:lb".parse::<List>().unwrap());
    let rule = ClientRule::behind(proxies, Header::XForwardedFor);
    let make = || {
        let mut request = request("10.0.0.1", "EU.shop.example:443");
        let line = HeaderValue::from_static("198.51.100.1, 203.0.113.9, 10.0.0.2");
        request.headers_mut().insert("x-forwarded-for", line);
        request
    };
    let gate = GateLayer::new(Gate::new(&list()));
    let site = GateLayer::site(site);
    assert_eq!(count(&gate, make), 0);
    assert_eq!(count(&gate.clone().client(rule.clone()), make), 0);
    assert_eq!(count(&site, make), 0);
    assert_eq!(count(&site.clone().client(rule), make), 0);
    // What http allocates for an extension, and no more.
    assert_eq!(count(&site.with_admission(), make), 1);
}
