//! JSON literals for constants: the members of an `enum`.

use serde_json::Value;

/// A JSON value that can be written in a constant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Literal {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without fraction and exponent.
    Integer(i128),
    /// Any other number.
    Number(f64),
    /// A string.
    String(&'static str),
    /// An array.
    Array(&'static [Literal]),
    /// An object; names occur once.
    Object(&'static [(&'static str, Literal)]),
}

impl Literal {
    /// Whether the value equals this literal. Numbers are compared by value (`1` equals `1.0`), members of objects
    /// without regard to their order.
    #[must_use]
    pub fn equals(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Null, Value::Null) => true,
            (Self::Bool(a), Value::Bool(b)) => a == b,
            (Self::String(a), Value::String(b)) => a == b,
            (Self::Integer(a), Value::Number(b)) => match integer(b) {
                Some(b) => *a == b,
                None => b.as_f64() == Some(*a as f64),
            },
            (Self::Number(a), Value::Number(b)) => b.as_f64() == Some(*a),
            (Self::Array(a), Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.equals(b))
            }
            (Self::Object(a), Value::Object(b)) => {
                a.len() == b.len()
                    && a.iter()
                        .all(|(name, a)| b.get(*name).is_some_and(|b| a.equals(b)))
            }
            _ => false,
        }
    }

    /// The same as a value; a number that JSON cannot hold becomes `null`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(*b),
            Self::Integer(n) => integer_value(*n),
            Self::Number(n) => Value::from(*n),
            Self::String(s) => Value::from(*s),
            Self::Array(items) => items.iter().map(Self::to_value).collect(),
            Self::Object(members) => members
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.to_value()))
                .collect(),
        }
    }
}

/// The number as an integer, if it was written as one and fits 64 bits.
pub(crate) fn integer(number: &serde_json::Number) -> Option<i128> {
    number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from))
}

/// The integer as a value: exact within 64 bits, and the nearest double beyond.
pub(crate) fn integer_value(n: i128) -> Value {
    if let Ok(n) = i64::try_from(n) {
        Value::from(n)
    } else if let Ok(n) = u64::try_from(n) {
        Value::from(n)
    } else {
        Value::from(n as f64)
    }
}
