//! OpenAPI 3.0 schemas in the form of JSON Schema draft 7, for the tools that only know that.

use crate::Document;
use indexmap::IndexSet;
use openapiv3::{ReferenceOr, Schema};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::HashSet;

/// The schema as JSON, as OpenAPI has it.
pub fn json(schema: &ReferenceOr<Schema>) -> Value {
    // A schema that was read from JSON can be written as JSON.
    serde_json::to_value(schema).unwrap_or_default()
}

/// For describing: exclusive bounds become numbers; `nullable`, `example` and extensions stay.
pub fn described(schema: &Value) -> Value {
    walked(schema, &|object| {
        crate::discriminator::spell_out(object);
        exclusive(object);
    })
}

/// For validating and typing: as [`described`], with `nullable` as a type and without what constrains no value.
pub fn typed(schema: &Value) -> Value {
    walked(schema, &|object| {
        crate::discriminator::spell_out(object);
        exclusive(object);
        for key in [
            "example",
            "externalDocs",
            "xml",
            "discriminator",
            "readOnly",
            "writeOnly",
            "deprecated",
        ] {
            object.remove(key);
        }
        if object.keys().any(|key| key.starts_with("x-")) {
            object.retain(|key, _| !key.starts_with("x-"));
        }
        // How schemars 0.8, and so dropshot, writes the type of null in OpenAPI 3.0.
        let values = object.get("enum").and_then(Value::as_array);
        if matches!(values.map(Vec::as_slice), Some([Value::Null])) {
            object.remove("enum");
            object.insert("type".to_owned(), "null".into());
        }
        if object.remove("nullable") == Some(Value::Bool(true)) {
            nullable(object);
        }
    })
}

/// For judging values: as [`typed`], and numbers are within what their `format` holds, as the types made from it are.
pub fn judged(schema: &Value) -> Value {
    walked(&typed(schema), &|object| {
        let kind = object.get("type");
        let is = |wanted: &str| {
            kind.is_some_and(|kind| {
                let among = |kinds: &Vec<Value>| kinds.iter().any(|kind| kind == wanted);
                kind == wanted || kind.as_array().is_some_and(among)
            })
        };
        let format = object.get("format").and_then(Value::as_str);
        let range: Option<(Value, Value)> = match format {
            Some("float") if is("number") => Some((f32::MIN.into(), f32::MAX.into())),
            Some(format) if is("integer") => {
                let range = crate::width::range(format);
                range.map(|(least, greatest)| (least.into(), greatest.into()))
            }
            _ => None,
        };
        if let Some((least, greatest)) = range {
            let number = |key: &str| object.get(key).and_then(Value::as_f64);
            let low = number("minimum").is_none_or(|n| Some(n) < least.as_f64());
            let high = number("maximum").is_none_or(|n| Some(n) > greatest.as_f64());
            if low {
                object.insert("minimum".to_owned(), least);
            }
            if high {
                object.insert("maximum".to_owned(), greatest);
            }
        }
        // A name that is listed twice is told as such, and confuses validators.
        if let Some(Value::Array(names)) = object.get_mut("required") {
            let mut seen = HashSet::new();
            names.retain(|name| seen.insert(name.to_string()));
        }
    })
}

fn nullable(object: &mut Map<String, Value>) {
    match object.get("type").cloned() {
        Some(kind) => {
            object.insert("type".to_owned(), Value::Array(vec![kind, "null".into()]));
            if let Some(Value::Array(values)) = object.get_mut("enum")
                && !values.contains(&Value::Null)
            {
                values.push(Value::Null);
            }
        }
        None => {
            // The default is one of the whole, null included.
            let default = object.remove("default");
            let inner = Value::Object(std::mem::take(object));
            object.extend(default.map(|default| ("default".to_owned(), default)));
            object.insert(
                "oneOf".to_owned(),
                Value::Array(vec![inner, serde_json::json!({"type": "null"})]),
            );
        }
    }
}

fn exclusive(object: &mut Map<String, Value>) {
    for (flag, bound) in [
        ("exclusiveMinimum", "minimum"),
        ("exclusiveMaximum", "maximum"),
    ] {
        if object.remove(flag) == Some(Value::Bool(true))
            && let Some(value) = object.remove(bound)
        {
            object.insert(flag.to_owned(), value);
        }
    }
}

/// The schema, with `change` applied to every schema inside, innermost first.
fn walked(schema: &Value, change: &dyn Fn(&mut Map<String, Value>)) -> Value {
    let mut schema = schema.clone();
    walk(&mut schema, change);
    schema
}

fn walk(schema: &mut Value, change: &dyn Fn(&mut Map<String, Value>)) {
    let Value::Object(object) = schema else {
        return;
    };
    for (key, value) in object.iter_mut() {
        match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => properties
                .values_mut()
                .for_each(|schema| walk(schema, change)),
            ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => {
                schemas.iter_mut().for_each(|schema| walk(schema, change));
            }
            ("items" | "not" | "additionalProperties", value) => walk(value, change),
            _ => {}
        }
    }
    if !object.contains_key("$ref") {
        change(object);
    }
}

/// The names of the components that the schema refers to, each once, in order of first use.
pub fn references(schema: &Value) -> Vec<String> {
    let mut found = IndexSet::new();
    collect(schema, &mut found);
    found.into_iter().collect()
}

fn collect(schema: &Value, found: &mut IndexSet<String>) {
    let Value::Object(object) = schema else {
        return;
    };
    if let Some(name) = reference(schema) {
        found.insert(name);
        return;
    }
    for (key, value) in object {
        match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => properties
                .values()
                .for_each(|schema| collect(schema, found)),
            ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => {
                schemas.iter().for_each(|schema| collect(schema, found))
            }
            ("items" | "not" | "additionalProperties", value) => collect(value, found),
            // Extensions may refer to schemas too: `x-rust-type` does to the parameters of a generic type.
            (key, value) if key.starts_with("x-") => anywhere(value, found),
            _ => {}
        }
    }
}

fn anywhere(value: &Value, found: &mut IndexSet<String>) {
    match value {
        Value::Object(members) if members.contains_key("$ref") => collect(value, found),
        Value::Object(members) => members.values().for_each(|value| anywhere(value, found)),
        Value::Array(items) => items.iter().for_each(|value| anywhere(value, found)),
        _ => {}
    }
}

/// The schema itself, or that of the component that it refers to (through at most 16 references).
pub fn resolved(document: &Document, schema: &Value) -> Value {
    let mut schema = schema.clone();
    for _ in 0..16 {
        let Some(name) = reference(&schema) else {
            return schema;
        };
        match document.schema(&name) {
            Some(component) => schema = json(component),
            None => return Value::Null,
        }
    }
    Value::Null
}

/// As [`resolved`], in the model: nothing is copied.
pub fn resolve<'a>(document: &'a Document, schema: &'a ReferenceOr<Schema>) -> Option<&'a Schema> {
    let mut schema = schema;
    for _ in 0..=16 {
        match schema {
            ReferenceOr::Item(schema) => return Some(schema),
            ReferenceOr::Reference { reference } => {
                schema = document.schema(&named(reference)?)?;
            }
        }
    }
    None
}

/// The component that `schema` is a reference to.
pub fn reference(schema: &Value) -> Option<String> {
    let name = named(schema.get("$ref")?.as_str()?)?;
    Some(name.into_owned())
}

/// The component that a reference names.
pub fn named(reference: &str) -> Option<Cow<'_, str>> {
    let name = reference.strip_prefix("#/components/schemas/")?;
    Some(crate::node::unescaped(name))
}
