//! What one source has said, made safe: its last good lists, and what it has lost and may have again.
//!
//! ```text
//!   statement ──▶ parse ──▶ good ─────────────▶ kept, in force at once
//!                   │
//!                   ├─────▶ bad ──────────────▶ the last good one stays; without one, the app is closed
//!                   └─────▶ gone ─▶ closes? ──▶ removed at once
//!                                     │
//!                                     └ opens: held, until it has been gone for a while and a reading that began
//!                                              after that does not find it either
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime};

use ipgate::list::Parser;
use ipgate::site::{App, AppName, Host, ListSlot, Site};
use ipgate::{Mode, Policy, Table};

use crate::bookmark::Bookmark;
use crate::kept::Kept;
use crate::ledger::{Ledger, Reading};
use crate::notice::{Notice, Part};
use crate::statement::{Stated, StatedApp, StatedList, Statement};

/// The state of one source.
#[derive(Debug)]
pub(crate) struct Keeper {
    parser: Parser,
    settle: Duration,
    default: KeptList,
    denials: KeptList,
    mode: Option<Mode>,
    enforce: Option<bool>,
    apps: BTreeMap<AppName, KeptApp>,
    pub(crate) ledger: Ledger,
    is_known: bool,
    /// From where on the source can be followed, of the same moment as all else.
    bookmark: Option<Bookmark>,
}

/// A list: what is good of what was stated.
#[derive(Debug, Default)]
struct KeptList {
    /// The digest of the text that was stated last; it is parsed once.
    text: Option<[u8; 32]>,
    slot: ListSlot,
}

/// An app.
#[derive(Debug, Default)]
struct KeptApp {
    /// Whether the source has it now.
    is_there: bool,
    list: KeptList,
    mode: Option<Mode>,
    hosts: Vec<Host>,
    /// Hosts that are gone and still held.
    held_hosts: Vec<Host>,
}

/// What a statement has changed.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// Default list, mode or enforce.
    pub(crate) settings: bool,
    pub(crate) apps: BTreeSet<AppName>,
}

/// A source that had lists says that it has nothing at all.
#[derive(Debug)]
pub(crate) struct Emptied {
    pub(crate) apps: usize,
}

/// Which list it is: equal prefixes of the two are told apart by it.
#[derive(Debug, Clone, Copy)]
enum Role {
    Default,
    App,
}

/// When a statement was asked for and is taken, and what it meets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// When the request was sent whose answer it is; none was for what was kept.
    pub(crate) began: Option<Instant>,
    pub(crate) now: Instant,
    /// Whether an app without a list is closed as things are, so that what is gone need not be held.
    pub(crate) is_closed: bool,
}

impl Keeper {
    pub(crate) fn new(parser: Parser, settle: Duration) -> Keeper {
        Keeper {
            parser,
            settle,
            default: KeptList::default(),
            denials: KeptList::default(),
            mode: None,
            enforce: None,
            apps: BTreeMap::new(),
            ledger: Ledger::default(),
            is_known: false,
            bookmark: None,
        }
    }

    /// Begins with what was in force when it was last kept. What the source does not say any more is then gone, and not
    /// unknown.
    pub(crate) fn restore(&mut self, kept: &Kept) {
        let site = &kept.site;
        self.is_known = true;
        self.default.slot = site.default_list().clone();
        self.denials.slot = kept.denials.clone().map(ListSlot::List).unwrap_or_default();
        self.mode = kept.is_mode_stated.then(|| site.mode());
        self.enforce = kept.is_enforce_stated.then(|| site.is_enforced());
        self.bookmark.clone_from(&kept.bookmark);
        for (name, app) in site.apps() {
            let kept = self.apps.entry(name.clone()).or_default();
            kept.list.slot = app.list().clone();
            kept.mode = app.mode();
            kept.hosts = app.hosts().to_vec();
        }
    }

    /// Whether anything is known of it: it has answered, or what it said was kept.
    pub(crate) fn is_known(&self) -> bool {
        self.is_known
    }

