//! A request that may be served, and its answer.

use http::header::{CONTENT_TYPE, WARNING};
use http::{HeaderValue, Response};
use serde_json::Value;

use super::authn::User;
use super::faults::Effect;
use super::meta;
use super::negotiate::PROTOBUF;
use super::protobuf::{self, Unread};
use super::route::{Query, Target};
use super::status::{self, Failure};
use super::table::View;
use crate::body::Body;

/// A request on a resource that may be served.
pub(crate) struct Request<'a> {
    pub(crate) user: &'a User,
    pub(crate) target: &'a Target,
    pub(crate) query: &'a Query,
    pub(crate) body: &'a [u8],
    /// The media type of the body, without parameters.
    pub(crate) content_type: &'a str,
    pub(crate) view: View,
    /// What is to go wrong while it is served.
    pub(crate) effect: Option<&'a Effect>,
}

impl Request<'_> {
    /// The body, which must be there, as JSON.
    pub(crate) fn document(&self) -> Result<Value, Failure> {
        if self.content_type != PROTOBUF {
            return meta::parse(self.body);
        }
        protobuf::decode(self.body).map_err(|why| match why {
            Unread::Malformed => Failure::bad_request("the body could not be decoded"),
            Unread::UnknownKind => Failure::unsupported_media_type(),
        })
    }
}

/// What an answer consists of.
pub(crate) enum Content {
    Json(Value),
    Text(String),
    /// A stream of JSON lines.
    Stream(Body),
}

/// A good answer.
pub(crate) struct Reply {
    pub(crate) code: u16,
    pub(crate) content: Content,
    /// For a `Warning` header, which kubectl shows.
    pub(crate) warning: Option<String>,
    /// The identifier of a token that was minted.
    pub(crate) issued: Option<String>,
}

impl Reply {
    pub(crate) fn json(code: u16, document: Value) -> Self {
        Self {
            code,
            content: Content::Json(document),
            warning: None,
            issued: None,
        }
    }

    pub(crate) fn text(text: &str) -> Self {
        Self {
            content: Content::Text(text.to_owned()),
            ..Self::json(200, Value::Null)
        }
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let mut response = match self.content {
            Content::Json(document) => status::json_response(self.code, &document),
            Content::Text(text) => plain(Body::from(text), "text/plain; charset=utf-8"),
            Content::Stream(body) => plain(body, "application/json"),
        };
        let warning = self
            .warning
            .and_then(|text| HeaderValue::try_from(format!("299 - {text:?}")).ok());
        if let Some(warning) = warning {
            response.headers_mut().insert(WARNING, warning);
        }
        response
    }
}

/// An answer with this body.
pub(crate) fn plain(body: Body, media_type: &'static str) -> Response<Body> {
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
