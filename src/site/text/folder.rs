//! The folder of a site, read whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ipgate_lpm::image::HEADER;

use super::found::{Found, HOSTS, SETTINGS, is_site, no_site};
use super::problem::{Problem, SiteTextError};
use super::settings::Settings;
use super::{hosts, list, settings};
use crate::content::Content;
use crate::list::{Parser, ReadError, Report};
use crate::site::description::{App, ListSlot, Site};
use crate::site::host::Host;
use crate::site::name::AppName;

/// Reads the folders of sites.
///
/// ```
/// use ipgate::site::SiteParser;
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path();
/// std::fs::create_dir(path.join("apps"))?;
/// std::fs::write(path.join("site.toml"), "enforce = true\n")?;
/// std::fs::write(path.join("default.list"), "10.0.0.0/8:corp\n")?;
/// std::fs::write(path.join("apps/shop.list"), "192.0.2.7:partner\n")?;
/// std::fs::write(path.join("hosts"), "shop.example.com shop\n")?;
/// let parsed = SiteParser::new().read(path)?;
/// assert_eq!((parsed.site.apps().len(), parsed.site.is_enforced()), (1, true));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct SiteParser {
    lists: Parser,
}

/// A site that was read, and what there was to say about its lists.
#[derive(Debug)]
pub struct ParsedSite {
    /// The site. A list that was not taken is [`ListSlot::Waiting`] in it.
    pub site: Site,
    /// What was found in lists that were taken: warnings, and with a lenient parser the errors for which entries were left
    /// out.
    pub reports: Vec<(PathBuf, Report)>,
    /// The lists that were not taken, each with the app whose it is; nobody's is the default list.
    pub rejected: Vec<(Option<AppName>, ReadError)>,
    /// What stands among the lists of apps and is none.
    pub strange: Vec<Problem>,
}

impl ParsedSite {
    /// The same, where every list was taken and nothing is strange.
    ///
    /// # Errors
    ///
    /// [`SiteTextError`] with all of it.
    pub fn whole(self) -> Result<ParsedSite, SiteTextError> {
        let rejected = self.rejected.iter().map(|(_, error)| match error {
            ReadError::Io { path, error } => Problem::new(path, error.to_string()),
            ReadError::Rejected { path, rejected } => Problem::new(path, rejected.to_string()),
        });
        let problems: Vec<Problem> = rejected.chain(self.strange.iter().cloned()).collect();
        if problems.is_empty() { Ok(self) } else { Err(SiteTextError::new(problems)) }
    }
}

impl SiteParser {
    /// Lists are read strictly.
    #[must_use]
    pub fn new() -> SiteParser {
        SiteParser::default()
    }

    /// How lists are parsed.
    #[must_use]
    pub fn lists(self, parser: Parser) -> SiteParser {
        SiteParser { lists: parser }
    }

    /// How lists are parsed.
    #[cfg(feature = "watch")]
    pub(crate) fn list_parser(&self) -> &Parser {
        &self.lists
    }

    /// Whether a folder holds any part of a site, or a file begins as the image of one.
    #[must_use]
    pub fn is_site(path: &Path) -> bool {
        is_site(path) || is_image(path)
    }

