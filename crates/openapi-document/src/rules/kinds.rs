//! K0113 and K0102: an object has the members that it knows, each of the right kind, and those that it must have.

use super::Findings;
use super::tables::{Kind, Shape};
use crate::Diagnostic;
use crate::node::{Content, Entry, Node, Span};

/// Judges the members of `node`, which is introduced at `place`. A reference is judged where it leads.
pub(super) fn check(found: &mut Findings<'_>, node: &Node, place: Span, shape: &Shape) {
    if node.get("$ref").is_some() {
        return;
    }
    for entry in node.entries() {
        if entry.key.starts_with("x-") {
            continue;
        }
        match shape.keys.iter().find(|(key, _)| *key == entry.key) {
            Some((_, kind)) => kinds(found, entry, *kind),
            None => unknown(found, entry, shape),
        }
    }
    if !matches!(node.content, Content::Map(_)) {
        return;
    }
    for key in shape.needs.iter().filter(|key| node.get(key).is_none()) {
        let near = node.entries().iter().map(|entry| entry.key.as_str());
        let slip = super::keys::closest(key, near)
            .is_some_and(|near| !shape.keys.iter().any(|(known, _)| *known == near));
        // A misspelt key is told as such.
        if !slip {
            found.push(
                Diagnostic::new("K0102", place, format!("{} needs a `{key}`", shape.what))
                    .help(format!("add `{key}`")),
            );
        }
    }
}

fn unknown(found: &mut Findings<'_>, entry: &Entry, shape: &Shape) {
    let diagnostic = Diagnostic::new(
        "K0113",
        entry.key_span,
        format!("{} has no key `{}`", shape.what, entry.key),
    );
    let advice = match entry.key.as_str() {
        "examples" => Some("OpenAPI 3.0 has one `example` here"),
        "required" => Some("the object that holds it lists the names that are `required`"),
        "const" => Some("write `enum` with one value"),
        "any_of" | "all_of" | "one_of" => Some("did you mean `anyOf`, `allOf` or `oneOf`?"),
        // Whatever else begins so, what it leads to would silently not apply.
        key if key.starts_with('$') => Some("did you mean `$ref`?"),
        _ => None,
    };
    let keys = shape.keys.iter().map(|(key, _)| *key);
    found.push(match (advice, super::keys::closest(&entry.key, keys)) {
        (Some(advice), _) => diagnostic.help(advice),
        (None, Some(near)) => diagnostic.help(format!("did you mean `{near}`?")),
        (None, None) => diagnostic.help("extensions begin with `x-`").warning(),
    });
}

fn kinds(found: &mut Findings<'_>, entry: &Entry, kind: Kind) {
    let content = &entry.node.content;
    let (fits, wanted) = match kind {
        Kind::Any => (true, ""),
        Kind::Text => (matches!(content, Content::String(_)), "a string"),
        Kind::Flag => (matches!(content, Content::Bool(_)), "`true` or `false`"),
        Kind::Number => (matches!(content, Content::Number(_)), "a number"),
        Kind::Count => (
            matches!(content, Content::Number(number) if number.is_u64()),
            "a whole number that is not negative",
        ),
        Kind::List => (matches!(content, Content::List(_)), "a list"),
        Kind::Map => (matches!(content, Content::Map(_)), "a mapping"),
        Kind::MapOrFlag => (
            matches!(content, Content::Map(_) | Content::Bool(_)),
            "a schema, `true` or `false`",
        ),
    };
    if fits {
        return;
    }
    let key = &entry.key;
    let text = entry.node.as_str();
    let help = match (kind, key.as_str(), content) {
        (Kind::List, "required", Content::Bool(_)) => {
            "the object that holds the property lists the names that are `required`".to_owned()
        }
        (Kind::Flag, "exclusiveMinimum" | "exclusiveMaximum", _) => {
            let bound = key.trim_start_matches("exclusive").to_lowercase();
            format!(
                "in OpenAPI 3.0 it is a flag beside `{bound}`: `{bound}: ...` and `{key}: true`"
            )
        }
        (Kind::Text, "type", Content::List(_)) => {
            "OpenAPI 3.0 has one type; `nullable: true` allows null".to_owned()
        }
        (Kind::Text, _, Content::Number(_) | Content::Bool(_)) => "put it in quotes".to_owned(),
        (Kind::Text, _, Content::Null) => "write its text, or leave the key out".to_owned(),
        (Kind::Flag, _, _) if text.is_some_and(|t| ["true", "false"].contains(&t)) => {
            "remove the quotes".to_owned()
        }
        (Kind::Flag, _, _) if text.is_some_and(|t| ["yes", "on", "Yes", "On"].contains(&t)) => {
            "write `true`".to_owned()
        }
        (Kind::Flag, _, _) if text.is_some_and(|t| ["no", "off", "No", "Off"].contains(&t)) => {
            "write `false`".to_owned()
        }
        (Kind::Number | Kind::Count, _, _) if text.is_some_and(|t| t.parse::<f64>().is_ok()) => {
            "remove the quotes".to_owned()
        }
        (Kind::List, _, Content::String(text)) => format!("write `[{text}]`"),
        (Kind::Map, "items", Content::List(_)) => "OpenAPI has one schema for all items".to_owned(),
        (Kind::Map, _, Content::Null) => {
            "indent what belongs to it, or leave the key out".to_owned()
        }
        _ => format!("write {wanted}"),
    };
    let span = match content {
        Content::Null => entry.key_span,
        _ => entry.node.span,
    };
    found.push(
        Diagnostic::new("K0102", span, format!("`{key}` must be {wanted}"))
            .label(described(content))
            .help(help),
    );
}

fn described(content: &Content) -> &'static str {
    match content {
        Content::Null => "nothing",
        Content::Bool(_) => "a boolean",
        Content::Number(_) => "a number",
        Content::String(_) => "a string",
        Content::List(_) => "a list",
        Content::Map(_) => "a mapping",
    }
}
