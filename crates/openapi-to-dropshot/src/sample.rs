//! A value for a schema: the document's own example where it has one, and otherwise the plainest that it allows.

use openapi_document::{Document, discriminator, draft};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The deepest that values are made up; what is deeper must have an example.
const DEPTH: usize = 12;

/// A value that `schema` allows. Texts with a pattern need an example.
pub(crate) fn sample(document: &Document, schema: &Value) -> Value {
    value(document, schema, DEPTH)
}

fn value(document: &Document, schema: &Value, depth: usize) -> Value {
    let made = part(document, schema, depth);
    let schema = &draft::resolved(document, schema);
    let given = ["example", "default", "enum"].map(|key| schema.get(key));
    let given = given.iter().any(Option::is_some);
    let nullable = schema.get("nullable") == Some(&Value::Bool(true));
    if depth > 0 && !given && !nullable && (made.is_null() || made.is_object()) {
        return Said::of(document, schema, depth).added(document, made, depth);
    }
    made
}

/// As [`value`], where others may say more of the same object.
fn part(document: &Document, schema: &Value, depth: usize) -> Value {
    let schema = &discriminator::spelt_out(&draft::resolved(document, schema));
    for key in ["example", "default"] {
        if let Some(given) = schema.get(key) {
            return given.clone();
        }
    }
    if let Some(first) = schema.get("enum").and_then(|values| values.get(0)) {
        return first.clone();
    }
    let nullable = schema.get("nullable") == Some(&Value::Bool(true));
    if depth == 0 || nullable {
        return Value::Null;
    }
    let members = |key: &str| schema.get(key).and_then(Value::as_array);
    let mut made = match (members("allOf"), members("oneOf").or(members("anyOf"))) {
        (Some(all), _) => {
            let values = all.iter().map(|member| part(document, member, depth - 1));
            values.reduce(merged).unwrap_or_default()
        }
        (None, Some(some)) => some
            .first()
            .map(|member| part(document, member, depth - 1))
            .unwrap_or_default(),
        (None, None) => Value::Null,
    };
    if let Some(own) = typed(document, schema, depth) {
        made = merged(made, own);
    }
    made
}

/// What a schema says of the members of an object, and what those say that apply to the same one: all of an `allOf`, and the
/// first of a choice.
#[derive(Default)]
struct Said {
    properties: Map<String, Value>,
    /// The properties that several describe.
    joint: BTreeSet<String>,
    required: BTreeSet<String>,
}

impl Said {
    fn of(document: &Document, schema: &Value, depth: usize) -> Said {
        let mut said = Said::default();
        said.add(document, schema, depth);
        said
    }

    fn add(&mut self, document: &Document, schema: &Value, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        let schema = &discriminator::spelt_out(&draft::resolved(document, schema));
        let members = |key: &str| schema.get(key).and_then(Value::as_array);
        let all = members("allOf").into_iter().flatten();
        let first = ["oneOf", "anyOf"].map(|key| members(key).and_then(|some| some.first()));
        for member in all.chain(first.into_iter().flatten()) {
            self.add(document, member, depth);
        }
        let own = schema.get("properties").and_then(Value::as_object);
        for (name, property) in own.into_iter().flatten() {
            match self.properties.get_mut(name) {
                Some(before) if before != property => {
                    *before = json!({ "allOf": [before.take(), property] });
                    self.joint.insert(name.clone());
                }
                _ => {
                    self.properties.insert(name.clone(), property.clone());
                }
            }
        }
        let required = members("required").into_iter().flatten();
        let required = required.filter_map(Value::as_str).map(str::to_owned);
        self.required.extend(required);
    }

    /// The value with every member that must be there, and with those that several describe as all of them do.
    fn added(&self, document: &Document, made: Value, depth: usize) -> Value {
        let (mut object, was_object) = match made {
            Value::Object(object) => (object, true),
            other if self.required.is_empty() => return other,
            _ => (Map::new(), false),
        };
        for name in &self.required {
            let property = self.properties.get(name);
            // A part that demands it may not have described it.
            let lacks = object
                .get(name)
                .is_none_or(|made| made.is_null() && property.is_some());
            if lacks {
                let made = property.map(|property| value(document, property, depth - 1));
                object.insert(name.clone(), made.unwrap_or_default());
            }
        }
        for name in self.joint.iter().filter(|_| was_object) {
            if let (Some(member), Some(property)) =
                (object.get_mut(name), self.properties.get(name))
            {
                *member = value(document, property, depth - 1);
            }
        }
        object.into()
    }
}

/// Both objects in one; or the second, if they are none.
fn merged(first: Value, second: Value) -> Value {
    match (first, second) {
        (Value::Object(mut first), Value::Object(second)) => {
            first.extend(second);
            Value::Object(first)
        }
        (_, second) => second,
    }
}

