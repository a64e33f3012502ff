//! Every answer is one that the document declares, for every operation of it.

use std::collections::BTreeSet;

use harness::{Answer, CLUSTER, PROJECT, REGION, Stage, collection};
use reqwest::Method;
use serde_json::{Value, json};

/// Every operation of the document: its id, method, path template, and declared statuses.
fn operations() -> Vec<(String, Method, String, BTreeSet<u16>)> {
    let document: Value = serde_json::from_str(kubeconfig_api::DOCUMENT).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Some(id) = operation["operationId"].as_str() else {
                continue;
            };
            let statuses = operation["responses"]
                .as_object()
                .unwrap()
                .keys()
                .map(|code| code.parse().unwrap());
            let method = method.to_uppercase().parse().unwrap();
            found.push((id.to_owned(), method, path.clone(), statuses.collect()));
        }
    }
    assert_eq!(found.len(), 7, "a new operation needs a look at this ring");
    found
}

fn path(template: &str, id: &str) -> String {
    template
        .replace("{region}", REGION)
        .replace("{project}", PROJECT)
        .replace("{clusterId}", CLUSTER)
        .replace("{id}", id)
}

/// An error answer has the document's body, and says the same status in it.
fn is_the_declared_error(answer: &Answer, declared: &BTreeSet<u16>, what: &str) {
    let status = answer.status.as_u16();
    assert!(
        declared.contains(&status),
        "{what}: {status} is not declared: {}",
        answer.text
    );
    assert_eq!(answer.headers["content-type"], "application/json", "{what}");
    let body: kubeconfig_types::Error = serde_json::from_str(&answer.text).expect(what);
    assert_eq!(body.error.code.get(), i32::from(status), "{what}");
    assert!(!body.error.details.is_empty(), "{what}: {}", answer.text);
    assert!(answer.headers.contains_key("x-request-id"), "{what}");
}

#[tokio::test]
async fn no_operation_is_served_without_a_valid_token() {
    let stage = Stage::start().await;
    let good = stage.token("alice", &["compute.admin"]);
    let issuer = stage.world().issuer();
    let now = i64::try_from(
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs(),
    );
    let now = now.unwrap();
    let expired = issuer.mint(issuer.claims("alice").times(now - 7200, now - 3600));
    let elsewhere = issuer.mint(issuer.claims("alice").set("aud", "somebody-else"));
    let cut = &good[..good.len() - 4];
    for (id, method, template, declared) in operations() {
        // The path and the body are wrong too: nothing of them is judged before the token.
        let path = path(&template, "UPPER") + "?unheard=1";
        for token in [
            None,
            Some("x"),
            Some(expired.as_str()),
            Some(elsewhere.as_str()),
            Some(cut),
        ] {
            let answer = stage
                .call(method.clone(), &path, token, Some(&json!([1])))
                .await;
            assert_eq!(
                answer.status.as_u16(),
                401,
                "{id} {token:?}: {}",
                answer.text
            );
            is_the_declared_error(&answer, &declared, &id);
            let challenge = answer.headers["www-authenticate"].to_str().unwrap();
            assert!(challenge.starts_with("Bearer"), "{challenge}");
        }
        for scheme in ["Basic", "Token"] {
            let request = stage
                .request(method.clone(), &path)
                .header("authorization", format!("{scheme} {good}"));
            assert_eq!(
                Stage::read(request).await.status.as_u16(),
                401,
                "{id} {scheme}"
            );
        }
        let twice = stage
            .request(method, &path)
            .bearer_auth(&good)
            .header("authorization", format!("Bearer {good}"));
        assert_eq!(
            Stage::read(twice).await.status.as_u16(),
            401,
            "{id} with two tokens"
        );
    }
    stage.stop().await;
}

