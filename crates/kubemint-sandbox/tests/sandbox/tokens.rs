//! Tokens: what they say, how long they live, and what ends them.

use std::collections::BTreeSet;
use std::time::Duration;

use kubemint_sandbox::{ClusterOptions, RequestKind};
use serde_json::json;

use crate::support::{Api, account_path, claims, cluster, cluster_with, token_path};

const VIEWER: &str = "kubemint-viewer";
const PODS: &str = "/api/v1/namespaces/default/pods";

#[tokio::test]
async fn a_token_says_what_a_token_of_kubernetes_says() {
    let cluster = cluster().await;
    let api = Api::service(&cluster);
    let account = api.account(VIEWER, "alice").await;
    let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 900}});
    let answer = api
        .post(&token_path(VIEWER, "alice"), &body)
        .await
        .good(201);
    assert_eq!(answer["kind"], "TokenRequest");
    assert_eq!(answer["apiVersion"], "authentication.k8s.io/v1");
    assert_eq!(answer["spec"]["audiences"], json!([cluster.token_issuer()]));
    assert_eq!(answer["spec"]["expirationSeconds"], 900);

    let token = answer["status"]["token"].as_str().unwrap();
    let said = claims(token);
    let names: BTreeSet<&str> = said
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        names,
        BTreeSet::from([
            "aud",
            "exp",
            "iat",
            "iss",
            "jti",
            "kubernetes.io",
            "nbf",
            "sub"
        ])
    );
    assert_eq!(said["aud"], json!([cluster.token_issuer()]));
    assert_eq!(said["iss"], cluster.token_issuer());
    assert_eq!(said["sub"], "system:serviceaccount:kubemint-viewer:alice");
    assert_eq!(said["nbf"], said["iat"]);
    assert_eq!(
        said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(),
        900
    );
    let bound = json!({"namespace": VIEWER, "serviceaccount": {"name": "alice", "uid": account["metadata"]["uid"]}});
    assert_eq!(said["kubernetes.io"], bound);
    let expiry = chrono::DateTime::parse_from_rfc3339(
        answer["status"]["expirationTimestamp"].as_str().unwrap(),
    )
    .unwrap();
    assert_eq!(expiry.timestamp(), said["exp"].as_i64().unwrap());
    let header = jsonwebtoken::decode_header(token).unwrap();
    assert_eq!(
        (header.alg, header.typ),
        (jsonwebtoken::Algorithm::ES256, None)
    );
    api.with(token).get(PODS).await.good(200);
}

#[tokio::test]
async fn a_life_outside_of_what_kubernetes_grants_is_invalid() {
    let cluster = cluster().await;
    let api = Api::service(&cluster);
    api.account(VIEWER, "alice").await;
    let path = token_path(VIEWER, "alice");
    let ask = async |seconds: serde_json::Value| {
        api.post(&path, &json!({"spec": {"expirationSeconds": seconds}}))
            .await
    };
    for (seconds, why) in [
        (json!(599), "less than 10 minutes"),
        (json!(0), "less than 10 minutes"),
        (json!(-1), "less than 10 minutes"),
        (json!(i64::MIN), "less than 10 minutes"),
        (json!((1_i64 << 32) + 1), "larger than 2^32 seconds"),
        (json!(i64::MAX), "larger than 2^32 seconds"),
    ] {
        let answer = ask(seconds).await;
        let message = answer.refused(422, "Invalid");
        assert!(
            message.starts_with(
                "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds"
            ),
            "{message}"
        );
        assert!(message.ends_with(why), "{message}");
        assert_eq!(
            answer.json()["details"]["causes"][0]["field"],
            "spec.expirationSeconds"
        );
    }
    for seconds in [json!("600"), json!(600.5), json!(true), json!(u64::MAX)] {
        ask(seconds).await.refused(400, "BadRequest");
    }
    for seconds in [json!(600), json!(1_i64 << 32), json!(null)] {
        ask(seconds).await.good(201);
    }
}