    /// Takes what was said.
    pub(crate) fn take(&mut self, mut statement: Statement, moment: Moment) -> Result<Taken, Emptied> {
        self.ledger.notices.extend(statement.remarks.drain(..).map(Notice::Remark));
        if statement.is_empty_whole() && self.has_lists() {
            self.bookmark = None; // what is kept is not what the source had there
            return Err(Emptied { apps: self.apps.len() });
        }
        self.is_known = true;
        let Statement { is_whole, default, denials, mode, enforce, mut apps, bookmark, .. } = statement;
        self.bookmark = match (is_whole, self.bookmark.take(), bookmark) {
            (true, _, whole) => whole,
            (false, Some(mut before), Some(newer)) => {
                before.add(newer);
                Some(before)
            }
            (false, ..) => None,
        };
        let whole_began = moment.began.filter(|_| is_whole);
        let reading = Reading { whole_began, now: moment.now, settle: self.settle };
        let mut taking =
            Taking { ledger: &mut self.ledger, parser: &self.parser, reading, is_closed: moment.is_closed };
        let mut taken = Taken::default();
        if let Some(list) = default.or(is_whole.then_some(Stated::Unset)) {
            taken.settings |= taking.list(&mut self.default, list, Role::Default, &Part::Default);
        }
        if let Some(list) = denials.or(is_whole.then_some(Stated::Unset)) {
            // Without them more are let in, whatever lists there are.
            let is_closed = std::mem::replace(&mut taking.is_closed, false);
            taken.settings |= taking.list(&mut self.denials, list, Role::Default, &Part::Denials);
            taking.is_closed = is_closed;
        }
        if let Some(mode) = mode.or(is_whole.then_some(Stated::Unset)) {
            let opens = |mode: Mode| mode != Mode::default();
            taken.settings |= taking.setting(&mut self.mode, mode, opens, &Part::Mode);
        }
        if let Some(enforce) = enforce.or(is_whole.then_some(Stated::Unset)) {
            taken.settings |= taking.setting(&mut self.enforce, enforce, |on| on, &Part::Enforce);
        }
        if is_whole {
            for name in self.apps.keys() {
                apps.entry(name.clone()).or_default();
            }
        }
        for (name, stated) in apps {
            let kept = self.apps.entry(name.clone()).or_default();
            let is_changed = taking.app(&name, kept, stated);
            if !kept.is_there && !taking.is_held(&name) {
                self.apps.remove(&name);
            }
            if is_changed {
                taken.apps.insert(name);
            }
        }
        Ok(taken)
    }

    /// Whether a statement takes away what denies apps without a list: that lists are required, or the default list.
    pub(crate) fn is_opened_by(&self, statement: &Statement) -> bool {
        let enforce = match &statement.enforce {
            None => statement.is_whole,
            Some(stated) => matches!(stated, Stated::Unset | Stated::Set(false)),
        };
        let default = statement.default.as_ref().map_or(statement.is_whole, Stated::is_unset);
        (enforce && self.enforce == Some(true)) || (default && !self.default.slot.is_unset())
    }

    fn has_lists(&self) -> bool {
        let now = SystemTime::now();
        let denials = self.denials.slot.list();
        let has_denials = denials.is_some_and(|list| list.entries().iter().any(|entry| entry.is_live(now)));
        let has_lists = self.apps.values().any(|app| !app.list.slot.is_unset());
        !self.default.slot.is_unset() || has_denials || has_lists
    }

    /// The default list.
    pub(crate) fn default_list(&self) -> &ListSlot {
        &self.default.slot
    }

    /// Whom it denies beside the default list, whichever source has that.
    pub(crate) fn denials(&self) -> &ListSlot {
        &self.denials.slot
    }

    /// The mode of the site, where it is known.
    pub(crate) fn mode(&self) -> Option<Mode> {
        self.mode
    }

    /// Whether the mode is bad and never was good.
    pub(crate) fn is_mode_unknown(&self) -> bool {
        self.mode.is_none() && self.ledger.is_bad(&Part::Mode)
    }

    /// Whether lists are required, where that is said; they are where what is said means nothing and never did.
    pub(crate) fn enforce(&self) -> Option<bool> {
        self.enforce.or(self.ledger.is_bad(&Part::Enforce).then_some(true))
    }

    /// An app as it is to be, where this source names it.
    pub(crate) fn app(&self, name: &AppName) -> Option<App> {
        let kept = self.apps.get(name)?;
        // Without a mode that can be read there is no saying what its list decides.
        let is_unknown = kept.mode.is_none() && self.ledger.is_bad(&Part::AppMode(name.clone()));
        let list = if is_unknown { ListSlot::Waiting } else { kept.list.slot.clone() };
        let app = kept.mode.into_iter().fold(App::new().with_list(list), App::with_mode);
        Some(kept.hosts.iter().chain(&kept.held_hosts).cloned().fold(app, App::with_host))
    }

    /// The apps that it names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &AppName> {
        self.apps.keys()
    }

    /// What of it is kept for a restart. O(n) for n apps and values.
    pub(crate) fn kept(&self) -> Kept {
        // How the lists combine is not known: a restart must not take the mode that is usual for the one that is meant.
        let default = if self.is_mode_unknown() { ListSlot::Waiting } else { self.default.slot.clone() };
        let site = Site::new()
            .with_default(default)
            .with_mode(self.mode.unwrap_or_default())
            .with_enforce(self.enforce().unwrap_or_default());
        let apps = self.names().filter_map(|name| Some((name.clone(), self.app(name)?)));
        Kept {
            site: apps.fold(site, |site, (name, app)| site.with_app(name, app)),
            is_mode_stated: self.mode.is_some(),
            is_enforce_stated: self.enforce().is_some(),
            denials: self.denials.slot.list(),
            bookmark: self.bookmark.clone(),
        }
    }
}

/// A statement that is being taken.
struct Taking<'k> {
    ledger: &'k mut Ledger,
    parser: &'k Parser,
    reading: Reading,
    is_closed: bool,
}

