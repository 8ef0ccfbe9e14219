//! How long things take. What is measured is printed; nothing fails for being slow, since machines differ.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use crate::followed::{Followed, source};
use crate::kubernetes::Kubernetes;

fn quantile(sorted: &[Duration], part: f64) -> Duration {
    sorted[((sorted.len() - 1) as f64 * part).round() as usize]
}

pub(crate) async fn a_thousand_services_at_the_start(cluster: Arc<Kubernetes>) {
    let namespace = cluster.namespace("many").await;
    let list = (0..10).map(|n| format!("10.{n}.0.0/16")).collect::<Vec<_>>().join(",");
    for numbers in (0..1000).collect::<Vec<_>>().chunks(50) {
        join_all(numbers.iter().map(|number| {
            let (cluster, namespace, list) = (&cluster, &namespace, &list);
            async move {
                cluster
                    .service(namespace, &format!("app-{number}"), json!({ "router.deis.io/whitelist": list }))
                    .await
            }
        }))
        .await;
    }
    let began = Instant::now();
    let followed = Followed::ready(source(cluster.admin(), &namespace)).await;
    println!(
        "figure: 1,000 Services in force {:.2} s after the start (bar 3 s)",
        began.elapsed().as_secs_f64()
    );
    assert_eq!(followed.status().sources[0].apps, 1000);
    assert!(followed.allows(&format!("{namespace}/app-999"), "10.9.1.1"));
    assert!(!followed.allows(&format!("{namespace}/app-999"), "192.0.2.1"));
}

pub(crate) async fn from_a_write_to_the_gate(cluster: Arc<Kubernetes>) {
    let namespace = cluster.namespace("latency").await;
    cluster.service(&namespace, "shop", json!({ "router.deis.io/whitelist": "10.0.0.0/8" })).await;
    let followed = Followed::ready(source(cluster.admin(), &namespace)).await;
    let app = format!("{namespace}/shop");
    let mut taken = Vec::new();
    for number in 0..300_u32 {
        let address = format!("192.0.{}.{}", number / 250, number % 250);
        let began = Instant::now();
        let written = cluster.change_service(
            &namespace,
            "shop",
            json!({ "annotations": { "router.deis.io/whitelist": address } }),
        );
        tokio::join!(written, async {
            followed.until_allows(&app, &address).await;
            taken.push(began.elapsed());
        });
    }
    taken.sort_unstable();
    let [p50, p99, last] = [0.5, 0.99, 1.0].map(|part| quantile(&taken, part).as_secs_f64() * 1e3);
    println!(
        "figure: from the write to the gate p50 {p50:.1} ms, p99 {p99:.1} ms, last {last:.1} ms (bar 50 and 250 ms)"
    );
}

pub(crate) async fn two_hundred_watchers(cluster: Arc<Kubernetes>) {
    let namespace = cluster.namespace("watchers").await;
    cluster.service(&namespace, "shop", json!({ "router.deis.io/whitelist": "10.0.0.0/8" })).await;
    let mut all = Vec::new();
    for _ in 0..20 {
        all.extend(
            join_all((0..10).map(|_| Followed::ready(source(cluster.admin(), &namespace).without_router())))
                .await,
        );
    }
    let app = format!("{namespace}/shop");
    let mut lasts = Vec::new();
    for number in 0..20 {
        let address = format!("192.0.2.{number}");
        let began = Instant::now();
        let written = cluster.change_service(
            &namespace,
            "shop",
            json!({ "annotations": { "router.deis.io/whitelist": address } }),
        );
        let all = all.iter().map(|followed| followed.until_allows(&app, &address));
        tokio::join!(written, join_all(all));
        lasts.push(began.elapsed());
    }
    lasts.sort_unstable();
    let [p50, last] = [0.5, 1.0].map(|part| quantile(&lasts, part).as_secs_f64() * 1e3);
    println!(
        "figure: from the write to the last of 200 gates p50 {p50:.0} ms, slowest of 20 writes {last:.0} ms"
    );
}
