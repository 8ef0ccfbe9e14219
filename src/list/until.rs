//! `until=`: the instant from which an entry no longer holds.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, date};
use nom::character::complete::{char, one_of, satisfy};
use nom::combinator::{all_consuming, map_opt, opt, recognize};
use nom::multi::{count, many1_count};
use nom::sequence::preceded;
use nom::{IResult, Parser};

use crate::shown::Shown;

/// The first instant at which an entry no longer holds, to the microsecond (finer parts are cut off, so
/// that an entry never holds for longer than was written).
///
/// Written as an RFC 3339 date-time, or as a date, which stands for midnight UTC at its end.
///
/// ```
/// use ipgate::list::Until;
/// let until: Until = "2026-12-31".parse()?;
/// assert_eq!(until, "2027-01-01T00:00:00Z".parse()?);
/// assert_eq!(until.to_string(), "2026-12-31");
/// # Ok::<(), ipgate::list::UntilError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Until {
    /// Microseconds since [`Until::ZERO`] ones before 1970-01-01T00:00:00Z, which lie before every year that has
    /// a name: never 0, so that an entry without one takes no more room.
    since_zero: NonZeroU64,
}

const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);
const MICROS_PER_DAY: i64 = 86_400_000_000;

impl Until {
    const ZERO: u64 = 1 << 63;

    /// The instant as microseconds since the Unix epoch; negative before it.
    #[must_use]
    pub fn unix_micros(self) -> i64 {
        self.since_zero.get().wrapping_sub(Until::ZERO).cast_signed()
    }

    /// The instant that many microseconds after the Unix epoch, where a four-digit year can name it.
    #[must_use]
    pub fn from_unix_micros(micros: i64) -> Option<Until> {
        let until = Until { since_zero: NonZeroU64::new(micros.cast_unsigned().wrapping_add(Until::ZERO))? };
        until.named_date().map(|_| until)
    }

    /// The instant as the system's clock counts it.
    #[must_use]
    pub fn system_time(self) -> SystemTime {
        let distance = Duration::from_micros(self.unix_micros().unsigned_abs());
        if self.unix_micros() >= 0 { UNIX_EPOCH + distance } else { UNIX_EPOCH - distance }
    }

    /// Whether an entry with this attribute has expired at `now`.
    #[must_use]
    pub fn has_passed(self, now: SystemTime) -> bool {
        self.system_time() <= now
    }

    /// The calendar day on which the instant falls; for midnight, the day that it ends.
    fn named_date(self) -> Option<(Date, i64)> {
        let (mut days, mut rest) =
            (self.unix_micros().div_euclid(MICROS_PER_DAY), self.unix_micros().rem_euclid(MICROS_PER_DAY));
        if rest == 0 {
            (days, rest) = (days - 1, MICROS_PER_DAY);
        }
        let day = EPOCH.date().checked_add(SignedDuration::from_hours(days.checked_mul(24)?)).ok()?;
        (0..=9999).contains(&day.year()).then_some((day, rest))
    }
}

/// A text that is not an RFC 3339 date or date-time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UntilError {
    text: String,
}

impl fmt::Display for UntilError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not an RFC 3339 date or date-time, such as 2026-12-31 or 2026-12-31T18:00:00+02:00",
            Shown(&self.text)
        )
    }
}

impl std::error::Error for UntilError {}

impl FromStr for Until {
    type Err = UntilError;

    fn from_str(text: &str) -> Result<Until, UntilError> {
        match all_consuming(instant).parse(text) {
            Ok((_, until)) => Ok(until),
            Err(_) => Err(UntilError { text: text.to_owned() }),
        }
    }
}

/// `date` or `date "T" time offset` of RFC 3339, 5.6.
fn instant(input: &str) -> IResult<&str, Until> {
    map_opt((full_date, opt(preceded(one_of("Tt"), (time, offset)))), |(day, time)| {
        let (clock, offset_seconds) = match time {
            Some(((clock, leap), offset)) => (day.at(clock.0, clock.1, clock.2, clock.3), offset - leap),
            None => (day.at(0, 0, 0, 0), -86_400),
        };
        let since_epoch = clock.duration_since(EPOCH) - SignedDuration::from_secs(offset_seconds);
        i64::try_from(since_epoch.as_micros()).ok().and_then(Until::from_unix_micros)
    })
    .parse(input)
}

