//! K0108 and K0111: formats are known, and required members exist; and the other rules of schemas, one after another.

use super::{Findings, alternatives, bounds, combined, each_schema, endless, ranges, values};
use crate::Diagnostic;
use crate::node::{Content, Node, Span};
use std::collections::{HashMap, HashSet};

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

pub(super) fn check<'a>(found: &mut Findings<'a>) {
    let root = found.root;
    let mut schemas = Vec::new();
    each_schema(root, &mut |schema| schemas.push(schema));
    // Members may leave the type to what they are combined with; parents come before them.
    let mut members: HashSet<*const Node> = HashSet::new();
    // What an inline part of an `allOf` is a part of, in the end.
    let mut wholes: HashMap<*const Node, &'a Node> = HashMap::new();
    // And what such a whole declares, once it was asked for.
    let mut declared = HashMap::new();
    for schema in schemas {
        for key in ["allOf", "anyOf", "oneOf", "not"] {
            if let Some(list) = schema.get(key) {
                members.insert(list);
                members.extend(list.items().iter().map(std::ptr::from_ref));
            }
        }
        let whole = wholes.get(&std::ptr::from_ref(schema)).copied();
        if let Some(parts) = schema.get("allOf") {
            let parts = parts.items().iter().map(std::ptr::from_ref);
            wholes.extend(parts.map(|part| (part, whole.unwrap_or(schema))));
        }
        if !members.contains(&std::ptr::from_ref(schema)) {
            untyped(found, schema);
            nullable(found, schema);
        }
        twice(found, schema);
        bounds::check(found, schema);
        alternatives::check(found, schema);
        ranges::check(found, schema);
        combined::check(found, schema);
        values::check(found, schema);
        format(found, schema);
        let mut is_declared = |found: &Findings<'a>, name: &str| {
            whole.is_some_and(|whole| {
                let names = declared
                    .entry(std::ptr::from_ref(whole))
                    .or_insert_with(|| combined::declared(found, whole));
                names.as_ref().is_none_or(|names| names.contains(name))
            })
        };
        required(found, schema, &mut is_declared);
    }
    endless::check(found);
}

/// K0107: what is twice among the members of a `oneOf` is never exactly one of them. K0120: and in an `anyOf` it says nothing.
fn twice(found: &mut Findings<'_>, schema: &Node) {
    // Beside a `discriminator`, that rule tells it.
    if schema.get("discriminator").is_some() {
        return;
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(list) = schema.get(key) {
            alike(found, list, key == "oneOf");
        }
    }
}

fn alike(found: &mut Findings<'_>, list: &Node, exactly_one: bool) {
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for member in list.items() {
        let Some(reference) = member.get("$ref") else {
            continue;
        };
        let Some(text) = reference.as_str() else {
            continue;
        };
        if let Some(first) = seen.insert(text, reference.span) {
            let told = if exactly_one {
                let message = "the same alternative twice: no value is exactly one of them";
                Diagnostic::new("K0107", reference.span, message)
            } else {
                Diagnostic::new("K0120", reference.span, "the same alternative twice").warning()
            };
            found.push(told.related(first, "first here").help("keep one of them"));
        }
    }
}

/// K0117: `nullable` adds null to a type, and there is none.
fn nullable(found: &mut Findings<'_>, schema: &Node) {
    const TYPED: [&str; 9] = [
        "type",
        "$ref",
        "enum",
        "properties",
        "additionalProperties",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
    ];
    let Some(entry) = schema
        .entry("nullable")
        .filter(|entry| entry.node.is_true())
    else {
        return;
    };
    if TYPED.iter().any(|key| schema.get(key).is_some())
        || super::kinds::misspelt(schema, "type", &super::tables::SCHEMA)
    {
        return;
    }
    found.push(
        Diagnostic::new("K0117", entry.key_span, "`nullable` says nothing without a `type`")
            .label("any value is one of the schema, null or not")
            .help("write the `type` beside it, such as `type: string`; or leave it out where anything is meant")
            .warning(),
    );
}

