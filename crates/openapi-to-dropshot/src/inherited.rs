//! The default of a component, where a property is nothing but a reference to it: what is said of the schema holds there too.
//! typify would look for a default beside the reference alone.

use crate::within;
use openapi_document::{Document, draft};
use serde_json::{Value, json};

/// Says such defaults at the optional properties, everywhere in `schema`.
pub(crate) fn inherit(document: &Document, schema: &mut Value) {
    let required: Vec<Value> = schema
        .get("required")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for (name, property) in properties.iter_mut() {
            if draft::reference(property).is_none() || required.iter().any(|known| known == name) {
                continue;
            }
            let meant = draft::resolved(document, property);
            if let Some(default) = meant.get("default").filter(|default| !default.is_null()) {
                let reference = property.take();
                *property = json!({ "default": default, "allOf": [reference] });
            }
        }
    }
    within::each(schema, &mut |inner| inherit(document, inner));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_optional_has_the_default_of_what_it_refers_to() {
        let text = "{openapi: 3.0.3, info: {title: T, version: 1.0.0}, paths: {}, components: {schemas: {\
                    Half: {type: number, default: 0.5}, Same: {$ref: '#/components/schemas/Half'}, \
                    None: {type: string, nullable: true, default: null}}}}";
        let (document, found) = Document::examine("t.yaml", text);
        let document = document.unwrap_or_else(|| panic!("{found}"));
        let to = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
        let mut schema = json!({"required": ["c"], "properties": {
            "a": to("Half"), "b": to("Same"), "c": to("Half"), "d": to("None"), "e": {"default": 1, "allOf": [to("Half")]}}});
        inherit(&document, &mut schema);
        let with = |name: &str| json!({"default": 0.5, "allOf": [to(name)]});
        assert_eq!(
            schema,
            json!({"required": ["c"], "properties": {
                "a": with("Half"), "b": with("Same"), "c": to("Half"), "d": to("None"),
                "e": {"default": 1, "allOf": [to("Half")]}}}),
        );
    }
}
