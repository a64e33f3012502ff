//! The steps of a request: authenticate, then path, query and headers, then the body, then the handler.
//!
//! dropshot runs extractors before the handler and side by side, so a body would be read for a caller without any
//! rights. Here the one extractor, [`Unread`], extracts nothing: it carries the request to [`serve`], which does
//! each step in order, on the typed context, and answers every outcome, a panic included, with a status and a body
//! that the document declares.

use crate::metadata;
use crate::params::{Parameters, Values};
use crate::schema::Schema;
use crate::taken::{Expected, ReadBody};
use crate::{
    Authenticator, Carrier, Failure, Fault, Limits, Reply, RequestHead, Scheme, auth, scheme,
};
use async_trait::async_trait;
use dropshot::{
    ApiEndpointBodyContentType, ExclusiveExtractor, ExtractorMetadata, HttpError, HttpResponse,
    RequestContext, ServerContext,
};
use futures::FutureExt;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

/// What an operation takes. Generated: one empty type per operation.
pub trait Operation: Send + Sync + 'static {
    /// The `operationId`.
    const ID: &'static str;
    /// The path template, such as `/things/{id}`.
    const PATH: &'static str;
    /// The whole schema of the body; `None` when the operation takes none (then `Body` is `()`), or one without
    /// structure.
    const SCHEMA: Option<&'static Schema>;
    /// The media type of the body.
    const MEDIA_TYPE: &'static str = "application/json";
    /// What dropshot's own extensions say of the operation.
    const EXTENSION: Extension = Extension::None;
    /// The alternatives of `security`: a caller must have credentials for all schemes of one of them.
    const SECURITY: &'static [&'static [Scheme]] = scheme::BEARER;
    /// The path parameters.
    type Path: Parameters;
    /// The query parameters.
    type Query: Parameters;
    /// The header parameters.
    type Headers: Parameters;
    /// How the body is read, such as [`Json`](crate::Json).
    type Body: ReadBody;
}

/// What dropshot's own extensions say of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extension {
    /// Nothing.
    None,
    /// `x-dropshot-pagination`, with this value (JSON).
    Paginated(&'static str),
    /// `x-dropshot-websocket`.
    Websocket,
}

/// The typed parts of a request.
pub struct Parts<O: Operation> {
    /// The path parameters.
    pub path: O::Path,
    /// The query parameters.
    pub query: O::Query,
    /// The header parameters.
    pub headers: O::Headers,
    /// The body.
    pub body: <O::Body as ReadBody>::Value,
}

/// A request of an operation with `security`: every part is valid, and the caller is authenticated.
pub struct Guarded<C: Authenticator, O: Operation> {
    /// Who is calling.
    pub caller: C::Caller,
    /// The path parameters.
    pub path: O::Path,
    /// The query parameters; `()` when the operation has none.
    pub query: O::Query,
    /// The header parameters; `()` when the operation has none.
    pub headers: O::Headers,
    /// The body; `()` when the operation takes none.
    pub body: <O::Body as ReadBody>::Value,
}

/// A request of an operation without `security`: every part is valid, and nobody is authenticated.
pub type Open<O> = Parts<O>;

/// Shows the operation only: parts may hold what a log must not.
impl<C: Authenticator, O: Operation> fmt::Debug for Guarded<C, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Guarded<{}>", O::ID)
    }
}

/// A request of which nothing was read yet; described to dropshot as what [`Operation`] takes.
pub struct Unread<O> {
    request: hyper::Request<dropshot::Body>,
    operation: PhantomData<fn() -> O>,
}

#[async_trait]
impl<O: Operation> ExclusiveExtractor for Unread<O> {
    async fn from_request<Context: ServerContext>(
        _: &RequestContext<Context>,
        request: hyper::Request<dropshot::Body>,
    ) -> Result<Self, HttpError> {
        Ok(Unread {
            request,
            operation: PhantomData,
        })
    }

    fn metadata(content_type: ApiEndpointBodyContentType) -> ExtractorMetadata {
        metadata::of::<O>(content_type)
    }
}

/// Serves an operation with `security`.
///
/// # Errors
/// None: failures are in the reply. (dropshot wants the type.)
pub async fn serve<C, O, R, E, H, F>(
    rqctx: RequestContext<C>,
    request: Unread<O>,
    handler: H,
) -> Result<Reply<R, E>, E>
where
    C: Authenticator,
    O: Operation,
    R: HttpResponse,
    E: Failure,
    H: FnOnce(RequestContext<C>, Guarded<C, O>) -> F + Send,
    F: Future<Output = Result<R, E>> + Send,
{
    let start = Instant::now();
    let server = Arc::clone(&rqctx.server);
    let (log, request_id) = (rqctx.log.clone(), rqctx.request_id.clone());
    let work = async move {
        match admit(&rqctx, request).await {
            Ok(guarded) => handler(rqctx, guarded).await,
            Err((status, fault)) => Err(E::of(status, fault)),
        }
    };
    let outcome = AssertUnwindSafe(work)
        .catch_unwind()
        .await
        .unwrap_or_else(|panic| {
            server.private.panicked(O::ID);
            Err(after_panic::<O, E>(&log, &*panic))
        });
    let reply = finish::<O, R, E>(&log, &request_id, outcome);
    server
        .private
        .answered(O::ID, reply.status(), start.elapsed());
    Ok(reply)
}

