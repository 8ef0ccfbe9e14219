//! Layers: a policy over gates, whose lists are swapped while it is asked.
//!
//! A [`Policy`] makes one table of two lists. Where the lists come and go by themselves, each has a gate, and
//! [`Layers`] puts the policy over the two: a check looks into both tables and changes neither.

mod reader;

use std::sync::Arc;
use std::time::SystemTime;

pub use reader::LayersReader;
use reader::{Kind, Layer};

use crate::gate::Gate;
use crate::list::List;
use crate::policy::{Mode, Policy};
use crate::table::{Origin, Table};

/// What stands in one place of a policy.
#[derive(Debug, Clone, Default)]
pub enum Slot {
    /// No list.
    #[default]
    Unset,
    /// A list that stays what it is.
    List(Arc<List>),
    /// The table that the gate has at the time of a check, whatever it is.
    Gate(Gate),
}

impl From<List> for Slot {
    fn from(list: List) -> Slot {
        Slot::List(Arc::new(list))
    }
}

impl From<Arc<List>> for Slot {
    fn from(list: Arc<List>) -> Slot {
        Slot::List(list)
    }
}

impl From<&Gate> for Slot {
    fn from(gate: &Gate) -> Slot {
        Slot::Gate(gate.clone())
    }
}

/// A policy whose lists may be gates: the table of [`Policy`], asked anew in each check.
///
/// What a gate holds counts as
///
/// | the gate's reason where no entry covers a client | in the policy |
/// |---|---|
/// | [`NoEntry`](crate::Reason::NoEntry): it has a list | a list that is set |
/// | [`NoGate`](crate::Reason::NoGate): it needs none | a list that is not set |
/// | [`NoList`](crate::Reason::NoList): it waits for one | denies everyone for whom it may decide, since what that list will deny is not known |
///
/// ```
/// use ipgate::layers::Layers;
/// use ipgate::{Gate, List, table::Origin};
/// let company = Gate::new(&"10.0.0.0/8:corp".parse::<List>()?);
/// let shop = Gate::new(&"192.0.2.7:partner".parse::<List>()?);
/// let mut reader = Layers::new().with_default(&company).with_app(&shop).with_enforce(true).reader();
///
/// let verdict = reader.check("10.1.1.1".parse()?);
/// assert_eq!((verdict.label(), verdict.origin()), (Some("corp"), Some(Origin::Default)));
/// shop.replace(&"!10.1.0.0/16:closed".parse()?)?;
/// let verdict = reader.check("10.1.1.1".parse()?);
/// assert_eq!((verdict.is_allowed(), verdict.label()), (false, Some("closed")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Layers {
    default: Slot,
    app: Slot,
    mode: Mode,
    enforce: bool,
}

impl Layers {
    /// No lists, [`Mode::Extend`], not enforced: everyone is allowed until a list is set.
    #[must_use]
    pub fn new() -> Layers {
        Layers::default()
    }

    /// The same with that default list.
    #[must_use]
    pub fn with_default(self, slot: impl Into<Slot>) -> Layers {
        Layers { default: slot.into(), ..self }
    }

    /// The same with that app list.
    #[must_use]
    pub fn with_app(self, slot: impl Into<Slot>) -> Layers {
        Layers { app: slot.into(), ..self }
    }

    /// The same with that mode.
    #[must_use]
    pub fn with_mode(self, mode: Mode) -> Layers {
        Layers { mode, ..self }
    }

    /// The same, enforced or not: whether no one or everyone is allowed where no list is set.
    #[must_use]
    pub fn with_enforce(self, enforce: bool) -> Layers {
        Layers { enforce, ..self }
    }

    /// The gates in it, the app list's first.
    pub fn gates(&self) -> impl Iterator<Item = &Gate> {
        [&self.app, &self.default].into_iter().filter_map(|slot| match slot {
            Slot::Gate(gate) => Some(gate),
            Slot::Unset | Slot::List(_) => None,
        })
    }

    /// The same as a policy of lists, which one table holds; `None` where a gate is in it.
    #[must_use]
    pub fn policy(&self) -> Option<Policy> {
        let policy = Policy::new().with_mode(self.mode).with_enforce(self.enforce);
        let policy = match &self.default {
            Slot::Unset => policy,
            Slot::List(list) => policy.with_default(Arc::clone(list)),
            Slot::Gate(_) => return None,
        };
        match &self.app {
            Slot::Unset => Some(policy),
            Slot::List(list) => Some(policy.with_app(Arc::clone(list))),
            Slot::Gate(_) => None,
        }
    }

