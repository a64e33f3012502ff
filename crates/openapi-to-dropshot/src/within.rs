//! The schemas that a schema is made of.

use serde_json::Value;

/// Calls `visit` with each schema right inside `schema`: properties, items, values of maps and the members of combinations.
pub(crate) fn each(schema: &mut Value, visit: &mut dyn FnMut(&mut Value)) {
    let Value::Object(members) = schema else {
        return;
    };
    for (key, value) in members.iter_mut() {
        match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                properties.values_mut().for_each(&mut *visit);
            }
            ("items" | "additionalProperties", schema) => visit(schema),
            ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => {
                schemas.iter_mut().for_each(&mut *visit);
            }
            _ => {}
        }
    }
}

/// As [`each`], without properties, each with what typify calls it after.
pub(crate) fn each_but_members(schema: &mut Value, visit: &mut dyn FnMut(&str, &mut Value)) {
    let Value::Object(members) = schema else {
        return;
    };
    for (key, value) in members.iter_mut() {
        match (key.as_str(), value) {
            ("items", schema) => visit("item", schema),
            ("additionalProperties", schema) => visit("value", schema),
            ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => {
                for (at, schema) in schemas.iter_mut().enumerate() {
                    visit(&format!("variant{at}"), schema);
                }
            }
            _ => {}
        }
    }
}
