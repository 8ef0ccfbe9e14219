//! The places where a site is published, by their kinds.

use std::path::Path;
use std::time::SystemTime;

use ipgate::site::{SiteDigest, SiteSnapshot};

use super::folder::FolderTarget;
use super::haproxy::HaProxyTarget;
use super::image::ImageTarget;
use super::nft::NftTarget;
use super::state::{Published, Written};
use crate::config::{PublishConfig, TargetConfig};

/// Where the site is written.
#[derive(Debug)]
pub(super) enum Target {
    Image(ImageTarget),
    Folder(Box<FolderTarget>),
    HaProxy(HaProxyTarget),
    Nft(NftTarget),
}

impl Target {
    /// All that a configuration names, each with how it is before anything is written.
    pub(super) fn all(file: &PublishConfig, proxies: &[TargetConfig]) -> Vec<(Target, Published)> {
        let file = file.path.as_deref().map(Target::of_file);
        file.into_iter().chain(proxies.iter().map(Target::of_proxy)).collect()
    }

    fn of_file(path: &Path) -> (Target, Published) {
        let (kind, target) = match path.extension().is_some_and(|extension| extension == "image") {
            true => ("image", Target::Image(ImageTarget::at(path))),
            false => ("folder", Target::Folder(Box::new(FolderTarget::at(path)))),
        };
        (target, Published::new(kind, path.display().to_string()))
    }

    fn of_proxy(config: &TargetConfig) -> (Target, Published) {
        match config {
            TargetConfig::HaProxy(haproxy) => {
                let place = haproxy.file().display().to_string();
                (Target::HaProxy(HaProxyTarget::new(haproxy)), Published::new("haproxy", place))
            }
            TargetConfig::Nft(nft) => {
                let place = format!("inet {} {}", nft.table, nft.set);
                (Target::Nft(NftTarget::new(nft)), Published::new("nft", place))
            }
        }
    }

    /// Whether what is in force there may change without this process: it is looked at again and again.
    pub(super) fn is_proxy(&self) -> bool {
        matches!(self, Target::HaProxy(_) | Target::Nft(_))
    }

    /// Brings what is there in step with a state of the site, and reads it back.
    pub(super) fn write(&mut self, state: &SiteSnapshot, digest: SiteDigest) -> Result<Written, String> {
        let (site, now) = (state.site(), SystemTime::now());
        match self {
            Target::Image(image) => image.write(&site, digest),
            Target::Folder(folder) => folder.write(&site),
            Target::HaProxy(haproxy) => haproxy.write(&site, now),
            Target::Nft(nft) => nft.write(&site, now),
        }
    }
}
