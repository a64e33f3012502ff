//! Durations as people write them in a configuration: `"90s"`, `"15m"`, `"24h"`, `"7d"`.

use std::fmt;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// The longest duration that is accepted, in seconds: 366 days.
pub(crate) const LONGEST: u32 = 366 * 24 * 3600;

/// What stands in the file where a duration belongs. Anything is taken here, so that the error can name its place and
/// how to mend it.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum RawDuration {
    /// A text, as it should be.
    Text(String),
    /// A bare number, whose unit nobody can tell.
    Number(i64),
    /// Something else.
    Other(IgnoredAny),
}

/// Why a text is no duration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotADuration {
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub help: String,
}

impl fmt::Display for NotADuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what, self.help)
    }
}

impl RawDuration {
    /// The duration in whole seconds, 1 to 366 days.
    ///
    /// # Errors
    /// It is no duration, or out of those bounds.
    pub fn seconds(&self) -> Result<u32, NotADuration> {
        let wrong = |what: String, help: String| Err(NotADuration { what, help });
        match self {
            RawDuration::Text(text) => match parse(text) {
                Some(0) => wrong(
                    format!("{text:?} is no time at all"),
                    "write at least \"1s\"".into(),
                ),
                Some(seconds) => match u32::try_from(seconds) {
                    Ok(seconds) if seconds <= LONGEST => Ok(seconds),
                    _ => wrong(
                        format!("{text:?} is too long"),
                        "write at most \"366d\"".into(),
                    ),
                },
                None => wrong(
                    format!("{text:?} is not a duration"),
                    "write a whole number and one of the units s, m, h and d, such as \"15m\""
                        .into(),
                ),
            },
            RawDuration::Number(number) => wrong(
                format!("the number {number} has no unit"),
                format!(
                    "write it as text with its unit: \"{number}s\" for seconds, \"{number}m\" for minutes"
                ),
            ),
            RawDuration::Other(_) => wrong(
                "it is not a duration".into(),
                "write a text such as \"15m\"".into(),
            ),
        }
    }
}

/// The seconds of a text: ASCII digits and one unit. `None` if it is anything else.
fn parse(text: &str) -> Option<u64> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 24 * 3600,
        _ => return None,
    };
    let digits = &text[..text.len() - 1];
    let plain =
        !digits.is_empty() && digits.len() <= 9 && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain
        .then_some(digits)?
        .parse::<u64>()
        .ok()?
        .checked_mul(unit)
}

/// Seconds as the largest unit that loses nothing: 3600 is `1h`, 90 is `90s`.
pub(crate) fn text(seconds: u32) -> String {
    match seconds {
        s if s % 3600 == 0 && s > 0 => format!("{}h", s / 3600),
        s if s % 60 == 0 && s > 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Result<u32, NotADuration> {
        RawDuration::Text(text.into()).seconds()
    }

    #[test]
    fn every_unit_is_understood() {
        let read = ["90s", "15m", "24h", "7d", "366d"].map(|text| seconds(text).unwrap());
        assert_eq!(read, [90, 900, 86_400, 604_800, LONGEST]);
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for bad in [
            "",
            "s",
            "15",
            "-1s",
            "+1s",
            "1.5h",
            "1h30m",
            " 1h",
            "1h ",
            "1H",
            "1 h",
            "٣s",
            "1é",
            "999999999999s",
        ] {
            assert!(
                seconds(bad).unwrap_err().what.contains("is not a duration"),
                "{bad:?}"
            );
        }
        assert!(seconds("0s").unwrap_err().what.contains("no time at all"));
        assert!(seconds("367d").unwrap_err().what.contains("too long"));
        assert!(seconds("999999999d").unwrap_err().what.contains("too long"));
    }

    #[test]
    fn seconds_are_written_in_their_largest_unit() {
        assert_eq!(
            [1, 90, 900, 3600, 86_400].map(text),
            ["1s", "90s", "15m", "1h", "24h"]
        );
    }
}
