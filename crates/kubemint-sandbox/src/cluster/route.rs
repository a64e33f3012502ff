//! From a method and a path to what is asked: a document, a verb on a resource, or nothing that exists.

use std::borrow::Cow;

use http::{Method, Uri};
use percent_encoding::percent_decode_str;

use super::catalogue::{self, Resource, Subresource};
use super::faults::RequestKind;
use super::status::Failure;

/// Longest path and query that is looked at, in octets.
const MAX_TARGET: usize = 16 * 1024;

/// What a request asks.
#[derive(Debug)]
pub(crate) enum Route {
    /// A path that is no resource: discovery, version, health. The canonical path is kept for rules and counts.
    Document(Document),
    /// A verb on a resource.
    Resource(Target),
    /// Something that is refused whoever asks; but not before it is known who asks.
    Refused(Failure),
}

/// A document that is not a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Document {
    /// `/api`
    Core,
    /// `/apis`
    Groups,
    /// `/apis/GROUP`
    Group(&'static str),
    /// `/api/v1` or `/apis/GROUP/v1`
    Resources(&'static str),
    /// `/version`
    Version,
    /// `/healthz`, `/livez`, `/readyz`, or a check below one of them
    Health,
    /// `/openapi/v3`
    OpenApi,
    /// `/openapi/v3/api/v1` or `/openapi/v3/apis/GROUP/v1`
    OpenApiOf(&'static str),
    /// Nothing is here.
    Unknown,
}

/// A verb on a resource.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) verb: &'static str,
    pub(crate) resource: &'static Resource,
    pub(crate) subresource: Option<&'static Subresource>,
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
}

impl Target {
    /// `resource` or `resource/subresource`, as rules name it.
    pub(crate) fn rule_name(&self) -> &'static str {
        self.subresource
            .map_or(self.resource.name, |subresource| subresource.full)
    }

    /// The name, or the empty text of a request that names none.
    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("")
    }

    /// The namespace, or the empty text of a cluster-wide request.
    pub(crate) fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or("")
    }

    /// The namespace that the object lies in: none for a namespace, although it is addressed by one.
    pub(crate) fn own_namespace(&self) -> &str {
        if self.resource.namespaced {
            self.namespace()
        } else {
            ""
        }
    }
}

impl Route {
    /// Reads a request line. A failure is what the request is answered with, whoever asks.
    pub(crate) fn parse(method: &Method, uri: &Uri, query: &Query) -> Result<Self, Failure> {
        let path = uri.path();
        if path.len() > MAX_TARGET {
            return Err(Failure::bad_request("the path is too long"));
        }
        let mut segments = Vec::new();
        // One slash at the end means nothing, as in Kubernetes.
        let trimmed = path.strip_suffix('/').unwrap_or(path);
        for raw in trimmed.trim_start_matches('/').split('/') {
            match percent_decode_str(raw).decode_utf8() {
                Ok(segment) => segments.push(segment),
                Err(_) => return Err(Failure::bad_request("the path is not UTF-8")),
            }
        }
        let segments: Vec<&str> = segments.iter().map(Cow::as_ref).collect();
        if path.starts_with("//") {
            return Ok(Route::Document(Document::Unknown));
        }
        match segments.as_slice() {
            ["api", "v1", rest @ ..] if !rest.is_empty() => resource(method, query, "", "v1", rest),
            ["apis", group, version, rest @ ..] if !rest.is_empty() => {
                resource(method, query, group, version, rest)
            }
            other => Ok(Route::Document(document(other))),
        }
    }

    /// How the request is counted, and which faults concern it.
    pub(crate) fn kind(&self) -> RequestKind {
        match self {
            Route::Resource(target) => RequestKind {
                verb: target.verb,
                resource: target.rule_name(),
            },
            Route::Refused(_) => RequestKind {
                verb: "get",
                resource: "other",
            },
            Route::Document(document) => RequestKind {
                verb: "get",
                resource: match document {
                    Document::Version => "/version",
                    Document::Health => "/healthz",
                    Document::Unknown => "other",
                    Document::OpenApi | Document::OpenApiOf(_) => "/openapi",
                    Document::Core
                    | Document::Groups
                    | Document::Group(_)
                    | Document::Resources(_) => "/discovery",
                },
            },
        }
    }
}

fn document(segments: &[&str]) -> Document {
    let group = |name: &str| catalogue::groups().into_iter().find(|known| *known == name);
    let found = match segments {
        ["api"] => Some(Document::Core),
        ["api", "v1"] => Some(Document::Resources("")),
        ["apis"] => Some(Document::Groups),
        ["apis", name] => group(name).map(Document::Group),
        ["apis", name, "v1"] => group(name).map(Document::Resources),
        ["version"] => Some(Document::Version),
        ["healthz" | "livez" | "readyz"] => Some(Document::Health),
        ["healthz" | "livez" | "readyz", "ping"] => Some(Document::Health),
        ["openapi", "v3"] => Some(Document::OpenApi),
        ["openapi", "v3", "api", "v1"] => Some(Document::OpenApiOf("")),
        ["openapi", "v3", "apis", name, "v1"] => group(name).map(Document::OpenApiOf),
        _ => None,
    };
    found.unwrap_or(Document::Unknown)
}

