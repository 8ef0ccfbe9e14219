//! Policies as handles.

use std::mem::MaybeUninit;
use std::sync::Arc;

use ipgate::layers::Layers;
use ipgate::{Mode, Policy};

use crate::boundary::{self, given};
use crate::failure::Failure;
use crate::list::ipgate_list;
use crate::status::ipgate_status;
use crate::writer::ipgate_gate;

/// How an app list combines with the default list.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ipgate_mode {
    /// Both lists together, longest prefix over both; on equal prefixes the app list wins.
    IPGATE_EXTEND = 0,
    /// The app list alone.
    IPGATE_OVERRIDE = 1,
    /// The app list wherever an entry of it covers the client, by the longest prefix of its own; the default list
    /// elsewhere.
    IPGATE_PRECEDE = 2,
}

impl ipgate_mode {
    /// The library's mode of that number.
    pub(crate) fn of(number: i32) -> Result<Mode, Failure> {
        const EXTEND: i32 = ipgate_mode::IPGATE_EXTEND as i32;
        const OVERRIDE: i32 = ipgate_mode::IPGATE_OVERRIDE as i32;
        const PRECEDE: i32 = ipgate_mode::IPGATE_PRECEDE as i32;
        match number {
            EXTEND => Ok(Mode::Extend),
            OVERRIDE => Ok(Mode::Override),
            PRECEDE => Ok(Mode::Precede),
            _ => Err(Failure::argument("mode is none of IPGATE_EXTEND, IPGATE_OVERRIDE and IPGATE_PRECEDE")),
        }
    }
}

impl From<Mode> for ipgate_mode {
    fn from(mode: Mode) -> ipgate_mode {
        match mode {
            Mode::Extend => ipgate_mode::IPGATE_EXTEND,
            Mode::Override => ipgate_mode::IPGATE_OVERRIDE,
            Mode::Precede => ipgate_mode::IPGATE_PRECEDE,
        }
    }
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
///     D        A      precede   any      A where an entry of A covers the client, D elsewhere
///
/// A list that is set but empty is set: nobody matches it. Each place holds a list, or a gate whose current
/// table then counts, so that many policies can share lists that are swapped.
///
/// One thread at a time. Gates and readers that were made from a policy do not need it any more, and do not
/// see later changes of it.
#[derive(Debug)]
pub struct ipgate_policy {
    pub(crate) layers: Layers,
}

impl ipgate_policy {
    /// The library's policy, where no gate is in it.
    pub(crate) fn fixed(&self) -> Result<Policy, Failure> {
        self.layers.policy().ok_or_else(holds_a_gate)
    }
}

fn holds_a_gate() -> Failure {
    Failure::argument("the policy holds a gate: take a reader of it with ipgate_reader_new_policy()")
}

/// Makes a policy without lists: mode IPGATE_EXTEND, enforced, so that it allows no one until a list is set.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_policy_new(policy: Option<&mut MaybeUninit<*mut ipgate_policy>>) -> ipgate_status {
    boundary::make(policy, || Ok(ipgate_policy { layers: Layers::new().with_enforce(true) }))
}

/// Sets the default list. The list may be freed afterwards.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_policy_set_default(
    policy: Option<&mut ipgate_policy>,
    list: Option<&ipgate_list>,
) -> ipgate_status {
    set(policy, |layers| Ok(layers.with_default(Arc::clone(&given(list, "list")?.list))))
}

/// Sets the app list. The list may be freed afterwards.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_policy_set_app(
    policy: Option<&mut ipgate_policy>,
    list: Option<&ipgate_list>,
) -> ipgate_status {
    set(policy, |layers| Ok(layers.with_app(Arc::clone(&given(list, "list")?.list))))
}

/// Makes the gate's current table, whatever it is at the time of a check, the default list. The handle may be
/// freed afterwards.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_policy_set_default_gate(
    policy: Option<&mut ipgate_policy>,
    gate: Option<&ipgate_gate>,
) -> ipgate_status {
    set(policy, |layers| Ok(layers.with_default(given(gate, "gate")?.gate())))
}

/// Makes the gate's current table, whatever it is at the time of a check, the app list. The handle may be
/// freed afterwards.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_policy_set_app_gate(
    policy: Option<&mut ipgate_policy>,
    gate: Option<&ipgate_gate>,
) -> ipgate_status {
    set(policy, |layers| Ok(layers.with_app(given(gate, "gate")?.gate())))
}

/// Sets an ipgate_mode.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_policy_set_mode(policy: Option<&mut ipgate_policy>, mode: i32) -> ipgate_status {
    set(policy, |layers| Ok(layers.with_mode(ipgate_mode::of(mode)?)))
}

/// Sets whether no one (any number but 0) or everyone (0) is allowed where no list is set.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_policy_set_enforce(
    policy: Option<&mut ipgate_policy>,
    enforce: i32,
) -> ipgate_status {
    set(policy, |layers| Ok(layers.with_enforce(enforce != 0)))
}

/// Frees a policy. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn ipgate_policy_free(policy: Option<Box<ipgate_policy>>) {
    boundary::value((), || drop(policy));
}

/// Puts what `change` makes of the policy in its place; where it fails the policy stays what it was.
fn set(
    policy: Option<&mut ipgate_policy>,
    change: impl FnOnce(Layers) -> Result<Layers, Failure>,
) -> ipgate_status {
    boundary::status(|| {
        let policy = policy.ok_or(Failure::null("policy"))?;
        policy.layers = change(policy.layers.clone())?;
        Ok(())
    })
}
