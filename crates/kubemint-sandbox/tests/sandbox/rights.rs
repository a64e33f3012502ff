//! Who may do what.

use kubemint_sandbox::{ClusterOptions, Level, Role, Rule};
use serde_json::{Value, json};

use crate::support::{Api, account_path, accounts, answer, cluster, cluster_with, token_path};

const PODS: &str = "/api/v1/namespaces/default/pods";

fn pod(name: &str) -> Value {
    json!({"metadata": {"name": name}, "spec": {"containers": [{"name": "main", "image": "example/x"}]}})
}

#[tokio::test]
async fn a_viewer_reads_everything_but_secrets_and_writes_nothing() {
    let cluster = cluster().await;
    let viewer = Api::service(&cluster).become_role("viewer").await;
    for path in [
        PODS,
        "/api/v1/pods",
        "/api/v1/namespaces",
        "/api/v1/nodes",
        "/apis/apps/v1/deployments",
        "/api/v1/configmaps",
    ] {
        let list = viewer.get(path).await.good(200);
        assert!(!list["items"].as_array().unwrap().is_empty(), "{path}");
    }
    let message = viewer.post(PODS, &pod("x")).await.refused(403, "Forbidden");
    assert_eq!(
        message,
        "pods is forbidden: User \"system:serviceaccount:kubemint-viewer:somebody\" cannot create resource \"pods\" in API \
         group \"\" in the namespace \"default\""
    );
    let message = viewer
        .get("/api/v1/namespaces/default/secrets/database")
        .await
        .refused(403, "Forbidden");
    assert!(
        message.starts_with("secrets \"database\" is forbidden: "),
        "{message}"
    );
    let message = viewer
        .get("/api/v1/secrets")
        .await
        .refused(403, "Forbidden");
    assert!(message.ends_with("at the cluster scope"), "{message}");
    let message = viewer
        .post(&token_path("kubemint-cluster-admin", "default"), &json!({}))
        .await
        .refused(403, "Forbidden");
    assert!(
        message.contains("cannot create resource \"serviceaccounts/token\""),
        "{message}"
    );
    viewer
        .delete("/api/v1/namespaces/default")
        .await
        .refused(403, "Forbidden");
}

#[tokio::test]
async fn an_editor_writes_workloads_only() {
    let cluster = cluster().await;
    let editor = Api::service(&cluster).become_role("editor").await;
    let made = editor.post(PODS, &pod("x")).await.good(201);
    assert_eq!(made["status"]["phase"], "Running");
    editor.delete(&format!("{PODS}/x")).await.good(200);
    for (path, body) in [
        (
            "/api/v1/namespaces/default/secrets",
            json!({"metadata": {"name": "x"}}),
        ),
        ("/api/v1/namespaces", json!({"metadata": {"name": "x"}})),
        (
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
            json!({"metadata": {"name": "x"}}),
        ),
        (
            "/api/v1/namespaces/kubemint-cluster-admin/serviceaccounts",
            json!({"metadata": {"name": "x"}}),
        ),
    ] {
        editor.post(path, &body).await.refused(403, "Forbidden");
    }
}

#[tokio::test]
async fn a_cluster_admin_may_do_everything() {
    let cluster = cluster().await;
    let service = Api::service(&cluster);
    for role in ["cluster-admin", "admin"] {
        let admin = service.become_role(role).await;
        admin
            .get("/api/v1/namespaces/default/secrets/database")
            .await
            .good(200);
        admin
            .post(
                "/api/v1/namespaces",
                &json!({"metadata": {"name": format!("of-{role}")}}),
            )
            .await
            .good(201);
        admin.get("/nowhere").await.refused(404, "NotFound");
    }
}

#[tokio::test]
async fn the_service_may_do_what_its_manifest_grants_and_no_more() {
    let cluster = cluster().await;
    let service = Api::service(&cluster);
    service
        .get("/api/v1/namespaces/kubemint-viewer")
        .await
        .good(200);
    for role in ["viewer", "editor", "admin", "cluster-admin"] {
        service.become_role(role).await;
    }
    service.get(&accounts("kubemint-viewer")).await.good(200);
    let forbidden = [
        accounts("default"),
        accounts("kube-system"),
        "/api/v1/serviceaccounts".to_owned(),
        "/api/v1/namespaces".to_owned(),
        PODS.to_owned(),
        "/api/v1/namespaces/kubemint-viewer/secrets".to_owned(),
        "/nowhere".to_owned(),
    ];
    for path in &forbidden {
        service.get(path).await.refused(403, "Forbidden");
    }
    service
        .post(
            &accounts("kube-system"),
            &json!({"metadata": {"name": "x"}}),
        )
        .await
        .refused(403, "Forbidden");
    service
        .post(&token_path("kube-system", "default"), &json!({}))
        .await
        .refused(403, "Forbidden");
    service
        .put(&account_path("kubemint-viewer", "somebody"), &json!({}))
        .await
        .refused(403, "Forbidden");
    service
        .delete(&accounts("kubemint-viewer"))
        .await
        .refused(403, "Forbidden");
    service
        .post("/api/v1/namespaces", &json!({"metadata": {"name": "x"}}))
        .await
        .refused(403, "Forbidden");
}

