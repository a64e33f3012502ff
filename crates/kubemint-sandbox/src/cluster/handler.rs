//! The way of a request: count, misbehave if told, authenticate, authorise, read, serve, audit, answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{DATE, LOCATION};
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode};
use hyper::body::Incoming;

use super::audit::AuditLine;
use super::authn::User;
use super::catalogue;
use super::discovery;
use super::exchange::{Reply, Request, plain};
use super::faults::{Effect, Plan};
use super::negotiate::{accepted, content_type};
use super::pods;
use super::rbac::{AUTHENTICATED, Access, What};
use super::route::{Document, Query, Route};
use super::state::State;
use super::status::{self, Failure};
use super::table::View;
use crate::body::{self, Body, Unreadable};
use crate::clients::Shown;
use crate::serve::{Cut, Handler};

/// Largest body of a request, in octets (Kubernetes' own limit).
const MAX_BODY: usize = 3 * 1024 * 1024;
/// Longest that a hanging answer is held.
const HANG: Duration = Duration::from_secs(120);

impl Handler for State {
    /// Answers, with the date that the cluster's clock shows.
    async fn handle(
        self: Arc<Self>,
        request: http::Request<Incoming>,
    ) -> Result<Response<Body>, Cut> {
        let mut response = Arc::clone(&self).answer(request).await?;
        let now = self.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(now) = HeaderValue::from_str(&now) {
            response.headers_mut().insert(DATE, now);
        }
        Ok(response)
    }
}

impl State {
    async fn answer(
        self: Arc<Self>,
        request: http::Request<Incoming>,
    ) -> Result<Response<Body>, Cut> {
        let (parts, body) = request.into_parts();
        let query = Query::parse(parts.uri.query().unwrap_or(""));
        let (query, route) = match query {
            Ok(query) => {
                let route = Route::parse(&parts.method, &parts.uri, &query);
                (query, route.unwrap_or_else(Route::Refused))
            }
            Err(failure) => (Query::default(), Route::Refused(failure)),
        };
        let kind = route.kind();
        self.counters.count(kind);
        let Plan { delay, effect } = self.faults.plan(kind);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        match &effect {
            Some(Effect::Refuse {
                code,
                message,
                retry_after,
            }) => {
                return Ok(
                    Failure::on_command(*code, message.as_deref(), *retry_after).into_response()
                );
            }
            Some(Effect::CutBefore) => return Err(Cut),
            Some(Effect::Hang) => {
                tokio::time::sleep(HANG).await;
                return Err(Cut);
            }
            Some(Effect::Redirect(place)) => {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
                let place = HeaderValue::from_str(place).unwrap_or(HeaderValue::from_static("/"));
                response.headers_mut().insert(LOCATION, place);
                return Ok(response);
            }
            _ => {}
        }
        let response = match self
            .serve(&parts, body, &query, &route, effect.as_ref())
            .await
        {
            Ok(reply) => reply.into_response(),
            Err(failure) => failure.into_response(),
        };
        match effect {
            Some(Effect::CutAfter) => Err(Cut),
            Some(Effect::Garbage) => Ok(plain(Body::from("<html>{not json"), "application/json")),
            Some(Effect::Answer(document)) => Ok(status::json_response(200, &document)),
            _ => Ok(response),
        }
    }
}

impl State {
    async fn serve(
        self: &Arc<Self>,
        parts: &Parts,
        body: Incoming,
        query: &Query,
        route: &Route,
        effect: Option<&Effect>,
    ) -> Result<Reply, Failure> {
        let shown = self.authorities.as_ref().and_then(|authorities| {
            let shown = parts.extensions.get::<Shown>()?;
            Some(authorities.holder(shown, self.now()))
        });
        let mut user = self
            .authenticator
            .user(&parts.headers, shown, &self.grants, |token| {
                self.check_token(token)
            })?;
        self.bind(&mut user);
        let outcome = self
            .serve_to(&user, parts, body, query, route, effect)
            .await;
        let (namespace, name) = match route {
            Route::Resource(target) => (target.namespace().to_owned(), target.name().to_owned()),
            Route::Document(_) | Route::Refused(_) => (String::new(), String::new()),
        };
        self.audit.write(AuditLine {
            at: self.now(),
            user: user.name,
            credential_id: user.credential_id,
            issued_credential_id: outcome.as_ref().ok().and_then(|reply| reply.issued.clone()),
            kind: route.kind(),
            namespace,
            name,
            code: outcome
                .as_ref()
                .map_or_else(|failure| failure.code, |reply| reply.code),
        });
        outcome
    }

