//! `fleet status` and `fleet wait`: who enforces what.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

use super::router::{self, Router, State};
use crate::args::{Expected, Form};
use crate::output::{self, Exit, Failure, Outcome, complain};

/// How often routers are asked while they are waited for, and for no more than half of the time.
const INTERVAL: Duration = Duration::from_millis(200);

pub(super) fn run(asked: &Expected, form: Form) -> Outcome {
    let mut routers = router::ask(&asked.routers);
    let common = common(&routers).map(str::to_owned);
    let mut out = output::stdout();
    for router in &mut routers {
        if router.digest.is_some() && router.digest != common {
            router.problems.push("it enforces another site than most".to_owned());
        }
        if form.json {
            output::json(&mut out, router)?;
        } else {
            writeln!(out, "{}", router.fields().join("\t"))?;
        }
    }
    out.flush()?;
    let missing = missing(&routers, asked);
    if let Some(sentence) = &missing {
        complain(format_args!("{sentence}"));
    }
    Ok(Exit::of(missing.is_none() && routers.iter().all(|router| router.problems.is_empty())))
}

/// Waits until all routers have a digest, or the same one.
pub(super) fn wait(asked: &Expected, digest: Option<&str>, timeout: Duration) -> Outcome {
    let is_digest = |digest: &str| digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    if digest.is_some_and(|digest| !is_digest(digest)) {
        let sentence = "a digest has 64 hexadecimal digits; `ipgate fleet digest PATH` prints that of a site";
        return Err(Failure::Told(sentence.to_owned()));
    }
    let end = Instant::now() + timeout;
    loop {
        let began = Instant::now();
        let routers = router::ask(&asked.routers);
        let wanted = digest.or(common(&routers));
        let behind: Vec<&str> =
            routers.iter().filter(|router| !router.has(wanted)).map(Router::name).collect();
        let missing = missing(&routers, asked);
        if behind.is_empty() && missing.is_none() {
            return Ok(Exit::Yes);
        }
        if Instant::now() >= end {
            if !behind.is_empty() {
                complain(format_args!("not all routers have it: {} do not", behind.join(", ")));
            }
            if let Some(sentence) = missing {
                complain(format_args!("{sentence}"));
            }
            return Ok(Exit::No);
        }
        std::thread::sleep(INTERVAL.max(began.elapsed()));
    }
}

/// The digest that most routers have.
fn common(routers: &[Router]) -> Option<&str> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let ready = routers.iter().filter(|router| router.state == State::Ready);
    for digest in ready.filter_map(|router| router.digest.as_deref()) {
        *counts.entry(digest).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(digest, _)| digest)
}

/// What is to be said where there are fewer routers than there should be.
fn missing(routers: &[Router], asked: &Expected) -> Option<String> {
    let count = routers.iter().filter(|router| router.state != State::Away).count();
    let least = asked.at_least.filter(|least| count < *least)?;
    Some(format!("{count} routers are known, and there should be {least} at least"))
}
