//! The rules of numbers and strings.

use serde_json::{Number, Value};

use super::super::path::{Path, is_printable};
use super::super::{format, reason};
use super::Checker;
use crate::schema::{
    IntegerFormat, IntegerRules, NumberRules, StringRules, integer, integer_value,
};

/// Doubles from here on are beyond every `int64`.
const INT64_END: f64 = 9_223_372_036_854_775_808.0;

impl Checker {
    pub(super) fn integer(&mut self, number: &Number, rules: &IntegerRules, path: &Path<'_>) {
        let (least, greatest) = rules.format.unwrap_or(IntegerFormat::Int64).range();
        // The narrower of the rule and what the format holds.
        let (minimum, above) = match rules.minimum {
            Some(minimum) if minimum >= least => (minimum, rules.exclusive_minimum),
            _ => (least, false),
        };
        let (maximum, below) = match rules.maximum {
            Some(maximum) if maximum <= greatest => (maximum, rules.exclusive_maximum),
            _ => (greatest, false),
        };
        let too_small = |this: &mut Self| {
            this.too_small(path, integer_value(minimum), minimum, above);
        };
        let too_large = |this: &mut Self| {
            this.too_large(path, integer_value(maximum), maximum, below);
        };
        let Some(value) = integer(number) else {
            // Digits beyond 64 bits arrive as a double; so does whatever has a fraction or an exponent.
            return match number.as_f64() {
                Some(n) if n >= 2.0 * INT64_END => too_large(self),
                Some(n) if n <= -INT64_END => too_small(self),
                _ => {
                    let message = "must be an integer, written without a fraction or an exponent";
                    self.report(path, reason::NOT_AN_INTEGER, None, message);
                }
            };
        };
        if value < minimum || (above && value == minimum) {
            too_small(self);
        }
        if value > maximum || (below && value == maximum) {
            too_large(self);
        }
        if let Some(divisor) = rules.multiple_of
            && divisor > 0
            && value % divisor != 0
        {
            self.not_a_multiple(path, integer_value(divisor));
        }
    }

    pub(super) fn number(&mut self, number: &Number, rules: &NumberRules, path: &Path<'_>) {
        let Some(value) = number.as_f64().filter(|n| n.is_finite()) else {
            let message = "must be a number that a double can hold";
            return self.report(path, reason::NUMBER_OUT_OF_RANGE, None, message);
        };
        self.bounds(value, rules, path);
        if rules.single {
            let single = value as f32;
            if single.is_finite() {
                self.bounds(written(single), rules, path);
            } else {
                let message = "must be a number that a float can hold";
                self.report(path, reason::NUMBER_OUT_OF_RANGE, None, message);
            }
        }
    }

    fn bounds(&mut self, value: f64, rules: &NumberRules, path: &Path<'_>) {
        if let Some(minimum) = rules.minimum {
            let above = rules.exclusive_minimum;
            if value < minimum || (above && value == minimum) {
                self.too_small(path, minimum.into(), minimum, above);
            }
        }
        if let Some(maximum) = rules.maximum {
            let below = rules.exclusive_maximum;
            if value > maximum || (below && value == maximum) {
                self.too_large(path, maximum.into(), maximum, below);
            }
        }
        if let Some(divisor) = rules.multiple_of
            && divisor > 0.0
            && !is_multiple(value, divisor)
        {
            self.not_a_multiple(path, divisor.into());
        }
    }

    pub(super) fn string(&mut self, string: &str, rules: &StringRules, path: &Path<'_>) {
        self.spend(string.len() / 16);
        // A string has at least as many bytes as characters, and at most four times as many.
        let length = string.chars().count();
        if let Some(least) = rules.min_length.filter(|least| length < *least) {
            let message = match least {
                1 => "must not be empty".to_owned(),
                _ => format!("must have at least {least} characters"),
            };
            self.report(path, reason::TOO_SHORT, Some(least.into()), message);
        }
        if let Some(greatest) = rules.max_length.filter(|greatest| length > *greatest) {
            let message = format!("must have at most {}", count(greatest, "character"));
            self.report(path, reason::TOO_LONG, Some(greatest.into()), message);
            // What follows may cost more than linear time, and would say nothing new.
            return;
        }
        let unprintable = || string.chars().enumerate().find(|(_, c)| !is_printable(*c));
        if let Some((place, c)) = rules.printable.then(unprintable).flatten() {
            let found = placed(place, c);
            let message =
                format!("must not have control, bidirectional or invisible characters{found}");
            self.report(path, reason::FORBIDDEN_CHARACTER, None, message);
        }
        if let Some(pattern) = rules.pattern.filter(|pattern| !pattern.matches(string)) {
            let source = pattern.source();
            let stranger = pattern.stranger(string);
            let found = stranger.map_or(String::new(), |(place, c)| placed(place, c));
            let message = format!("must match {source}{found}");
            self.report(path, reason::PATTERN_MISMATCH, Some(source.into()), message);
        }
        if let Some(wanted) = rules.format.filter(|wanted| !format::has(*wanted, string)) {
            let name = wanted.name();
            let message = format!("must be of the format {name}");
            self.report(path, reason::FORMAT_MISMATCH, Some(name.into()), message);
        }
        if !rules.one_of.is_empty() && !rules.one_of.contains(&string) {
            self.not_in_enum(rules.one_of.iter().map(|s| (*s).into()).collect(), path);
        }
    }

    fn too_small(&mut self, path: &Path<'_>, limit: Value, n: impl std::fmt::Display, above: bool) {
        let what = if above { "greater than" } else { "at least" };
        let message = format!("must be {what} {n}");
        self.report(path, reason::TOO_SMALL, Some(limit), message);
    }

    fn too_large(&mut self, path: &Path<'_>, limit: Value, n: impl std::fmt::Display, below: bool) {
        let what = if below { "less than" } else { "at most" };
        let message = format!("must be {what} {n}");
        self.report(path, reason::TOO_LARGE, Some(limit), message);
    }

    fn not_a_multiple(&mut self, path: &Path<'_>, divisor: Value) {
        let message = format!("must be a multiple of {divisor}");
        self.report(path, reason::NOT_A_MULTIPLE, Some(divisor), message);
    }
}

/// `1 character`, `2 characters`.
pub(super) fn count(n: usize, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        _ => format!("{n} {what}s"),
    }
}

/// What is read where the single is written: it has fewer digits than the double that equals it.
fn written(single: f32) -> f64 {
    single.to_string().parse().unwrap_or(f64::from(single))
}

/// Whether the value is a multiple of the divisor, as far as doubles can tell: 0.3 is one of 0.1. Of whole numbers they tell
/// exactly.
fn is_multiple(value: f64, divisor: f64) -> bool {
    let quotient = value / divisor;
    let off = (quotient - quotient.round()).abs();
    let whole = value.fract() == 0.0 && divisor.fract() == 0.0;
    value % divisor == 0.0 || !whole && off <= 4.0 * f64::EPSILON * quotient.abs()
}

/// Which character is at fault, for the end of a message; its place is counted from 0.
fn placed(place: usize, c: char) -> String {
    format!(": U+{:04X} is character {}", u32::from(c), place + 1)
}
