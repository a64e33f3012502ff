//! The numbers that a schema allows, as an interval: two ways to say the same bound are the same bound.

use super::view::View;
use std::cmp::Ordering;

/// An end of an interval; `None` is no end.
type End<T> = Option<(T, bool)>;

/// How one end of the interval moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Inward,
    Outward,
}

/// The numbers between two ends, each with whether it is left out itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Interval {
    /// Whole numbers, whose ends are always in.
    Whole(Option<i128>, Option<i128>),
    /// All numbers.
    Real(End<f64>, End<f64>),
}

impl Interval {
    /// What `view` allows of numbers, the range of an integer's `format` included.
    pub(super) fn of(view: &View<'_>) -> Interval {
        let ends = |key: &str, flag: &str| -> Vec<(serde_json::Number, bool)> {
            let parts = view.parts().iter();
            parts
                .filter_map(|part| {
                    Some((part.node.get(key)?.as_number()?.clone(), part.is_true(flag)))
                })
                .collect()
        };
        let lows = ends("minimum", "exclusiveMinimum");
        let highs = ends("maximum", "exclusiveMaximum");
        if view.kind() != Some("integer") {
            let real = |(number, out): (serde_json::Number, bool)| Some((number.as_f64()?, out));
            let tighter =
                |a: (f64, bool), b: (f64, bool), inward: Ordering| match b.0.partial_cmp(&a.0) {
                    Some(Ordering::Equal) => (a.0, a.1 || b.1),
                    Some(order) if order == inward => b,
                    _ => a,
                };
            let low = lows.into_iter().filter_map(real);
            let high = highs.into_iter().filter_map(real);
            return Interval::Real(
                low.reduce(|a, b| tighter(a, b, Ordering::Greater)),
                high.reduce(|a, b| tighter(a, b, Ordering::Less)),
            );
        }
        let (least, most) = view.text("format").map_or((None, None), range);
        let low = lows
            .iter()
            .filter_map(|(number, out)| whole(number, *out, 1));
        let high = highs
            .iter()
            .filter_map(|(number, out)| whole(number, *out, -1));
        Interval::Whole(low.chain(least).max(), high.chain(most).min())
    }

    /// How the lower and the upper end moved on the way from `old` to `self`.
    pub(super) fn since(self, old: Interval) -> [Option<Step>; 2] {
        match (old, self) {
            (Interval::Whole(a, b), Interval::Whole(c, d)) => [
                step(a, c, |old, new| old.cmp(new)),
                step(b, d, |old, new| new.cmp(old)),
            ],
            _ => {
                let (a, b) = old.real();
                let (c, d) = self.real();
                // An end that is left out is further in than one of the same number.
                let low = |old: &(f64, bool), new: &(f64, bool)| {
                    let order = old.0.partial_cmp(&new.0).unwrap_or(Ordering::Equal);
                    order.then(old.1.cmp(&new.1))
                };
                let high = |old: &(f64, bool), new: &(f64, bool)| {
                    let order = new.0.partial_cmp(&old.0).unwrap_or(Ordering::Equal);
                    order.then(old.1.cmp(&new.1))
                };
                [step(a, c, low), step(b, d, high)]
            }
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "only beside ends that are no whole numbers"
    )]
    fn real(self) -> (End<f64>, End<f64>) {
        match self {
            Interval::Real(low, high) => (low, high),
            Interval::Whole(low, high) => {
                let real = |end: Option<i128>| end.map(|end| (end as f64, false));
                (real(low), real(high))
            }
        }
    }
}

/// `inward` orders two ends by how far in they are.
fn step<T>(old: Option<T>, new: Option<T>, inward: impl Fn(&T, &T) -> Ordering) -> Option<Step> {
    match (old, new) {
        (None, None) => None,
        (None, Some(_)) => Some(Step::Inward),
        (Some(_), None) => Some(Step::Outward),
        (Some(old), Some(new)) => match inward(&old, &new) {
            Ordering::Less => Some(Step::Inward),
            Ordering::Equal => None,
            Ordering::Greater => Some(Step::Outward),
        },
    }
}

/// The first whole number that a bound allows, in the direction of `inward`.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a bound beyond 128 bits is as good as none"
)]
fn whole(number: &serde_json::Number, left_out: bool, inward: i128) -> Option<i128> {
    let exact = number.as_i64().map(i128::from);
    if let Some(exact) = exact.or_else(|| number.as_u64().map(i128::from)) {
        return Some(if left_out { exact + inward } else { exact });
    }
    let float = number.as_f64()?;
    let rounded = if inward > 0 {
        float.ceil()
    } else {
        float.floor()
    };
    let on_it = left_out && rounded == float;
    Some((rounded as i128).saturating_add(if on_it { inward } else { 0 }))
}

/// The least and the largest number of an integer's format.
pub(super) fn range(format: &str) -> (Option<i128>, Option<i128>) {
    let both = |least: i128, most: i128| (Some(least), Some(most));
    match format {
        "int8" => both(i8::MIN.into(), i8::MAX.into()),
        "int16" => both(i16::MIN.into(), i16::MAX.into()),
        "int32" => both(i32::MIN.into(), i32::MAX.into()),
        "int64" => both(i64::MIN.into(), i64::MAX.into()),
        "uint8" => both(0, u8::MAX.into()),
        "uint16" => both(0, u16::MAX.into()),
        "uint32" => both(0, u32::MAX.into()),
        "uint64" | "uint" => both(0, u64::MAX.into()),
        _ => (None, None),
    }
}
