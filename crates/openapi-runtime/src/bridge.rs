//! Paths that dropshot's router does not hold side by side, behind one route that it does.
//!
//! At one place of its paths the router knows fixed segments or a variable, not both, and nothing in between (`{id}:cancel`). So
//! it is given the variable, and the path of a request decides which of the document's paths is meant: of those that it fits, the
//! one with a fixed segment first, as OpenAPI 3.0 has it ("concrete definitions are matched before their templated
//! counterparts"). From there on everything is as if the router had found the operation: its id, its variables, its limit of a
//! body. (A variable that is a part of its segment is none of the router's, so the handler alone has it.)

use crate::metadata::Described;
use crate::template::{self, Segment};
use dropshot::semver::Version;
use dropshot::{
    ApiDescription, ApiEndpoint, ApiEndpointBodyContentType, ApiEndpointParameter,
    ApiEndpointParameterLocation, ApiEndpointVersions, Body, ClientErrorStatusCode, HttpError,
    Path, RawRequest, RequestContext, ServerContext, SharedExtractor, StubContext,
};
use http::{Method, Response, header};
use percent_encoding::percent_decode_str;
use schemars::JsonSchema;
use serde_json::{Map, Value};
use std::sync::Arc;

/// The methods of RFC 9110 and RFC 5789, but `CONNECT`, which has no path: the router answers any other itself.
const METHODS: [Method; 8] = [
    Method::DELETE,
    Method::GET,
    Method::HEAD,
    Method::OPTIONS,
    Method::PATCH,
    Method::POST,
    Method::PUT,
    Method::TRACE,
];

/// What to register at `route`, such as `/things/{id}`, so that `endpoints` are served: each at its own path
/// (`/things/special`), which `route` fits. Those of a path that is tried first come first.
///
/// A path that none of them has is answered with 404, and a method that the first path lacks which fits with 405 and the
/// methods that this path has. What is registered shows in no document: see [`whole`].
pub fn bridge<C: ServerContext>(
    route: &str,
    endpoints: Vec<ApiEndpoint<C>>,
) -> Vec<ApiEndpoint<C>> {
    let bridge = Arc::new(Bridge {
        route: template::segments(route),
        endpoints: endpoints
            .into_iter()
            .map(|endpoint| (template::segments(&endpoint.path), endpoint))
            .collect(),
    });
    let each = METHODS.map(|method| {
        let bridge = Arc::clone(&bridge);
        let handler = move |rqctx: RequestContext<C>, request: RawRequest| {
            let bridge = Arc::clone(&bridge);
            async move { bridge.serve(rqctx, request.into_inner()).await }
        };
        let (json, all) = ("application/json", ApiEndpointVersions::All);
        let id = format!("{method} {route}");
        let mut endpoint = ApiEndpoint::new(id, handler, method, json, route, all).visible(false);
        let names = template::segments(route).into_iter();
        let names = names.filter_map(|segment| segment.variable().map(str::to_owned));
        endpoint.parameters = names.flat_map(parameter).collect();
        endpoint
    });
    each.into()
}

struct Bridge<C: ServerContext> {
    route: Vec<Segment>,
    endpoints: Vec<(Vec<Segment>, ApiEndpoint<C>)>,
}

impl<C: ServerContext> Bridge<C> {
    /// Serves the endpoint that the request asks for.
    ///
    /// # Errors
    /// 404 and 405 as the router says them.
    async fn serve(
        &self,
        mut rqctx: RequestContext<C>,
        request: hyper::Request<Body>,
    ) -> Result<Response<Body>, HttpError> {
        let (path, endpoint) = self.find(request.method(), request.uri().path())?;
        let metadata = &mut rqctx.endpoint;
        endpoint.operation_id.clone_into(&mut metadata.operation_id);
        metadata.body_content_type = endpoint.body_content_type.clone();
        metadata.request_body_max_bytes = endpoint.request_body_max_bytes;
        let mut variables = std::mem::take(&mut metadata.variables);
        for (routed, own) in self.route.iter().zip(path) {
            if let (Some(routed), Some(own)) = (routed.variable(), own.variable())
                && let Some(value) = variables.remove(routed)
            {
                metadata.variables.insert(own.to_owned(), value);
            }
        }
        let served = endpoint.handler.handle_request(rqctx, request).await;
        // Failures of an operation are replies already; dropshot's type for others has no name.
        served.map_err(|_| HttpError::for_internal_error("the handler has no reply".to_owned()))
    }

