//! The rules of arrays and objects.

use std::collections::HashSet;
use std::fmt::Write;

use serde_json::{Map, Value};

use super::super::path::Path;
use super::super::reason;
use super::Checker;
use super::scalar::count;
use crate::schema::{Additional, ArrayRules, ObjectRules, integer};

/// Doubles from here on are written as they are: no integer is, and this is within what is told apart exactly.
const BEYOND: f64 = 1e38;

impl Checker {
    pub(super) fn array(&mut self, items: &[Value], rules: &ArrayRules, path: &Path<'_>) {
        let length = items.len();
        if let Some(least) = rules.min_items.filter(|least| length < *least) {
            let message = format!("must have at least {}", count(least, "item"));
            self.report(path, reason::TOO_FEW_ITEMS, Some(least.into()), message);
        }
        if let Some(greatest) = rules.max_items.filter(|greatest| length > *greatest) {
            let message = format!("must have at most {}", count(greatest, "item"));
            self.report(path, reason::TOO_MANY_ITEMS, Some(greatest.into()), message);
        }
        let mut seen = HashSet::new();
        for (index, item) in items.iter().enumerate() {
            if self.done() {
                return;
            }
            let path = Path::Item(path, index);
            self.check(item, rules.items, &path);
            if rules.unique_items {
                let mut canonical = String::new();
                write_canonical(item, &mut canonical);
                self.spend(canonical.len() / 16);
                if !seen.insert(canonical) {
                    let message = "must not equal an earlier item";
                    self.report(&path, reason::DUPLICATE_ITEM, None, message);
                }
            }
        }
    }

    pub(super) fn object(
        &mut self,
        members: &Map<String, Value>,
        rules: &ObjectRules,
        path: &Path<'_>,
    ) {
        let length = members.len();
        if let Some(least) = rules.min_properties.filter(|least| length < *least) {
            let message = format!("must have at least {}", count(least, "member"));
            self.report(path, reason::TOO_FEW_MEMBERS, Some(least.into()), message);
        }
        if let Some(greatest) = rules.max_properties.filter(|greatest| length > *greatest) {
            let message = format!("must have at most {}", count(greatest, "member"));
            let limit = Some(greatest.into());
            self.report(path, reason::TOO_MANY_MEMBERS, limit, message);
        }
        // In the order of the schema, since that of the members depends on how the map was built.
        let mut known = 0;
        self.spend(rules.properties.len() / 8);
        for property in rules.properties {
            let path = Path::Member(path, property.name);
            if let Some(value) = members.get(property.name) {
                known += 1;
                self.check(value, property.schema, &path);
            } else if property.required {
                self.report(&path, reason::MISSING_MEMBER, None, "must be given");
            }
        }
        if known < length {
            self.additional(members, rules, path);
        }
    }

    fn additional(&mut self, members: &Map<String, Value>, rules: &ObjectRules, path: &Path<'_>) {
        for (name, value) in members {
            self.spend(rules.properties.len() / 8);
            if self.done() {
                return;
            }
            if rules.properties.iter().any(|p| p.name == name) {
                continue;
            }
            let path = Path::Member(path, name);
            match rules.additional {
                Additional::Any => {}
                Additional::Of(schema) => self.check(value, schema, &path),
                Additional::Forbidden => {
                    let message = "is not a member that is known here";
                    self.report(&path, reason::UNKNOWN_MEMBER, None, message);
                }
            }
        }
    }
}

/// Writes the value so that equal values have equal texts: members sorted, numbers by value.
fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Number(number) => {
            // An integer that was written with a fraction or an exponent is still that integer.
            let whole = integer(number).or_else(|| {
                let n = number.as_f64()?;
                (n.fract() == 0.0 && n.abs() < BEYOND).then_some(n as i128)
            });
            // Writing to a string cannot fail.
            let _ = match whole {
                Some(n) => write!(out, "{n}"),
                None => write!(out, "{number}"),
            };
        }
        Value::Array(items) => {
            out.push('[');
            for item in items {
                write_canonical(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| *name);
            out.push('{');
            for (name, value) in sorted {
                let _ = write!(out, "{name:?}:");
                write_canonical(value, out);
                out.push(',');
            }
            out.push('}');
        }
        // Quoted, so that no string looks like another value.
        Value::String(string) => {
            let _ = write!(out, "{string:?}");
        }
        Value::Bool(_) | Value::Null => {
            let _ = write!(out, "{value}");
        }
    }
}
