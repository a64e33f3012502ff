//! Types: null, and several of them.

use super::{Found, entry, note, push, refuse, take, text};
use crate::node::{Content, Entry, Node, Span};

/// Keywords by the type that they speak of; all others speak of every type.
const OF_TYPE: &[(&str, &[&str])] = &[
    ("string", &["minLength", "maxLength", "pattern", "format"]),
    (
        "number",
        &[
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
            "format",
        ],
    ),
    (
        "integer",
        &[
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
            "format",
        ],
    ),
    ("array", &["items", "minItems", "maxItems", "uniqueItems"]),
    (
        "object",
        &[
            "properties",
            "required",
            "additionalProperties",
            "minProperties",
            "maxProperties",
        ],
    ),
    ("boolean", &[]),
];

/// The types of JSON Schema.
const TYPES: [&str; 7] = [
    "string", "integer", "number", "boolean", "array", "object", "null",
];

/// Null is the only value, unless others are listed and it is not.
fn null_alone(node: &mut Node, span: Span, found: &mut Found) {
    if let Some(listed) = take(node, "enum") {
        let null = |value: &Node| value.content == Content::Null;
        if !listed.node.items().iter().any(null) {
            let message = "no value is null and one of those that are listed";
            found.push(
                crate::Diagnostic::new("K0107", listed.key_span, message)
                    .related(span, "the type is null")
                    .help("write the type of the values"),
            );
        }
    }
    let null = Node {
        span,
        content: Content::Null,
    };
    push(node, entry("enum", span, Content::List(vec![null])));
}

/// A list of types to one type, `nullable`, or a choice.
pub(super) fn lower(node: &mut Node, found: &mut Found) {
    let Some(kind) = node.get("type") else {
        return;
    };
    let span = kind.span;
    if kind.as_str() == Some("null") {
        note(
            found,
            span,
            "`type: \"null\"` is read as an `enum` of null",
            "OpenAPI 3.0 has no type of null",
        );
        take(node, "type");
        null_alone(node, span, found);
        return;
    }
    let Content::List(items) = &kind.content else {
        return;
    };
    if items.is_empty() {
        let message = "no value is of none of the types";
        found.push(
            crate::Diagnostic::new("K0107", span, message)
                .help("list the types, or leave `type` out"),
        );
        take(node, "type");
        return;
    }
    let mut names: Vec<String> = Vec::new();
    for item in items {
        match item.as_str() {
            Some(name) if !TYPES.contains(&name) => {
                let near = crate::rules::closest(name, TYPES.into_iter());
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the types are `{}`", TYPES.join("`, `")),
                };
                let message = format!("there is no type `{name}`");
                found.push(crate::Diagnostic::new("K0102", item.span, message).help(help));
            }
            Some(name) => {
                if names.iter().any(|other| other == name) {
                    let message = format!("the type `{name}` is listed twice");
                    found.push(
                        crate::Diagnostic::new("K0120", item.span, message)
                            .help("keep one of them")
                            .warning(),
                    );
                    continue;
                }
                names.push(name.to_owned());
            }
            None if item.content == Content::Null => {
                found.push(
                    crate::Diagnostic::new("K0102", item.span, "the type of null is a string")
                        .help("put `null` in quotes: `\"null\"`"),
                );
                names.push("null".to_owned());
            }
            None => return,
        }
    }
    let null = names.iter().any(|name| name == "null");
    names.retain(|name| name != "null");
    // Every integer is a number.
    if names.iter().any(|name| name == "number") {
        names.retain(|name| name != "integer");
    }
    take(node, "type");
    let shown = if null { "`nullable`" } else { "one type" };
    match names.as_slice() {
        // What it should have been was told.
        [] if !null => return,
        [] => {
            note(
                found,
                span,
                "a list of `null` alone is read as an `enum` of null",
                "OpenAPI 3.0 has no type of null",
            );
            null_alone(node, span, found);
            return;
        }
        [one] => {
            note(
                found,
                span,
                &format!("a list of types is read as {shown}"),
                "OpenAPI 3.0 has one `type`, and `nullable: true`",
            );
            push(node, entry("type", span, text(one)));
        }
        several => {
            note(
                found,
                span,
                "a list of types is read as a choice among them",
                "OpenAPI 3.0 has one `type`",
            );
            if node.get("oneOf").is_some() {
                refuse(
                    found,
                    span,
                    "several types beside `oneOf` are too much for OpenAPI 3.0",
                    "write the types into the members of `oneOf`",
                );
                return;
            }
            let members = several.iter().map(|name| only(node, name)).collect();
            let moved: Vec<String> = OF_TYPE
                .iter()
                .flat_map(|(_, keys)| keys.iter())
                .map(|key| (*key).to_owned())
                .collect();
            for key in moved.iter().map(String::as_str).chain(["enum"]) {
                take(node, key);
            }
            push(node, entry("oneOf", span, Content::List(members)));
        }
    }
    let allowed = node.get("enum").is_none_or(|values| {
        values
            .items()
            .iter()
            .any(|value| value.content == Content::Null)
    });
    if null && allowed {
        push(node, entry("nullable", span, Content::Bool(true)));
    }
}

