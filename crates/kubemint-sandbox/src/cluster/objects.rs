//! Reading, creating, changing and deleting objects: what every stored resource has in common.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::handler::{Reply, Request};
use super::meta;
use super::pods;
use super::selector::Selector;
use super::state::State;
use super::status::{self, Cause, Failure};
use super::store::{Change, Key};

/// Most objects in one answer; a longer list goes on in the next.
const MAX_PAGE: usize = 100_000;

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

    fn delete(&self, request: &Request<'_>) -> Result<Reply, Failure> {
        let target = request.target;
        let options = DeleteOptions::parse(request)?;
        let now = meta::time(self.now());
        let last = self.store.change(
            target.resource,
            target.own_namespace(),
            target.name(),
            |old| {
                options.check(request, old)?;
                if options.dry {
                    Ok(Change::Keep)
                } else {
                    Ok(doom(old, &now))
                }
            },
        )?;
        let uid = last["metadata"]["uid"].as_str().unwrap_or("");
        let document = if target.resource.delete_returns_object {
            request.view.one(&last, self.now())
        } else {
            status::deleted(target.resource, target.name(), uid)
        };
        Ok(Reply::json(200, document))
    }

    fn delete_collection(&self, request: &Request<'_>) -> Result<Reply, Failure> {
        let target = request.target;
        let selector = Selector::parse(target.resource, request.query)?;
        let options = DeleteOptions::parse(request)?;
        let namespace = target
            .resource
            .namespaced
            .then_some(target.namespace.as_deref())
            .flatten();
        let page = self
            .store
            .list(target.resource, namespace, None, MAX_PAGE, |object| {
                selector.matches(object)
            });
        let now = meta::time(self.now());
        for object in page.items.iter().filter(|_| !options.dry) {
            let place = object["metadata"]["namespace"].as_str().unwrap_or("");
            let name = object["metadata"]["name"].as_str().unwrap_or("");
            // One that went by itself in the meantime is as good as deleted.
            let _ = self
                .store
                .change(target.resource, place, name, |old| Ok(doom(old, &now)));
        }
        let metadata = json!({"resourceVersion": page.version.to_string()});
        Ok(Reply::json(
            200,
            request.view.list(&page.items, metadata, self.now()),
        ))
    }
}

/// What a deletion is tied to.
struct DeleteOptions {
    uid: Option<String>,
    version: Option<String>,
    dry: bool,
}

impl DeleteOptions {
    fn parse(request: &Request<'_>) -> Result<Self, Failure> {
        let mut options = Self {
            uid: None,
            version: None,
            dry: dry_run(request.target.verb, request.query.get("dryRun"))?,
        };
        if request.body.is_empty() {
            return Ok(options);
        }
        let body = request.document()?;
        if !body.is_object() || !matches!(body["kind"].as_str(), None | Some("" | "DeleteOptions"))
        {
            return Err(Failure::bad_request(
                "the body of a deletion is not an object of kind DeleteOptions",
            ));
        }
        let preconditions = &body["preconditions"];
        let text = |field: &str| match &preconditions[field] {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.clone())),
            // Never ignored: a precondition that does not read would otherwise delete what it was to protect.
            _ => Err(Failure::bad_request(format!(
                "preconditions.{field} is not a string"
            ))),
        };
        if !preconditions.is_null() && !preconditions.is_object() {
            return Err(Failure::bad_request("preconditions is not an object"));
        }
        options.uid = text("uid")?;
        options.version = text("resourceVersion")?;
        if let Some(modes) = body["dryRun"].as_array() {
            for mode in modes {
                options.dry |= dry_run(request.target.verb, mode.as_str())?;
            }
        }
        Ok(options)
    }

    fn check(&self, request: &Request<'_>, object: &Value) -> Result<(), Failure> {
        let metadata = &object["metadata"];
        let (uid, version) = (&metadata["uid"], &metadata["resourceVersion"]);
        for (label, wanted, actual, since) in [
            ("UID", &self.uid, uid, "deleted and then recreated"),
            ("ResourceVersion", &self.version, version, "modified"),
        ] {
            let Some(wanted) = wanted else { continue };
            if actual == wanted.as_str() {
                continue;
            }
            let actual = actual.as_str().unwrap_or("");
            let why = format!(
                "the {label} in the precondition ({wanted}) does not match the {label} in record ({actual}). \
                 The object might have been {since}"
            );
            let resource = request.target.resource;
            // Kubernetes names the kind here, not the resource.
            let name = request.target.name();
            return Err(Failure::conflict(resource.group, resource.kind, name, &why));
        }
        Ok(())
    }
}

/// A deletion: at once, or only marked while something still has to finish with the object.
fn doom(object: &Value, now: &str) -> Change {
    if !has_finalizers(object) {
        return Change::Remove;
    }
    if !object["metadata"]["deletionTimestamp"].is_null() {
        return Change::Keep;
    }
    let mut doomed = object.clone();
    doomed["metadata"]["deletionTimestamp"] = json!(now);
    doomed["metadata"]["deletionGracePeriodSeconds"] = json!(0);
    Change::Put(doomed)
}

/// A change: the last finalizer that leaves a doomed object lets it go.
fn settle(object: Value) -> Change {
    let doomed = !object["metadata"]["deletionTimestamp"].is_null();
    if doomed && !has_finalizers(&object) {
        Change::RemoveAs(object)
    } else {
        Change::Put(object)
    }
}

fn has_finalizers(object: &Value) -> bool {
    object["metadata"]["finalizers"]
        .as_array()
        .is_some_and(|list| !list.is_empty())
}

fn dry_run(verb: &str, mode: Option<&str>) -> Result<bool, Failure> {
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
