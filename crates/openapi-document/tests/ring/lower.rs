//! OpenAPI 3.1 in the words of 3.0: what comes out means the same, each rewrite is told, and what would lose meaning is
//! refused.

use openapi_document::Document;
use serde_json::{Value, json};

/// The schema `schema` of a 3.1 document, as it is read.
fn lowered(schema: Value) -> Result<Value, Vec<String>> {
    let text = json!({
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/a": {"get": {"operationId": "a", "responses": {"200": {"description": "d", "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}}}}},
        "components": {"schemas": {"A": schema, "B": {"type": "string"}}},
    });
    let (document, told) = Document::examine("a.json", &text.to_string());
    if told.only_warnings() {
        assert!(told.iter().any(|d| d.code == "K0150"), "nothing is told");
        return Ok(document.unwrap().source()["components"]["schemas"]["A"].clone());
    }
    let errors = told.iter().filter(|d| !d.warning);
    Err(errors
        .map(|d| format!("{} {}", d.code, d.message))
        .collect())
}

#[test]
fn each_form_of_3_1_is_read_as_what_means_the_same() {
    for (new, old) in [
        (
            json!({"type": ["string", "null"], "maxLength": 3}),
            json!({"type": "string", "maxLength": 3, "nullable": true}),
        ),
        (json!({"type": ["string"]}), json!({"type": "string"})),
        (
            json!({"type": ["integer", "number"]}),
            json!({"type": "number"}),
        ),
        (json!({"type": "null"}), json!({"enum": [null]})),
        (
            json!({"type": ["string", "integer"], "minLength": 1, "minimum": 2, "enum": ["a", 3]}),
            json!({"oneOf": [{"type": "string", "minLength": 1, "enum": ["a"]}, {"type": "integer", "minimum": 2, "enum": [3]}]}),
        ),
        (
            json!({"type": ["string", "null"], "enum": ["a"]}),
            json!({"type": "string", "enum": ["a"]}),
        ),
        (
            json!({"type": ["string", "null"], "enum": ["a", null]}),
            json!({"type": "string", "enum": ["a", null], "nullable": true}),
        ),
        (
            json!({"const": "a"}),
            json!({"type": "string", "enum": ["a"]}),
        ),
        (
            json!({"const": 3, "type": "integer"}),
            json!({"type": "integer", "enum": [3]}),
        ),
        (
            json!({"type": "string", "examples": ["a", "b"]}),
            json!({"type": "string", "example": "a", "x-examples": ["b"]}),
        ),
        (
            json!({"type": "integer", "exclusiveMinimum": 1}),
            json!({"type": "integer", "minimum": 1, "exclusiveMinimum": true}),
        ),
        (
            json!({"type": "integer", "exclusiveMinimum": 1, "minimum": 5}),
            json!({"type": "integer", "minimum": 5}),
        ),
        (
            json!({"type": "integer", "exclusiveMaximum": 5, "maximum": 5}),
            json!({"type": "integer", "maximum": 5, "exclusiveMaximum": true}),
        ),
        (
            json!({"type": "string", "contentEncoding": "base64"}),
            json!({"type": "string", "format": "byte"}),
        ),
        (
            json!({"type": "string", "contentMediaType": "application/octet-stream"}),
            json!({"type": "string", "format": "binary"}),
        ),
        (
            json!({"type": "string", "contentMediaType": "image/png"}),
            json!({"type": "string", "x-contentMediaType": "image/png"}),
        ),
        (
            json!({"$ref": "#/components/schemas/B", "description": "d"}),
            json!({"description": "d", "allOf": [{"$ref": "#/components/schemas/B"}]}),
        ),
        (
            json!({"anyOf": [{"$ref": "#/components/schemas/B"}, {"type": "null"}]}),
            json!({"nullable": true, "allOf": [{"$ref": "#/components/schemas/B"}]}),
        ),
        (
            json!({"anyOf": [{"type": "string"}, {"type": "null"}], "title": "t"}),
            json!({"title": "t", "nullable": true, "type": "string"}),
        ),
        (
            json!({"type": "object", "properties": {"a": true}, "unevaluatedProperties": false}),
            json!({"type": "object", "properties": {"a": {}}, "additionalProperties": false}),
        ),
        (
            json!({"type": "array", "items": {"type": "string", "$comment": "c"}}),
            json!({"type": "array", "items": {"type": "string"}}),
        ),
        (
            json!({"type": "object", "$defs": {"x": {"type": "string"}}}),
            json!({"type": "object"}),
        ),
    ] {
        assert_eq!(lowered(new.clone()), Ok(old), "{new}");
    }
}

