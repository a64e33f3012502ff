//! `discriminator`: which of several schemas a value has is said by one of its properties.
//!
//! Said in the words that every tool knows, each member of the `oneOf` holds for the values of the property that lead to it
//! and for no other.

use crate::draft;
use serde_json::{Map, Value, json};

/// Schemas that a property tells apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The property.
    pub property: String,
    /// The components, each with the values that lead to it, in the order of the document.
    pub members: Vec<(String, Vec<String>)>,
}

/// What the `discriminator` of `schema` tells apart, when every member of its `oneOf` or `anyOf` is a component.
pub fn told(schema: &Value) -> Option<Told> {
    let discriminator = schema.get("discriminator")?;
    let property = discriminator.get("propertyName")?.as_str()?.to_owned();
    let mapping = discriminator.get("mapping").and_then(Value::as_object);
    let listed = schema.get("oneOf").or(schema.get("anyOf"))?.as_array()?;
    let members = listed.iter().map(|member| {
        let name = draft::reference(member)?;
        let mapped = mapping.into_iter().flatten();
        let mut values: Vec<String> = mapped
            .filter(|(_, target)| target.as_str().is_some_and(|target| leads(target, &name)))
            .map(|(value, _)| value.clone())
            .collect();
        if values.is_empty() {
            values.push(name.clone());
        }
        Some((name, values))
    });
    let members = members.collect::<Option<_>>()?;
    Some(Told { property, members })
}

/// Whether the target of a mapping, a reference or a name, is the component `name`.
pub(crate) fn leads(target: &str, name: &str) -> bool {
    target == name || draft::reference(&json!({ "$ref": target })).as_deref() == Some(name)
}

/// Replaces the `discriminator` of a schema by what it means for each member.
pub(crate) fn spell_out(schema: &mut Map<String, Value>) {
    if !schema.contains_key("discriminator") {
        return;
    }
    let Some(told) = told(&Value::Object(schema.clone())) else {
        return;
    };
    let key = if schema.contains_key("oneOf") {
        "oneOf"
    } else {
        "anyOf"
    };
    let members = told.members.iter().map(|(name, values)| {
        let tag = json!({ "type": "string", "enum": values });
        json!({ "allOf": [
            { "$ref": format!("#/components/schemas/{}", crate::escape(name)) },
            { "type": "object", "required": [told.property], "properties": { told.property.clone(): tag } },
        ]})
    });
    schema.insert(key.to_owned(), members.collect());
    schema.remove("discriminator");
}

/// The schema with its `discriminator` said in words that every tool knows; what is inside it is as it was.
pub fn spelt_out(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Value::Object(object) = &mut schema {
        spell_out(object);
    }
    schema
}

/// As [`spell_out`], of every schema inside `value`.
pub(crate) fn spell_out_all(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if object.contains_key("discriminator") {
                spell_out(object);
            }
            object.values_mut().for_each(spell_out_all);
        }
        Value::Array(items) => items.iter_mut().for_each(spell_out_all),
        _ => {}
    }
}
