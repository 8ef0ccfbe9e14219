//! The C entry points with hostile bytes: nothing panics, what C gets agrees with the library, and what one
//! form of a check says, the others say too.

#![no_main]

#[path = "support/as_site.rs"]
mod as_site;

use std::mem::MaybeUninit;
use std::net::IpAddr;
use std::ptr;

use arbitrary::Arbitrary;
use as_site::{AsSite, Said};
use ipgate_capi::*;
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    text: &'a [u8],
    default: Option<&'a [u8]>,
    image: &'a [u8],
    flags: u8,
    address: &'a [u8],
    client: &'a [u8],
    socket: &'a [u8],
    guard: &'a [u8],
    size: u16,
}

/// What a call made, if it made something.
fn made<T>(call: impl FnOnce(&mut MaybeUninit<*mut T>) -> ipgate_status) -> Option<Box<T>> {
    let mut out = MaybeUninit::new(ptr::null_mut());
    let status = call(&mut out);
    assert_ne!(status, ipgate_status::IPGATE_ERROR_PANIC);
    // SAFETY: initialised with NULL, and written only with a handle that is now ours.
    let made = unsafe { out.assume_init() };
    assert_eq!(made.is_null(), status != ipgate_status::IPGATE_OK, "outputs are written on success alone");
    // SAFETY: as above.
    (!made.is_null()).then(|| unsafe { Box::from_raw(made) })
}

fn options(flags: u8) -> ipgate_options {
    ipgate_options {
        size: size_of::<ipgate_options>(),
        flags: u32::from(flags % 8),
        max_diagnostics: 0,
        max_entries: 10_000,
        max_bytes: 0,
        source: ptr::null(),
        max_image_bytes: 0,
        max_bad_percent: 0,
        reserved: 0,
    }
}

fn walk(error: &ipgate_error) {
    let last = ipgate_error_diagnostics(Some(error));
    // SAFETY: zeros are valid in every field.
    let mut diagnostic: ipgate_diagnostic = unsafe { std::mem::zeroed() };
    diagnostic.size = size_of::<ipgate_diagnostic>();
    for index in 0..=last {
        // SAFETY: a diagnostic of this version.
        let status = unsafe { ipgate_error_diagnostic(Some(error), index, &raw mut diagnostic) };
        assert_eq!(status == ipgate_status::IPGATE_OK, index < last);
    }
}

