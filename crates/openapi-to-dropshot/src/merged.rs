//! One schema for an `allOf` of bounds: `allOf: [{$ref: Percent}, {maximum: 50}]` is an integer from 0 to 50, and its type
//! must be as narrow; so is `allOf: [{type: boolean}, {enum: [true]}]` of the one boolean. typify would merge the members
//! too, and forget their bounds.

use openapi_document::{Document, draft};
use serde_json::{Map, Value, json};
use std::cmp::Ordering;

/// The deepest that members are looked into.
const DEPTH: usize = 8;

/// Keywords that only say something of the value.
const SAID: [&str; 9] = [
    "title",
    "description",
    "default",
    "example",
    "deprecated",
    "readOnly",
    "writeOnly",
    "externalDocs",
    "xml",
];

/// Keywords that hold once, whoever says them.
const ONCE: [&str; 4] = ["type", "format", "items", "additionalProperties"];

/// The one schema for `schema`, if that is an `allOf` of bounds of one type, and more than another name of a schema.
pub(crate) fn merged(document: &Document, schema: &Value) -> Option<Value> {
    schema.get("allOf")?;
    let mut alone = schema.clone();
    let null = alone.as_object_mut()?.remove("nullable");
    let mut whole = Map::new();
    let constraining = add(document, &alone, &mut whole, DEPTH)?;
    let kind = whole.get("type").and_then(Value::as_str)?;
    let listed = whole.contains_key("enum");
    let known = match kind {
        "boolean" => listed,
        "integer" | "number" | "array" | "object" => !listed,
        _ => false,
    };
    let integer = kind == "integer";
    let bounded = listed || constraining.joint || whole.keys().any(|key| is_bound(key));
    if !known || constraining.is_reference() || !bounded {
        return None;
    }
    if integer {
        for key in ["minimum", "maximum", "multipleOf"] {
            let whole_number = whole.get(key).map(whole_number);
            if let Some(number) = whole_number {
                whole.insert(key.to_owned(), number?);
            }
        }
    }
    whole.extend(null.map(|null| ("nullable".to_owned(), null)));
    Some(whole.into())
}

/// How many schemas constrain the values.
#[derive(Default)]
struct Constraining {
    references: usize,
    inline: usize,
    /// Whether several say something of the items, or of a map's values.
    joint: bool,
}

impl Constraining {
    /// Whether all that is said is said by one named schema.
    fn is_reference(&self) -> bool {
        self.inline == 0 && self.references < 2
    }
}

