//! What the parts of an `allOf` bound together, as one schema: [objects](crate::joined), and
//! [numbers, lists and maps](crate::merged).

use crate::{joined, merged, narrowed, within};
use openapi_document::{Document, draft};
use serde_json::{Value, json};

/// The most combined schemas inside each other, of which each is found only where the one around it is: it bounds the work
/// for components that refer to each other.
const DEPTH: usize = 4;

/// Combines such parts everywhere in `schema`. What would hold itself without end is any value in the type, and the server
/// holds it against the parts: typify does not come to an end with it either.
pub(crate) fn combine(document: &Document, schema: &mut Value) {
    inside(document, schema, &mut Vec::new());
}

/// `around` are the schemas that were combined around this one.
fn inside(document: &Document, schema: &mut Value, around: &mut Vec<Value>) {
    if let Some(narrowest) = narrowest(document, schema).filter(|_| !around.is_empty()) {
        schema["allOf"] = json!([narrowest]);
        return;
    }
    if let Some(narrower) = narrowed::narrowed(document, schema) {
        *schema = narrower;
    }
    let combined = joined::joined(document, schema);
    let combined = combined.or_else(|| merged::merged(document, schema));
    let Some(combined) = combined else {
        within::each(schema, &mut |inner| inside(document, inner, around));
        return;
    };
    if around.len() == DEPTH || around.contains(schema) {
        if let Some(members) = schema.as_object_mut() {
            members.retain(|key, _| key == "nullable" || merged::is_said(key));
        }
        return;
    }
    around.push(std::mem::replace(schema, combined));
    within::each(schema, &mut |inner| inside(document, inner, around));
    around.pop();
}

/// The component that is made of all the others, in an `allOf` of nothing but components.
fn narrowest(document: &Document, schema: &Value) -> Option<Value> {
    let mut said = schema.as_object()?.keys();
    let parts = schema.get("allOf")?.as_array()?;
    if said.any(|key| key != "allOf" && key != "nullable" && !merged::is_said(key)) {
        return None;
    }
    let names: Option<Vec<String>> = parts.iter().map(draft::reference).collect();
    let names = names?;
    let narrow = parts.iter().find(|part| {
        let mut made_of = Vec::new();
        collect(document, part, &mut made_of);
        names.iter().all(|name| made_of.contains(name))
    });
    narrow.cloned()
}