/// K0109: a schema says what its type is before it says more of numbers, or of formats.
fn untyped(found: &mut Findings<'_>, schema: &Node) {
    let has = |key: &&str| schema.get(key).is_some();
    if [
        "type",
        "$ref",
        "enum",
        "properties",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
    ]
    .iter()
    .any(has)
    {
        return;
    }
    let format = schema
        .entry("format")
        .and_then(|entry| Some((entry, entry.node.as_str()?)));
    let (entry, kind) = match format {
        Some((entry, text)) => {
            let known = FORMATS.iter().find(|(_, formats)| formats.contains(&text));
            (entry, known.map_or("string", |(kind, _)| kind))
        }
        None => {
            let bounds = [
                "minimum",
                "maximum",
                "exclusiveMinimum",
                "exclusiveMaximum",
                "multipleOf",
            ];
            let Some(entry) = bounds.iter().find_map(|key| schema.entry(key)) else {
                return;
            };
            let part = |key: &&str| {
                let number = schema.get(key).and_then(Node::as_number);
                number
                    .and_then(serde_json::Number::as_f64)
                    .is_some_and(|n| n.fract() != 0.0)
            };
            let kind = if bounds.iter().any(part) {
                "number"
            } else {
                "integer"
            };
            (entry, kind)
        }
    };
    if super::kinds::misspelt(schema, "type", &super::tables::SCHEMA) {
        return;
    }
    let message = format!("`{}` without a `type` is not supported", entry.key);
    found.push(
        Diagnostic::new("K0109", entry.key_span, message)
            .label("says nothing of values of other types")
            .help(format!("write `type: {kind}`")),
    );
}

fn format(found: &mut Findings<'_>, schema: &Node) {
    let Some(node) = schema.get("format") else {
        return;
    };
    let (Some(format), Some(kind)) = (node.as_str(), schema.get("type").and_then(Node::as_str))
    else {
        return;
    };
    if !values::TYPES.contains(&kind) {
        return;
    }
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
            ("ip4", "string") => Some("ipv4"),
            ("ip6", "string") => Some("ipv6"),
            ("url", "string") => Some("uri"),
            ("base64", "string") => Some("byte"),
            ("int" | "integer" | "i32", "integer") => Some("int32"),
            ("u8" | "byte", "integer") => Some("uint8"),
            ("u16", "integer") => Some("uint16"),
            ("u32" | "unsigned", "integer") => Some("uint32"),
            ("u64" | "ulong", "integer") => Some("uint64"),
            ("i8", "integer") => Some("int8"),
            ("i16" | "short", "integer") => Some("int16"),
            ("f32" | "single", "number") => Some("float"),
            ("f64" | "decimal", "number") => Some("double"),
            ("long" | "bigint" | "i64", "integer") => Some("int64"),
            _ => super::keys::closest(format, known.iter().copied()),
        };
        diagnostic = match (other, near) {
            (Some((other, _)), _) => diagnostic.help(format!("it is one of `type: {other}`")),
            (None, Some(near)) => diagnostic.help(format!("did you mean `{near}`?")),
            (None, None) if kind != "string" => {
                let known = known.join("`, `");
                diagnostic.help(match known.as_str() {
                    "" => format!("`{kind}` has no formats: leave it out"),
                    known => format!("the formats of `{kind}` are `{known}`"),
                })
            }
            (None, None) => diagnostic
                .help("say what a value looks like with `pattern`, and leave `format` out"),
        };
        // Nothing is generated wrongly: as JSON Schema has it, an unknown format says nothing of values.
        found.push(diagnostic.warning());
    }
}

fn required<'a>(
    found: &mut Findings<'a>,
    schema: &'a Node,
    is_declared: &mut dyn FnMut(&Findings<'a>, &str) -> bool,
) {
    let Some(names) = schema.get("required") else {
        return;
    };
    if names.content == Content::List(Vec::new()) {
        found.push(
            Diagnostic::new("K0111", names.span, "`required` lists nothing")
                .help("name a member, or leave it out: OpenAPI 3.0 wants one at least")
                .warning(),
        );
    }
    for (at, name) in names.items().iter().enumerate() {
        let Some(text) = name.as_str() else {
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
    // Members may come from what a schema is combined with.
    let closed = schema
        .get("additionalProperties")
        .is_some_and(|node| node.content == Content::Bool(false));
    let none = Node {
        span: schema.span,
        content: Content::Map(Vec::new().into()),
    };
    let properties = match schema.get("properties") {
        None if closed => &none,
        Some(properties) if matches!(properties.content, Content::Map(_)) => properties,
        _ => return,
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
            if !closed && is_declared(found, text) {
                continue;
            }
            // A closed object holds no other members than its own, so it never has this one.
            if closed {
                diagnostic.code = "K0107";
                diagnostic.message = format!(
                    "no object has `{text}`, which is required: it is closed, and does not name it"
                );
                found.push(diagnostic);
                continue;
            }
            found.push(diagnostic.warning());
        }
    }
}
