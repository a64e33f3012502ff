//! Validation of a value against a schema: types, enumerations and combinations here, the rules of scalars and of
//! containers in the modules below.

mod container;
mod scalar;

use serde_json::Value;

use super::path::Path;
use super::reason;
use super::violation::{Violation, Violations};
use crate::schema::{Kind, Literal, Schema};

/// How deep schemas may be applied within one another, values and references together: what the stack bears.
const MAX_NESTING: usize = 256;

/// Steps for each unit of the input's size. A schema with a hundred alternatives for each small object stays below it;
/// what does not is a recursive schema whose alternatives are tried over and over.
const STEPS_PER_UNIT: usize = 32;
const STEPS_AT_LEAST: usize = 10_000;

/// How many enumerated values a message names; more are only in the limit.
const MAX_NAMED: usize = 8;

/// Collects the violations of one value.
pub(super) struct Checker {
    found: Vec<Violation>,
    /// How many violations may be collected.
    capacity: usize,
    /// Whether there was one more than that: then nothing more needs to be looked at.
    overflown: bool,
    /// How many steps are left. None left: the value is refused, whatever is found.
    steps: usize,
    nesting: usize,
}

impl Checker {
    pub(super) fn new(value: &Value, capacity: usize) -> Self {
        Self {
            found: Vec::new(),
            capacity: capacity.max(1),
            overflown: false,
            steps: STEPS_AT_LEAST.saturating_add(STEPS_PER_UNIT.saturating_mul(size(value))),
            nesting: 0,
        }
    }

    /// The verdict, after the last check.
    pub(super) fn finish(self, path: &Path<'_>) -> Result<(), Violations> {
        if self.steps == 0 {
            // What was found on the way is not reliable: an alternative that was cut off seemed to accept.
            let message = "would take too long to be validated";
            let violation = Violation::new(path, reason::TOO_COMPLEX, None, message);
            return Err(violation.into());
        }
        if self.found.is_empty() {
            return Ok(());
        }
        Err(Violations::new(self.found, self.overflown))
    }

    /// Validates the value, and collects what is wrong.
    pub(super) fn check(&mut self, value: &Value, schema: &Schema, path: &Path<'_>) {
        self.spend(1);
        if self.nesting == MAX_NESTING {
            self.steps = 0;
        }
        if self.done() || (value.is_null() && schema.nullable) {
            return;
        }
        if let Some(wanted) = type_name(&schema.kind)
            && !has_type(value, &schema.kind)
        {
            return self.wrong_type(value, wanted, path);
        }
        self.nesting += 1;
        self.kind(value, &schema.kind, path);
        self.nesting -= 1;
        if !schema.literals.is_empty() && !schema.literals.iter().any(|l| l.equals(value)) {
            let permitted = schema.literals.iter().map(Literal::to_value).collect();
            self.not_in_enum(permitted, path);
        }
    }

    /// Applies the rules of the kind to a value of its type.
    fn kind(&mut self, value: &Value, kind: &Kind, path: &Path<'_>) {
        match (kind, value) {
            (Kind::Integer(rules), Value::Number(number)) => self.integer(number, rules, path),
            (Kind::Number(rules), Value::Number(number)) => self.number(number, rules, path),
            (Kind::String(rules), Value::String(string)) => self.string(string, rules, path),
            (Kind::Array(rules), Value::Array(items)) => self.array(items, rules, path),
            (Kind::Object(rules), Value::Object(members)) => self.object(members, rules, path),
            (Kind::Ref(target), _) => self.check(value, target, path),
            (Kind::AllOf(schemas), _) => {
                for schema in *schemas {
                    self.check(value, schema, path);
                }
            }
            (Kind::AnyOf(schemas), _) => self.any_of(value, schemas, path),
            (Kind::OneOf(schemas), _) => self.one_of(value, schemas, path),
            (Kind::Not(schema), _) => self.not(value, schema, path),
            // Any value, a boolean; other pairs were refused by their type.
            _ => {}
        }
    }

    fn any_of(&mut self, value: &Value, schemas: &[&Schema], path: &Path<'_>) {
        if !schemas.iter().any(|s| self.accepts(value, s, path)) {
            self.no_alternative(value, schemas, path);
        }
    }

    fn one_of(&mut self, value: &Value, schemas: &[&Schema], path: &Path<'_>) {
        let mut accepting = schemas.iter().filter(|s| self.accepts(value, s, path));
        match (accepting.next(), accepting.next()) {
            (Some(_), None) => {}
            (None, _) => self.no_alternative(value, schemas, path),
            (Some(_), Some(_)) => {
                let message = "must match only one of the permitted alternatives";
                self.report(path, reason::AMBIGUOUS, None, message);
            }
        }
    }

    fn not(&mut self, value: &Value, schema: &Schema, path: &Path<'_>) {
        if self.accepts(value, schema, path) {
            let message = "must not be what the schema excludes";
            self.report(path, reason::EXCLUDED_VALUE, None, message);
        }
    }

