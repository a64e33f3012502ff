//! What a generator writes into code: defaults, and the values that are listed. One that contradicts its schema would
//! panic where it is used, or be a value of a type that excludes it.

use crate::judge::Judge;
use openapi_document::{Content, Diagnostics, Document, Node, each_schema, range};

/// K0104 of defaults and listed values alone: what may not be generated from. Cheap: a validator is made only for what is
/// not plainly right.
pub fn values(document: &Document) -> Diagnostics {
    let mut diagnostics = document.diagnostics();
    let mut judge = Judge::of(document, &mut diagnostics);
    each_schema(&document.root, &mut |schema| {
        if let Some(default) = schema.get("default")
            // It has no effect; or it is read as none.
            && schema.get("$ref").is_none()
            && default.content != Content::Null
            && !is_plain(schema, default)
        {
            judge.value("default", default, schema);
        }
        judge.listed(schema);
    });
    judge.finish();
    diagnostics
}

/// Whether the value is plainly one of the schema: of its type, listed, within plain bounds, and nothing else is asked.
fn is_plain(schema: &Node, value: &Node) -> bool {
    let number = |node: &Node| node.as_number().and_then(serde_json::Number::as_f64);
    let allows = |key: &str, asked: &Node| match (key, asked.as_str()) {
        ("title" | "description" | "default" | "example" | "nullable" | "deprecated", _)
        | ("readOnly" | "writeOnly" | "externalDocs" | "xml", _) => true,
        // An empty list or object has none of them.
        ("items" | "properties" | "additionalProperties", _) => {
            value.items().is_empty() && value.entries().is_empty()
        }
        ("type", Some(kind)) => {
            matches!(
                (kind, &value.content),
                ("string", Content::String(_))
                    | ("boolean", Content::Bool(_))
                    | ("number", Content::Number(_))
                    | ("array", Content::List(_))
                    | ("object", Content::Map(_))
            ) || (kind == "integer" && value.as_number().is_some_and(|n| n.is_i64()))
        }
        ("enum", _) => asked.items().iter().any(|one| one.content == value.content),
        ("minimum", _) => number(value) >= number(asked),
        ("maximum", _) => number(value) <= number(asked),
        ("format", Some("double" | "password")) => true,
        ("format", Some(format)) => {
            let written = value.as_number().and_then(serde_json::Number::as_i64);
            let held = range(format).zip(written);
            held.is_some_and(|((least, most), n)| least <= n && i128::from(n) <= i128::from(most))
        }
        (key, _) => key.starts_with("x-"),
    };
    schema
        .entries()
        .iter()
        .all(|entry| allows(&entry.key, &entry.node))
}
