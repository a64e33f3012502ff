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

/// The members of a path item that are operations.
const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// [`EMPTY`](super::EMPTY).
pub(super) fn paths(document: &mut Value) {
    if let Some(Value::Object(paths)) = document.get_mut("paths") {
        paths.retain(|_, item| METHODS.iter().any(|method| item.get(method).is_some()));
    }
}

/// What a schema is not, where it does not say so.
const FLAGS: [&str; 7] = [
    "deprecated",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "nullable",
    "readOnly",
    "uniqueItems",
    "writeOnly",
];

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
    // [`ANYWAY`](super::ANYWAY)
    members.retain(|key, value| *value != false || !FLAGS.contains(&key.as_str()));
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
    use crate::projection::{Side, project};
    use serde_json::json;

    #[test]
    fn what_is_so_anyway_is_no_difference() {
        let of = |list: serde_json::Value, media: &str, more: serde_json::Value| {
            let ok = json!({"description": "ok", "content": {media: more}});
            let paths = json!({"/a": {"get": {"operationId": "a", "responses": {"200": ok}}}});
            json!({"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "paths": paths,
                "components": {"schemas": {"A": {"type": "object", "properties": {"list": list}}}}})
        };
        let typed = json!({"schema": {"$ref": "#/components/schemas/A"}});
        let plain = json!({"type": "array", "items": {"type": "string"}});
        let mut flagged = plain.clone();
        flagged["uniqueItems"] = false.into();
        flagged["nullable"] = false.into();
        let mut extended = typed.clone();
        extended["x-ours"] = true.into();
        let mut source = of(flagged, "application/json", extended);
        source["paths"]["/empty"] = json!({"summary": "nothing"});
        let emitted = project(
            &of(plain.clone(), "application/json", typed.clone()),
            Side::Emitted,
        );
        assert_eq!(project(&source, Side::Source), emitted);
        // What is not so without it stays a difference.
        let unique = json!({"type": "array", "items": {"type": "string"}, "uniqueItems": true});
        let source = of(unique, "application/json", typed);
        assert_ne!(project(&source, Side::Source), emitted);
        // Any body is any body.
        let source = of(plain.clone(), "*/*", json!({"schema": {"type": "string"}}));
        let emitted = project(&of(plain, "*/*", json!({"schema": {}})), Side::Emitted);
        assert_eq!(project(&source, Side::Source), emitted);
    }

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
