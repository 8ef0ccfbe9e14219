//! What becomes of a panic inside a call: a denial, or an error, and a report.

use super::*;
use crate::error::{ipgate_error, ipgate_error_message, ipgate_error_status};
use crate::fault;
use crate::raw::Sized_;
use crate::status::ipgate_status;
use crate::verdict::{ipgate_decision, ipgate_reason, ipgate_verdict};
use ipgate::site::{App, AppRef, Site, SiteGate};
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::ptr;

const CLIENT: [u8; 4] = [10, 0, 0, 1];
const NAME: &CStr = c"shop";
const HOST: &CStr = c"shop.example";

/// A site whose app lets the client in, a reader of it, and the app.
fn shop() -> (ipgate_site, ipgate_site_reader, ipgate_app) {
    let list: ipgate::List = "10.0.0.0/8:office".parse().expect("a list");
    let shop = App::new().with_list(list).with_host("shop.example".parse().expect("a host"));
    let name: ipgate::site::AppName = "shop".parse().expect("a name");
    let gate = SiteGate::new(&Site::new().with_app(name.clone(), shop).with_enforce(true)).expect("a site");
    let reader = ipgate_site_reader { reader: gate.reader(), site: gate.clone() };
    (ipgate_site::new(gate), reader, ipgate_app { app: AppRef::new(name) })
}

/// What a call gave.
fn given<T>(call: impl FnOnce(&mut MaybeUninit<*mut T>) -> ipgate_status) -> Box<T> {
    let mut out = MaybeUninit::new(ptr::null_mut());
    assert_eq!(call(&mut out), ipgate_status::IPGATE_OK);
    // SAFETY: a call that succeeds has written a handle, which is ours now.
    unsafe { Box::from_raw(out.assume_init()) }
}

#[test]
fn a_panic_in_a_check_is_a_denial_that_is_reported() {
    type Check = unsafe fn(&mut ipgate_site_reader, &mut ipgate_app, *mut ipgate_verdict) -> ipgate_decision;
    let checks: [Check; 3] = [
        // SAFETY: a name and an address of four bytes, and a verdict of the test below.
        |reader, _, verdict| unsafe {
            ipgate_site_check_name_bytes(Some(reader), NAME.as_ptr(), 4, CLIENT.as_ptr(), 4, verdict)
        },
        // SAFETY: a host of twelve bytes, an address of four, and a verdict of the test below.
        |reader, _, verdict| unsafe {
            ipgate_site_check_host_bytes(Some(reader), HOST.as_ptr(), 12, CLIENT.as_ptr(), 4, verdict)
        },
        // SAFETY: an address of four bytes, and a verdict of the test below.
        |reader, app, verdict| unsafe {
            ipgate_site_check_app_bytes(Some(reader), Some(app), CLIENT.as_ptr(), 4, verdict)
        },
    ];
    for check in checks {
        let (site, mut reader, mut app) = shop();
        let mut verdict = <ipgate_verdict as Sized_>::defaults();
        // SAFETY: a verdict that was initialised.
        let before = unsafe { check(&mut reader, &mut app, &raw mut verdict) };
        assert_eq!((before, verdict.app_len), (ipgate_decision::IPGATE_ALLOW, 4));
        fault::arm();
        // SAFETY: as above.
        assert_eq!(unsafe { check(&mut reader, &mut app, &raw mut verdict) }, ipgate_decision::IPGATE_DENY);
        assert_eq!(verdict.decision, ipgate_decision::IPGATE_DENY as i32);
        assert_eq!(verdict.reason, ipgate_reason::IPGATE_REASON_FAILED as i32);
        assert!(verdict.app.is_null() && verdict.label_len == 0, "nothing of the earlier verdict stays");
        assert_eq!((verdict.app_len, verdict.site_generation), (0, 0));
        let error: Box<ipgate_error> = given(|out| ipgate_site_last_error(Some(&site), Some(out)));
        assert_eq!(ipgate_error_status(Some(&error)), ipgate_status::IPGATE_ERROR_PANIC);
        // SAFETY: a text that lives as long as the error.
        let message = unsafe { CStr::from_ptr(ipgate_error_message(Some(&error))) };
        assert!(message.to_string_lossy().contains("on demand"), "{message:?}");
        fault::arm();
        // SAFETY: NULL is fine.
        assert_eq!(unsafe { check(&mut reader, &mut app, ptr::null_mut()) }, ipgate_decision::IPGATE_DENY);
        // SAFETY: NULL is fine.
        assert_eq!(unsafe { check(&mut reader, &mut app, ptr::null_mut()) }, ipgate_decision::IPGATE_ALLOW);
    }
}

#[test]
fn a_panic_in_a_change_leaves_the_site_as_it_was() {
    let (mut site, ..) = shop();
    let site = &raw mut site;
    // SAFETY: a site of ours and a text of that length.
    let change = || unsafe { ipgate_site_set_default(site, c"10.0.0.0/8".as_ptr(), 10, ptr::null(), None) };
    // SAFETY: it lives until the end of the test, and is shared by reference alone.
    let site = unsafe { &*site };
    fault::arm();
    assert_eq!(change(), ipgate_status::IPGATE_ERROR_PANIC);
    assert_eq!(ipgate_site_generation(Some(site)), 1);
    assert_eq!(change(), ipgate_status::IPGATE_OK);
    assert_eq!(ipgate_site_generation(Some(site)), 2);
}
