//! K0107: a value satisfies the bounds together with the width that the `format` has, the `enum` and the `multipleOf`. K0117: no
//! bound lies beyond that width.

use super::Findings;
use crate::Diagnostic;
use crate::node::{Entry, Node, Span};
use crate::width;

pub(super) fn check(found: &mut Findings<'_>, schema: &Node) {
    match schema.get("type").and_then(Node::as_str) {
        Some("integer") => {
            width(found, schema);
            beyond(found, schema);
            values(
                found,
                schema,
                &|value| value.as_number()?.as_f64(),
                "minimum",
                "maximum",
            );
            multiples(found, schema);
        }
        Some("number") => {
            values(
                found,
                schema,
                &|value| value.as_number()?.as_f64(),
                "minimum",
                "maximum",
            );
            multiples(found, schema);
        }
        Some("string") => {
            // Lengths are those of texts; nobody lists more than `f64` can count.
            let length = |value: &Node| Some(value.as_str()?.chars().count() as f64);
            values(found, schema, &length, "minLength", "maxLength");
        }
        _ => {}
    }
}

fn number(schema: &Node, key: &str) -> Option<f64> {
    schema.get(key)?.as_number()?.as_f64()
}

fn format_of(schema: &Node) -> Option<(&Entry, &str, f64, f64)> {
    let entry = schema.entry("format")?;
    let name = entry.node.as_str()?;
    let (least, greatest) = width::range(name)?;
    Some((entry, name, least as f64, greatest as f64))
}

/// K0117: a bound beyond what the format holds says nothing.
fn beyond(found: &mut Findings<'_>, schema: &Node) {
    let Some((format, name, least, greatest)) = format_of(schema) else {
        return;
    };
    let limits = width::range(name).map_or((0, 0), |(least, most)| {
        (i128::from(least), i128::from(most))
    });
    let above = |key: &str, limit: f64| number(schema, key).is_some_and(|n| n > limit);
    let below = |key: &str, limit: f64| number(schema, key).is_some_and(|n| n < limit);
    // That nothing is left at all is told as such.
    if above("minimum", greatest) || below("maximum", least) {
        return;
    }
    // An exclusive bound may be one beyond.
    let slack = |key: &str| f64::from(u8::from(schema.get(key).is_some_and(Node::is_true)));
    for (key, outside, limit) in [
        (
            "minimum",
            below("minimum", least - slack("exclusiveMinimum")),
            limits.0,
        ),
        (
            "maximum",
            above("maximum", greatest + slack("exclusiveMaximum")),
            limits.1,
        ),
    ] {
        let Some(node) = schema.get(key).filter(|_| outside) else {
            continue;
        };
        let message = format!("every `{name}` satisfies this `{key}`, so it says nothing");
        let word = if key == "minimum" {
            "least"
        } else {
            "greatest"
        };
        found.push(
            Diagnostic::new("K0117", node.span, message)
                .label(format!("the {word} is {limit}"))
                .related(format.node.span, "the format")
                .help("take a wider format, or leave the bound out")
                .warning(),
        );
    }
}

/// The bounds leave something of the format.
fn width(found: &mut Findings<'_>, schema: &Node) {
    let Some((format, name, least, greatest)) = format_of(schema) else {
        return;
    };
    for (key, outside) in [
        (
            "minimum",
            number(schema, "minimum").is_some_and(|n| n > greatest),
        ),
        (
            "maximum",
            number(schema, "maximum").is_some_and(|n| n < least),
        ),
    ] {
        let Some(node) = schema.get(key).filter(|_| outside) else {
            continue;
        };
        let limit = if key == "minimum" { greatest } else { least };
        let message = format!("no `{name}` satisfies this `{key}`");
        let word = if key == "minimum" {
            "greatest"
        } else {
            "least"
        };
        found.push(
            Diagnostic::new("K0107", node.span, message)
                .label(format!("the {word} is {limit}"))
                .related(format.node.span, "the format")
                .help("take a wider format, or another bound"),
        );
    }
}

/// The values of an `enum` are within the bounds.
fn values(
    found: &mut Findings<'_>,
    schema: &Node,
    measure: &dyn Fn(&Node) -> Option<f64>,
    low: &str,
    high: &str,
) {
    let Some(list) = schema.entry("enum") else {
        return;
    };
    let width = format_of(schema).filter(|_| low == "minimum");
    let outside = |value: &&Node| {
        let size = measure(value)?;
        let keyword = |key: &str, beyond: &dyn Fn(f64) -> bool| {
            number(schema, key)
                .filter(|bound| beyond(*bound))
                .and(schema.get(key))
        };
        let bound =
            keyword(low, &|bound| size < bound).or_else(|| keyword(high, &|bound| size > bound));
        let format = width.filter(|(_, _, least, greatest)| size < *least || size > *greatest);
        bound
            .or(format.map(|(entry, ..)| &entry.node))
            .map(|node| node.span)
    };
    let items = list.node.items();
    let excluded: Vec<(&Node, Span)> = items
        .iter()
        .filter_map(|value| Some((value, outside(&value)?)))
        .collect();
    if let [(_, bound), _, ..] = excluded.as_slice()
        && excluded.len() == items.len()
    {
        found.push(
            Diagnostic::new(
                "K0107",
                list.key_span,
                "the bounds exclude every value that is listed",
            )
            .related(*bound, "one of the bounds")
            .help("leave the bounds out: `enum` alone says enough"),
        );
        return;
    }
    for (value, bound) in excluded {
        found.push(
            Diagnostic::new(
                "K0107",
                value.span,
                "the value is listed, and its bounds exclude it",
            )
            .related(bound, "by this")
            .help("widen the bound, or leave the value out: `enum` alone says enough")
            // The other values are right, and this one is refused as it must be.
            .warning(),
        );
    }
}

/// Some multiple lies between the bounds.
fn multiples(found: &mut Findings<'_>, schema: &Node) {
    let (Some(node), Some(step)) = (schema.get("multipleOf"), number(schema, "multipleOf")) else {
        return;
    };
    let (Some(low), Some(high)) = (number(schema, "minimum"), number(schema, "maximum")) else {
        return;
    };
    let most = 2f64.powi(50);
    if step <= 0.0 || low > high || low.abs() > most || high.abs() > most {
        return;
    }
    let first = (low / step).ceil() * step;
    // Rounding must not make a mistake of what is none.
    if first > high + step * 1e-9 {
        let span = schema.get("maximum").map_or(node.span, |node| node.span);
        let message = format!("no multiple of {step} lies between {low} and {high}");
        found.push(
            Diagnostic::new("K0107", node.span, message)
                .related(span, "the upper bound")
                .help("leave `multipleOf` out, or widen the bounds"),
        );
    }
}
