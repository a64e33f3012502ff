//! Types of inline schemas whose names another type has already: each gets a number.

use crate::names;
use openapi_document::{Diagnostic, Diagnostics, Document};
use proc_macro2::{TokenStream, TokenTree};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The names that more than one of the types in `stream`, and of `own`, have.
pub(crate) fn twice(stream: &TokenStream, own: impl Iterator<Item = String>) -> Vec<String> {
    let mut known: BTreeSet<String> = own.collect();
    let mut twice = BTreeSet::new();
    let mut tokens = stream.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        let TokenTree::Ident(word) = token else {
            continue;
        };
        if word != "struct" && word != "enum" {
            continue;
        }
        if let Some(TokenTree::Ident(name)) = tokens.peek() {
            let name = name.to_string();
            if !known.insert(name.clone()) {
                twice.insert(name);
            }
        }
    }
    twice.into_iter().collect()
}

/// Gives titles to the inline schemas of `schema` (the component `name`, as typify reads it) whose types would have
/// names that are `unclear`; typify calls a type by its title, if it has one.
pub(crate) fn rename(
    name: &str,
    schema: &mut Value,
    unclear: &BTreeSet<String>,
    taken: &dyn Fn(&str) -> bool,
) {
    if !unclear.is_empty() {
        let mut given = BTreeSet::new();
        inside(&names::camel(name), schema, unclear, taken, &mut given);
    }
}

/// Renames below a schema whose type is called `name`.
fn inside(
    name: &str,
    schema: &mut Value,
    unclear: &BTreeSet<String>,
    taken: &dyn Fn(&str) -> bool,
    given: &mut BTreeSet<String>,
) {
    let Value::Object(members) = schema else {
        return;
    };
    let mut visit = |called: String, schema: &mut Value| {
        let titled = schema.get("title").and_then(Value::as_str);
        let called = names::camel(titled.unwrap_or(&called));
        let called = if unclear.contains(&called) && schema.get("$ref").is_none() {
            let mut numbered = (2..).map(|number| format!("{called}{number}"));
            let free = |name: &String| !taken(name) && !unclear.contains(name);
            let new = numbered.find(|name| free(name) && given.insert(name.clone()));
            let new = new.unwrap_or(called);
            if let Value::Object(members) = schema {
                members.insert("title".to_owned(), new.clone().into());
            }
            new
        } else {
            called
        };
        inside(&called, schema, unclear, taken, given);
    };
    for (key, value) in members.iter_mut() {
        match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                for (property, schema) in properties.iter_mut() {
                    visit(format!("{name}-{property}"), schema);
                }
            }
            ("items", schema) => visit(format!("{name}Item"), schema),
            ("additionalProperties", schema) => visit(format!("{name}Value"), schema),
            // `nullable` is a choice between the schema and null, which has the schema's name.
            ("oneOf", Value::Array(schemas)) if schemas.len() == 2 => {
                schemas
                    .iter_mut()
                    .for_each(|schema| visit(name.to_owned(), schema));
            }
            ("oneOf" | "anyOf" | "allOf", Value::Array(schemas)) => {
                for (at, schema) in schemas.iter_mut().enumerate() {
                    visit(format!("{name}Variant{at}"), schema);
                }
            }
            _ => {}
        }
    }
}

/// The names that titles give to inline schemas of which one is not as another: typify would make one type of them.
pub(crate) fn ambiguous<'a>(schemas: impl Iterator<Item = &'a Value>) -> BTreeSet<String> {
    let (mut first, mut ambiguous) = (BTreeMap::new(), BTreeSet::new());
    let mut waiting: Vec<&Value> = schemas.flat_map(parts).collect();
    while let Some(schema) = waiting.pop() {
        if let Some(title) = schema.get("title").and_then(Value::as_str) {
            let called = names::camel(title);
            if *first.entry(called.clone()).or_insert(schema) != schema {
                ambiguous.insert(called);
            }
        }
        waiting.extend(parts(schema));
    }
    ambiguous
}

/// Takes such titles from the inline schemas of a component: their types are called by their places then.
pub(crate) fn untitle(component: &mut Value, ambiguous: &BTreeSet<String>) {
    if ambiguous.is_empty() {
        return;
    }
    for part in parts_mut(component) {
        if let Value::Object(members) = part {
            let title = members.get("title").and_then(Value::as_str);
            if title.is_some_and(|title| ambiguous.contains(&names::camel(title))) {
                members.remove("title");
            }
        }
        untitle(part, ambiguous);
    }
}

fn parts(schema: &Value) -> Vec<&Value> {
    let mut parts = Vec::new();
    for (key, value) in schema.as_object().into_iter().flatten() {
        match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => parts.extend(properties.values()),
            ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => parts.extend(schemas),
            ("items" | "additionalProperties" | "not", schema) => parts.push(schema),
            _ => {}
        }
    }
    parts
}

fn parts_mut(schema: &mut Value) -> Vec<&mut Value> {
    let Value::Object(members) = schema else {
        return Vec::new();
    };
    let mut parts = Vec::new();
    for (key, value) in members {
        match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => parts.extend(properties.values_mut()),
            ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => parts.extend(schemas),
            ("items" | "additionalProperties" | "not", schema) => parts.push(schema),
            _ => {}
        }
    }
    parts
}

/// K0202: two types of one name that no number tells apart.
pub(crate) fn refused(document: &Document, twice: &[String]) -> Diagnostics {
    let mut diagnostics = document.diagnostics();
    for name in twice {
        let close = document
            .schemas()
            .map(|(schema, _)| document.original_name(schema))
            .filter(|schema| name.starts_with(&names::camel(schema)))
            .max_by_key(|schema| schema.len());
        let place = close.map(|close| format!("/{}", openapi_document::escape(close)));
        let span = document.span(&format!("/components/schemas{}", place.unwrap_or_default()));
        diagnostics.push(
            Diagnostic::new(
                "K0202",
                span,
                format!("two types are called `{name}` in Rust"),
            )
            .help(
                "give the inline schema a name of its own in `components/schemas`, and refer to it",
            ),
        );
    }
    diagnostics
}
