//! Named schemas that allow null: `Thing` holds a `ThingValue` or nothing, where one type cannot be both.

use crate::names;
use crate::own::Own;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The name and schema of what the nullable component `name` holds when it is not null, if that must be a type of its own:
/// when the value is a type that is made here, or when typify called both the same (`unclear`).
pub(crate) fn value(
    name: &str,
    schema: &Value,
    unclear: &BTreeSet<String>,
    taken: &dyn Fn(&str) -> bool,
) -> Option<(String, Value)> {
    if schema.get("nullable") != Some(&Value::Bool(true)) {
        return None;
    }
    let camel = names::camel(name);
    let called = format!("{camel}Value");
    let numbered = (2..).map(|number| format!("{called}{number}"));
    let mut free = std::iter::once(called.clone()).chain(numbered);
    let called = free.find(|name| !taken(name) && !unclear.contains(name))?;
    let mut inner = schema.clone();
    let members = inner.as_object_mut()?;
    members.remove("nullable");
    if members.get("default") == Some(&Value::Null) {
        members.remove("default");
    }
    if let Some(Value::Array(values)) = members.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    let needed = unclear.contains(&camel) || Own::of(&called, &inner).is_some();
    needed.then_some((called, inner))
}

/// The schema of the component, which holds the component `value` or null.
pub(crate) fn or_null(value: &str) -> Value {
    json!({ "nullable": true, "allOf": [{ "$ref": format!("#/components/schemas/{value}") }] })
}