#[tokio::test]
async fn every_operation_succeeds_as_declared() {
    let stage = Stage::start().await;
    let token = stage.token("alice", &["compute.admin"]);
    let call = async |method, path: &str, body: Option<&Value>| {
        stage.call(method, path, Some(&token), body).await
    };
    let issued = call(
        Method::POST,
        &collection(),
        Some(&json!({"id": "mine", "ttl": 900})),
    )
    .await;
    assert_eq!(issued.status.as_u16(), 201, "{}", issued.text);
    let covered: BTreeSet<String> = operations().into_iter().map(|(id, ..)| id).collect();
    let mut seen = BTreeSet::from(["issueKubeconfig".to_owned()]);
    for (id, method, template, declared) in operations() {
        if ["issueKubeconfig", "revokeKubeconfig", "revokeKubeconfigs"].contains(&&*id) {
            continue;
        }
        let answer = call(method, &path(&template, "mine"), None).await;
        assert_eq!(answer.status.as_u16(), 200, "{id}: {}", answer.text);
        assert!(declared.contains(&200));
        let kind = answer.headers["content-type"].to_str().unwrap();
        match id.as_str() {
            "listKubeconfigs" => {
                let list: kubeconfig_types::KubeconfigList =
                    serde_json::from_str(&answer.text).unwrap();
                assert_eq!(list.kubeconfigs.len(), 1);
            }
            "getKubeconfig" => assert_eq!(answer.json(), issued.json()),
            "downloadKubeconfig" => {
                assert_eq!(kind, "application/yaml");
                assert!(
                    answer.text.starts_with("apiVersion: v1\n"),
                    "{}",
                    answer.text
                );
                assert_eq!(answer.headers["cache-control"], "no-store");
            }
            "getKubeconfigFile" => {
                let file: kubeconfig_types::KubeconfigFile =
                    serde_json::from_str(&answer.text).unwrap();
                assert_eq!(
                    file.clusters[0].cluster.server.as_str(),
                    stage.world().cluster().url()
                );
                assert_eq!(answer.headers["cache-control"], "no-store");
            }
            other => panic!("{other} is not covered here"),
        }
        seen.insert(id);
    }
    let revoked = call(
        Method::DELETE,
        issued.json()["selfLink"].as_str().unwrap(),
        None,
    )
    .await;
    assert_eq!((revoked.status.as_u16(), revoked.text.as_str()), (204, ""));
    seen.insert("revokeKubeconfig".to_owned());
    for ttl in [900, 901] {
        let body = json!({"ttl": ttl});
        let more = call(Method::POST, &collection(), Some(&body)).await;
        assert_eq!(more.status.as_u16(), 201, "{}", more.text);
    }
    let all = json!({"user": "alice"});
    let many = collection().replace("/kubeconfigs", "/kubeconfig-revocations");
    let report = call(Method::POST, &many, Some(&all)).await;
    assert_eq!(report.status.as_u16(), 200, "{}", report.text);
    let typed: kubeconfig_types::KubeconfigRevocationReport =
        serde_json::from_str(&report.text).unwrap();
    assert_eq!((typed.matched.get(), typed.revoked.get()), (2, 2));
    seen.insert("revokeKubeconfigs".to_owned());
    assert_eq!(seen, covered, "every operation is covered");
    stage.stop().await;
}

#[tokio::test]
async fn every_refusal_is_declared() {
    let stage = Stage::start().await;
    let admin = stage.token("alice", &["compute.admin"]);
    let stranger = stage.token("eve", &[]);
    for (id, method, template, declared) in operations() {
        let body = match id.as_str() {
            "issueKubeconfig" => Some(json!({})),
            "revokeKubeconfigs" => Some(json!({"user": "alice"})),
            _ => None,
        };
        let nothing = stage
            .call(
                method.clone(),
                &path(&template, "nothing"),
                Some(&stranger),
                body.as_ref(),
            )
            .await;
        assert_eq!(nothing.status.as_u16(), 404, "{id}: {}", nothing.text);
        is_the_declared_error(&nothing, &declared, &id);
        let elsewhere = path(&template, "nothing").replace(CLUSTER, "nowhere");
        let nowhere = stage
            .call(method.clone(), &elsewhere, Some(&admin), body.as_ref())
            .await;
        assert_eq!(nowhere.status.as_u16(), 404, "{id}: {}", nowhere.text);
        is_the_declared_error(&nowhere, &declared, &id);
        let upper = path(&template, "UPPER").replace(REGION, "UPPER");
        let malformed = stage
            .call(method, &upper, Some(&admin), body.as_ref())
            .await;
        assert_eq!(malformed.status.as_u16(), 400, "{id}: {}", malformed.text);
        is_the_declared_error(&malformed, &declared, &id);
    }
    stage.stop().await;
}
