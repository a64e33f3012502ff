//! K0102, K0107 and K0120: types, enums and combinations are such that some value satisfies them.

use super::Findings;
use crate::Diagnostic;
use crate::node::{Content, Node};
use std::collections::{HashMap, HashSet};

pub(super) const TYPES: [&str; 6] = ["string", "integer", "number", "boolean", "array", "object"];

pub(super) fn check<'a>(found: &mut Findings<'a>, schema: &'a Node) {
    if schema.get("$ref").is_some() {
        return;
    }
    kind(found, schema);
    if is_untyped_object(schema)
        && !super::kinds::misspelt(schema, "type", &super::tables::SCHEMA)
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
    shared_properties(found, schema);
    // OpenAPI 3.1 has lists of anything without it.
    if schema.get("type").and_then(Node::as_str) == Some("array")
        && schema.get("items").is_none()
        && !found.is_lowered
        && !super::kinds::misspelt(schema, "items", &super::tables::SCHEMA)
    {
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
    // `enum: [null]` alone is how some frameworks write the type of null.
    let only = matches!(entry.node.items(), [only] if only.content == Content::Null);
    let nullable = only || schema.get("nullable").is_some_and(Node::is_true);
    for (at, value) in entry.node.items().iter().enumerate() {
        let fits = match (kind, &value.content) {
            (Some("string"), Content::String(_))
            | (Some("boolean"), Content::Bool(_))
            | (Some("number"), Content::Number(_))
            | (Some("array"), Content::List(_))
            | (Some("object"), Content::Map(_)) => true,
            (Some(kind), Content::Null) => nullable || !TYPES.contains(&kind),
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
            let help = match (kind, &value.content) {
                (_, Content::Null) => {
                    "write `nullable: true` if null is a value, or put it in quotes"
                }
                ("string", _) => "put it in quotes",
                _ => "write values of the schema's own type",
            };
            found.push(
                Diagnostic::new("K0102", value.span, format!("this value is no `{kind}`"))
                    .help(help),
            );
        }
        let before = &entry.node.items()[..at.min(1000)];
        if let Some(first) = before.iter().find(|other| same(other, value)) {
            found.push(
                Diagnostic::new("K0120", value.span, "the value is listed twice")
                    .label("again here")
                    .related(first.span, "first here")
                    .help("keep one of them"),
            );
        }
    }
}

/// Whether both are one value: `1` and `1.0` are, as JSON has it.
pub(super) fn same(a: &Node, b: &Node) -> bool {
    match (a.as_number(), b.as_number()) {
        (Some(a), Some(b)) if !(a.is_i64() && b.is_i64()) => a == b || a.as_f64() == b.as_f64(),
        _ => a.content == b.content,
    }
}

/// The members of an `allOf` agree about the types of the properties that they share.
fn shared_properties(found: &mut Findings<'_>, schema: &Node) {
    let members = schema.get("allOf").map_or(&[][..], Node::items);
    let mut known: HashMap<&str, &Node> = HashMap::new();
    let parts = members.iter().filter_map(|member| found.resolve(member));
    let parts: Vec<&Node> = std::iter::once(schema).chain(parts).collect();
    if parts.len() < 2 {
        return;
    }
    for part in parts {
        for property in part.get("properties").map_or(&[][..], Node::entries) {
            let kind = found
                .resolve(&property.node)
                .and_then(|node| node.get("type"));
            let Some((kind, text)) = kind.and_then(|kind| Some((kind, kind.as_str()?))) else {
                continue;
            };
            let Some(first) = known.get(property.key.as_str()).copied() else {
                known.insert(&property.key, kind);
                continue;
            };
            let other = first.as_str().unwrap_or_default();
            if !agree(other, text) {
                let name = &property.key;
                let message = format!("no `{name}` is both `{other}` and `{text}`");
                // What is referred to may be right where it stands.
                let span = property.node.get("$ref").unwrap_or(kind).span;
                found.push(
                    Diagnostic::new("K0107", span, message)
                        .related(first.span, "the other type")
                        .help("an `allOf` demands both: give one of the properties another name, or both one type"),
                );
            }
        }
    }
}

/// The types that the values of a choice have, if each of its members says one. A schema that was `seen` is not asked again.
fn chosen<'a>(
    found: &Findings<'a>,
    schema: &'a Node,
    depth: usize,
    seen: &mut HashSet<*const Node>,
) -> Option<Vec<&'a Node>> {
    if !seen.insert(std::ptr::from_ref(schema)) {
        return Some(Vec::new());
    }
    if let Some(kind) = schema.get("type") {
        return Some(vec![kind]);
    }
    let members = schema.get("oneOf").or(schema.get("anyOf"))?.items().iter();
    let inner = |member| chosen(found, found.resolve(member)?, depth.checked_sub(1)?, seen);
    let kinds: Option<Vec<_>> = members.map(inner).collect();
    Some(kinds?.concat())
}

/// Whether a value can be of both types.
fn agree(a: &str, b: &str) -> bool {
    let number = |kind: &str| ["integer", "number"].contains(&kind);
    a == b || (number(a) && number(b)) || !TYPES.contains(&a) || !TYPES.contains(&b)
}

/// K0107: none of the alternatives of a member of an `allOf` is of the type that stands beside it.
fn no_choice<'a>(found: &mut Findings<'a>, own: &'a Node, member: &'a Node, meant: &'a Node) {
    const DEEPEST: usize = 8;
    let kinds = chosen(found, meant, DEEPEST, &mut HashSet::new()).unwrap_or_default();
    let texts: Option<Vec<&str>> = kinds.into_iter().map(Node::as_str).collect();
    let (Some(texts), Some(own_text)) = (texts, own.as_str()) else {
        return;
    };
    if !texts.is_empty() && !texts.iter().any(|text| agree(text, own_text)) {
        let message = format!(
            "no value is both `{own_text}` and one of `{}`",
            texts.join("`, `")
        );
        let span = member.get("$ref").unwrap_or(member).span;
        found.push(
            Diagnostic::new("K0107", span, message)
                .related(own.span, "the other type")
                .help("write one of the types of the alternatives, or leave `type` out"),
        );
    }
}

/// The members of an `allOf` have types in common.
fn combination<'a>(found: &mut Findings<'a>, schema: &'a Node) {
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
        let meant = found.resolve(member);
        let kind = meant.and_then(|node| node.get("type"));
        let (Some(kind), Some(first)) = (kind, known) else {
            known = known.or(kind);
            if let (Some(own), Some(meant)) = (own, meant) {
                no_choice(found, own, member, meant);
            }
            continue;
        };
        let (Some(a), Some(b)) = (first.as_str(), kind.as_str()) else {
            continue;
        };
        if !agree(a, b) {
            let span = member.get("$ref").unwrap_or(kind).span;
            found.push(
                Diagnostic::new("K0107", span, format!("no value is both `{a}` and `{b}`"))
                    .related(first.span, "the other type")
                    .help("`oneOf` is one or the other"),
            );
        }
    }
}
