//! Values that arrive as text: parameters of paths, queries and headers.

use serde_json::Value;

use super::path::Path;
use super::violation::{Violation, Violations};
use super::{Limits, parse, reason, validate};
use crate::schema::{Kind, Schema};

/// How many references are followed to find out which type a text is to be read as.
const MAX_HOPS: usize = 16;

/// Reads the text of a parameter as its schema wants it, and validates it.
///
/// Integers are plain decimal digits with `-` at most: no `+`, no leading zeros, no white space, no `-0`. Numbers are
/// written as in JSON, booleans `true` or `false`. Where the schema has alternatives, the first that accepts wins.
/// `name` is our own name of the parameter; it becomes the field of the violations.
///
/// # Errors
/// All violations, up to 16; the text itself is in none of them.
pub fn check_str(name: &str, text: &str, schema: &Schema) -> Result<Value, Violations> {
    let path = Path::Parameter(name);
    let value = read(text, schema, &path, 0)?;
    validate(&value, schema, &path, Limits::DEFAULT)?;
    Ok(value)
}

/// Reads a parameter that is a list, given as one text per item, and validates the whole: `schema` is that of the
/// array.
///
/// # Errors
/// All violations, up to 16; the texts themselves are in none of them.
pub fn check_list(name: &str, texts: &[&str], schema: &Schema) -> Result<Value, Violations> {
    let path = Path::Parameter(name);
    let items = items_of(schema);
    let mut list = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        list.push(match items {
            Some(items) => read(text, items, &Path::Item(&path, index), 0)?,
            None => Value::from(*text),
        });
    }
    let value = Value::Array(list);
    validate(&value, schema, &path, Limits::DEFAULT)?;
    Ok(value)
}

/// The schema of the items, if this is one of an array.
fn items_of(mut schema: &Schema) -> Option<&Schema> {
    for _ in 0..MAX_HOPS {
        match schema.kind {
            Kind::Array(rules) => return Some(rules.items),
            Kind::Ref(target) => schema = target,
            Kind::AllOf(&[target]) => schema = target,
            _ => return None,
        }
    }
    None
}

/// The text as a value of the type that the schema has. What cannot be read as text at all stays a string, and is
/// refused by the validation that follows.
fn read(text: &str, schema: &Schema, path: &Path<'_>, hops: usize) -> Result<Value, Violation> {
    if hops == MAX_HOPS {
        return Ok(Value::from(text));
    }
    match schema.kind {
        Kind::Integer(_) => integer(text, path),
        Kind::Number(_) => match parse::number(text, path) {
            Some(number) => number.map(Value::Number),
            None => Err(wrong_type(path, "number", "must be a number")),
        },
        Kind::Boolean => match text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(wrong_type(path, "boolean", "must be true or false")),
        },
        Kind::Ref(target) => read(text, target, path, hops + 1),
        Kind::AllOf(members) => {
            // Members without a type of their own read any text as a string: the one that knows better decides.
            for member in members {
                match read(text, member, path, hops + 1) {
                    Ok(Value::String(_)) => {}
                    read => return read,
                }
            }
            Ok(Value::from(text))
        }
        Kind::OneOf(members) | Kind::AnyOf(members) => {
            let limits = Limits {
                violations: 1,
                ..Limits::DEFAULT
            };
            for member in members {
                if let Ok(value) = read(text, member, path, hops + 1)
                    && validate(&value, member, path, limits).is_ok()
                {
                    return Ok(value);
                }
            }
            Ok(Value::from(text))
        }
        Kind::Any | Kind::String(_) | Kind::Array(_) | Kind::Object(_) | Kind::Not(_) => {
            Ok(Value::from(text))
        }
    }
}

fn integer(text: &str, path: &Path<'_>) -> Result<Value, Violation> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    match parse::number(text, path) {
        Some(number) if plain && text != "-0" => number.map(Value::Number),
        _ => {
            let message =
                "must be an integer in decimal digits, without spaces, `+` or leading zeros";
            Err(Violation::new(path, reason::NOT_AN_INTEGER, None, message))
        }
    }
}

fn wrong_type(path: &Path<'_>, wanted: &str, message: &str) -> Violation {
    Violation::new(path, reason::WRONG_TYPE, Some(wanted.into()), message)
}