fn full_date(input: &str) -> IResult<&str, Date> {
    map_opt((digits(4), char('-'), digits(2), char('-'), digits(2)), |(y, _, m, _, d)| {
        Date::new(y, i8::try_from(m).ok()?, i8::try_from(d).ok()?).ok()
    })
    .parse(input)
}

/// Hour, minute, second, nanosecond; and one second where a leap second (`:60`) was written.
type Clock = ((i8, i8, i8, i32), i64);

fn time(input: &str) -> IResult<&str, Clock> {
    map_opt(
        (digits(2), char(':'), digits(2), char(':'), digits(2), opt(preceded(char('.'), fraction))),
        |(hour, _, minute, _, second, nanos)| {
            let (second, leap) = if second == 60 { (59, 1) } else { (second, 0) };
            let part = |value: i16, max: i16| (value <= max).then_some(i8::try_from(value).ok()?);
            Some(((part(hour, 23)?, part(minute, 59)?, part(second, 59)?, nanos.unwrap_or(0)), leap))
        },
    )
    .parse(input)
}

/// Nanoseconds of a decimal fraction with any number of digits.
fn fraction(input: &str) -> IResult<&str, i32> {
    let digits = recognize(many1_count(satisfy(|c| c.is_ascii_digit())));
    map_opt(digits, |text: &str| {
        let nine: String = text.chars().chain(std::iter::repeat('0')).take(9).collect();
        nine.parse().ok()
    })
    .parse(input)
}

/// Seconds east of UTC.
fn offset(input: &str) -> IResult<&str, i64> {
    let (rest, sign) = one_of("Zz+-").parse(input)?;
    if matches!(sign, 'Z' | 'z') {
        return Ok((rest, 0));
    }
    map_opt((digits(2), char(':'), digits(2)), move |(hours, _, minutes)| {
        let seconds = i64::from(hours) * 3600 + i64::from(minutes) * 60;
        (hours <= 23 && minutes <= 59).then_some(if sign == '-' { -seconds } else { seconds })
    })
    .parse(rest)
}

/// Exactly `n` decimal digits.
fn digits<'a>(n: usize) -> impl Parser<&'a str, Output = i16, Error = nom::error::Error<&'a str>> {
    map_opt(recognize(count(satisfy(|c| c.is_ascii_digit()), n)), |text: &str| text.parse().ok())
}

impl fmt::Display for Until {
    /// A date where the instant is the end of one, otherwise a date-time in UTC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((day, rest)) = self.named_date() else {
            return write!(f, "{}us", self.unix_micros()); // unreachable by construction, and harmless
        };
        if rest == MICROS_PER_DAY {
            return write!(f, "{day}");
        }
        let (seconds, micros) = (rest / 1_000_000, rest % 1_000_000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{day}T{hour:02}:{minute:02}:{second:02}")?;
        if micros != 0 {
            write!(f, ".{micros:06}")?;
        }
        f.write_str("Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> Option<String> {
        text.parse::<Until>().ok().map(|until| until.to_string())
    }

    #[test]
    fn rfc_3339_only() {
        for (text, expected) in [
            ("2026-12-31", Some("2026-12-31")),
            ("9999-12-31", Some("9999-12-31")),
            ("2027-01-01T00:00:00Z", Some("2026-12-31")),
            ("2026-12-31T18:00:00+02:00", Some("2026-12-31T16:00:00Z")),
            ("2026-12-31t18:00:00.25z", Some("2026-12-31T18:00:00.250000Z")),
            ("2026-12-31T18:00:00.1234567899Z", Some("2026-12-31T18:00:00.123456Z")),
            ("2016-12-31T23:59:60Z", Some("2016-12-31")),
            ("1969-12-31T23:59:59Z", Some("1969-12-31T23:59:59Z")),
            ("2024-02-29", Some("2024-02-29")),
            ("2026-02-29", None),
            ("2026-13-01", None),
            ("2026-12-31T24:00:00Z", None),
            ("2026-12-31T18:00:00", None),
            ("2026-12-31T18:00Z", None),
            ("2026-12-31 18:00:00Z", None),
            ("2026-12-31T18:00:00+25:00", None),
            ("26-12-31", None),
            ("tomorrow", None),
            ("", None),
        ] {
            assert_eq!(canonical(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn an_entry_no_longer_holds_at_its_instant() {
        let until: Until = "2026-12-31".parse().unwrap();
        assert!(!until.has_passed(until.system_time() - Duration::from_micros(1)));
        assert!(until.has_passed(until.system_time()));
    }
}
