//! Strict decoding, from outside: one request schema against every class of hostile input, every keyword, properties.

mod combinations;
mod costs;
mod edges;
mod formats;
mod keywords;
mod parameters;
mod properties;
mod request;

use openapi_runtime::pattern;
use openapi_runtime::schema::{Property, Schema};
use openapi_runtime::strict::{Limits, Violations, check, decode};

/// The request of a documented operation, as generated code states it.
static REQUEST: Schema = Schema::object(&[
    Property::optional(
        "user",
        &Schema::string().min_length(1).max_length(253).printable(),
    ),
    Property::optional(
        "role",
        &Schema::string().min_length(1).max_length(63).printable(),
    ),
    Property::optional("ttl", &Schema::integer().minimum(1)),
    Property::optional("id", &ID),
])
.closed();

static ID: Schema = Schema::string()
    .min_length(1)
    .max_length(63)
    .pattern(pattern!("^[a-z]([-a-z0-9]*[a-z0-9])?$"));

/// The places and reasons of a refusal; nothing if the body is accepted.
fn refusals(body: impl AsRef<[u8]>, schema: &Schema) -> Vec<(String, &'static str)> {
    match decode(body.as_ref(), schema, Limits::DEFAULT) {
        Ok(_) => Vec::new(),
        Err(violations) => places(&violations),
    }
}

fn places(violations: &Violations) -> Vec<(String, &'static str)> {
    violations
        .iter()
        .map(|v| (v.pointer.clone(), v.reason))
        .collect()
}

/// Asserts that the schema accepts the first values and refuses each of the others for one reason, at the root.
#[track_caller]
fn assert_rule(schema: &Schema, accepted: &[&str], refused: &[(&str, &str)]) {
    for body in accepted {
        assert_eq!(refusals(body, schema), [], "{body}");
        // An answer of our own is judged alike.
        let value = serde_json::from_str(body).expect("a body that is JSON");
        assert!(check(&value, schema).is_ok(), "{body}");
    }
    for (body, reason) in refused {
        assert_eq!(refusals(body, schema), [(String::new(), *reason)], "{body}");
    }
}
