//! What names, labels and annotations may look like.

use serde_json::{Map, Value, json};

use super::catalogue::Resource;
use super::meta;
use super::status::{Cause, Failure};

/// Most octets of all annotations together (Kubernetes' own limit).
const MAX_ANNOTATIONS: usize = 256 * 1024;

const NOT_A_SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
     and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
     '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const NOT_A_LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
     start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
     '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const NOT_A_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and \
     must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for \
     validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const NOT_A_KEY: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
     alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
     '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/// Checks that what should be text in an object's metadata is text: 400, as decoding comes before judging.
pub(crate) fn check_types(
    resource: &Resource,
    metadata: &Map<String, Value>,
) -> Result<(), Failure> {
    let wrong = |value: &Value, field: &str, wanted: &str| {
        let field = format!("ObjectMeta.metadata.{field}");
        Err(meta::wrong_type(
            resource.kind,
            resource.version,
            value,
            &field,
            wanted,
        ))
    };
    for field in [
        "name",
        "generateName",
        "namespace",
        "uid",
        "resourceVersion",
    ] {
        match metadata.get(field) {
            None | Some(Value::Null | Value::String(_)) => {}
            Some(other) => return wrong(other, field, "string"),
        }
    }
    for field in ["labels", "annotations"] {
        match metadata.get(field) {
            None | Some(Value::Null) => {}
            Some(Value::Object(members)) => {
                if let Some(other) = members.values().find(|value| !value.is_string()) {
                    return wrong(other, field, "string");
                }
            }
            Some(other) => return wrong(other, field, "map[string]string"),
        }
    }
    match metadata.get("finalizers") {
        None | Some(Value::Null) => Ok(()),
        Some(Value::Array(list)) if list.iter().all(Value::is_string) => Ok(()),
        Some(other) => wrong(other, "finalizers", "[]string"),
    }
}

/// What is wrong with an object's name, labels and annotations.
pub(crate) fn check(resource: &Resource, name: &str, metadata: &Map<String, Value>) -> Vec<Cause> {
    let mut causes = Vec::new();
    let (good, why) = match resource.name {
        "namespaces" | "services" => (is_dns_label(name), NOT_A_LABEL),
        _ if resource.group == "rbac.authorization.k8s.io" => {
            let segment =
                !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '%']);
            (segment, "may not contain '/' or '%'")
        }
        _ => (is_dns_subdomain(name), NOT_A_SUBDOMAIN),
    };
    if !good {
        causes.push(Cause::invalid("metadata.name", &json!(name), why));
    }
    for (field, is_label) in [("labels", true), ("annotations", false)] {
        let path = format!("metadata.{field}");
        let mut size = 0;
        for (key, value) in metadata
            .get(field)
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            if !is_qualified_name(key) {
                causes.push(Cause::invalid(path.clone(), &json!(key), NOT_A_KEY));
            }
            let text = value.as_str().unwrap_or("");
            size += key.len() + text.len();
            if is_label && text.len() > 63 {
                causes.push(Cause::invalid(
                    path.clone(),
                    value,
                    "must be no more than 63 bytes",
                ));
            } else if is_label && !is_label_value(text) {
                causes.push(Cause::invalid(path.clone(), value, NOT_A_VALUE));
            }
        }
        if !is_label && size > MAX_ANNOTATIONS {
            causes.push(Cause::too_long(path, MAX_ANNOTATIONS));
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
