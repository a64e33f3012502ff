//! Other objects: pods to look at, tables as kubectl asks for them, discovery, patches.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Api, answer, cluster};

const PODS: &str = "/api/v1/namespaces/default/pods";
/// What `kubectl get` sends.
const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
/// What kubectl's discovery sends.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                          application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

#[tokio::test]
async fn pods_come_as_the_table_that_kubectl_prints() {
    let cluster = cluster().await;
    let viewer = Api::service(&cluster).become_role("viewer").await;
    let table = answer(
        viewer
            .request(Method::GET, "/api/v1/pods")
            .header("accept", TABLE),
    )
    .await
    .good(200);
    assert_eq!(
        (table["kind"].as_str(), table["apiVersion"].as_str()),
        (Some("Table"), Some("meta.k8s.io/v1"))
    );
    let columns = table["columnDefinitions"].as_array().unwrap();
    let shown = columns.iter().filter(|column| column["priority"] == 0);
    let names: Vec<&str> = shown
        .map(|column| column["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Name", "Ready", "Status", "Restarts", "Age"]);
    let rows = table["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 6);
    for row in rows {
        assert_eq!(row["cells"].as_array().unwrap().len(), columns.len());
        assert_eq!(
            (&row["cells"][1], &row["cells"][2]),
            (&json!("1/1"), &json!("Running"))
        );
        assert!(
            row["object"]["metadata"]["namespace"].is_string(),
            "needed for the column NAMESPACE"
        );
    }
    let one = answer(
        viewer
            .request(Method::GET, &format!("{PODS}/database-0"))
            .header("accept", TABLE),
    )
    .await
    .good(200);
    assert_eq!(one["rows"][0]["cells"][0], "database-0");
    let log = viewer.get(&format!("{PODS}/database-0/log")).await;
    assert!(
        log.status == 200 && log.text.contains("database-0"),
        "{}",
        log.text
    );
}

#[tokio::test]
async fn discovery_names_every_group_and_resource() {
    let cluster = cluster().await;
    let viewer = Api::service(&cluster).become_role("viewer").await;
    for (path, kind) in [("/api", "APIVersions"), ("/apis", "APIGroupList")] {
        let aggregated = answer(
            viewer
                .request(Method::GET, path)
                .header("accept", AGGREGATED),
        )
        .await;
        assert_eq!(
            aggregated.headers["content-type"], "application/json",
            "plain, so that clients fall back"
        );
        assert_eq!(aggregated.good(200)["kind"], kind);
    }
    let groups = viewer.get("/apis").await.good(200);
    for group in groups["groups"].as_array().unwrap() {
        let version = group["preferredVersion"]["groupVersion"].as_str().unwrap();
        let list = viewer.get(&format!("/apis/{version}")).await.good(200);
        assert_eq!(list["groupVersion"], version);
        assert!(!list["resources"].as_array().unwrap().is_empty());
        assert_eq!(
            viewer
                .get(&format!("/apis/{}", group["name"].as_str().unwrap()))
                .await
                .good(200)["kind"],
            "APIGroup"
        );
    }
    let core = viewer.get("/api/v1").await.good(200);
    let token = core["resources"]
        .as_array()
        .unwrap()
        .iter()
        .find(|known| known["name"] == "serviceaccounts/token")
        .unwrap();
    assert_eq!(
        (token["kind"].as_str(), token["group"].as_str()),
        (Some("TokenRequest"), Some("authentication.k8s.io"))
    );
    assert_eq!(
        viewer.get("/version").await.good(200)["gitVersion"],
        "v1.36.0+sandbox"
    );
    let index = viewer.get("/openapi/v3").await.good(200);
    for place in index["paths"].as_object().unwrap().values() {
        let document = viewer
            .get(place["serverRelativeURL"].as_str().unwrap())
            .await
            .good(200);
        assert_eq!(document["openapi"], "3.0.0");
    }
}

#[tokio::test]
async fn a_pod_is_created_changed_and_deleted_as_kubectl_does_it() {
    let cluster = cluster().await;
    let editor = Api::service(&cluster).become_role("editor").await;
    let body = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "x", "labels": {"run": "x"}},
        "spec": {"containers": [{"name": "x", "image": "y"}]},
    });
    let path = format!("{PODS}/x");
    let dry = editor
        .post(&format!("{PODS}?dryRun=All"), &body)
        .await
        .good(201);
    assert_eq!(dry["metadata"]["name"], "x");
    editor.get(&path).await.refused(404, "NotFound");
    editor.post(PODS, &body).await.good(201);
    let patch = async |media_type: &str, body: &Value| {
        let request = editor
            .request(Method::PATCH, &path)
            .header("content-type", media_type);
        answer(request.body(body.to_string())).await
    };
    let labels = json!({"metadata": {"labels": {"run": null, "tier": "front"}}});
    let patched = patch("application/merge-patch+json", &labels)
        .await
        .good(200);
    assert_eq!(patched["metadata"]["labels"], json!({"tier": "front"}));
    let strategic =
        json!({"$setElementOrder/containers": [], "metadata": {"annotations": {"a": "b"}}});
    let patched = patch("application/strategic-merge-patch+json", &strategic)
        .await
        .good(200);
    assert!(
        patched["$setElementOrder/containers"].is_null()
            && patched["metadata"]["annotations"]["a"] == "b"
    );
    patch("application/json-patch+json", &json!([]))
        .await
        .refused(415, "UnsupportedMediaType");
    patch("application/apply-patch+yaml", &json!({}))
        .await
        .refused(415, "UnsupportedMediaType");
    patch(
        "application/merge-patch+json",
        &json!({"metadata": {"uid": "another"}}),
    )
    .await
    .refused(409, "Conflict");
    let mut stale = patched.clone();
    stale["metadata"]["resourceVersion"] = json!("1");
    let message = editor.put(&path, &stale).await.refused(409, "Conflict");
    assert!(
        message.contains("the object has been modified"),
        "{message}"
    );
    editor.put(&path, &patched).await.good(200);
    let empty = json!({"metadata": {"name": "z"}, "spec": {"containers": []}});
    let message = editor.post(PODS, &empty).await.refused(422, "Invalid");
    assert_eq!(
        message,
        "Pod \"z\" is invalid: spec.containers: Required value"
    );
    editor.delete(&path).await.good(200);
    editor.get(&path).await.refused(404, "NotFound");
    let gone = editor
        .delete(&format!("{PODS}?labelSelector=app%3Dweb"))
        .await
        .good(200);
    assert_eq!(gone["items"].as_array().unwrap().len(), 2);
    assert_eq!(
        editor.get(PODS).await.good(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_namespace_takes_its_contents_with_it() {
    let cluster = cluster().await;
    let admin = Api::admin(&cluster);
    admin
        .post("/api/v1/namespaces", &json!({"metadata": {"name": "team"}}))
        .await
        .good(201);
    admin
        .get("/api/v1/namespaces/team/serviceaccounts/default")
        .await
        .good(200);
    admin.account("team", "worker").await;
    let token = admin.token("team", "worker").await["status"]["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let worker = admin.with(&token);
    worker.get(PODS).await.refused(403, "Forbidden");
    let gone = admin.delete("/api/v1/namespaces/team").await.good(200);
    assert_eq!(
        (&gone["kind"], &gone["status"]),
        (&json!("Status"), &json!("Success"))
    );
    worker.get(PODS).await.refused(401, "Unauthorized");
    admin
        .post("/api/v1/namespaces", &json!({"metadata": {"name": "team"}}))
        .await
        .good(201);
    admin
        .get("/api/v1/namespaces/team/serviceaccounts/worker")
        .await
        .refused(404, "NotFound");
    admin
        .post("/api/v1/namespaces", &json!({"metadata": {"name": "team"}}))
        .await
        .refused(409, "AlreadyExists");
}
