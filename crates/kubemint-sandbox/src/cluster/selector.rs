//! Label and field selectors.

use serde_json::Value;

use super::catalogue::Resource;
use super::route::Query;
use super::status::Failure;

/// One requirement of a label selector.
#[derive(Debug, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

/// One requirement of a field selector.
#[derive(Debug, PartialEq, Eq)]
struct Field {
    path: Vec<String>,
    value: String,
    equal: bool,
}

/// What a list or watch is narrowed to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<Field>,
}

impl Selector {
    /// Reads `labelSelector` and `fieldSelector`.
    pub(crate) fn parse(resource: &Resource, query: &Query) -> Result<Self, Failure> {
        let mut selector = Self::default();
        if let Some(text) = query.get("labelSelector") {
            let bad = || {
                Failure::bad_request(format!(
                    "unable to parse requirement in the label selector {text:?}"
                ))
            };
            for part in split(text) {
                selector.labels.push(label(part.trim()).ok_or_else(bad)?);
            }
        }
        for part in query
            .get("fieldSelector")
            .unwrap_or("")
            .split(',')
            .filter(|part| !part.is_empty())
        {
            selector.fields.push(field(resource, part)?);
        }
        Ok(selector)
    }

    /// Whether an object is selected.
    pub(crate) fn matches(&self, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        let label = |key: &str| labels.get(key).and_then(Value::as_str);
        let one_of = |key: &str, values: &[String]| {
            label(key).is_some_and(|value| values.iter().any(|v| v == value))
        };
        let labelled = self.labels.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => one_of(key, values),
            Requirement::NotIn(key, values) => !one_of(key, values),
            Requirement::Exists(key) => label(key).is_some(),
            Requirement::Absent(key) => label(key).is_none(),
        });
        labelled
            && self.fields.iter().all(|field| {
                let value = field
                    .path
                    .iter()
                    .fold(object, |value, member| &value[member.as_str()]);
                (value.as_str().unwrap_or("") == field.value) == field.equal
            })
    }
}

/// Splits at the commas that stand in no parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn label(text: &str) -> Option<Requirement> {
    let key = |text: &str| {
        let text = text.trim();
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
        (!text.is_empty() && text.chars().all(good)).then(|| text.to_owned())
    };
    let value = |text: &str| {
        let text = text.trim();
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        text.chars().all(good).then(|| text.to_owned())
    };
    if let Some(absent) = text.strip_prefix('!') {
        return key(absent).map(Requirement::Absent);
    }
    if let Some((name, list)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        let values = list.split(',').map(value).collect::<Option<Vec<_>>>()?;
        let mut words = name.split_whitespace();
        let (name, operator) = (words.next()?, words.next()?);
        return match (operator, words.next()) {
            ("in", None) => Some(Requirement::In(key(name)?, values)),
            ("notin", None) => Some(Requirement::NotIn(key(name)?, values)),
            _ => None,
        };
    }
    if let Some((name, other)) = text.split_once("!=") {
        return Some(Requirement::NotIn(key(name)?, vec![value(other)?]));
    }
    if let Some((name, other)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return Some(Requirement::In(key(name)?, vec![value(other)?]));
    }
    key(text).map(Requirement::Exists)
}

fn field(resource: &Resource, text: &str) -> Result<Field, Failure> {
    let parted = text
        .split_once("!=")
        .map(|(name, value)| (name, value, false));
    let parted = parted.or_else(|| {
        text.split_once("==")
            .map(|(name, value)| (name, value, true))
    });
    let parted = parted.or_else(|| {
        text.split_once('=')
            .map(|(name, value)| (name, value, true))
    });
    let Some((name, value, equal)) = parted else {
        return Err(Failure::bad_request(format!(
            "invalid selector: {text:?}; can't understand it"
        )));
    };
    let known = match name {
        "metadata.name" | "metadata.namespace" => true,
        "spec.nodeName" | "spec.serviceAccountName" | "status.phase" => resource.name == "pods",
        "type" => resource.name == "secrets",
        "involvedObject.name"
        | "involvedObject.namespace"
        | "involvedObject.kind"
        | "involvedObject.uid" => resource.name == "events",
        _ => false,
    };
    if !known {
        return Err(Failure::bad_request(format!(
            "{name:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
        )));
    }
    Ok(Field {
        path: name.split('.').map(str::to_owned).collect(),
        value: value.to_owned(),
        equal,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::catalogue;
    use super::*;

    fn selects(query: &str) -> Result<bool, Failure> {
        let object = json!({"metadata": {"name": "x", "labels": {"app": "web", "example.org/tier": "front"}}});
        let query = Query::parse(query)?;
        Selector::parse(catalogue::core("pods"), &query).map(|selector| selector.matches(&object))
    }

    #[test]
    fn selectors_select_as_kubernetes_does() {
        for yes in [
            "",
            "labelSelector=app%3Dweb",
            "labelSelector=app==web,example.org/tier",
            "labelSelector=!gone",
            "labelSelector=app+in+(db,web),app!%3Dcache",
            "labelSelector=app+notin+(db)",
            "fieldSelector=metadata.name%3Dx",
        ] {
            assert!(selects(yes).unwrap(), "{yes}");
        }
        for no in [
            "labelSelector=app%3Ddb",
            "labelSelector=gone",
            "labelSelector=!app",
            "fieldSelector=metadata.name!%3Dx",
        ] {
            assert!(!selects(no).unwrap(), "{no}");
        }
        for bad in [
            "labelSelector=a+b",
            "labelSelector=app+in+db",
            "labelSelector=,",
            "labelSelector=a(",
            "fieldSelector=x",
            "fieldSelector=spec.secret%3Dx",
            "labelSelector=%ff",
        ] {
            assert_eq!(selects(bad).unwrap_err().code, 400, "{bad}");
        }
    }
}
