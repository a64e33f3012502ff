//! Error bodies of any schema: what went wrong, told in the members that the document has for it.
//!
//! A body is made by walking the schema: a member whose name says what it is (`message`, `code`, `request_id`, ...)
//! gets it; any other that must be there gets the plainest value that its schema allows. A handler that has more to
//! say answers with a body of its own.

use crate::fault::carry;
use crate::schema::{Kind, Literal, Schema};
use crate::{Fault, strict};
use dropshot::Body;
use http::{Response, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};

/// How deep a made-up body nests at most.
const DEPTH: usize = 8;

/// The answer of a handler that supplied the body.
pub fn body<T: Serialize>(status: u16, body: &T) -> Response<Body> {
    let bytes = serde_json::to_vec(body).unwrap_or_default();
    carry(status, &Fault::default(), Some("application/json"), bytes)
}

/// The answer of a handler where the document declares no body.
pub fn empty(status: u16) -> Response<Body> {
    carry(status, &Fault::default(), None, Vec::new())
}

/// What an error that a handler made says beside its own body.
pub fn nothing() -> &'static Fault {
    static NOTHING: Fault = Fault {
        message: String::new(),
        details: Vec::new(),
        retry_after: None,
        internal: None,
        challenge: None,
    };
    &NOTHING
}

/// The status, if one of the ranges holds it; otherwise the plainest of its class that is declared: 400 or 500, or
/// the first of the class. When nothing of the class is declared the status stays: it says what happened.
pub fn declared(status: u16, ranges: &[(u16, u16)]) -> u16 {
    let holds = |status: u16| {
        ranges
            .iter()
            .any(|(low, high)| (*low..=*high).contains(&status))
    };
    let class = status / 100 * 100;
    if ranges.is_empty() || holds(status) {
        return status;
    }
    if holds(class) {
        return class;
    }
    let same = ranges.iter().find(|(low, _)| low / 100 * 100 == class);
    same.map_or(status, |(low, _)| *low)
}

/// The answer to a fault, in the form of `schema`; without one, in that of dropshot's own errors.
pub fn fault(
    status: u16,
    fault: &Fault,
    schema: Option<&'static Schema>,
    request_id: &str,
) -> Response<Body> {
    let value = value(status, fault, schema.unwrap_or(&DROPSHOT), request_id);
    let bytes = serde_json::to_vec(&value).unwrap_or_default();
    carry(status, fault, Some("application/json"), bytes)
}

/// What an error without a declared body is answered with: as dropshot does.
static DROPSHOT: Schema = Schema::object(&[
    crate::schema::Property::optional("error_code", &Schema::string()),
    crate::schema::Property::required("message", &Schema::string()),
    crate::schema::Property::required("request_id", &Schema::string()),
]);

/// The body of a fault in the form of `schema`, or of dropshot's own errors.
pub fn told(status: u16, fault: &Fault, schema: Option<&'static Schema>) -> Value {
    value(status, fault, schema.unwrap_or(&DROPSHOT), "")
}

/// The body of a fault in the form of `schema`.
pub fn value(status: u16, fault: &Fault, schema: &Schema, request_id: &str) -> Value {
    let reason = StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("error");
    let teller = Teller {
        status,
        message: if fault.message.is_empty() {
            reason
        } else {
            &fault.message
        },
        word: fault.details.first().map(|detail| detail.reason.as_ref()),
        reason,
        request_id,
    };
    teller.of("", schema, true, DEPTH).unwrap_or_default()
}

struct Teller<'a> {
    status: u16,
    message: &'a str,
    word: Option<&'a str>,
    reason: &'a str,
    request_id: &'a str,
}