fn resource(
    method: &Method,
    query: &Query,
    group: &str,
    version: &str,
    rest: &[&str],
) -> Result<Route, Failure> {
    let (namespace, rest) = match rest {
        // A namespace itself is addressed like an object, and lies in itself.
        ["namespaces", name] => (Some(*name), rest),
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest),
        _ => (None, rest),
    };
    let (plural, name, subresource) = match rest {
        [plural] => (*plural, None, None),
        [plural, name] => (*plural, Some(*name), None),
        [plural, name, subresource] => (*plural, Some(*name), Some(*subresource)),
        _ => return Ok(Route::Document(Document::Unknown)),
    };
    let known = catalogue::find(group, version, plural);
    let (Some(resource), false) = (known, name == Some("") || namespace == Some("")) else {
        return Ok(Route::Document(Document::Unknown));
    };
    let is_namespace = resource.name == "namespaces";
    if namespace.is_some() && !resource.namespaced && !is_namespace {
        return Ok(Route::Document(Document::Unknown));
    }
    let subresource = match subresource {
        None => None,
        Some(wanted) => match resource.subresource(wanted) {
            Some(known) => Some(known),
            None => return Ok(Route::Document(Document::Unknown)),
        },
    };
    let verb = match (method, name) {
        (&Method::GET | &Method::HEAD, Some(_)) => "get",
        (&Method::GET | &Method::HEAD, None) if query.flag("watch") => "watch",
        (&Method::GET | &Method::HEAD, None) => "list",
        (&Method::POST, None) => "create",
        (&Method::POST, Some(_)) if subresource.is_some() => "create",
        (&Method::PUT, Some(_)) => "update",
        (&Method::PATCH, Some(_)) => "patch",
        (&Method::DELETE, Some(_)) => "delete",
        (&Method::DELETE, None) => "deletecollection",
        _ => {
            return Err(Failure::method_not_allowed(allowed(
                resource,
                name,
                subresource,
            )));
        }
    };
    let known_verb = match subresource {
        Some(subresource) => subresource.verb == verb,
        None => resource.verbs.contains(&verb),
    };
    // Only reading looks across namespaces.
    let across = resource.namespaced && namespace.is_none() && !matches!(verb, "list" | "watch");
    if !known_verb || (across && name.is_none()) {
        return Err(Failure::method_not_allowed(allowed(
            resource,
            name,
            subresource,
        )));
    }
    if across {
        return Ok(Route::Document(Document::Unknown));
    }
    let namespace = namespace.map(str::to_owned);
    Ok(Route::Resource(Target {
        verb,
        resource,
        subresource,
        namespace,
        name: name.map(str::to_owned),
    }))
}

fn allowed(
    resource: &Resource,
    name: Option<&str>,
    subresource: Option<&Subresource>,
) -> &'static str {
    match (subresource, name) {
        (Some(subresource), _) if subresource.verb == "create" => "POST",
        (Some(_), _) => "GET, HEAD",
        (None, _) if !resource.is_stored() => "POST",
        (None, Some(_)) => "GET, HEAD, PUT, PATCH, DELETE",
        (None, None) => "GET, HEAD, POST, DELETE",
    }
}

/// The parameters after the question mark.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads `a=b&c=d`; of members given twice, the first counts (as in Go).
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        if text.len() > MAX_TARGET {
            return Err(Failure::bad_request("the query is too long"));
        }
        let decode = |part: &str| {
            let spaced = part.replace('+', " ");
            let decoded = percent_decode_str(&spaced)
                .decode_utf8()
                .map(Cow::into_owned);
            decoded.map_err(|_| Failure::bad_request("the query is not UTF-8"))
        };
        let mut members = Vec::new();
        for member in text.split('&').filter(|member| !member.is_empty()) {
            let (name, value) = member.split_once('=').unwrap_or((member, ""));
            members.push((decode(name)?, decode(value)?));
        }
        Ok(Self(members))
    }

    /// The value of a parameter, if it is there and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Whether a boolean parameter is set.
    pub(crate) fn flag(&self, name: &str) -> bool {
        matches!(
            self.get(name),
            Some("1" | "true" | "True" | "TRUE" | "t" | "T")
        )
    }

    /// A number of a parameter, if it is there.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Failure> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| {
            Failure::bad_request(format!(
                "strconv.ParseInt: parsing {text:?}: invalid syntax"
            ))
        })
    }
}
