//! Bounds, patterns and closed lists of values: tightened or loosened.

use super::at::At;
use super::interval::{Interval, Step};
use super::schema::Pair;
use super::view::View;
use super::{Direction, Found, Level, Walk, held, names};
use serde_json::Value;

/// How a change moves the set of valid values.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Move {
    Tighter,
    Looser,
    /// Neither holds the other.
    Other,
}

impl Move {
    fn level(self, direction: Direction) -> Level {
        match self {
            Move::Tighter => direction.tightened(),
            Move::Looser => direction.loosened(),
            Move::Other => Level::Major,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Move::Tighter => "K0357",
            Move::Looser => "K0358",
            Move::Other => "K0359",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Move::Tighter => "tightens",
            Move::Looser => "loosens",
            Move::Other => "changes",
        }
    }
}

const LOWER: [&str; 3] = ["minLength", "minItems", "minProperties"];
const UPPER: [&str; 3] = ["maxLength", "maxItems", "maxProperties"];

pub(super) fn compare(walk: &mut Walk<'_>, pair: &Pair<'_, '_>) {
    ends(walk, pair);
    for key in LOWER {
        number(walk, pair, key, |old, new| new > old);
    }
    for key in UPPER {
        number(walk, pair, key, |old, new| new < old);
    }
    for key in ["uniqueItems", "x-printable"] {
        let moved = match (pair.old.is_true(key), pair.new.is_true(key)) {
            (false, true) => Move::Tighter,
            (true, false) => Move::Looser,
            _ => continue,
        };
        tell(walk, pair, key, moved);
    }
    multiple(walk, pair);
    pattern(walk, pair);
}

/// A lower bound of zero on a length says nothing, and is as good as none.
fn bound(view: &View<'_>, key: &str) -> Option<f64> {
    let bounds = view.all(key).into_iter();
    let numbers = bounds.filter_map(|at| at.node.as_number()?.as_f64());
    let tightest = if LOWER.contains(&key) {
        numbers.reduce(f64::max)
    } else {
        numbers.reduce(f64::min)
    };
    tightest.filter(|bound| !(*bound == 0.0 && key.starts_with("min")))
}

/// The bounds of numbers. What a `format` alone moves is told of the format.
fn ends(walk: &mut Walk<'_>, pair: &Pair<'_, '_>) {
    let moved = Interval::of(&pair.new).since(Interval::of(&pair.old));
    let keys = [
        ("minimum", "exclusiveMinimum"),
        ("maximum", "exclusiveMaximum"),
    ];
    for (moved, (bound, flag)) in moved.into_iter().zip(keys) {
        let value = |view: &View<'_>| view.get(bound).map(|at| at.node.to_value());
        let key = if value(&pair.old) != value(&pair.new) {
            bound
        } else if pair.old.is_true(flag) != pair.new.is_true(flag) {
            flag
        } else {
            continue;
        };
        match moved {
            Some(Step::Inward) => tell(walk, pair, key, Move::Tighter),
            Some(Step::Outward) => tell(walk, pair, key, Move::Looser),
            None => {}
        }
    }
}

fn number(walk: &mut Walk<'_>, pair: &Pair<'_, '_>, key: &str, is_tighter: fn(f64, f64) -> bool) {
    let moved = match (bound(&pair.old, key), bound(&pair.new, key)) {
        (None, Some(_)) => Move::Tighter,
        (Some(_), None) => Move::Looser,
        (Some(old), Some(new)) if is_tighter(old, new) => Move::Tighter,
        (Some(old), Some(new)) if is_tighter(new, old) => Move::Looser,
        _ => return,
    };
    tell(walk, pair, key, moved);
}

fn multiple(walk: &mut Walk<'_>, pair: &Pair<'_, '_>) {
    let key = "multipleOf";
    let of = |large: f64, small: f64| small != 0.0 && (large / small).fract() == 0.0;
    let value = |view: &View<'_>| view.get(key).and_then(|at| at.node.as_number()?.as_f64());
    let moved = match (value(&pair.old), value(&pair.new)) {
        (None, Some(_)) => Move::Tighter,
        (Some(_), None) => Move::Looser,
        (Some(old), Some(new)) if old == new => return,
        (Some(old), Some(new)) if of(new, old) => Move::Tighter,
        (Some(old), Some(new)) if of(old, new) => Move::Looser,
        (Some(_), Some(_)) => Move::Other,
        (None, None) => return,
    };
    tell(walk, pair, key, moved);
}

