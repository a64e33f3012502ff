//! One object for an `allOf` of objects that bound the same member: a member that is at least 0 in one part and at most 10
//! in another is both. typify would take the last part's, and forget the others'.

use crate::{merged, within};
use openapi_document::{Document, draft};
use serde_json::{Map, Value, json};

/// The deepest that parts are looked into.
const DEPTH: usize = 8;

/// Joins such objects everywhere in `schema`.
pub(crate) fn join(document: &Document, schema: &mut Value) {
    if let Some(joined) = joined(document, schema) {
        *schema = joined;
    }
    within::each(schema, &mut |inner| join(document, inner));
}

/// The one object, if parts of the `allOf` share a member of which more is to be known than each of them says.
fn joined(document: &Document, schema: &Value) -> Option<Value> {
    schema.get("allOf")?;
    let mut object = Object::default();
    object.add(document, schema, true, DEPTH)?;
    let bounded = |schemas: &Vec<Value>| {
        let both = json!({ "allOf": schemas });
        schemas.len() > 1 && merged::merged(document, &both).is_some()
    };
    let shared = object.properties.iter().any(|(_, said)| bounded(said));
    shared.then(|| {
        let properties = object.properties.into_iter();
        let properties: Map<String, Value> = properties
            .map(|(name, mut said)| match said.pop() {
                Some(only) if said.is_empty() => (name, only),
                last => {
                    said.extend(last);
                    (name, json!({ "allOf": said }))
                }
            })
            .collect();
        let mut whole = object.said;
        whole.insert("type".to_owned(), "object".into());
        whole.insert("properties".to_owned(), properties.into());
        if !object.required.is_empty() {
            whole.insert("required".to_owned(), object.required.into());
        }
        whole.into()
    })
}

/// What the parts say together.
#[derive(Default)]
struct Object {
    /// By name, in order: what each part that has the member says of it.
    properties: Vec<(String, Vec<Value>)>,
    required: Vec<Value>,
    /// Words, and whether null is a value.
    said: Map<String, Value>,
}

impl Object {
    /// Adds what `schema` says; `None` if that is more than an open object with members. What is `own` is said of the
    /// place; what is said of a component is not.
    fn add(&mut self, document: &Document, schema: &Value, own: bool, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        if draft::reference(schema).is_some() {
            let meant = draft::resolved(document, schema);
            return self.add(document, &meant, false, depth);
        }
        for (key, value) in schema.as_object()? {
            match (key.as_str(), value) {
                ("allOf", Value::Array(parts)) => {
                    for part in parts {
                        self.add(
                            document,
                            part,
                            own && draft::reference(part).is_none(),
                            depth,
                        )?;
                    }
                }
                ("type", kind) if kind == "object" => {}
                // The count of members is the server's to check, and an open object holds others.
                ("minProperties" | "maxProperties", _)
                | ("additionalProperties", Value::Bool(true)) => {}
                ("additionalProperties", Value::Object(others)) if others.is_empty() => {}
                ("properties", Value::Object(properties)) => {
                    for (name, property) in properties {
                        match self.properties.iter_mut().find(|(known, _)| known == name) {
                            Some((_, said)) if said.contains(property) => {}
                            Some((_, said)) => said.push(property.clone()),
                            None => self.properties.push((name.clone(), vec![property.clone()])),
                        }
                    }
                }
                ("required", Value::Array(names)) => {
                    for name in names {
                        if !self.required.contains(name) {
                            self.required.push(name.clone());
                        }
                    }
                }
                (key, _) if key == "nullable" || merged::is_said(key) => {
                    if own {
                        self.said.entry(key).or_insert_with(|| value.clone());
                    }
                }
                _ => return None,
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Document {
        let text = "{openapi: 3.0.3, info: {title: T, version: 1.0.0}, paths: {}, components: {schemas: {\
                    Base: {type: object, description: B, required: [n], properties: {n: {type: integer, minimum: 0}, \
                    s: {type: string}}}, Closed: {type: object, additionalProperties: false, properties: {n: {type: integer, \
                    minimum: 0}}}}}}";
        let (document, found) = Document::examine("t.yaml", text);
        document.unwrap_or_else(|| panic!("{found}"))
    }

    fn part(name: &str) -> Value {
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    #[test]
    fn bounds_of_one_member_in_two_parts_both_hold() {
        let own = json!({"type": "object", "properties": {"n": {"type": "integer", "maximum": 10}, "t": {"type": "string"}}});
        let mut schema = json!({"description": "D", "allOf": [part("Base"), own]});
        join(&document(), &mut schema);
        merged::merge(&document(), &mut schema);
        assert_eq!(
            schema,
            json!({"description": "D", "type": "object", "properties": {
                "n": {"type": "integer", "minimum": 0, "exclusiveMinimum": false, "maximum": 10, "exclusiveMaximum": false},
                "s": {"type": "string"}, "t": {"type": "string"}}, "required": ["n"]}),
        );
    }

    #[test]
    fn what_shares_no_bounds_or_is_no_open_object_stays() {
        let text =
            json!({"type": "object", "properties": {"s": {"type": "string", "maxLength": 3}}});
        let number =
            json!({"type": "object", "properties": {"n": {"type": "integer", "maximum": 10}}});
        for schema in [
            json!({"allOf": [part("Base"), text]}),
            json!({"allOf": [part("Closed"), number]}),
            json!({"allOf": [part("Base")]}),
        ] {
            let mut same = schema.clone();
            join(&document(), &mut same);
            assert_eq!(same, schema);
        }
    }
}
