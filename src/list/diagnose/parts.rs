//! The parts of a piece: its mark, its target, its label, its attributes.

use super::length::is_cut_ipv6;
use super::token::Token;
use crate::list::label::BLANKS;

/// The parts of a piece, by the marks that begin them.
pub(super) struct Parts<'a> {
    pub(super) deny: bool,
    /// What an entry names, and its label.
    pub(super) body: Token<'a>,
    /// What stands behind the first `;`.
    pub(super) attributes: &'a str,
}

impl<'a> Parts<'a> {
    pub(super) fn of(piece: &'a str) -> Parts<'a> {
        let (head, attributes) = piece.split_once(';').unwrap_or((piece, ""));
        let head = head.trim_end_matches(BLANKS);
        let body = head.strip_prefix('!').unwrap_or(head);
        Parts { deny: body.len() < head.len(), body: Token::within(piece, body), attributes }
    }
}

/// The target and the label behind it, by the colon that separates them.
pub(super) fn split_label(body: Token<'_>) -> (Token<'_>, Option<Token<'_>>) {
    let text = body.text;
    let colon = if text.starts_with('[') {
        text.find(']').and_then(|close| text.get(close..)?.find(':').map(|at| close + at))
    } else if looks_like_ipv6(text) {
        text.find('/').and_then(|slash| text.get(slash..)?.find(':').map(|at| slash + at))
    } else {
        text.find(':')
    };
    match colon.and_then(|at| text.split_at_checked(at)) {
        Some((target, label)) => {
            let label = label.get(1..).unwrap_or_default();
            (
                Token { text: target, ..body },
                Some(Token { text: label, start: body.start + target.len() + 1 }),
            )
        }
        None => (body, None),
    }
}

/// Whether a text begins like IPv6: at least two colons, the first groups hexadecimal; or cut, with letters among
/// its digits, or with a length behind it.
fn looks_like_ipv6(text: &str) -> bool {
    let start = text.split('/').next().unwrap_or(text);
    let mut groups = start.split(':');
    let is_group = |group: &str| group.len() <= 5 && group.chars().all(|c| c.is_ascii_hexdigit());
    start.matches(':').count() >= 2 && groups.by_ref().take(2).all(is_group) || is_cut_ipv6(start)
}