fn typed(document: &Document, schema: &Value, depth: usize) -> Option<Value> {
    let count = |key: &str| {
        let count = schema.get(key).and_then(Value::as_u64).unwrap_or_default();
        usize::try_from(count).unwrap_or_default()
    };
    let flag = |key: &str| schema.get(key) == Some(&Value::Bool(true));
    Some(match schema.get("type").and_then(Value::as_str)? {
        "boolean" => true.into(),
        "integer" => {
            let bound = |key: &str| schema.get(key).and_then(Value::as_i64);
            let low = bound("minimum").map(|n| n + i64::from(flag("exclusiveMinimum")));
            let high = bound("maximum").map(|n| n - i64::from(flag("exclusiveMaximum")));
            let plain = low.or(high.map(|high| high.min(0))).unwrap_or(0);
            let step = bound("multipleOf").filter(|step| *step > 1).unwrap_or(1);
            let over = plain.rem_euclid(step);
            // Up where a minimum is, and down from a maximum.
            let up = over > 0 && low.is_some();
            (plain - over + if up { step } else { 0 }).into()
        }
        "number" => {
            let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
            let middle = match (bound("minimum"), bound("maximum")) {
                (Some(low), Some(high)) => (low + high) / 2.0,
                (Some(low), None) => low + 1.0,
                (None, Some(high)) => high - 1.0,
                (None, None) => 0.5,
            };
            match bound("multipleOf").filter(|step| *step > 0.0) {
                Some(step) => json!((middle / step).round() * step),
                None => json!(middle),
            }
        }
        "string" => text(schema, count("minLength")).into(),
        "array" => {
            let item = schema.get("items").cloned().unwrap_or_else(|| json!({}));
            let item_schema = &item;
            let item = value(document, item_schema, depth - 1);
            let mut items = vec![item; count("minItems")];
            if flag("uniqueItems") {
                differ(&draft::resolved(document, item_schema), &mut items);
            }
            items.into()
        }
        "object" => {
            let names = schema.get("required").and_then(Value::as_array);
            let mut object = Map::new();
            for name in names.into_iter().flatten().filter_map(Value::as_str) {
                let property = schema.get("properties").and_then(|p| p.get(name));
                let property = property.cloned().unwrap_or_else(|| json!({}));
                object.insert(name.to_owned(), value(document, &property, depth - 1));
            }
            let least = count("minProperties");
            let declared = schema.get("properties").and_then(Value::as_object);
            for (name, property) in declared.into_iter().flatten() {
                if object.len() < least && !object.contains_key(name) {
                    object.insert(name.clone(), value(document, property, depth - 1));
                }
            }
            let others = schema.get("additionalProperties");
            if others != Some(&Value::Bool(false)) {
                let others = others.filter(|schema| schema.is_object()).cloned();
                let others = others.unwrap_or_else(|| json!({}));
                for number in object.len()..least {
                    let other = value(document, &others, depth - 1);
                    object.insert(format!("member{number}"), other);
                }
            }
            object.into()
        }
        _ => return None,
    })
}

/// Makes items differ, where it is plain how: the values of an enum, numbers, and texts without a format.
fn differ(schema: &Value, items: &mut [Value]) {
    let listed = schema.get("enum").and_then(Value::as_array);
    let step = schema.get("multipleOf").and_then(Value::as_i64);
    for (at, item) in items.iter_mut().enumerate().skip(1) {
        let number = item.as_i64();
        *item = match (listed, number, &*item) {
            (Some(listed), ..) => listed.get(at).cloned().unwrap_or_default(),
            (None, Some(number), _) => (number + at as i64 * step.unwrap_or(1)).into(),
            (None, None, Value::Number(number)) => {
                json!(number.as_f64().unwrap_or_default() + at as f64)
            }
            (None, None, Value::String(text)) if schema.get("format").is_none() => {
                format!("{text}{}", "a".repeat(at)).into()
            }
            (None, None, other) => other.clone(),
        };
    }
}

fn text(schema: &Value, least: usize) -> String {
    match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => "2026-01-02T03:04:05Z".to_owned(),
        Some("date") => "2026-01-02".to_owned(),
        Some("uuid") => "0f8fad5b-d9cb-469f-a165-70867728950e".to_owned(),
        Some("uri") => "https://example.com/a".to_owned(),
        Some("uri-reference") => "/a".to_owned(),
        Some("email") => "a@example.com".to_owned(),
        Some("hostname") => "example.com".to_owned(),
        Some("ipv4" | "ip") => "192.0.2.1".to_owned(),
        Some("ipv6") => "2001:db8::1".to_owned(),
        Some("byte") => "YQ==".to_owned(),
        _ => "a".repeat(least.max(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_parts_ask_of_an_object_is_there() {
        let text = "{openapi: 3.0.3, info: {title: T, version: 1.0.0}, paths: {}, components: {schemas: {\
                    Base: {type: object, required: [kind], properties: {kind: {type: string}, size: {type: integer, minimum: 2}}}}}}";
        let (document, found) = Document::examine("t.yaml", text);
        let document = document.unwrap_or_else(|| panic!("{found}"));
        let base = json!({"$ref": "#/components/schemas/Base"});
        let named = json!({"a": {"type": "integer"}, "b": {"type": "boolean"}});
        for (schema, expected) in [
            (
                json!({"type": "object", "properties": named, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}),
                json!({"a": 0}),
            ),
            (
                json!({"properties": named, "oneOf": [{"required": ["b"]}, {"required": ["a"]}]}),
                json!({"b": true}),
            ),
            (
                json!({"allOf": [base, {"properties": {"kind": {"enum": ["x"]}}}]}),
                json!({"kind": "x"}),
            ),
            (
                json!({"allOf": [base, {"required": ["size"]}]}),
                json!({"kind": "a", "size": 2}),
            ),
            // What has an example has that.
            (
                json!({"allOf": [base, {"type": "object", "example": {"kind": "e", "more": 1}}]}),
                json!({"kind": "e", "more": 1}),
            ),
            (
                json!({"allOf": [base, {"required": ["size"]}], "example": {"size": 7}}),
                json!({"size": 7}),
            ),
            (
                json!({"nullable": true, "allOf": [base, {"required": ["size"]}]}),
                json!(null),
            ),
            (json!({"oneOf": [{"type": "string"}, base]}), json!("a")),
            (json!({"description": "any"}), json!(null)),
        ] {
            assert_eq!(sample(&document, &schema), expected, "{schema}");
        }
    }
}
