//! The documents that tell a client what there is: groups, resources, version, health, and a little OpenAPI.

use serde_json::{Map, Value, json};

use super::catalogue::{self, CATALOGUE};
use super::exchange::Reply;
use super::options::ClusterOptions;
use super::route::Document;
use super::status::Failure;

/// Serves a document.
pub(crate) fn document(document: &Document, options: &ClusterOptions) -> Result<Reply, Failure> {
    Ok(Reply::json(
        200,
        match document {
            Document::Core => json!({
                "kind": "APIVersions",
                "versions": ["v1"],
                "serverAddressByClientCIDRs": [],
            }),
            Document::Groups => json!({
                "kind": "APIGroupList",
                "apiVersion": "v1",
                "groups": catalogue::groups().into_iter().map(group).collect::<Vec<_>>(),
            }),
            Document::Group(name) => {
                let mut group = group(name);
                group["kind"] = json!("APIGroup");
                group["apiVersion"] = json!("v1");
                group
            }
            Document::Resources(name) => resources(name),
            Document::Version => version(options.minor_version),
            Document::Health => return Ok(Reply::text("ok")),
            Document::OpenApi => openapi(),
            Document::OpenApiOf(name) => openapi_of(name),
            Document::Unknown => return Err(Failure::no_such_path()),
        },
    ))
}

fn group(name: &str) -> Value {
    let version = json!({"groupVersion": format!("{name}/v1"), "version": "v1"});
    json!({"name": name, "versions": [version], "preferredVersion": version})
}

fn resources(group: &str) -> Value {
    let mut resources = Vec::new();
    for known in CATALOGUE.iter().filter(|known| known.group == group) {
        let mut entry = json!({
            "name": known.name,
            "singularName": known.singular,
            "namespaced": known.namespaced,
            "kind": known.kind,
            "verbs": known.verbs,
        });
        if !known.short.is_empty() {
            entry["shortNames"] = json!(known.short);
        }
        if known.name == "pods" {
            // `kubectl get all`.
            entry["categories"] = json!(["all"]);
        }
        resources.push(entry);
        for sub in known.subresources {
            let mut entry = json!({
                "name": sub.full,
                "singularName": "",
                "namespaced": known.namespaced,
                "kind": sub.kind,
                "verbs": [sub.verb],
            });
            if !sub.group.is_empty() {
                entry["group"] = json!(sub.group);
                entry["version"] = json!("v1");
            }
            resources.push(entry);
        }
    }
    json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": catalogue::api_version(group, "v1"),
        "resources": resources,
    })
}

fn version(minor: u32) -> Value {
    json!({
        "major": "1",
        "minor": minor.to_string(),
        "emulationMajor": "1",
        "emulationMinor": minor.to_string(),
        "gitVersion": format!("v1.{minor}.0+sandbox"),
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "none",
        "compiler": "rustc",
        "platform": "sandbox/loopback",
    })
}

fn openapi() -> Value {
    let mut paths = Map::new();
    let mut add = |path: String| {
        let url = format!("/openapi/v3/{path}?hash=sandbox");
        paths.insert(path, json!({"serverRelativeURL": url}));
    };
    add("api/v1".to_owned());
    for group in catalogue::groups() {
        add(format!("apis/{group}/v1"));
    }
    json!({"paths": paths})
}

/// Just enough for `kubectl create` and `apply` to see that the server knows `fieldValidation`, without which they
/// want all schemas to validate by themselves.
fn openapi_of(group: &str) -> Value {
    let mut paths = Map::new();
    for known in CATALOGUE
        .iter()
        .filter(|known| known.group == group && known.is_stored())
    {
        let root = if group.is_empty() {
            "/api/v1".to_owned()
        } else {
            format!("/apis/{group}/v1")
        };
        let place = if known.namespaced {
            "/namespaces/{namespace}"
        } else {
            ""
        };
        let parameter = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}});
        let operation = json!({
            "patch": {
                "operationId": format!("patch{}", known.kind),
                "parameters": [parameter("dryRun"), parameter("fieldManager"), parameter("fieldValidation")],
                "responses": {"200": {"description": "OK"}},
                "x-kubernetes-action": "patch",
                "x-kubernetes-group-version-kind": {"group": group, "version": "v1", "kind": known.kind},
            },
        });
        paths.insert(format!("{root}{place}/{}/{{name}}", known.name), operation);
    }
    json!({"openapi": "3.0.0", "info": {"title": "kubemint sandbox", "version": "v1"}, "paths": paths, "components": {"schemas": {}}})
}
