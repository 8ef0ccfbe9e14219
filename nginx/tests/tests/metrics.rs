//! The report as Prometheus reads it: the same figures as in JSON, and nothing that Prometheus could not read.

use std::collections::BTreeMap;

use ipgate_nginx_tests::{Nginx, Site, eventually, get_with, promtool_agrees};
use serde_json::Value;

const LOCATIONS: &str =
    "location /report { ipgate_report format=json; } location /metrics { ipgate_report format=prometheus; }";

/// Samples by metric and labels, those escaped as they stand there.
type Samples = BTreeMap<String, f64>;

/// A page that promtool has nothing to say about.
fn scrape(nginx: &Nginx, query: &str) -> (String, Samples) {
    let response = nginx.get(&format!("/metrics{query}"));
    assert_eq!(response.status, 200);
    assert_eq!(response.header("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
    promtool_agrees(&response.body);
    let text = String::from_utf8(response.body).expect("UTF-8");
    let samples = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let (series, value) = line.rsplit_once(' ').expect("a value");
        let series = series.strip_prefix("ipgate_").expect("the prefix").replacen("worker=\"0\"", "", 1);
        (series.replacen("{,", "{", 1), value.parse().expect("a number"))
    });
    (text.clone(), samples.collect())
}

fn assert_counts(samples: &Samples, series: &str, counts: &Value) {
    for result in ["allowed", "denied", "dry_run"] {
        let name = format!("{series}result=\"{result}\"}}");
        assert_eq!(samples.get(&name).copied(), counts[result].as_f64(), "{name}");
    }
}

/// Each figure that both have.
fn assert_figures(samples: &Samples, what: &str, of: &Value, figures: &[(&str, &str)]) {
    let name = of["name"].as_str().unwrap();
    for (metric, key) in figures {
        let series = format!("{what}_{metric}{{{what}=\"{name}\"}}");
        assert_eq!(samples.get(&series).copied(), of[*key].as_f64(), "{series}");
    }
}

#[test]
fn lists_have_the_figures_of_the_report() {
    let nginx = Site::new()
        .file(
            "a.list",
            "10.0.0.0/8:office\n!10.9.0.0/16:lab\n10.0.0.5/8:dup\n192.0.2.1:guest;until=2100-01-01\n",
        )
        .server(
            r#"ipgate_list office file=a.list interval=40ms; ipgate_list inline "198.51.100.1:x";"#,
            &format!(
                "location / {{ ipgate office; empty_gif; }}
                 location /inline {{ ipgate inline; ipgate_default office; empty_gif; }}
                 location /dry {{ ipgate office; ipgate_dry_run on; empty_gif; }}
                 location /none {{ ipgate_enforce on; empty_gif; }} {LOCATIONS}"
            ),
        )
        .start();
    let clients = ["10.1.1.1", "10.9.1.1", "192.0.2.1", "198.51.100.1", "8.8.8.8"];
    for path in ["/", "/inline", "/dry", "/none", "/"] {
        clients.iter().for_each(|client| drop(nginx.get_from(path, client)));
    }
    let figures = [
        ("generation", "generation"),
        ("entries", "entries"),
        ("bytes", "bytes"),
        ("failures_now", "failures"),
        ("warnings", "warnings"),
        ("left_out", "left_out"),
        ("expiring", "expiring_within_30_days"),
    ];
    let check = || {
        let (report, (_, samples)) = (nginx.report(), scrape(&nginx, ""));
        assert_counts(&samples, "unlisted_decisions_total{", &report["unlisted"]);
        for list in report["lists"].as_array().unwrap() {
            let name = list["name"].as_str().unwrap();
            assert_figures(&samples, "list", list, &figures);
            assert_counts(&samples, &format!("list_decisions_total{{list=\"{name}\","), &list["decisions"]);
            for (label, counts) in list["labels"].as_object().unwrap() {
                let series = format!("list_label_decisions_total{{list=\"{name}\",label=\"{label}\",");
                assert_counts(&samples, &series, counts);
            }
        }
        samples
    };
    let samples = check();
    assert_eq!(samples["list_decisions_total{list=\"office\",result=\"dry_run\"}"], 3.0);
    assert_eq!(samples["unlisted_decisions_total{result=\"denied\"}"], 5.0);
    assert_eq!(samples["list_next_expiry_timestamp_seconds{list=\"office\"}"], 4_102_531_200.0);
    assert!(samples["list_last_change_timestamp_seconds{list=\"office\"}"] > 1.7e9);
    assert!(!samples.contains_key("list_last_failure_timestamp_seconds{list=\"office\"}"));

    nginx.write("a.list", "foobar");
    eventually("a failure", || nginx.report()["lists"][0]["failures"] == 1);
    let samples = check();
    assert_eq!(samples["list_failures_now{list=\"office\"}"], 1.0);
    assert!(samples["list_last_failure_timestamp_seconds{list=\"office\"}"] > 1.7e9);
}

