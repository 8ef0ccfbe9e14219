//! The table itself: an image, and what was proved of it.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use ipgate_lpm::Family;
use ipgate_lpm::image::Image;

use super::entries::{Entries, Origin, Value, Version};
use super::patch::Patch;
use crate::list::Until;
use crate::reason::Reason;

/// A list, or the effective list of a policy, compiled for longest-prefix match. Immutable.
///
/// Lookups take a fixed small number of steps however many entries there are; DESIGN.md draws the memory
/// and walks a lookup through it.
///
/// ```
/// use ipgate::{List, Table};
/// let list: List = "10.0.0.0/8:corp,!10.9.0.0/16:lab,10.9.1.0/24:ci".parse()?;
/// let table = Table::new(&list);
/// assert_eq!(table.lookup("10.9.1.1".parse().unwrap()).label(), Some("ci"));
/// assert!(!table.is_allowed("10.9.2.2".parse().unwrap()));
/// # Ok::<(), ipgate::list::Rejected>(())
/// ```
pub struct Table {
    /// Everything below points into it.
    pub(super) image: Image,
    pub(super) v4: Family<u32>,
    pub(super) v6: Family<u128>,
    pub(super) entries: Entries,
    /// What was changed since all that was compiled.
    pub(super) patch: Option<Arc<Patch>>,
    pub(super) scope: Scope,
    /// Whether what decides stays in a cache: see `batch`.
    pub(super) is_cached: bool,
    pub(super) next_expiry: Option<Until>,
    /// Whether an entry that was compiled denies.
    pub(super) has_denials: bool,
    /// Out of line, since few lists have any.
    pub(super) left_out: Option<Box<LeftOut>>,
}

/// What a table lacks because it had expired, so that it can be had again when the clock is set back.
#[derive(Debug, Clone)]
pub(super) struct LeftOut {
    /// The table with all entries.
    pub(super) whole: Arc<Table>,
    /// When the last of the entries that are left out expired: before that, some of them hold.
    pub(super) latest: SystemTime,
}

/// How the entries of a table decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scope {
    /// What holds for an address that no entry covers: the reason, as verdicts have it.
    otherwise: Reason,
    /// Whether the app list's entries decide where any of them covers an address.
    app_precedes: bool,
}

impl Scope {
    /// No list is set and none is required: everyone is allowed.
    pub(super) const EVERYONE: Scope = Scope { otherwise: Reason::NoGate, app_precedes: false };
    /// No list is set and one is required: no one is allowed.
    pub(super) const NO_ONE: Scope = Scope { otherwise: Reason::NoList, app_precedes: false };
    /// A list is set: who is not in it is denied.
    pub(super) const LISTED: Scope = Scope { otherwise: Reason::NoEntry, app_precedes: false };

    /// The same of two lists, of which the app list precedes the default list.
    pub(super) const PRECEDED: Scope = Scope { app_precedes: true, ..Scope::LISTED };

    /// That of a table with entries in it from now on, which it may not have had a list for.
    pub(super) fn listed(self) -> Scope {
        if self.app_precedes { Scope::PRECEDED } else { Scope::LISTED }
    }

    #[inline(always)]
    pub(super) fn reason(self) -> Reason {
        self.otherwise
    }

    #[inline(always)]
    pub(super) fn app_precedes(self) -> bool {
        self.app_precedes
    }

    pub(super) fn code(self) -> u32 {
        match self {
            Scope::EVERYONE => 0,
            Scope::NO_ONE => 1,
            Scope::PRECEDED => 3,
            _ => 2,
        }
    }

    pub(super) fn from_code(code: u32) -> Option<Scope> {
        [Scope::EVERYONE, Scope::NO_ONE, Scope::LISTED, Scope::PRECEDED]
            .into_iter()
            .find(|scope| scope.code() == code)
    }
}

impl Table {
    /// How many labels there are.
    #[must_use]
    pub fn label_count(&self) -> usize {
        self.entries.label_count() + self.patch.as_ref().map_or(0, |patch| patch.label_count())
    }

    /// The label with a number that [`Decision::label_number`](super::Decision::label_number) gave, of this very table. O(1).
    ///
    /// ```
    /// use ipgate::{List, Table};
    /// let table = Table::new(&"10.0.0.0/8:corp".parse::<List>()?);
    /// let number = table.lookup("10.1.1.1".parse().unwrap()).label_number();
    /// assert_eq!((number, table.label(number), table.label(0)), (1, Some("corp"), None));
    /// # Ok::<(), ipgate::list::Rejected>(())
    /// ```
    #[must_use]
    pub fn label(&self, number: u32) -> Option<&str> {
        std::str::from_utf8(self.label_numbered(number.checked_sub(1)?)?).ok()
    }

