//! Whether the document that a dropshot server emits is the one that it was generated from.

use crate::projection::{Side, project};
use openapi_document::{Document, escape};
use serde_json::Value;

/// What is left of the source when all that dropshot cannot say is left out.
pub fn source(document: &Document) -> Value {
    project(&document.original(), Side::Source)
}

/// What is left of the emitted document when what the source says in other words is left out.
pub fn emitted(document: &Value) -> Value {
    project(document, Side::Emitted)
}

/// The differences between the source and what dropshot emits, each as `POINTER: only in ...` or
/// `POINTER: VALUE in the source, VALUE emitted`. Empty when they mean the same, up to
/// [`PROJECTED`](crate::projection::PROJECTED).
pub fn differences(document: &Document, emitted_document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(
        "",
        &source(document),
        &emitted(emitted_document),
        &mut found,
    );
    found
}

fn walk(pointer: &str, source: &Value, emitted: &Value, found: &mut Vec<String>) {
    match (source, emitted) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in a {
                let pointer = format!("{pointer}/{}", escape(key));
                match b.get(key) {
                    Some(other) => walk(&pointer, value, other, found),
                    None => found.push(format!("{pointer}: only in the source: {}", short(value))),
                }
            }
            for (key, value) in b.iter().filter(|(key, _)| !a.contains_key(*key)) {
                found.push(format!(
                    "{pointer}/{}: only emitted: {}",
                    escape(key),
                    short(value)
                ));
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                walk(&format!("{pointer}/{index}"), a, b, found);
            }
        }
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => {}
        (a, b) if a == b => {}
        (a, b) => found.push(format!(
            "{pointer}: {} in the source, {} emitted",
            short(a),
            short(b)
        )),
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
