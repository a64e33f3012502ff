//! K0102, K0107 and K0120: types, enums and combinations are such that some value satisfies them.

use super::Findings;
use crate::Diagnostic;
use crate::node::{Content, Node};

const TYPES: [&str; 6] = ["string", "integer", "number", "boolean", "array", "object"];

pub(super) fn check(found: &mut Findings<'_>, schema: &Node) {
    if schema.get("$ref").is_some() {
        return;
    }
    kind(found, schema);
    if is_untyped_object(schema)
        && let Some(entry) = schema.entry("properties")
    {
        found.push(
            Diagnostic::new("K0123", entry.key_span, "`properties` without a `type`")
                .label("read as those of an object")
                .help("write `type: object`")
                .warning(),
        );
    }
    enumeration(found, schema);
    combination(found, schema);
    if schema.get("type").and_then(Node::as_str) == Some("array") && schema.get("items").is_none() {
        let span = schema.get("type").map_or(schema.span, |node| node.span);
        found.push(
            Diagnostic::new("K0102", span, "an array needs `items`")
                .label("of what?")
                .help("write `items: {type: string}`, or what each looks like; `items: {}` is anything")
                .warning(),
        );
    }
    let on = |key: &str| schema.entry(key).filter(|entry| entry.node.is_true());
    if let (Some(read), Some(write)) = (on("readOnly"), on("writeOnly")) {
        found.push(
            Diagnostic::new(
                "K0107",
                write.key_span,
                "nothing is both `readOnly` and `writeOnly`",
            )
            .related(read.key_span, "the other")
            .help("keep one of them"),
        );
    }
}

/// Whether the schema has `properties`, and neither a type nor a combination that could give it one.
pub(crate) fn is_untyped_object(schema: &Node) -> bool {
    let none = |key: &&str| schema.get(key).is_none();
    schema.get("properties").is_some()
        && ["type", "$ref", "allOf", "oneOf", "anyOf", "not"]
            .iter()
            .all(none)
}

/// The type is one that there is.
fn kind(found: &mut Findings<'_>, schema: &Node) {
    let Some(node) = schema.get("type") else {
        return;
    };
    let Some(text) = node.as_str() else { return };
    if TYPES.contains(&text) {
        return;
    }
    let advice = match text {
        "int" | "int32" | "int64" | "long" | "Integer" => "did you mean `integer`?",
        "float" | "double" | "decimal" => "did you mean `number`?",
        "bool" => "did you mean `boolean`?",
        "str" | "text" => "did you mean `string`?",
        "list" | "set" => "did you mean `array`?",
        "map" | "dict" | "struct" => "did you mean `object`?",
        "date" | "datetime" | "date-time" | "uuid" | "email" | "uri" => {
            "write `type: string` and make this its `format`"
        }
        "file" => "write `type: string` and `format: binary`",
        "null" => "`nullable: true` allows null",
        _ => "",
    };
    let help = if advice.is_empty() {
        match super::keys::closest(text, TYPES.into_iter()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the types are `{}`", TYPES.join("`, `")),
        }
    } else {
        advice.to_owned()
    };
    found
        .push(Diagnostic::new("K0102", node.span, format!("there is no type `{text}`")).help(help));
}

fn enumeration(found: &mut Findings<'_>, schema: &Node) {
    let Some(entry) = schema.entry("enum") else {
        return;
    };
    if entry.node.content == Content::List(Vec::new()) {
        found.push(
            Diagnostic::new("K0107", entry.key_span, "no value is one of none")
                .help("list the values, or leave `enum` out"),
        );
    }
    let kind = schema.get("type").and_then(Node::as_str);
    for (at, value) in entry.node.items().iter().enumerate() {
        let fits = match (kind, &value.content) {
            (Some("string"), Content::String(_))
            | (Some("boolean"), Content::Bool(_))
            | (Some("number"), Content::Number(_))
            | (Some("array"), Content::List(_))
            | (Some("object"), Content::Map(_))
            | (_, Content::Null) => true,
            (Some("integer"), Content::Number(number)) => {
                number.is_i64()
                    || number.is_u64()
                    || number.as_f64().is_some_and(|n| n.fract() == 0.0)
            }
            (Some(kind), _) => !TYPES.contains(&kind),
            (None, _) => true,
        };
        if !fits {
            let kind = kind.unwrap_or_default();
            let help = if kind == "string" {
                "put it in quotes"
            } else {
                "write values of the schema's own type"
            };
            found.push(
                Diagnostic::new("K0102", value.span, format!("this value is no `{kind}`"))
                    .help(help),
            );
        }
        let before = &entry.node.items()[..at.min(1000)];
        if let Some(first) = before.iter().find(|other| other.content == value.content) {
            found.push(
                Diagnostic::new("K0120", value.span, "the value is listed twice")
                    .label("again here")
                    .related(first.span, "first here")
                    .help("keep one of them"),
            );
        }
    }
}

/// The members of an `allOf` have types in common.
fn combination(found: &mut Findings<'_>, schema: &Node) {
    for key in ["allOf", "oneOf", "anyOf"] {
        let Some(entry) = schema.entry(key) else {
            continue;
        };
        if entry.node.content == Content::List(Vec::new()) {
            found.push(
                Diagnostic::new("K0102", entry.key_span, format!("`{key}` needs a member"))
                    .help("list the schemas, or leave it out"),
            );
        }
    }
    let own = schema.get("type");
    let members = schema.get("allOf").map_or(&[][..], Node::items);
    let mut known: Option<&Node> = own;
    for member in members {
        let kind = found.resolve(member).and_then(|node| node.get("type"));
        let (Some(kind), Some(first)) = (kind, known) else {
            known = known.or(kind);
            continue;
        };
        let (Some(a), Some(b)) = (first.as_str(), kind.as_str()) else {
            continue;
        };
        let numbers = ["integer", "number"];
        if a != b && !(numbers.contains(&a) && numbers.contains(&b)) {
            let span = member.get("$ref").unwrap_or(kind).span;
            found.push(
                Diagnostic::new("K0107", span, format!("no value is both `{a}` and `{b}`"))
                    .related(first.span, "the other type")
                    .help("`oneOf` is one or the other"),
            );
        }
    }
}
