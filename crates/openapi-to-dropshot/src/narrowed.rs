//! `allOf: [{$ref: CHOICE}]` beside a `type`: only the alternatives of that type are left, and the Rust type is as narrow.
//! typify would take the whole choice.

use crate::merged::is_said;
use openapi_document::{Document, draft};
use serde_json::{Value, json};

/// The schema whose `allOf` is what its `type` leaves of the one choice in it; `None` when it leaves all or none, or when an
/// alternative does not say its type.
pub(crate) fn narrowed(document: &Document, schema: &Value) -> Option<Value> {
    let kind = schema.get("type")?.as_str()?;
    let [part] = schema.get("allOf")?.as_array()?.as_slice() else {
        return None;
    };
    let choice = draft::resolved(document, part);
    let mut said = choice.as_object()?.keys();
    let word = ["oneOf", "anyOf"]
        .into_iter()
        .find(|word| choice.get(word).is_some())?;
    if said.any(|key| key != word && !is_said(key)) {
        return None;
    }
    let members = choice.get(word)?.as_array()?;
    let kinds: Option<Vec<Value>> = members
        .iter()
        .map(|member| draft::resolved(document, member).get("type").cloned())
        .collect();
    let kinds = kinds?;
    // A whole number is a number: what is left of such is not one of the alternatives.
    let is_number = |kind: &str| ["integer", "number"].contains(&kind);
    let differs = |other: &str| other != kind && is_number(other) && is_number(kind);
    if kinds.iter().filter_map(Value::as_str).any(differs) {
        return None;
    }
    let of_kind = members
        .iter()
        .zip(&kinds)
        .filter(|(_, other)| other.as_str() == Some(kind));
    let left: Vec<&Value> = of_kind.map(|(member, _)| member).collect();
    let left = match left.as_slice() {
        [] => return None,
        all if all.len() == members.len() => return None,
        [one] => (*one).clone(),
        several => json!({ word: several }),
    };
    let mut schema = schema.clone();
    schema["allOf"] = json!([left]);
    Some(schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_beside_a_choice_leaves_the_alternatives_of_that_type() {
        let text = "{openapi: 3.0.3, info: {title: T, version: 1.0.0}, paths: {}, components: {schemas: {\
                    Short: {type: string, maxLength: 2}, \
                    C: {description: D, oneOf: [{type: integer}, {$ref: '#/components/schemas/Short'}, {type: string, minLength: 5}]}, \
                    N: {oneOf: [{type: integer}, {type: number}]}, O: {anyOf: [{type: string}, {}]}}}}";
        let (document, found) = Document::examine("t.yaml", text);
        let document = document.unwrap_or_else(|| panic!("{found}"));
        let left = |name: &str, kind: &str| {
            let part = json!({ "$ref": format!("#/components/schemas/{name}") });
            let narrow = narrowed(&document, &json!({"type": kind, "allOf": [part]}))?;
            assert_eq!(narrow["type"], kind);
            Some(narrow["allOf"].clone())
        };
        assert_eq!(left("C", "integer"), Some(json!([{"type": "integer"}])));
        let texts = json!([{"oneOf": [{"$ref": "#/components/schemas/Short"}, {"type": "string", "minLength": 5}]}]);
        assert_eq!(left("C", "string"), Some(texts));
        for (name, kind) in [
            ("C", "boolean"),
            ("N", "integer"),
            ("O", "string"),
            ("Short", "string"),
        ] {
            assert_eq!(left(name, kind), None, "{name} {kind}");
        }
    }
}