#[test]
fn sites_and_apps_have_the_figures_of_the_report() {
    let nginx = Site::new()
        .fleet_server(
            "",
            "",
            &format!(
                "location / {{ ipgate_site fleet; ipgate $arg_app; empty_gif; }}
                 location /strict {{ ipgate_site fleet; ipgate_unknown_app deny; ipgate $arg_app; empty_gif; }}
                 location /dry {{ ipgate_site fleet; ipgate_dry_run on; ipgate bank; empty_gif; }} {LOCATIONS}"
            ),
        )
        .start();
    for app in ["shop", "bank", "team/wiki", "nowhere"] {
        for client in ["192.0.2.1", "10.1.1.1", "10.9.1.1", "8.8.8.8"] {
            for path in ["/", "/strict", "/dry"] {
                nginx.get_from(&format!("{path}?app={app}"), client);
            }
        }
    }
    let figures = [
        ("generation", "generation"),
        ("apps", "apps"),
        ("lists", "lists"),
        ("entries", "entries"),
        ("bytes", "bytes"),
        ("failures_now", "failures"),
    ];
    let (report, (_, samples)) = (nginx.report(), scrape(&nginx, ""));
    let site = &report["sites"][0];
    assert_figures(&samples, "site", site, &figures);
    assert_counts(&samples, "site_decisions_total{site=\"fleet\",", &site["decisions"]);
    for (reason, count) in site["denials"].as_object().unwrap() {
        let series = format!("site_denials_total{{site=\"fleet\",reason=\"{reason}\"}}");
        assert_eq!(samples.get(&series).copied(), count.as_f64(), "{series}");
    }
    assert_eq!(site["page"].as_array().unwrap().len(), 3);
    for app in site["page"].as_array().unwrap() {
        let of = format!("site=\"fleet\",app=\"{}\",", app["name"].as_str().unwrap());
        assert_counts(&samples, &format!("app_decisions_total{{{of}"), &app["decisions"]);
        for (reason, count) in app["denials"].as_object().unwrap() {
            let series = format!("app_denials_total{{{of}reason=\"{reason}\"}}");
            assert_eq!(samples.get(&series).copied(), count.as_f64(), "{series}");
        }
        for (label, counts) in app["labels"].as_object().unwrap() {
            assert_counts(&samples, &format!("app_label_decisions_total{{{of}label=\"{label}\","), counts);
        }
    }
    // One app on the page: the others are `other`, and no decision is lost.
    let sum = |samples: &Samples, metric: &str| -> f64 {
        samples.iter().filter(|(series, _)| series.starts_with(metric)).map(|(_, count)| count).sum()
    };
    let (_, one) = scrape(&nginx, "?count=1&app=shop");
    let apps: Vec<_> = one.keys().filter(|series| series.starts_with("app_decisions_total")).collect();
    assert_eq!(apps.len(), 6, "{apps:?}");
    assert_eq!(sum(&one, "app_decisions_total{"), sum(&samples, "app_decisions_total{"));
    assert_eq!(sum(&one, "app_denials_total{"), sum(&samples, "app_denials_total{"));
    // The gone are there still.
    std::fs::remove_file(nginx.path("fleet/apps/shop.list")).unwrap();
    std::fs::write(nginx.path("fleet/hosts"), "bank.example.com bank\n").unwrap();
    eventually("the app is gone", || nginx.report()["sites"][0]["apps"] == 2);
    assert_eq!(sum(&scrape(&nginx, "").1, "app_decisions_total{"), sum(&samples, "app_decisions_total{"));
}

