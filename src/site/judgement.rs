//! What a site says of one client, for those who take it apart at once.

use super::apps::AppState;
use super::snapshot::SiteSnapshot;
use crate::address::Address;
use crate::verdict::Judgement;

/// A [`SiteVerdict`](super::SiteVerdict) that borrows all of it from a reader, and so can be copied.
#[derive(Debug, Clone, Copy)]
pub struct SiteJudgement<'s> {
    judgement: Judgement<'s>,
    app: Option<&'s AppState>,
    site: &'s SiteSnapshot,
}

impl<'s> SiteJudgement<'s> {
    #[inline(always)]
    pub(super) fn new(
        site: &'s SiteSnapshot,
        app: Option<&'s AppState>,
        address: Option<Address>,
    ) -> SiteJudgement<'s> {
        SiteJudgement { judgement: site.judge(app, address), app, site }
    }

    /// What the list says that decides, with its generation.
    #[inline(always)]
    #[must_use]
    pub fn judgement(self) -> Judgement<'s> {
        self.judgement
    }

    /// The name of the app, if the site names it.
    #[inline(always)]
    #[must_use]
    pub fn app(self) -> Option<&'s str> {
        self.app.map(|app| app.about.name.as_str())
    }

    /// The generation of the site.
    #[inline(always)]
    #[must_use]
    pub fn site_generation(self) -> u64 {
        self.site.generation()
    }
}