    /// The endpoint of this method, of the first path that the request's fits.
    fn find(
        &self,
        method: &Method,
        path: &str,
    ) -> Result<&(Vec<Segment>, ApiEndpoint<C>), HttpError> {
        // As the router parts a path; whether it is written so is for the operation to judge.
        let given = path.split('/').filter(|segment| !segment.is_empty());
        let given = given.map(|segment| percent_decode_str(segment).decode_utf8());
        let given: Vec<_> = given.map(Result::unwrap_or_default).collect();
        let fits = |path: &[Segment]| {
            let mut pairs = path.iter().zip(&given);
            path.len() == given.len()
                && pairs.all(|(segment, given)| segment.value(given).is_some())
        };
        let first = self.endpoints.iter().find(|(path, _)| fits(path));
        let (path, _) = first.ok_or_else(|| {
            HttpError::for_not_found(None, "no route found (no path in bridge)".to_owned())
        })?;
        let same = || self.endpoints.iter().filter(|(other, _)| other == path);
        if let Some(found) = same().find(|(_, endpoint)| endpoint.method == *method) {
            return Ok(found);
        }
        let status = ClientErrorStatusCode::METHOD_NOT_ALLOWED;
        let mut error = HttpError::for_client_error_with_status(None, status);
        let mut allowed: Vec<_> = same()
            .map(|(_, endpoint)| endpoint.method.as_str())
            .collect();
        allowed.sort_unstable();
        for method in allowed {
            error.add_header(header::ALLOW, method).map_err(|error| {
                HttpError::for_internal_error(format!("a method is no header: {error}"))
            })?;
        }
        Err(error)
    }
}

/// Some text: what the router asks to be told of the variable of a route.
#[derive(JsonSchema)]
struct Variable {
    #[allow(dead_code)]
    text: String,
}

/// The description of a variable of this name.
fn parameter(name: String) -> Option<ApiEndpointParameter> {
    let json = ApiEndpointBodyContentType::Json;
    let described = <Path<Described<Variable>> as SharedExtractor>::metadata(json);
    let schema = described.parameters.into_iter().next()?.schema;
    let place = ApiEndpointParameterLocation::Path;
    Some(ApiEndpointParameter::new_named(
        &place,
        name,
        None,
        true,
        schema,
        Vec::new(),
    ))
}

/// Some of the paths, as dropshot's router holds them.
pub struct Description {
    /// The operations without an implementation.
    pub api: ApiDescription<StubContext>,
    /// Paths of the router that stand for others: each with the path that is meant.
    pub paths: &'static [(&'static str, &'static str)],
}

/// The one document that dropshot's documents of several descriptions make: each has some of the paths.
///
/// # Errors
/// What cannot be written, or is not the same in two of them.
pub fn whole(
    descriptions: &[Description],
    title: &str,
    version: &Version,
) -> Result<Value, String> {
    let mut whole = Map::new();
    for Description { api, paths } in descriptions {
        let document = api.openapi(title, version.clone()).json();
        let mut document = document.map_err(|error| error.to_string())?;
        if let Some(Value::Object(described)) = document.get_mut("paths") {
            for (route, meant) in *paths {
                let item = described.remove(*route);
                described.extend(item.map(|item| ((*meant).to_owned(), item)));
            }
        }
        add(&mut whole, document, "")?;
    }
    Ok(whole.into())
}

/// Adds the members that `whole` lacks, at every depth.
fn add(whole: &mut Map<String, Value>, more: Value, place: &str) -> Result<(), String> {
    let Value::Object(more) = more else {
        return Err(format!("`{place}` is no object"));
    };
    for (key, value) in more {
        let place = format!("{place}/{key}");
        match whole.get_mut(&key) {
            None => {
                whole.insert(key, value);
            }
            Some(before) if *before == value => {}
            Some(Value::Object(before)) => add(before, value, &place)?,
            // dropshot lists the tags that its own operations have.
            Some(Value::Array(before)) if place == "/tags" => {
                let more = value.as_array().into_iter().flatten();
                for tag in more {
                    if !before.iter().any(|known| known["name"] == tag["name"]) {
                        before.push(tag.clone());
                    }
                }
            }
            Some(_) => return Err(format!("`{place}` differs from one description to another")),
        }
    }
    Ok(())
}
