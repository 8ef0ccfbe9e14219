//! The image of a site: one file with every list compiled, and what is checked before one is believed.
//!
//! Names and hosts ascend, so that there is one image of a site; each list is an image of its own, with its own checksum,
//! inside the whole's.

use std::collections::BTreeMap;
use std::iter;
use std::time::{SystemTime, UNIX_EPOCH};

use ipgate_lpm::ImageError;
use ipgate_lpm::image::{Contents, Image, NOTE, Sections, ensure, is_image_of};
use ipgate_lpm::words::{u32_at, words};

use super::description::{App, ListSlot, Site};
use super::guard::{SiteRefusal, SiteRefused};
use super::host::Host;
use super::name::AppName;
use crate::content::Content;
use crate::policy::Mode;
use crate::table::{Origin, Table};

/// The sections.
mod section {
    /// What stands in the place of each app's list, and its mode, 1 byte each.
    pub(super) const CODES: usize = 0;
    /// Where each name of an app ends in the next section, 4 bytes each.
    pub(super) const NAME_ENDS: usize = 1;
    pub(super) const NAMES: usize = 2;
    /// Where each host ends in the next section, 4 bytes each.
    pub(super) const HOST_ENDS: usize = 3;
    pub(super) const HOSTS: usize = 4;
    /// The place of each host's app among the names, 4 bytes each.
    pub(super) const HOST_APPS: usize = 5;
    /// Where each list that there is ends in the next section, in units of [`UNIT`](super::UNIT) bytes, 4 bytes each.
    pub(super) const LIST_ENDS: usize = 6;
    pub(super) const LISTS: usize = 7;
    /// The image of the default list.
    pub(super) const DEFAULT: usize = 8;
    pub(super) const COUNT: usize = 9;
}

/// What the length of a list's image is a multiple of.
const UNIT: usize = 16;

/// What is said of the whole, in the header's note: creation in µs since 1970 UTC, mode, enforce, and what stands in the place
/// of the default list.
mod note {
    pub(super) const CREATED: usize = 0;
    pub(super) const MODE: usize = 8;
    pub(super) const ENFORCE: usize = 12;
    pub(super) const DEFAULT: usize = 16;
}

const MODES: [Option<Mode>; 4] = [None, Some(Mode::Extend), Some(Mode::Override), Some(Mode::Precede)];
const UNSET: u32 = 0;
const WAITING: u32 = 1;
const LIST: u32 = 2;

impl Site {
    /// Whether bytes begin as the image of a site does. That of a list does not, nor does text.
    #[must_use]
    pub fn is_image(bytes: &[u8]) -> bool {
        is_image_of(bytes, Contents::Site)
    }