    /// Reads a folder, or an image ([`Site::from_image`]). A list that is bad touches its app alone: [`ParsedSite::rejected`] tells, and the app is one whose list
    /// is to come, so that it is closed. In `apps`, what begins with a dot or ends with `~` is passed over (editors' and
    /// Kubernetes' own files), which is told of lists, and links to folders are not followed. O(n) for n bytes of all files.
    ///
    /// # Errors
    ///
    /// [`SiteTextError`] where it is no site, a folder cannot be read, or `site.toml`, `hosts` or the image is bad: what these
    /// say is of all apps.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<ParsedSite, SiteTextError> {
        let folder = path.as_ref();
        if is_image(folder) {
            let site = self.image(folder).map_err(|message| Problem::new(folder, message))?;
            return Ok(ParsedSite { site, reports: Vec::new(), rejected: Vec::new(), strange: Vec::new() });
        }
        let (settings, hosts, found) = self.parts(folder)?;
        Ok(self.assemble(settings, hosts, found))
    }

    /// The files of all lists, the default list's first, and what stands among the lists of apps and is none. Reads all of a
    /// site but its lists.
    ///
    /// # Errors
    ///
    /// As [`SiteParser::read`].
    pub fn files(&self, folder: impl AsRef<Path>) -> Result<(Vec<PathBuf>, Vec<Problem>), SiteTextError> {
        let folder = folder.as_ref();
        let (_, _, found) = self.parts(folder)?;
        let lists = found.default.into_iter().chain(found.lists.into_values());
        Ok((lists.collect(), found.strange))
    }

    /// The apps that a folder names: by a list, by a host, or in its settings. Reads all of a site but its lists.
    ///
    /// # Errors
    ///
    /// As [`SiteParser::read`].
    ///
    /// ```
    /// use ipgate::site::SiteParser;
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path();
    /// std::fs::write(path.join("hosts"), "shop.example.com shop\n")?;
    /// let apps = SiteParser::new().apps(path)?;
    /// assert!(apps.contains("shop"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn apps(&self, folder: impl AsRef<Path>) -> Result<BTreeSet<AppName>, SiteTextError> {
        let (settings, hosts, found) = self.parts(folder.as_ref())?;
        Ok(settings.modes.into_keys().chain(hosts.into_values()).chain(found.lists.into_keys()).collect())
    }

    fn image(&self, path: &Path) -> Result<Site, String> {
        let content = Content::of_path(path, self.lists.limits()).map_err(|error| error.to_string())?;
        Site::from_content(content).map_err(|error| error.to_string())
    }

    /// Everything but the lists.
    fn parts(&self, folder: &Path) -> Result<(Settings, BTreeMap<Host, AppName>, Found), SiteTextError> {
        if is_image(folder) {
            let message =
                "it is the image of a site, which has no texts; give the folder that it was compiled from";
            return Err(Problem::new(folder, message).into());
        }
        if !is_site(folder) {
            return Err(no_site(folder).into());
        }
        let mut problems = Vec::new();
        let settings = self.part(&folder.join(SETTINGS), settings::parse, &mut problems);
        let hosts = self.part(&folder.join(HOSTS), hosts::parse, &mut problems);
        let mut found = Found::of(folder);
        problems.append(&mut found.unreadable);
        if problems.is_empty() { Ok((settings, hosts, found)) } else { Err(SiteTextError::new(problems)) }
    }

    /// What a file says that may be missing.
    fn part<T: Default>(
        &self,
        path: &Path,
        parse: impl FnOnce(&Path, &str) -> Result<T, Vec<Problem>>,
        problems: &mut Vec<Problem>,
    ) -> T {
        let read = match Content::of_path(path, self.lists.limits()) {
            Ok(content) => match std::str::from_utf8(&content) {
                Ok(text) => parse(path, text),
                Err(_) => Err(vec![Problem::new(path, "it is no UTF-8 text")]),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => return T::default(),
            Err(error) => Err(vec![Problem::new(path, error.to_string())]),
        };
        read.unwrap_or_else(|all| {
            problems.extend(all);
            T::default()
        })
    }

    fn assemble(&self, settings: Settings, hosts: BTreeMap<Host, AppName>, found: Found) -> ParsedSite {
        let Settings { mode, enforce, modes } = settings;
        let mut parsed = ParsedSite {
            site: Site::new().with_mode(mode).with_enforce(enforce),
            reports: Vec::new(),
            rejected: Vec::new(),
            strange: found.strange,
        };
        if let Some(default) = found.default {
            let slot = self.list(None, &default, &mut parsed);
            parsed.site = parsed.site.with_default(slot);
        }
        let mut apps: BTreeMap<AppName, App> = BTreeMap::new();
        for (name, path) in found.lists {
            let slot = self.list(Some(&name), &path, &mut parsed);
            apps.insert(name, App::new().with_list(slot));
        }
        for (name, mode) in modes {
            let app = apps.remove(&name).unwrap_or_default();
            apps.insert(name, mode.into_iter().fold(app, App::with_mode));
        }
        for (host, name) in hosts {
            let app = apps.remove(&name).unwrap_or_default();
            apps.insert(name, app.with_host(host));
        }
        for (name, app) in apps {
            parsed.site = parsed.site.with_app(name, app);
        }
        parsed
    }

    fn list(&self, app: Option<&AppName>, path: &Path, parsed: &mut ParsedSite) -> ListSlot {
        match list::read(&self.lists, path) {
            Ok((slot, report)) => {
                if !report.is_empty() {
                    parsed.reports.push((path.to_owned(), report));
                }
                slot
            }
            Err(error) => {
                parsed.rejected.push((app.cloned(), error));
                ListSlot::Waiting
            }
        }
    }
}

/// Whether the file at a path begins as the image of a site. What is no regular file is not opened.
fn is_image(path: &Path) -> bool {
    let start = || {
        let mut start = Vec::new();
        File::open(path)?.take(HEADER as u64).read_to_end(&mut start)?;
        io::Result::Ok(start)
    };
    path.is_file() && start().is_ok_and(|start| Site::is_image(&start))
}
