//! Sites of files: loaded, and polled from then on.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::path::Path;
use std::time::Instant;

use ipgate::list::Parser;
use ipgate::site::Site;
use ipgate::watch::Glance;

use crate::boundary;
use crate::error::ipgate_error;
use crate::failure::Failure;
use crate::fault;
use crate::fork;
use crate::job::{Job, Progress};
use crate::memory;
use crate::options::{self, ipgate_options};
use crate::poll::{IPGATE_POLL_LOOK, IPGATE_POLL_THREAD, ipgate_poll, known_flags};
use crate::raw::{self, Bytes};
use crate::status::ipgate_status;

use super::file::{Followed, News, SiteFile};
use super::writer::{Change, Writer, ipgate_site};

/// As many failures of one look are reported by a poll each.
const ONE_BY_ONE: usize = 20;

/// Loads a site, a folder or an image, whatever stands at the path, and makes it what ipgate_site_poll() looks at from then
/// on, whether or not this first load succeeds. `options` may be NULL, and are for the texts of lists.
///
/// A folder has `site.toml`, `default.list`, `apps/NAME.list` and `hosts`, of which some may be missing; an image is made of
/// one by `ipgate compile --site`. A list that is bad touches its app alone, which denies everyone until it has a good one:
/// ipgate_site_poll() reports it next.
///
/// Reads, parses and compiles on the calling thread, and waits for at most 10 s where something is being written or was a
/// moment ago. Fails with IPGATE_ERROR_IO, IPGATE_ERROR_LIST (the default list), IPGATE_ERROR_IMAGE or
/// IPGATE_ERROR_REFUSED; the site is what it was then.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_site_replace_file(
    site: *mut ipgate_site,
    path: *const c_char,
    options: *const ipgate_options,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::call(error, || {
        // SAFETY: nobody frees `site` meanwhile, `path` ends with a NUL, and `options` has as many bytes as its size says.
        let (site, path, parser) =
            unsafe { (raw::handle(site, "site")?, raw::path(path)?, options::parser(options)?) };
        site.replace_file(path, parser)
    })
}

/// Puts the site of an image in the place of the current one. The image is copied, so that it is not needed afterwards;
/// everything that checks rely on is verified. Fails with IPGATE_ERROR_IMAGE or IPGATE_ERROR_REFUSED.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_site_replace_image(
    site: *mut ipgate_site,
    image: *const u8,
    len: usize,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_status {
    boundary::call(error, || {
        // SAFETY: nobody frees `site` meanwhile, and `image` has `len` bytes.
        let (site, image) = unsafe { (raw::handle(site, "site")?, Bytes::new(image, len)) };
        let read = Site::from_image(image.given("image")?).map_err(|error| Failure::image(&error));
        site.take(read.map(|read| Change::to(&read)))
    })
}

/// Looks whether the folder or image of the last ipgate_site_replace_file() has changed, and brings what is new into force.
/// For an event loop's timer, with the flags of ipgate_gate_poll() and an ipgate_poll as the result, with an error for
/// IPGATE_POLL_FAILED. Of an image a look is one stat(). Of a folder it is one for each file, which with IPGATE_POLL_THREAD
/// are made on the thread too; IPGATE_POLL_LOOK says IPGATE_POLL_READY of a folder, whatever is in it.
///
/// Every list is followed by itself: what is good comes into force, and what is bad stays as it was. Where several
/// come of one look, IPGATE_POLL_SWAPPED is the result, and each of the next polls reports an IPGATE_POLL_FAILED. A list
/// that is gone is unset when it has been gone for 2 s. The same failure is reported once, and then counted.
///
/// # Safety
///
/// The rules at the top of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ipgate_site_poll(
    site: *mut ipgate_site,
    flags: u32,
    error: Option<&mut MaybeUninit<*mut ipgate_error>>,
) -> ipgate_poll {
    let mut outcome = ipgate_poll::IPGATE_POLL_FAILED;
    boundary::call(error, || {
        // SAFETY: nobody frees `site` meanwhile.
        let site = unsafe { raw::handle(site, "site")? };
        outcome = site.poll(known_flags(flags)?)?;
        Ok(())
    });
    outcome
}