    /// The site as bytes, the same on every machine, with its lists compiled. O(n) for n entries that are not
    /// compiled yet, and for the bytes.
    ///
    /// # Errors
    ///
    /// [`SiteRefused`] where a host is of two apps, as by a [`SiteGate`](super::SiteGate).
    pub fn to_image(&self) -> Result<Vec<u8>, SiteRefused> {
        let now = SystemTime::now();
        // Entries that have expired are in it: they hold again where the clock is set back.
        let image = |slot: &ListSlot, origin| {
            slot.has_list().then(|| slot.compiled(origin, now).table().whole().to_image(0))
        };
        let apps = || self.apps().values();
        let codes = apps().map(|app| (slot_code(app.list()) << 2 | mode_code(app.mode())) as u8).collect();
        let hosts = self.hosts()?;
        let lists: Vec<Vec<u8>> = apps().filter_map(|app| image(app.list(), Origin::App)).collect();

        let mut sections = Sections::new();
        sections.push_bytes(codes);
        push_texts(self.apps().keys().map(AppName::as_str), &mut sections);
        push_texts(hosts.keys().map(|host| host.as_str()), &mut sections);
        sections.push_words(hosts.values().copied().collect());
        sections.push_words(ends(lists.iter().map(|list| list.len() / UNIT)).collect());
        sections.push_bytes(lists.concat());
        sections.push_bytes(image(self.default_list(), Origin::Default).unwrap_or_default());

        let mut about = [0; NOTE];
        let mut put = |at: usize, value: &[u8]| about[at..at + value.len()].copy_from_slice(value);
        let created = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64);
        put(note::CREATED, &created.to_le_bytes());
        put(note::MODE, &mode_code(Some(self.mode())).to_le_bytes());
        put(note::ENFORCE, &u32::from(self.is_enforced()).to_le_bytes());
        put(note::DEFAULT, &slot_code(self.default_list()).to_le_bytes());
        let image = sections.write(Contents::Site, &about);
        Ok(image.to_bytes(image.note()))
    }

    /// The hosts of all apps, ascending, each with the place of its app among the names.
    fn hosts(&self) -> Result<BTreeMap<&Host, u32>, SiteRefused> {
        let mut hosts = BTreeMap::new();
        for (number, (name, app)) in (0..).zip(self.apps()) {
            for host in app.hosts() {
                let other = hosts.insert(host, number).filter(|other| *other != number);
                if let Some((other, _)) = other.and_then(|other| self.apps().iter().nth(other as usize)) {
                    let apps = [other.clone(), name.clone()];
                    return Err(SiteRefused {
                        refusals: vec![SiteRefusal::Host { host: host.clone(), apps }],
                    });
                }
            }
        }
        Ok(hosts)
    }

    /// Takes an image that [`Site::to_image`] gave. Everything that checks rely on is verified, names and hosts included, so
    /// that no bytes whatever can cause a panic, an access out of bounds or a hang. O(n) for n bytes.
    ///
    /// # Errors
    ///
    /// [`ImageError`] says what is wrong with the bytes.
    ///
    /// ```
    /// use ipgate::List;
    /// use ipgate::site::{App, Site, SiteGate};
    /// let shop = App::new().with_list("192.0.2.7:partner".parse::<List>()?);
    /// let image = Site::new().with_app("shop".parse()?, shop).to_image()?;
    /// assert!(Site::is_image(&image));
    /// let gate = SiteGate::new(&Site::from_image(&image)?)?;
    /// assert_eq!(gate.check("shop", "192.0.2.7".parse()?).label(), Some("partner"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_image(bytes: &[u8]) -> Result<Site, ImageError> {
        Site::from_content(Content::from(bytes))
    }

    /// Takes an image that was read from a file, as [`Site::from_image`] does, but without a copy of the whole.
    ///
    /// # Errors
    ///
    /// [`ImageError`] says what is wrong with the bytes.
    pub fn from_content(content: Content) -> Result<Site, ImageError> {
        let image = Image::open(content.into_memory(), Contents::Site, section::COUNT)?;
        let about = |at| u32_at(image.note(), at);
        let mut lists = iter::once(image.section(section::DEFAULT)).filter(|image| !image.is_empty());
        let default = slot(about(note::DEFAULT), &mut lists)?;
        ensure(lists.next().is_none(), "header", "the default list is not set, and there")?;
        let enforce = about(note::ENFORCE);
        ensure(enforce <= 1, "header", "`enforce` is unknown")?;
        let of_site = mode(about(note::MODE))?.unwrap_or_default();
        let site = Site::new().with_default(default).with_mode(of_site).with_enforce(enforce == 1);

        let codes: &[u8] = image.section(section::CODES);
        let names = names(&image)?;
        ensure(names.len() == codes.len(), "apps", "they are not as many as their names")?;
        let ends: Vec<usize> =
            words(image.section(section::LIST_ENDS)).map(|end| UNIT * end as usize).collect();
        let mut lists = pieces(image.section(section::LISTS), &ends, "lists")?.into_iter();
        let mut apps = Vec::with_capacity(codes.len());
        for code in codes {
            let app = App::new().with_list(slot(u32::from(code >> 2), &mut lists)?);
            apps.push(mode(u32::from(code & 3))?.into_iter().fold(app, App::with_mode));
        }
        ensure(lists.next().is_none(), "apps", "a list is of none")?;
        add_hosts(&image, &mut apps)?;
        Ok(site.with_apps(names.into_iter().zip(apps).collect()))
    }
}

