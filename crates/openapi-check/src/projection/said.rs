//! The source in the words that dropshot has: variables of paths, bodies that may be left out, and schemas without a type.

use openapi_document::routes::Routes;
use serde_json::{Map, Value};

/// [`VARIABLES`](super::VARIABLES).
pub(super) fn variables(document: &mut Value) {
    let Some(Value::Object(paths)) = document.get_mut("paths") else {
        return;
    };
    let routes = Routes::among(paths.keys().map(String::as_str));
    *paths = std::mem::take(paths)
        .into_iter()
        .map(|(path, mut item)| {
            let operations = item
                .as_object_mut()
                .into_iter()
                .flat_map(|item| item.values_mut());
            for parameter in operations
                .filter_map(|operation| operation.get_mut("parameters")?.as_array_mut())
                .flatten()
                .filter(|parameter| parameter["in"] == "path")
            {
                let name = parameter["name"].as_str().unwrap_or_default();
                parameter["name"] = routes.name(&path, name).into();
            }
            (routes.path(&path), item)
        })
        .collect();
}

/// [`OPTIONAL`](super::OPTIONAL).
pub(super) fn bodies(document: &mut Value) {
    for operation in super::operations(document) {
        if let Some(Value::Object(body)) = operation.get_mut("requestBody") {
            body.insert("required".to_owned(), true.into());
        }
    }
}

/// Keywords of which dropshot writes none where there is no type.
const KEYWORDS: [&str; 16] = [
    "additionalProperties",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "pattern",
    "required",
    "uniqueItems",
];

/// Keywords, by the types that they speak of.
const OF_TYPES: [(&[&str], &[&str]); 4] = [
    (
        &["integer", "number"],
        &[
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
        ],
    ),
    (&["string"], &["minLength", "maxLength", "pattern"]),
    (
        &["array"],
        &["items", "minItems", "maxItems", "uniqueItems"],
    ),
    (
        &["object"],
        &[
            "minProperties",
            "maxProperties",
            "required",
            "properties",
            "additionalProperties",
        ],
    ),
];

/// [`UNTYPED`](super::UNTYPED).
pub(super) fn untyped(document: &mut Value) {
    match document {
        Value::Object(members) => {
            for (key, value) in members.iter_mut() {
                match (key.as_str(), value) {
                    ("schema", schema) => inside(schema),
                    ("schemas", Value::Object(schemas)) => schemas.values_mut().for_each(inside),
                    ("example" | "examples", _) => {}
                    (_, value) => untyped(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(untyped),
        _ => {}
    }
}

fn inside(schema: &mut Value) {
    let Value::Object(members) = schema else {
        return;
    };
    if !members.contains_key("type") && !members.contains_key("properties") {
        without_keywords(members);
    }
    if let Some(kind) = members
        .get("type")
        .and_then(Value::as_str)
        .map(str::to_owned)
    {
        // A keyword of another type says nothing, which is told (K0117).
        members.retain(|key, _| {
            OF_TYPES.iter().all(|(kinds, keys)| {
                kinds.contains(&kind.as_str()) || !keys.contains(&key.as_str())
            })
        });
    }
    for (key, value) in members.iter_mut() {
        match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(inside),
            ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => {
                schemas.iter_mut().for_each(inside);
            }
            ("items" | "additionalProperties" | "not", value) => inside(value),
            _ => {}
        }
    }
}

fn without_keywords(schema: &mut Map<String, Value>) {
    schema.retain(|key, _| !KEYWORDS.contains(&key.as_str()));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn keywords_of_another_type_are_left_out_at_every_depth_and_others_stay() {
        let price = json!({"type": "number", "minimum": 0, "pattern": "^a$", "maxItems": 3});
        let mut document = json!({"components": {"schemas": {"A": {"type": "object", "maxLength": 2,
            "properties": {"pattern": {"type": "string", "pattern": "^b$"}, "price": price}}}}});
        super::untyped(&mut document);
        let left = json!({"components": {"schemas": {"A": {"type": "object", "properties": {
            "pattern": {"type": "string", "pattern": "^b$"}, "price": {"type": "number", "minimum": 0}}}}}});
        assert_eq!(document, left);
    }
}
