//! K0107 and K0117: some value satisfies the bounds of a schema, and they are bounds of its type.

use super::Findings;
use crate::Diagnostic;
use crate::node::Node;

/// Lower and upper bounds of one thing.
pub(super) const BOUNDS: &[(&str, &str)] = &[
    ("minimum", "maximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
];

/// Which keywords speak of which types.
const SPEAK_OF: &[(&str, &[&str])] = &[
    ("minimum", &["integer", "number"]),
    ("maximum", &["integer", "number"]),
    ("exclusiveMinimum", &["integer", "number"]),
    ("exclusiveMaximum", &["integer", "number"]),
    ("multipleOf", &["integer", "number"]),
    ("minLength", &["string"]),
    ("maxLength", &["string"]),
    ("pattern", &["string"]),
    ("minItems", &["array"]),
    ("maxItems", &["array"]),
    ("uniqueItems", &["array"]),
    ("items", &["array"]),
    ("minProperties", &["object"]),
    ("maxProperties", &["object"]),
    ("properties", &["object"]),
    ("additionalProperties", &["object"]),
    ("required", &["object"]),
];

/// The types that a keyword speaks of.
pub(super) fn speaks_of(keyword: &str) -> &'static [&'static str] {
    let known = SPEAK_OF.iter().find(|(key, _)| *key == keyword);
    known.map_or(&[], |(_, kinds)| *kinds)
}

pub(super) fn check(found: &mut Findings<'_>, schema: &Node) {
    for (low, high) in BOUNDS {
        order(found, schema, low, high);
    }
    for (flag, bound) in [
        ("exclusiveMinimum", "minimum"),
        ("exclusiveMaximum", "maximum"),
    ] {
        let alone = schema.entry(flag).filter(|e| e.node.is_true());
        if let Some(alone) = alone.filter(|_| schema.get(bound).is_none()) {
            found.push(
                Diagnostic::new(
                    "K0117",
                    alone.key_span,
                    format!("`{flag}` says nothing without `{bound}`"),
                )
                .help(format!("add `{bound}`, which it makes exclusive"))
                .warning(),
            );
        }
    }
    if let Some(node) = schema.get("multipleOf")
        && node
            .as_number()
            .and_then(serde_json::Number::as_f64)
            .is_some_and(|n| n <= 0.0)
    {
        found.push(
            Diagnostic::new("K0107", node.span, "`multipleOf` must be above 0")
                .label("no number is a multiple of it")
                .help("leave it out, or write the step"),
        );
    }
    wide(found, schema);
    members(found, schema);
    types(found, schema);
}

/// K0107: an object that holds no other members than those it names has as many of them as it must.
fn members(found: &mut Findings<'_>, schema: &Node) {
    let closed = schema
        .get("additionalProperties")
        .is_some_and(|node| node.content == crate::Content::Bool(false));
    let Some(least) = schema.get("minProperties").filter(|_| closed) else {
        return;
    };
    let named = schema.get("properties");
    let count = named.map_or(0, |properties| properties.entries().len());
    let wanted = least.as_number().and_then(serde_json::Number::as_u64);
    if wanted.is_some_and(|wanted| wanted > count as u64) {
        let span = schema
            .entry("properties")
            .map_or(least.span, |entry| entry.key_span);
        found.push(
            Diagnostic::new("K0107", least.span, "no object has as many members")
                .label(format!(
                    "there are {count}, and `additionalProperties` is `false`"
                ))
                .related(span, "the members")
                .help("lower it, or let the object have others"),
        );
    }
}

/// K0109: bounds of integers are kept in 64 bits with a sign, by dropshot too.
fn wide(found: &mut Findings<'_>, schema: &Node) {
    if schema.get("type").and_then(Node::as_str) != Some("integer") {
        return;
    }
    for key in ["minimum", "maximum", "multipleOf"] {
        let Some(node) = schema.get(key) else {
            continue;
        };
        let Some(number) = node.as_number().filter(|number| !number.is_i64()) else {
            continue;
        };
        let whole = number
            .as_f64()
            .is_some_and(|n| n.fract() == 0.0 && n.abs() < 9e15);
        // As OpenAPI 3.1 writes the bound, if it was written so.
        let exclusive = match key {
            "minimum" => "exclusiveMinimum",
            "maximum" => "exclusiveMaximum",
            _ => "",
        };
        let key = if found.is_lowered && schema.get(exclusive).is_some_and(Node::is_true) {
            exclusive
        } else {
            key
        };
        if !whole {
            found.push(
                Diagnostic::new(
                    "K0109",
                    node.span,
                    if number.is_u64() {
                        format!("`{key}` is beyond 64 bits with a sign, which bounds are kept in")
                    } else {
                        format!("`{key}` is no integer of 64 bits")
                    },
                )
                .help("round it, or leave it out: `format: uint64` and the like bound values too"),
            );
        }
    }
}