fuzz_target!(|input: Input<'_>| {
    let options = options(input.flags);
    let parse = |text: &[u8], list: &mut MaybeUninit<_>| {
        let mut error = MaybeUninit::new(ptr::null_mut());
        // SAFETY: the slice's own bytes, and options of this version.
        let status = unsafe {
            ipgate_list_parse(
                text.as_ptr().cast(),
                text.len(),
                &raw const options,
                Some(list),
                Some(&mut error),
            )
        };
        // SAFETY: initialised with NULL, written only with an error that is now ours.
        let error = unsafe { error.assume_init() };
        assert_eq!(error.is_null(), status == ipgate_status::IPGATE_OK);
        if !error.is_null() {
            // SAFETY: as above.
            let error = unsafe { Box::from_raw(error) };
            walk(&error);
            ipgate_error_free(Some(error));
        }
        status
    };
    let app = made(|list| parse(input.text, list));
    let default = input.default.and_then(|text| made(|list| parse(text, list)));
    if let Some(list) = &app {
        let warnings = made(|out| ipgate_list_warnings(Some(list), Some(out))).expect("a list has warnings");
        walk(&warnings);
    }

    // The same policy of lists and of gates.
    let gate = |list: &Option<Box<ipgate_list>>| {
        let mut gate = made(|gate| ipgate_gate_new(None, Some(gate), None)).expect("a gate");
        // SAFETY: a live handle.
        unsafe { ipgate_gate_replace(&raw mut *gate, list.as_deref(), None) };
        gate
    };
    let mut readers = Vec::new();
    for as_gates in [false, true] {
        let mut policy = made(|policy| ipgate_policy_new(Some(policy))).expect("a policy");
        ipgate_policy_set_mode(Some(&mut policy), i32::from(input.flags >> 3 & 3));
        ipgate_policy_set_enforce(Some(&mut policy), i32::from(input.flags >> 5 & 1));
        if as_gates {
            app.is_some().then(|| ipgate_policy_set_app_gate(Some(&mut policy), Some(&gate(&app))));
            default
                .is_some()
                .then(|| ipgate_policy_set_default_gate(Some(&mut policy), Some(&gate(&default))));
        } else {
            ipgate_policy_set_app(Some(&mut policy), app.as_deref());
            ipgate_policy_set_default(Some(&mut policy), default.as_deref());
        }
        readers.push(made(|reader| ipgate_reader_new_policy(Some(&policy), Some(reader))).expect("a reader"));
    }
    let [of_lists, of_gates] = readers.as_mut_slice() else { return };

    // SAFETY: zeros are valid in every field.
    let mut verdict: ipgate_verdict = unsafe { std::mem::zeroed() };
    verdict.size = size_of::<ipgate_verdict>();
    verdict.want = IPGATE_WANT_ENTRY;
    let mut other = verdict;
    // SAFETY: the slice's own bytes, and verdicts of this version.
    let (one, two, bare) = unsafe {
        let (at, len) = (input.address.as_ptr(), input.address.len());
        (
            ipgate_check_bytes(Some(of_lists), at, len, &raw mut verdict),
            ipgate_check_bytes(Some(of_gates), at, len, &raw mut other),
            ipgate_check_bytes(Some(of_lists), at, len, ptr::null_mut()),
        )
    };
    assert_eq!((one, one), (two, bare));
    assert_eq!(verdict.decision, one as i32);
    assert_eq!((verdict.reason, verdict.prefix, verdict.origin), (other.reason, other.prefix, other.origin));
    // A list that cannot be taken is none here, and none there.
    let mut site = AsSite::new(
        &Said {
            text: app.is_some().then_some(input.text),
            default: input.default.filter(|_| default.is_some()),
            host: input.client,
            mode: i32::from(input.flags >> 3 & 3) % 3, // what is no mode leaves a policy in the first one
            enforce: i32::from(input.flags >> 5 & 1),
        },
        &options,
    );
    site.check(input.address, &verdict);
    site.ask(input.client, input.address);
    let text = match input.address.len() {
        4 => <[u8; 4]>::try_from(input.address).ok().map(|octets| IpAddr::from(octets).to_string()),
        16 => <[u8; 16]>::try_from(input.address).ok().map(|octets| IpAddr::from(octets).to_string()),
        _ => None,
    };
    if let Some(text) = text {
        // SAFETY: the text's own bytes.
        let by_text =
            unsafe { ipgate_check_text(Some(of_gates), text.as_ptr().cast(), text.len(), ptr::null_mut()) };
        assert_eq!(by_text, one, "{text}");
    }
    let mut buffer = [1_u8; 64];
    // SAFETY: a verdict that was just given, the buffer with its length, and slices with theirs.
    unsafe {
        let whole = ipgate_verdict_entry(&raw const verdict, buffer.as_mut_ptr().cast(), buffer.len());
        let printed = buffer.iter().position(|&byte| byte == 0).expect("texts end with a NUL");
        assert!(printed == whole || (printed < whole && whole >= buffer.len()));
        ipgate_verdict_label(&raw const verdict, buffer.as_mut_ptr().cast(), usize::from(input.size % 64));
        ipgate_check_text(Some(of_lists), input.client.as_ptr().cast(), input.client.len(), ptr::null_mut());
        ipgate_shown(input.client.as_ptr().cast(), input.client.len(), buffer.as_mut_ptr().cast(), buffer.len());
        let len = u32::try_from(input.socket.len()).unwrap_or(0);
        if len > 0 {
            let socket = input.socket.as_ptr().cast();
            let decision = ipgate_check(Some(of_lists), socket, len, ptr::null_mut());
            assert_eq!(ipgate_admit(Some(of_lists), socket, len), decision);
            assert_eq!(ipgate_admit_verdict(Some(of_gates), socket, len, &raw mut verdict), decision);
            assert_eq!(ipgate_admit(Some(of_gates), socket, len), decision);
            // Whatever was counted of whatever label: as many as were asked, and all of one decision.
            for (reader, asked) in [(&mut *of_lists, 1), (&mut *of_gates, 2)] {
                let mut count: ipgate_count = std::mem::zeroed();
                count.size = size_of::<ipgate_count>();
                assert_eq!(ipgate_reader_counts(Some(reader), &raw mut count, 1), 1);
                let is_allowed = decision == ipgate_decision::IPGATE_ALLOW;
                assert_eq!((count.allowed, count.denied), if is_allowed { (asked, 0) } else { (0, asked) });
            }
        }
    }
    // Elements of any stride, within what the array holds.
    let mut room = vec![0_usize; 4096 / size_of::<usize>()];
    room[0] = usize::from(input.size);
    let capacity = if usize::from(input.size) >= size_of::<ipgate_entry>() {
        4096 / usize::from(input.size).max(1)
    } else {
        1
    };
    // SAFETY: `capacity` elements of the stated size fit.
    unsafe {
        ipgate_explain(
            Some(of_gates),
            input.address.as_ptr(),
            input.address.len(),
            room.as_mut_ptr().cast(),
            capacity,
        );
    }

    let mut gate = gate(&app);
    let before = ipgate_gate_generation(Some(&gate));
    // SAFETY: live handles, and slices with their lengths; the guard's text ends with a NUL.
    unsafe {
        let must_allow: Vec<u8> = input.guard.iter().copied().filter(|&byte| byte != 0).chain([0]).collect();
        let guard = ipgate_guard {
            size: size_of::<ipgate_guard>(),
            max_shrink_percent: f64::from(input.size),
            refuse_empty: i32::from(input.flags >> 6 & 1),
            widest_v4: input.flags,
            widest_v6: 0,
            reserved: 0,
            must_allow: must_allow.as_ptr().cast(),
        };
        let status = ipgate_gate_set_guard(&raw mut *gate, &raw const guard, None);
        assert_ne!(status, ipgate_status::IPGATE_ERROR_PANIC);
        let status = ipgate_gate_replace_image(&raw mut *gate, input.image.as_ptr(), input.image.len(), None);
        assert_ne!(status, ipgate_status::IPGATE_ERROR_PANIC);
        let swapped = u64::from(status == ipgate_status::IPGATE_OK);
        assert_eq!(ipgate_gate_generation(Some(&gate)), before + swapped);
    }
});
