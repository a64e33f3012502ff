//! An object's metadata: what a client may write there, and what the cluster adds.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::catalogue::Resource;
use super::route::Target;
use super::status::{Cause, Failure};

/// Most octets of all annotations together (Kubernetes' own limit).
const MAX_ANNOTATIONS: usize = 256 * 1024;

/// A time as Kubernetes writes it.
pub(crate) fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Reads a body as JSON.
pub(crate) fn parse(body: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        Failure::bad_request(format!(
            "couldn't get version/kind; json parse error: {error}"
        ))
    })
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
        return Err(Failure::bad_request(
            "resourceVersion should not be set on objects to be created",
        ));
    }
    let name = name(resource, metadata)?;
    let causes = check(resource, &name, metadata);
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
    if metadata.get("name").is_some_and(|given| given != name) {
        return Err(Failure::bad_request(
            "the name of the object does not match the name on the URL",
        ));
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
    let causes = check(resource, name, metadata);
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
    let text = |field: &str| match metadata.get(field) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(Failure::bad_request(format!(
            "metadata.{field} is not a string"
        ))),
    };
    let given = text("name")?;
    if !given.is_empty() {
        return Ok(given);
    }
    let stem = text("generateName")?;
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

fn check(resource: &Resource, name: &str, metadata: &Map<String, Value>) -> Vec<Cause> {
    let mut causes = Vec::new();
    let good_name = match resource.name {
        "namespaces" | "services" => is_dns_label(name),
        _ if resource.group == "rbac.authorization.k8s.io" => {
            !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '%'])
        }
        _ => is_dns_subdomain(name),
    };
    if !good_name {
        let why = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and \
                   must start and end with an alphanumeric character";
        causes.push(Cause::invalid("metadata.name", &json!(name), why));
    }
    for (field, is_label) in [("labels", true), ("annotations", false)] {
        let path = format!("metadata.{field}");
        let members = match metadata.get(field) {
            None | Some(Value::Null) => continue,
            Some(Value::Object(members)) => members,
            Some(other) => {
                causes.push(Cause::invalid(path, other, "must be an object of strings"));
                continue;
            }
        };
        let mut size = 0;
        for (key, value) in members {
            if !is_qualified_name(key) {
                causes.push(Cause::invalid(
                    path.clone(),
                    &json!(key),
                    "name part must be a qualified name",
                ));
            }
            match value.as_str() {
                None => causes.push(Cause::invalid(path.clone(), value, "must be a string")),
                Some(text) if is_label && !is_label_value(text) => {
                    let mut why =
                        String::from("a valid label must be an empty string or consist of ");
                    let _ = write!(
                        why,
                        "alphanumeric characters, '-', '_' or '.', at most 63 of them"
                    );
                    causes.push(Cause::invalid(path.clone(), value, &why));
                }
                Some(text) => size += key.len() + text.len(),
            }
        }
        if !is_label && size > MAX_ANNOTATIONS {
            causes.push(Cause::invalid(
                path,
                &json!(size),
                "must have at most 262144 bytes",
            ));
        }
    }
    causes
}

fn is_dns_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty()
        && text.len() <= 63
        && text.chars().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn is_dns_subdomain(text: &str) -> bool {
    // Kubernetes limits the whole, not each label.
    let label = |label: &str| {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !label.is_empty()
            && label.chars().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// At most 63 of `[A-Za-z0-9._-]`, beginning and ending with a letter or digit; or nothing.
fn is_label_value(text: &str) -> bool {
    text.is_empty() || is_name_part(text)
}

fn is_name_part(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.len() <= 63
        && edge(text.chars().next())
        && edge(text.chars().last())
        && text.chars().all(inner)
}

fn is_qualified_name(text: &str) -> bool {
    match text.split_once('/') {
        None => is_name_part(text),
        Some((domain, name)) => is_dns_subdomain(domain) && is_name_part(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_labels_and_keys_are_judged_as_kubernetes_does() {
        for good in ["a", "kubeconfig-abc", "a.b", "0"] {
            assert!(is_dns_subdomain(good), "{good}");
        }
        for bad in [
            "",
            "A",
            "-a",
            "a-",
            "a..b",
            "a_b",
            "a/b",
            "a b",
            "ä",
            &"a".repeat(254),
        ] {
            assert!(!is_dns_subdomain(bad), "{bad}");
        }
        for good in ["", "a", "A.b_c-d", &"a".repeat(63)] {
            assert!(is_label_value(good), "{good}");
        }
        for bad in [
            "-a",
            "a-",
            "a b",
            "a/b",
            "alice@example.org",
            &"a".repeat(64),
        ] {
            assert!(!is_label_value(bad), "{bad}");
        }
        assert!(is_qualified_name("kubemint.example/uid") && is_qualified_name("uid"));
        for bad in [
            "",
            "/",
            "a/",
            "/a",
            "a/b/c",
            "A.example/x",
            "kubemint example",
        ] {
            assert!(!is_qualified_name(bad), "{bad}");
        }
    }
}
