//! Policies as handles.

use std::mem::MaybeUninit;
use std::sync::Arc;

use ipgate::{Gate, List, Mode, Policy};

use crate::boundary::{self, given};
use crate::error::Failure;
use crate::gate::ipgate_gate;
use crate::list::ipgate_list;
use crate::status::ipgate_status;

/// How an app list combines with the default list.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ipgate_mode {
    /// Both lists together, longest prefix over both; on equal prefixes the app list wins.
    IPGATE_EXTEND = 0,
    /// The app list alone.
    IPGATE_OVERRIDE = 1,
}

/// A default list and an app list, each of which may be unset; how they combine; and whether everyone or no
/// one is allowed where neither is set.
///
///     default  app    mode      enforce  allowed
///     -        -      any       off      everyone (no gate)
///     -        -      any       on       no one
///     D        -      any       any      D
///     -        A      any       any      A
///     D        A      extend    any      D and A together
///     D        A      override  any      A
///
/// A list that is set but empty is set: nobody matches it. Each place holds a list, or a gate whose current
/// table then counts, so that many policies can share lists that are swapped.
///
/// One thread at a time. Gates and readers that were made from a policy do not need it any more, and do not
/// see later changes of it.
#[derive(Debug, Default)]
pub struct ipgate_policy {
    pub(crate) default: Slot,
    pub(crate) app: Slot,
    pub(crate) mode: Mode,
    pub(crate) enforce: bool,
}

/// A place for a list.
#[derive(Debug, Clone, Default)]
pub(crate) enum Slot {
    #[default]
    Unset,
    List(Arc<List>),
    Gate(Gate),
}

impl ipgate_policy {
    /// The library's policy, where no gate is in it.
    pub(crate) fn fixed(&self) -> Result<Policy, Failure> {
        let policy = Policy::new().with_mode(self.mode).with_enforce(self.enforce);
        let policy = match &self.default {
            Slot::Unset => policy,
            Slot::List(list) => policy.with_default(Arc::clone(list)),
            Slot::Gate(_) => return Err(holds_a_gate()),
        };
        match &self.app {
            Slot::Unset => Ok(policy),
            Slot::List(list) => Ok(policy.with_app(Arc::clone(list))),
            Slot::Gate(_) => Err(holds_a_gate()),
        }
    }
}

fn holds_a_gate() -> Failure {
    Failure::argument("the policy holds a gate: take a reader of it with ipgate_reader_new_policy()")
}

/// Makes a policy without lists: mode IPGATE_EXTEND, enforced, so that it allows no one until a list is set.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_policy_new(policy: Option<&mut MaybeUninit<*mut ipgate_policy>>) -> ipgate_status {
    boundary::make(policy, None, || Ok(ipgate_policy { enforce: true, ..ipgate_policy::default() }))
}

/// Sets the default list. The list may be freed afterwards.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_policy_set_default(
    policy: Option<&mut ipgate_policy>,
    list: Option<&ipgate_list>,
) -> ipgate_status {
    set(policy, |policy| {
        policy.default = Slot::List(Arc::clone(&given(list, "list")?.list));
        Ok(())
    })
}

/// Sets the app list. The list may be freed afterwards.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_policy_set_app(
    policy: Option<&mut ipgate_policy>,
    list: Option<&ipgate_list>,
) -> ipgate_status {
    set(policy, |policy| {
        policy.app = Slot::List(Arc::clone(&given(list, "list")?.list));
        Ok(())
    })
}

/// Makes the gate's current table, whatever it is at the time of a check, the default list. The handle may be
/// freed afterwards.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_policy_set_default_gate(
    policy: Option<&mut ipgate_policy>,
    gate: Option<&ipgate_gate>,
) -> ipgate_status {
    set(policy, |policy| {
        policy.default = Slot::Gate(given(gate, "gate")?.gate().clone());
        Ok(())
    })
}

/// Makes the gate's current table, whatever it is at the time of a check, the app list. The handle may be
/// freed afterwards.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_policy_set_app_gate(
    policy: Option<&mut ipgate_policy>,
    gate: Option<&ipgate_gate>,
) -> ipgate_status {
    set(policy, |policy| {
        policy.app = Slot::Gate(given(gate, "gate")?.gate().clone());
        Ok(())
    })
}

/// Sets an ipgate_mode.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_policy_set_mode(policy: Option<&mut ipgate_policy>, mode: i32) -> ipgate_status {
    const EXTEND: i32 = ipgate_mode::IPGATE_EXTEND as i32;
    const OVERRIDE: i32 = ipgate_mode::IPGATE_OVERRIDE as i32;
    set(policy, |policy| {
        policy.mode = match mode {
            EXTEND => Mode::Extend,
            OVERRIDE => Mode::Override,
            _ => return Err(Failure::argument("mode is neither IPGATE_EXTEND nor IPGATE_OVERRIDE")),
        };
        Ok(())
    })
}

/// Sets whether no one (any number but 0) or everyone (0) is allowed where no list is set.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_policy_set_enforce(
    policy: Option<&mut ipgate_policy>,
    enforce: i32,
) -> ipgate_status {
    set(policy, |policy| {
        policy.enforce = enforce != 0;
        Ok(())
    })
}

/// Frees a policy. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_policy_free(policy: Option<Box<ipgate_policy>>) {
    boundary::value((), || drop(policy));
}

fn set(
    policy: Option<&mut ipgate_policy>,
    change: impl FnOnce(&mut ipgate_policy) -> Result<(), Failure>,
) -> ipgate_status {
    boundary::call(None, || change(policy.ok_or(Failure::null("policy"))?))
}
