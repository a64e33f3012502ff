//! Objects as they are sent: whole, in lists, or as the table that `kubectl get` asks for.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::catalogue::Resource;

/// One column: name, type, whether only `-o wide` shows it.
type Column = (&'static str, &'static str, bool);

const NAME: Column = ("Name", "string", false);
const AGE: Column = ("Age", "string", false);

/// How a client wants objects of a type to be written.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) resource: &'static Resource,
    /// As a table; otherwise whole.
    pub(crate) table: bool,
    /// What a row of a table carries of its object: `None`, `Object`, or (usually) only the metadata.
    pub(crate) include: String,
}

impl View {
    /// A list of objects.
    pub(crate) fn list(&self, items: &[Arc<Value>], metadata: Value, now: DateTime<Utc>) -> Value {
        if self.table {
            self.as_table(items, metadata, now)
        } else {
            self.plain_list(items, metadata)
        }
    }

    /// One object.
    pub(crate) fn one(&self, object: &Arc<Value>, now: DateTime<Utc>) -> Value {
        if !self.table {
            return Value::clone(object);
        }
        let metadata = json!({"resourceVersion": object["metadata"]["resourceVersion"]});
        self.as_table(std::slice::from_ref(object), metadata, now)
    }

    fn plain_list(&self, items: &[Arc<Value>], metadata: Value) -> Value {
        let items: Vec<Value> = items
            .iter()
            .map(|object| {
                let mut object = Value::clone(object);
                // The list says what its items are, as Kubernetes does it.
                if let Some(members) = object.as_object_mut() {
                    members.remove("kind");
                    members.remove("apiVersion");
                }
                object
            })
            .collect();
        json!({
            "kind": format!("{}List", self.resource.kind),
            "apiVersion": self.resource.api_version(),
            "metadata": metadata,
            "items": items,
        })
    }

    fn as_table(&self, items: &[Arc<Value>], metadata: Value, now: DateTime<Utc>) -> Value {
        let columns: Vec<Value> = columns(self.resource.name)
            .iter()
            .map(|(name, kind, wide)| {
                let format = if *name == "Name" { "name" } else { "" };
                json!({"name": name, "type": kind, "format": format, "description": "", "priority": u8::from(*wide)})
            })
            .collect();
        let shown = |object: &Arc<Value>| match self.include.as_str() {
            "None" => Value::Null,
            "Object" => Value::clone(object),
            _ => json!({
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": object["metadata"],
            }),
        };
        let rows: Vec<Value> = items
            .iter()
            .map(|object| json!({"cells": cells(self.resource.name, object, now), "object": shown(object)}))
            .collect();
        json!({
            "kind": "Table",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": metadata,
            "columnDefinitions": columns,
            "rows": rows,
        })
    }
}

fn columns(resource: &str) -> &'static [Column] {
    match resource {
        "pods" => &[
            NAME,
            ("Ready", "string", false),
            ("Status", "string", false),
            ("Restarts", "string", false),
            AGE,
            ("IP", "string", true),
            ("Node", "string", true),
        ],
        "namespaces" => &[NAME, ("Status", "string", false), AGE],
        "configmaps" => &[NAME, ("Data", "string", false), AGE],
        "secrets" => &[
            NAME,
            ("Type", "string", false),
            ("Data", "string", false),
            AGE,
        ],
        "nodes" => &[
            NAME,
            ("Status", "string", false),
            ("Roles", "string", false),
            AGE,
            ("Version", "string", false),
        ],
        "deployments" => &[
            NAME,
            ("Ready", "string", false),
            ("Up-to-date", "string", false),
            ("Available", "string", false),
            AGE,
        ],
        "services" => &[
            NAME,
            ("Type", "string", false),
            ("Cluster-IP", "string", false),
            ("External-IP", "string", false),
            ("Port(s)", "string", false),
            AGE,
        ],
        _ => &[NAME, AGE],
    }
}

