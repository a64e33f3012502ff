//! Every operation of the document, by everyone who must not have it.
//!
//! The operations are read from the document, so that a new one is covered here or fails the test. An operation counts
//! as covered when the very request that everyone else is refused succeeds for its owner: then it was refused for who
//! asked. Those that are not covered are listed in `tests/golden/uncovered-operations.txt`, which may only shrink.

use std::collections::{BTreeMap, BTreeSet};

use harness::{Answer, CLUSTER, PROJECT, REGION, Stage};
use reqwest::Method;
use serde_json::{Value, json};

use crate::acting::{Actor, link, objects};

const UNCOVERED: &str = include_str!("../../golden/uncovered-operations.txt");

/// An operation of the document.
struct Operation {
    id: String,
    method: Method,
    path: String,
    /// Required parameters of the query, with their examples.
    query: Vec<(String, String)>,
    /// What to send, where something is sent.
    body: Option<Value>,
}

fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(kubeconfig_api::DOCUMENT).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Some(id) = operation["operationId"].as_str() else {
                continue;
            };
            let lists = [&item["parameters"], &operation["parameters"]];
            let parameters = lists.into_iter().filter_map(Value::as_array).flatten();
            let query = parameters
                .map(|parameter| resolve(&document, parameter))
                .filter(|parameter| {
                    parameter["in"] == "query" && parameter["required"] == json!(true)
                });
            let body = operation
                .get("requestBody")
                .map(|body| resolve(&document, body));
            let body = body.map(|body| body["content"]["application/json"]["example"].clone());
            found.push(Operation {
                id: id.to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                query: query.map(example).collect(),
                // What the document's example asks for is judged by configuration; a body without wishes is not. To
                // revoke without a wish is refused.
                body: body.map(|example| match id {
                    "revokeKubeconfigs" => example,
                    _ => json!({}),
                }),
            });
        }
    }
    found
}

fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

fn example(parameter: &Value) -> (String, String) {
    let places = [&parameter["example"], &parameter["schema"]["example"]];
    let value = places.into_iter().find(|value| !value.is_null());
    let value = value.map_or_else(String::new, |value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    (parameter["name"].as_str().unwrap().to_owned(), value)
}

impl Operation {
    fn at(&self, cluster: &str, id: &str) -> String {
        self.path
            .replace("{region}", REGION)
            .replace("{project}", PROJECT)
            .replace("{clusterId}", cluster)
            .replace("{id}", id)
    }

    /// Calls it, with a token or without.
    async fn call(&self, stage: &Stage, path: &str, token: Option<&str>) -> Answer {
        let mut request = stage.request(self.method.clone(), path).query(&self.query);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = &self.body {
            request = request.json(body);
        }
        Stage::read(request).await
    }
}

/// All of an answer but what differs between any two.
fn all_of(answer: &Answer) -> (u16, BTreeMap<String, String>, String) {
    let headers = answer.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    let headers = headers.filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()));
    (
        answer.status.as_u16(),
        headers.collect(),
        answer.text.clone(),
    )
}

/// Tokens that say who someone is, and prove nothing.
fn worthless(stage: &Stage) -> Vec<(&'static str, String)> {
    let issuer = stage.world().issuer();
    let owner = || {
        issuer
            .claims("alice")
            .project(PROJECT)
            .roles(&["compute.admin"])
    };
    let now = chrono::Utc::now().timestamp();
    let good = issuer.mint(owner());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let other = issuer.mint(owner().set("sub", "bob"));
    let unsigned = issuer.mint_with_header(&json!({"alg": "none", "kid": issuer.kid()}), owner());
    vec![
        ("no token at all", "x".to_owned()),
        (
            "another token's signature",
            format!("{signed}.{}", crate::acting::signature(&other)),
        ),
        ("no signature", format!("{signed}.")),
        (
            "parts in another order",
            format!("{claims}.{header}.{signature}"),
        ),
        ("algorithm none", unsigned),
        (
            "expired",
            issuer.mint(owner().times(now - 7200, now - 3600)),
        ),
        ("not valid yet", issuer.mint(owner().set("nbf", now + 3600))),
        (
            "wrong audience",
            issuer.mint(owner().set("aud", "somebody-else")),
        ),
        ("no audience", issuer.mint(owner().without("aud"))),
        (
            "another issuer",
            issuer.mint(owner().set("iss", "https://login.example.com")),
        ),
        (
            "oversized",
            format!("{header}.{}.{signature}", "e".repeat(9000)),
        ),
    ]
}

