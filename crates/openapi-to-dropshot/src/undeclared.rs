//! Members that are required and not declared: what holds for the others holds for them, and typify would take anything.

use serde_json::{Map, Value};

/// Declares them, everywhere in `schema`, as `additionalProperties` has them. Not in the members of an `allOf`, where another
/// member may declare them.
pub(crate) fn declare(schema: &mut Value) {
    let Value::Object(members) = schema else {
        return;
    };
    let others = members.get("additionalProperties");
    if let Some(others) = others.filter(|others| others.as_object().is_some_and(|o| !o.is_empty()))
    {
        let others = others.clone();
        let required: Vec<String> = members
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        if !required.is_empty() {
            let properties = members
                .entry("properties")
                .or_insert_with(|| Map::new().into());
            for name in required {
                if properties.get(&name).is_none() {
                    properties[&name] = others.clone();
                }
            }
        }
    }
    for (key, value) in members.iter_mut() {
        match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(declare),
            ("items" | "additionalProperties", schema) => declare(schema),
            ("anyOf" | "oneOf", Value::Array(schemas)) => schemas.iter_mut().for_each(declare),
            _ => {}
        }
    }
}
