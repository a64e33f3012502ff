//! What an author can do about an example or default that its schema refuses.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use openapi_document::closest;
use serde_json::Value;

/// How many values of an `enum` are named.
const MOST_NAMED: usize = 8;

/// What to do about it, if that can be said.
pub(crate) fn mend(error: &ValidationError<'_>) -> Option<String> {
    let value = error.instance();
    Some(match error.kind() {
        ValidationErrorKind::Minimum { limit } => {
            format!("write {limit} or more, or lower `minimum`")
        }
        ValidationErrorKind::Maximum { limit } => {
            format!("write {limit} or less, or raise `maximum`")
        }
        ValidationErrorKind::ExclusiveMinimum { limit } => {
            format!("write more than {limit}, or lower `minimum`")
        }
        ValidationErrorKind::ExclusiveMaximum { limit } => {
            format!("write less than {limit}, or raise `maximum`")
        }
        ValidationErrorKind::MultipleOf { multiple_of } => {
            format!("write a multiple of {multiple_of}")
        }
        ValidationErrorKind::MinLength { limit } => {
            format!(
                "write {} or more, or lower `minLength`",
                count(*limit, "character")
            )
        }
        ValidationErrorKind::MaxLength { limit } => {
            format!(
                "write {} or less, or raise `maxLength`",
                count(*limit, "character")
            )
        }
        ValidationErrorKind::MinItems { limit } => {
            format!(
                "write {} or more, or lower `minItems`",
                count(*limit, "item")
            )
        }
        ValidationErrorKind::MaxItems { limit } => {
            format!(
                "write {} or less, or raise `maxItems`",
                count(*limit, "item")
            )
        }
        ValidationErrorKind::MinProperties { limit } => {
            format!(
                "write {} or more, or lower `minProperties`",
                count(*limit, "member")
            )
        }
        ValidationErrorKind::MaxProperties { limit } => {
            format!(
                "write {} or less, or raise `maxProperties`",
                count(*limit, "member")
            )
        }
        ValidationErrorKind::UniqueItems => "write each item once".to_owned(),
        ValidationErrorKind::Enum { options } => listed(value, options.as_array()?),
        ValidationErrorKind::Pattern { .. } => {
            "write what the pattern matches, or mend the pattern".to_owned()
        }
        ValidationErrorKind::Format { format } if format == "uri" => {
            "did you mean `format: uri-reference`? It may be relative".to_owned()
        }
        ValidationErrorKind::Format { format } => format!("write it as `{format}` has it"),
        ValidationErrorKind::Required { property } => {
            format!("add {property}, or take it out of `required`")
        }
        ValidationErrorKind::Type { kind } => kind_of(value, kind),
        _ => return None,
    })
}

fn count(n: u64, what: &str) -> String {
    let end = if n == 1 { "" } else { "s" };
    format!("{n} {what}{end}")
}

fn listed(value: &Value, options: &[Value]) -> String {
    let texts = options.iter().filter_map(Value::as_str);
    if let Some(near) = value.as_str().and_then(|text| closest(text, texts)) {
        return format!("did you mean `{near}`?");
    }
    let named: Vec<String> = options
        .iter()
        .take(MOST_NAMED)
        .map(Value::to_string)
        .collect();
    let more = if options.len() > MOST_NAMED {
        ", ..."
    } else {
        ""
    };
    format!("write one of {}{more}", named.join(", "))
}

fn kind_of(value: &Value, kind: &TypeKind) -> String {
    let TypeKind::Single(kind) = kind else {
        return "write a value of its type".to_owned();
    };
    let kind = kind.to_string();
    match (kind.as_str(), value) {
        ("string", Value::Number(_) | Value::Bool(_)) => "put it in quotes".to_owned(),
        ("integer" | "number" | "boolean", Value::String(text))
            if serde_json::from_str::<Value>(text)
                .is_ok_and(|v| v.is_number() || v.is_boolean()) =>
        {
            "remove the quotes".to_owned()
        }
        ("integer", Value::Number(_)) => "write a whole number".to_owned(),
        (_, Value::Null) => format!("write a value of `{kind}`, or `nullable: true` in the schema"),
        _ => format!("write a value of `{kind}`"),
    }
}
