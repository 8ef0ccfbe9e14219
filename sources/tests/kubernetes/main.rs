//! The source and the store of Kubernetes, against a real API server that is started once for all of them.
//!
//! A program of its own and not libtest's: so that there is one server, that tests which kill it run alone, and that what could
//! not be run is counted as skipped. Arguments that are no options pick tests by parts of their names.

#[path = "../support/confirmed.rs"]
#[allow(unreachable_pub)]
mod confirmed;
mod deis;
mod faults;
mod figures;
mod followed;
mod following;
mod ingress;
#[path = "../support/kubernetes.rs"]
mod kubernetes;
mod manifests;
#[path = "../support/proxy.rs"]
#[allow(dead_code, unreachable_pub, reason = "other tests ask more of it")]
mod proxy;
mod rights;
mod roster;
mod writing;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::kubernetes::Kubernetes;

type Test = (&'static str, fn(Arc<Kubernetes>) -> BoxFuture<'static, ()>);

macro_rules! tests {
    ($($module:ident::$name:ident,)*) => {
        &[$((concat!(stringify!($module), "::", stringify!($name)), |cluster| $module::$name(cluster).boxed())),*]
    };
}

/// Those that disturb nobody, side by side.
const TOGETHER: &[Test] = tests![
    deis::the_commands_change_who_comes_in,
    deis::what_the_old_router_counted_as_absent_opens_nothing,
    deis::a_list_in_our_grammar_has_the_word,
    deis::hosts_below_the_platform_domain,
    deis::two_services_of_one_app,
    following::a_label_that_changes_and_an_object_that_goes,
    following::all_services_gone_at_once_change_nothing,
    following::a_bad_list_is_told_once,
    following::what_may_not_be_watched_is_listed,
    following::a_history_that_is_gone_is_listed_anew,
    faults::a_server_that_hangs,
    ingress::ranges_of_ingresses_and_routes,
    ingress::a_kind_that_comes_later,
    manifests::the_role_is_enough_and_one_verb_less_is_named,
    manifests::the_rest_is_taken_by_the_server,
    manifests::the_role_of_leases_is_enough_and_one_verb_less_is_named,
    rights::a_right_that_is_withdrawn_changes_nothing,
    rights::a_token_that_ends_is_read_again,
    rights::who_is_not_known_is_told,
    roster::a_right_that_is_withdrawn_is_told_once,
    roster::a_router_appears_changes_and_dies,
    writing::what_each_form_can_say,
    writing::what_an_ingress_can_say,
    writing::two_writers_lose_nothing,
    writing::what_cannot_be_written_is_refused,
];

/// Those that disturb everybody, or measure, one after the other.
const ALONE: &[Test] = tests![
    manifests::one_verb_less_for_routes_is_named,
    faults::a_server_that_is_killed_and_started_again,
    figures::a_thousand_services_at_the_start,
    figures::from_a_write_to_the_gate,
    figures::two_hundred_watchers,
];

fn main() -> ExitCode {
    if std::env::var("IPGATE_KUBERNETES_TESTS").is_ok_and(|place| place == "beside") {
        println!("the tests of Kubernetes run beside the others, and are told after them (scripts/unit)");
        return ExitCode::SUCCESS;
    }
    let filters: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_picked =
        |(name, _): &&Test| filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str()));
    let [together, alone] =
        [TOGETHER, ALONE].map(|tests| tests.iter().filter(is_picked).copied().collect::<Vec<Test>>());
    let count = together.len() + alone.len();
    if count == 0 {
        println!("test result: ok. 0 passed; 0 failed; 0 skipped");
        return ExitCode::SUCCESS;
    }
    // The servers are started by this thread, and end with it.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    let began = Instant::now();
    let failed = runtime.block_on(async {
        let cluster = match Kubernetes::start().await {
            Ok(cluster) => Arc::new(cluster),
            Err(why) => {
                eprintln!("SKIPPED: {count} tests of Kubernetes: {why}");
                return None;
            }
        };
        println!(
            "running {count} tests, with an API server that took {:.1} s to start",
            began.elapsed().as_secs_f64()
        );
        let started: Vec<_> =
            together.into_iter().map(|test| (test.0, tokio::spawn(timed(test, &cluster)))).collect();
        let mut failed = Vec::new();
        for (name, running) in started {
            report(name, running.await.ok(), &mut failed);
        }
        for test in alone {
            report(test.0, tokio::spawn(timed(test, &cluster)).await.ok(), &mut failed);
        }
        Some(failed)
    });
    let Some(failed) = failed else {
        println!("test result: ok. 0 passed; 0 failed; {count} skipped");
        return ExitCode::SUCCESS;
    };
    let (word, bad) = (if failed.is_empty() { "ok" } else { "FAILED" }, failed.len());
    for name in &failed {
        println!("failed: {name}");
    }
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "test result: {word}. {} passed; {bad} failed; 0 skipped; finished in {seconds:.1} s",
        count - bad
    );
    ExitCode::from(u8::from(bad > 0))
}

fn timed((_, test): Test, cluster: &Arc<Kubernetes>) -> impl Future<Output = f64> + Send + 'static {
    let running = test(Arc::clone(cluster));
    async move {
        let began = Instant::now();
        running.await;
        began.elapsed().as_secs_f64()
    }
}

fn report(name: &'static str, seconds: Option<f64>, failed: &mut Vec<&'static str>) {
    match seconds {
        Some(seconds) => println!("test {name} ... ok ({seconds:.1} s)"),
        None => {
            println!("test {name} ... FAILED");
            failed.push(name);
        }
    }
}
