//! Readers of sites, and what their checks come to.

use std::mem::MaybeUninit;
use std::net::Ipv4Addr;

use ipgate::Address;
use ipgate::site::{SiteGate, SiteJudgement, SiteReader, Sought};

use crate::boundary::{self, given};
use crate::check::{self, Handle, answer, decided, guarded, judged_other};
use crate::error::ipgate_error;
use crate::raw::{Bytes, Room};
use crate::status::ipgate_status;
use crate::verdict::{IPGATE_WANT_COUNT, ipgate_decision, ipgate_verdict};

use super::app::ipgate_app;
use super::writer::ipgate_site;

/// A thread's handle for checks of a site. A check takes no lock, does not wait and does not allocate.
///
/// One thread at a time; take one for each thread. It may outlive the site, and then goes on with what that was. An
/// idle reader keeps the site as it was at its last check alive: see ipgate_site_reader_pause().
#[derive(Debug)]
pub struct ipgate_site_reader {
    pub(crate) reader: SiteReader,
    /// Where caught panics are reported.
    pub(super) site: SiteGate,
}

impl Handle for ipgate_site_reader {
    type Reader = SiteReader;

    #[inline(always)]
    fn reader(&mut self) -> &mut SiteReader {
        &mut self.reader
    }

    fn record(&self, failure: &str) {
        self.site.record_failure(failure);
    }
}

/// Takes a reader of a site.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_site_reader_new(
    site: Option<&ipgate_site>,
    reader: Option<&mut MaybeUninit<*mut ipgate_site_reader>>,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::make_or(reader, error, || {
        let site = given(site, "site")?.gate().clone();
        Ok(ipgate_site_reader { reader: site.reader(), site })
    })
}

/// Lets go of the site as it was, so that an idle reader keeps no old lists alive; the next check takes it as it is
/// then. Ends the life of labels and names that the reader gave. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_site_reader_pause(reader: Option<&mut ipgate_site_reader>) {
    boundary::value((), || reader.into_iter().for_each(|reader| reader.reader.pause()));
}

/// Frees a reader. NULL is fine. Ends the life of labels and names that the reader gave.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_site_reader_free(reader: Option<Box<ipgate_site_reader>>) {
    boundary::value((), || drop(reader));
}

/// The address of a client, who may have none; none at all where the pointer to it is missing.
pub(super) type Client = Option<Option<Address>>;

/// A check of the app of that name for an IPv4 client, of which only the decision is wanted: apart, so that name and address
/// stay in registers.
#[inline(never)]
pub(super) fn by_name_v4(reader: &mut ipgate_site_reader, name: &[u8], address: Ipv4Addr) -> ipgate_decision {
    decided(reader, |site| site.allows(Sought::Name(name), Address::from(address)))
}

/// A check of the app of that name.
#[inline(never)]
pub(super) fn by_name(
    reader: Option<&mut ipgate_site_reader>,
    name: Bytes<'_>,
    client: Client,
    verdict: Room<'_, ipgate_verdict>,
) -> ipgate_decision {
    check(reader, name.get().map(Sought::Name), client, verdict)
}

/// A check of the app of a request's host.
#[inline(never)]
pub(super) fn by_host(
    reader: Option<&mut ipgate_site_reader>,
    host: Bytes<'_>,
    client: Client,
    verdict: Room<'_, ipgate_verdict>,
) -> ipgate_decision {
    check(reader, host.get().map(Sought::Host), client, verdict)
}

/// A check of an app that is asked for again and again.
#[inline(never)]
pub(super) fn by_app(
    reader: Option<&mut ipgate_site_reader>,
    app: Option<&mut ipgate_app>,
    client: Client,
    verdict: Room<'_, ipgate_verdict>,
) -> ipgate_decision {
    check(reader, app.map(|app| Sought::App(&mut app.app)), client, verdict)
}

/// A check, which fails where anything is missing.
#[inline(always)]
fn check(
    reader: Option<&mut ipgate_site_reader>,
    app: Option<Sought<'_>>,
    client: Client,
    mut verdict: Room<'_, ipgate_verdict>,
) -> ipgate_decision {
    let (Some(reader), Some(app), Some(address)) = (reader, app, client) else {
        return check::failed(verdict);
    };
    if verdict.is_null() {
        return decided(reader, |site| site.allows(app, address));
    }
    let judged = match verdict.in_place() {
        Some(ours) => guarded(reader, |site| ours.fill_site(ask(site, app, address, ours.want))),
        None => {
            return judged_other(reader, verdict, move |site, verdict| {
                verdict.fill_site(ask(site, app, address, verdict.want))
            });
        }
    };
    answer(judged, verdict)
}

/// Asks, counted or not.
#[inline(always)]
fn ask<'r>(
    site: &'r mut SiteReader,
    app: Sought<'_>,
    address: Option<Address>,
    want: u32,
) -> SiteJudgement<'r> {
    if want & IPGATE_WANT_COUNT == 0 { site.judge(app, address) } else { site.admit(app, address) }
}