/// Adds the components that a schema is, or is made of by `allOf`.
fn collect(document: &Document, schema: &Value, made_of: &mut Vec<String>) {
    let Some(name) = draft::reference(schema) else {
        return;
    };
    if made_of.contains(&name) {
        return;
    }
    let meant = document.schema(&name).map(draft::json);
    made_of.push(name);
    let Some(meant) = meant else { return };
    collect(document, &meant, made_of);
    let parts = meant.get("allOf").and_then(Value::as_array);
    for part in parts.into_iter().flatten() {
        collect(document, part, made_of);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The combined schema of the component `T`, beside `schemas`.
    fn combined(schemas: &str) -> Value {
        let text = format!(
            "{{openapi: 3.0.3, info: {{title: T, version: 1.0.0}}, paths: {{}}, components: {{schemas: {{{schemas}}}}}}}"
        );
        let (document, found) = Document::examine("t.yaml", &text);
        let document = document.unwrap_or_else(|| panic!("{found}"));
        let mut schema = document.schema("T").map(draft::json).unwrap_or_default();
        combine(&document, &mut schema);
        schema
    }

    #[test]
    fn a_component_beside_what_it_is_made_of_is_itself() {
        let schema = combined(
            "Node: {type: object, properties: {n: {type: integer, minimum: 0}, parent: {$ref: '#/components/schemas/Node'}}}, \
             T: {allOf: [{$ref: '#/components/schemas/Node'}, {type: object, properties: {n: {type: integer, maximum: 9}, \
             parent: {$ref: '#/components/schemas/T'}}}]}",
        );
        let n = json!({"type": "integer", "minimum": 0, "exclusiveMinimum": false, "maximum": 9, "exclusiveMaximum": false});
        assert_eq!(schema["properties"]["n"], n);
        assert_eq!(
            schema["properties"]["parent"],
            json!({"allOf": [{"$ref": "#/components/schemas/T"}]})
        );
    }

    #[test]
    fn what_typify_would_merge_without_end_is_combined_without_bounds_too() {
        let schema = combined(
            "Node: {type: object, properties: {parent: {$ref: '#/components/schemas/Node'}}}, \
             T: {allOf: [{$ref: '#/components/schemas/Node'}, {type: object, properties: {parent: {$ref: '#/components/schemas/T'}}}]}",
        );
        let parent = json!({"allOf": [{"$ref": "#/components/schemas/T"}]});
        assert_eq!(
            schema,
            json!({"type": "object", "properties": {"parent": parent}})
        );
    }

    #[test]
    fn objects_that_hold_each_other_come_to_an_end() {
        let part = |name: &str, bound: &str, to: &str| {
            format!(
                "{name}: {{type: object, properties: {{n: {{type: integer, {bound}}}, to: {{$ref: '#/components/schemas/{to}'}}}}}}, "
            )
        };
        let schema = combined(&format!(
            "{}{}{}{}T: {{allOf: [{{$ref: '#/components/schemas/A'}}, {{$ref: '#/components/schemas/C'}}]}}",
            part("A", "minimum: 0", "B"),
            part("B", "minimum: 1", "A"),
            part("C", "maximum: 9", "D"),
            part("D", "maximum: 8", "C"),
        ));
        assert_eq!(schema["properties"]["to"]["properties"]["n"]["minimum"], 1);
        assert_eq!(schema["properties"]["to"]["properties"]["n"]["maximum"], 8);
        assert_eq!(schema["properties"]["to"]["properties"]["to"], json!({}));
    }

    #[test]
    fn lists_that_hold_themselves_are_combined_once() {
        let schema = combined(
            "A: {type: array, maxItems: 5, items: {$ref: '#/components/schemas/A'}}, \
             B: {type: array, maxItems: 4, items: {$ref: '#/components/schemas/B'}}, \
             T: {allOf: [{$ref: '#/components/schemas/A'}, {$ref: '#/components/schemas/B'}]}",
        );
        assert_eq!(schema, json!({"type": "array", "maxItems": 4, "items": {}}));
    }

    #[test]
    fn a_boolean_that_one_part_lists_is_that_one() {
        let schema = combined(
            "Flag: {type: boolean}, T: {allOf: [{$ref: '#/components/schemas/Flag'}, {enum: [true]}]}",
        );
        assert_eq!(schema, json!({"type": "boolean", "enum": [true]}));
        let both = combined("T: {allOf: [{type: boolean, enum: [true, false]}, {enum: [false]}]}");
        assert_eq!(both["enum"], json!([false]));
    }

    #[test]
    fn bounds_of_objects_in_two_lists_both_hold() {
        let part = |bound: &str| {
            format!(
                "{{type: array, items: {{type: object, properties: {{n: {{type: integer, {bound}}}}}}}}}"
            )
        };
        let schema = combined(&format!(
            "T: {{allOf: [{}, {}]}}",
            part("minimum: 0"),
            part("maximum: 10")
        ));
        let n = &schema["items"]["properties"]["n"];
        assert_eq!((&n["minimum"], &n["maximum"]), (&json!(0), &json!(10)));
    }

    #[test]
    fn bounds_of_members_of_a_member_both_hold() {
        let part = |bound: &str| {
            format!(
                "{{type: object, properties: {{o: {{type: object, properties: {{n: {{type: integer, {bound}}}}}}}}}}}"
            )
        };
        let schema = combined(&format!(
            "T: {{allOf: [{}, {}]}}",
            part("minimum: 0"),
            part("maximum: 10")
        ));
        let n = &schema["properties"]["o"]["properties"]["n"];
        assert_eq!((&n["minimum"], &n["maximum"]), (&json!(0), &json!(10)));
    }
}
