//! What the Local API answers, and what of it is a ban.

use std::net::IpAddr;
use std::time::SystemTime;

use ipgate::ipnet::IpNet;
use ipgate::list::Until;
use ipgate::{Action, Entry, Label};
use serde::Deserialize;

use super::duration;

/// The answer of the stream.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Answer {
    pub(super) new: Option<Vec<Decision>>,
    pub(super) deleted: Option<Vec<Decision>>,
}

/// A decision: what is done about whom, and for how long from now.
#[derive(Debug, Deserialize)]
pub(super) struct Decision {
    pub(super) id: i64,
    #[serde(rename = "type")]
    kind: String,
    scope: String,
    value: String,
    duration: String,
    #[serde(default)]
    scenario: String,
    #[serde(default)]
    simulated: bool,
}

/// Why nothing is made of a decision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ignored {
    Type(String),
    Scope(String),
    Simulated,
    /// No address, prefix or length of time.
    Unreadable,
}

impl Decision {
    /// The entry that denies whom it bans, for as long as it does.
    pub(super) fn ban(&self, now: SystemTime) -> Result<Entry, Ignored> {
        if self.simulated {
            return Err(Ignored::Simulated);
        }
        if !self.kind.eq_ignore_ascii_case("ban") {
            return Err(Ignored::Type(self.kind.clone()));
        }
        let prefix = match self.scope.to_ascii_lowercase().as_str() {
            "ip" => self.value.parse::<IpAddr>().ok().map(IpNet::from),
            "range" => prefix(&self.value),
            _ => return Err(Ignored::Scope(self.scope.clone())),
        };
        let lasts = duration::micros(&self.duration);
        let (prefix, lasts) = prefix.zip(lasts).ok_or(Ignored::Unreadable)?;
        let entry = Entry::new(prefix, Action::Deny);
        let entry = label(&self.scenario).into_iter().fold(entry, Entry::with_label);
        // What no year names is as good as for ever.
        Ok(until(now, lasts).into_iter().fold(entry, Entry::with_until))
    }
}

impl std::fmt::Display for Ignored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ignored::Type(kind) => {
                write!(f, "of the type `{}`: `ban` alone is enforced", kind.escape_debug())
            }
            Ignored::Scope(scope) => {
                write!(f, "of the scope `{}`: `Ip` and `Range` alone are enforced", scope.escape_debug())
            }
            Ignored::Simulated => f.write_str("simulated"),
            Ignored::Unreadable => f.write_str("of no address, prefix or length of time that can be read"),
        }
    }
}

fn prefix(text: &str) -> Option<IpNet> {
    let (address, length) = text.split_once('/')?;
    let is_number = (1..=3).contains(&length.len()) && length.bytes().all(|byte| byte.is_ascii_digit());
    let length: u8 = length.parse().ok().filter(|_| is_number)?;
    IpNet::new(address.parse().ok()?, length).ok()
}

fn until(now: SystemTime, lasts: i64) -> Option<Until> {
    let now = now.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Until::from_unix_micros(i64::try_from(now.as_micros()).ok()?.checked_add(lasts)?)
}

/// A scenario as a label. It may be any text: what no label may hold is an underscore in it.
fn label(scenario: &str) -> Option<Label> {
    let safe = |c: char| if c.is_ascii_graphic() && !matches!(c, ',' | ';' | '=' | '#') { c } else { '_' };
    let text: String = scenario.chars().map(safe).take(Label::MAX_BYTES).collect();
    Label::new(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(scope: &str, value: &str, scenario: &str, duration: &str) -> Result<String, Ignored> {
        let decision = serde_json::json!({
            "id": 1, "type": "ban", "scope": scope, "value": value, "scenario": scenario, "duration": duration
        });
        let decision: Decision = serde_json::from_value(decision).unwrap();
        decision.ban(SystemTime::UNIX_EPOCH).map(|entry| entry.to_string())
    }

    #[test]
    fn a_ban_is_an_entry_of_a_list() {
        for (scope, value, scenario, duration, expected) in [
            (
                "Ip",
                "192.0.2.1",
                "crowdsecurity/ssh-bf",
                "4h0m0s",
                "!192.0.2.1:crowdsecurity/ssh-bf;until=1970-01-01T04:00:00Z",
            ),
            (
                "Range",
                "198.51.100.7/24",
                "manual 'ban' from 'me', now",
                "1s",
                "!198.51.100.0/24:manual_'ban'_from_'me'__now;until=1970-01-01T00:00:01Z",
            ),
            ("ip", "2001:db8::1", "", "1m", "!2001:db8::1;until=1970-01-01T00:01:00Z"),
            ("range", "::/0", "x", "90000000h", "!::/0:x"),
        ] {
            assert_eq!(entry(scope, value, scenario, duration).as_deref(), Ok(expected));
        }
        for (scope, value) in
            [("Ip", "foobar"), ("Ip", "01.2.3.4"), ("Range", "192.0.2.0/+8"), ("Range", "192.0.2.0/33")]
        {
            assert_eq!(entry(scope, value, "x", "1s"), Err(Ignored::Unreadable), "{value}");
        }
        assert_eq!(entry("Country", "FR", "x", "1s"), Err(Ignored::Scope("Country".into())));
    }
}
