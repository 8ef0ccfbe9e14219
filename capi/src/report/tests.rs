//! What the formats say, and what becomes of a panic inside a call.

use std::ffi::{CStr, c_char};
use std::mem::MaybeUninit;
use std::ptr;

use ipgate::tally::{Sum, Whose};

use super::address::holds_an_address;
use super::counts::{Counts, Decided};
use super::document::{Document, Program};
use super::exposition::{Exposition, Kind};
use super::list::ListReport;
use super::metrics;
use super::state::Source;
use super::time::Time;
use super::*;
use crate::error::{ipgate_error, ipgate_error_free, ipgate_error_message};
use crate::fault;
use crate::raw::Sized_;
use crate::status::ipgate_status;

fn document(lists: Vec<ListReport>) -> Document {
    let program = Program {
        name: "nginx".to_owned(),
        version: "1.2.3".to_owned(),
        pid: 7,
        worker: 3,
        is_exiting: false,
    };
    let (version, unlisted) = ("0.0.0", Counts { allowed: 1, denied: 2, dry_run: 3 });
    Document { version, program, time: Time(1_000_000), unlisted, lists, sites: Vec::new() }
}

/// A list that was never loaded, with a decision for each label.
fn list(name: &str, labels: &[&str]) -> ListReport {
    let source = Source { name: name.to_owned(), source: "inline".to_owned(), interval_ms: None };
    let mut list = ListReport::new(source, None, None);
    for label in labels {
        list.tally.count(Whose::Label(label), Counts::new(Sum { allowed: 1, denied: 0 }, false));
    }
    list
}

#[test]
fn json_has_its_keys_in_their_order() {
    let text = serde_json::to_string(&document(vec![list("a\"b", &["x"])])).expect("JSON");
    assert_eq!(
        text,
        r#"{"version":"0.0.0","nginx":"1.2.3","pid":7,"worker":3,"exiting":false,"#.to_owned()
            + r#""time":"1970-01-01T00:00:01.000000Z","unlisted":{"allowed":1,"denied":2,"dry_run":3},"#
            + r#""lists":[{"name":"a\"b","source":"inline","interval_ms":null,"last_result":"failed","#
            + r#""last_error":"the list was never loaded","expiring_within_30_days":0,"expiring":[],"#
            + r#""decisions":{"allowed":0,"denied":0,"dry_run":0},"#
            + r#""labels":{"x":{"allowed":1,"denied":0,"dry_run":0}}}],"sites":[]}"#
    );
}

#[test]
fn times_are_null_for_never_and_for_what_no_calendar_has() {
    let said = |micros| serde_json::to_string(&Time(micros)).expect("JSON");
    assert_eq!(said(4_102_444_800_000_001), r#""2100-01-01T00:00:00.000001Z""#);
    assert_eq!((said(0), said(i64::MAX), said(i64::MIN)), ("null".into(), "null".into(), "null".into()));
}

#[test]
fn the_exposition_is_that_of_prometheus() {
    let mut page = Exposition::new(2);
    page.metric("a_total", Kind::Counter, "What a is.", [([("l", "a\\b\"c\nd☃")], 1), ([("l", "")], 2)]);
    page.metric("b", Kind::Gauge, "What b is.", [([("l", "x")], 0.5)]);
    page.metric("c", Kind::Gauge, "Of which there is none.", std::iter::empty::<([(&str, &str); 0], u64)>());
    assert_eq!(
        page.into_text(),
        "# HELP ipgate_a_total What a is.\n# TYPE ipgate_a_total counter\n\
         ipgate_a_total{worker=\"2\",l=\"a\\\\b\\\"c\\nd☃\"} 1\nipgate_a_total{worker=\"2\",l=\"\"} 2\n\
         # HELP ipgate_b What b is.\n# TYPE ipgate_b gauge\nipgate_b{worker=\"2\",l=\"x\"} 0.5\n"
    );
}

/// The lines of a metric, without its name and the worker.
fn samples<'t>(text: &'t str, metric: &str) -> Vec<&'t str> {
    let start = format!("ipgate_{metric}{{worker=\"3\",");
    text.lines().filter_map(|line| line.strip_prefix(&start)).collect()
}