    /// Whether the schema accepts the value. Nothing is collected.
    fn accepts(&mut self, value: &Value, schema: &Schema, path: &Path<'_>) -> bool {
        let found = std::mem::take(&mut self.found);
        let capacity = std::mem::replace(&mut self.capacity, 0);
        let overflown = std::mem::replace(&mut self.overflown, false);
        self.check(value, schema, path);
        self.found = found;
        self.capacity = capacity;
        !std::mem::replace(&mut self.overflown, overflown)
    }

    /// No alternative accepts the value. If only one of them is of the value's type, that one was meant, and its
    /// violations say more.
    fn no_alternative(&mut self, value: &Value, schemas: &[&Schema], path: &Path<'_>) {
        let mut likely = schemas.iter().filter(|s| could_have_type(value, s));
        match (likely.next(), likely.next()) {
            (Some(meant), None) => self.check(value, meant, path),
            _ => {
                let message = "must match one of the permitted alternatives";
                self.report(path, reason::NO_ALTERNATIVE, None, message);
            }
        }
    }

    fn wrong_type(&mut self, value: &Value, wanted: &'static str, path: &Path<'_>) {
        let article = if wanted.starts_with(['a', 'i', 'o']) {
            "an"
        } else {
            "a"
        };
        let (reason, message) = if value.is_null() {
            let message = format!("must be {article} {wanted}, not null");
            (reason::NULL_NOT_ALLOWED, message)
        } else {
            (reason::WRONG_TYPE, format!("must be {article} {wanted}"))
        };
        self.report(path, reason, Some(wanted.into()), message);
    }

    fn not_in_enum(&mut self, permitted: Vec<Value>, path: &Path<'_>) {
        let message = if permitted.len() <= MAX_NAMED {
            let names: Vec<String> = permitted.iter().map(Value::to_string).collect();
            format!("must be one of {}", names.join(", "))
        } else {
            "must be one of the enumerated values".to_owned()
        };
        self.report(path, reason::NOT_IN_ENUM, Some(permitted.into()), message);
    }

    fn report(
        &mut self,
        path: &Path<'_>,
        reason: &'static str,
        limit: Option<Value>,
        message: impl Into<String>,
    ) {
        if self.found.len() >= self.capacity {
            self.overflown = true;
            return;
        }
        let violation = Violation::new(path, reason, limit, message);
        // Members of an `allOf` may say the same.
        if !self.found.contains(&violation) {
            self.found.push(violation);
        }
    }

    fn spend(&mut self, steps: usize) {
        self.steps = self.steps.saturating_sub(steps);
    }

    /// Whether the verdict cannot change any more.
    fn done(&self) -> bool {
        self.overflown || self.steps == 0
    }
}

/// The type that the kind wants; none if it is not one type.
fn type_name(kind: &Kind) -> Option<&'static str> {
    match kind {
        Kind::Boolean => Some("boolean"),
        Kind::Integer(_) => Some("integer"),
        Kind::Number(_) => Some("number"),
        Kind::String(_) => Some("string"),
        Kind::Array(_) => Some("array"),
        Kind::Object(_) => Some("object"),
        Kind::Any | Kind::AllOf(_) | Kind::OneOf(_) | Kind::AnyOf(_) | Kind::Not(_) => None,
        Kind::Ref(_) => None,
    }
}

/// Whether the value has the type that the kind wants. (Which numbers are integers is a rule of integers.)
fn has_type(value: &Value, kind: &Kind) -> bool {
    match kind {
        Kind::Boolean => value.is_boolean(),
        Kind::Integer(_) | Kind::Number(_) => value.is_number(),
        Kind::String(_) => value.is_string(),
        Kind::Array(_) => value.is_array(),
        Kind::Object(_) => value.is_object(),
        _ => true,
    }
}

/// The same through references; combinations could have any type.
fn could_have_type(value: &Value, mut schema: &Schema) -> bool {
    for _ in 0..MAX_NESTING {
        match schema.kind {
            Kind::Ref(target) => schema = target,
            kind => return has_type(value, &kind),
        }
    }
    true
}

/// The size of the input: its values, and the bytes of its strings and names.
fn size(value: &Value) -> usize {
    match value {
        Value::String(string) => 1 + string.len(),
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| 1 + name.len() + size(value);
            1 + members.iter().map(member).sum::<usize>()
        }
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_size_of_an_input_counts_its_values_and_the_bytes_of_its_texts_and_names() {
        let cases = [
            (json!(null), 1),
            (json!(12.5), 1),
            (json!(""), 1),
            (json!("é"), 3),
            (json!([]), 1),
            (json!([true, "ab"]), 1 + 1 + 3),
            (json!({"": 1}), 1 + 1 + 1),
            (
                json!({"ab": "xyz", "c": [null]}),
                1 + (1 + 2 + 4) + (1 + 1 + 2),
            ),
        ];
        for (value, expected) in cases {
            assert_eq!(size(&value), expected, "{value}");
        }
    }
}