fn cells(resource: &str, object: &Value, now: DateTime<Utc>) -> Vec<Value> {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or("")
            .to_owned()
    };
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64).unwrap_or(0);
    let members = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_object)
            .map_or(0, serde_json::Map::len)
    };
    let name = text("/metadata/name");
    let age = match DateTime::parse_from_rfc3339(&text("/metadata/creationTimestamp")) {
        Ok(created) => age((now - created.to_utc()).num_seconds()),
        Err(_) => "<unknown>".to_owned(),
    };
    let leaving = !object["metadata"]["deletionTimestamp"].is_null();
    let texts = match resource {
        "pods" => {
            let statuses = object["status"]["containerStatuses"]
                .as_array()
                .map_or(&[][..], Vec::as_slice);
            let ready = statuses
                .iter()
                .filter(|status| status["ready"] == true)
                .count();
            let restarts: i64 = statuses
                .iter()
                .filter_map(|status| status["restartCount"].as_i64())
                .sum();
            let phase = if leaving {
                "Terminating".to_owned()
            } else {
                text("/status/phase")
            };
            let ready = format!("{ready}/{}", statuses.len());
            vec![
                name,
                ready,
                phase,
                restarts.to_string(),
                age,
                text("/status/podIP"),
                text("/spec/nodeName"),
            ]
        }
        "namespaces" => vec![
            name,
            if leaving {
                "Terminating".to_owned()
            } else {
                text("/status/phase")
            },
            age,
        ],
        "configmaps" => vec![
            name,
            (members("/data") + members("/binaryData")).to_string(),
            age,
        ],
        "secrets" => vec![name, text("/type"), members("/data").to_string(), age],
        "nodes" => {
            vec![
                name,
                "Ready".to_owned(),
                "control-plane".to_owned(),
                age,
                text("/status/nodeInfo/kubeletVersion"),
            ]
        }
        "deployments" => {
            let ready = format!(
                "{}/{}",
                number("/status/readyReplicas"),
                number("/spec/replicas")
            );
            let updated = number("/status/updatedReplicas").to_string();
            vec![
                name,
                ready,
                updated,
                number("/status/availableReplicas").to_string(),
                age,
            ]
        }
        "services" => {
            let ports = object["spec"]["ports"]
                .as_array()
                .map_or(&[][..], Vec::as_slice);
            let port = |port: &Value| {
                format!(
                    "{}/{}",
                    port["port"],
                    port["protocol"].as_str().unwrap_or("TCP")
                )
            };
            let ports: Vec<String> = ports.iter().map(port).collect();
            let kind = if text("/spec/type").is_empty() {
                "ClusterIP".to_owned()
            } else {
                text("/spec/type")
            };
            vec![
                name,
                kind,
                text("/spec/clusterIP"),
                "<none>".to_owned(),
                ports.join(","),
                age,
            ]
        }
        _ => vec![name, age],
    };
    texts.into_iter().map(Value::String).collect()
}

/// An age in the words of kubectl.
fn age(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    let two = |large: i64, large_name: &str, small: i64, small_name: &str| {
        let (whole, rest) = (seconds / large, seconds % large / small);
        if rest == 0 {
            format!("{whole}{large_name}")
        } else {
            format!("{whole}{large_name}{rest}{small_name}")
        }
    };
    match seconds {
        i64::MIN..0 => "<invalid>".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 => two(MINUTE, "m", 1, "s"),
        600..10_800 => format!("{}m", seconds / MINUTE),
        10_800..28_800 => two(HOUR, "h", MINUTE, "m"),
        28_800..172_800 => format!("{}h", seconds / HOUR),
        172_800..691_200 => two(DAY, "d", HOUR, "h"),
        691_200..63_072_000 => format!("{}d", seconds / DAY),
        _ => format!("{}y", seconds / (365 * DAY)),
    }
}

#[cfg(test)]
mod tests {
    use super::age;

    #[test]
    fn an_age_reads_as_kubectl_writes_it() {
        for (seconds, written) in [
            (-1, "<invalid>"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (135, "2m15s"),
            (599, "9m59s"),
            (600, "10m"),
            (10_799, "179m"),
            (10_800, "3h"),
            (10_860, "3h1m"),
            (28_800, "8h"),
            (172_799, "47h"),
            (172_800, "2d"),
            (176_400, "2d1h"),
            (864_000, "10d"),
            (63_072_000, "2y"),
        ] {
            assert_eq!(age(seconds), written, "{seconds}");
        }
    }
}