#[test]
fn labels_beyond_the_first_hundred_are_other_and_no_address_is_shown() {
    let labels: Vec<String> = (0..150).map(|n| format!("label{n:03}")).collect();
    let mut labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    labels.extend(["other", "10.0.0.1", "vpn 2001:db8::/32", "a host 192.0.2.1:80"]);
    let text = metrics::text(&document(vec![list("many", &labels), list("few", &["x"])]));
    let samples = samples(&text, "list_label_decisions_total");
    assert_eq!(samples.len(), 3 * (100 + 1) + 3);
    assert!(samples.contains(&r#"list="many",label="label099",result="allowed"} 1"#), "{text}");
    assert!(samples.contains(&r#"list="many",label="other",result="allowed"} 54"#), "{text}");
    assert!(!samples.iter().any(|line| line.contains("few") && line.contains("other")), "{text}");
    assert!(
        !text.contains("10.0.0.1") && !text.contains("2001:db8") && !text.contains("192.0.2.1"),
        "{text}"
    );
}

#[test]
fn what_holds_an_address_is_found() {
    for text in
        ["10.0.0.1", "2001:db8::1", "10.0.0.0/8", "::/0", "a 10.0.0.1.", "10.0.0.1-10.0.0.9", "[::1]:80"]
    {
        assert!(holds_an_address(text), "{text}");
    }
    for text in
        ["", "corp", "office 4", "version 1.2.3", "team/wiki", "a:b", "10", "beef", "shop.example.com"]
    {
        assert!(!holds_an_address(text), "{text}");
    }
}

#[test]
fn unlisted_decisions_and_results_begin_with_0() {
    let text = metrics::text(&document(vec![list("a", &[])]));
    assert_eq!(
        samples(&text, "unlisted_decisions_total"),
        [r#"result="allowed"} 1"#, r#"result="denied"} 2"#, r#"result="dry_run"} 3"#]
    );
    assert!(samples(&text, "list_decisions_total").contains(&r#"list="a",result="denied"} 0"#), "{text}");
    assert_eq!(samples(&text, "list_ready"), [r#"list="a"} 0"#]);
    assert_eq!(samples(&text, "list_generation"), [""; 0]);
}

#[test]
fn what_a_program_has_counted_is_added_by_reason() {
    let mut decided = Decided::default();
    let mut counts = crate::site::ipgate_app_counts::defaults();
    (counts.allowed, counts.denied) = (1, 5);
    (counts.reasons[3], counts.reasons[7]) = (2, 3);
    decided.count_given(&counts, false);
    decided.count_given(&counts, true);
    assert_eq!(decided.decisions, Counts { allowed: 2, denied: 5, dry_run: 5 });
    assert_eq!(decided.denials.named().collect::<Vec<_>>(), [("no-entry", 4), ("unknown-app", 6)]);
}

#[test]
fn a_panic_is_an_error_and_the_text_of_before_stays() {
    let mut program = ipgate_report_program::defaults();
    (program.name, program.version) = (c"nginx".as_ptr(), c"1".as_ptr());
    let mut report = MaybeUninit::new(ptr::null_mut());
    // SAFETY: the program's texts end.
    let status = unsafe { ipgate_report_new(&raw const program, Some(&mut report), None) };
    assert_eq!(status, ipgate_status::IPGATE_OK);
    // SAFETY: a call that succeeds has written a handle, which is ours now.
    let mut report = unsafe { Box::from_raw(report.assume_init()) };
    let (mut text, mut len) = (MaybeUninit::new(ptr::null::<c_char>()), MaybeUninit::new(0));
    let mut write = |error: &mut MaybeUninit<*mut ipgate_error>| {
        ipgate_report_text(Some(&mut report), 0, Some(&mut text), Some(&mut len), Some(error))
    };
    let mut error = MaybeUninit::new(ptr::null_mut());
    assert_eq!(write(&mut error), ipgate_status::IPGATE_OK);
    fault::arm();
    assert_eq!(write(&mut error), ipgate_status::IPGATE_ERROR_PANIC);
    // SAFETY: a call that fails has written an error, which is ours, and whose message ends.
    let error = unsafe { Box::from_raw(error.assume_init()) };
    // SAFETY: as above.
    let message = unsafe { CStr::from_ptr(ipgate_error_message(Some(&error))) };
    assert!(message.to_string_lossy().contains("on demand"), "{message:?}");
    ipgate_error_free(Some(error));
    // SAFETY: written above, with a NUL behind it, and not since.
    let text = unsafe { CStr::from_ptr(text.assume_init()) };
    assert!(text.to_bytes().starts_with(b"{\"version\":"));
    ipgate_report_free(Some(report));
}
