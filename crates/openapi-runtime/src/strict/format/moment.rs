//! Dates, times and durations.

use super::fits;

/// The decimal number at this place of a text that is known to have digits there.
fn number(text: &str, from: usize, length: usize) -> u32 {
    text.bytes()
        .skip(from)
        .take(length)
        .fold(0, |n, digit| n * 10 + u32::from(digit - b'0'))
}

/// RFC 3339 `full-date`.
pub(super) fn is_date(text: &str) -> bool {
    if !fits(text, "9999-99-99") {
        return false;
    }
    let year = number(text, 0, 4);
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match number(text, 5, 2) {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&number(text, 8, 2))
}

/// RFC 3339, section 5.6. The letters may be of either case, as it says.
pub(super) fn is_date_time(text: &str) -> bool {
    let parts = text.split_once(['T', 't']);
    parts.is_some_and(|(date, time)| is_date(date) && is_time(time))
}

/// RFC 3339 `full-time`: a clock's time, with an offset, and a leap second only where one can be.
pub(super) fn is_time(time: &str) -> bool {
    let Some(clock) = time.get(..8).filter(|clock| fits(clock, "99:99:99")) else {
        return false;
    };
    let mut rest = &time[8..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let end = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        if end.len() == fraction.len() {
            return false;
        }
        rest = end;
    }
    let offset = if matches!(rest, "Z" | "z") {
        0
    } else if fits(rest, "+99:99") || fits(rest, "-99:99") {
        let (hours, minutes) = (number(rest, 1, 2), number(rest, 4, 2));
        if hours > 23 || minutes > 59 {
            return false;
        }
        let minutes = hours * 60 + minutes;
        // Minutes that must be added to come to UTC, kept positive.
        if rest.starts_with('-') {
            minutes
        } else {
            24 * 60 - minutes
        }
    } else {
        return false;
    };
    let (hour, minute, second) = (
        number(clock, 0, 2),
        number(clock, 3, 2),
        number(clock, 6, 2),
    );
    let leap_second = (hour * 60 + minute + offset) % (24 * 60) == 24 * 60 - 1;
    hour <= 23 && minute <= 59 && (second <= 59 || second == 60 && leap_second)
}

/// RFC 3339, appendix A: units in their order and none left out between others, weeks alone, whole numbers.
pub(super) fn is_duration(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('P') else {
        return false;
    };
    let (date, time) = match rest.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (rest, None),
    };
    let weeks = time.is_none() && units(date, "W") == Some(1);
    let days = date.is_empty() && time.is_some() || units(date, "YMD").is_some();
    weeks || days && time.is_none_or(|time| units(time, "HMS").is_some())
}

/// How many numbers with a unit there are, when there is one at least, and they follow each other in `units`.
fn units(text: &str, units: &str) -> Option<usize> {
    let (mut text, mut left, mut count) = (text, units, 0);
    while !text.is_empty() {
        let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
        let sign = unit.chars().next().filter(|_| unit.len() < text.len())?;
        let skipped = left
            .find(sign)
            .filter(|skipped| count == 0 || *skipped == 0)?;
        left = &left[skipped + 1..];
        text = &unit[1..];
        count += 1;
    }
    (count > 0).then_some(count)
}
