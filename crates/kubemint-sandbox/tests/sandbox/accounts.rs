//! ServiceAccounts: made, found, listed in pages, and deleted under a precondition.

use serde_json::{Value, json};

use crate::support::{Api, account_path, accounts, cluster};

const VIEWER: &str = "kubemint-viewer";

#[tokio::test]
async fn an_account_lives_from_its_creation_to_its_deletion() {
    let cluster = cluster().await;
    let api = Api::service(&cluster);
    let body = json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {
            "name": "kubeconfig-abc",
            "labels": {"app.kubernetes.io/managed-by": "kubemint"},
            "annotations": {"kubemint.dev/user": "alice@example.org"},
        },
        "automountServiceAccountToken": false,
    });
    let made = api.post(&accounts(VIEWER), &body).await.good(201);
    assert_eq!(made["metadata"]["namespace"], VIEWER);
    assert_eq!(made["automountServiceAccountToken"], false);
    let uid = made["metadata"]["uid"].as_str().unwrap();
    assert_eq!(uid.len(), 36);

    let path = account_path(VIEWER, "kubeconfig-abc");
    assert_eq!(api.get(&path).await.good(200), made);
    let snapshot = cluster.service_accounts();
    assert_eq!(snapshot.len(), 1);
    assert_eq!(
        (snapshot[0].name.as_str(), snapshot[0].uid.as_str()),
        ("kubeconfig-abc", uid)
    );
    assert_eq!(
        snapshot[0].annotations["kubemint.dev/user"],
        "alice@example.org"
    );
    assert_eq!(
        snapshot[0].labels["app.kubernetes.io/managed-by"],
        "kubemint"
    );

    let deleted = api
        .delete_with(&path, &json!({"preconditions": {"uid": uid}}))
        .await
        .good(200);
    assert_eq!(deleted["metadata"]["uid"], uid);
    let message = api.get(&path).await.refused(404, "NotFound");
    assert_eq!(message, "serviceaccounts \"kubeconfig-abc\" not found");
    api.delete(&path).await.refused(404, "NotFound");
    assert!(cluster.service_accounts().is_empty());
}

#[tokio::test]
async fn a_name_is_taken_once() {
    let cluster = cluster().await;
    let api = Api::service(&cluster);
    api.account(VIEWER, "twice").await;
    let answer = api
        .post(&accounts(VIEWER), &json!({"metadata": {"name": "twice"}}))
        .await;
    assert_eq!(
        answer.refused(409, "AlreadyExists"),
        "serviceaccounts \"twice\" already exists"
    );
    assert_eq!(
        answer.json()["details"],
        json!({"kind": "serviceaccounts", "name": "twice"})
    );
    // The same name in another namespace is another account.
    api.account("kubemint-editor", "twice").await;
}

#[tokio::test]
async fn a_deletion_that_means_another_uid_deletes_nothing() {
    let cluster = cluster().await;
    let api = Api::service(&cluster);
    let made = api.account(VIEWER, "kept").await;
    let path = account_path(VIEWER, "kept");
    let options =
        json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": "another"}});
    let message = api
        .delete_with(&path, &options)
        .await
        .refused(409, "Conflict");
    let uid = made["metadata"]["uid"].as_str().unwrap();
    let expected = format!(
        "Operation cannot be fulfilled on ServiceAccount \"kept\": the UID in the precondition (another) does not match \
         the UID in record ({uid}). The object might have been deleted and then recreated"
    );
    assert_eq!(message, expected);
    api.delete_with(&path, &json!({"preconditions": {"resourceVersion": "1"}}))
        .await
        .refused(409, "Conflict");
    for unreadable in [
        json!({"preconditions": "uid"}),
        json!({"preconditions": {"uid": 7}}),
        json!(["uid"]),
    ] {
        api.delete_with(&path, &unreadable)
            .await
            .refused(400, "BadRequest");
    }
    assert_eq!(api.get(&path).await.status, 200);
}

#[tokio::test]
async fn a_list_goes_on_where_the_page_ended() {
    let cluster = cluster().await;
    let api = Api::service(&cluster);
    for number in 0..25 {
        let label = if number % 2 == 0 { "even" } else { "odd" };
        let body =
            json!({"metadata": {"name": format!("sa-{number:02}"), "labels": {"parity": label}}});
        api.post(&accounts(VIEWER), &body).await.good(201);
    }
    let mut names = Vec::new();
    let mut next = String::new();
    loop {
        let path = format!(
            "{}?labelSelector=parity%3Deven&limit=5&continue={next}",
            accounts(VIEWER)
        );
        let page = api.get(&path).await.good(200);
        assert_eq!(
            (page["kind"].as_str(), page["apiVersion"].as_str()),
            (Some("ServiceAccountList"), Some("v1"))
        );
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 5);
        names.extend(
            items
                .iter()
                .map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()),
        );
        match page["metadata"]["continue"].as_str() {
            Some(token) => token.clone_into(&mut next),
            None => break,
        }
    }
    let expected: Vec<String> = (0..25)
        .step_by(2)
        .map(|number| format!("sa-{number:02}"))
        .collect();
    assert_eq!(names, expected);
    // A page that ends exactly at the end has no next.
    let all = api
        .get(&format!(
            "{}?labelSelector=parity&limit=25",
            accounts(VIEWER)
        ))
        .await
        .good(200);
    assert_eq!(
        (
            all["items"].as_array().unwrap().len(),
            &all["metadata"]["continue"]
        ),
        (25, &Value::Null)
    );
    for forged in ["x", "e30", "%00", "eyJhZnRlciI6N30"] {
        let path = format!("{}?continue={forged}", accounts(VIEWER));
        api.get(&path).await.refused(400, "BadRequest");
    }
    api.get(&format!("{}?limit=many", accounts(VIEWER)))
        .await
        .refused(400, "BadRequest");
}

