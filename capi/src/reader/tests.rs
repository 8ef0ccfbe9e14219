//! What becomes of a panic inside a call: a denial, and a report.

use super::*;
use crate::fault;
use crate::gate::ipgate_gate_replace_text;
use crate::verdict::ipgate_reason;
use ipgate::{Gate, List};
use std::ptr;

const CLIENT: [u8; 4] = [10, 0, 0, 1];
const TEXT: &std::ffi::CStr = c"10.0.0.1";
const MAPPED: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1];

/// A reader whose list allows the client.
fn reader() -> (Gate, ipgate_reader) {
    let gate = Gate::new(&"10.0.0.0/8:office".parse::<List>().expect("a list"));
    (gate.clone(), ipgate_reader { layers: LayersReader::of_gate(&gate), gates: vec![gate] })
}

#[test]
fn a_panic_in_a_check_is_a_denial_that_is_reported() {
    type Check = unsafe fn(&mut ipgate_reader, *mut ipgate_verdict) -> ipgate_decision;
    let checks: [Check; 3] = [
        // SAFETY: four bytes, and a verdict of the test below.
        |reader, verdict| unsafe { ipgate_check_bytes(Some(reader), CLIENT.as_ptr(), 4, verdict) },
        // SAFETY: sixteen bytes, and a verdict of the test below.
        |reader, verdict| unsafe { ipgate_check_bytes(Some(reader), MAPPED.as_ptr(), 16, verdict) },
        // SAFETY: eight bytes, and a verdict of the test below.
        |reader, verdict| unsafe { ipgate_check_text(Some(reader), TEXT.as_ptr(), 8, verdict) },
    ];
    for check in checks {
        let (gate, mut reader) = reader();
        let mut verdict = <ipgate_verdict as Sized_>::defaults();
        // SAFETY: a verdict that was initialised.
        assert_eq!(unsafe { check(&mut reader, &raw mut verdict) }, ipgate_decision::IPGATE_ALLOW);
        assert_ne!(verdict.label_len, 0);
        fault::arm();
        // SAFETY: as above.
        assert_eq!(unsafe { check(&mut reader, &raw mut verdict) }, ipgate_decision::IPGATE_DENY);
        assert_eq!(verdict.decision, ipgate_decision::IPGATE_DENY as i32);
        assert_eq!(verdict.reason, ipgate_reason::IPGATE_REASON_FAILED as i32);
        assert_eq!(verdict.label_len, 0, "nothing of the earlier verdict stays");
        let failure = gate.status().last_failure.expect("it is reported");
        assert!(failure.reason.contains("on demand"), "{}", failure.reason);
        fault::arm();
        // SAFETY: NULL is fine.
        assert_eq!(unsafe { check(&mut reader, ptr::null_mut()) }, ipgate_decision::IPGATE_DENY);
        // SAFETY: NULL is fine.
        assert_eq!(unsafe { check(&mut reader, ptr::null_mut()) }, ipgate_decision::IPGATE_ALLOW);
    }
}

#[test]
fn a_panic_in_a_batch_denies_all_of_it() {
    let (_, mut reader) = reader();
    let addresses = [MAPPED; 3].concat();
    let mut decisions = [7; 3];
    fault::arm();
    // SAFETY: three addresses, three decisions.
    let allowed =
        unsafe { ipgate_check_batch(Some(&mut reader), addresses.as_ptr(), 3, decisions.as_mut_ptr()) };
    assert_eq!((allowed, decisions), (0, [0; 3]));
}

#[test]
fn a_panic_in_an_explanation_explains_nothing() {
    let (_, mut reader) = reader();
    let explain = |reader: &mut ipgate_reader| {
        // SAFETY: an address of four bytes, and no room for entries.
        unsafe { ipgate_explain(Some(reader), CLIENT.as_ptr(), 4, ptr::null_mut(), 0) }
    };
    fault::arm();
    assert_eq!(explain(&mut reader), 0);
    assert_eq!(explain(&mut reader), 1);
}

#[test]
fn a_panic_in_a_swap_leaves_the_gate_as_it_was() {
    let mut gate = MaybeUninit::new(ptr::null_mut());
    assert_eq!(crate::gate::ipgate_gate_new(None, Some(&mut gate), None), ipgate_status::IPGATE_OK);
    // SAFETY: written by the call above.
    let gate = unsafe { gate.assume_init() };
    let replace = || {
        // SAFETY: a gate of ours and a text of that length.
        unsafe { ipgate_gate_replace_text(gate, c"10.0.0.0/8".as_ptr(), 10, ptr::null(), None) }
    };
    fault::arm();
    assert_eq!(replace(), ipgate_status::IPGATE_ERROR_PANIC);
    // SAFETY: not freed yet.
    assert_eq!(unsafe { &*gate }.gate().generation(), 1);
    assert_eq!(replace(), ipgate_status::IPGATE_OK);
    // SAFETY: a gate that `ipgate_gate_new` boxed, freed once.
    crate::gate::ipgate_gate_free(Some(unsafe { Box::from_raw(gate) }));
}
