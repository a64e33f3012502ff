//! Whether the document that a dropshot server emits is the one that it was generated from.

use crate::projection::{Side, project, ranges};
use openapi_document::{Document, escape};
use serde_json::Value;

/// The differences between the source and what dropshot emits, each as `POINTER: only in ...` or
/// `POINTER: VALUE in the source, VALUE emitted`. Empty when they mean the same, up to
/// [`PROJECTED`](crate::projection::PROJECTED).
pub fn differences(document: &Document, emitted_document: &Value) -> Vec<String> {
    let (mut source, mut emitted) = (document.original(), emitted_document.clone());
    ranges::meet(&mut source, &mut emitted);
    let (source, emitted) = (
        project(&source, Side::Source),
        project(&emitted, Side::Emitted),
    );
    let mut found = Vec::new();
    walk("", &source, &emitted, &mut found);
    found
}

fn walk(pointer: &str, source: &Value, emitted: &Value, found: &mut Vec<String>) {
    match (source, emitted) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in a {
                let pointer = format!("{pointer}/{}", escape(key));
                match b.get(key) {
                    Some(other) => walk(&pointer, value, other, found),
                    None => found.push(format!("{pointer}: only in the source: {}", short(value))),
                }
            }
            for (key, value) in b.iter().filter(|(key, _)| !a.contains_key(*key)) {
                found.push(format!(
                    "{pointer}/{}: only emitted: {}",
                    escape(key),
                    short(value)
                ));
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                walk(&format!("{pointer}/{index}"), a, b, found);
            }
        }
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => {}
        (a, b) if a == b => {}
        (a, b) => found.push(format!(
            "{pointer}: {} in the source, {} emitted",
            short(a),
            short(b)
        )),
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A document whose one operation fails like this.
    fn source(errors: &str) -> Document {
        let text = format!(
            "{{openapi: 3.0.1, info: {{title: T, version: 1.0.0}}, paths: {{/a: {{get: {{operationId: a, responses: {{\
             '204': {{description: Done}}, {errors}}}}}}}}}, components: {{schemas: {{\
             Error: {{type: object, properties: {{message: {{type: string}}}}}}, Other: {{type: string}}}}}}}}"
        );
        let (document, found) = Document::examine("t.yaml", &text);
        document.unwrap_or_else(|| panic!("{found}"))
    }

    fn emitted(error: Value) -> Value {
        let failed = json!({ "$ref": "#/components/responses/Error" });
        json!({
            "openapi": "3.0.3", "info": {"title": "T", "version": "1.0.0"},
            "paths": {"/a": {"get": {"operationId": "a", "responses":
                {"204": {"description": "Done"}, "4XX": failed, "5XX": failed}}}},
            "components": {
                "responses": {"Error": {"description": "Error", "content":
                    {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}},
                "schemas": {"Error": error},
            },
        })
    }

    fn failed(status: &str, schema: &str) -> String {
        let schema = format!("{{$ref: '#/components/schemas/{schema}'}}");
        format!(
            "'{status}': {{description: F, content: {{application/json: {{schema: {schema}}}}}}}"
        )
    }

    fn said() -> Value {
        json!({"type": "object", "properties": {"message": {"type": "string"}}})
    }

    #[test]
    fn what_is_said_of_a_range_of_errors_is_compared() {
        let ranges = format!("{}, {}", failed("4XX", "Error"), failed("5XX", "Error"));
        let same = differences(&source(&ranges), &emitted(said()));
        assert_eq!(same, Vec::<String>::new());
        let other = json!({"type": "object", "properties": {"message": {"type": "integer"}}});
        let found = differences(&source(&ranges), &emitted(other));
        assert_eq!(
            found,
            [
                "/components/schemas/Error/properties/message/type: \"string\" in the source, \"integer\" emitted"
            ],
        );
        let found = differences(&source(&failed("4XX", "Other")), &emitted(said()));
        assert!(
            found.iter().any(|told| told.contains("schemas/Other")),
            "{found:?}"
        );
    }

    #[test]
    fn errors_that_dropshot_cannot_tell_are_not_compared() {
        let exact = format!("{}, {}", failed("404", "Other"), failed("default", "Other"));
        assert_eq!(
            differences(&source(&exact), &emitted(said())),
            Vec::<String>::new()
        );
        // It has one schema for both ranges.
        let two = format!("{}, {}", failed("4XX", "Error"), failed("5XX", "Other"));
        assert_eq!(
            differences(&source(&two), &emitted(said())),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_server_says_the_version_that_it_speaks() {
        let mut told = emitted(said());
        told["openapi"] = "3.1.0".into();
        let found = differences(&source(&failed("404", "Other")), &told);
        assert_eq!(
            found,
            ["/openapi: \"3.0.3\" in the source, \"3.1.0\" emitted"]
        );
    }
}
