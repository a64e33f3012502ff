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
        (
            json!({"const": {"a": 1, "b": {}}}),
            json!({"type": "object", "additionalProperties": false, "required": ["a", "b"], "properties": {
                "a": {"type": "integer", "enum": [1]}, "b": {"type": "object", "additionalProperties": false}}}),
        ),
        (
            json!({"type": "array", "const": ["x", "x"]}),
            json!({"type": "array", "items": {"type": "string", "enum": ["x"]}, "minItems": 2, "maxItems": 2}),
        ),
        (json!({"const": null}), json!({"enum": [null]})),
        (json!({"type": ["null"]}), json!({"enum": [null]})),
        (
            json!({"type": "array", "prefixItems": [{"type": "number"}, {"type": "number"}], "minItems": 2, "maxItems": 2}),
            json!({"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}}),
        ),
        (
            json!({"type": "array", "prefixItems": [{"type": "number"}], "items": false}),
            json!({"type": "array", "items": {"type": "number"}, "maxItems": 1}),
        ),
        (
            json!({"type": "array", "prefixItems": [{"type": "number"}], "items": {"type": "number"}}),
            json!({"type": "array", "items": {"type": "number"}}),
        ),
        (
            json!({"type": "array", "items": {"type": "number"}, "unevaluatedItems": false, "minContains": 1}),
            json!({"type": "array", "items": {"type": "number"}}),
        ),
        (
            json!({"type": "array", "unevaluatedItems": {"type": "number"}}),
            json!({"type": "array", "items": {"type": "number"}}),
        ),
        (
            json!({"type": "object", "unevaluatedProperties": {"type": "string", "const": "a"}}),
            json!({"type": "object", "additionalProperties": {"type": "string", "enum": ["a"]}}),
        ),
        (
            json!({"allOf": [{"$ref": "#/components/schemas/B"}], "unevaluatedProperties": true}),
            json!({"allOf": [{"$ref": "#/components/schemas/B"}]}),
        ),
        (
            json!({"type": "object", "then": {"required": ["a"]}, "else": false}),
            json!({"type": "object"}),
        ),
        (
            json!({"type": "string", "contentMediaType": "application/json", "contentSchema": {"type": "null"}}),
            json!({"type": "string", "x-contentMediaType": "application/json", "x-contentSchema": {"type": "null"}}),
        ),
        (
            json!({"type": "object", "$dynamicAnchor": "a", "properties": {"x": {"$ref": "#x"}}, "$defs": {"X": {"$anchor": "x", "type": "string"}}}),
            json!({"type": "object", "properties": {"x": {"$ref": "#/components/schemas/X"}}}),
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
        ("const", json!({"const": [1, 2]})),
        ("const", json!({"const": {"a": [{}, 1]}})),
        ("const", json!({"type": "string", "const": {"a": 1}})),
        ("const", json!({"const": {}, "properties": {"a": {}}})),
        (
            "prefixItems",
            json!({"type": "array", "prefixItems": [{"type": "number"}]}),
        ),
        (
            "unevaluatedItems",
            json!({"type": "array", "contains": {}, "unevaluatedItems": false}),
        ),
        (
            "minContains",
            json!({"type": "array", "contains": {}, "minContains": 2}),
        ),
        (
            "dependentSchemas",
            json!({"type": "object", "dependentSchemas": {"a": {"required": ["b"]}}}),
        ),
        (
            "$id",
            json!({"$id": "https://example.com/a", "type": "string"}),
        ),
        (
            "dialect",
            json!({"$schema": "http://json-schema.org/draft-07/schema#", "type": "string"}),
        ),
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

#[test]
fn what_is_left_out_of_a_document_uses_the_components_that_it_refers_to() {
    let text = "openapi: 3.1.0
info: {title: T, version: 1.0.0, summary: S}
jsonSchemaDialect: https://spec.openapis.org/oas/3.1/dialect/base
webhooks:
  made: {post: {requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Made'}}}}}}
components:
  schemas:
    Made: {type: object, properties: {size: {$ref: '#/components/schemas/Size'}}}
    Size: {type: integer}
    Lone: {type: integer}
  pathItems:
    spare: {get: {responses: {default: {$ref: '#/components/responses/Wrong'}}}}
  responses:
    Wrong: {description: wrong}
";
    let (document, found) = Document::examine("t.yaml", text);
    let told = found
        .iter()
        .filter(|told| told.warning || told.code != "K0150");
    let told: Vec<String> = told
        .filter(|told| !told.note)
        .map(|told| format!("{} {}", told.code, told.message))
        .collect();
    assert_eq!(told, ["K0118 nothing refers to `Lone`"]);
    assert_eq!(document.unwrap().operations().count(), 0);
}

#[test]
fn a_reference_with_words_of_its_own_and_bytes_without_a_schema_are_read() {
    let text = "openapi: 3.1.0
info: {title: T, version: 1.0.0}
paths:
  /a:
    post:
      operationId: a
      parameters: [{$ref: '#/components/parameters/Q', description: mine}]
      requestBody: {content: {application/octet-stream: {}}}
      responses: {'204': {description: d}}
components:
  parameters:
    Q: {name: q, in: query, description: of all, schema: {type: [string, 'null']}}
";
    let (document, found) = Document::examine("t.yaml", text);
    assert!(found.iter().all(|told| told.note), "{found}");
    let source = document.unwrap().source();
    let operation = &source["paths"]["/a"]["post"];
    assert_eq!(operation["parameters"][0]["description"], "mine");
    assert_eq!(
        operation["requestBody"]["content"]["application/octet-stream"]["schema"],
        json!({"type": "string", "format": "binary"})
    );
}
