//! Real proxies that ask a real daemon, by the configurations in docs/proxies.

#[path = "../common/mod.rs"]
mod common;

mod asked;
mod program;
mod upstream;

use program::{Program, caddy, nginx};

/// Each test, for each proxy: what they are to do is the same.
macro_rules! proxies {
    ($($test:ident),* $(,)?) => {
        mod with_nginx { $(#[test] fn $test() { crate::with(crate::nginx(), crate::asked::$test); })* }
        mod with_caddy { $(#[test] fn $test() { crate::with(crate::caddy(), crate::asked::$test); })* }
    };
}

proxies!(
    lists_decide,
    whoever_claims_to_be_somebody_else_is_not,
    forged_labels_do_not_pass,
    an_unknown_host_is_decided_by_the_site,
    swaps_under_load,
    a_daemon_that_is_away_lets_nobody_in,
);

/// Does nothing where there is no such program, which was told.
fn with(program: Option<Program>, test: fn(Program)) {
    if let Some(program) = program {
        test(program);
    }
}