impl ipgate_site {
    /// Loads what is at a path, which is polled from then on.
    pub(crate) fn replace_file(&self, path: &Path, parser: Parser) -> Result<(), Failure> {
        let mut file = SiteFile::new(self.gate(), path, parser)?;
        let loaded = file.load_now();
        memory::give_back();
        let mut writer = self.writer();
        writer.followed = Followed { file: Some(file), ..Followed::default() };
        match loaded {
            Ok(news) => {
                // What is wrong with apps is no failure of this call: the next polls report it.
                if let Err(first) = writer.take_news(news) {
                    writer.followed.owed.push_front(first);
                }
            }
            Err(failure) => {
                writer.failures.add(failure.clone());
                return Err(failure);
            }
        }
        Ok(())
    }

    pub(crate) fn poll(&self, flags: u32) -> Result<ipgate_poll, Failure> {
        let (on_thread, only_look) = (flags & IPGATE_POLL_THREAD != 0, flags & IPGATE_POLL_LOOK != 0);
        let mut writer = self.writer();
        let Writer { followed, .. } = &mut *writer;
        if let Some((job, replaced)) = &mut followed.former {
            replaced.take().into_iter().for_each(|replaced| job.retire(replaced));
        }
        if let Some(failure) = followed.owed.pop_front() {
            return Err(failure);
        }
        match followed.job.take().map(Job::look) {
            Some(Progress::Pending(job)) => {
                followed.job = Some(job);
                return Ok(ipgate_poll::IPGATE_POLL_PENDING);
            }
            Some(Progress::Done(done, job)) => {
                let (file, news) = *done;
                (followed.file, followed.former) = (file, Some((job, Some(self.gate().snapshot()))));
                let polled = match news {
                    Ok(news) => writer.take_news(news),
                    Err(failure) => {
                        writer.failures.add(failure.clone());
                        Err(failure)
                    }
                };
                return match polled {
                    Ok(ipgate_poll::IPGATE_POLL_PENDING) if only_look => {
                        Ok(ipgate_poll::IPGATE_POLL_UNCHANGED)
                    }
                    polled => polled,
                };
            }
            Some(Progress::Lost(again)) => {
                followed.file = Some(again.file(self.gate())?);
                return Err(Failure::panic("the loading thread was lost"));
            }
            Some(Progress::Elsewhere(again)) => followed.file = Some(again.file(self.gate())?),
            None => {}
        }
        let Some(file) = &mut followed.file else { return Ok(ipgate_poll::IPGATE_POLL_UNCHANGED) };
        match file.site.glance(Instant::now(), true) {
            Glance::Same => Ok(ipgate_poll::IPGATE_POLL_UNCHANGED),
            Glance::Unsettled(_) if on_thread || only_look => Ok(ipgate_poll::IPGATE_POLL_PENDING),
            _ if only_look => Ok(ipgate_poll::IPGATE_POLL_READY),
            _ if on_thread => self.begin(&mut writer),
            _ => {
                let news = file.look(|apply| apply());
                writer.take_news(news)
            }
        }
    }

    /// Looks on a thread.
    fn begin(&self, writer: &mut Writer) -> Result<ipgate_poll, Failure> {
        let Some(mut file) = writer.followed.file.take() else {
            return Ok(ipgate_poll::IPGATE_POLL_UNCHANGED);
        };
        let again = file.again();
        let started = Job::start(again.clone(), move || {
            let news = boundary::caught(|| {
                fault::point();
                Ok(file.look(|apply| fork::put_off(apply)))
            });
            (Some(file), news)
        });
        match started {
            Ok(job) => {
                writer.followed.job = Some(job);
                Ok(ipgate_poll::IPGATE_POLL_PENDING)
            }
            Err(error) => {
                writer.followed.file = Some(again.file(self.gate())?);
                Err(Failure::thread(&error))
            }
        }
    }
}

impl Writer {
    /// Takes note of what a look came to.
    fn take_news(&mut self, news: News) -> Result<ipgate_poll, Failure> {
        let News { taken, failures, is_good_again, is_unsettled } = news;
        if taken.is_some() || is_good_again {
            self.failures.clear();
        }
        for failure in &failures {
            self.failures.add(failure.clone());
        }
        let more = failures.len().saturating_sub(ONE_BY_ONE);
        let told = failures.into_iter().take(ONE_BY_ONE);
        self.followed.owed.extend(told.chain((more > 0).then(|| Failure::more(more))));
        if let Some(report) = taken {
            self.warnings = Some(ipgate_error::warnings(&report));
            return Ok(ipgate_poll::IPGATE_POLL_SWAPPED);
        }
        match self.followed.owed.pop_front() {
            Some(failure) => Err(failure),
            None if is_unsettled => Ok(ipgate_poll::IPGATE_POLL_PENDING),
            None => Ok(ipgate_poll::IPGATE_POLL_UNCHANGED),
        }
    }
}
