//! The HTTP edge: the generated trait, implemented. A handler takes what the guard decoded, converts, calls the domain,
//! and converts back.

mod convert;
mod errors;
mod file;
mod handlers;
mod page;
mod place;

use std::sync::Arc;

use dropshot::{ApiDescription, Body, HttpError, RequestContext, endpoint};
use http::Response;

pub(crate) use errors::chain;
pub(crate) use page::Pager;
pub(crate) use place::place;

use crate::app::App;

/// The API: every operation of the document, and the document itself.
pub(crate) fn description()
-> Result<ApiDescription<Arc<App>>, dropshot::ApiDescriptionRegisterError> {
    let mut api = kubeconfig_api::api::<handlers::Edge>();
    api.register(document)?;
    Ok(api)
}

/// The document that this server obeys, for anyone.
#[endpoint { method = GET, path = "/openapi.json", unpublished = true }]
async fn document(_: RequestContext<Arc<App>>) -> Result<Response<Body>, HttpError> {
    Response::builder()
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(Body::from(kubeconfig_api::DOCUMENT))
        .map_err(|error| HttpError::for_internal_error(error.to_string()))
}