    async fn serve_to(
        self: &Arc<Self>,
        user: &User,
        parts: &Parts,
        body: Incoming,
        query: &Query,
        route: &Route,
        effect: Option<&Effect>,
    ) -> Result<Reply, Failure> {
        let target = match route {
            Route::Document(document) => return self.document(user, parts, document),
            Route::Refused(failure) => return Err(self.refusal(user, parts, failure)),
            Route::Resource(target) => target,
        };
        let (namespace, name) = (target.namespace(), target.name());
        let what = What::Resource {
            group: target.resource.group,
            resource: target.rule_name(),
            namespace,
            name,
        };
        let wanted = Access {
            verb: target.verb,
            what,
        };
        if !self.grants.allow(user, &wanted) {
            return Err(wanted.denied(user));
        }
        let table = match accepted(&parts.headers) {
            Some(table) => table && target.resource.is_stored() && target.subresource.is_none(),
            None if target
                .subresource
                .is_some_and(|subresource| subresource.name == "log") =>
            {
                false
            }
            None => return Err(Failure::not_acceptable()),
        };
        let body = if matches!(target.verb, "get" | "list" | "watch") {
            Bytes::new()
        } else {
            read(body).await?
        };
        let content_type = content_type(&parts.headers, &body)?;
        let include = query.get("includeObject").unwrap_or("Metadata").to_owned();
        let view = View {
            resource: target.resource,
            table,
            include,
        };
        let request = Request {
            user,
            target,
            query,
            body: &body,
            content_type: &content_type,
            view,
            effect,
        };
        match target.subresource.map(|subresource| subresource.full) {
            Some("serviceaccounts/token") => self.token_request(&request),
            Some("pods/log") => {
                let pods = catalogue::core("pods");
                let pod = self
                    .store
                    .get(pods, namespace, name)
                    .ok_or_else(|| Failure::not_found(pods, name))?;
                Ok(Reply::text(&pods::log(&pod)))
            }
            Some(_) => Err(Failure::no_such_path()),
            None if target.verb == "watch" => self.watch(&request),
            None if target.resource.is_stored() => self.object(&request),
            None => self.review(&request),
        }
    }

    /// Why a request that makes no sense is refused: somebody unknown does not learn that it makes none.
    fn refusal(&self, user: &User, parts: &Parts, failure: &Failure) -> Failure {
        if user.groups.iter().any(|group| group == AUTHENTICATED) {
            return failure.clone();
        }
        let verb = parts.method.as_str().to_ascii_lowercase();
        let what = What::Path(parts.uri.path());
        Access { verb: &verb, what }.denied(user)
    }

    fn document(&self, user: &User, parts: &Parts, document: &Document) -> Result<Reply, Failure> {
        let verb = parts.method.as_str().to_ascii_lowercase();
        let verb = if verb == "head" { "get" } else { verb.as_str() };
        let wanted = Access {
            verb,
            what: What::Path(parts.uri.path()),
        };
        if !self.grants.allow(user, &wanted) {
            return Err(wanted.denied(user));
        }
        if *document == Document::Unknown {
            return Err(Failure::no_such_path());
        }
        if verb != "get" {
            return Err(Failure::method_not_allowed("GET, HEAD"));
        }
        if *document != Document::Health && accepted(&parts.headers).is_none() {
            return Err(Failure::not_acceptable());
        }
        discovery::document(document, &self.options)
    }
}

async fn read(body: Incoming) -> Result<Bytes, Failure> {
    body::read(body, MAX_BODY).await.map_err(|why| match why {
        Unreadable::TooLarge => Failure::too_large(MAX_BODY),
        Unreadable::TooSlow => Failure::timeout("the body did not arrive in time"),
        Unreadable::Broken => Failure::bad_request("the body could not be read"),
    })
}