/// Serves an operation without `security`.
///
/// # Errors
/// None: failures are in the reply. (dropshot wants the type.)
pub async fn serve_open<C, O, R, E, H, F>(
    rqctx: RequestContext<C>,
    request: Unread<O>,
    handler: H,
) -> Result<Reply<R, E>, E>
where
    C: ServerContext,
    O: Operation,
    R: HttpResponse,
    E: Failure,
    H: FnOnce(RequestContext<C>, Open<O>) -> F + Send,
    F: Future<Output = Result<R, E>> + Send,
{
    let (log, request_id) = (rqctx.log.clone(), rqctx.request_id.clone());
    let work = async move {
        match decode::<C, O>(&rqctx, request, Limits::DEFAULT).await {
            Ok(parts) => handler(rqctx, parts).await,
            Err((status, fault)) => Err(E::of(status, fault)),
        }
    };
    let caught = AssertUnwindSafe(work).catch_unwind().await;
    let outcome = caught.unwrap_or_else(|panic| Err(after_panic::<O, E>(&log, &*panic)));
    Ok(finish::<O, R, E>(&log, &request_id, outcome))
}

async fn admit<C: Authenticator, O: Operation>(
    rqctx: &RequestContext<C>,
    request: Unread<O>,
) -> Result<Guarded<C, O>, (u16, Fault)> {
    let mut refused = None;
    for alternative in O::SECURITY {
        if alternative.is_empty() {
            continue;
        }
        let credentials = match scheme::presented(alternative, &rqctx.request) {
            Ok(credentials) => credentials,
            Err((_, fault)) => {
                refused.get_or_insert(fault);
                continue;
            }
        };
        let mut bearers = credentials.iter();
        let bearer = bearers.find(|credential| credential.scheme.carrier == Carrier::Bearer);
        let head = RequestHead {
            operation: O::ID,
            request_id: &rqctx.request_id,
            info: &rqctx.request,
            bearer: bearer.map_or("", |bearer| &bearer.value),
            credentials: &credentials,
        };
        match rqctx.context().authenticate(&head).await {
            Ok(caller) => return known(rqctx, request, caller, &head).await,
            // What was judged says more than what was not there.
            Err(why @ auth::Refusal::Unauthorized { .. }) => {
                let mut fault = why.into_fault().1;
                if head.bearer.is_empty() {
                    // RFC 6750, section 3.1: no error of a token that was not shown.
                    fault.challenge = None;
                }
                refused = Some(fault);
            }
            Err(why) => return Err(why.into_fault()),
        }
    }
    // Without any alternative nobody is known.
    let fault = refused.unwrap_or_else(|| Fault::new("nobody may ask this"));
    Err((401, scheme::challenged(O::SECURITY, fault)))
}

/// Reads what a caller who is known asks for.
async fn known<C: Authenticator, O: Operation>(
    rqctx: &RequestContext<C>,
    request: Unread<O>,
    caller: C::Caller,
    head: &RequestHead<'_>,
) -> Result<Guarded<C, O>, (u16, Fault)> {
    let context = rqctx.context();
    match decode::<C, O>(rqctx, request, context.limits()).await {
        Ok(Parts {
            path,
            query,
            headers,
            body,
        }) => Ok(Guarded {
            caller,
            path,
            query,
            headers,
            body,
        }),
        Err((status, fault)) => {
            context.refused(&caller, head, status, &fault).await;
            Err((status, fault))
        }
    }
}

async fn decode<C: ServerContext, O: Operation>(
    rqctx: &RequestContext<C>,
    request: Unread<O>,
    limits: Limits,
) -> Result<Parts<O>, (u16, Fault)> {
    let info = &rqctx.request;
    let path = Values::path(O::PATH, info.uri().path())?.decode()?;
    let query = Values::query(info.uri().query().unwrap_or_default())?;
    let query = query.beside(scheme::parameters(O::SECURITY)).decode()?;
    let headers = Values::headers(info.headers()).decode()?;
    let expected = Expected {
        media_type: O::MEDIA_TYPE,
        schema: O::SCHEMA,
    };
    let body = O::Body::read(rqctx, request.request, expected, limits).await?;
    Ok(Parts {
        path,
        query,
        headers,
        body,
    })
}

fn after_panic<O: Operation, E: Failure>(
    log: &slog::Logger,
    panic: &(dyn std::any::Any + Send),
) -> E {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "not a text".to_owned());
    slog::error!(log, "handler panicked"; "operation" => O::ID);
    E::of(500, Fault::internal(format!("panic: {text}")))
}

fn finish<O: Operation, R: HttpResponse, E: Failure>(
    log: &slog::Logger,
    request_id: &str,
    outcome: Result<R, E>,
) -> Reply<R, E> {
    let (reply, internal) = Reply::new(outcome, request_id);
    if let Some(internal) = internal {
        let status = reply.status();
        if status >= 500 {
            slog::error!(log, "request failed"; "operation" => O::ID, "code" => status, "reason" => internal);
        } else {
            slog::info!(log, "request refused"; "operation" => O::ID, "code" => status, "reason" => internal);
        }
    }
    reply
}
