//! A length of time as Go writes it: `3h59m58.123s`, `-1m0s`.

/// What each unit has of nanoseconds. Longer names first: `ms` is no `m`.
const UNITS: [(&str, i128); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// The microseconds of a length of time; parts of one count as one, so that a ban never ends before it should. `None` where the
/// text is none.
pub(super) fn micros(text: &str) -> Option<i64> {
    let (sign, mut rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let mut nanos: i128 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() && rest != "0" {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at_checked(end)?;
        let (unit, size) = UNITS.into_iter().find(|(unit, _)| after.starts_with(unit))?;
        nanos = nanos.checked_add(times(number, size)?)?;
        rest = after.strip_prefix(unit)?;
    }
    i64::try_from(sign * nanos.div_euclid(1_000) + i128::from(sign * nanos.rem_euclid(1_000) > 0)).ok()
}

/// A number with a fraction or without, times a size.
fn times(number: &str, size: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole = if whole.is_empty() { 0 } else { whole.parse::<i128>().ok()? };
    let mut product = whole.checked_mul(size)?;
    let mut unit = size;
    for digit in fraction.chars() {
        unit /= 10;
        product = product.checked_add(unit * i128::from(digit.to_digit(10)?))?;
    }
    Some(product)
}

#[cfg(test)]
mod tests {
    use super::micros;

    #[test]
    fn lengths_of_time_as_go_writes_them() {
        let second = 1_000_000;
        for (text, expected) in [
            ("3h59m58.123s", Some((4 * 3600 - 2) * second + 123_000)),
            ("1h59m58.500025337s", Some((2 * 3600 - 2) * second + 500_026)),
            ("-21.621588ms", Some(-21_621)),
            ("-1m0s", Some(-60 * second)),
            ("87600h0m0s", Some(87_600 * 3600 * second)),
            ("1.5us", Some(2)),
            ("2µs", Some(2)),
            ("0", Some(0)),
            ("0s", Some(0)),
            ("", None),
            ("-", None),
            ("4", None),
            ("4 h", None),
            ("4d", None),
            ("h", None),
            ("1h2", None),
            (".s", None),
            ("1.2.3s", None),
            ("99999999999999999999999999999999999999999h", None),
        ] {
            assert_eq!(micros(text), expected, "{text}");
        }
    }
}
