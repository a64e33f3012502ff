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
    let places = places(name, schema);
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
    for (called, part) in places.into_iter().zip(parts_mut(schema)) {
        visit(called, part);
    }
}

/// The names that typify gives to the types of a schema's parts by their places, in the order of [`parts`].
fn places(name: &str, schema: &Value) -> Vec<String> {
    let mut places = Vec::new();
    for (key, value) in schema.as_object().into_iter().flatten() {
        match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                places.extend(properties.keys().map(|key| format!("{name}-{key}")));
            }
            ("oneOf", Value::Array(schemas)) if is_or_null(schemas) => {
                places.extend(schemas.iter().map(|_| name.to_owned()));
            }
            ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => {
                places.extend((0..schemas.len()).map(|at| format!("{name}Variant{at}")));
            }
            ("items", _) => places.push(format!("{name}Item")),
            ("additionalProperties", _) => places.push(format!("{name}Value")),
            ("not", _) => places.push(format!("{name}Not")),
            _ => {}
        }
    }
    places
}

/// Whether it is a choice between one schema and null, whose type has the schema's name.
fn is_or_null(schemas: &[Value]) -> bool {
    let is_null = |schema: &Value| schema.get("type").is_some_and(|kind| kind == "null");
    schemas.len() == 2 && schemas.iter().any(is_null)
}

/// The names that two inline schemas would have, or one and a component, and are not `unclear` yet. typify takes a type that it has made
/// under the name for the other's, without a word.
pub(crate) fn doubled(
    definitions: &[(String, Value)],
    unclear: &BTreeSet<String>,
) -> BTreeSet<String> {
    let components = definitions
        .iter()
        .map(|(name, _)| (names::camel(name), None));
    let mut known: BTreeMap<String, Option<&Value>> = components.collect();
    let mut doubled = BTreeSet::new();
    let mut waiting: Vec<(String, &Value)> = Vec::new();
    for (name, schema) in definitions {
        let named = places(&names::camel(name), schema).into_iter();
        waiting.extend(named.zip(parts(schema)));
        while let Some((called, schema)) = waiting.pop() {
            let titled = schema.get("title").and_then(Value::as_str);
            let called = names::camel(titled.unwrap_or(&called));
            let has_name = makes_type(schema) && !unclear.contains(&called);
            if has_name && *known.entry(called.clone()).or_insert(Some(schema)) != Some(schema) {
                doubled.insert(called.clone());
            }
            // The parts of a conjunction are one schema to typify.
            if schema.get("allOf").is_none() {
                waiting.extend(places(&called, schema).into_iter().zip(parts(schema)));
            }
        }
    }
    doubled
}

/// Whether typify makes a type of its own of an inline schema.
fn makes_type(schema: &Value) -> bool {
    let has = |key: &&str| schema.get(*key).is_some();
    let or_null = schema.get("oneOf").and_then(Value::as_array);
    let of_its_own = [
        "enum",
        "properties",
        "oneOf",
        "anyOf",
        "pattern",
        "minLength",
        "maxLength",
    ];
    !has(&"$ref") && of_its_own.iter().any(has) && !or_null.is_some_and(|all| is_or_null(all))
}

/// The names that titles give to inline schemas of which one is not as another, or that a component has: typify would make one type
/// of them.
pub(crate) fn ambiguous<'a>(
    schemas: impl Iterator<Item = &'a Value>,
    taken: &dyn Fn(&str) -> bool,
) -> BTreeSet<String> {
    let (mut first, mut ambiguous) = (BTreeMap::new(), BTreeSet::new());
    let mut waiting: Vec<&Value> = schemas.flat_map(parts).collect();
    while let Some(schema) = waiting.pop() {
        let title = schema.get("title").and_then(Value::as_str);
        if let Some(title) = title.filter(|_| makes_type(schema)) {
            let called = names::camel(title);
            if taken(&called) || *first.entry(called.clone()).or_insert(schema) != schema {
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
        // Of what has no type of its own, the title is at most the name of a variant.
        let has_name = makes_type(part);
        if let Some(members) = part.as_object_mut().filter(|_| has_name) {
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