#[test]
fn what_3_0_cannot_say_is_refused() {
    for (key, schema) in [
        (
            "prefixItems",
            json!({"type": "array", "items": {}, "prefixItems": [{"type": "string"}]}),
        ),
        (
            "if",
            json!({"type": "object", "if": {"required": ["a"]}, "then": {"required": ["b"]}}),
        ),
        (
            "patternProperties",
            json!({"type": "object", "patternProperties": {"^a": {}}}),
        ),
        (
            "propertyNames",
            json!({"type": "object", "propertyNames": {"maxLength": 3}}),
        ),
        (
            "contains",
            json!({"type": "array", "items": {}, "contains": {"type": "string"}}),
        ),
        (
            "dependentRequired",
            json!({"type": "object", "dependentRequired": {"a": ["b"]}}),
        ),
        (
            "unevaluatedProperties",
            json!({"allOf": [{"$ref": "#/components/schemas/B"}], "unevaluatedProperties": false}),
        ),
        ("nullable", json!({"type": "string", "nullable": true})),
        (
            "exclusiveMinimum",
            json!({"type": "integer", "minimum": 1, "exclusiveMinimum": true}),
        ),
        ("$dynamicRef", json!({"$dynamicRef": "#a"})),
        ("const", json!({"const": "a", "enum": ["b"]})),
    ] {
        let refused = lowered(schema).unwrap_err();
        assert!(
            refused
                .iter()
                .any(|told| told.starts_with("K0151") && told.contains(key)),
            "{key}: {refused:?}"
        );
    }
}

#[test]
fn what_says_twice_that_null_is_a_value_says_it_once() {
    let text = "openapi: 3.1.0
info: {title: T, version: 1.0.0}
paths: {}
components:
  schemas:
    Text:
      type: [string, 'null']
      anyOf:
      - {type: string, maxLength: 3}
      - {type: 'null'}
    Both:
      anyOf:
      - {$ref: '#/components/schemas/Text'}
      - {type: 'null'}
      allOf:
      - {$ref: '#/components/schemas/Text'}
";
    let (document, found) = Document::examine("t.yaml", text);
    let document = document.unwrap();
    assert!(document.is_whole(), "{found}");
    let both = document.root.at("/components/schemas/Both/allOf").unwrap();
    assert_eq!(both.items().len(), 2);
    for name in ["Text", "Both"] {
        let schema = document
            .root
            .at(&format!("/components/schemas/{name}"))
            .unwrap();
        let keys: Vec<&str> = schema
            .entries()
            .iter()
            .map(|entry| entry.key.as_str())
            .collect();
        let once = keys.iter().filter(|key| **key == "nullable").count();
        assert_eq!(once, 1, "{keys:?}");
    }
}

#[test]
fn what_3_1_says_in_vain_is_told() {
    for schema in [
        json!({"type": "null", "const": "tanker"}),
        json!({"type": ["null"], "enum": ["tanker"]}),
    ] {
        let told = lowered(schema).unwrap_err();
        assert_eq!(
            told,
            ["K0107 no value is null and one of those that are listed"]
        );
    }
    for (schema, code) in [
        (json!({"type": ["string", "string"]}), "K0120"),
        (
            json!({"type": "string", "contentEncoding": "base65"}),
            "K0108",
        ),
    ] {
        let text = json!({
            "openapi": "3.1.0",
            "info": {"title": "t", "version": "1"},
            "paths": {},
            "components": {"schemas": {"A": schema}},
        });
        let (_, found) = Document::examine("a.json", &text.to_string());
        let told = found.iter().filter(|d| d.code == code && d.warning);
        assert_eq!(told.count(), 1, "{found}");
    }
}
