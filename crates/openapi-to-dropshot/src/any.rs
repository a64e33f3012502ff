//! `anyOf` as Rust has it. typify makes a struct of it whose parts are flattened, which no text, number or list can be, and in
//! which the first part takes what the others need as well.

use crate::within;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The deepest that references are followed.
const DEPTH: usize = 16;

/// The schemas of the document, by name.
pub(crate) type Components = BTreeMap<String, Value>;

/// What a value of a schema may be.
enum Kind {
    /// An object with such members.
    Object(BTreeSet<String>),
    /// Something else, or anything.
    Other,
}

/// Makes, everywhere in `schema`, `oneOf` of an `anyOf` with what is no object: the first that fits is the value. And of objects
/// that share members a map, which keeps all that any of them has; the server holds it against each of them in any case.
pub(crate) fn settle(components: &Components, schema: &mut Value) {
    let Value::Object(members) = schema else {
        return;
    };
    if let Some(Value::Array(alternatives)) = members.get("anyOf") {
        let kinds: Option<Vec<BTreeSet<String>>> = alternatives
            .iter()
            .map(|schema| match kind(components, schema, DEPTH) {
                Kind::Object(names) => Some(names),
                Kind::Other => None,
            })
            .collect();
        let alone = !members.contains_key("properties") && !members.contains_key("oneOf");
        match kinds {
            None if alone => {
                if let Some(alternatives) = members.remove("anyOf") {
                    members.insert("oneOf".to_owned(), alternatives);
                }
            }
            Some(kinds) if alone && share(&kinds) => {
                members.remove("anyOf");
                members.insert("type".to_owned(), "object".into());
                members.insert("additionalProperties".to_owned(), json!(true));
            }
            _ => {}
        }
    }
    within::each(schema, &mut |inner| settle(components, inner));
}

/// Whether two of them have a member of one name.
fn share(kinds: &[BTreeSet<String>]) -> bool {
    let mut all = BTreeSet::new();
    kinds.iter().flatten().any(|name| !all.insert(name))
}

fn kind(components: &Components, schema: &Value, depth: usize) -> Kind {
    let Some(depth) = depth.checked_sub(1) else {
        return Kind::Other;
    };
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap_or_default();
        let name = name.replace("~1", "/").replace("~0", "~");
        let target = components.get(&name);
        return target.map_or(Kind::Other, |target| kind(components, target, depth));
    }
    let nullable = schema.get("nullable") == Some(&Value::Bool(true));
    let mut names: BTreeSet<String> = schema
        .get("properties")
        .and_then(Value::as_object)
        .map(|properties| properties.keys().cloned().collect())
        .unwrap_or_default();
    let mut object =
        schema.get("type").and_then(Value::as_str) == Some("object") || !names.is_empty();
    let combined = ["allOf", "anyOf", "oneOf"].map(|key| schema.get(key).and_then(Value::as_array));
    for alternative in combined.into_iter().flatten().flatten() {
        match kind(components, alternative, depth) {
            Kind::Object(more) => {
                object = true;
                names.extend(more);
            }
            Kind::Other => return Kind::Other,
        }
    }
    if object && !nullable {
        Kind::Object(names)
    } else {
        Kind::Other
    }
}