fn pattern(walk: &mut Walk<'_>, pair: &Pair<'_, '_>) {
    let key = "pattern";
    let moved = match (pair.old.text(key), pair.new.text(key)) {
        (None, Some(_)) => Move::Tighter,
        (Some(_), None) => Move::Looser,
        (Some(old), Some(new)) if old != new => Move::Other,
        _ => return,
    };
    tell(walk, pair, key, moved);
}

fn tell(walk: &mut Walk<'_>, pair: &Pair<'_, '_>, key: &str, moved: Move) {
    let (before, after) = (pair.old.get(key), pair.new.get(key));
    let told = |at: &Option<At<'_>>| {
        at.as_ref()
            .map_or("none".to_owned(), |at| match at.node.as_str() {
                Some(text) => format!("`{text}`"),
                None => at.node.to_value().to_string(),
            })
    };
    let message = format!(
        "{} {} `{key}` from {} to {}",
        pair.said,
        moved.word(),
        told(&before),
        told(&after)
    );
    let level = moved.level(pair.direction);
    let place = &pair.new_at.pointer;
    let called = match names::is_element(place) {
        true => names::value_type(place, &pair.rust),
        false => pair.rust.clone(),
    };
    let rust = held::change(pair).unwrap_or_else(|| match (pair.direction, level) {
        (Direction::Request, Level::Major) => {
            format!("values of `{called}` that older callers may hold are refused")
        }
        (Direction::Response, Level::Major) => {
            format!("callers built before refuse answers whose `{called}` is out of the old bound")
        }
        _ => format!("`{called}` holds other values"),
    });
    let found = Found::new(moved.code(), level, message).rust(rust);
    walk.at_either(before.as_ref(), after.as_ref(), found);
}

/// The type of the values that are listed at `list`: that of the component that lists them, if it is one, rather than of what
/// refers to that in an `allOf`.
fn enum_type(walk: &Walk<'_>, pair: &Pair<'_, '_>, list: Option<&At<'_>>) -> String {
    let place = list.and_then(|list| list.pointer.strip_suffix("/enum"));
    let inside = |place: &str| Some(!place.strip_prefix("/components/schemas/")?.contains('/'));
    match place.filter(|place| inside(place) == Some(true)) {
        Some(place) => names::rust(walk.new.node, place),
        None => names::value_type(&pair.new_at.pointer, &pair.rust),
    }
}

/// Compares `enum`.
pub(super) fn enumeration(walk: &mut Walk<'_>, pair: &Pair<'_, '_>) {
    let (before, after) = (pair.old.get("enum"), pair.new.get("enum"));
    let rust = enum_type(walk, pair, after.as_ref().or(before.as_ref()));
    let direction = pair.direction;
    let (old, new) = match (&before, &after) {
        (None, None) => return,
        (None, Some(new)) => {
            let message = format!("{} is now one of a closed list (`enum`)", pair.said);
            let found = Found::new("K0356", direction.tightened(), message)
                .rust(format!("its type is now the enum `{rust}`"));
            walk.at_new(&new.pointer, found);
            return;
        }
        (Some(old), None) => {
            let message = format!("{} is no longer one of a closed list (`enum`)", pair.said);
            let found = Found::new("K0356", direction.loosened(), message)
                .rust(format!("the enum `{rust}` is gone"));
            walk.at_old(&old.pointer, found);
            return;
        }
        (Some(old), Some(new)) => (old, new),
    };
    let values =
        |at: &At<'_>| -> Vec<Value> { at.node.items().iter().map(|v| v.to_value()).collect() };
    // Null among the values is told of `nullable`, when that changed.
    let nulls = pair.old.is_nullable() == pair.new.is_nullable();
    let lone =
        |value: &Value, other: &[Value]| !other.contains(value) && (nulls || !value.is_null());
    let (had, has) = (values(old), values(new));
    for (index, value) in had
        .iter()
        .enumerate()
        .filter(|(_, value)| lone(value, &has))
    {
        let message = format!("{} may no longer be {value}", pair.said);
        let found = Found::new("K0354", direction.tightened(), message)
            .rust(format!("a variant of `{rust}` is gone"));
        walk.at_old(&format!("{}/{index}", old.pointer), found);
    }
    for (index, value) in has
        .iter()
        .enumerate()
        .filter(|(_, value)| lone(value, &had))
    {
        let message = format!("{} may be {value}", pair.said);
        let told = match direction {
            Direction::Request => format!("`{rust}` has one more variant"),
            Direction::Response => format!(
                "`{rust}` has one more variant: matches without `_` no longer compile, and callers \
                 built before refuse the answer"
            ),
        };
        let found = Found::new("K0355", direction.loosened(), message).rust(told);
        walk.at_new(&format!("{}/{index}", new.pointer), found);
    }
}
