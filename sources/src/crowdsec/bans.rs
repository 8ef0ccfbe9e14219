//! The bans that hold, by the numbers of their decisions.

use std::collections::BTreeMap;
use std::time::SystemTime;

use ipgate::ipnet::IpNet;
use ipgate::site::ListSlot;
use ipgate::{Entry, List};

use super::decision::{Answer, Ignored};

/// The bans that hold. One address may have several: the one that lasts longest counts, and when it is deleted the others do.
#[derive(Debug, Default)]
pub(super) struct Bans {
    by_number: BTreeMap<i64, Entry>,
    ignored: BTreeMap<Ignored, u64>,
}

impl Bans {
    /// Takes an answer, in the place of all before or beside that; whether anything is different. O(n) for n decisions.
    pub(super) fn take(&mut self, answer: Answer, is_whole: bool, now: SystemTime) -> bool {
        if is_whole {
            self.by_number.clear();
        }
        let count = self.by_number.len();
        self.by_number.retain(|_, ban| ban.is_live(now));
        let mut is_changed = is_whole || self.by_number.len() != count;
        // A whole names what was deleted as well: with numbers of which it has none.
        for gone in answer.deleted.unwrap_or_default() {
            is_changed |= self.by_number.remove(&gone.id).is_some();
        }
        for decision in answer.new.unwrap_or_default() {
            match decision.ban(now) {
                Ok(ban) => {
                    self.by_number.insert(decision.id, ban);
                    is_changed = true;
                }
                Err(ignored) => *self.ignored.entry(ignored).or_default() += 1,
            }
        }
        is_changed
    }

    /// An entry for each prefix. O(n log n) for n bans.
    pub(super) fn list(&self) -> ListSlot {
        let mut longest: BTreeMap<IpNet, &Entry> = BTreeMap::new();
        for ban in self.by_number.values() {
            let best = longest.entry(ban.prefix()).or_insert(ban);
            // One without an end lasts longest.
            if best.until().is_some_and(|best| ban.until().is_none_or(|until| until > best)) {
                *best = ban;
            }
        }
        let entries = longest.into_values().cloned();
        List::from_entries(entries).map_or(ListSlot::Waiting, ListSlot::from)
    }

    /// The decision that was made last.
    pub(super) fn last(&self) -> Option<i64> {
        self.by_number.keys().next_back().copied()
    }

    /// What was ignored so far, and how often.
    pub(super) fn ignored(&self) -> impl Iterator<Item = (&Ignored, u64)> {
        self.ignored.iter().map(|(ignored, count)| (ignored, *count))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn answer(text: &str) -> Answer {
        serde_json::from_str(text).unwrap()
    }

    fn text(bans: &Bans) -> String {
        bans.list().list().unwrap().to_string()
    }

    #[test]
    fn the_longest_of_an_address_counts_and_deleting_one_leaves_the_other() {
        let now = SystemTime::UNIX_EPOCH;
        let ban = |id: i64, duration: &str| {
            format!(
                r#"{{"id":{id},"type":"ban","scope":"Ip","value":"192.0.2.1","scenario":"s{id}","duration":"{duration}"}}"#
            )
        };
        let mut bans = Bans::default();
        let all = format!(r#"{{"new":[{},{},{}],"deleted":null}}"#, ban(1, "1h"), ban(2, "4h"), ban(3, "2h"));
        assert!(bans.take(answer(&all), true, now));
        assert_eq!(text(&bans).trim(), "!192.0.2.1:s2;until=1970-01-01T04:00:00Z");
        let gone = format!(r#"{{"new":null,"deleted":[{}]}}"#, ban(2, "-1s"));
        assert!(bans.take(answer(&gone), false, now));
        assert_eq!(text(&bans).trim(), "!192.0.2.1:s3;until=1970-01-01T02:00:00Z");
        assert!(!bans.take(answer(&gone), false, now), "it is gone already");
        assert!(bans.take(Answer::default(), false, now + Duration::from_secs(3600)), "another has ended");
        assert_eq!((bans.by_number.len(), bans.last()), (1, Some(3)));
        assert!(bans.take(Answer::default(), true, now), "a whole of nothing");
        assert_eq!(text(&bans).trim(), "");
    }
}
