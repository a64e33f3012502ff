//! The `kube` crate, as kubemint uses it.

use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
    SelfSubjectRulesReview, SelfSubjectRulesReviewSpec,
};
use k8s_openapi::api::core::v1::{Namespace, Pod, ServiceAccount};
use kube::api::{Api, DeleteParams, ListParams, PostParams, Preconditions};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use kubemint_sandbox::Cluster;
use serde_json::{Value, json};

use crate::support::cluster;

async fn client(cluster: &Cluster, token: &str) -> Client {
    let file: Kubeconfig = serde_json::from_value(cluster.kubeconfig(token)).unwrap();
    let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
        .await
        .unwrap();
    Client::try_from(config).unwrap()
}

fn account(name: &str) -> ServiceAccount {
    let labels = json!({"app.kubernetes.io/managed-by": "kubemint"});
    serde_json::from_value(json!({"metadata": {"name": name, "labels": labels}})).unwrap()
}

#[track_caller]
fn code<T: std::fmt::Debug>(result: Result<T, kube::Error>) -> (u16, String) {
    match result {
        Err(kube::Error::Api(status)) => (status.code, status.reason.clone()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_credential_is_issued_used_and_revoked_through_the_kube_crate() {
    let cluster = cluster().await;
    let client_ = client(&cluster, &cluster.service_token()).await;
    let accounts: Api<ServiceAccount> = Api::namespaced(client_.clone(), "kubemint-viewer");
    let made = accounts
        .create(&PostParams::default(), &account("kubeconfig-a"))
        .await
        .unwrap();
    let uid = made.metadata.uid.unwrap();
    let request = TokenRequest {
        spec: TokenRequestSpec {
            expiration_seconds: Some(600),
            ..Default::default()
        },
        ..Default::default()
    };
    let answer = accounts
        .create_token_request("kubeconfig-a", &PostParams::default(), &request)
        .await
        .unwrap();
    let token = answer.status.unwrap().token;

    let user = client(&cluster, &token).await;
    let pods: Api<Pod> = Api::namespaced(user.clone(), "default");
    assert_eq!(
        pods.list(&ListParams::default()).await.unwrap().items.len(),
        3
    );
    let pod: Pod = serde_json::from_value(json!({
        "metadata": {"name": "x"},
        "spec": {"containers": [{"name": "x", "image": "y"}]},
    }))
    .unwrap();
    assert_eq!(
        code(pods.create(&PostParams::default(), &pod).await),
        (403, "Forbidden".to_owned())
    );

    let selector = ListParams::default()
        .labels("app.kubernetes.io/managed-by=kubemint")
        .limit(1);
    let listed = accounts.list(&selector).await.unwrap();
    assert_eq!(listed.items.len(), 1);
    let wrong = Preconditions {
        uid: Some("another".to_owned()),
        ..Default::default()
    };
    let params = DeleteParams::default().preconditions(wrong);
    assert_eq!(
        code(accounts.delete("kubeconfig-a", &params).await),
        (409, "Conflict".to_owned())
    );
    let right = Preconditions {
        uid: Some(uid),
        ..Default::default()
    };
    let params = DeleteParams::default().preconditions(right);
    accounts.delete("kubeconfig-a", &params).await.unwrap();
    assert!(accounts.get_opt("kubeconfig-a").await.unwrap().is_none());
    assert_eq!(
        code(accounts.delete("kubeconfig-a", &params).await),
        (404, "NotFound".to_owned())
    );
    assert_eq!(
        code(pods.list(&ListParams::default()).await),
        (401, "Unauthorized".to_owned())
    );
}

#[tokio::test]
async fn errors_come_as_the_kube_crate_reads_them() {
    let cluster = cluster().await;
    let client = client(&cluster, &cluster.service_token()).await;
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), "kubemint-viewer");
    accounts
        .create(&PostParams::default(), &account("twice"))
        .await
        .unwrap();
    let again = accounts
        .create(&PostParams::default(), &account("twice"))
        .await;
    assert_eq!(code(again), (409, "AlreadyExists".to_owned()));
    assert_eq!(
        code(
            accounts
                .create(&PostParams::default(), &account("No"))
                .await
        ),
        (422, "Invalid".to_owned())
    );
    let short = TokenRequest {
        spec: TokenRequestSpec {
            expiration_seconds: Some(60),
            ..Default::default()
        },
        ..Default::default()
    };
    let answer = accounts
        .create_token_request("twice", &PostParams::default(), &short)
        .await;
    assert_eq!(code(answer), (422, "Invalid".to_owned()));
    let foreign: Api<ServiceAccount> = Api::namespaced(client.clone(), "kube-system");
    assert_eq!(
        code(foreign.list(&ListParams::default()).await),
        (403, "Forbidden".to_owned())
    );
    let namespaces: Api<Namespace> = Api::all(client.clone());
    assert_eq!(
        namespaces
            .get("kubemint-viewer")
            .await
            .unwrap()
            .metadata
            .name
            .as_deref(),
        Some("kubemint-viewer")
    );
    assert!(namespaces.get_opt("nowhere").await.unwrap().is_none());
    assert_eq!(client.apiserver_version().await.unwrap().minor, "36");
}

#[tokio::test]
async fn a_preflight_can_ask_what_the_service_may_do() {
    let cluster = cluster().await;
    let client = client(&cluster, &cluster.service_token()).await;
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                verb: Some("create".to_owned()),
                resource: Some("serviceaccounts".to_owned()),
                subresource: Some("token".to_owned()),
                namespace: Some("kubemint-viewer".to_owned()),
                ..Default::default()
            }),
            ..Default::default()
        },
        ..Default::default()
    };
    let reviews: Api<SelfSubjectAccessReview> = Api::all(client.clone());
    let answer = reviews
        .create(&PostParams::default(), &review)
        .await
        .unwrap();
    assert!(answer.status.unwrap().allowed);
    let rules: Api<SelfSubjectRulesReview> = Api::all(client);
    let review = SelfSubjectRulesReview {
        spec: SelfSubjectRulesReviewSpec {
            namespace: Some("kubemint-viewer".to_owned()),
        },
        ..Default::default()
    };
    let answer = rules.create(&PostParams::default(), &review).await.unwrap();
    let status = serde_json::to_value(answer.status.unwrap()).unwrap();
    assert_eq!(status["incomplete"], Value::Bool(false));
    assert_eq!(status["resourceRules"].as_array().unwrap().len(), 5);
}
