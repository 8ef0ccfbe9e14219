//! What is done to the server itself.

use std::sync::Arc;
use std::time::Instant;

use ipgate_sources::Condition;
use serde_json::json;

use crate::confirmed::{Confirmed, report, until_known};
use crate::followed::{Followed, source};
use crate::kubernetes::Kubernetes;
use crate::proxy::{Fault, Proxy};
use crate::roster::roster;

/// One that takes connections and says nothing any more is noticed, and what it said last stays.
pub(crate) async fn a_server_that_hangs(cluster: Arc<Kubernetes>) {
    let namespace = cluster.namespace("hangs").await;
    cluster.service(&namespace, "shop", json!({ "router.deis.io/whitelist": "10.0.0.0/8" })).await;
    let proxy = Proxy::start(cluster.port()).await;
    let followed = Followed::ready(source(cluster.admin_at(proxy.port()), &namespace)).await;
    let app = format!("{namespace}/shop");
    let began = Instant::now();
    proxy.set(Fault::Silent);
    followed.until(|followed| matches!(followed.condition(), Condition::Away(_))).await;
    println!("figure: {:.1} s after the server fell silent, it was noticed", began.elapsed().as_secs_f64());
    assert!(followed.allows(&app, "10.1.1.1") && !followed.allows(&app, "192.0.2.1"));
    let list = json!({ "annotations": { "router.deis.io/whitelist": "192.0.2.1" } });
    cluster.change_service(&namespace, "shop", list).await;
    proxy.cut();
    proxy.set(Fault::None);
    followed.until_allows(&app, "192.0.2.1").await;
    assert!(!followed.allows(&app, "10.1.1.1") && !followed.is_held());
}

pub(crate) async fn a_server_that_is_killed_and_started_again(cluster: Arc<Kubernetes>) {
    let namespace = cluster.namespace("killed").await;
    cluster.service(&namespace, "shop", json!({ "router.deis.io/whitelist": "10.0.0.0/8" })).await;
    let followed = Followed::ready(source(cluster.admin(), &namespace)).await;
    let app = format!("{namespace}/shop");
    let router = Confirmed::start(roster(&cluster, &namespace), "edge-1");
    router.say(report('a'));
    for (round, list) in ["192.0.2.1", "192.0.2.2"].into_iter().enumerate() {
        cluster.kill();
        followed.until(|followed| matches!(followed.condition(), Condition::Away(_))).await;
        assert!(followed.why().contains("it cannot be reached"), "{}", followed.why());
        assert!(followed.allows(&app, if round == 0 { "10.1.1.1" } else { "192.0.2.1" }));
        assert!(!followed.allows(&app, "198.51.100.1"));
        cluster.restart();
        let began = Instant::now();
        followed.until(Followed::is_connected).await;
        println!(
            "figure: {:.2} s after the server was ready again, it was followed",
            began.elapsed().as_secs_f64()
        );
        cluster
            .change_service(
                &namespace,
                "shop",
                json!({ "annotations": { "router.deis.io/whitelist": list } }),
            )
            .await;
        followed.until_allows(&app, list).await;
        assert!(!followed.is_held());
        let digit = if round == 0 { 'b' } else { 'c' };
        router.say(report(digit));
        until_known(&roster(&cluster, &namespace), &format!("edge-1 {digit}")).await;
    }
    assert_eq!(followed.told().matches("it cannot be reached").count(), 2, "{}", followed.told());
}
