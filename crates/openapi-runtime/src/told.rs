//! Error bodies of any schema: what went wrong, told in the members that the document has for it.
//!
//! A body is made by walking the schema: a member whose name says what it is (`message`, `code`, `request_id`, ...)
//! gets it; any other that must be there gets the plainest value that its schema allows. A handler that has more to
//! say answers with a body of its own.

use crate::fault::carry;
use crate::schema::{Kind, Literal, Schema};
use crate::{Fault, strict};
use dropshot::Body;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};

/// How deep a made-up body nests at most.
const DEPTH: usize = 8;

/// What the answers under a status are like, as the document has it. Generated.
#[derive(Clone, Copy)]
pub struct Form {
    /// The media type of the body.
    media_type: &'static str,
    /// The schema of the body.
    schema: &'static Schema,
    /// Headers that must be there, each with the plainest value that its schema allows.
    headers: &'static [(&'static str, &'static str)],
}

impl Form {
    /// As dropshot's own errors: where no body is declared.
    pub const PLAIN: Form = Form::json(&DROPSHOT);

    /// JSON of this schema.
    pub const fn json(schema: &'static Schema) -> Form {
        Form::of("application/json", schema)
    }

    /// JSON under another media type, such as `application/problem+json`. Of any JSON, it is as dropshot's own errors.
    pub const fn of(media_type: &'static str, schema: &'static Schema) -> Form {
        let any = matches!(schema.kind, Kind::Any);
        Form {
            media_type,
            schema: if any { &DROPSHOT } else { schema },
            headers: &[],
        }
    }

    /// With these headers, which must be there: a name in lower case, and what is said when the fault says nothing.
    #[must_use]
    pub const fn with(self, headers: &'static [(&'static str, &'static str)]) -> Form {
        Form { headers, ..self }
    }
}

/// The answer of a handler that supplied the body.
pub fn body<T: Serialize>(status: u16, media_type: &'static str, body: &T) -> Response<Body> {
    let bytes = serde_json::to_vec(body).unwrap_or_default();
    carry(status, &Fault::default(), Some(media_type), bytes)
}

/// The answer of a handler where the document declares no body.
pub fn empty(status: u16) -> Response<Body> {
    carry(status, &Fault::default(), None, Vec::new())
}

/// The answer with the headers that the handler supplied.
///
/// # Errors
/// A value that no header can have: the fault names its header.
pub fn with<const N: usize>(
    mut response: Response<Body>,
    headers: [(&'static str, Option<String>); N],
) -> Result<Response<Body>, Fault> {
    for (name, value) in headers {
        let Some(value) = value else { continue };
        let value = HeaderValue::try_from(value);
        let (Ok(header), Ok(value)) = (HeaderName::try_from(name), value) else {
            let message = format!("the header `{name}` could not be written");
            return Err(Fault::because("internal", message));
        };
        response.headers_mut().insert(header, value);
    }
    Ok(response)
}

/// What an error that a handler made says beside its own body.
pub fn nothing() -> &'static Fault {
    static NOTHING: Fault = Fault {
        message: String::new(),
        details: Vec::new(),
        retry_after: None,
        internal: None,
        challenge: None,
        headers: None,
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

/// The answer to a fault, in the form that the document gives to its status.
pub fn fault(status: u16, fault: &Fault, form: Form, request_id: &str) -> Response<Body> {
    let value = value(status, fault, form.schema, request_id);
    let bytes = serde_json::to_vec(&value).unwrap_or_default();
    let mut response = carry(status, fault, Some(form.media_type), bytes);
    for (name, plain) in form.headers {
        let told = match *name {
            "retry-after" => fault.retry_after.is_some(),
            "www-authenticate" => fault.challenge.is_some(),
            _ => false,
        };
        let told = told
            || fault
                .headers
                .as_ref()
                .is_some_and(|h| h.contains_key(*name));
        if let (false, Ok(plain)) = (told, HeaderValue::from_str(plain)) {
            response.headers_mut().insert(*name, plain);
        }
    }
    response
}

/// What an error without a declared body is answered with: as dropshot does.
static DROPSHOT: Schema = Schema::object(&[
    crate::schema::Property::optional("error_code", &Schema::string()),
    crate::schema::Property::required("message", &Schema::string()),
    crate::schema::Property::required("request_id", &Schema::string()),
]);

/// The body of a fault in this form.
pub fn told(status: u16, fault: &Fault, form: Form) -> Value {
    value(status, fault, form.schema, "")
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
                let status = error.status_code.as_u16();
                <Self as $crate::Failure>::of(status, $crate::Fault::from(error))
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
                $crate::told::told(status, fault, Self::form(status)).serialize(serializer)
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

    #[test]
    fn what_must_be_there_is_and_what_the_fault_says_goes_before() {
        let form = Form::of("application/problem+json", &PROBLEM);
        let form = form.with(&[("retry-after", "5"), ("x-quota", "0")]);
        let headers = |status: u16, fault: &Fault| {
            let response = super::fault(status, fault, form, "r-1");
            let value = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
            ["content-type", "retry-after", "x-quota"].map(value)
        };
        let problem = "application/problem+json";
        assert_eq!(headers(413, &Fault::default()), [problem, "5", "0"]);
        assert_eq!(headers(429, &Fault::default()), [problem, "5", "0"]);
        let said = Fault::default().retry_after(7);
        let quota = HeaderName::from_static("x-quota");
        let said = said.header(quota, HeaderValue::from_static("3"));
        assert_eq!(headers(429, &said), [problem, "7", "3"]);
    }

    #[test]
    fn a_header_that_cannot_be_written_is_a_fault_that_names_it() {
        let answer = |value: &str| with(empty(409), [("X-Why", Some(value.to_owned()))]);
        assert_eq!(answer("busy").unwrap().headers()["x-why"], "busy");
        let fault = answer("busy\nSet-Cookie: a").unwrap_err();
        assert!(fault.message.contains("`X-Why`"), "{}", fault.message);
    }

    #[test]
    fn of_any_json_a_fault_is_told_as_dropshot_does() {
        let form = Form::json(const { &Schema::any() });
        let told = told(404, &Fault::default(), form);
        assert_eq!(told["message"], "Not Found");
    }
}