#[tokio::test]
async fn the_services_rights_and_token_can_be_changed() {
    let cluster = cluster().await;
    let service = Api::service(&cluster);
    let mut rules = cluster.service_rules();
    rules.retain(|rule| rule.namespace.as_deref() != Some("kubemint-editor"));
    rules.push(Rule::resources("", &["secrets"], &["get"]));
    cluster.set_service_rules(rules);
    service
        .post(
            &accounts("kubemint-editor"),
            &json!({"metadata": {"name": "x"}}),
        )
        .await
        .refused(403, "Forbidden");
    service
        .post(
            &accounts("kubemint-viewer"),
            &json!({"metadata": {"name": "x"}}),
        )
        .await
        .good(201);
    service
        .get("/api/v1/namespaces/default/secrets/database")
        .await
        .good(200);

    let fresh = cluster.rotate_service_token();
    service
        .get(&accounts("kubemint-viewer"))
        .await
        .refused(401, "Unauthorized");
    assert_eq!(fresh, cluster.service_token());
    service
        .with(&fresh)
        .get(&accounts("kubemint-viewer"))
        .await
        .good(200);
}

#[tokio::test]
async fn nobody_sees_the_health_and_the_version_and_nothing_else() {
    let cluster = cluster().await;
    let nobody = Api::new(&cluster, None);
    for path in ["/healthz", "/livez", "/readyz"] {
        let healthy = nobody.get(path).await;
        assert_eq!(
            (healthy.status, healthy.text.as_str()),
            (200, "ok"),
            "{path}"
        );
    }
    assert_eq!(nobody.get("/version").await.good(200)["major"], "1");
    let message = nobody.get(PODS).await.refused(403, "Forbidden");
    assert!(
        message.contains("User \"system:anonymous\" cannot list resource \"pods\""),
        "{message}"
    );
    let message = nobody.get("/api").await.refused(403, "Forbidden");
    assert_eq!(
        message,
        "forbidden: User \"system:anonymous\" cannot get path \"/api\""
    );
    let basic = nobody
        .request(reqwest::Method::GET, PODS)
        .basic_auth("admin", Some("admin"));
    answer(basic).await.refused(403, "Forbidden");
    let nonsense = nobody.request(reqwest::Method::PUT, PODS);
    answer(nonsense).await.refused(403, "Forbidden");
    let twice = nobody
        .request(reqwest::Method::GET, PODS)
        .bearer_auth("x")
        .bearer_auth(cluster.admin_token());
    answer(twice).await.refused(401, "Unauthorized");
}

#[tokio::test]
async fn only_an_administrator_acts_in_anothers_name() {
    let cluster = cluster().await;
    let admin = Api::admin(&cluster);
    let as_viewer = |api: &Api, path: &str| {
        let name = "system:serviceaccount:kubemint-viewer:zoe";
        answer(
            api.request(reqwest::Method::GET, path)
                .header("Impersonate-User", name),
        )
    };
    as_viewer(&admin, PODS).await.good(200);
    as_viewer(&admin, "/api/v1/secrets")
        .await
        .refused(403, "Forbidden");
    as_viewer(&Api::service(&cluster), PODS)
        .await
        .refused(403, "Forbidden");
    let group_only = admin
        .request(reqwest::Method::GET, PODS)
        .header("Impersonate-Group", "system:masters");
    answer(group_only).await.refused(400, "BadRequest");
}

#[tokio::test]
async fn in_an_unbound_role_a_binding_grants_what_it_says_until_it_is_gone() {
    let options = ClusterOptions {
        roles: vec![
            Role::new("viewer", Level::View).unbound(),
            Role::new("editor", Level::Edit),
        ],
        ..ClusterOptions::default()
    };
    let cluster = cluster_with(options).await;
    let admin = Api::admin(&cluster);
    let viewer = Api::service(&cluster).become_role("viewer").await;
    viewer.get(PODS).await.refused(403, "Forbidden");

    const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
    let bindings = |namespace: &str| format!("{RBAC}/namespaces/{namespace}/rolebindings");
    let binding = |name: &str, role: &str| {
        json!({
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "ServiceAccount", "namespace": "kubemint-viewer", "name": "somebody"}],
        })
    };
    let here = bindings("default");
    admin.post(&here, &binding("b", "edit")).await.good(201);
    viewer.get(PODS).await.good(200);
    viewer.post(PODS, &pod("x")).await.good(201);
    for elsewhere in ["/api/v1/pods", "/api/v1/namespaces/kube-system/pods"] {
        viewer.get(elsewhere).await.refused(403, "Forbidden");
    }
    admin.delete(&format!("{here}/b")).await.good(200);
    viewer.get(PODS).await.refused(403, "Forbidden");

    let everywhere = format!("{RBAC}/clusterrolebindings");
    admin
        .post(&everywhere, &binding("b", "view"))
        .await
        .good(201);
    viewer.get("/api/v1/pods").await.good(200);
    viewer.post(PODS, &pod("y")).await.refused(403, "Forbidden");
    admin.delete(&format!("{everywhere}/b")).await.good(200);
    viewer.get(PODS).await.refused(403, "Forbidden");

    // Whoever belongs to a bound role has that and no more.
    let editor = Api::service(&cluster).become_role("editor").await;
    let mut theirs = binding("c", "cluster-admin");
    theirs["subjects"][0]["namespace"] = "kubemint-editor".into();
    admin.post(&everywhere, &theirs).await.good(201);
    editor
        .get("/api/v1/secrets")
        .await
        .refused(403, "Forbidden");
}
