//! What the cluster tells of rights and of tokens: access reviews and token reviews.

use serde_json::{Value, json};

use crate::support::{Api, account_path, cluster};

#[tokio::test]
async fn reviews_tell_what_the_requests_then_find() {
    let cluster = cluster().await;
    let service = Api::service(&cluster);
    let viewer = service.become_role("viewer").await;
    let access = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let may = async |api: &Api, attributes: Value| {
        let review = api
            .post(access, &json!({"spec": {"resourceAttributes": attributes}}))
            .await
            .good(201);
        review["status"]["allowed"].as_bool().unwrap()
    };
    assert!(may(&viewer, json!({"verb": "list", "resource": "pods"})).await);
    assert!(
        may(
            &viewer,
            json!({"verb": "get", "resource": "pods", "subresource": "log"})
        )
        .await
    );
    assert!(
        !may(
            &viewer,
            json!({"verb": "create", "resource": "pods", "namespace": "default"})
        )
        .await
    );
    assert!(
        !may(
            &viewer,
            json!({"verb": "list", "group": "apps", "resource": "pods"})
        )
        .await
    );
    let token = |namespace: &str| json!({"verb": "create", "resource": "serviceaccounts", "subresource": "token", "namespace": namespace});
    assert!(may(&service, token("kubemint-viewer")).await);
    assert!(!may(&service, token("default")).await);
    assert!(
        !may(
            &service,
            json!({"verb": "impersonate", "resource": "users"})
        )
        .await
    );
    assert!(
        !may(
            &service,
            json!({"verb": "*", "resource": "*", "group": "*"})
        )
        .await
    );
    let path = json!({"spec": {"nonResourceAttributes": {"verb": "get", "path": "/version"}}});
    assert_eq!(
        service.post(access, &path).await.good(201)["status"]["allowed"],
        true
    );
    service
        .post(access, &json!({"spec": {}}))
        .await
        .refused(422, "Invalid");

    let rules = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
    let review = service
        .post(rules, &json!({"spec": {"namespace": "kubemint-viewer"}}))
        .await
        .good(201);
    let listed = review["status"]["resourceRules"].as_array().unwrap();
    let account = json!({"verbs": ["create", "get", "list", "delete"], "apiGroups": [""], "resources": ["serviceaccounts"]});
    assert!(listed.contains(&account), "{listed:?}");
    let review = service
        .post(rules, &json!({"spec": {"namespace": "default"}}))
        .await
        .good(201);
    assert!(
        !review["status"]["resourceRules"]
            .as_array()
            .unwrap()
            .contains(&account)
    );
    service
        .post(rules, &json!({"spec": {}}))
        .await
        .refused(400, "BadRequest");

    let who = viewer
        .post(
            "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            &json!({}),
        )
        .await
        .good(201);
    let user = &who["status"]["userInfo"];
    assert_eq!(
        user["username"],
        "system:serviceaccount:kubemint-viewer:somebody"
    );
    assert_eq!(
        user["groups"],
        json!([
            "system:serviceaccounts",
            "system:serviceaccounts:kubemint-viewer",
            "system:authenticated"
        ])
    );
    let id = user["extra"]["authentication.kubernetes.io/credential-id"][0]
        .as_str()
        .unwrap();
    assert!(id.starts_with("JTI="), "{id}");
}

#[tokio::test]
async fn a_token_review_is_for_administrators_and_tells_dead_from_living() {
    let cluster = cluster().await;
    let service = Api::service(&cluster);
    let admin = Api::admin(&cluster);
    service.account("kubemint-viewer", "alice").await;
    let token = service.token("kubemint-viewer", "alice").await["status"]["token"].clone();
    let reviews = "/apis/authentication.k8s.io/v1/tokenreviews";
    let body = json!({"spec": {"token": token}});
    service.post(reviews, &body).await.refused(403, "Forbidden");
    let review = admin.post(reviews, &body).await.good(201);
    assert_eq!(review["status"]["authenticated"], true);
    assert_eq!(
        review["status"]["user"]["username"],
        "system:serviceaccount:kubemint-viewer:alice"
    );
    service
        .delete(&account_path("kubemint-viewer", "alice"))
        .await
        .good(200);
    assert_eq!(
        admin.post(reviews, &body).await.good(201)["status"]["authenticated"],
        false
    );
}