#[tokio::test]
async fn what_kubernetes_refuses_to_store_is_refused_here() {
    let cluster = cluster().await;
    let api = Api::service(&cluster);
    let invalid = [
        json!({"metadata": {"name": "Upper"}}),
        json!({"metadata": {"name": "a/b"}}),
        json!({"metadata": {"name": "x".repeat(254)}}),
        json!({"metadata": {}}),
        json!({}),
        json!({"metadata": {"name": "a", "labels": {"user": "alice@example.org"}}}),
        json!({"metadata": {"name": "a", "labels": {"long": "v".repeat(64)}}}),
        json!({"metadata": {"name": "a", "annotations": {"bad key": "v"}}}),
        json!({"metadata": {"name": "a", "annotations": {"large": "v".repeat(256 * 1024)}}}),
    ];
    for body in invalid {
        let answer = api.post(&accounts(VIEWER), &body).await;
        answer.refused(422, "Invalid");
        let causes = &answer.json()["details"]["causes"];
        assert!(
            causes[0]["field"]
                .as_str()
                .unwrap()
                .starts_with("metadata."),
            "{causes}"
        );
    }
    let malformed = [
        json!([]),
        json!({"kind": "Pod", "metadata": {"name": "a"}}),
        json!({"apiVersion": "v2", "metadata": {"name": "a"}}),
        json!({"metadata": {"name": 7}}),
        json!({"metadata": {"name": "a", "namespace": "default"}}),
        json!({"metadata": {"name": "a", "labels": {"user": 7}}}),
        json!({"metadata": {"name": "a", "annotations": ["user"]}}),
        json!({"metadata": {"name": "a", "finalizers": "hold"}}),
        json!({"metadata": "a"}),
        json!({"metadata": {"name": "a"}, "automountServiceAccountToken": "no"}),
    ];
    for body in malformed {
        api.post(&accounts(VIEWER), &body)
            .await
            .refused(400, "BadRequest");
    }
    let versioned = json!({"metadata": {"name": "a", "resourceVersion": "7"}});
    // Strange, but so it is: 500, and no reason.
    let answer = api.post(&accounts(VIEWER), &versioned).await;
    assert_eq!(
        (answer.status, &answer.json()["reason"]),
        (500, &Value::Null)
    );
    assert!(cluster.service_accounts().is_empty());
    let message = Api::admin(&cluster)
        .post(&accounts("nowhere"), &json!({"metadata": {"name": "a"}}))
        .await;
    assert_eq!(
        message.refused(404, "NotFound"),
        "namespaces \"nowhere\" not found"
    );
}

#[tokio::test]
async fn a_generated_name_is_new_each_time() {
    let cluster = cluster().await;
    let api = Api::service(&cluster);
    let body = json!({"metadata": {"generateName": "probe-"}});
    let first = api.post(&accounts(VIEWER), &body).await.good(201);
    let second = api.post(&accounts(VIEWER), &body).await.good(201);
    let name = |of: &Value| of["metadata"]["name"].as_str().unwrap().to_owned();
    assert!(name(&first).starts_with("probe-") && name(&first).len() == 11);
    assert_ne!(name(&first), name(&second));
}

#[tokio::test]
async fn an_account_with_a_finalizer_goes_only_when_the_finalizer_does() {
    let cluster = cluster().await;
    let api = Api::admin(&cluster);
    let path = account_path(VIEWER, "held");
    let body = json!({"metadata": {"name": "held", "finalizers": ["example.org/hold"]}});
    api.post(&accounts(VIEWER), &body).await.good(201);
    let marked = api.delete(&path).await.good(200);
    assert!(marked["metadata"]["deletionTimestamp"].is_string());
    let mut still = api.get(&path).await.good(200);
    still["metadata"]["finalizers"] = json!([]);
    api.put(&path, &still).await.good(200);
    api.get(&path).await.refused(404, "NotFound");
}

#[tokio::test]
async fn an_account_deleted_behind_everybodys_back_is_gone() {
    let cluster = cluster().await;
    let api = Api::service(&cluster);
    api.account(VIEWER, "lost").await;
    assert!(cluster.delete_service_account(VIEWER, "lost"));
    assert!(!cluster.delete_service_account(VIEWER, "lost"));
    api.get(&account_path(VIEWER, "lost"))
        .await
        .refused(404, "NotFound");
}
