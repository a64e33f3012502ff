//! Reading, creating and changing objects: what every stored resource has in common.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::deletion::settle;
use super::exchange::{Reply, Request};
use super::meta;
use super::pods;
use super::selector::Selector;
use super::state::State;
use super::status::{Cause, Failure};
use super::store::{Change, Key};

/// Most objects in one answer; a longer list goes on in the next.
pub(crate) const MAX_PAGE: usize = 100_000;

impl State {
    /// Serves one request on a stored resource, but for watches and subresources.
    pub(crate) fn object(&self, request: &Request<'_>) -> Result<Reply, Failure> {
        match request.target.verb {
            "get" => self.get(request),
            "list" => self.list(request),
            "create" => self.create(request),
            "update" => self.update(request),
            "patch" => self.patch(request),
            "delete" => self.delete(request),
            "deletecollection" => self.delete_collection(request),
            _ => Err(Failure::method_not_allowed("GET")),
        }
    }

    fn get(&self, request: &Request<'_>) -> Result<Reply, Failure> {
        let target = request.target;
        let found = self
            .store
            .get(target.resource, target.own_namespace(), target.name());
        let object = found.ok_or_else(|| Failure::not_found(target.resource, target.name()))?;
        let document = request.view.one(&object, self.now());
        Ok(Reply::json(200, document))
    }

    fn list(&self, request: &Request<'_>) -> Result<Reply, Failure> {
        let target = request.target;
        let selector = Selector::parse(target.resource, request.query)?;
        let limit = request.query.number("limit")?.filter(|limit| *limit > 0);
        let limit = limit.map_or(MAX_PAGE, |limit| {
            usize::try_from(limit).unwrap_or(MAX_PAGE).min(MAX_PAGE)
        });
        let after = request
            .query
            .get("continue")
            .map(read_continue)
            .transpose()?;
        let namespace = target
            .resource
            .namespaced
            .then_some(target.namespace.as_deref())
            .flatten();
        let page = self.store.list(
            target.resource,
            namespace,
            after.as_ref(),
            limit,
            |object| selector.matches(object),
        );
        let mut metadata = json!({"resourceVersion": page.version.to_string()});
        if let Some(next) = &page.next {
            metadata["continue"] = json!(write_continue(next));
        }
        let document = request.view.list(&page.items, metadata, self.now());
        Ok(Reply::json(200, document))
    }

    fn create(&self, request: &Request<'_>) -> Result<Reply, Failure> {
        let target = request.target;
        let body = request.document()?;
        let (name, mut object) = meta::new_object(target, body, self.now())?;
        match target.resource.name {
            "pods" => pods::complete(&name, &mut object, self.now())?,
            "namespaces" => {
                object["spec"] = json!({"finalizers": ["kubernetes"]});
                object["status"] = json!({"phase": "Active"});
            }
            "serviceaccounts" => check_account(&object)?,
            _ => {}
        }
        if dry_run(request.target.verb, request.query.get("dryRun"))? {
            return Ok(Reply::json(201, object));
        }
        let namespace = if target.resource.namespaced {
            target.namespace()
        } else {
            ""
        };
        let object = self
            .store
            .create(target.resource, namespace, &name, object)?;
        if target.resource.name == "namespaces" {
            self.furnish(&name);
        }
        Ok(Reply::json(201, request.view.one(&object, self.now())))
    }

    fn update(&self, request: &Request<'_>) -> Result<Reply, Failure> {
        let target = request.target;
        let body = request.document()?;
        let dry = dry_run(request.target.verb, request.query.get("dryRun"))?;
        let object = self.store.change(
            target.resource,
            target.own_namespace(),
            target.name(),
            |old| {
                let next = meta::next_object(target, old, body)?;
                if dry {
                    Ok(Change::Keep)
                } else {
                    Ok(settle(next))
                }
            },
        )?;
        Ok(Reply::json(200, request.view.one(&object, self.now())))
    }

    fn patch(&self, request: &Request<'_>) -> Result<Reply, Failure> {
        let target = request.target;
        if !matches!(
            request.content_type,
            "application/merge-patch+json" | "application/strategic-merge-patch+json"
        ) {
            return Err(Failure::unsupported_media_type());
        }
        let patch = request.document()?;
        if !patch.is_object() {
            return Err(Failure::bad_request("the patch is not an object"));
        }
        let dry = dry_run(request.target.verb, request.query.get("dryRun"))?;
        let object = self.store.change(
            target.resource,
            target.own_namespace(),
            target.name(),
            |old| {
                let mut next = old.clone();
                merge(&mut next, patch);
                let next = meta::next_object(target, old, next)?;
                if dry {
                    Ok(Change::Keep)
                } else {
                    Ok(settle(next))
                }
            },
        )?;
        Ok(Reply::json(200, request.view.one(&object, self.now())))
    }
}

/// Whether nothing is to be kept of what a request does.
pub(crate) fn dry_run(verb: &str, mode: Option<&str>) -> Result<bool, Failure> {
    let Some(mode) = mode else { return Ok(false) };
    if mode == "All" {
        return Ok(true);
    }
    let kind = match verb {
        "create" => "CreateOptions",
        "update" => "UpdateOptions",
        "patch" => "PatchOptions",
        _ => "DeleteOptions",
    };
    let cause = Cause::not_supported("dryRun", &json!([mode]), "All");
    Err(Failure::invalid("meta.k8s.io", kind, "", &[cause]))
}

fn check_account(object: &Value) -> Result<(), Failure> {
    match &object["automountServiceAccountToken"] {
        Value::Null | Value::Bool(_) => Ok(()),
        other => Err(meta::wrong_type(
            "ServiceAccount",
            "v1",
            other,
            "ServiceAccount.automountServiceAccountToken",
            "bool",
        )),
    }
}

/// RFC 7396. A strategic patch is merged the same way, without its directives: lists are replaced, not joined.
fn merge(into: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *into = patch;
        return;
    };
    if !into.is_object() {
        *into = Value::Object(Map::new());
    }
    let Some(members) = into.as_object_mut() else {
        return;
    };
    for (name, value) in patch.into_iter().filter(|(name, _)| !name.starts_with('$')) {
        if value.is_null() {
            members.remove(&name);
        } else {
            merge(members.entry(name).or_insert(Value::Null), value);
        }
    }
}

fn write_continue(next: &Key) -> String {
    URL_SAFE_NO_PAD.encode(json!({"v": "meta.k8s.io/v1", "after": [next.0, next.1]}).to_string())
}

fn read_continue(text: &str) -> Result<Key, Failure> {
    let read = || {
        let octets = URL_SAFE_NO_PAD.decode(text).ok()?;
        let token: Value = serde_json::from_slice(&octets).ok()?;
        let part = |at: usize| token["after"][at].as_str().map(str::to_owned);
        Some((part(0)?, part(1)?))
    };
    read().ok_or_else(|| {
        Failure::bad_request("continue key is not valid: it is not one that this cluster gave")
    })
}
