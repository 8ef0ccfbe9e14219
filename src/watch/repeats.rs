//! The same failure over and over: told once, then counted.

/// Failures of one thing since it was last good.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    last: Option<String>,
    /// How many times in a row it was `last`.
    times: u64,
    /// How many failures there were, `last` or others.
    failures: u64,
}

impl Repeats {
    /// Counts a failure; how many times in a row it has occurred, where that is worth telling: the first
    /// time, the 10th, the 100th and so on.
    pub(super) fn failed(&mut self, failure: String) -> Option<u64> {
        if self.last.as_ref() != Some(&failure) {
            (self.last, self.times) = (Some(failure), 0);
        }
        self.times += 1;
        self.failures += 1;
        let power = 10_u64.pow(self.times.ilog10());
        (self.times == power).then_some(self.times)
    }

    /// It is good again: how many failures there were.
    pub(super) fn recovered(&mut self) -> u64 {
        std::mem::take(self).failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn told_at_powers_of_ten_and_when_it_changes() {
        let mut repeats = Repeats::default();
        let told: Vec<u64> = (0..1234).filter_map(|_| repeats.failed("missing".to_owned())).collect();
        assert_eq!(told, [1, 10, 100, 1000]);
        assert_eq!(repeats.failed("line 3".to_owned()), Some(1));
        assert_eq!(repeats.failed("line 3".to_owned()), None);
        assert_eq!(repeats.recovered(), 1236);
        assert_eq!(repeats.failed("line 3".to_owned()), Some(1));
        assert_eq!(repeats.recovered(), 1);
        assert_eq!(repeats.recovered(), 0);
    }
}
