//! Misbehaviour on command: each fault does what it says, as often as it was told, and no more.

use std::time::{Duration, Instant};

use chrono::DateTime;
use kubemint_sandbox::{Effect, Fault, RequestKind};
use serde_json::json;

use crate::support::{Api, accounts, claims, cluster, token_path};

const VIEWER: &str = "kubemint-viewer";

#[tokio::test]
async fn the_next_requests_are_refused_with_the_status_asked_for() {
    let cluster = cluster().await;
    let api = Api::service(&cluster);
    for (code, reason) in [
        (401, "Unauthorized"),
        (403, "Forbidden"),
        (409, "Conflict"),
        (500, "InternalError"),
        (503, "ServiceUnavailable"),
    ] {
        cluster.inject(Fault::times(
            RequestKind::CREATE_SERVICE_ACCOUNT,
            Effect::refuse(code),
            2,
        ));
        let body = json!({"metadata": {"name": format!("sa-{code}")}});
        for _ in 0..2 {
            api.post(&accounts(VIEWER), &body)
                .await
                .refused(code, reason);
        }
        assert!(
            cluster
                .service_accounts()
                .iter()
                .all(|account| account.name != format!("sa-{code}"))
        );
        api.get(&accounts(VIEWER)).await.good(200);
        api.post(&accounts(VIEWER), &body).await.good(201);
    }
    assert!(cluster.pending_faults().is_empty());
    cluster.inject(Fault::once(RequestKind::ANY, Effect::too_many_requests(7)));
    let answer = api.get(&accounts(VIEWER)).await;
    answer.refused(429, "TooManyRequests");
    assert_eq!(answer.headers["retry-after"], "7");
    assert_eq!(answer.json()["details"]["retryAfterSeconds"], 7);
    let message = Some("canary-7f3a".to_owned());
    cluster.inject(Fault::once(
        RequestKind::ANY,
        Effect::Refuse {
            code: 500,
            message,
            retry_after: None,
        },
    ));
    assert_eq!(
        api.get(&accounts(VIEWER))
            .await
            .refused(500, "InternalError"),
        "canary-7f3a"
    );
}

#[tokio::test]
async fn a_lost_answer_did_its_work_and_a_cut_request_did_not() {
    let cluster = cluster().await;
    let api = Api::service(&cluster);
    let create = |name: &str| {
        api.request(reqwest::Method::POST, &accounts(VIEWER))
            .json(&json!({"metadata": {"name": name}}))
    };
    cluster.inject(Fault::once(
        RequestKind::CREATE_SERVICE_ACCOUNT,
        Effect::CutBefore,
    ));
    assert!(create("never").send().await.is_err());
    assert!(cluster.service_accounts().is_empty());
    cluster.inject(Fault::once(
        RequestKind::CREATE_SERVICE_ACCOUNT,
        Effect::CutAfter,
    ));
    assert!(create("made").send().await.is_err());
    let names: Vec<String> = cluster
        .service_accounts()
        .into_iter()
        .map(|account| account.name)
        .collect();
    assert_eq!(names, ["made"]);
    assert_eq!(cluster.requests(RequestKind::CREATE_SERVICE_ACCOUNT), 2);
}

#[tokio::test]
async fn an_answer_can_be_garbage_another_document_or_a_redirect() {
    let cluster = cluster().await;
    let api = Api::service(&cluster);
    cluster.inject(Fault::once(
        RequestKind::CREATE_SERVICE_ACCOUNT,
        Effect::Garbage,
    ));
    let answer = api
        .post(&accounts(VIEWER), &json!({"metadata": {"name": "made"}}))
        .await;
    assert_eq!(answer.status, 200);
    assert!(serde_json::from_str::<serde_json::Value>(&answer.text).is_err());
    assert_eq!(cluster.service_accounts().len(), 1);
    let other = json!({"kind": "Pod"});
    cluster.inject(Fault::once(
        RequestKind::TOKEN_REQUEST,
        Effect::Answer(other.clone()),
    ));
    assert_eq!(
        api.post(&token_path(VIEWER, "made"), &json!({}))
            .await
            .good(200),
        other
    );
    cluster.inject(Fault::once(
        RequestKind::ANY,
        Effect::Redirect("https://elsewhere.example/".to_owned()),
    ));
    let answer = api.get(&accounts(VIEWER)).await;
    assert_eq!(
        (answer.status, answer.headers["location"].to_str().unwrap()),
        (307, "https://elsewhere.example/")
    );
}

#[tokio::test]
async fn a_token_can_live_longer_or_shorter_than_asked_or_lie_about_it() {
    let cluster = cluster().await;
    let api = Api::service(&cluster);
    api.account(VIEWER, "alice").await;
    let ask = async || {
        let answer = api.token(VIEWER, "alice").await;
        let said = claims(answer["status"]["token"].as_str().unwrap());
        let life = said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap();
        let told =
            DateTime::parse_from_rfc3339(answer["status"]["expirationTimestamp"].as_str().unwrap())
                .unwrap();
        (life, told.timestamp() - said["exp"].as_i64().unwrap())
    };
    assert_eq!(ask().await, (600, 0));
    cluster.inject(Fault::once(
        RequestKind::TOKEN_REQUEST,
        Effect::GrantOff(3600),
    ));
    assert_eq!(ask().await, (4200, 0));
    cluster.inject(Fault::once(
        RequestKind::TOKEN_REQUEST,
        Effect::GrantOff(-590),
    ));
    assert_eq!(ask().await, (10, 0));
    cluster.inject(Fault::once(
        RequestKind::TOKEN_REQUEST,
        Effect::MisreportExpiry(-30),
    ));
    assert_eq!(ask().await, (600, -30));
    cluster.inject(Fault::once(
        RequestKind::TOKEN_REQUEST,
        Effect::GrantOff(i64::MAX),
    ));
    let answer = api.post(&token_path(VIEWER, "alice"), &json!({})).await;
    assert_eq!(
        answer.status, 201,
        "an absurd fault is served, not a panic: {}",
        answer.text
    );
}

#[tokio::test]
async fn a_delay_holds_its_kind_only_until_the_faults_are_cleared() {
    let cluster = cluster().await;
    let api = Api::service(&cluster);
    let delay = Duration::from_millis(1500);
    cluster.inject(Fault::always(
        RequestKind::LIST_SERVICE_ACCOUNTS,
        Effect::Delay(delay),
    ));
    let begun = Instant::now();
    api.get(&accounts(VIEWER)).await.good(200);
    assert!(begun.elapsed() >= delay);
    cluster.clear_faults();
    // The best of some, since the machine may have other things to do.
    let mut times = Vec::new();
    for _ in 0..5 {
        let begun = Instant::now();
        api.get(&accounts(VIEWER)).await.good(200);
        times.push(begun.elapsed());
    }
    assert!(times.iter().any(|time| *time < delay), "{times:?}");
}

#[tokio::test]
async fn a_hanging_request_hangs_nobody_else() {
    let cluster = cluster().await;
    let api = Api::service(&cluster);
    cluster.inject(Fault::once(
        RequestKind::LIST_SERVICE_ACCOUNTS,
        Effect::Hang,
    ));
    let hanging = api
        .request(reqwest::Method::GET, &accounts(VIEWER))
        .timeout(Duration::from_millis(300));
    assert!(hanging.send().await.unwrap_err().is_timeout());
    api.get(&accounts(VIEWER)).await.good(200);
}
