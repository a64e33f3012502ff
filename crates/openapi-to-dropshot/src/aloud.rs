//! What typify would misread, said aloud.
//!
//! - Alternatives of one member each, which may hold others: it would take them for an enum of the members' names, as serde
//!   writes it, and that holds exactly one.
//! - Defaults of integers such as `5.0`: it would find no integer in them.
//! - Formats of integers that it does not know: whatever their bounds, it would take them for `i64`.

use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Says aloud, inside `schema` (as typify reads it): that such alternatives may hold more, so that each is a struct which
/// keeps it; and how many bits such integers have here.
pub(crate) fn say(schema: &mut Value) {
    let Value::Object(members) = schema else {
        if let Value::Array(items) = schema {
            items.iter_mut().for_each(say);
        }
        return;
    };
    let format = members.get("format").and_then(Value::as_str);
    let known = match format {
        Some("int" | "int128") => Some("int64"),
        Some("uint" | "uint128") => Some("uint64"),
        _ => None,
    };
    if let Some(known) = known.filter(|_| !members.contains_key("properties")) {
        members.insert("format".to_owned(), known.into());
    }
    if members.get("type").and_then(Value::as_str) == Some("integer")
        && let Some(default) = members.get_mut("default")
        && let Some(whole) = whole(default)
    {
        *default = whole;
    }
    for (key, value) in members.iter_mut() {
        match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(say),
            ("anyOf" | "oneOf", Value::Array(schemas)) => {
                // Members of one name are told apart by its values: that is an enum with a tag.
                let names: Vec<&String> = schemas.iter().filter_map(only).collect();
                let distinct: BTreeSet<&String> = names.iter().copied().collect();
                if names.len() == distinct.len() {
                    schemas
                        .iter_mut()
                        .filter(|schema| only(schema).is_some())
                        .for_each(|schema| {
                            schema["additionalProperties"] = json!({});
                        });
                }
                schemas.iter_mut().for_each(say);
            }
            ("allOf", Value::Array(schemas)) => schemas.iter_mut().for_each(say),
            ("items" | "additionalProperties", value) => say(value),
            _ => {}
        }
    }
}

/// The integer that is written as a fraction.
fn whole(value: &Value) -> Option<Value> {
    if value.is_i64() || value.is_u64() {
        return None;
    }
    let number = value.as_f64().filter(|number| number.fract() == 0.0)?;
    Some(format!("{number}").parse::<i64>().ok()?.into())
}

/// The one member of an object that requires it, and may have others; none if the member's value is fixed.
fn only(schema: &Value) -> Option<&String> {
    let object = schema.get("type").and_then(Value::as_str) == Some("object");
    let required = schema.get("required").and_then(Value::as_array)?;
    let properties = schema.get("properties").and_then(Value::as_object)?;
    let (name, property) = properties.iter().next()?;
    let fixed = property.get("enum").is_some();
    let one = required.len() == 1 && properties.len() == 1 && !fixed;
    (object && one && schema.get("additionalProperties").is_none()).then_some(name)
}