#[tokio::test]
async fn a_token_for_another_audience_does_not_open_the_api() {
    let cluster = cluster().await;
    let api = Api::service(&cluster);
    api.account(VIEWER, "alice").await;
    let body = json!({"spec": {"audiences": ["vault", "elsewhere"], "expirationSeconds": 600}});
    let answer = api
        .post(&token_path(VIEWER, "alice"), &body)
        .await
        .good(201);
    let token = answer["status"]["token"].as_str().unwrap();
    assert_eq!(claims(token)["aud"], json!(["vault", "elsewhere"]));
    assert_eq!(
        api.with(token).get(PODS).await.refused(401, "Unauthorized"),
        "Unauthorized"
    );
    let body = json!({"spec": {"audiences": ["vault", cluster.token_issuer()]}});
    let answer = api
        .post(&token_path(VIEWER, "alice"), &body)
        .await
        .good(201);
    api.with(answer["status"]["token"].as_str().unwrap())
        .get(PODS)
        .await
        .good(200);
}

#[tokio::test]
async fn a_token_dies_with_its_account_and_the_same_name_does_not_revive_it() {
    let cluster = cluster().await;
    let api = Api::service(&cluster);
    let viewer = api.become_role("viewer").await;
    viewer.get(PODS).await.good(200);
    api.delete(&account_path(VIEWER, "somebody"))
        .await
        .good(200);
    viewer.get(PODS).await.refused(401, "Unauthorized");
    api.account(VIEWER, "somebody").await;
    viewer.get(PODS).await.refused(401, "Unauthorized");
}

#[tokio::test]
async fn a_token_ends_at_its_expiry_by_the_clusters_clock() {
    let cluster = cluster().await;
    let viewer = Api::service(&cluster).become_role("viewer").await;
    cluster.set_clock_skew(598_000);
    viewer.get(PODS).await.good(200);
    cluster.set_clock_skew(601_000);
    viewer.get(PODS).await.refused(401, "Unauthorized");
    // Before its time it is not valid either.
    cluster.set_clock_skew(-60_000);
    viewer.get(PODS).await.refused(401, "Unauthorized");
}

#[tokio::test]
async fn the_leeway_of_a_real_cluster_can_be_had() {
    let cluster = cluster_with(ClusterOptions {
        token_leeway_seconds: 60,
        ..ClusterOptions::default()
    })
    .await;
    let viewer = Api::service(&cluster).become_role("viewer").await;
    cluster.set_clock_skew(658_000);
    viewer.get(PODS).await.good(200);
    cluster.set_clock_skew(662_000);
    viewer.get(PODS).await.refused(401, "Unauthorized");
}

#[tokio::test]
async fn an_authentication_cache_believes_a_dead_token_for_its_time() {
    let cache = Duration::from_millis(700);
    let cluster = cluster_with(ClusterOptions {
        authentication_cache: cache,
        ..ClusterOptions::default()
    })
    .await;
    let api = Api::service(&cluster);
    let viewer = api.become_role("viewer").await;
    let used = std::time::Instant::now();
    viewer.get(PODS).await.good(200);
    api.delete(&account_path(VIEWER, "somebody"))
        .await
        .good(200);
    let answer = viewer.get(PODS).await;
    if used.elapsed() < cache {
        answer.good(200);
    }
    tokio::time::sleep(cache).await;
    viewer.get(PODS).await.refused(401, "Unauthorized");
}

#[tokio::test]
async fn a_maximum_shortens_silently_but_for_a_warning() {
    let cluster = cluster_with(ClusterOptions {
        max_token_seconds: Some(700),
        ..ClusterOptions::default()
    })
    .await;
    let api = Api::service(&cluster);
    api.account(VIEWER, "alice").await;
    let answer = api
        .post(
            &token_path(VIEWER, "alice"),
            &json!({"spec": {"expirationSeconds": 3600}}),
        )
        .await;
    let warning = answer.headers["warning"].to_str().unwrap();
    assert_eq!(
        warning,
        "299 - \"requested expiration of 3600 seconds shortened to 700 seconds\""
    );
    let said = claims(answer.good(201)["status"]["token"].as_str().unwrap());
    assert_eq!(
        said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(),
        700
    );
}

