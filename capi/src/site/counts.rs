//! What a reader of a site has counted, by app.

use std::ffi::c_char;

use ipgate::site::{AppCounts, Counted};

use crate::boundary;
use crate::entry::ipgate_count;
use crate::failure::Failure;
use crate::raw::{Array, Bytes, Room, Sized_};
use crate::status::ipgate_status;

use super::reader::ipgate_site_reader;

/// Whose decisions are asked for.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ipgate_counted {
    /// Those about the clients of one app, which is named.
    IPGATE_COUNTED_APP = 0,
    /// Those about the clients of all apps that the site does not name.
    IPGATE_COUNTED_UNNAMED = 1,
    /// Those about the clients of all apps that are gone from the site. One that comes again begins anew.
    IPGATE_COUNTED_GONE = 2,
}

impl ipgate_counted {
    /// What an argument says; the name is that of an app.
    fn of(whose: i32, name: &[u8]) -> Result<Counted<'_>, Failure> {
        const APP: i32 = ipgate_counted::IPGATE_COUNTED_APP as i32;
        const UNNAMED: i32 = ipgate_counted::IPGATE_COUNTED_UNNAMED as i32;
        const GONE: i32 = ipgate_counted::IPGATE_COUNTED_GONE as i32;
        match whose {
            // What is no UTF-8 is the name of no app, as an empty one is.
            APP => Ok(Counted::App(std::str::from_utf8(name).unwrap_or_default())),
            UNNAMED => Ok(Counted::Unnamed),
            GONE => Ok(Counted::Gone),
            _ => Err(Failure::argument(format!("whose is {whose}, which is no ipgate_counted"))),
        }
    }
}

/// How many reasons there is room for in counts.
pub const IPGATE_REASONS: usize = 8;

/// Decisions about the clients of one app. Initialise it with IPGATE_APP_COUNTS_INIT.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ipgate_app_counts {
    /// sizeof(ipgate_app_counts), set by the caller: IPGATE_APP_COUNTS_INIT.
    pub size: usize,
    /// How many were allowed.
    pub allowed: u64,
    /// How many were denied.
    pub denied: u64,
    /// All of these, by ipgate_reason.
    pub reasons: [u64; IPGATE_REASONS],
}

// SAFETY: repr(C), `size` first, and integers hold any bits.
unsafe impl Sized_ for ipgate_app_counts {
    const FIRST_SIZE: usize = size_of::<ipgate_app_counts>();

    fn defaults() -> ipgate_app_counts {
        ipgate_app_counts {
            size: size_of::<ipgate_app_counts>(),
            allowed: 0,
            denied: 0,
            reasons: [0; IPGATE_REASONS],
        }
    }
}

impl ipgate_app_counts {
    fn new(counts: AppCounts<'_>) -> ipgate_app_counts {
        let (sum, mut all) = (counts.sum(), ipgate_app_counts::defaults());
        (all.allowed, all.denied) = (sum.allowed, sum.denied);
        for (reason, count) in counts.reasons() {
            if let Some(of_reason) = all.reasons.get_mut(usize::from(reason.code())) {
                *of_reason = count;
            }
        }
        all
    }
}

/// Writes how many decisions about the clients of an app were counted with this reader, because a verdict said
/// IPGATE_WANT_COUNT. `whose` is an ipgate_counted; the name is for IPGATE_COUNTED_APP alone. Of an app that is none of
/// the site's there are none: those of apps that are gone are kept together.
///
/// The reader takes the site as it is: see ipgate_site_reader_pause(). Fails with IPGATE_ERROR_ARGUMENT.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_site_reader_counts(
    reader: Option<&mut ipgate_site_reader>,
    whose: i32,
    name: *const c_char,
    len: usize,
    counts: *mut ipgate_app_counts,
) -> ipgate_status {
    // SAFETY: `name` has `len` bytes, and `counts` as many as its size says.
    let (name, mut counts) = unsafe { (Bytes::new(name.cast(), len), Room::new(counts)) };
    boundary::status(|| {
        let found = counted(reader, whose, name)?;
        counts.write(&ipgate_app_counts::new(found), "counts")
    })
}

/// Writes the same by label, as ipgate_reader_counts() does, and returns how many there are. Labels of the app's list
/// and of the default list are not told apart (`origin` is IPGATE_ORIGIN_NONE). At most 4,096 of an app and 65,536 of
/// all apps are; the others of an app are counted together.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_site_reader_labels(
    reader: Option<&mut ipgate_site_reader>,
    whose: i32,
    name: *const c_char,
    len: usize,
    counts: *mut ipgate_count,
    capacity: usize,
) -> usize {
    // SAFETY: `name` has `len` bytes, and `counts` has `capacity` elements, each as long as the first one's size says.
    let (name, mut counts) = unsafe { (Bytes::new(name.cast(), len), Array::new(counts, capacity)) };
    let written = boundary::caught(|| {
        let labels = counted(reader, whose, name)?.labels();
        let labels = labels.filter(|(_, sum)| sum.allowed > 0 || sum.denied > 0);
        let labels: Vec<_> = labels.map(|(whose, sum)| ipgate_count::new(None, whose, sum)).collect();
        counts.fill(&labels, "counts")?;
        Ok(labels.len())
    });
    written.unwrap_or(0)
}

fn counted<'r>(
    reader: Option<&'r mut ipgate_site_reader>,
    whose: i32,
    name: Bytes<'_>,
) -> Result<AppCounts<'r>, Failure> {
    let reader = reader.ok_or(Failure::null("reader"))?;
    Ok(reader.reader.counts_of(ipgate_counted::of(whose, name.given("name")?)?))
}
