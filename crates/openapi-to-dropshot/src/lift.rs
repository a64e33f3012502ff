//! Takes the types that are made here out of the schemas that typify makes types of.

use crate::names;
use crate::own::Own;
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// The types that were taken out.
#[derive(Default)]
pub(crate) struct Lifted {
    types: Vec<Own>,
    /// What they are called in Rust, where `XH` is `Xh`.
    called: HashSet<String>,
}

impl Lifted {
    /// The types, in the order of the document.
    pub(crate) fn into_types(self) -> Vec<Own> {
        self.types
    }
}

/// Takes them out of the properties, items, values and alternatives of `schema`, which is called `name`, leaves references
/// and notes each.
pub(crate) fn lift(
    name: &str,
    schema: &mut Value,
    taken: &dyn Fn(&str) -> bool,
    lifted: &mut Lifted,
) {
    let Value::Object(object) = schema else {
        return;
    };
    let mut within = |suffix: &str, schema: &mut Value| {
        // What is a component already stays one.
        if schema.get("$ref").is_some() {
            return;
        }
        let name = names::camel(&format!("{name}-{suffix}"));
        place(&name, schema, taken, lifted);
    };
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        for (property, schema) in properties.iter_mut() {
            within(property, schema);
        }
    }
    for (key, suffix) in [("items", "item"), ("additionalProperties", "value")] {
        if let Some(schema) = object.get_mut(key) {
            within(suffix, schema);
        }
    }
    for key in ["anyOf", "oneOf"] {
        let Some(Value::Array(schemas)) = object.get_mut(key) else {
            continue;
        };
        for schema in schemas {
            let Some(kind) = alternative(name, schema) else {
                lift(name, schema, taken, lifted);
                continue;
            };
            place(&format!("{name}{kind}"), schema, taken, lifted);
            match schema.get("allOf").and_then(|all| all.get(0)) {
                // typify tells members of `anyOf` apart when they are nothing but references.
                Some(reference) if key == "anyOf" => *schema = reference.clone(),
                Some(_) => schema["title"] = kind.into(),
                None => {}
            }
        }
    }
    if let Some(Value::Array(schemas)) = object.get_mut("allOf") {
        schemas
            .iter_mut()
            .for_each(|schema| lift(name, schema, taken, lifted));
    }
}

/// What typify calls an alternative of values that are made here, and not objects; none of others.
fn alternative(name: &str, schema: &Value) -> Option<String> {
    let own = Own::beside_null(name, schema)?;
    if matches!(own, Own::Tagged(_) | Own::Namesake(_)) {
        return None;
    }
    let text = |key: &str| schema.get(key).and_then(Value::as_str);
    let called = text("title").or(text("format")).or(text("type"))?;
    Some(names::camel(called))
}

/// As [`lift`], of a place that `schema` is in: all of it may be taken out.
fn place(name: &str, schema: &mut Value, taken: &dyn Fn(&str) -> bool, lifted: &mut Lifted) {
    let Some(own) = Own::beside_null(name, schema) else {
        lift(name, schema, taken, lifted);
        return;
    };
    let used =
        |name: &str| taken(&names::camel(name)) || lifted.called.contains(&names::type_name(name));
    let mut numbered = (2..).map(|n| format!("{name}{n}"));
    let free = if used(name) {
        numbered.find(|name| !used(name))
    } else {
        None
    };
    let own = match free {
        Some(free) => own.called(free),
        None => own,
    };
    let reference = json!({ "$ref": format!("#/components/schemas/{}", own.name()) });
    let mut replaced = Map::new();
    for key in ["description", "default"] {
        if let Some(value) = schema.get(key) {
            replaced.insert(key.to_owned(), value.clone());
        }
    }
    // What is said of the place is said of the type or null, not of the type alone.
    if schema.get("nullable") == Some(&Value::Bool(true)) {
        replaced.insert("oneOf".to_owned(), json!([reference, { "enum": [null] }]));
    } else {
        replaced.insert("allOf".to_owned(), json!([reference]));
    }
    *schema = Value::Object(replaced);
    note(own, taken, lifted);
}

/// Notes the type, and what is to be taken out of what it holds.
pub(crate) fn note(own: Own, taken: &dyn Fn(&str) -> bool, lifted: &mut Lifted) {
    let at = lifted.types.len();
    lifted.called.insert(own.rust_name());
    lifted.types.push(own);
    let Some(Own::Counted(counted)) = lifted.types.get_mut(at) else {
        return;
    };
    let (name, mut plain) = (counted.name.clone(), std::mem::take(&mut counted.plain));
    lift(&name, &mut plain, taken, lifted);
    if let Some(Own::Counted(counted)) = lifted.types.get_mut(at) {
        counted.plain = plain;
    }
}
