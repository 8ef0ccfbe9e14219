//! A site with one app through the C entry points: what it says is what a policy of the same lists says.

use std::ffi::{CString, c_char};
use std::mem::MaybeUninit;
use std::ptr;

use ipgate_capi::*;

use crate::made;

/// What there is to say of the app, and of the site.
pub struct Said<'a> {
    pub text: Option<&'a [u8]>,
    pub default: Option<&'a [u8]>,
    pub host: &'a [u8],
    pub mode: i32,
    pub enforce: i32,
}

pub struct AsSite {
    site: Box<ipgate_site>,
    reader: Box<ipgate_site_reader>,
    app: Box<ipgate_app>,
}

const NAME: &[u8] = b"deis/app";

impl AsSite {
    /// The site; calls with texts that cannot be taken leave it as it was.
    pub fn new(said: &Said<'_>, options: &ipgate_options) -> AsSite {
        let mut site = made(|site| ipgate_site_new(Some(site), None)).expect("a site");
        let of = |text: Option<&[u8]>| text.map_or((ptr::null(), 0), |text| (text.as_ptr().cast(), text.len()));
        let host = CString::new(said.host).unwrap_or_default();
        let hosts = [host.as_ptr()];
        let (text, text_len) = of(said.text);
        let settings = |hosts: &[*const c_char]| ipgate_app_settings {
            size: size_of::<ipgate_app_settings>(),
            mode: IPGATE_MODE_OF_SITE,
            waiting: 0,
            text,
            text_len,
            hosts: hosts.as_ptr(),
            host_count: hosts.len(),
        };
        let (default, default_len) = of(said.default);
        let handle = &raw mut *site;
        // SAFETY: a live handle, slices with their lengths, structs of this version, a host that ends with a NUL.
        unsafe {
            let name = NAME.as_ptr().cast();
            let set = |settings: &ipgate_app_settings| {
                let status = ipgate_site_set_app(handle, name, NAME.len(), settings, options, 0, None);
                assert_ne!(status, ipgate_status::IPGATE_ERROR_PANIC);
                status
            };
            // The list counts, whatever becomes of the host.
            set(&settings(&[]));
            set(&settings(&hosts));
            ipgate_site_set_default(handle, default, default_len, options, None);
            ipgate_site_set_rules(handle, said.mode, said.enforce, 0, None);
        }
        let reader = made(|reader| ipgate_site_reader_new(Some(&site), Some(reader), None)).expect("a reader");
        // SAFETY: the name's own bytes.
        let app = made(|app| unsafe { ipgate_app_new(NAME.as_ptr().cast(), NAME.len(), Some(app), None) });
        AsSite { site, reader, app: app.expect("an app") }
    }

    /// Has all checks say what a policy said.
    pub fn check(&mut self, address: &[u8], of_policy: &ipgate_verdict) {
        // SAFETY: zeros are valid in every field.
        let mut verdict: ipgate_verdict = unsafe { std::mem::zeroed() };
        verdict.size = size_of::<ipgate_verdict>();
        verdict.want = IPGATE_WANT_ENTRY;
        let (at, len) = (address.as_ptr(), address.len());
        // SAFETY: slices with their lengths, and a verdict of this version.
        let (by_name, by_app) = unsafe {
            let name = NAME.as_ptr().cast();
            (
                ipgate_site_check_name_bytes(Some(&mut self.reader), name, NAME.len(), at, len, &raw mut verdict),
                ipgate_site_check_app_bytes(Some(&mut self.reader), Some(&mut self.app), at, len, ptr::null_mut()),
            )
        };
        assert_eq!((by_name, by_name as i32), (by_app, of_policy.decision));
        let said = |verdict: &ipgate_verdict| (verdict.reason, verdict.prefix, verdict.origin, verdict.label_len);
        assert_eq!(said(&verdict), said(of_policy));
        assert_eq!((verdict.app_len, verdict.site_generation), (NAME.len(), ipgate_site_generation(Some(&self.site))));
    }

    /// Any host, any text to find.
    pub fn ask(&mut self, text: &[u8], address: &[u8]) {
        // SAFETY: slices with their lengths.
        unsafe {
            let (text, len) = (text.as_ptr().cast(), text.len());
            let (at, bytes) = (address.as_ptr(), address.len());
            ipgate_site_check_host_bytes(Some(&mut self.reader), text, len, at, bytes, ptr::null_mut());
            ipgate_site_check_name_bytes(Some(&mut self.reader), text, len, at, bytes, ptr::null_mut());
            let find = |page: &mut MaybeUninit<_>| ipgate_site_page_new(Some(&self.site), text, len, Some(page), None);
            if let Some(page) = made(find) {
                assert!(ipgate_site_page_apps(Some(&page), 0, ptr::null_mut(), 0) <= 1);
                ipgate_site_page_free(Some(page));
            }
        }
    }
}