/// The part of `node` that speaks of one type.
fn only(node: &Node, name: &str) -> Node {
    let keys = OF_TYPE.iter().find(|(kind, _)| *kind == name);
    let keys = keys.map_or(&[][..], |(_, keys)| *keys);
    let mut own: Vec<Entry> = vec![entry("type", node.span, text(name))];
    for member in node.entries() {
        if keys.contains(&member.key.as_str()) {
            own.push(member.clone());
        }
        if member.key == "enum" {
            let fits = |value: &&Node| match &value.content {
                Content::String(_) => name == "string",
                Content::Bool(_) => name == "boolean",
                Content::Number(_) => name == "number" || name == "integer",
                Content::List(_) => name == "array",
                Content::Map(_) => name == "object",
                Content::Null => false,
            };
            let values = member.node.items().iter().filter(fits).cloned().collect();
            own.push(entry("enum", member.key_span, Content::List(values)));
        }
    }
    Node {
        span: node.span,
        content: Content::Map(own.into()),
    }
}

/// `anyOf` or `oneOf` with a `type: "null"` among its members to `nullable`.
pub(super) fn null_member(node: &mut Node, found: &mut Found) {
    for key in ["anyOf", "oneOf"] {
        let Some(list) = node.entry(key) else {
            continue;
        };
        let span = list.key_span;
        let is_null = |member: &Node| {
            member.get("type").and_then(Node::as_str) == Some("null") && member.entries().len() == 1
        };
        let members = list.node.items();
        if members.len() < 2 || !members.iter().any(is_null) {
            continue;
        }
        let mut others: Vec<Node> = members.iter().filter(|m| !is_null(m)).cloned().collect();
        note(
            found,
            span,
            "`null` among the members is read as `nullable`",
            "OpenAPI 3.0 has no type of null",
        );
        take(node, key);
        push(node, entry("nullable", span, Content::Bool(true)));
        if others.len() == 1
            && let Some(mut only) = others.pop()
        {
            let clash = only
                .entries()
                .iter()
                .any(|member| node.get(&member.key).is_some());
            let simple = matches!(only.content, Content::Map(_)) && only.get("$ref").is_none();
            if simple && !clash && only.get("type").is_some_and(|kind| kind.as_str().is_some()) {
                // Its keywords come into this schema, whose own have been rewritten already.
                super::schema::lower(&mut only, found);
                only.entries()
                    .iter()
                    .for_each(|member| push(node, member.clone()));
            } else {
                push(node, entry("allOf", span, Content::List(vec![only])));
            }
        } else {
            push(node, entry(key, span, Content::List(others)));
        }
    }
}
