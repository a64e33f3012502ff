//! Deleting objects: under preconditions, and only marked while a finalizer holds one.

use serde_json::{Value, json};

use super::exchange::{Reply, Request};
use super::meta;
use super::objects::{MAX_PAGE, dry_run};
use super::selector::Selector;
use super::state::State;
use super::status::{self, Failure};
use super::store::Change;

impl State {
    pub(crate) fn delete(&self, request: &Request<'_>) -> Result<Reply, Failure> {
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

    pub(crate) fn delete_collection(&self, request: &Request<'_>) -> Result<Reply, Failure> {
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
pub(crate) fn settle(object: Value) -> Change {
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