#[test]
fn texts_are_escaped_and_addresses_are_left_out() {
    let labels =
        [r#"an "office""#, r"back\slash", r"a\nline", "☃ }", "192.0.2.7", "vpn 2001:db8::/32", "other"];
    let list: String = labels.iter().zip(1..).map(|(label, n)| format!("10.0.0.{n}:{label}\n")).collect();
    let nginx = Site::new()
        .file("a.list", list)
        .server(
            r#"ipgate_list 'a "b" \c' file=a.list;"#,
            &format!(r#"location / {{ ipgate 'a "b" \c'; empty_gif; }} {LOCATIONS}"#),
        )
        .start();
    for n in 1..=labels.len() {
        assert_eq!(nginx.get_from("/", &format!("10.0.0.{n}")).status, 200);
    }
    let report = nginx.report();
    assert_eq!(report["lists"][0]["labels"].as_object().unwrap().len(), labels.len());
    let (text, samples) = scrape(&nginx, "");
    let name = report["lists"][0]["name"].as_str().unwrap();
    let escaped = |text: &str| text.replace('\\', r"\\").replace('"', "\\\"");
    let of = format!("list_label_decisions_total{{list=\"{}\",", escaped(name));
    for label in &labels[..4] {
        assert_eq!(
            samples.get(&format!("{of}label=\"{}\",result=\"allowed\"}}", escaped(label))),
            Some(&1.0),
            "{text}"
        );
    }
    assert_eq!(samples.get(&format!("{of}label=\"other\",result=\"allowed\"}}")), Some(&3.0), "{text}");
    assert!(!text.contains("192.0.2.7") && !text.contains("2001:db8") && !text.contains("10.0.0."), "{text}");
}

#[test]
fn labels_beyond_a_hundred_are_other() {
    let list: String = (0..200).map(|n| format!("10.0.0.{n}:label{n:03}\n")).collect();
    let nginx = Site::new()
        .file("a.list", list)
        .server(
            "ipgate_list office file=a.list;",
            &format!("location / {{ ipgate office; empty_gif; }} {LOCATIONS}"),
        )
        .start();
    for n in 0..200 {
        nginx.get_from("/", &format!("10.0.0.{n}"));
    }
    let (_, samples) = scrape(&nginx, "");
    let of = "list_label_decisions_total{list=\"office\",label=";
    assert_eq!(samples.keys().filter(|series| series.starts_with(of)).count(), 3 * 101);
    assert_eq!(samples[&format!("{of}\"label099\",result=\"allowed\"}}")], 1.0);
    assert_eq!(samples[&format!("{of}\"other\",result=\"allowed\"}}")], 100.0);
}

#[test]
fn every_worker_says_which_it_is() {
    let nginx = Site::new().workers(2).server("ipgate_list office 10.0.0.0/8;", LOCATIONS).start();
    for worker in ["worker=\"0\"", "worker=\"1\""] {
        eventually("an answer of each worker", || {
            let response = get_with(nginx.port(0), "/metrics", &[]);
            assert_eq!(response.header("Connection"), "close", "a scraper would keep to one worker");
            let page = response.text();
            let samples = page.lines().filter(|line| !line.starts_with('#')).count();
            page.matches(worker).count() == samples
        });
    }
}

#[test]
fn it_is_for_the_same_readers_as_json() {
    let nginx = Site::new().server("", LOCATIONS).start();
    for path in ["/report", "/metrics"] {
        assert_eq!(nginx.get_from(path, "127.0.0.1").status, 200, "{path}");
        assert_eq!(nginx.get_from(path, "192.0.2.1").status, 403, "{path}");
    }
}