/// Tokens of people who have no business here: for them nothing is there.
fn strangers(stage: &Stage) -> Vec<(&'static str, String)> {
    let issuer = stage.world().issuer();
    let eve = || issuer.claims("eve").project(PROJECT);
    let admin = || eve().roles(&["compute.admin"]);
    vec![
        ("no role", issuer.mint(eve().roles(&[]))),
        (
            "another service's role",
            issuer.mint(eve().roles(&["storage.admin"])),
        ),
        (
            "no scope",
            issuer.mint(admin().without("scope").without("scope_id")),
        ),
        (
            "another project",
            issuer.mint(admin().project("project-other")),
        ),
        (
            "another tenant",
            issuer.mint(admin().project("project-other").tenant("tenant-other")),
        ),
    ]
}

#[tokio::test]
async fn every_operation_is_refused_to_everyone_who_must_not_have_it() {
    let mut stage = Stage::start().await;
    let alice = Actor::new(&stage, "alice", &["compute.admin"]);
    let mut uncovered = BTreeSet::new();
    let mut attempts_of_eve = 0;
    for operation in operations() {
        let what = operation.id.clone();
        let issued = alice.issued(json!({"ttl": 900})).await;
        let id = issued["id"].as_str().unwrap();
        let path = operation.at(CLUSTER, id);
        if path.contains('{') {
            uncovered.insert(what);
            continue;
        }
        let before = objects(stage.world().cluster());

        let bare = operation.call(&stage, &path, None).await;
        assert_eq!(bare.status.as_u16(), 401, "{what}: {}", bare.text);
        assert_eq!(bare.headers["www-authenticate"], "Bearer", "{what}");
        assert_eq!(bare.reason(), "unauthenticated", "{what}: {}", bare.text);
        let mut seen: Option<Answer> = None;
        for (why, token) in worthless(&stage) {
            let answer = operation.call(&stage, &path, Some(&token)).await;
            assert_eq!(
                answer.status.as_u16(),
                401,
                "{what}, {why}: {}",
                answer.text
            );
            let first = seen.get_or_insert_with(|| answer.clone());
            assert_eq!(all_of(&answer), all_of(first), "{what}, {why}");
        }

        for (why, token) in strangers(&stage) {
            let refused = operation.call(&stage, &path, Some(&token)).await;
            assert_eq!(
                refused.status.as_u16(),
                404,
                "{what}, {why}: {}",
                refused.text
            );
            // Neither whether the cluster is there nor whether the kubeconfig is can be told from the answer.
            for elsewhere in [
                operation.at("nowhere", id),
                operation.at(CLUSTER, "nothing"),
            ] {
                let nothing = operation.call(&stage, &elsewhere, Some(&token)).await;
                assert_eq!(all_of(&refused), all_of(&nothing), "{what}, {why}");
                attempts_of_eve += 1;
            }
            attempts_of_eve += 1;
        }
        if operation.path.contains("{id}") {
            // One who has a role here, and no part in this kubeconfig.
            let eve = stage.token("eve", &["compute.viewer"]);
            let refused = operation.call(&stage, &path, Some(&eve)).await;
            let nothing = operation
                .call(&stage, &operation.at(CLUSTER, "nothing"), Some(&eve))
                .await;
            assert_eq!(refused.status.as_u16(), 404, "{what}: {}", refused.text);
            assert_eq!(all_of(&refused), all_of(&nothing), "{what}");
            attempts_of_eve += 2;
        }

        assert_eq!(
            objects(stage.world().cluster()),
            before,
            "{what}: nothing was made or ended"
        );
        let kept = alice.get(&link(&issued)).await.json();
        assert_eq!(kept, issued, "{what}: nothing has changed");
        let granted = operation.call(&stage, &path, Some(&alice.token)).await;
        if !granted.status.is_success() {
            uncovered.insert(format!("{what} ({})", granted.status.as_u16()));
        }
    }

    let listed: BTreeSet<String> = UNCOVERED.lines().map(str::to_owned).collect();
    let new: Vec<_> = uncovered.difference(&listed).collect();
    assert!(
        new.is_empty(),
        "not covered, and this list may only shrink: {new:?}"
    );
    let covered: Vec<_> = listed.difference(&uncovered).collect();
    assert!(
        covered.is_empty(),
        "covered by now; take them off the list: {covered:?}"
    );

    let events = stage.stop_and_read_audit().await;
    let by_eve = events.iter().filter(|event| {
        event
            .principal
            .as_ref()
            .is_some_and(|principal| principal.subject == "eve")
    });
    assert_eq!(
        by_eve.count(),
        attempts_of_eve,
        "one audit row for every attempt of someone known"
    );
    stage.stop().await;
}
