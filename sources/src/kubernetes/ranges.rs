//! The ranges of ingress-nginx as a list: who may come in, and who may not.

use ipgate::list::{Action, Entry, List, Parser};

/// A list of ranges where somebody is shut out: denials decide there whatever else says, as in nginx, whose first rule that
/// fits does and which has them first. Here the longest prefix decides, so what lies inside a denial is left out.
///
/// Without ranges that may come in, everyone may whom nothing denies.
///
/// # Errors
///
/// A sentence: one of the two is no list.
pub(super) fn with_denials(allow: Option<(&str, &str)>, deny: (&str, &str)) -> Result<String, String> {
    let parsed = |(place, text): (&str, &str)| {
        let parsed =
            Parser::new().source(place).parse(text).map_err(|rejected| format!("{place}: {rejected}"));
        parsed.map(|parsed| parsed.list)
    };
    let denied = parsed(deny)?;
    if let Some(entry) = denied.entries().iter().find(|entry| entry.action() == Action::Deny) {
        return Err(format!("{}: `{entry}` denies already by standing there; write it without `!`", deny.0));
    }
    let allowed = allow.map(parsed).transpose()?;
    let everyone = || "all".parse::<List>().map_err(|rejected| rejected.to_string());
    let allowed = allowed.map_or_else(everyone, Ok)?;
    let is_denied = |entry: &&Entry| denied.entries().iter().any(|denial| covers(denial, entry));
    let left = allowed.entries().iter().filter(|entry| !is_denied(entry)).map(ToString::to_string);
    let denials = denied.entries().iter().map(|entry| format!("!{entry}"));
    Ok(left.chain(denials).collect::<Vec<_>>().join(","))
}

fn covers(denial: &Entry, entry: &Entry) -> bool {
    denial.prefix().contains(&entry.prefix())
}

#[cfg(test)]
mod tests {
    use super::with_denials;

    #[test]
    fn denials_decide() {
        for (allow, deny, list) in [
            (Some("10.0.0.0/8"), "10.1.0.0/16", "10.0.0.0/8,!10.1.0.0/16"),
            // The denial is wider, and comes first in nginx.
            (Some("10.1.1.1, 192.0.2.0/24"), "10.0.0.0/8", "192.0.2.0/24,!10.0.0.0/8"),
            (Some("10.1.1.1"), "10.1.1.1", "!10.1.1.1"),
            (None, "192.0.2.7,2001:db8::/32", "0.0.0.0/0,::/0,!192.0.2.7,!2001:db8::/32"),
        ] {
            assert_eq!(with_denials(allow.map(|text| ("allow", text)), ("deny", deny)).as_deref(), Ok(list));
        }
    }

    #[test]
    fn what_is_no_list_is_an_error() {
        assert!(with_denials(None, ("deny", "foobar")).unwrap_err().contains("deny"));
        assert!(with_denials(Some(("allow", "10.0.0.0/33")), ("deny", "192.0.2.1")).is_err());
        assert!(with_denials(None, ("deny", "!192.0.2.1")).unwrap_err().contains("without `!`"));
    }
}