/// Adds what `schema` says to `whole`, and gives who constrains the values; `None` when something is said that one schema
/// cannot say.
fn add(
    document: &Document,
    schema: &Value,
    whole: &mut Map<String, Value>,
    depth: usize,
) -> Option<Constraining> {
    let mut constraining = Constraining::default();
    let mut constrains = false;
    for (key, value) in schema.as_object()? {
        let key = key.as_str();
        if key == "allOf" {
            for member in value.as_array()? {
                let depth = depth.checked_sub(1)?;
                if draft::reference(member).is_none() {
                    let inner = add(document, member, whole, depth)?;
                    constraining.references += inner.references;
                    constraining.inline += inner.inline;
                    constraining.joint |= inner.joint;
                    continue;
                }
                let mut meant = draft::resolved(document, member);
                // What is said of the component is not said of this place.
                let members = meant.as_object_mut()?;
                for key in SAID {
                    members.remove(key);
                }
                constraining.joint |= add(document, &meant, whole, depth)?.joint;
                constraining.references += 1;
            }
        } else if is_said(key) {
            whole.entry(key).or_insert_with(|| value.clone());
        } else if ONCE.contains(&key) {
            constrains = true;
            let before = whole.entry(key).or_insert_with(|| value.clone());
            if before != value {
                // Items are as all of them say.
                let schemas = before.is_object() && value.is_object();
                if !schemas {
                    return None;
                }
                *before = json!({ "allOf": [before.take(), value] });
                constraining.joint = true;
            }
        } else if is_bound(key) {
            constrains = true;
        } else if key == "enum" && value.as_array()?.iter().all(Value::is_boolean) {
            constrains = true;
            let listed = whole.entry(key).or_insert_with(|| value.clone());
            let both = listed.as_array_mut()?;
            both.retain(|listed| {
                value
                    .as_array()
                    .is_some_and(|values| values.contains(listed))
            });
            if both.is_empty() {
                return None;
            }
        } else {
            return None;
        }
    }
    for (bound, exclusive, tighter) in [
        ("minimum", "exclusiveMinimum", Ordering::Greater),
        ("maximum", "exclusiveMaximum", Ordering::Less),
        ("minItems", "", Ordering::Greater),
        ("maxItems", "", Ordering::Less),
        ("minProperties", "", Ordering::Greater),
        ("maxProperties", "", Ordering::Less),
    ] {
        let Some(value) = schema.get(bound) else {
            continue;
        };
        let flag = schema.get(exclusive).cloned().unwrap_or(Value::Bool(false));
        let order = match whole.get(bound) {
            Some(before) => compare(value, before)?,
            None => tighter,
        };
        if order == tighter || (order == Ordering::Equal && flag == Value::Bool(true)) {
            whole.insert(bound.to_owned(), value.clone());
            if !exclusive.is_empty() {
                whole.insert(exclusive.to_owned(), flag);
            }
        }
    }
    if let Some(step) = schema.get("multipleOf") {
        let step = match whole.get("multipleOf") {
            Some(before) if before != step => common_multiple(before, step)?,
            _ => step.clone(),
        };
        whole.insert("multipleOf".to_owned(), step);
    }
    if schema.get("uniqueItems") == Some(&Value::Bool(true)) {
        whole.insert("uniqueItems".to_owned(), Value::Bool(true));
    }
    constraining.inline += usize::from(constrains);
    Some(constraining)
}

/// Whether the keyword only says something of the value.
pub(crate) fn is_said(key: &str) -> bool {
    SAID.contains(&key) || key.starts_with("x-")
}

/// The least number of which both are divisors: 1.2 of 0.4 and 0.6. None when doubles do not have it.
fn common_multiple(one: &Value, other: &Value) -> Option<Value> {
    let (one, other) = (one.as_f64()?, other.as_f64()?);
    let scales = (0..10).map(|places| 10f64.powi(places));
    scales.into_iter().find_map(|scale| {
        let whole = |number: f64| {
            let scaled = (number * scale).round();
            let exact = scaled / scale == number && (1.0..9e15).contains(&scaled);
            exact.then_some(scaled as u64)
        };
        let (one, other) = (whole(one)?, whole(other)?);
        let (mut divisor, mut rest) = (one, other);
        while rest > 0 {
            (divisor, rest) = (rest, divisor % rest);
        }
        let multiple = (one / divisor).checked_mul(other)? as f64 / scale;
        let whole = multiple.fract() == 0.0 && multiple < 9e15;
        Some(if whole {
            (multiple as i64).into()
        } else {
            multiple.into()
        })
    })
}

/// What a schema without a type says of integers is read as a double.
fn whole_number(number: &Value) -> Option<Value> {
    if number.is_i64() || number.is_u64() {
        return Some(number.clone());
    }
    let double = number.as_f64()?;
    // Beyond that, a double is no longer the integer that was written.
    let exact = double.fract() == 0.0 && double.abs() < 9e15;
    exact.then(|| (double as i64).into())
}

fn is_bound(key: &str) -> bool {
    [
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
    ]
    .contains(&key)
}

fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    match (one.as_i64(), other.as_i64()) {
        (Some(one), Some(other)) => Some(one.cmp(&other)),
        _ => one.as_f64()?.partial_cmp(&other.as_f64()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combined::combine;

    fn document() -> Document {
        let text = "{openapi: 3.0.3, info: {title: T, version: 1.0.0}, paths: {}, components: {schemas: {\
                    Percent: {type: integer, description: P, default: 9, minimum: 0, maximum: 100}, \
                    Names: {type: array, items: {type: string}, minItems: 1}, Text: {type: string}}}}";
        let (document, found) = Document::examine("t.yaml", text);
        document.unwrap_or_else(|| panic!("{found}"))
    }

    fn merged_to(schema: Value) -> Value {
        let mut merged = schema;
        combine(&document(), &mut merged);
        merged
    }

    #[test]
    fn the_tightest_bounds_of_all_members_hold() {
        let percent = json!({"$ref": "#/components/schemas/Percent"});
        assert_eq!(
            merged_to(json!({"description": "D", "maximum": 50.0, "allOf": [percent]})),
            json!({"description": "D", "type": "integer", "minimum": 0, "exclusiveMinimum": false,
                "maximum": 50, "exclusiveMaximum": false}),
        );
        assert_eq!(
            merged_to(
                json!({"properties": {"p": {"allOf": [percent, {"minimum": 0, "exclusiveMinimum": true}, {"multipleOf": 5}]}}})
            ),
            json!({"properties": {"p": {"type": "integer", "minimum": 0, "exclusiveMinimum": true,
                "maximum": 100, "exclusiveMaximum": false, "multipleOf": 5}}}),
        );
        assert_eq!(
            merged_to(json!({"nullable": true, "allOf": [{"type": "number", "maximum": 1}]})),
            json!({"nullable": true, "type": "number", "maximum": 1, "exclusiveMaximum": false}),
        );
        for (steps, both) in [
            ([json!(0.4), json!(0.6)], json!(1.2)),
            ([json!(2), json!(3)], json!(6)),
            ([json!(0.5), json!(0.25)], json!(0.5)),
        ] {
            let [one, other] = steps;
            assert_eq!(
                merged_to(
                    json!({"allOf": [{"type": "number", "multipleOf": one}, {"multipleOf": other}]})
                ),
                json!({"type": "number", "multipleOf": both}),
            );
        }
        let names = json!({"$ref": "#/components/schemas/Names"});
        assert_eq!(
            merged_to(json!({"allOf": [names, {"maxItems": 3, "uniqueItems": true}]})),
            json!({"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 3, "uniqueItems": true}),
        );
        let names =
            json!({"type": "array", "minItems": 1, "items": {"type": "number", "minimum": 1}});
        assert_eq!(
            merged_to(json!({"allOf": [names, {"type": "array", "items": {"maximum": 2}}]})),
            json!({"type": "array", "minItems": 1, "items": {"type": "number", "minimum": 1, "exclusiveMinimum": false,
                "maximum": 2, "exclusiveMaximum": false}}),
        );
        let integers =
            |bound: &str| json!({"type": "array", "items": {"type": "integer", bound: 5}});
        assert_eq!(
            merged_to(json!({"allOf": [integers("minimum"), integers("maximum")]})),
            json!({"type": "array", "items": {"type": "integer", "minimum": 5, "exclusiveMinimum": false,
                "maximum": 5, "exclusiveMaximum": false}}),
        );
    }

    #[test]
    fn what_is_only_another_name_or_more_than_bounds_stays() {
        let percent = json!({"$ref": "#/components/schemas/Percent"});
        for schema in [
            json!({"description": "D", "default": 3, "allOf": [percent]}),
            json!({"allOf": [percent, {"nullable": true}]}),
            json!({"allOf": [{"type": "number", "multipleOf": 0.1}, {"multipleOf": 1e-300}]}),
            json!({"allOf": [percent, {"$ref": "#/components/schemas/Text"}]}),
            json!({"allOf": [{"type": "object", "properties": {"a": {}}}, {"minProperties": 1}]}),
        ] {
            assert_eq!(merged_to(schema.clone()), schema);
        }
    }
}
