//! Who is calling: the trait that a service implements, and what it is given.

use crate::{Credential, Detail, Fault};
use dropshot::{RequestInfo, ServerContext, StubContext};
use http::{HeaderMap, header};
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// What an authenticator is given: a request of which nothing was checked yet but the syntax of its credentials.
pub struct RequestHead<'a> {
    /// The `operationId`.
    pub operation: &'static str,
    /// The id that the answer's `X-Request-Id` carries.
    pub request_id: &'a str,
    /// Method, URI, headers and peer address.
    pub info: &'a RequestInfo,
    /// The bearer token: its syntax is right (RFC 6750, section 2.1), but it is not verified. Empty when the document demands
    /// another kind of credential. A secret.
    pub bearer: &'a str,
    /// The credentials for one of the document's alternatives, one for each of its schemes, none verified. If the document has
    /// several alternatives, the authenticator is called for one after the other until one is not refused as unauthorized.
    pub credentials: &'a [Credential<'a>],
}

/// Shows neither the token nor any header.
impl fmt::Debug for RequestHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead")
            .field("operation", &self.operation)
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}

/// Why a caller is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// 401: the token is not accepted. `internal` says why, in the log only.
    Unauthorized {
        /// For the log.
        internal: String,
    },
    /// 429: the caller sends too many requests.
    TooManyRequests {
        /// Seconds to wait.
        retry_after: u32,
        /// For the log.
        internal: String,
    },
    /// 503: nobody can be authenticated right now, for example because no key set could be fetched.
    Unavailable {
        /// Seconds to wait.
        retry_after: u32,
        /// For the log.
        internal: String,
    },
}

impl Refusal {
    pub(crate) fn into_fault(self) -> (u16, Fault) {
        match self {
            Refusal::Unauthorized { internal } => {
                let mut fault = unauthorized(internal);
                fault.challenge = Some("Bearer error=\"invalid_token\"");
                (401, fault)
            }
            Refusal::TooManyRequests {
                retry_after,
                internal,
            } => {
                let fault = Fault::because("rate_limited", "too many requests");
                (429, fault.retry_after(retry_after).log(internal))
            }
            Refusal::Unavailable {
                retry_after,
                internal,
            } => {
                let fault = Fault::because(
                    "authentication_unavailable",
                    "callers cannot be authenticated right now",
                );
                (503, fault.retry_after(retry_after).log(internal))
            }
        }
    }
}

fn unauthorized(internal: impl Into<String>) -> Fault {
    Fault::new("a valid bearer token is required")
        .detail(Detail::new("unauthenticated"))
        .log(internal)
}

/// Limits of request bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of a body; a longer one is answered 413.
    pub body_bytes: usize,
    /// The time in which the whole body must arrive, from when reading begins; a later one is answered 408.
    pub body_timeout: Duration,
}

impl Limits {
    /// 16 KiB within 5 s.
    pub const DEFAULT: Limits = Limits {
        body_bytes: 16 * 1024,
        body_timeout: Duration::from_secs(5),
    };
}

/// A server context that authenticates callers. The registration function of a generated API demands one if any operation has
/// `security`, so such an API cannot be served without it.
pub trait Authenticator: ServerContext {
    /// What a handler is told about the caller.
    type Caller: Send + Sync + 'static;

    /// Says who is calling, or refuses. Runs before the path, the query or the body is checked.
    fn authenticate(
        &self,
        request: &RequestHead<'_>,
    ) -> impl Future<Output = Result<Self::Caller, Refusal>> + Send;

    /// The limits of request bodies.
    fn limits(&self) -> Limits {
        Limits::DEFAULT
    }

    /// Called when an authenticated request was refused before its handler ran (400, 404, 408, 413, 415), to audit it.
    fn refused(
        &self,
        caller: &Self::Caller,
        request: &RequestHead<'_>,
        status: u16,
        fault: &Fault,
    ) -> impl Future<Output = ()> + Send {
        let _ = (caller, request, status, fault);
        async {}
    }

    /// Called when an operation was answered, after `elapsed`, to count it.
    fn answered(&self, operation: &'static str, status: u16, elapsed: Duration) {
        let _ = (operation, status, elapsed);
    }

    /// Called when an authenticator or a handler panicked; the caller is answered 500.
    fn panicked(&self, operation: &'static str) {
        let _ = operation;
    }
}

impl<A: Authenticator> Authenticator for Arc<A> {
    type Caller = A::Caller;
    fn authenticate(
        &self,
        request: &RequestHead<'_>,
    ) -> impl Future<Output = Result<Self::Caller, Refusal>> + Send {
        (**self).authenticate(request)
    }
    fn limits(&self) -> Limits {
        (**self).limits()
    }
    fn refused(
        &self,
        caller: &Self::Caller,
        request: &RequestHead<'_>,
        status: u16,
        fault: &Fault,
    ) -> impl Future<Output = ()> + Send {
        (**self).refused(caller, request, status, fault)
    }
    fn answered(&self, operation: &'static str, status: u16, elapsed: Duration) {
        (**self).answered(operation, status, elapsed);
    }
    fn panicked(&self, operation: &'static str) {
        (**self).panicked(operation);
    }
}

/// For descriptions that serve nothing, from which the emitted document is made. No value of it exists.
impl Authenticator for StubContext {
    type Caller = std::convert::Infallible;
    async fn authenticate(&self, _: &RequestHead<'_>) -> Result<Self::Caller, Refusal> {
        match *self {}
    }
}

/// The bearer token of the one `Authorization` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<&str, (u16, Fault)> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Err((401, unauthorized("no Authorization header")));
    };
    let refuse = |why: &str| {
        let mut fault = unauthorized(why);
        fault.challenge = Some("Bearer error=\"invalid_token\"");
        (401, fault)
    };
    if values.next().is_some() {
        return Err(refuse("several Authorization headers"));
    }
    let text = value
        .to_str()
        .map_err(|_| refuse("an Authorization header that is not ASCII"))?;
    let (scheme, token) = text
        .split_once(' ')
        .ok_or_else(|| refuse("an Authorization header without credentials"))?;
    let token = token.trim_matches(' ');
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(refuse("an authentication scheme other than Bearer"));
    }
    let body = token.trim_end_matches('=');
    let valid = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b);
    if body.is_empty() || !body.bytes().all(valid) {
        return Err(refuse("a bearer token of a wrong syntax"));
    }
    Ok(token)
}