impl Teller<'_> {
    /// A value of `schema` for the member `name`; `None` when it need not be there and there is nothing to say.
    fn of(&self, name: &str, schema: &Schema, required: bool, depth: usize) -> Option<Value> {
        if depth == 0 {
            return required.then_some(Value::Null);
        }
        let said = self.said(name).filter(|v| strict::check(v, schema).is_ok());
        if said.is_some() {
            return said;
        }
        if !required && !matches!(schema.kind, Kind::Object(_) | Kind::Ref(_)) {
            return None;
        }
        if let (Some(literal), true) = (schema.literals.first(), required) {
            return Some(plain(literal));
        }
        match schema.kind {
            Kind::Ref(target) => self.of(name, target, required, depth - 1),
            Kind::Object(rules) => {
                let mut object = Map::new();
                for property in rules.properties {
                    let value =
                        self.of(property.name, property.schema, property.required, depth - 1);
                    object.extend(value.map(|value| (property.name.to_owned(), value)));
                }
                let empty = object.is_empty() && !required;
                (!empty).then_some(Value::Object(object))
            }
            Kind::AllOf(members) => {
                let mut object = Map::new();
                for member in members {
                    match self.of(name, member, true, depth - 1) {
                        Some(Value::Object(more)) => object.extend(more),
                        other => return other,
                    }
                }
                Some(Value::Object(object))
            }
            Kind::OneOf(members) | Kind::AnyOf(members) => members
                .iter()
                .filter_map(|member| self.of(name, member, true, depth - 1))
                .find(|value| strict::check(value, schema).is_ok()),
            Kind::Boolean => Some(false.into()),
            Kind::Integer(rules) => Some(serde_json::json!(
                i64::try_from(rules.minimum.unwrap_or_default()).unwrap_or_default()
            )),
            Kind::Number(rules) => Some(rules.minimum.unwrap_or_default().into()),
            Kind::String(rules) => {
                let text = rules.one_of.first().copied().unwrap_or_default();
                Some(text.into())
            }
            Kind::Array(_) => Some(Value::Array(Vec::new())),
            Kind::Any | Kind::Not(_) => Some(Value::Null),
        }
    }

    /// What is to be said in a member of this name.
    fn said(&self, name: &str) -> Option<Value> {
        let word = self.word.unwrap_or(self.reason);
        Some(match name.to_ascii_lowercase().as_str() {
            "message" | "detail" | "description" | "error" | "errormessage" | "error_message"
            | "msg" => self.message.into(),
            "title" => self.reason.into(),
            "code" | "status" | "statuscode" | "status_code" => self.status.into(),
            "error_code" | "errorcode" | "reason" => word.into(),
            "request_id" | "requestid" => self.request_id.into(),
            _ => return None,
        })
    }
}

fn plain(literal: &Literal) -> Value {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(flag) => (*flag).into(),
        Literal::Integer(number) => serde_json::json!(*number as i64),
        Literal::Number(number) => (*number).into(),
        Literal::String(text) => (*text).into(),
        Literal::Array(items) => items.iter().map(plain).collect(),
        Literal::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, value)| ((*name).to_owned(), plain(value)))
                .collect(),
        ),
    }
}

/// Implements what dropshot asks of an error for an enum with a `Fault` variant. `$body` is the type whose schema
/// dropshot gives to the operation's errors.
#[macro_export]
macro_rules! told_failure {
    ($name:ident: $body:ty) => {
        impl ::std::convert::From<::dropshot::HttpError> for $name {
            fn from(error: ::dropshot::HttpError) -> Self {
                let fault = $crate::Fault::new(error.external_message).log(error.internal_message);
                <Self as $crate::Failure>::of(error.status_code.as_u16(), fault)
            }
        }
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                let fault = $crate::Failure::fault(self);
                write!(f, "{} {}", $crate::Failure::status(self), fault.message)
            }
        }
        impl ::std::error::Error for $name {}
        impl ::dropshot::HttpResponseError for $name {
            fn status_code(&self) -> ::dropshot::ErrorStatusCode {
                ::dropshot::ErrorStatusCode::from_u16($crate::Failure::status(self))
                    .unwrap_or(::dropshot::ErrorStatusCode::INTERNAL_SERVER_ERROR)
            }
        }
        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                let status = $crate::Failure::status(self);
                let fault = $crate::Failure::fault(self);
                let schema = Self::schema(status);
                $crate::told::told(status, fault, schema).serialize(serializer)
            }
        }
        impl ::schemars::JsonSchema for $name {
            fn is_referenceable() -> bool {
                <$body as ::schemars::JsonSchema>::is_referenceable()
            }
            fn schema_name() -> ::std::string::String {
                <$body as ::schemars::JsonSchema>::schema_name()
            }
            fn schema_id() -> ::std::borrow::Cow<'static, str> {
                <$body as ::schemars::JsonSchema>::schema_id()
            }
            fn json_schema(
                generator: &mut ::schemars::r#gen::SchemaGenerator,
            ) -> ::schemars::schema::Schema {
                <$body as ::schemars::JsonSchema>::json_schema(generator)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Property;

    static PROBLEM: Schema = Schema::object(&[
        Property::required("title", &Schema::string()),
        Property::required("status", &Schema::integer()),
        Property::optional("detail", &Schema::string()),
        Property::required("kind", &Schema::string().one_of(&["client", "server"])),
        Property::optional("instance", &Schema::string()),
    ])
    .closed();

    #[test]
    fn a_fault_is_told_in_the_members_that_the_document_has() {
        let fault = Fault::because("too_large", "it is too large");
        let told = value(413, &fault, &PROBLEM, "r-1");
        let expected = serde_json::json!({
            "title": "Payload Too Large", "status": 413, "detail": "it is too large", "kind": "client",
        });
        assert_eq!(told, expected);
        assert!(strict::check(&told, &PROBLEM).is_ok());
    }

    #[test]
    fn without_a_schema_it_is_told_as_dropshot_does() {
        let told = value(404, &Fault::default(), &DROPSHOT, "r-1");
        let expected = serde_json::json!({
            "error_code": "Not Found", "message": "Not Found", "request_id": "r-1",
        });
        assert_eq!(told, expected);
    }
}