#[tokio::test]
async fn a_token_request_must_mean_the_account_that_it_names() {
    let cluster = cluster().await;
    let api = Api::service(&cluster);
    let account = api.account(VIEWER, "alice").await;
    let path = token_path(VIEWER, "alice");
    let message = api
        .post(&token_path(VIEWER, "bob"), &json!({}))
        .await
        .refused(404, "NotFound");
    assert_eq!(message, "serviceaccounts \"bob\" not found");
    api.post(&path, &json!({"metadata": {"name": "bob"}}))
        .await
        .refused(422, "Invalid");
    api.post(&path, &json!({"metadata": {"uid": "another"}}))
        .await
        .refused(409, "Conflict");
    api.post(
        &path,
        &json!({"metadata": {"uid": account["metadata"]["uid"]}}),
    )
    .await
    .good(201);
    for malformed in [
        json!([]),
        json!({"kind": "Pod"}),
        json!({"spec": 7}),
        json!({"spec": {"audiences": "x"}}),
        json!({"spec": {"audiences": [7]}}),
        json!({"spec": {"boundObjectRef": {"kind": "Pod", "name": "x"}}}),
    ] {
        api.post(&path, &malformed).await.refused(400, "BadRequest");
    }
}

#[tokio::test]
async fn a_token_that_this_cluster_did_not_sign_is_unauthorized() {
    let (one, other) = (cluster().await, cluster().await);
    let viewer = Api::service(&other).become_role("viewer").await;
    viewer.get(PODS).await.good(200);
    let api = Api::service(&one);
    api.account(VIEWER, "somebody").await;
    let good = api.token(VIEWER, "somebody").await["status"]["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let foreign = Api::service(&other).token(VIEWER, "somebody").await["status"]["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let parts: Vec<&str> = good.split('.').collect();
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", parts[1]);
    let swapped = format!(
        "{}.{}.{}",
        parts[0],
        foreign.split('.').nth(1).unwrap(),
        parts[2]
    );
    for bad in [
        foreign.as_str(),
        &unsigned,
        &swapped,
        &good[..good.len() - 4],
        "x",
        "a.b.c",
        &"x".repeat(20_000),
    ] {
        assert_eq!(
            api.with(bad).get(PODS).await.refused(401, "Unauthorized"),
            "Unauthorized"
        );
    }
    api.with(&good).get(PODS).await.good(200);
}

#[tokio::test]
async fn every_use_of_a_token_leads_back_to_its_minting_in_the_audit() {
    let cluster = cluster().await;
    let api = Api::service(&cluster);
    let viewer = api.become_role("viewer").await;
    viewer.get(PODS).await.good(200);
    viewer
        .delete(&format!("{PODS}/database-0"))
        .await
        .refused(403, "Forbidden");
    viewer
        .with("rubbish")
        .get(PODS)
        .await
        .refused(401, "Unauthorized");
    let audit = cluster.audit();
    let minted: Vec<_> = audit
        .iter()
        .filter(|line| line.kind == RequestKind::TOKEN_REQUEST)
        .collect();
    assert_eq!(minted.len(), 1);
    assert_eq!(
        (
            minted[0].namespace.as_str(),
            minted[0].name.as_str(),
            minted[0].code
        ),
        (VIEWER, "somebody", 201)
    );
    let id = minted[0].issued_credential_id.clone().unwrap();
    assert!(id.starts_with("JTI=") && id.len() == 40, "{id}");
    let uses: Vec<_> = audit
        .iter()
        .filter(|line| line.credential_id.as_ref() == Some(&id))
        .collect();
    let seen: Vec<(&str, u16)> = uses
        .iter()
        .map(|line| (line.kind.verb, line.code))
        .collect();
    assert_eq!(seen, [("list", 200), ("delete", 403)]);
    assert_eq!(
        uses[0].user,
        "system:serviceaccount:kubemint-viewer:somebody"
    );
    assert_eq!(
        cluster.requests(RequestKind {
            verb: "list",
            resource: "pods"
        }),
        2,
        "the refused one counts too"
    );
    assert_eq!(cluster.requests(RequestKind::CREATE_SERVICE_ACCOUNT), 1);
    assert_eq!(
        cluster.requests(RequestKind::ANY),
        cluster.all_requests().values().sum::<u64>()
    );
}
