//! K0108 and K0111: formats are known, and required members exist; and the other rules of schemas, one after another.

use super::{Findings, bounds, each_schema, endless, values};
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
            "partial-date-time",
            "time",
            "duration",
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
            "int32", "int64", "int", "int8", "int16", "int128", "uint", "uint8", "uint16",
            "uint32", "uint64", "uint128",
        ],
    ),
    ("number", &["float", "double"]),
];

pub(super) fn check(found: &mut Findings<'_>) {
    let root = found.root;
    let mut schemas = Vec::new();
    each_schema(root, &mut |schema| schemas.push(schema));
    for schema in schemas {
        bounds::check(found, schema);
        values::check(found, schema);
        format(found, schema);
        required(found, schema);
    }
    endless::check(found);
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
        let other = FORMATS
            .iter()
            .find(|(_, formats)| formats.contains(&format));
        let near = match (format, kind) {
            ("datetime" | "timestamp" | "iso8601" | "rfc3339", "string") => Some("date-time"),
            ("guid", "string") => Some("uuid"),
            ("url", "string") => Some("uri"),
            ("base64", "string") => Some("byte"),
            ("int" | "integer" | "i32", "integer") => Some("int32"),
            ("long" | "bigint" | "i64", "integer") => Some("int64"),
            _ => super::keys::closest(format, known.iter().copied()),
        };
        diagnostic = match (other, near) {
            (Some((other, _)), _) => diagnostic.help(format!("it is one of `type: {other}`")),
            (None, Some(near)) => diagnostic.help(format!("did you mean `{near}`?")),
            (None, None) => diagnostic
                .help("say what a value looks like with `pattern`, and leave `format` out"),
        };
        // Nothing is generated wrongly: as JSON Schema has it, an unknown format says nothing of values.
        found.push(diagnostic.warning());
    }
}

fn required(found: &mut Findings<'_>, schema: &Node) {
    let Some(names) = schema.get("required") else {
        return;
    };
    for (at, name) in names.items().iter().enumerate() {
        let Some(text) = name.as_str() else {
            let message = "`required` lists names";
            found
                .push(Diagnostic::new("K0102", name.span, message).help("put each name in quotes"));
            continue;
        };
        let before = &names.items()[..at];
        if let Some(first) = before.iter().find(|other| other.as_str() == Some(text)) {
            found.push(
                Diagnostic::new("K0111", name.span, format!("`{text}` is listed twice"))
                    .related(first.span, "first here")
                    .help("keep one of them")
                    .warning(),
            );
        }
    }
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
    for name in names.items() {
        let Some(text) = name.as_str() else { continue };
        if properties.get(text).is_none() {
            let names = properties.entries().iter().map(|entry| entry.key.as_str());
            let mut diagnostic = Diagnostic::new(
                "K0111",
                name.span,
                format!("`{text}` is required, and is not a property"),
            );
            diagnostic = match super::keys::closest(text, names) {
                Some(near) => {
                    let written = properties.entry(near).map(|entry| entry.key_span);
                    let there = written.map(|span| (span, "this one?".to_owned()));
                    diagnostic.related.extend(there);
                    diagnostic.help(format!("did you mean `{near}`?"))
                }
                None => diagnostic.help("declare it in `properties`, or leave it out"),
            };
            found.push(diagnostic.warning());
        }
    }
}