fn order(found: &mut Findings<'_>, schema: &Node, low: &str, high: &str) {
    let (Some(low_node), Some(high_node)) = (schema.get(low), schema.get(high)) else {
        return;
    };
    let (Some(a), Some(b)) = (low_node.as_number(), high_node.as_number()) else {
        return;
    };
    let is = |key: &str| low == "minimum" && schema.get(key).is_some_and(Node::is_true);
    let exclusive = i64::from(is("exclusiveMinimum")) + i64::from(is("exclusiveMaximum"));
    let whole = schema.get("type").and_then(Node::as_str) == Some("integer");
    let empty = match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) if whole => a.checked_add(exclusive).is_none_or(|lowest| lowest > b),
        (Some(a), Some(b)) => a > b || (exclusive > 0 && a == b),
        _ => a.as_f64() > b.as_f64() || (exclusive > 0 && a.as_f64() == b.as_f64()),
    };
    if empty {
        let message = if a.as_f64() > b.as_f64() {
            format!("`{low}` is above `{high}`: no value satisfies both")
        } else {
            format!("nothing lies between `{low}` and `{high}`")
        };
        found.push(
            Diagnostic::new("K0107", high_node.span, message)
                .label(format!("the lower bound is {a}"))
                .related(low_node.span, "the lower bound")
                .help("exchange them, or widen one"),
        );
    }
}

/// K0117.
fn types(found: &mut Findings<'_>, schema: &Node) {
    let Some(written) = schema.get("type") else {
        return;
    };
    let Some(kind) = written.as_str() else { return };
    if other_type(found, schema, written, kind) {
        return;
    }
    for (key, kinds) in SPEAK_OF {
        let Some(entry) = schema.entry(key).filter(|_| !kinds.contains(&kind)) else {
            continue;
        };
        // A flag that is off, as generators write it.
        let off = entry.node.content == crate::Content::Bool(false);
        if off && *key != "additionalProperties" {
            continue;
        }
        let known = ["string", "integer", "number", "boolean", "array", "object"];
        if !known.contains(&kind) {
            continue;
        }
        found.push(
            Diagnostic::new(
                "K0117",
                entry.key_span,
                format!("`{key}` says nothing of {} `{kind}`", article(kind)),
            )
            .related(written.span, "the type")
            .help(format!("it speaks of `{}`", kinds.join("` and `")))
            .warning(),
        );
    }
}

/// Whether all that the schema says is of another type than the one that it has, so that the type is the mistake.
fn other_type(found: &mut Findings<'_>, schema: &Node, written: &Node, kind: &str) -> bool {
    let said: Vec<_> = SPEAK_OF
        .iter()
        .filter(|(key, _)| {
            schema
                .get(key)
                .is_some_and(|node| node.content != crate::Content::Bool(false))
        })
        .collect();
    let [(first, kinds), _, ..] = said.as_slice() else {
        return false;
    };
    const KNOWN: [&str; 6] = ["string", "integer", "number", "boolean", "array", "object"];
    if !KNOWN.contains(&kind)
        || kinds.contains(&kind)
        || said.iter().any(|(_, others)| others != kinds)
    {
        return false;
    }
    let span = schema
        .entry(first)
        .map_or(written.span, |entry| entry.key_span);
    let meant = kinds.join("` or `");
    found.push(
        Diagnostic::new(
            "K0117",
            written.span,
            format!("all that is said of this `{kind}` is of `{meant}`"),
        )
        .related(span, "such as this")
        .help(format!("did you mean `type: {meant}`?"))
        .warning()
        .covers(written.span),
    );
    true
}

fn article(kind: &str) -> &'static str {
    if kind.starts_with(['i', 'a', 'o']) {
        "an"
    } else {
        "a"
    }
}