impl Taking<'_> {
    /// Whether anything of an app is gone and held.
    fn is_held(&self, name: &AppName) -> bool {
        [Part::AppList, Part::AppMode, Part::AppHosts]
            .iter()
            .any(|part| self.ledger.is_held(&part(name.clone())))
    }

    /// Takes an app, or that it is gone; whether it is different.
    fn app(&mut self, name: &AppName, kept: &mut KeptApp, stated: Option<StatedApp>) -> bool {
        let was_there = std::mem::replace(&mut kept.is_there, stated.is_some());
        let StatedApp { list, mode, hosts } = stated.unwrap_or_default();
        let list = self.list(&mut kept.list, list, Role::App, &Part::AppList(name.clone()));
        let mode = self.setting(&mut kept.mode, mode, |_| true, &Part::AppMode(name.clone()));
        let hosts = self.hosts(kept, hosts, &Part::AppHosts(name.clone()));
        was_there != kept.is_there || list || mode || hosts
    }

    /// Takes a setting, of which a value opens the gate where it goes, or does not; whether it is different.
    fn setting<T: PartialEq + Copy>(
        &mut self,
        kept: &mut Option<T>,
        stated: Stated<T>,
        opens: impl Fn(T) -> bool,
        part: &Part,
    ) -> bool {
        let value = match stated {
            Stated::Bad(message) => {
                self.ledger.release(part);
                let was_bad = self.ledger.is_bad(part);
                self.ledger.note_bad(part, message, kept.is_some());
                return !was_bad && kept.is_none();
            }
            Stated::Unset if !self.ledger.may_go(part, !kept.is_some_and(opens), &self.reading) => {
                return false;
            }
            Stated::Unset => None,
            Stated::Set(value) => {
                self.ledger.release(part);
                Some(value)
            }
        };
        // One that was bad was taken for closed.
        let was_unknown = kept.is_none() && self.ledger.is_bad(part);
        self.ledger.note_good(part);
        std::mem::replace(kept, value) != value || was_unknown
    }

    /// Takes a list; whether it is different.
    fn list(&mut self, kept: &mut KeptList, stated: Stated<StatedList>, role: Role, part: &Part) -> bool {
        let text = stated.digest();
        if !stated.is_unset() {
            self.ledger.release(part);
            if text.is_some() && kept.text == text {
                return false;
            }
        }
        kept.text = text;
        let slot = match stated {
            Stated::Unset => {
                let closes = kept.slot.is_unset() || self.is_closed;
                if !self.ledger.may_go(part, closes, &self.reading) {
                    return false;
                }
                Ok(ListSlot::Unset)
            }
            Stated::Set(StatedList::Ready(slot)) => Ok(slot),
            Stated::Set(StatedList::Text { place, text }) => parsed(self.parser, &place, &text, role),
            Stated::Bad(message) => Err(message),
        };
        let slot = match slot {
            Ok(slot) => {
                self.ledger.note_good(part);
                slot
            }
            Err(message) => {
                self.ledger.note_bad(part, message, kept.slot.has_list());
                if kept.slot.has_list() {
                    return false;
                }
                ListSlot::Waiting
            }
        };
        let is_changed = kept.slot != slot;
        kept.slot = slot;
        is_changed
    }

    /// Takes the hosts of an app. Those that are stated count at once; those that are gone, when they may go: a request to a
    /// host that no app has is asked of the site alone. Whether they are different.
    fn hosts(&mut self, kept: &mut KeptApp, stated: Vec<Host>, part: &Part) -> bool {
        if kept.hosts == stated && kept.held_hosts.is_empty() {
            return false;
        }
        // One app may have as many hosts as there are apps.
        let before: BTreeSet<&Host> = kept.hosts.iter().chain(&kept.held_hosts).collect();
        let now: BTreeSet<&Host> = stated.iter().collect();
        let is_new = !now.is_subset(&before);
        let gone: Vec<Host> = kept.hosts.iter().filter(|host| !now.contains(host)).cloned().collect();
        if !gone.is_empty() && !kept.held_hosts.is_empty() {
            self.ledger.release(part); // what goes now has its own time
        }
        let mut held: Vec<Host> =
            kept.held_hosts.iter().filter(|host| !now.contains(host)).cloned().collect();
        held.extend(gone);
        let closes = held.is_empty() || self.is_closed;
        let goes = self.ledger.may_go(part, closes, &self.reading) && !held.is_empty();
        kept.held_hosts = if goes { Vec::new() } else { held };
        kept.hosts = stated;
        is_new || goes
    }
}

/// A list, compiled, which takes less memory than its entries, and which the gate shares.
fn parsed(parser: &Parser, place: &str, text: &str, role: Role) -> Result<ListSlot, String> {
    let parsed =
        parser.clone().source(place).parse(text).map_err(|rejected| format!("{place}: {rejected}"))?;
    let policy = match role {
        Role::Default => Policy::new().with_default(parsed.list),
        Role::App => Policy::new().with_app(parsed.list),
    };
    // The table of a policy with one list is one that a slot takes.
    ListSlot::of_table(Table::from_policy(&policy)).ok_or_else(|| "the list cannot be compiled".into())
}