/// The names, ascending.
fn names(image: &Image) -> Result<Vec<AppName>, ImageError> {
    let names = texts(image, section::NAME_ENDS, section::NAMES, "names")?;
    let names = names.into_iter().map(AppName::new).collect::<Result<Vec<_>, _>>();
    let names = names.map_err(|_| ImageError::damaged("names", "one is no name of an app"))?;
    ensure(names.is_sorted_by(|one, other| one < other), "names", "they do not ascend")?;
    Ok(names)
}

/// Gives the apps their hosts.
fn add_hosts(image: &Image, apps: &mut [App]) -> Result<(), ImageError> {
    let hosts = texts(image, section::HOST_ENDS, section::HOSTS, "hosts")?;
    let numbers: Vec<u32> = words(image.section(section::HOST_APPS)).collect();
    ensure(hosts.len() == numbers.len(), "hosts", "they are not as many as their apps")?;
    ensure(hosts.is_sorted_by(|one, other| one < other), "hosts", "they do not ascend")?;
    for (text, number) in hosts.into_iter().zip(numbers) {
        let host = Host::new(text).ok().filter(|host| host.as_str() == text);
        let host = host.ok_or(ImageError::damaged("hosts", "one is no host"))?;
        let app = apps.get_mut(number as usize).ok_or(ImageError::damaged("hosts", "one is of no app"))?;
        *app = std::mem::take(app).with_host(host);
    }
    Ok(())
}

fn slot_code(slot: &ListSlot) -> u32 {
    match slot {
        ListSlot::Unset => UNSET,
        ListSlot::Waiting => WAITING,
        ListSlot::List(_) | ListSlot::Table(_) => LIST,
    }
}

/// What a code stands for, with the next of the lists where that is a list.
fn slot<'i>(code: u32, lists: &mut impl Iterator<Item = &'i [u8]>) -> Result<ListSlot, ImageError> {
    match code {
        UNSET => Ok(ListSlot::Unset),
        WAITING => Ok(ListSlot::Waiting),
        LIST => {
            let image = lists.next().ok_or(ImageError::damaged("lists", "there are too few"))?;
            ListSlot::of_table(Table::from_image(image)?)
                .ok_or(ImageError::damaged("lists", "one is of no list"))
        }
        _ => Err(ImageError::damaged("apps", "it is unknown what stands in the place of a list")),
    }
}

fn mode_code(mode: Option<Mode>) -> u32 {
    (0..).zip(MODES).find(|(_, of_code)| *of_code == mode).map_or(0, |(code, _)| code)
}

fn mode(code: u32) -> Result<Option<Mode>, ImageError> {
    MODES.get(code as usize).copied().ok_or(ImageError::damaged("apps", "a mode is unknown"))
}

/// Where things of these lengths end, one behind the other.
fn ends(lengths: impl Iterator<Item = usize>) -> impl Iterator<Item = u32> {
    lengths.scan(0, |end, length| {
        *end += length as u32;
        Some(*end)
    })
}

/// Adds where texts end, and the texts.
fn push_texts<'t>(texts: impl Iterator<Item = &'t str> + Clone, sections: &mut Sections<'_>) {
    sections.push_words(ends(texts.clone().map(str::len)).collect());
    sections.push_bytes(texts.collect::<String>().into_bytes());
}

fn texts<'i>(
    image: &'i Image,
    ends: usize,
    texts: usize,
    place: &'static str,
) -> Result<Vec<&'i str>, ImageError> {
    let ends: Vec<usize> = words(image.section(ends)).map(|end| end as usize).collect();
    let pieces = pieces(image.section(texts), &ends, place)?.into_iter();
    let texts = pieces.map(std::str::from_utf8).collect::<Result<Vec<_>, _>>();
    texts.map_err(|_| ImageError::damaged(place, "one is no UTF-8 text"))
}

/// The pieces of some bytes that end there, which are all of it.
fn pieces<'i>(bytes: &'i [u8], ends: &[usize], place: &'static str) -> Result<Vec<&'i [u8]>, ImageError> {
    let starts = iter::once(0).chain(ends.iter().copied());
    let pieces = starts.zip(ends).map(|(start, end)| bytes.get(start..*end)).collect::<Option<Vec<_>>>();
    let is_whole = ends.last().copied().unwrap_or(0) == bytes.len();
    pieces.filter(|_| is_whole).ok_or(ImageError::damaged(place, "one is cut"))
}