    /// A handle for one thread. Compiles the lists that stay, in O(n) for n entries; for another thread clone the
    /// reader, which shares them.
    #[must_use]
    pub fn reader(&self) -> LayersReader {
        if let Some(policy) = self.policy() {
            return LayersReader::of_gate(&fixed(&policy));
        }
        let layer = |slot: &Slot, from, enforce| match slot {
            Slot::Unset => None,
            Slot::List(list) => {
                let gate = fixed(&Policy::new().with_app(Arc::clone(list)));
                Some(Layer::new(&gate, Some(from), enforce))
            }
            Slot::Gate(gate) => Some(Layer::new(gate, Some(from), enforce)),
        };
        let is_alone = match (&self.default, &self.app, self.mode) {
            (Slot::Unset, _, _) | (_, Slot::Unset, _) => true,
            (_, Slot::List(_), Mode::Override) => true, // it never becomes one that is not set
            (_, _, Mode::Extend | Mode::Override | Mode::Precede) => false,
        };
        let app = layer(&self.app, Origin::App, is_alone && self.enforce);
        let default = layer(&self.default, Origin::Default, is_alone && self.enforce);
        LayersReader::new(match (default, app) {
            (Some(default), Some(app)) if !is_alone => {
                Kind::Two { default, app, mode: self.mode, enforce: self.enforce }
            }
            (_, Some(layer)) | (Some(layer), None) => Kind::One(layer),
            // Without either there is a policy, above; what is not known denies.
            (None, None) => {
                Kind::One(Layer::new(&Gate::from_policy(&Policy::new().with_enforce(true)), None, true))
            }
        })
    }
}

/// A gate that nobody drives: its table keeps what has expired, and each check looks at the clock, so that an entry holds
/// again as soon as the clock is set back.
fn fixed(policy: &Policy) -> Gate {
    Gate::from_table(Table::from_policy_at(policy, SystemTime::UNIX_EPOCH))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::Until;

    fn list(text: &str) -> List {
        text.parse().unwrap()
    }

    /// A clock that is set ahead past the end of entries in both gates, and back again, once and in steps, while the
    /// readers of policies over the two go on: what holds is what the two lists say of each time.
    #[test]
    fn the_clock_of_both_gates_goes_forth_and_back() {
        let default = Gate::new(&list("10.0.0.0/8:corp,!10.9.0.0/16:lab;until=2097-12-31"));
        let app = Gate::new(&list("10.9.9.0/24:shop;until=2098-12-31,192.0.2.7:guest"));
        let layers = Layers::new().with_default(&default).with_app(&app);
        let over = layers.clone().with_mode(Mode::Override);
        let (mut both, mut app_alone) = (layers.reader(), over.reader());
        // Of 10.9.1.1, 10.9.9.1 and 192.0.2.7.
        let early = ["!lab", "shop", "guest"];
        let middle = ["corp", "shop", "guest"];
        let late = ["corp", "corp", "guest"];
        for (time, expected) in [
            ("2097-06-01", early),
            ("2098-06-01", middle),
            ("2099-06-01", late),
            ("2098-06-01", middle),
            ("2097-06-01", early),
            ("2099-06-01", late),
            ("2097-06-01", early),
        ] {
            let now = time.parse::<Until>().unwrap().system_time();
            for gate in layers.gates() {
                gate.drop_expired_at(now);
            }
            for (client, expected) in ["10.9.1.1", "10.9.9.1", "192.0.2.7"].into_iter().zip(expected) {
                let address = client.parse().unwrap();
                let (denied, label) = (expected.starts_with('!'), expected.trim_start_matches('!'));
                let verdict = both.check(address);
                assert_eq!(
                    (verdict.is_allowed(), verdict.label()),
                    (!denied, Some(label)),
                    "{client} {time}"
                );
                assert_eq!(both.is_allowed(address), !denied, "{client} {time}");
                assert_eq!(both.admit(address), !denied, "{client} {time}");
                let label = Some(label).filter(|label| ["shop", "guest"].contains(label));
                assert_eq!(app_alone.check(address).label(), label, "{client} {time}");
                assert_eq!(app_alone.admit(address), label.is_some(), "{client} {time}");
            }
        }
    }
}
