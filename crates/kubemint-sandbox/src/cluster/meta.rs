//! An object's metadata: what a client may write there, and what the cluster adds.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::catalogue::Resource;
use super::names;
use super::route::Target;
use super::status::{Cause, Failure};

/// A time as Kubernetes writes it.
pub(crate) fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Reads a body as JSON.
pub(crate) fn parse(body: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        Failure::bad_request(format!(
            "the object provided is unrecognized: couldn't get version/kind; json parse error: {error}"
        ))
    })
}

/// 400: a member has a value of the wrong type, in the words of Go's decoder.
pub(crate) fn wrong_type(
    kind: &str,
    version: &str,
    value: &Value,
    field: &str,
    wanted: &str,
) -> Failure {
    let given = match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "bool".to_owned(),
        Value::Number(number) if wanted.starts_with("int") => format!("number {number}"),
        Value::Number(_) => "number".to_owned(),
        Value::String(_) => "string".to_owned(),
        Value::Array(_) => "array".to_owned(),
        Value::Object(_) => "object".to_owned(),
    };
    Failure::bad_request(format!(
        "{kind} in version {version:?} cannot be handled as a {kind}: json: cannot unmarshal {given} into Go struct \
         field {field} of type {wanted}"
    ))
}

/// Checks that a body is an object of this kind, where it says what it is.
pub(crate) fn check_kind(body: &Value, api_version: &str, kind: &str) -> Result<(), Failure> {
    if !body.is_object() {
        return Err(Failure::bad_request(format!(
            "the body is not an object of kind {kind}"
        )));
    }
    for (field, expected) in [("apiVersion", api_version), ("kind", kind)] {
        match &body[field] {
            Value::Null => {}
            Value::String(given) if given == expected || given.is_empty() => {}
            given => {
                let message = format!(
                    "the {field} in the data ({given}) does not match the expected {field} ({expected:?})"
                );
                return Err(Failure::bad_request(message));
            }
        }
    }
    Ok(())
}

/// Turns what a client sent into a new object: checks its metadata, and adds what the cluster sets.
pub(crate) fn new_object(
    target: &Target,
    mut body: Value,
    now: DateTime<Utc>,
) -> Result<(String, Value), Failure> {
    let resource = target.resource;
    check_kind(&body, &resource.api_version(), resource.kind)?;
    if body["metadata"].is_null() {
        body["metadata"] = json!({});
    }
    check_namespace(target, &body)?;
    let metadata = metadata(&mut body)?;
    if metadata
        .get("resourceVersion")
        .is_some_and(|version| version.as_str() != Some(""))
    {
        return Err(Failure::internal(
            "resourceVersion should not be set on objects to be created",
        ));
    }
    names::check_types(resource, metadata)?;
    let name = name(resource, metadata)?;
    let causes = names::check(resource, &name, metadata);
    if !causes.is_empty() {
        return Err(Failure::invalid(
            resource.group,
            resource.kind,
            &name,
            &causes,
        ));
    }
    for set_by_cluster in [
        "selfLink",
        "managedFields",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        metadata.remove(set_by_cluster);
    }
    metadata.insert("name".to_owned(), json!(name));
    metadata.insert("uid".to_owned(), json!(Uuid::new_v4().to_string()));
    metadata.insert("creationTimestamp".to_owned(), json!(time(now)));
    if resource.namespaced {
        metadata.insert("namespace".to_owned(), json!(target.namespace()));
    }
    body["apiVersion"] = json!(resource.api_version());
    body["kind"] = json!(resource.kind);
    Ok((name, body))
}

/// Turns what a client sent into the next state of `old`: what the cluster set stays.
pub(crate) fn next_object(target: &Target, old: &Value, mut body: Value) -> Result<Value, Failure> {
    let (resource, name) = (target.resource, target.name());
    check_kind(&body, &resource.api_version(), resource.kind)?;
    check_namespace(target, &body)?;
    let was = &old["metadata"];
    let metadata = metadata(&mut body)?;
    let given = metadata.get("name").and_then(Value::as_str).unwrap_or("");
    if given.is_empty() {
        return Err(Failure::bad_request(format!(
            "the name of the object ({name} based on URL) was undeterminable: name must be provided"
        )));
    }
    if given != name {
        return Err(Failure::bad_request(format!(
            "the name of the object ({given}) does not match the name on the URL ({name})"
        )));
    }
    for (field, label) in [("uid", "UID"), ("resourceVersion", "ResourceVersion")] {
        let given = metadata
            .get(field)
            .and_then(Value::as_str)
            .filter(|given| !given.is_empty());
        if let Some(given) = given
            && was[field] != given
        {
            return Err(stale(resource, name, label, given, &was[field]));
        }
    }
    names::check_types(resource, metadata)?;
    let causes = names::check(resource, name, metadata);
    if !causes.is_empty() {
        return Err(Failure::invalid(
            resource.group,
            resource.kind,
            name,
            &causes,
        ));
    }
    for kept in [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
    ] {
        match was.get(kept) {
            Some(value) => metadata.insert(kept.to_owned(), value.clone()),
            None => metadata.remove(kept),
        };
    }
    body["apiVersion"] = json!(resource.api_version());
    body["kind"] = json!(resource.kind);
    Ok(body)
}

/// 409: the object is not the one that the client means.
pub(crate) fn stale(
    resource: &Resource,
    name: &str,
    label: &str,
    given: &str,
    actual: &Value,
) -> Failure {
    let actual = actual.as_str().unwrap_or("");
    let why = if label == "ResourceVersion" {
        "the object has been modified; please apply your changes to the latest version and try again".to_owned()
    } else {
        format!(
            "Precondition failed: {label} in precondition: {given}, {label} in object meta: {actual}"
        )
    };
    Failure::conflict(resource.group, resource.name, name, &why)
}

fn metadata(body: &mut Value) -> Result<&mut Map<String, Value>, Failure> {
    body["metadata"]
        .as_object_mut()
        .ok_or_else(|| Failure::bad_request("metadata is not an object"))
}

fn check_namespace(target: &Target, body: &Value) -> Result<(), Failure> {
    let given = body["metadata"]["namespace"].as_str().unwrap_or("");
    let fits = given.is_empty() || (target.resource.namespaced && given == target.namespace());
    if fits {
        return Ok(());
    }
    let message =
        "the namespace of the provided object does not match the namespace sent on the request";
    Err(Failure::bad_request(message))
}

fn name(resource: &Resource, metadata: &Map<String, Value>) -> Result<String, Failure> {
    let text = |field: &str| metadata.get(field).and_then(Value::as_str).unwrap_or("");
    let given = text("name");
    if !given.is_empty() {
        return Ok(given.to_owned());
    }
    let stem = text("generateName");
    if stem.is_empty() {
        let cause = Cause::required("metadata.name", "name or generateName is required");
        return Err(Failure::invalid(
            resource.group,
            resource.kind,
            "",
            &[cause],
        ));
    }
    let mut name: String = stem.chars().take(58).collect();
    for octet in Uuid::new_v4().as_bytes().iter().take(5) {
        // The letters that Kubernetes uses: no vowels, so that no words come out.
        let letters = b"bcdfghjklmnpqrstvwxz2456789";
        name.push(char::from(letters[usize::from(*octet) % letters.len()]));
    }
    Ok(name)
}
