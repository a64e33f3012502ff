//! One object for an `allOf` of objects that bound the same member: a member that is at least 0 in one part and at most 10
//! in another is both. typify would take the last part's, and forget the others'.

use crate::merged;
use openapi_document::{Document, draft};
use serde_json::{Map, Value, json};

/// The deepest that parts are looked into.
const DEPTH: usize = 8;

/// The one object, if parts of the `allOf` share a member of which more is to be known than each of them says.
pub(crate) fn joined(document: &Document, schema: &Value) -> Option<Value> {
    let object = Object::of(document, schema)?;
    let shared = object.bounds_twice(
        document,
        &mut vec![schema.clone()],
        &mut vec![schema.clone()],
    );
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
        if is_nullable(document, schema, DEPTH) {
            whole.insert("nullable".to_owned(), true.into());
        }
        whole.insert("type".to_owned(), "object".into());
        whole.insert("properties".to_owned(), properties.into());
        if !object.required.is_empty() {
            whole.insert("required".to_owned(), object.required.into());
        }
        whole.into()
    })
}

/// Whether null is a value: the schema says so itself, or each of its parts does.
fn is_nullable(document: &Document, schema: &Value, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else {
        return false;
    };
    let meant = draft::resolved(document, schema);
    let parts = meant.get("allOf").and_then(Value::as_array);
    let alone = meant.get("type").is_none() && meant.get("properties").is_none();
    let all = |parts: &Vec<Value>| parts.iter().all(|part| is_nullable(document, part, depth));
    meant.get("nullable") == Some(&Value::Bool(true)) || alone && parts.is_some_and(all)
}

/// What the parts say together.
#[derive(Default)]
struct Object {
    /// By name, in order: what each part that has the member says of it.
    properties: Vec<(String, Vec<Value>)>,
    required: Vec<Value>,
    /// Words.
    said: Map<String, Value>,
}

impl Object {
    /// What the parts of the `allOf` say, if it is one of open objects.
    fn of(document: &Document, schema: &Value) -> Option<Object> {
        schema.get("allOf")?;
        let mut object = Object::default();
        object.add(document, schema, true, DEPTH)?;
        Some(object)
    }

    /// Whether a member is bounded by several parts, or has such a member; or holds what is `around` it, with which typify
    /// comes to no end. `seen` is what was looked into already.
    fn bounds_twice(
        &self,
        document: &Document,
        around: &mut Vec<Value>,
        seen: &mut Vec<Value>,
    ) -> bool {
        let several = self.properties.iter().filter(|(_, said)| said.len() > 1);
        let mut several = several.map(|(_, said)| json!({ "allOf": said }));
        several.any(|both| {
            if seen.contains(&both) {
                return around.contains(&both);
            }
            seen.push(both.clone());
            if merged::merged(document, &both).is_some() {
                return true;
            }
            let inner = Object::of(document, &both);
            around.push(both);
            let twice = inner.is_some_and(|object| object.bounds_twice(document, around, seen));
            around.pop();
            twice
        })
    }

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
                ("nullable", _) => {}
                (key, _) if merged::is_said(key) => {
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
    use crate::combined::combine;

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
        combine(&document(), &mut schema);
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
            combine(&document(), &mut same);
            assert_eq!(same, schema);
        }
    }
    #[test]
    fn null_is_a_value_where_the_whole_or_all_parts_say_so() {
        let part = |bound: &str, nullable: bool| {
            let n = json!({"type": "integer", bound: 5});
            json!({"type": "object", "nullable": nullable, "properties": {"n": n}})
        };
        for (one, other, whole, expected) in [
            (true, false, false, false),
            (true, true, false, true),
            (false, false, true, true),
        ] {
            let parts = [part("minimum", one), part("maximum", other)];
            let schema = json!({"nullable": whole, "allOf": parts});
            let object = joined(&document(), &schema).unwrap_or_default();
            assert_eq!(object["type"], "object");
            assert_eq!(object.get("nullable").is_some(), expected, "{schema}");
        }
    }
}