    /// The label of a value as UTF-8.
    #[inline]
    pub(super) fn label_bytes(&self, value: Value) -> Option<&[u8]> {
        self.label_numbered(value.label()?)
    }

    #[inline]
    fn label_numbered(&self, number: u32) -> Option<&[u8]> {
        /// Out of line, since it is of a table that was updated alone.
        #[cold]
        #[inline(never)]
        fn of_patch(table: &Table, number: u32) -> Option<&[u8]> {
            let number = (number as usize).checked_sub(table.entries.label_count())?;
            table.patch.as_ref()?.label(number)
        }
        let compiled = self.entries.label_numbered(number);
        if compiled.is_some() { compiled } else { of_patch(self, number) }
    }

    /// The name of a list, empty where it has none.
    pub(super) fn source(&self, origin: Origin) -> &str {
        let [default, app] = self.entries.sources();
        let name = if origin == Origin::Default { default } else { app };
        std::str::from_utf8(name).unwrap_or_default() // checked when opened
    }

    /// The table with all entries, those included that have expired.
    pub(crate) fn whole(&self) -> &Table {
        self.left_out.as_ref().map_or(self, |left_out| &left_out.whole)
    }

    /// Whether entries were changed since it was compiled.
    #[inline(always)]
    pub(crate) fn is_updated(&self) -> bool {
        self.patch.is_some()
    }

    /// Whether it is what one list comes to, which may be empty, or two of which none precedes the other.
    #[inline(always)]
    pub(crate) fn is_of_lists(&self) -> bool {
        self.scope == Scope::LISTED
    }

    /// Whether an entry of it may deny.
    #[inline(always)]
    pub(crate) fn may_deny(&self) -> bool {
        self.has_denials || self.is_updated()
    }

    /// Whether everyone is allowed because no list is set and none is required.
    #[inline(always)]
    pub(crate) fn allows_everyone(&self) -> bool {
        self.scope.otherwise == Reason::NoGate
    }

    /// Whether it is of a policy in which the app list decides wherever an entry of it covers an address
    /// ([`Mode::Precede`](crate::Mode::Precede)), and the default list elsewhere.
    ///
    /// ```
    /// use ipgate::{List, Mode, Policy, Table};
    /// let policy = Policy::new()
    ///     .with_default("10.0.0.0/8:corp,!10.9.0.0/16:lab".parse::<List>()?)
    ///     .with_app("10.8.0.0/15:shop".parse::<List>()?)
    ///     .with_mode(Mode::Precede);
    /// let table = Table::from_policy(&policy);
    /// assert!(table.app_precedes());
    /// assert_eq!(table.lookup("10.9.1.1".parse().unwrap()).label(), Some("shop"));
    /// assert_eq!(table.lookup("10.1.1.1".parse().unwrap()).label(), Some("corp"));
    /// # Ok::<(), ipgate::list::Rejected>(())
    /// ```
    #[must_use]
    pub fn app_precedes(&self) -> bool {
        self.scope.app_precedes
    }

    /// The number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        let (v4, v6) = self.entries.counts();
        let count = |version, compiled| match self.patch.as_ref() {
            Some(patch) => patch.places(version).count(),
            None => compiled,
        };
        count(Version::V4, v4) + count(Version::V6, v6)
    }

    /// Whether the table has no entries. Whether that means everyone or no one is the policy's matter.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of memory that the table takes; where expired entries have been left out of it, with those of the table that
    /// has them. What an updated table shares with others is counted in each.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let own = |table: &Table| table.patch.as_ref().map_or(0, |patch| patch.bytes());
        let whole = self.left_out.as_deref().map_or(0, |LeftOut { whole, .. }| {
            own(whole) + if whole.image.is_same(&self.image) { 0 } else { whole.image.len() }
        });
        self.image.len() + own(self) + whole
    }

    /// Whether it has the entries that hold at `now`: none that has expired, and all that hold again because the clock was
    /// set back. O(1).
    #[must_use]
    pub fn is_live_at(&self, now: SystemTime) -> bool {
        let has_expired = self.next_expiry.is_some_and(|until| until.has_passed(now));
        let lacks = self.left_out.as_ref().is_some_and(|left_out| now < left_out.latest);
        !has_expired && !lacks
    }

    /// Another handle on the same image, without what it knows of entries that it lacks.
    pub(crate) fn alone(&self) -> Table {
        Table {
            image: self.image.clone(),
            v4: self.v4.clone(),
            v6: self.v6.clone(),
            entries: self.entries.clone(),
            patch: self.patch.clone(),
            left_out: None,
            ..*self
        }
    }

    /// When the next entry expires.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Until> {
        self.next_expiry
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("entries", &self.len())
            .field("scope", &self.scope)
            .field("bytes", &self.bytes())
            .field("v4", &self.v4)
            .field("v6", &self.v6)
            .finish()
    }
}
