//! Warnings of entries that are accepted and whose label was probably meant as something else.

use super::advice::{Advice, with_expiry};
use super::label::{Meaning, looks_like};
use super::separator::split_label;
use super::token::Token;
use crate::list::diagnostic::Code;
use crate::list::grammar::{Item, Target};
use crate::shown::Shown;

/// The warning that an entry deserves whose label may be meant as something else: its code, and what makes the
/// message and what to do.
pub(in crate::list) fn meant_otherwise<'a>(
    piece: &'a str,
    item: &Item<'a>,
    label: &'a str,
) -> Option<(Code, impl FnOnce() -> (String, String) + use<'a>)> {
    let meaning = looks_like(label)?;
    let code = match meaning {
        Meaning::Address(_) => Code::AddressInLabel,
        Meaning::Port if is_one_host(item.target) && !before_label(piece, label).contains('/') => {
            Code::PortInLabel
        }
        Meaning::Port => return None,
        Meaning::Expiry(_) => Code::ExpiryInLabel,
    };
    let item = *item;
    let told = move || match meaning {
        Meaning::Address(address) => (
            format!("the label `{}` holds `{address}`, which is not an entry", Shown(label)),
            split_label(piece, label, address),
        ),
        Meaning::Port => (
            format!("`{label}` is a label, and no port"),
            format!("write `{}` if it is meant as a port: an entry has none", Item { label: None, ..item }),
        ),
        Meaning::Expiry(mention) => (
            format!("`{}` is part of a label and expires nothing", Shown(mention.text)),
            match with_expiry(item, mention) {
                Advice::Write(entry) => format!("write `{entry}` if it is meant to expire"),
                words => words.to_string(),
            },
        ),
    };
    Some((code, told))
}

/// What stands before the label of an entry.
fn before_label<'a>(piece: &'a str, label: &str) -> &'a str {
    piece.get(..Token::within(piece, label).start).unwrap_or(piece)
}

fn is_one_host(target: Target) -> bool {
    matches!(target, Target::Prefix { given, .. } if given.prefix_len() == given.max_prefix_len())
}
