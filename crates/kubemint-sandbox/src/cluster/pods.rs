//! What lives in the cluster from the start, and what becomes of a pod that somebody creates.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::meta;
use super::status::{Cause, Failure};

/// The only node.
const NODE: &str = "sandbox-node";

/// What stands in a new cluster beside namespaces: resource, namespace, object.
pub(crate) fn inhabitants(now: DateTime<Utc>) -> Vec<(&'static str, &'static str, Value)> {
    let old = now - TimeDelta::hours(30);
    let mut all = vec![
        ("nodes", "", node(old)),
        (
            "services",
            "default",
            json!({
                "metadata": {"name": "kubernetes", "creationTimestamp": meta::time(old)},
                "spec": {"type": "ClusterIP", "clusterIP": "10.96.0.1", "ports": [{"name": "https", "port": 443, "protocol": "TCP"}]},
            }),
        ),
        (
            "secrets",
            "default",
            json!({
                "metadata": {"name": "database", "creationTimestamp": meta::time(old)},
                "type": "Opaque",
                "data": {"password": "c2FuZGJveA=="},
            }),
        ),
        (
            "deployments",
            "default",
            json!({
                "metadata": {"name": "web", "labels": {"app": "web"}, "creationTimestamp": meta::time(old), "generation": 1},
                "spec": {
                    "replicas": 2,
                    "selector": {"matchLabels": {"app": "web"}},
                    "template": {
                        "metadata": {"labels": {"app": "web"}},
                        "spec": {"containers": [{"name": "web", "image": "registry.example/web:1"}]},
                    },
                },
                "status": {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2},
            }),
        ),
    ];
    for (namespace, name, app, hours) in [
        ("default", "web-7c5ddbdf54-4kx8z", "web", 26),
        ("default", "web-7c5ddbdf54-q2vtm", "web", 26),
        ("default", "database-0", "database", 29),
        ("kube-system", "coredns-66bc5c9577-d8w5h", "coredns", 30),
        ("kube-system", "kube-proxy-x7r2p", "kube-proxy", 30),
        ("kube-system", "etcd-sandbox-node", "etcd", 30),
    ] {
        let created = now - TimeDelta::hours(hours);
        let mut pod = json!({
            "metadata": {"name": name, "labels": {"app": app}, "creationTimestamp": meta::time(created)},
            "spec": {"containers": [{"name": app, "image": format!("registry.example/{app}:1")}]},
        });
        run(&mut pod, created);
        all.push(("pods", namespace, pod));
    }
    all
}

fn node(created: DateTime<Utc>) -> Value {
    json!({
        "metadata": {
            "name": NODE,
            "labels": {"kubernetes.io/hostname": NODE, "node-role.kubernetes.io/control-plane": ""},
            "creationTimestamp": meta::time(created),
        },
        "spec": {},
        "status": {
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
            "nodeInfo": {"kubeletVersion": "sandbox"},
        },
    })
}

/// Checks a new pod, and runs it: nothing is executed, but it says so.
pub(crate) fn complete(name: &str, pod: &mut Value, now: DateTime<Utc>) -> Result<(), Failure> {
    let mut causes = Vec::new();
    match pod["spec"]["containers"].as_array() {
        Some(list) if !list.is_empty() => {
            for (at, container) in list.iter().enumerate() {
                for field in ["name", "image"] {
                    if container[field].as_str().unwrap_or("").is_empty() {
                        causes.push(Cause::required(
                            format!("spec.containers[{at}].{field}"),
                            "",
                        ));
                    }
                }
            }
        }
        _ => causes.push(Cause::required("spec.containers", "")),
    }
    if pod["spec"]["hostNetwork"] == true {
        causes.push(Cause::forbidden(
            "spec.hostNetwork",
            "this sandbox runs nothing on its host",
        ));
    }
    if !causes.is_empty() {
        return Err(Failure::invalid("", "Pod", name, &causes));
    }
    run(pod, now);
    Ok(())
}

fn run(pod: &mut Value, now: DateTime<Utc>) {
    let at = meta::time(now);
    let containers = pod["spec"]["containers"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let running: Vec<Value> = containers
        .iter()
        .map(|container| {
            json!({
                "name": container["name"],
                "image": container["image"],
                "imageID": "",
                "ready": true,
                "started": true,
                "restartCount": 0,
                "state": {"running": {"startedAt": at}},
            })
        })
        .collect();
    pod["spec"]["nodeName"] = json!(NODE);
    pod["status"] = json!({
        "phase": "Running",
        "podIP": "10.244.0.2",
        "startTime": at,
        "conditions": [
            {"type": "Ready", "status": "True", "lastTransitionTime": at},
            {"type": "ContainersReady", "status": "True", "lastTransitionTime": at},
        ],
        "containerStatuses": running,
    });
}

/// What a pod has to say.
pub(crate) fn log(pod: &Value) -> String {
    let name = pod["metadata"]["name"].as_str().unwrap_or("");
    let started = pod["status"]["startTime"].as_str().unwrap_or("");
    format!("{started} {name} is a pod of the kubemint sandbox: nothing runs in it\n")
}
