//! K0107, K0108, K0111: schemas that some value can satisfy, whose formats are known, whose required members exist.

use super::{Findings, each_schema};
use crate::Diagnostic;
use crate::node::Node;

/// The formats that something checks or that only annotate a width, by type.
const FORMATS: &[(&str, &[&str])] = &[
    (
        "string",
        &[
            "byte",
            "binary",
            "date",
            "date-time",
            "uuid",
            "uri",
            "uri-reference",
            "email",
            "hostname",
            "ipv4",
            "ipv6",
            "ip",
            "password",
        ],
    ),
    (
        "integer",
        &[
            "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64", "int8", "int16",
        ],
    ),
    ("number", &["float", "double"]),
];

const BOUNDS: &[(&str, &str)] = &[
    ("minimum", "maximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
];

pub(super) fn check(found: &mut Findings<'_>) {
    let root = found.root;
    let mut schemas = Vec::new();
    each_schema(root, &mut |schema| schemas.push(schema));
    for schema in schemas {
        bounds(found, schema);
        format(found, schema);
        required(found, schema);
    }
}

fn bounds(found: &mut Findings<'_>, schema: &Node) {
    for (low, high) in BOUNDS {
        let (Some(low_node), Some(high_node)) = (schema.get(low), schema.get(high)) else {
            continue;
        };
        let (Some(a), Some(b)) = (low_node.as_number(), high_node.as_number()) else {
            continue;
        };
        let exclusive = ["exclusiveMinimum", "exclusiveMaximum"]
            .iter()
            .any(|key| schema.get(key).is_some_and(Node::is_true));
        let above = match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a > b || (*low == "minimum" && exclusive && a == b),
            _ => a.as_f64() > b.as_f64(),
        };
        if above {
            found.push(
                Diagnostic::new(
                    "K0107",
                    high_node.span,
                    format!("`{low}` is above `{high}`: no value satisfies both"),
                )
                .label(format!("below {a}"))
                .related(low_node.span, "the lower bound"),
            );
        }
    }
}

fn format(found: &mut Findings<'_>, schema: &Node) {
    let Some(node) = schema.get("format") else {
        return;
    };
    let (Some(format), Some(kind)) = (node.as_str(), schema.get("type").and_then(Node::as_str))
    else {
        return;
    };
    let known = FORMATS
        .iter()
        .find(|(name, _)| *name == kind)
        .map_or(&[][..], |(_, formats)| *formats);
    if !known.contains(&format) {
        let mut diagnostic = Diagnostic::new(
            "K0108",
            node.span,
            format!("`{format}` is not a known format of `{kind}`"),
        );
        diagnostic = match super::keys::closest(format, known.iter().copied()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic
                .help("say what a value looks like with `pattern`, and leave `format` out"),
        };
        // Nothing is generated wrongly: as JSON Schema has it, an unknown format says nothing of values.
        found.push(diagnostic.warning());
    }
}

fn required(found: &mut Findings<'_>, schema: &Node) {
    // Members may come from the other branch of an `allOf`, so only a schema that stands alone is judged.
    let Some(properties) = schema.get("properties") else {
        return;
    };
    if ["allOf", "anyOf", "oneOf"]
        .iter()
        .any(|key| schema.get(key).is_some())
    {
        return;
    }
    for name in schema.get("required").map_or(&[][..], Node::items) {
        let Some(text) = name.as_str() else { continue };
        if properties.get(text).is_none() {
            let names = properties.entries().iter().map(|entry| entry.key.as_str());
            let mut diagnostic = Diagnostic::new(
                "K0111",
                name.span,
                format!("`{text}` is required, and is not a property"),
            );
            if let Some(near) = super::keys::closest(text, names) {
                diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
            }
            found.push(diagnostic.warning());
        }
    }
}
